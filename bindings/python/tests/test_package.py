"""The functions of the package, with values of Python."""

import json
from datetime import datetime, timezone

import pod_lifecycle
import pytest
from pod_lifecycle import InputError, Simulation

POD = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}
CRASH_LOOP = {
    "pod": POD,
    "script": {"endSeconds": 300, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}},
}
CREATED = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def test_a_pod_is_a_dictionary_a_text_or_an_object_of_the_client() -> None:
    client = pytest.importorskip("kubernetes.client")
    pod = client.V1Pod(
        metadata=client.V1ObjectMeta(name="web", creation_timestamp=CREATED),
        spec=client.V1PodSpec(
            containers=[client.V1Container(name="app", image="nginx:1.27", image_pull_policy="Never")]
        ),
    )
    at = datetime(2026, 3, 1, 12, 7, tzinfo=timezone.utc)
    assert pod_lifecycle.row(pod, at=at)["age"] == "7m"
    assert pod_lifecycle.defaults(pod)["spec"]["containers"][0]["imagePullPolicy"] == "Never"
    assert pod_lifecycle.row(POD)["status"] == pod_lifecycle.row(json.dumps(POD))["status"]
    with pytest.raises(TypeError, match="object"):
        pod_lifecycle.row({"metadata": object()})


def test_a_timeline_is_a_table() -> None:
    timeline = pod_lifecycle.play(CRASH_LOOP)
    table = timeline.to_dicts()
    assert len(timeline) == len(table) == len(timeline.statuses)
    assert {row["status"] for row in table} >= {"Running", "CrashLoopBackOff"}
    assert [row["restarts"] for row in table] == sorted(row["restarts"] for row in table)
    assert all(not isinstance(value, (dict, list)) for row in table for value in row.values())
    assert (timeline.name, timeline.length, timeline.removed, timeline.notice) == ("web", 300.0, None, None)
    assert "BackOff" in [event["reason"] for event in timeline.events]


def test_a_simulation_is_stepped_and_acted_upon() -> None:
    simulation = Simulation(CRASH_LOOP)
    simulation.advance(10)
    assert simulation.now == 10.0 and simulation.next is not None and not simulation.is_finished
    row = simulation.moment()["row"]
    assert row is not None and row["name"] == "web"
    with pytest.raises(InputError) as raised:
        simulation.advance_to(5)
    assert raised.value.problems[0]["path"] == "seconds"
    with pytest.raises(InputError):
        simulation.act({"op": "explode"})
    simulation.act({"op": "delete"})
    while simulation.step() is not None:
        pass
    assert simulation.is_finished and simulation.pod() is None
    assert simulation.timeline().removed is not None
    assert simulation.picture("mermaid").startswith("gantt")


def test_what_is_wrong_is_found() -> None:
    manifest = {**POD, "spec": {"containers": [{"name": "app", "image": "nginx", "prots": []}]}}
    assert [finding["rule"] for finding in pod_lifecycle.lint(manifest)["findings"]] == ["PL100"]
    assert pod_lifecycle.validate(manifest) == []
    problems = pod_lifecycle.validate({"metadata": {"name": "A"}, "spec": {"containers": []}})
    assert [problem["path"] for problem in problems] == ["metadata.name", "spec.containers"]


def test_events_belong_to_their_pod() -> None:
    pod = {**POD, "status": {"phase": "Pending"}}
    event = {"kind": "Event", "involvedObject": {"kind": "Pod", "name": "web"}, "reason": "Failed", "message": "m"}
    assert pod_lifecycle.why(pod, events=[event])["counts"]["events"] == 1


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    versions = pod_lifecycle.versions()
    assert versions["package"] == version("pod-lifecycle")
    assert versions["defaultKubernetes"] in versions["kubernetes"]
