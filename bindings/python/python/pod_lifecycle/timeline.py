"""Timeline: the statuses and events of a life, with their times."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .types import EventAt, StatusAt
from .types import Timeline as TimelineData


class Timeline:
    """What a client sees of a life. Times are seconds since its start."""

    def __init__(self, data: TimelineData) -> None:
        """Wraps the answer of :func:`pod_lifecycle.play`."""
        self.data = data

    @property
    def name(self) -> str:
        """Pod name."""
        return self.data["name"]

    @property
    def start(self) -> str:
        """Start, in the time of the cluster."""
        return self.data["start"]

    @property
    def length(self) -> float:
        """Length in seconds."""
        return self.data["length"]

    @property
    def finished(self) -> bool:
        """True if the kubelet was done with the Pod."""
        return self.data["finished"]

    @property
    def removed(self) -> Optional[float]:
        """Seconds until the object was removed, if it was."""
        return self.data["removed"]

    @property
    def statuses(self) -> List[StatusAt]:
        """The object's statuses, of each instant that changed the object the last."""
        return self.data["statuses"]

    @property
    def events(self) -> List[EventAt]:
        """Kubernetes events."""
        return self.data["events"]

    @property
    def notice(self) -> Optional[str]:
        """Notice that the scenario was cut."""
        return self.data["notice"]

    def to_dicts(self) -> List[Dict[str, Any]]:
        """Returns a flat dictionary for each status, as a data frame takes them: ``pandas.DataFrame(t.to_dicts())``."""
        return [_flat(status) for status in self.statuses]

    def __len__(self) -> int:
        return len(self.statuses)

    def __repr__(self) -> str:
        return f"<Timeline of {self.name}: {len(self.statuses)} statuses, {len(self.events)} events, {self.length:g} s>"


def _flat(status: StatusAt) -> Dict[str, Any]:
    row = status["row"]
    containers = status["status"].get("containerStatuses", [])
    return {
        "seconds": status["seconds"],
        "at": status["at"],
        "namespace": row["namespace"],
        "name": row["name"],
        "phase": status["phase"],
        "is_ready": status["ready"],
        "ready": row["ready"],
        "status": row["status"],
        "restarts": sum(container.get("restartCount", 0) for container in containers),
        "age": row["age"],
    }
