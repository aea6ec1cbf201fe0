use alloc::string::String;

use serde_json::{Value, json};

use super::*;

fn status(value: Value) -> PodStatus {
    serde_json::from_value(value).unwrap()
}

fn patch(theirs: Value, ours: Value) -> Value {
    let patch = StatusPatch::between("5f0c", &status(theirs), &status(ours));
    patch.map_or(Value::Null, |patch| serde_json::to_value(patch).unwrap()["status"].clone())
}

fn ready(status: &str, reason: &str) -> Value {
    let mut condition = json!({"type": "Ready", "status": status, "lastTransitionTime": "2026-03-01T12:00:00Z"});
    if !reason.is_empty() {
        condition["reason"] = reason.into();
    }
    condition
}

#[test]
fn only_what_changed_is_sent() {
    let theirs = json!({"phase": "Pending", "startTime": "2026-03-01T12:00:00Z", "observedGeneration": 1});
    let ours = json!({"phase": "Running", "startTime": "2026-03-01T12:00:00Z", "observedGeneration": 1});
    assert_eq!(patch(theirs, ours), json!({"phase": "Running"}));
}

#[test]
fn an_equal_status_sends_nothing_whatever_other_writers_have_set() {
    let theirs = json!({
        "phase": "Running", "qosClass": "Burstable", "nominatedNodeName": "node-2",
        "resourceClaimStatuses": [{"name": "gpu"}],
        "conditions": [{"type": "Gate", "status": "True"}, ready("True", "")],
    });
    assert_eq!(patch(theirs, json!({"phase": "Running", "conditions": [ready("True", "")]})), Value::Null);
}

#[test]
fn a_removed_reason_is_cleared() {
    let theirs = json!({"conditions": [ready("False", "ContainersNotReady")]});
    let ours = json!({"conditions": [ready("True", "")]});
    let conditions = json!([{"type": "Ready", "status": "True", "reason": null}]);
    assert_eq!(patch(theirs, ours)["conditions"], conditions);
}

#[test]
fn external_conditions_are_never_sent_and_keep_their_place() {
    let theirs = json!({"conditions": [ready("False", ""), {"type": "Gate", "status": "False"}]});
    let ours = json!({"conditions": [{"type": "Gate", "status": "True"}, ready("True", "")]});
    let order = json!([{"type": "Gate"}, {"type": "Ready"}]);
    let conditions = json!([{"type": "Ready", "status": "True"}]);
    let expected = json!({"$setElementOrder/conditions": order, "conditions": conditions});
    assert_eq!(patch(theirs, ours), expected);
}

#[test]
fn a_removed_condition_of_the_kubelet_is_deleted_by_its_type() {
    let theirs = json!({"conditions": [ready("True", ""), {"type": "PodResizePending", "status": "True"}]});
    let ours = json!({"conditions": [ready("True", "")]});
    let conditions = json!([{"type": "PodResizePending", "$patch": "delete"}]);
    assert_eq!(
        patch(theirs, ours),
        json!({"$setElementOrder/conditions": [{"type": "Ready"}], "conditions": conditions})
    );
}

#[test]
fn an_overwritten_condition_is_restored() {
    let theirs = json!({"conditions": [ready("False", "NodeNotReady")]});
    let conditions = json!([{"type": "Ready", "status": "True", "reason": null}]);
    assert_eq!(patch(theirs, json!({"conditions": [ready("True", "")]}))["conditions"], conditions);
}

#[test]
fn the_first_conditions_are_sent_whole_and_without_an_order() {
    let ours = json!({"conditions": [ready("True", "")]});
    assert_eq!(patch(json!({}), ours.clone()), ours);
}

#[test]
fn addresses_are_merged_one_by_one() {
    let theirs = json!({"podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}, {"ip": "fd00::7"}], "hostIP": "10.1.0.1"});
    let ours = json!({"podIP": "10.0.0.8", "podIPs": [{"ip": "10.0.0.8"}, {"ip": "fd00::7"}]});
    let expected = json!({
        "hostIP": null,
        "podIP": "10.0.0.8",
        "$setElementOrder/podIPs": [{"ip": "10.0.0.8"}, {"ip": "fd00::7"}],
        "podIPs": [{"ip": "10.0.0.8"}, {"ip": "10.0.0.7", "$patch": "delete"}],
    });
    assert_eq!(patch(theirs, ours), expected);
    assert_eq!(patch(json!({"podIPs": [{"ip": "10.0.0.7"}]}), json!({})), json!({"podIPs": null}));
}

#[test]
fn container_statuses_are_replaced_as_a_whole() {
    let container = |name: &str, ready: bool| json!({"name": name, "state": {}, "lastState": {}, "ready": ready, "restartCount": 0, "image": "a", "imageID": ""});
    let theirs = json!({"containerStatuses": [container("a", false), container("b", true)]});
    let ours = json!({"containerStatuses": [container("a", true), container("b", true)]});
    assert_eq!(patch(theirs, ours.clone()), ours);
}

#[test]
fn an_unknown_map_is_patched_field_by_field() {
    let theirs = json!({"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}});
    let ours = json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "2"}}});
    let expected = json!({"resources": {"requests": {"cpu": "2", "memory": null}, "limits": {"cpu": "2"}}});
    assert_eq!(patch(theirs, ours), expected);
}

fn disrupted(phase: &str, reason: &str) -> Value {
    json!({"phase": phase, "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": reason}]})
}

#[test]
fn the_kubelets_disruption_target_is_sent_with_the_terminal_phase_and_replaces_others() {
    let theirs = disrupted("Running", "EvictionByEvictionAPI");
    let sent = patch(theirs.clone(), disrupted("Failed", "TerminationByKubelet"));
    assert_eq!(sent["conditions"], json!([{"type": "DisruptionTarget", "reason": "TerminationByKubelet"}]));
    assert_eq!(patch(theirs, disrupted("Running", "TerminationByKubelet")), Value::Null);
}

#[test]
fn a_disruption_target_of_another_writer_is_not_sent() {
    let theirs = json!({"phase": "Running"});
    assert_eq!(patch(theirs, disrupted("Failed", "DeletionByTaintManager")), json!({"phase": "Failed"}));
    let marked = disrupted("Running", "DeletionByTaintManager");
    assert_eq!(patch(marked, json!({"phase": "Failed"})), json!({"phase": "Failed"}));
}

#[test]
fn an_observed_generation_is_never_cleared() {
    let theirs =
        json!({"observedGeneration": 3, "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 3}]});
    let ours = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    assert_eq!(patch(theirs, ours), Value::Null);
}

#[test]
fn a_patch_survives_serde() {
    let ours = status(json!({"phase": "Running", "conditions": [ready("True", "")]}));
    let patch = StatusPatch::between("5f0c", &PodStatus::default(), &ours).unwrap();
    let written: String = serde_json::to_string(&patch).unwrap();
    assert_eq!(serde_json::from_str::<StatusPatch>(&written).unwrap(), patch);
}
