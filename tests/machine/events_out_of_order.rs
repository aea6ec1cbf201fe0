//! Events that arrive late, twice, for other instances, or out of order.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp, Wake, WorkerState,
    api::{PodManifest, PodPhase},
    config::{KubeletConfig, Timing},
    event::{ApiEvent, ContainerExit, Event, EventError, Failure, HookKind, NodeEvent, RuntimeEvent},
    spec::{ContainerIndex, PodSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId, StartError},
};
use serde_json::{Value, json};

const APP: u16 = 0;

/// Pod on a node whose clock only advances by `wait`.
struct Node {
    pod: PodMachine,
    now: Timestamp,
    out: Vec<Output>,
}

impl Node {
    fn of(spec: Value) -> Node {
        Node::with(spec, "uid-1", KubeletConfig::default())
    }

    fn with(spec: Value, uid: &str, config: KubeletConfig) -> Node {
        let metadata = json!({"name": "web", "uid": uid});
        let manifest: PodManifest = serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
        let spec = Arc::new(PodSpec::from_manifest(manifest).unwrap());
        let now = Timestamp::from_unix_seconds(1_772_366_400);
        let mut out = Vec::new();
        let pod = PodMachine::new(spec, Arc::new(config), now, &mut out);
        Node { pod, now, out }
    }

    fn handle(&mut self, event: RuntimeEvent) -> Result<(), EventError> {
        Ok(self.pod.handle_event(self.now, Event::Runtime(event), &mut self.out)?)
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.pod.handle_timeout(self.now, &mut self.out);
    }

    /// Makes the sandbox, and takes a container up to the request for its start.
    fn up_to_start(&mut self) {
        self.handle(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) }).unwrap();
        self.handle(RuntimeEvent::ImageInspected { container: APP.into(), result: Ok(true) }).unwrap();
        self.handle(created(0)).unwrap();
    }

    fn asked(&mut self) -> Vec<Action> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None }).collect()
    }
}

fn created(n: u32) -> RuntimeEvent {
    RuntimeEvent::ContainerCreated { container: APP.into(), instance: InstanceId::nth(n), result: Ok(()) }
}

fn started(n: u32) -> RuntimeEvent {
    let (container, instance) = (APP.into(), InstanceId::nth(n));
    RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) }
}

fn exited(n: u32, code: i32) -> RuntimeEvent {
    let (container, instance) = (APP.into(), InstanceId::nth(n));
    RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(code) }
}

fn stopped(n: u32) -> RuntimeEvent {
    RuntimeEvent::ContainerStopped { container: APP.into(), instance: InstanceId::nth(n) }
}

fn app(policy: &str) -> Value {
    json!({"restartPolicy": policy, "containers": [{"name": "app", "image": "nginx:1"}]})
}

#[test]
fn an_exit_before_the_answer_to_the_start_is_not_lost() {
    let mut node = Node::of(app("Never"));
    node.up_to_start();
    node.handle(exited(0, 3)).unwrap();
    node.handle(started(0)).unwrap();
    node.handle(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) }).unwrap();
    assert_eq!(node.pod.phase(), PodPhase::Failed);
    assert_eq!(node.pod.worker_state(), WorkerState::Finished);
    let end = node.pod.status().container_statuses[0].state.terminated.clone().unwrap();
    assert_eq!(end.exit_code, 3);
}

#[test]
fn a_relist_that_shows_a_new_instance_before_the_answer_to_its_creation_does_not_duplicate_it() {
    let mut node = Node::of(app("Always"));
    node.handle(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) }).unwrap();
    node.handle(RuntimeEvent::ImageInspected { container: APP.into(), result: Ok(true) }).unwrap();
    let mut shown = node.pod.runtime().clone();
    shown.instances.insert(
        0,
        Instance {
            id: InstanceId::nth(0),
            container: Some(APP.into()),
            sandbox: SandboxId(0),
            restart_count: 0,
            spec_changed: false,
            state: InstanceState::Created,
        },
    );
    node.handle(RuntimeEvent::Relisted(shown)).unwrap();
    node.handle(created(0)).unwrap();
    node.handle(started(0)).unwrap();
    assert_eq!(node.pod.runtime().instances.len(), 1);
    let again: RuntimeStatus = node.pod.runtime().clone();
    node.handle(RuntimeEvent::Relisted(again)).unwrap();
    assert_eq!(node.pod.phase(), PodPhase::Running);
}

#[test]
fn two_running_instances_of_one_container_both_complete_their_hooks() {
    let hook = json!({"preStop": {"exec": {"command": ["drain"]}}});
    let mut node = Node::of(json!({"containers": [{"name": "app", "image": "nginx:1", "lifecycle": hook}]}));
    node.up_to_start();
    node.handle(started(0)).unwrap();
    let mut shown = node.pod.runtime().clone();
    let mut twin = shown.instances[0].clone();
    twin.id = InstanceId::nth(1);
    shown.instances.insert(0, twin);
    node.handle(RuntimeEvent::Relisted(shown)).unwrap();
    node.asked();
    let deleted = ApiEvent::Deleted { grace_seconds: 30, generation: None };
    node.pod.handle_event(node.now, Event::Api(deleted), &mut node.out).unwrap();
    let hooks = node.asked().into_iter().filter(|action| matches!(action, Action::RunHook { .. })).count();
    assert_eq!(hooks, 2);
    for n in [0, 1] {
        let (container, instance) = (APP.into(), InstanceId::nth(n));
        node.handle(RuntimeEvent::HookFinished { container, instance, hook: HookKind::PreStop, result: Ok(()) })
            .unwrap();
    }
    let stops = node.asked().into_iter().filter(|action| matches!(action, Action::StopContainer { .. })).count();
    assert_eq!(stops, 2, "neither sits out its grace");
}

#[test]
fn the_result_of_a_hook_that_was_not_requested_is_refused() {
    let hook = json!({"postStart": {"exec": {"command": ["warm-up"]}}});
    let mut node = Node::of(json!({"containers": [{"name": "app", "image": "nginx:1", "lifecycle": hook}]}));
    node.up_to_start();
    let (container, instance, hook) = (APP.into(), InstanceId::nth(0), HookKind::PostStart);
    let finished = |instance| RuntimeEvent::HookFinished { container, instance, hook, result: Ok(()) };
    assert!(matches!(node.handle(finished(instance)), Err(EventError::Unasked { .. })), "it has not started");
    node.handle(started(0)).unwrap();
    assert!(matches!(node.handle(finished(InstanceId::nth(1))), Err(EventError::Unasked { .. })), "another instance");
    node.handle(finished(instance)).unwrap();
    assert!(matches!(node.handle(finished(instance)), Err(EventError::Unasked { .. })), "answered already");
}

#[test]
fn each_stop_of_a_sandbox_may_be_answered() {
    let mut node = Node::of(app("Never"));
    node.up_to_start();
    node.handle(started(0)).unwrap();
    node.handle(exited(0, 0)).unwrap();
    let mut answered = 0;
    loop {
        let asked = node.asked();
        let stops = asked.iter().filter(|action| matches!(action, Action::StopPodSandbox { .. })).count();
        if stops == 0 {
            break;
        }
        for _ in 0..stops {
            node.handle(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) }).unwrap();
            answered += 1;
        }
    }
    assert!(answered > 0, "the kubelet asks");
    assert_eq!(node.pod.phase(), PodPhase::Succeeded);
}

#[test]
fn dead_sandboxes_are_removed_in_time() {
    let mut node = Node::of(app("Always"));
    for n in 0..1_000 {
        let sandbox = SandboxId(n);
        node.handle(RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) }).unwrap();
        node.handle(RuntimeEvent::SandboxDied { sandbox }).unwrap();
        // What the sync was about to do in it fails, so that the next one makes another.
        let result = Err("no sandbox".into());
        let _ = node.handle(RuntimeEvent::ImageInspected { container: APP.into(), result });
        for _ in 0..3 {
            let stops =
                node.asked().into_iter().filter(|action| matches!(action, Action::StopPodSandbox { .. })).count();
            for _ in 0..stops {
                let _ = node.handle(RuntimeEvent::SandboxDied { sandbox });
            }
        }
        node.wait(10);
    }
    let known = node.pod.runtime().sandboxes.len();
    assert!(known < 20, "{known} sandboxes are known");
}

#[test]
fn a_container_that_was_stopped_but_runs_on_is_stopped_again() {
    let mut node = Node::of(app("Always"));
    node.up_to_start();
    node.handle(started(0)).unwrap();
    node.asked();
    let deleted = ApiEvent::Deleted { grace_seconds: 5, generation: None };
    node.pod.handle_event(node.now, Event::Api(deleted), &mut node.out).unwrap();
    node.handle(stopped(0)).unwrap();
    let is_over = |node: &Node| node.pod.worker_state() == WorkerState::Finished;
    for _ in 0..3 {
        let stops = node.asked().into_iter().filter(|action| matches!(action, Action::StopPodSandbox { .. })).count();
        for _ in 0..stops {
            // The sandbox stays up as well: its stop is answered by nothing.
        }
    }
    assert!(!is_over(&node));
    let app = &node.pod.status().container_statuses[0];
    assert!(!(app.ready && app.state.terminated.is_some()), "ready beside an end: {app:?}");
}

#[test]
fn the_runtimes_own_times_and_signal_are_shown() {
    let mut node = Node::of(app("Never"));
    node.up_to_start();
    let at = |seconds: u64| node_start() + Duration::from_secs(seconds);
    let (container, instance) = (APP.into(), InstanceId::nth(0));
    let begun = RuntimeEvent::ContainerStarted { container, instance, started_at: Some(at(7)), result: Ok(()) };
    node.wait(20);
    node.handle(begun).unwrap();
    let exit = ContainerExit { signal: Some(9), finished_at: Some(at(15)), ..ContainerExit::with_code(137) };
    node.handle(RuntimeEvent::ContainerExited { container, instance, exit }).unwrap();
    let end = node.pod.status().container_statuses[0].state.terminated.clone().unwrap();
    assert_eq!((end.started_at, end.finished_at, end.signal), (Some(at(7)), Some(at(15)), 9));
}

fn node_start() -> Timestamp {
    Timestamp::from_unix_seconds(1_772_366_400)
}

/// When a Pod that has just started is synced again, in microseconds after that.
fn lateness(uid: &str) -> i64 {
    let config = KubeletConfig::default().with_timing(Timing::NodeLike { seed: 7 });
    let mut node = Node::with(app("Always"), uid, config);
    let at = node.now;
    // The first sync begins at once, and its sandbox fails: it is tried again after a while.
    assert!(node.asked().iter().any(|action| matches!(action, Action::RunPodSandbox { .. })));
    node.handle(RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "no network".into() }).unwrap();
    while let Some((due, Wake::StatusWrite)) = node.pod.next_wake() {
        node.pod.handle_timeout(due, &mut node.out);
    }
    node.pod.poll_timeout().unwrap().micros_since(at)
}

#[test]
fn lateness_differs_between_pods_and_is_reproducible() {
    let of_one = lateness("0b6f2c1e");
    assert_ne!(of_one, lateness("9d41a7c3"));
    assert_eq!(of_one, lateness("0b6f2c1e"));
    let ten_seconds = 10_000_000;
    assert!((ten_seconds..=ten_seconds * 3 / 2).contains(&of_one), "{of_one}");
}

#[test]
fn a_kubelet_that_wakes_late_relists_before_it_syncs() {
    let timing = Timing::GenericPleg { phase: Duration::from_millis(400), relist_after_sync: false };
    let (app, log) = (ContainerIndex::from(0), ContainerIndex::from(1));
    let with_log = |image| {
        let containers = json!([{"name": "app", "image": "a:1"}, {"name": "log", "image": image}]);
        json!({"restartPolicy": "Never", "containers": containers})
    };
    let mut node = Node::with(with_log("b:1"), "uid-1", KubeletConfig::default().with_timing(timing));
    node.wait(1);
    node.up_to_start();
    node.handle(started(0)).unwrap();
    let failure = Failure { error: StartError::ErrImagePull, message: "no such image".into() };
    let _ = node.handle(RuntimeEvent::ImageInspected { container: log, result: Ok(false) });
    node.handle(RuntimeEvent::ImagePulled { container: log, result: Err(failure) }).unwrap();
    node.handle(exited(0, 1)).unwrap();
    node.asked();
    // A relist was due within a second, but no timeout was handled; this event comes first.
    node.now = node.now + Duration::from_secs(30);
    let other = Node::of(with_log("b:2")).pod.spec().clone();
    node.pod.handle_event(node.now, Event::Api(ApiEvent::SpecChanged(other)), &mut node.out).unwrap();
    node.wait(0);
    let asked = node.asked();
    let starts = |action: &Action| match action {
        Action::RunPodSandbox { .. } => true,
        Action::InspectImage { container } | Action::PullImage { container } => *container == app,
        _ => false,
    };
    assert!(!asked.iter().any(starts), "it has ended in a sandbox that is there: {asked:?}");
}

/// How a Pod ends that the node ends while the start of its container is still being answered, and the container has
/// ended well already: its phase and the reason for it.
fn ended_well_before(event: NodeEvent) -> (PodPhase, String) {
    let mut node = Node::of(app("Never"));
    node.up_to_start();
    node.handle(exited(0, 0)).unwrap();
    node.pod.handle_event(node.now, Event::Node(event), &mut node.out).unwrap();
    node.handle(started(0)).unwrap();
    node.handle(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) }).unwrap();
    assert_eq!(node.pod.worker_state(), WorkerState::Finished);
    (node.pod.phase(), node.pod.status().reason)
}

#[test]
fn a_pod_that_had_succeeded_at_a_node_shutdown_succeeds_with_reason_terminated() {
    let shut_down = NodeEvent::ShutDown { grace_seconds: Some(5) };
    assert_eq!(ended_well_before(shut_down), (PodPhase::Succeeded, "Terminated".into()));
}

/// The preemption makes it fail; when nothing runs any more, the kubelet looks once more, and forgets that.
#[test]
fn a_pod_that_had_succeeded_at_a_preemption_succeeds_without_a_reason() {
    assert_eq!(ended_well_before(NodeEvent::Preempted), (PodPhase::Succeeded, String::new()));
}
