"""What the kubelet does with a Kubernetes Pod.

Objects are dictionaries as the API has them, objects of the package ``kubernetes``, or JSON texts. Answers are
dictionaries whose types :mod:`pod_lifecycle.types` has.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Union, cast

from . import _native
from ._errors import InputError
from ._values import Json, to_json
from .timeline import Timeline
from .types import Lint, Moment, Problem, Row, Status, Versions, Why

__all__ = [
    "InputError",
    "Simulation",
    "Timeline",
    "defaults",
    "lint",
    "picture",
    "play",
    "row",
    "status",
    "validate",
    "versions",
    "why",
]

Time = Union[datetime, str, None]


def _ask(function: str, value: Json, **options: Any) -> Any:
    return json.loads(_native.ask(function, to_json(value), _options(options)))


def _options(options: Dict[str, Any]) -> str:
    return to_json({name: value for name, value in options.items() if value is not None})


def _time(at: Time) -> Union[datetime, str]:
    return datetime.now(timezone.utc) if at is None else at


def status(pod: Json) -> Status:
    """Returns phase, conditions and STATUS of a Pod as they should be, and the contradictions of its status."""
    return cast(Status, _ask("status", pod))


def row(pod: Json, *, at: Time = None) -> Row:
    """Returns the row of ``kubectl get pods``; ages are as of ``at``, by default now."""
    return cast(Row, _ask("row", pod, at=_time(at)))


def why(pods: Json, *, at: Time = None, kubernetes: Optional[str] = None, events: Optional[Json] = None) -> Why:
    """Explains a Pod, or a list of Pods: why it is in its state, what happens next, and what would change it."""
    return cast(Why, _ask("why", pods, at=_time(at), kubernetes=kubernetes, events=events))


def lint(manifest: Json, *, kubernetes: Optional[str] = None) -> Lint:
    """Finds what in manifests is wrong, does not do what it is for, or has a price."""
    return cast(Lint, _ask("lint", manifest, kubernetes=kubernetes))


def play(scenario: Json, *, name: Optional[str] = None, kubernetes: Optional[str] = None) -> Timeline:
    """Plays a scenario, or a manifest whose containers are healthy, in virtual time."""
    return Timeline(_ask("play", scenario, name=name, kubernetes=kubernetes))


def picture(scenario: Json, format: str = "svg", *, width: Optional[int] = None, name: Optional[str] = None) -> str:
    """Draws a scenario: ``svg``, ``mermaid``, or ``lanes`` and ``ascii`` for a terminal."""
    return cast(str, _ask("picture", scenario, format=format, width=width, name=name))


def defaults(manifest: Json, *, name: Optional[str] = None) -> Dict[str, Any]:
    """Returns the Pod that a manifest is or makes, with the defaults of the API server."""
    return cast(Dict[str, Any], _ask("defaults", manifest, name=name))


def validate(manifest: Json, *, name: Optional[str] = None, kubernetes: Optional[str] = None) -> List[Problem]:
    """Returns the problems for which the API server refuses a manifest; none if it takes it."""
    return cast(List[Problem], _ask("validate", manifest, name=name, kubernetes=kubernetes))


def versions() -> Versions:
    """Returns the versions of this package and of Kubernetes."""
    return cast(Versions, _ask("versions", None))


class Simulation:
    """A running simulation of one Pod, advanced step by step and acted upon. Times are seconds since its start."""

    def __init__(self, scenario: Json, *, name: Optional[str] = None, kubernetes: Optional[str] = None) -> None:
        """Starts the simulation of a scenario, or of a manifest whose containers are healthy."""
        self._native = _native.Simulation(to_json(scenario), _options({"name": name, "kubernetes": kubernetes}))

    @property
    def now(self) -> float:
        """Present time."""
        return self._native.now

    @property
    def next(self) -> Optional[float]:
        """Time of the next event; ``None`` once the Pod is finished or the script has ended."""
        return self._native.next

    @property
    def is_finished(self) -> bool:
        """True if the kubelet is done with the Pod."""
        return self._native.is_finished

    def advance(self, seconds: float) -> None:
        """Advances by seconds, or to the end of the script if that comes first."""
        self._native.advance(seconds)

    def advance_to(self, seconds: float) -> None:
        """Advances up to and including a time, or to the end of the script if that comes first."""
        self._native.advance_to(seconds)

    def step(self) -> Optional[float]:
        """Advances to the next event, and returns its time; ``None`` once there is none."""
        return self._native.step()

    def act(self, action: Json) -> None:
        """Performs an action at the present time: ``{"op": "delete", "graceSeconds": 5}``."""
        self._native.act(to_json(action))

    def moment(self) -> Moment:
        """Returns the present state: kubectl's output, explanation, upcoming steps and events."""
        return cast(Moment, json.loads(self._native.ask("moment")))

    def pod(self) -> Optional[Dict[str, Any]]:
        """Returns the Pod's object as the API server has it; ``None`` once it is removed."""
        return cast(Optional[Dict[str, Any]], json.loads(self._native.ask("pod")))

    def timeline(self) -> Timeline:
        """Returns the timeline so far."""
        return Timeline(json.loads(self._native.ask("timeline")))

    def picture(self, format: str = "svg", *, width: Optional[int] = None) -> str:
        """Draws the life so far."""
        return self._native.picture(format, width)
