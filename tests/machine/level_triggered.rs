//! Level-triggered embedders: relists alone drive a Pod.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp,
    api::PodPhase,
    config::KubeletConfig,
    event::{ApiEvent, Event, EventError, RuntimeEvent},
    rule::back_off::BackOff,
    spec::{ContainerIndex, PodSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, Termination, TerminationReason},
};
use serde_json::json;

const SANDBOX: SandboxId = SandboxId(0);

/// Pod with one container, and the runtime that its embedder lists.
struct Node {
    pod: PodMachine,
    runtime: RuntimeStatus,
    out: Vec<Output>,
    now: Timestamp,
}

impl Node {
    fn new() -> Node {
        let manifest = serde_json::from_value(json!({
            "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}
        }));
        Node::of(PodSpec::from_manifest(manifest.unwrap()).unwrap())
    }

    fn of(spec: PodSpec) -> Node {
        let (now, mut out) = (Timestamp::from_unix_seconds(1_000), Vec::new());
        let pod = PodMachine::new(Arc::new(spec), Arc::new(KubeletConfig::default()), now, &mut out);
        Node { pod, runtime: RuntimeStatus::default(), out, now }
    }

    fn app(&self) -> ContainerIndex {
        self.pod.spec().index_of("app").unwrap()
    }

    fn handle(&mut self, event: Event) -> Result<(), EventError> {
        self.out.clear();
        Ok(self.pod.handle_event(self.now, event, &mut self.out)?)
    }

    fn relist(&mut self) -> Result<(), EventError> {
        self.handle(Event::Runtime(RuntimeEvent::Relisted(self.runtime.clone())))
    }

    fn asked(&self) -> Vec<Action> {
        let actions = self.out.iter().filter_map(|output| match output {
            Output::Action(action) => Some(action.clone()),
            _ => None,
        });
        actions.collect()
    }

    fn list_sandbox(&mut self) {
        let uses_host_network = false;
        let sandbox = Sandbox { id: SANDBOX, attempt: 0, is_ready: true, uses_host_network, has_ip: Some(true) };
        self.runtime.sandboxes.insert(0, sandbox);
    }

    fn list_running(&mut self, n: u32) {
        let state = InstanceState::Running { started_at: Some(self.now) };
        let (id, container) = (InstanceId::nth(n), Some(self.app()));
        let running =
            Instance { id, container, sandbox: SANDBOX, restart_count: n.cast_signed(), spec_changed: false, state };
        self.runtime.instances.insert(0, running);
    }

    fn list_exited(&mut self, exit_code: i32) {
        let newest = self.runtime.instances.first_mut().unwrap();
        newest.state = InstanceState::Exited(Arc::new(Termination {
            exit_code,
            reason: TerminationReason::of_exit(exit_code),
            message: None,
            signal: None,
            started_at: Some(self.now),
            finished_at: Some(self.now),
            instance: Some(newest.id),
        }));
    }

    /// Starts the container with relists alone, except for the image.
    fn running() -> Node {
        let mut node = Node::new();
        node.list_sandbox();
        node.relist().unwrap();
        let container = node.app();
        assert_eq!(node.asked(), [Action::InspectImage { container }]);
        node.handle(Event::Runtime(RuntimeEvent::ImageInspected { container, result: Ok(true) })).unwrap();
        let instance = InstanceId::nth(0);
        assert_eq!(node.asked(), [Action::CreateContainer { container, instance, restart_count: 0 }]);
        node.list_running(0);
        node.relist().unwrap();
        node
    }
}

#[test]
fn relists_alone_start_a_pod() {
    let node = Node::running();
    assert_eq!(node.pod.phase(), PodPhase::Running);
    assert_eq!(node.pod.status().container_statuses[0].started, Some(true));
}

#[test]
fn a_relist_that_shows_an_exit_restarts_the_container() {
    let mut node = Node::running();
    node.list_exited(1);
    node.relist().unwrap();
    let container = node.app();
    assert_eq!(node.asked(), [Action::InspectImage { container }]);
}

#[test]
fn relisting_the_same_state_changes_nothing() {
    let mut node = Node::running();
    let before = node.pod.clone();
    node.relist().unwrap();
    assert_eq!((node.pod, node.out), (before, Vec::new()));
}

#[test]
fn a_relist_without_the_container_completes_its_stop() {
    let mut node = Node::running();
    node.handle(Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None })).unwrap();
    let (container, instance) = (node.app(), InstanceId::nth(0));
    assert_eq!(node.asked(), [Action::StopContainer { container, instance, timeout: Duration::from_secs(30) }]);
    node.list_exited(143);
    node.relist().unwrap();
    assert_eq!(node.asked(), [Action::StopPodSandbox { sandbox: SANDBOX }]);
    node.runtime.sandboxes[0].is_ready = false;
    node.relist().unwrap();
    assert_eq!(node.pod.phase(), PodPhase::Failed);
}

#[test]
fn an_impossible_relist_is_refused_and_changes_nothing() {
    let mut node = Node::running();
    let before = node.pod.clone();
    let twin = node.runtime.instances[0].clone();
    node.runtime.instances.push(twin);
    let error = node.relist().unwrap_err();
    assert_eq!(error.to_string(), "the runtime lists an instance of container \"app\" twice");
    node.runtime.instances.pop();
    node.runtime.instances[0].sandbox = SandboxId(9);
    assert_eq!(node.relist(), Err(EventError::UnknownSandbox { sandbox: SandboxId(9) }));
    assert_eq!(node.pod, before);
}

#[test]
fn the_back_off_counts_exits_from_relists() {
    let limits = KubeletConfig::default().crash_loop;
    let now = Timestamp::from_unix_seconds(1_000);
    let counter = BackOff::advanced(None, &limits, now, now);
    assert_eq!(counter.delay(), Duration::from_secs(10));

    let mut node = Node::running();
    node.list_exited(1);
    node.relist().unwrap();
    let container = node.app();
    node.handle(Event::Runtime(RuntimeEvent::ImageInspected { container, result: Ok(true) })).unwrap();
    node.list_running(1);
    node.relist().unwrap();
    node.list_exited(1);
    node.relist().unwrap();
    assert_eq!(node.asked(), [Action::RemoveContainer { container, instance: InstanceId::nth(0) }]);
    let due = node.pod.poll_timeout().unwrap();
    assert_eq!(due.since(node.now).as_secs(), 10);
}

#[test]
fn the_older_dead_instance_of_the_container_that_has_just_died_is_removed() {
    let manifest = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": {
        "restartPolicy": "OnFailure",
        "containers": [{"name": "app", "image": "app:1"}, {"name": "job", "image": "job:1"}],
    }}));
    let mut node = Node::of(PodSpec::from_manifest(manifest.unwrap()).unwrap());
    node.list_sandbox();
    node.list_running(0);
    node.list_exited(0);
    node.runtime.instances[0].container = node.pod.spec().index_of("job");
    node.list_running(0);
    node.list_exited(1);
    node.list_running(1);
    node.relist().unwrap();
    node.list_exited(1);
    node.relist().unwrap();
    let older = Action::RemoveContainer { container: node.app(), instance: InstanceId::nth(0) };
    let removed: Vec<_> =
        node.asked().into_iter().filter(|action| matches!(action, Action::RemoveContainer { .. })).collect();
    assert_eq!(removed, [older]);
}
