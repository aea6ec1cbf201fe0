//! Updates of a spec: which fields may change.

use crate::given::*;
use pod_lifecycle::rule::spec_change;
use serde_json::{Value, json};

/// A Pod that has one of everything.
fn full() -> Value {
    json!({
        "initContainers": [{"name": "setup", "image": "tools:1"}],
        "containers": [{"name": "app", "image": "nginx:1"}],
        "ephemeralContainers": [{"name": "debug", "image": "tools:1"}],
        "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 30, "activeDeadlineSeconds": 600,
        "readinessGates": [{"conditionType": "example.com/lb"}],
    })
}

/// The field that may not change so.
fn refused(change: impl FnOnce(&mut Value)) -> Option<&'static str> {
    refused_from(full(), change)
}

fn refused_from(before: Value, change: impl FnOnce(&mut Value)) -> Option<&'static str> {
    let mut after = before.clone();
    change(&mut after);
    spec_change::validate_update(&pod(before), &pod(after)).err().map(|refused| refused.field)
}

#[test]
fn images_may_change() {
    assert_eq!(refused(|spec| spec["containers"][0]["image"] = json!("nginx:2")), None);
    assert_eq!(refused(|spec| spec["initContainers"][0]["image"] = json!("tools:2")), None);
}

#[test]
fn policy_grace_gates_and_network_are_immutable() {
    assert_eq!(refused(|_| ()), None);
    assert_eq!(refused(|spec| spec["restartPolicy"] = json!("Always")), Some("spec.containers"), "they inherit it");
    assert_eq!(refused(|spec| spec["terminationGracePeriodSeconds"] = json!(31)), Some("spec"));
    assert_eq!(refused(|spec| spec["readinessGates"] = json!([])), Some("spec"));
    assert_eq!(refused(|spec| spec["hostNetwork"] = json!(true)), Some("spec"));
}

#[test]
fn a_deadline_may_be_set_and_come_sooner_but_not_later() {
    assert_eq!(refused(|spec| spec["activeDeadlineSeconds"] = json!(599)), None);
    assert_eq!(refused(|spec| spec["activeDeadlineSeconds"] = json!(601)), Some("spec.activeDeadlineSeconds"));
    assert_eq!(refused(|spec| spec["activeDeadlineSeconds"] = json!(null)), Some("spec.activeDeadlineSeconds"));
    let mut without = full();
    without["activeDeadlineSeconds"] = json!(null);
    assert_eq!(refused_from(without, |spec| spec["activeDeadlineSeconds"] = json!(600)), None);
}

#[test]
fn only_ephemeral_containers_are_added_and_none_is_taken_away() {
    let more = json!({"name": "more", "image": "tools:1"});
    assert_eq!(refused(|spec| spec["ephemeralContainers"].as_array_mut().unwrap().push(more.clone())), None);
    assert_eq!(refused(|spec| spec["ephemeralContainers"] = json!([])), Some("spec.ephemeralContainers"));
    assert_eq!(refused(|spec| spec["containers"].as_array_mut().unwrap().push(more)), Some("spec.containers"));
    assert_eq!(refused(|spec| spec["initContainers"] = json!([])), Some("spec.containers"));
    let probe = json!({"exec": {"command": ["check"]}});
    assert_eq!(refused(|spec| spec["containers"][0]["livenessProbe"] = probe), Some("spec.containers"));
}

#[test]
fn a_scheduling_gate_may_be_removed_and_not_added() {
    let gate = json!([{"name": "example.com/quota"}]);
    let mut gated = full();
    gated["schedulingGates"] = gate.clone();
    assert_eq!(refused_from(gated, |spec| spec["schedulingGates"] = json!([])), None);
    assert_eq!(refused(|spec| spec["schedulingGates"] = gate), Some("spec.schedulingGates"));
}
