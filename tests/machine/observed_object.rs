//! Objects from a watch: accepted changes, refused changes, and statuses that are published again.

use std::sync::Arc;

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ApiEvent, ContainerExit, Event, EventError, NodeEvent, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::ProbeKind,
    state::{InstanceId, SandboxId},
};
use serde_json::{Value, json};

const FIRST: InstanceId = InstanceId::nth(0);

/// Pod with a running container, and its API object.
struct Node {
    pod: PodMachine,
    object: PodManifest,
    out: Vec<Output>,
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

impl Node {
    fn running(container: Value) -> Node {
        let mut app = json!({"name": "app", "image": "nginx:1"});
        app.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        let object = json!({
            "metadata": {"name": "web", "uid": "uid-1"}, "spec": {"containers": [app]},
            "status": {"conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-03-01T11:59:50Z"},
            ]},
        });
        let object: PodManifest = serde_json::from_value(object).unwrap();
        let mut out = Vec::new();
        let pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now(), &mut out).unwrap();
        let mut node = Node { pod, object, out };
        let (container, instance) = (0.into(), FIRST);
        for event in [
            RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) },
            RuntimeEvent::ImageInspected { container, result: Ok(true) },
            RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) },
            RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) },
        ] {
            node.handle(Event::Runtime(event)).unwrap();
        }
        node.object.status = node.pod.status();
        node
    }

    fn handle(&mut self, event: Event) -> Result<(), EventError> {
        Ok(self.pod.handle_event(now(), event, &mut self.out)?)
    }

    /// True if the kubelet publishes its status again after it observes this change.
    fn writes_again(&mut self, change: impl FnOnce(&mut PodManifest)) -> bool {
        let mut object = self.object.clone();
        change(&mut object);
        self.out.clear();
        self.pod.observe(now(), &object, &mut self.out).unwrap();
        self.out.contains(&Output::Published)
    }

    fn asked(&self) -> Vec<&Action> {
        self.out.iter().filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None }).collect()
    }
}

#[test]
fn fields_of_the_kubelet_overwritten_by_others_are_restored() {
    let written = |change: fn(&mut PodManifest)| Node::running(json!({})).writes_again(change);
    assert!(!written(|_| ()));
    assert!(written(|object| object.status.phase = Some(PodPhase::Pending.into())), "the phase");
    assert!(written(|object| object.status.reason = "Nonsense".into()), "the reason");
    assert!(written(|object| object.status.message = "Nonsense".into()), "the message");
    assert!(written(|object| object.status.conditions.retain(|it| it.type_ != "Ready")), "a condition");
    assert!(written(|object| object.status.container_statuses[0].ready = false), "a container's status");
    assert!(!written(|object| object.status.host_ip = "10.0.0.1".into()), "what is not the kubelet's stays");
}

#[test]
fn while_the_sync_loop_is_busy_nothing_is_published_again() {
    let mut node = Node::running(json!({}));
    node.handle(Event::Node(NodeEvent::Preempted)).unwrap();
    assert!(!node.writes_again(|object| object.status.phase = Some(PodPhase::Pending.into())));
}

#[test]
fn an_object_of_the_same_name_with_another_uid_is_another_pod() {
    let mut node = Node::running(json!({}));
    let mut other = node.object.clone();
    other.metadata.uid = "uid-2".into();
    let refused = node.pod.observe(now(), &other, &mut node.out);
    assert_eq!(refused, Err(EventError::AnotherPod { uid: "uid-2".into() }));
}

#[test]
fn pod_scheduled_keeps_the_time_of_the_object() {
    let node = Node::running(json!({}));
    let scheduled = node.pod.status().conditions.into_iter().find(|condition| condition.type_ == "PodScheduled");
    assert_eq!(scheduled.unwrap().last_transition_time, "2026-03-01T11:59:50Z".parse().ok());
}

#[test]
fn the_result_of_a_probe_that_was_not_requested_is_refused() {
    let probe = |delay: u32| json!({"exec": {"command": ["check"]}, "initialDelaySeconds": delay});
    let mut node = Node::running(json!({"readinessProbe": probe(0), "livenessProbe": probe(60)}));
    node.pod.handle_timeout(now(), &mut node.out);
    let is_asked = |asked: &Action| matches!(asked, Action::Probe { kind: ProbeKind::Readiness, .. });
    assert!(node.asked().into_iter().any(is_asked), "{:?}", node.asked());
    let mut answer = |kind, instance| {
        let (container, outcome, output) = (0.into(), ProbeOutcome::Failure, "".into());
        node.handle(Event::Runtime(RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output }))
    };
    assert!(answer(ProbeKind::Liveness, FIRST).unwrap_err().is_stale(), "liveness is not asked yet");
    assert!(answer(ProbeKind::Readiness, InstanceId::nth(1)).is_err(), "there is no second instance");
    assert_eq!(answer(ProbeKind::Readiness, FIRST), Ok(()));
    assert!(answer(ProbeKind::Readiness, FIRST).unwrap_err().is_stale(), "it is answered already");
}

fn evicted() -> Event {
    let message = "The node was low on resource: memory. ".into();
    Event::Node(NodeEvent::Evicted { message, grace_seconds: None, is_disruption: true })
}

fn exits(node: &mut Node, exit_code: i32) {
    let (container, instance, exit) = (0.into(), FIRST, ContainerExit::with_code(exit_code));
    node.handle(Event::Runtime(RuntimeEvent::ContainerExited { container, instance, exit })).unwrap();
    node.handle(Event::Runtime(RuntimeEvent::ContainerStopped { container, instance })).unwrap();
    node.handle(Event::Runtime(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) })).unwrap();
}

fn is_marked(node: &Node) -> bool {
    node.pod.status().conditions.iter().any(|condition| condition.type_ == "DisruptionTarget")
}

#[test]
fn disruption_target_comes_with_the_terminal_phase_unless_others_wrote_that_phase_before() {
    let mut node = Node::running(json!({}));
    node.handle(evicted()).unwrap();
    assert!(!is_marked(&node), "its containers still run");
    exits(&mut node, 137);
    assert_eq!((node.pod.phase(), is_marked(&node)), (PodPhase::Failed, true));

    let mut node = Node::running(json!({}));
    node.handle(evicted()).unwrap();
    node.handle(Event::Api(ApiEvent::Ended(PodPhase::Failed))).unwrap();
    exits(&mut node, 137);
    assert_eq!((node.pod.phase(), is_marked(&node)), (PodPhase::Failed, false));
}

#[test]
fn a_disruption_target_removed_after_the_end_is_not_restored() {
    let mut node = Node::running(json!({}));
    node.handle(evicted()).unwrap();
    exits(&mut node, 137);
    assert!(is_marked(&node));
    node.object.status = node.pod.status();
    let is_written_again = node.writes_again(|object| {
        object.status.conditions.retain(|condition| condition.type_ != "DisruptionTarget");
        object.status.message = "Nonsense".into();
    });
    assert_eq!((is_written_again, is_marked(&node)), (true, false), "it comes with the end, and only then");
}

#[test]
fn dead_containers_of_an_evicted_pod_are_removed_and_those_of_a_node_that_shuts_down_are_kept() {
    let removed = |end: Event| {
        let mut node = Node::running(json!({}));
        node.handle(end).unwrap();
        exits(&mut node, 137);
        for _ in 0..10 {
            let due = node.pod.poll_timeout().unwrap_or(now());
            node.pod.handle_timeout(due, &mut node.out);
        }
        node.asked().iter().filter(|asked| matches!(asked, Action::RemoveContainer { .. })).count()
    };
    assert_eq!(removed(evicted()), 1);
    assert_eq!(removed(Event::Node(NodeEvent::Preempted)), 1, "a preemption is an eviction");
    assert_eq!(removed(Event::Node(NodeEvent::ShutDown { grace_seconds: None })), 0);
}

#[test]
fn only_a_terminal_phase_may_be_set_by_others() {
    let end = |phase| Node::running(json!({})).handle(Event::Api(ApiEvent::Ended(phase)));
    assert_eq!([end(PodPhase::Failed), end(PodPhase::Succeeded)], [Ok(()), Ok(())]);
    for phase in [PodPhase::Pending, PodPhase::Running, PodPhase::Unknown] {
        assert_eq!(end(phase), Err(EventError::NotTerminal { phase }));
    }
}
