//! Where a status contradicts the rules, it is said where and why.

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

/// The contradictions of a Pod whose container `app` differs in this from one that runs and is ready.
fn of_container(over: Value) -> Vec<String> {
    let mut app = running("app");
    for (key, value) in over.as_object().unwrap() {
        app[key] = value.clone();
    }
    // What follows for the conditions is the business of other tests.
    of_status(json!({"containerStatuses": [app], "conditions": []}))
}

#[test]
fn a_healthy_pod_contradicts_nothing() {
    assert_eq!(of_status(json!({})), [""; 0]);
}

#[test]
fn the_phase_is_what_the_containers_make_it() {
    assert_eq!(
        of_status(json!({"phase": "Pending"})),
        ["status.phase: it is Pending, but what is said of the containers makes it Running"]
    );
    assert_eq!(of_status(json!({"phase": null})).len(), 1);
    assert_eq!(of_status(json!({"phase": "Dreaming"})), ["status.phase: \"Dreaming\" is no phase"]);
    let pod = observed(pod(json!({}), json!({"phase": "Pending"})));
    let what = &pod.inconsistencies()[0].what;
    assert_eq!(*what, Discrepancy::PhaseDiffers { published: Some(PodPhase::Pending), expected: PodPhase::Running });
}

#[test]
fn a_pod_fails_for_reasons_that_its_containers_do_not_show_too() {
    let ended = json!({"name": "app", "ready": false, "restartCount": 0, "image": "", "imageID": "",
        "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    let failed = |more: Value| {
        let mut status = json!({"phase": "Failed", "containerStatuses": [ended], "conditions": []});
        status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of_status(status)
    };
    assert_eq!(
        failed(json!({})),
        ["status.phase: it is Failed, but what is said of the containers makes it Succeeded"]
    );
    assert_eq!(failed(json!({"reason": "Evicted"})), [""; 0]);
    assert_eq!(failed(json!({"conditions": [{"type": "DisruptionTarget", "status": "True"}]})), [""; 0]);
}

#[test]
fn nothing_runs_in_a_pod_that_has_ended() {
    let status = |conditions: Value| of_status(json!({"phase": "Failed", "conditions": conditions}));
    assert_eq!(
        status(json!([])),
        ["status.containerStatuses[0].state.running: container app runs, although the Pod has Failed"]
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
            "status.conditions[1].status: Ready is True, but app is not ready: it ought to be False (ContainersNotReady)",
            "status.conditions[2].status: ContainersReady is True, but app is not ready: it ought to be False \
             (ContainersNotReady)",
        ]
    );
}

#[test]
fn a_pod_is_not_ready_while_a_gate_is_not_true() {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/lb"}]});
    assert_eq!(
        found(&observed(pod(gates, json!({})))),
        ["status.conditions[1].status: Ready is True, but example.com/lb is not True: it ought to be False \
          (ReadinessGatesNotReady)"]
    );
}

#[test]
fn a_condition_that_no_kubelet_writes_is_another_writers() {
    let ready = |status: &str, reason: &str| {
        of_status(json!({"conditions": [{"type": "Ready", "status": status, "reason": reason}]}))
    };
    // As the node controller does it for a node that it has not heard from.
    assert_eq!(
        ready("False", ""),
        ["status.conditions[0].status: Ready is False, but nothing in the status is in its way: it ought to be True; \
          another than the kubelet wrote it, as the node controller does of a node that is silent"]
    );
    assert_eq!(
        ready("True", "OperatorSaysSo"),
        ["status.conditions[0].reason: no kubelet gives Ready the reason OperatorSaysSo: somebody else wrote it"]
    );
    // Others may say of their own conditions whatever they like.
    assert_eq!(
        of_status(json!({"conditions": [{"type": "example.com/lb", "status": "False", "reason": "Odd"}]})),
        [""; 0]
    );
}

#[test]
fn a_condition_is_false_for_the_reason_that_there_is() {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/lb"}]});
    let ready = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]});
    assert_eq!(
        found(&observed(pod(gates, ready))),
        ["status.conditions[0].reason: Ready is rightly False, but because of ReadinessGatesNotReady, not of \
          ContainersNotReady"]
    );
}

#[test]
fn a_condition_stands_there_once_and_is_true_false_or_unknown() {
    let conditions = json!([
        {"type": "Ready", "status": "True"},
        {"type": "Ready", "status": "False"},
        {"type": "example.com/lb", "status": "Perhaps"},
    ]);
    assert_eq!(
        of_status(json!({ "conditions": conditions })),
        [
            "status.conditions[1].type: there is a condition Ready before this one, which counts",
            "status.conditions[2].status: example.com/lb is \"Perhaps\", which is none of True, False and Unknown",
        ]
    );
}

#[test]
fn a_pod_on_a_node_is_scheduled() {
    let conditions = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]);
    assert_eq!(
        of_status(json!({ "conditions": conditions })),
        ["status.conditions[0].status: it says that no node has the Pod, but spec.nodeName is node-1"]
    );
    assert_eq!(
        found(&observed(pod(json!({"nodeName": ""}), json!({})))),
        ["spec.nodeName: a kubelet has reported on the Pod, but spec.nodeName is empty"]
    );
}

#[test]
fn a_status_is_not_ahead_of_its_spec() {
    let mut object = pod(json!({}), json!({"observedGeneration": 3}));
    object["metadata"]["generation"] = json!(2);
    assert_eq!(
        found(&observed(object)),
        ["status.observedGeneration: it is about generation 3 of the spec, and there are only 2"]
    );
}

#[test]
fn each_container_is_reported_on_once() {
    let two = json!({"containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "b"}]});
    let statuses = json!({"containerStatuses": [running("app"), running("app"), running("ghost")], "conditions": []});
    let mut said = found(&observed(pod(two, statuses)));
    // A Pod of which one container is not known is Pending.
    assert!(said.remove(0).starts_with("status.phase: "));
    assert_eq!(
        said,
        [
            "status.containerStatuses[1].name: there is a status of container app before this one, which counts",
            "status.containerStatuses[2].name: the spec has no container ghost in this list",
            "status.containerStatuses: the other containers are reported on, container log is not",
        ]
    );
}

#[test]
fn a_container_is_in_one_state() {
    assert_eq!(
        of_container(json!({"state": {"running": {}, "waiting": {"reason": "CrashLoopBackOff"}}})),
        ["status.containerStatuses[0].state: container app is in several states at once"]
    );
}

#[test]
fn restarts_and_the_run_before_belong_together() {
    assert_eq!(
        of_container(json!({"restartCount": 3})),
        ["status.containerStatuses[0].lastState: container app was restarted 3 times, but nothing is said of the run \
          before"]
    );
    assert_eq!(
        of_container(json!({"lastState": {"terminated": {"exitCode": 1}}})),
        ["status.containerStatuses[0].restartCount: container app runs and had a run before, but was never restarted"]
    );
    assert_eq!(
        of_container(json!({"restartCount": -2})),
        ["status.containerStatuses[0].restartCount: container app cannot have been restarted -2 times"]
    );
}

#[test]
fn only_what_runs_is_ready_or_started() {
    let waiting = json!({"waiting": {"reason": "ContainerCreating"}});
    let said = of_container(json!({ "state": waiting }));
    assert!(said.iter().any(|said| said.ends_with("].ready: container app counts as ready, but does not run")));
    assert!(said.iter().any(|said| said.ends_with("].started: container app counts as started, but does not run")));
}

#[test]
fn a_run_ends_after_it_began() {
    let last = json!({"terminated": {"exitCode": 1, "finishedAt": "2026-03-01T12:09:00Z"}});
    let next = json!({"running": {"startedAt": "2026-03-01T12:08:00Z"}});
    assert_eq!(
        of_container(json!({"restartCount": 1, "state": next, "lastState": last})),
        ["status.containerStatuses[0]: container app began after it had ended"]
    );
}
