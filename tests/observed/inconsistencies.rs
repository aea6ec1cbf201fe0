//! Inconsistencies of a status: each with its field and its reason.

use pod_lifecycle::{
    api::PodPhase,
    explain::{Discrepancy, ObservedPod},
};
use serde_json::{Value, json};

use super::{observed, pod, running};

fn found(pod: &ObservedPod) -> Vec<String> {
    pod.inconsistencies().iter().map(ToString::to_string).collect()
}

fn of_status(status: Value) -> Vec<String> {
    found(&observed(pod(json!({}), status)))
}

/// Returns the inconsistencies of a Pod whose container `app` differs in this from a running and ready one.
fn of_container(over: Value) -> Vec<String> {
    let mut app = running("app");
    for (key, value) in over.as_object().unwrap() {
        app[key] = value.clone();
    }
    // Other tests cover the conditions.
    of_status(json!({"containerStatuses": [app], "conditions": []}))
}

#[test]
fn a_healthy_pod_has_no_inconsistency() {
    assert_eq!(of_status(json!({})), [""; 0]);
}

#[test]
fn the_phase_follows_from_the_containers() {
    assert_eq!(
        of_status(json!({"phase": "Pending"})),
        ["status.phase: is Pending, but by its containers the Pod is Running"]
    );
    assert_eq!(of_status(json!({"phase": null})).len(), 1);
    assert_eq!(of_status(json!({"phase": "Dreaming"})), ["status.phase: \"Dreaming\" is not a phase"]);
    let pod = observed(pod(json!({}), json!({"phase": "Pending"})));
    let what = &pod.inconsistencies()[0].what;
    assert_eq!(*what, Discrepancy::PhaseDiffers { published: Some(PodPhase::Pending), expected: PodPhase::Running });
}

#[test]
fn a_pod_may_fail_for_reasons_outside_of_its_containers() {
    let ended = json!({"name": "app", "ready": false, "restartCount": 0, "image": "", "imageID": "",
        "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    let failed = |more: Value| {
        let mut status = json!({"phase": "Failed", "containerStatuses": [ended], "conditions": []});
        status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of_status(status)
    };
    assert_eq!(failed(json!({})), ["status.phase: is Failed, but by its containers the Pod is Succeeded"]);
    assert_eq!(failed(json!({"reason": "Evicted"})), [""; 0]);
    assert_eq!(failed(json!({"conditions": [{"type": "DisruptionTarget", "status": "True"}]})), [""; 0]);
}

#[test]
fn no_container_runs_in_a_pod_that_has_ended() {
    let status = |conditions: Value| of_status(json!({"phase": "Failed", "conditions": conditions}));
    assert_eq!(
        status(json!([])),
        ["status.containerStatuses[0].state.running: container `app` is running although the Pod has Failed"]
    );
    let collected = json!([{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}]);
    assert!(status(collected)[0].ends_with("has Failed: the Pod garbage collector does not wait for the node"));
}

#[test]
fn a_pod_is_not_ready_while_a_container_is_not() {
    let mut app = running("app");
    app["ready"] = json!(false);
    assert_eq!(
        of_status(json!({"containerStatuses": [app]})),
        [
            "status.conditions[1].status: Ready is True, but should be False: `app` is not ready (ContainersNotReady)",
            "status.conditions[2].status: ContainersReady is True, but should be False: `app` is not ready \
             (ContainersNotReady)",
        ]
    );
}

#[test]
fn a_pod_is_not_ready_while_a_gate_is_not_true() {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/lb"}]});
    assert_eq!(
        found(&observed(pod(gates, json!({})))),
        ["status.conditions[1].status: Ready is True, but should be False: example.com/lb is not True \
          (ReadinessGatesNotReady)"]
    );
}

#[test]
fn a_condition_that_no_kubelet_writes_has_another_writer() {
    let ready = |status: &str, reason: &str| {
        of_status(json!({"conditions": [{"type": "Ready", "status": status, "reason": reason}]}))
    };
    // The node controller does so for a node that does not report: the explanation says so.
    assert_eq!(ready("False", ""), [""; 0]);
    assert_eq!(
        ready("True", "OperatorSaysSo"),
        [
            "status.conditions[0].reason: no kubelet gives Ready the reason OperatorSaysSo, so another component wrote it"
        ]
    );
    // External conditions may have any reason.
    assert_eq!(
        of_status(json!({"conditions": [{"type": "example.com/lb", "status": "False", "reason": "Odd"}]})),
        [""; 0]
    );
}

#[test]
fn a_false_condition_has_the_reason_that_follows() {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/lb"}]});
    let ready = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]});
    assert_eq!(
        found(&observed(pod(gates, ready))),
        ["status.conditions[0].reason: Ready is False because of ReadinessGatesNotReady, but its reason is \
          ContainersNotReady"]
    );
}

#[test]
fn a_condition_is_listed_once_and_is_true_false_or_unknown() {
    let conditions = json!([
        {"type": "Ready", "status": "True"},
        {"type": "Ready", "status": "False"},
        {"type": "example.com/lb", "status": "Perhaps"},
    ]);
    assert_eq!(
        of_status(json!({ "conditions": conditions })),
        [
            "status.conditions[1].type: condition Ready is listed twice: only the first one counts",
            "status.conditions[2].status: example.com/lb is \"Perhaps\", which is not True, False or Unknown",
        ]
    );
}

#[test]
fn a_pod_on_a_node_is_scheduled() {
    let conditions = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]);
    assert_eq!(
        of_status(json!({ "conditions": conditions })),
        ["status.conditions[0].status: PodScheduled is False, but spec.nodeName is node-1"]
    );
    assert_eq!(
        found(&observed(pod(json!({"nodeName": ""}), json!({})))),
        ["spec.nodeName: is empty, but a kubelet has reported on the Pod"]
    );
}

#[test]
fn the_observed_generation_is_not_ahead() {
    let mut object = pod(json!({}), json!({"observedGeneration": 3}));
    object["metadata"]["generation"] = json!(2);
    assert_eq!(found(&observed(object)), ["status.observedGeneration: is 3, but metadata.generation is only 2"]);
}

#[test]
fn each_container_has_one_status() {
    let two = json!({"containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "b"}]});
    let statuses = json!({"containerStatuses": [running("app"), running("app"), running("ghost")], "conditions": []});
    let mut said = found(&observed(pod(two, statuses)));
    // A Pod with a container without a status is Pending.
    assert!(said.remove(0).starts_with("status.phase: "));
    assert_eq!(
        said,
        [
            "status.containerStatuses[1].name: container `app` is listed twice: only the first status counts",
            "status.containerStatuses[2].name: the spec has no container `ghost` in this list",
            "status.containerStatuses: container `log` has no status, although others have one",
        ]
    );
}

#[test]
fn a_container_is_in_one_state() {
    assert_eq!(
        of_container(json!({"state": {"running": {}, "waiting": {"reason": "CrashLoopBackOff"}}})),
        ["status.containerStatuses[0].state: container `app` is in several states at once"]
    );
}

#[test]
fn restarts_and_the_last_state_belong_together() {
    // The runtime's record of the last run may have been removed.
    assert_eq!(of_container(json!({"restartCount": 3})), [""; 0]);
    assert_eq!(
        of_container(json!({"lastState": {"terminated": {"exitCode": 1}}})),
        [
            "status.containerStatuses[0].restartCount: container `app` is running and has a last state, but has never restarted"
        ]
    );
    assert_eq!(
        of_container(json!({"restartCount": -2})),
        ["status.containerStatuses[0].restartCount: container `app` cannot have restarted -2 times"]
    );
}

#[test]
fn only_a_running_container_is_ready_or_started() {
    let waiting = json!({"waiting": {"reason": "ContainerCreating"}});
    let said = of_container(json!({ "state": waiting }));
    assert!(said.iter().any(|said| said.ends_with("].ready: container `app` is ready, but is not running")));
    assert!(said.iter().any(|said| said.ends_with("].started: container `app` is started, but is not running")));
}

#[test]
fn a_run_ends_after_its_start() {
    let last = json!({"terminated": {"exitCode": 1, "finishedAt": "2026-03-01T12:09:00Z"}});
    let next = json!({"running": {"startedAt": "2026-03-01T12:08:00Z"}});
    assert_eq!(
        of_container(json!({"restartCount": 1, "state": next, "lastState": last})),
        ["status.containerStatuses[0]: container `app` ended before it started"]
    );
}
