"""Operators in a cluster of the fixture: one in kopf, and one with the plain client."""

from pathlib import Path

import pytest

kopf_testing = pytest.importorskip("kopf.testing")

CRASHING = {
    "metadata": {"name": "web", "labels": {"restart": "yes"}, "annotations": {"fake/exit": "app=1:1"}},
    "spec": {"containers": [{"name": "app", "image": "nginx"}]},
}


def names(pods, **selector):
    return [pod.metadata.name for pod in pods.list_namespaced_pod("default", **selector).items]


def test_an_operator_in_kopf_restarts_what_crash_loops(pod_cluster) -> None:
    pods = pod_cluster.client()
    operator = str(Path(__file__).with_name("operator_restarts.py"))
    with kopf_testing.KopfRunner(["run", "--standalone", "--namespace", "default", operator], timeout=60) as runner:
        pods.create_namespaced_pod("default", CRASHING)
        pod_cluster.wait_for(lambda: names(pods, label_selector="restarted=yes") == ["web-again"], advancing=2)
        pod_cluster.wait_for(lambda: pods.read_namespaced_pod("web-again", "default").status.phase == "Running", advancing=1)
    assert runner.exception is None, runner.output
    assert "web" not in names(pods)


def test_a_watch_of_the_plain_client_sees_the_restarts(pod_cluster) -> None:
    from kubernetes import watch

    pods = pod_cluster.client()
    pods.create_namespaced_pod("default", CRASHING)
    pod_cluster.wait_for(lambda: pods.read_namespaced_pod("web", "default").status.phase == "Running", advancing=1)
    pod_cluster.advance(60)
    restarts = pods.read_namespaced_pod("web", "default").status.container_statuses[0].restart_count
    assert restarts >= 3
    # The server ends a watch by the cluster's clock, which stands still: the test ends it.
    watching = watch.Watch()
    for event in watching.stream(pods.list_namespaced_pod, "default"):
        assert event["object"].status.container_statuses[0].restart_count == restarts
        watching.stop()


def test_a_clock_does_not_go_backwards(pod_cluster) -> None:
    with pytest.raises(ValueError, match="advance"):
        pod_cluster.advance(-1)
