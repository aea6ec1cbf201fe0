"""Types of the answers; bindings/python/types.sh writes this file."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Condition(TypedDict):
    """
    Condition of a Pod.
    """

    message: str
    """
    Message; empty without one.
    """
    reason: str
    """
    Reason; empty without one.
    """
    status: str
    """
    `True`, `False` or `Unknown`.
    """
    type: str
    """
    Type: `Ready`.
    """


class Counts(TypedDict):
    """
    Numbers of Pods, by urgency.
    """

    changing: int
    """
    Starting or being stopped.
    """
    done: int
    """
    Succeeded.
    """
    events: int
    """
    Events that were read.
    """
    pods: int
    """
    All Pods.
    """
    restarted: int
    """
    Running, but restarted within the last hour.
    """
    trouble: int
    """
    Something is wrong and stays so.
    """
    well: int
    """
    Ready.
    """


class EventAt(TypedDict):
    """
    Kubernetes event at a time.
    """

    at: str
    """
    The same in the time of the cluster.
    """
    container: str | None
    """
    Container, if the event is about one.
    """
    message: str
    """
    Message.
    """
    reason: str
    """
    Reason.
    """
    seconds: float
    """
    Seconds since the start.
    """
    type: str
    """
    `Normal` or `Warning`.
    """


class EventRow(TypedDict):
    """
    Kubernetes event.
    """

    container: str | None
    """
    Container, if the event is about one.
    """
    count: int
    """
    Number of times that it was recorded.
    """
    last: str
    """
    Last time: `+1m30s`.
    """
    message: str
    """
    Message.
    """
    reason: str
    """
    Reason.
    """
    type: str
    """
    `Normal` or `Warning`.
    """


class Finding(TypedDict):
    """
    Something that was found.
    """

    level: Literal['error', 'mistake', 'advice']
    """
    Level.
    """
    object: str
    """
    The object that has it: `Deployment/web`.
    """
    path: str
    """
    Path of the field: `spec.containers[0].image`; empty for the input as a whole.
    """
    rule: str
    """
    Code of the rule: `PL003`.
    """
    see: str | None
    """
    Page of the Kubernetes documentation.
    """
    text: str
    """
    Description.
    """


class Lint(TypedDict):
    """
    Findings on the objects of a manifest.
    """

    findings: list[Finding]
    """
    Findings, in the order of the objects.
    """
    objects: int
    """
    Number of objects that were looked at.
    """


class Problem(TypedDict):
    """
    Something that is wrong with an input.
    """

    path: str
    """
    Path of the field: `spec.containers[0].image`; empty for the input as a whole.
    """
    text: str
    """
    Description.
    """


class Published(TypedDict):
    """
    What the object of a Pod says of itself.
    """

    phase: str
    """
    Phase, as it stands there; empty without one.
    """
    status: str
    """
    STATUS column that follows from it.
    """


class Row(TypedDict):
    """
    Row of `kubectl get pods`.
    """

    age: str
    """
    AGE: `7m`.
    """
    name: str
    """
    NAME.
    """
    namespace: str
    """
    NAMESPACE; empty if the object has none.
    """
    readinessGates: str
    """
    READINESS GATES: `1/2`, or `<none>`.
    """
    ready: str
    """
    READY: `1/2`.
    """
    restarts: str
    """
    RESTARTS: `3 (5m ago)`.
    """
    status: str
    """
    STATUS: `CrashLoopBackOff`.
    """


class Status(TypedDict):
    """
    Status of a Pod as it should be.
    """

    conditions: list[Condition]
    """
    Conditions as they should be.
    """
    contradictions: list[Problem]
    """
    Contradictions in the object's status.
    """
    isReady: bool
    """
    True if the Pod should be `Ready`.
    """
    phase: str
    """
    Phase as it should be.
    """
    published: Published
    """
    What the object says.
    """
    ready: str
    """
    READY column: `1/2`.
    """
    status: str
    """
    STATUS column as it should be: `CrashLoopBackOff`.
    """


class StatusAt(TypedDict):
    """
    Status of the Pod from a time on.
    """

    at: str
    """
    The same in the time of the cluster.
    """
    phase: str | None
    """
    Phase; `None` before there is one.
    """
    ready: bool
    """
    True if the Pod is `Ready`.
    """
    row: Row
    """
    Row of `kubectl get pods`.
    """
    seconds: float
    """
    Seconds since the start.
    """
    status: dict[str, Any]
    """
    The whole status.
    """


class Timeline(TypedDict):
    """
    What a client sees of a life.
    """

    events: list[EventAt]
    """
    Kubernetes events.
    """
    finished: bool
    """
    True if the kubelet was done with the Pod.
    """
    length: float
    """
    Length in seconds.
    """
    name: str
    """
    Pod name.
    """
    notice: str | None
    """
    Notice that the scenario was cut.
    """
    removed: float | None
    """
    Seconds until the object was removed, if it was.
    """
    start: str
    """
    Start, in the time of the cluster.
    """
    statuses: list[StatusAt]
    """
    The object's statuses, of each instant that changed the object the last.
    """


class Upcoming(TypedDict):
    """
    Upcoming step, or something that a container waits for.
    """

    seconds: float | None
    """
    The same in seconds since the start.
    """
    what: str
    """
    Description: `api starts`.
    """
    when: str
    """
    Time: `in 40s`, `in 5s or later`; empty if it has no time of its own.
    """


class Versions(TypedDict):
    """
    Versions of this package and of Kubernetes.
    """

    defaultKubernetes: str
    """
    The version that is meant if none is named.
    """
    kubernetes: list[str]
    """
    Versions of Kubernetes whose kubelets are known, the oldest first.
    """
    package: str
    """
    Version of this package.
    """


class Explained(TypedDict):
    """
    Explanation of one Pod.
    """

    cause: str
    """
    Cause in one clause, the same for Pods with the same trouble.
    """
    contradictions: list[Problem]
    """
    Contradictions in the object's status.
    """
    explanation: dict[str, Any]
    """
    Explanation as data.
    """
    row: Row
    """
    Row of `kubectl get pods`.
    """
    text: str
    """
    Explanation as text.
    """
    urgency: str
    """
    Urgency of its state.
    """


class Moment(TypedDict):
    """
    State of a simulated Pod at one time.
    """

    clock: str
    """
    Time of day in the cluster.
    """
    describe: str
    """
    Output of `kubectl describe pod`.
    """
    events: list[EventRow]
    """
    Kubernetes events so far, the newest first.
    """
    explanation: list[str]
    """
    Lines of the explanation.
    """
    offset: str
    """
    The same as text: `+1m30s`.
    """
    row: Row | None
    """
    Output of `kubectl get pods`; `None` once the object is removed.
    """
    seconds: float
    """
    Seconds since the start.
    """
    upcoming: list[Upcoming]
    """
    Upcoming steps, the next one first.
    """


class Why(TypedDict):
    """
    Explanations of Pods.
    """

    counts: Counts
    """
    Numbers of Pods.
    """
    pods: list[Explained]
    """
    Explained Pods, the most urgent first.
    """
    problems: list[Problem]
    """
    Objects that cannot be read.
    """
    skipped: dict[str, int]
    """
    Numbers of the objects that are no Pods, by kind.
    """


class Answers(TypedDict):
    """
    Everything that is answered.
    """

    lint: Lint
    moment: Moment
    play: Timeline
    problem: Problem
    row: Row
    status: Status
    versions: Versions
    why: Why
