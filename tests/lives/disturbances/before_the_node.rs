//! Unbound Pods: scheduling gates, the scheduler, binding.

use std::sync::Arc;

use pod_lifecycle::{
    NoSink, Output, PodMachine, Timestamp,
    api::{self, PodPhase, SchedulingGate},
    config::KubeletConfig,
    object::{Deletion, NodeLossReport, ObjectError, PodObject},
    spec::PodSpec,
};
use serde_json::{Value, json};

use super::played_scenario::{PlayedScenario, shown, why};

const GATED: &str = "Scheduling is blocked due to non-empty scheduling gates";

#[test]
fn a_gated_pod_waits_until_its_gate_is_removed_and_it_is_bound() {
    let played = PlayedScenario::of("scheduling-gates");
    assert_eq!(shown(played.at(0), "PodScheduled"), Some((false, "SchedulingGated", GATED)));
    assert_eq!(played.since(0, "PodScheduled"), 0);
    assert_eq!(why(played.at(0)), ("Pending".into(), "", ""));
    assert_eq!(played.at(0).start_time, None, "no kubelet has seen it");
    assert_eq!(shown(played.at(20), "PodScheduled").unwrap().1, "SchedulingGated", "until the gates are removed");
    assert_eq!(shown(played.at(21), "PodScheduled"), Some((true, "", "")));
    let message = "Successfully assigned tenant-a/tenant-a-1 to worker-1";
    assert_eq!(played.events("Scheduled"), [(21, "Normal".into(), message)]);
    assert_eq!(why(played.end()).0, "Running");
    assert_eq!(played.end().observed_generation, 2, "the kubelet has seen the spec without the gate");
}

#[test]
fn a_pod_that_fits_no_node_says_what_the_scheduler_says() {
    let played = PlayedScenario::of("unschedulable");
    let message = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption \
                   victims found for incoming pod.";
    assert!(played.at(0).conditions.is_empty(), "no component has written a condition yet");
    assert_eq!(shown(played.at(1), "PodScheduled"), Some((false, "Unschedulable", message)));
    assert_eq!(played.events("FailedScheduling"), [(1, "Warning".into(), message)]);
    assert_eq!(why(played.at(59)).0, "Pending");
    assert_eq!(shown(played.at(60), "PodScheduled"), Some((true, "", "")));
    assert_eq!(played.since(60, "PodScheduled"), 60);
    assert_eq!(why(played.end()).0, "Running");
}

fn manifest(gates: &Value) -> api::PodManifest {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"containers": [{"name": "app", "image": "nginx:1"}], "schedulingGates": gates},
    }))
    .unwrap()
}

fn unbound(gates: &Value) -> PodObject {
    PodObject::stored(manifest(gates), Timestamp::UNIX_EPOCH).unwrap()
}

fn bind(object: &mut PodObject) -> Result<(), ObjectError> {
    object.bind("worker-1", Timestamp::UNIX_EPOCH, &mut NoSink)
}

#[test]
fn an_unbound_pod_has_a_status_from_the_beginning() {
    let object = unbound(&json!([{"name": "example.com/quota"}]));
    assert_eq!(object.phase(), PodPhase::Pending);
    assert_eq!(shown(object.status(), "PodScheduled"), Some((false, "SchedulingGated", GATED)));
    assert_eq!(unbound(&json!([])).status().conditions, []);
}

#[test]
fn a_pod_is_bound_once() {
    let mut object = unbound(&json!([]));
    bind(&mut object).unwrap();
    let before = object.clone();
    let again = bind(&mut object).unwrap_err();
    assert_eq!(again.to_string(), "the Pod is bound to a node already, and never moves");
    let unschedulable = object.unschedulable("0/1 nodes are available", Timestamp::UNIX_EPOCH, &mut NoSink);
    assert_eq!(unschedulable, Err(ObjectError::AlreadyBound));
    assert_eq!(object, before, "nothing has changed");
}

#[test]
fn a_gated_pod_cannot_be_bound_and_no_gate_can_be_added() {
    let gates = json!([{"name": "example.com/quota"}]);
    let mut object = unbound(&gates);
    assert_eq!(bind(&mut object), Err(ObjectError::Gated));
    object.remove_scheduling_gates().unwrap();
    let gate = SchedulingGate::new("example.com/quota");
    let again = object.change_spec(|spec| spec.scheduling_gates.push(gate));
    assert_eq!(again, Err(ObjectError::Immutable { field: "spec.schedulingGates" }));
    assert_eq!(bind(&mut object), Ok(()));
}

#[test]
fn a_deleted_unbound_pod_is_removed_at_once() {
    let mut object = unbound(&json!([]));
    assert_eq!(object.delete(30, Timestamp::UNIX_EPOCH), Deletion::Gone);
    assert!(object.is_gone());
    assert_eq!(bind(&mut object), Err(ObjectError::Gone));
}

#[test]
fn a_finalizer_keeps_the_object_of_a_finished_pod() {
    let mut object = unbound(&json!([]));
    let mut manifest = object.manifest().clone();
    manifest.metadata.finalizers = vec!["batch.kubernetes.io/job-tracking".into()];
    object = PodObject::stored(manifest, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(object.delete(0, Timestamp::UNIX_EPOCH), Deletion::KeptByFinalizers);
    assert!(!object.is_gone());
    assert_eq!(object.remove_finalizer("batch.kubernetes.io/job-tracking"), Deletion::Gone);
    assert!(object.is_gone());
}

#[test]
fn an_object_is_removed_with_its_last_finalizer() {
    let mut manifest = unbound(&json!([])).manifest().clone();
    manifest.metadata.finalizers = vec!["a.example/first".into(), "b.example/last".into()];
    let mut object = PodObject::stored(manifest, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(object.delete(0, Timestamp::UNIX_EPOCH), Deletion::KeptByFinalizers);
    assert_eq!(object.remove_finalizer("a.example/first"), Deletion::KeptByFinalizers);
    assert!(!object.is_gone());
    assert_eq!(object.remove_finalizer("b.example/last"), Deletion::Gone);
}

#[test]
fn only_the_node_of_a_bound_pod_can_be_lost() {
    let mut object = unbound(&json!([]));
    assert_eq!(
        object.lose_node(NodeLossReport::NotReady, Timestamp::UNIX_EPOCH, &mut NoSink),
        Err(ObjectError::NotBound)
    );
    assert_eq!(object.recover_node(), Err(ObjectError::NodeNotLost));
}

#[test]
fn the_kubelet_does_not_set_pod_scheduled_of_a_new_pod() {
    let mut out = Vec::new();
    let spec = Arc::new(PodSpec::from_admitted(&manifest(&json!([]))).unwrap());
    let _pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut out);
    assert!(!out.iter().any(|output| matches!(output, Output::Event(event) if event.reason == "Scheduled")));
}
