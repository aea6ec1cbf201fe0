//! A Pod that no node has yet: gates, the scheduler, and the one time that it is bound.

use std::sync::Arc;

use pod_lifecycle::{
    NoSink, Output, Pod, Timestamp, WorkerState,
    config::KubeletConfig,
    event::{ApiEvent, Event, EventError, NodeEvent},
    manifest::{self, PodPhase},
    spec::PodSpec,
};
use serde_json::{Value, json};

use super::story::{Story, shown, why};

const GATED: &str = "Scheduling is blocked due to non-empty scheduling gates";

#[test]
fn a_gated_pod_waits_until_its_gate_is_removed_and_a_node_has_it() {
    let story = Story::of("scheduling-gates");
    assert_eq!(shown(story.at(0), "PodScheduled"), Some((false, "SchedulingGated", GATED)));
    assert_eq!(story.since(0, "PodScheduled"), 0);
    assert_eq!(why(story.at(0)), ("Pending".into(), "", ""));
    assert_eq!(story.at(0).start_time, None, "no kubelet has seen it");
    assert_eq!(shown(story.at(20), "PodScheduled").unwrap().1, "SchedulingGated", "until somebody says otherwise");
    assert_eq!(shown(story.at(21), "PodScheduled"), Some((true, "", "")));
    let message = "Successfully assigned tenant-a/tenant-a-1 to worker-1";
    assert_eq!(story.told("Scheduled"), [(21, "Normal".into(), message)]);
    assert_eq!(why(story.end()).0, "Running");
    assert_eq!(story.end().observed_generation, 2, "the kubelet has seen the spec without the gate");
}

#[test]
fn a_pod_that_fits_no_node_says_what_the_scheduler_says() {
    let story = Story::of("unschedulable");
    let message = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption \
                   victims found for incoming pod.";
    assert!(story.at(0).conditions.is_empty(), "nobody has looked at it yet");
    assert_eq!(shown(story.at(1), "PodScheduled"), Some((false, "Unschedulable", message)));
    assert_eq!(story.told("FailedScheduling"), [(1, "Warning".into(), message)]);
    assert_eq!(why(story.at(59)).0, "Pending");
    assert_eq!(shown(story.at(60), "PodScheduled"), Some((true, "", "")));
    assert_eq!(story.since(60, "PodScheduled"), 60);
    assert_eq!(why(story.end()).0, "Running");
}

fn spec(gates: &Value) -> Arc<PodSpec> {
    let manifest: manifest::PodManifest = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"containers": [{"name": "app", "image": "nginx:1"}], "schedulingGates": gates},
    }))
    .unwrap();
    Arc::new(PodSpec::from_admitted(&manifest).unwrap())
}

fn unbound(gates: &Value) -> Pod {
    Pod::unbound(spec(gates), Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH)
}

fn tell(pod: &mut Pod, event: ApiEvent) -> Result<(), EventError> {
    pod.handle_event(Timestamp::UNIX_EPOCH, Event::Api(event), &mut NoSink)
}

#[test]
fn an_unbound_pod_has_a_status_from_the_beginning() {
    let pod = unbound(&json!([{"name": "example.com/quota"}]));
    assert_eq!(pod.phase(), PodPhase::Pending);
    assert_eq!(shown(&pod.status(), "PodScheduled"), Some((false, "SchedulingGated", GATED)));
    assert_eq!(pod.poll_timeout(), None);
    assert_eq!(unbound(&json!([])).status().conditions, []);
}

#[test]
fn a_pod_is_bound_once_and_never_moves() {
    let mut pod = unbound(&json!([]));
    tell(&mut pod, ApiEvent::Bound).unwrap();
    let before = pod.clone();
    let again = tell(&mut pod, ApiEvent::Bound).unwrap_err();
    assert_eq!(again.to_string(), "the Pod is bound to a node already, and never moves");
    let unschedulable = ApiEvent::Unschedulable { message: "0/1 nodes are available".into() };
    assert!(matches!(tell(&mut pod, unschedulable), Err(EventError::NotNow(_))));
    let rejected = NodeEvent::Rejected { reason: "NodeAffinity".into(), message: "".into() };
    let rejected = pod.handle_event(Timestamp::UNIX_EPOCH, Event::Node(rejected), &mut NoSink);
    assert!(matches!(rejected, Err(EventError::NotNow(_))), "a node has let it in");
    assert_eq!(pod, before, "nothing has changed");
}

#[test]
fn no_node_may_have_a_gated_pod_and_no_gate_can_be_added() {
    let gates = json!([{"name": "example.com/quota"}]);
    let mut pod = unbound(&gates);
    assert!(matches!(tell(&mut pod, ApiEvent::Bound), Err(EventError::NotNow(_))));
    tell(&mut pod, ApiEvent::SpecChanged(spec(&json!([])))).unwrap();
    let again = tell(&mut pod, ApiEvent::SpecChanged(spec(&gates)));
    assert_eq!(again, Err(EventError::Immutable { field: "spec.schedulingGates" }));
    assert_eq!(tell(&mut pod, ApiEvent::Bound), Ok(()));
}

#[test]
fn a_deleted_pod_that_no_node_has_goes_at_once() {
    let mut pod = unbound(&json!([]));
    tell(&mut pod, ApiEvent::Deleted { grace_seconds: 30 }).unwrap();
    assert!(pod.is_gone());
    assert_eq!(pod.worker_state(), WorkerState::Finished);
    assert_eq!(tell(&mut pod, ApiEvent::Bound), Err(EventError::Gone));
}

#[test]
fn what_only_a_node_can_do_needs_a_node() {
    let mut pod = unbound(&json!([]));
    let now = Timestamp::UNIX_EPOCH;
    for event in [NodeEvent::KubeletRestarted, NodeEvent::Preempted, NodeEvent::ShutDown { grace_seconds: None }] {
        assert_eq!(
            pod.handle_event(now, Event::Node(event), &mut NoSink),
            Err(EventError::NotNow("is bound to no node"))
        );
    }
    assert!(tell(&mut pod, ApiEvent::NodeLost).is_err());
}

#[test]
fn a_kubelet_that_gets_a_pod_does_not_speak_for_the_scheduler() {
    let mut out = Vec::new();
    let _pod = Pod::new(spec(&json!([])), Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut out);
    assert!(!out.iter().any(|output| matches!(output, Output::Event(event) if event.reason == "Scheduled")));
}
