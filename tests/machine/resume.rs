//! Resume: an agent restarts and adopts a running or terminating Pod.

use std::sync::Arc;

use pod_lifecycle::{
    Action, Output, PodMachine, ResumeError, Timestamp, Transition, WorkerState,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ApiEvent, ContainerExit, Event, EventError, RuntimeEvent},
    state::{
        ContainerIds, Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, Termination,
        TerminationReason,
    },
};
use serde_json::{Value, json};

const START: &str = "2026-03-01T12:00:00Z";
const NOW: &str = "2026-03-01T13:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Pod of one container, as the API server has it.
fn object(spec: Value, status: Value) -> PodManifest {
    let mut object = json!({
        "metadata": {"name": "web", "uid": "u-1"},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        "status": status,
    });
    merge(&mut object["spec"], spec);
    serde_json::from_value(object).unwrap()
}

fn merge(into: &mut Value, from: Value) {
    for (name, value) in from.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// The published status of a Pod whose container runs; `ready`: whether it was published as ready.
fn running(ready: bool) -> Value {
    let (is, since) = (if ready { "True" } else { "False" }, "2026-03-01T12:00:05Z");
    json!({
        "phase": "Running", "startTime": START,
        "conditions": [
            {"type": "example.com/gate", "status": "True", "lastTransitionTime": "2026-03-01T12:00:09Z"},
            {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": since},
            {"type": "Initialized", "status": "True", "lastTransitionTime": START},
            {"type": "Ready", "status": is, "lastTransitionTime": since},
            {"type": "ContainersReady", "status": is, "lastTransitionTime": since},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-03-01T11:59:59Z"},
        ],
        "containerStatuses": [{
            "name": "app", "ready": ready, "started": true, "restartCount": 2, "image": "app:1", "imageID": "",
            "containerID": "cri://c", "state": {"running": {"startedAt": "2026-03-01T12:00:05Z"}},
            "lastState": {"terminated": {"exitCode": 3, "reason": "Error", "containerID": "cri://b"}},
        }],
    })
}

fn sandbox(is_ready: bool) -> Sandbox {
    Sandbox { id: SandboxId(0), attempt: 0, is_ready, uses_host_network: false, has_ip: Some(true) }
}

/// Returns a runtime with one sandbox and one instance of the container.
fn listed(is_ready: bool, state: InstanceState) -> RuntimeStatus {
    let (id, container) = (InstanceId::nth(0), Some(0.into()));
    let instance = Instance { id, container, sandbox: SandboxId(0), restart_count: 2, spec_changed: false, state };
    RuntimeStatus { sandboxes: vec![sandbox(is_ready)], instances: vec![instance] }
}

fn runs() -> InstanceState {
    InstanceState::Running { started_at: Some(at("2026-03-01T12:00:05Z")) }
}

fn exited(exit_code: i32) -> InstanceState {
    InstanceState::Exited(Arc::new(Termination {
        exit_code,
        reason: TerminationReason::of_exit(exit_code),
        message: None,
        signal: None,
        started_at: Some(at("2026-03-01T12:00:05Z")),
        finished_at: Some(at("2026-03-01T12:59:59Z")),
        instance: Some(InstanceId::nth(0)),
    }))
}

/// An agent that has just taken up a Pod.
struct Agent {
    pod: PodMachine,
    ids: ContainerIds,
    out: Vec<Output>,
}

impl Agent {
    fn start(object: &PodManifest, runtime: RuntimeStatus) -> Agent {
        let (mut ids, mut out) = (ContainerIds::default(), Vec::new());
        if !runtime.instances.is_empty() {
            ids.instance(0.into(), "cri://c");
        }
        let config = Arc::new(KubeletConfig::default());
        let pod = PodMachine::resume(object, runtime, &mut ids, config, at(NOW), &mut out).unwrap();
        Agent { pod, ids, out }
    }

    fn asked(&self) -> Vec<Action> {
        let actions = self.out.iter().filter_map(|output| match output {
            Output::Action(action) => Some(action.clone()),
            _ => None,
        });
        actions.collect()
    }

    fn handle(&mut self, event: RuntimeEvent) {
        self.out.clear();
        self.pod.handle_event(at(NOW), Event::Runtime(event), &mut self.out).unwrap();
    }

    fn lets_object_go(&self) -> bool {
        self.out.iter().any(|output| matches!(output, Output::DeleteObject))
    }
}

#[test]
fn a_resumed_running_pod_is_not_restarted_and_keeps_its_status() {
    let object = object(json!({}), running(true));
    let agent = Agent::start(&object, listed(true, runs()));
    assert_eq!(agent.asked(), []);
    assert!(!agent.out.iter().any(|output| matches!(output, Output::Transition(_) | Output::Event(_))));
    let status = agent.pod.status_with(&agent.ids);
    assert_eq!(status.conditions, object.status.conditions);
    assert_eq!(status.container_statuses, object.status.container_statuses);
    assert_eq!((status.phase, status.start_time), (object.status.phase.clone(), Some(at(START))));
}

#[test]
fn the_active_deadline_counts_from_the_published_start_time() {
    let object = object(json!({"activeDeadlineSeconds": 3660}), running(true));
    let mut agent = Agent::start(&object, listed(true, runs()));
    let deadline = at("2026-03-01T13:01:00Z");
    assert!(agent.pod.poll_timeout().is_some_and(|wake| wake <= deadline));
    agent.pod.handle_timeout(deadline, &mut agent.out);
    assert!(matches!(*agent.asked(), [Action::StopContainer { .. }]));
}

#[test]
fn a_resumed_container_with_a_readiness_probe_keeps_its_readiness() {
    let probed = json!({"containers": [{"name": "app", "image": "app:1",
        "readinessProbe": {"periodSeconds": 10, "exec": {"command": ["true"]}}}]});
    let ready = |agent: &Agent| agent.pod.status().container_statuses[0].ready;
    assert!(ready(&Agent::start(&object(probed.clone(), running(true)), listed(true, runs()))));

    assert!(!ready(&Agent::start(&object(probed, running(false)), listed(true, runs()))));
}

#[test]
fn a_resumed_crashed_container_restarts_at_once_with_a_new_instance_id() {
    let mut status = running(false);
    status["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let mut agent = Agent::start(&object(json!({}), status), listed(true, exited(1)));
    let container = 0.into();
    assert_eq!(agent.asked(), [Action::InspectImage { container }]);
    agent.handle(RuntimeEvent::ImageInspected { container, result: Ok(true) });
    // The first two numbers are those of the listed instance and of the one before it, of which the status speaks.
    let instance = InstanceId::nth(2);
    assert_eq!(agent.asked(), [Action::CreateContainer { container, instance, restart_count: 3 }]);
}

#[test]
fn a_resumed_finished_pod_has_its_object_deleted_and_keeps_its_reason() {
    let status = json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory", "startTime": START,
        "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "image": "app:1", "imageID": "",
            "containerID": "cri://c", "state": {"terminated": {"exitCode": 137, "containerID": "cri://c"}}}]});
    let mut object = object(json!({}), status);
    let agent = Agent::start(&object, RuntimeStatus::default());
    assert_eq!((agent.pod.worker_state(), agent.lets_object_go()), (WorkerState::Finished, false));

    object.metadata.deletion_timestamp = Some(at(NOW));
    let agent = Agent::start(&object, RuntimeStatus::default());
    assert!(agent.lets_object_go());
    assert_eq!(agent.asked(), []);
    let status = agent.pod.status_with(&agent.ids);
    assert_eq!((agent.pod.phase(), &*status.reason, &*status.message), (PodPhase::Failed, "Evicted", "low on memory"));
    assert_eq!(status.container_statuses[0].state, object.status.container_statuses[0].state);
}

#[test]
fn containers_that_still_run_in_a_finished_pod_are_stopped() {
    let mut status = running(false);
    status["phase"] = json!("Failed");
    let agent = Agent::start(&object(json!({}), status), listed(true, runs()));
    assert!(matches!(*agent.asked(), [Action::StopContainer { .. }]));
    assert_eq!(agent.pod.phase(), PodPhase::Failed);
}

#[test]
fn a_resumed_pod_under_deletion_terminates_and_has_its_object_deleted() {
    let mut object = object(json!({}), running(true));
    object.metadata.deletion_timestamp = Some(at("2026-03-01T13:00:10Z"));
    object.metadata.deletion_grace_period_seconds = Some(30);
    let mut agent = Agent::start(&object, listed(true, runs()));
    assert!(matches!(*agent.asked(), [Action::StopContainer { .. }]));
    let (container, instance) = (0.into(), InstanceId::nth(0));
    agent.handle(RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(0) });
    agent.handle(RuntimeEvent::ContainerStopped { container, instance });
    assert_eq!(agent.asked(), [Action::StopPodSandbox { sandbox: SandboxId(0) }]);
    agent.handle(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) });
    assert_eq!((agent.pod.phase(), agent.lets_object_go()), (PodPhase::Succeeded, true));
}

#[test]
fn a_pod_first_seen_under_deletion_starts_nothing_and_finishes() {
    let mut object = object(json!({}), json!({"phase": "Pending"}));
    object.metadata.deletion_timestamp = Some(at(NOW));
    let (config, mut out) = (Arc::new(KubeletConfig::default()), Vec::new());
    let pod = PodMachine::from_object(&object, config, at(NOW), &mut out).unwrap();
    assert!(!out.iter().any(|output| matches!(output, Output::Action(_))));
    assert!(pod.phase().is_terminal());
    assert!(out.iter().any(|output| matches!(output, Output::DeleteObject)));
}

#[test]
fn a_dead_sandbox_is_replaced_with_the_next_attempt() {
    let agent = Agent::start(&object(json!({}), running(true)), listed(false, exited(137)));
    let made = Action::RunPodSandbox { sandbox: SandboxId(1) };
    assert!(agent.asked().contains(&made), "{:?}", agent.asked());
}

#[test]
fn a_resumed_pod_without_a_status_starts_in_the_existing_sandbox() {
    let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]});
    let runtime = RuntimeStatus { sandboxes: vec![sandbox(true)], instances: Vec::new() };
    let agent = Agent::start(&object(json!({}), status), runtime);
    assert_eq!(agent.asked(), [Action::InspectImage { container: 0.into() }]);
    assert_eq!(agent.pod.status().start_time, Some(at(NOW)));
}

#[test]
fn an_impossible_runtime_is_refused_and_uses_no_id() {
    let (object, config) = (object(json!({}), running(true)), Arc::new(KubeletConfig::default()));
    let mut ids = ContainerIds::default();
    let mut refused =
        |runtime| PodMachine::resume(&object, runtime, &mut ids, config.clone(), at(NOW), &mut Vec::new());

    let mut twice = listed(true, runs());
    twice.instances.push(twice.instances[0].clone());
    let error = refused(twice).unwrap_err();
    assert_eq!(error, ResumeError::Runtime(EventError::ListedTwice { container: Some("app".into()) }));
    assert_eq!(error.to_string(), "the runtime's list: the runtime lists an instance of container \"app\" twice");

    // The newest is first: the next sandbox has one attempt more than it.
    let mut reversed = listed(true, runs());
    reversed.sandboxes.push(Sandbox { id: SandboxId(7), attempt: 7, ..reversed.sandboxes[0] });
    let error = refused(reversed).unwrap_err();
    assert_eq!(error.to_string(), "the runtime's list: the runtime lists sandbox 0 before the newer sandbox 7");

    let mut astray = listed(true, runs());
    astray.instances[0].container = Some(9.into());
    let container = 9.into();
    assert_eq!(refused(astray), Err(ResumeError::Runtime(EventError::NoSuchContainer { container })));
    assert_eq!(ids, ContainerIds::default());
}

#[test]
fn any_status_can_be_resumed() {
    let containers = json!([
        {"name": "app", "restartCount": i32::MAX, "containerID": "x", "state": {"running": {}, "waiting": {}}},
        {"name": "app", "restartCount": -1, "containerID": "x"}, {"name": "unknown", "restartCount": 7},
    ]);
    let hostile = [
        json!({}),
        json!({"phase": "Asleep", "reason": "?", "startTime": "9999-12-31T23:59:59Z", "containerStatuses": containers}),
        json!({"phase": "Running", "startTime": "0001-01-01T00:00:00Z", "observedGeneration": i64::MIN}),
        json!({"phase": "Unknown", "conditions": [{"type": "Ready", "status": "Perhaps", "reason": "?"}]}),
        json!({"phase": "Succeeded", "ephemeralContainerStatuses": containers}),
    ];
    for status in hostile {
        for runtime in [RuntimeStatus::default(), listed(true, runs()), listed(false, exited(-1))] {
            let spec = json!({"activeDeadlineSeconds": i64::MAX});
            let mut agent = Agent::start(&object(spec, status.clone()), runtime);
            agent.pod.handle_timeout(at("2026-03-02T13:00:00Z"), &mut agent.out);
            assert!(agent.pod.status().phase.is_some());
        }
    }
}

/// The object, deleted with a grace.
fn deleted(mut object: PodManifest) -> PodManifest {
    object.metadata.deletion_timestamp = Some(at("2026-03-01T13:00:10Z"));
    object.metadata.deletion_grace_period_seconds = Some(10);
    object
}

fn times_let_go(out: &[Output]) -> usize {
    out.iter().filter(|output| matches!(output, Output::DeleteObject)).count()
}

#[test]
fn the_object_of_a_pod_that_finishes_under_deletion_is_deleted_once() {
    let object = object(json!({}), json!({"phase": "Pending"}));
    let mut agent = Agent::start(&object, RuntimeStatus::default());
    agent.handle(RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "no network".into() });
    agent.out.clear();
    agent.pod.observe(at(NOW), &deleted(object), &mut agent.out).unwrap();
    assert_eq!((agent.pod.worker_state(), times_let_go(&agent.out)), (WorkerState::Finished, 1));
}

#[test]
fn the_object_of_a_finished_pod_is_deleted_once_whichever_event_reports_the_deletion() {
    let object = object(json!({"restartPolicy": "Never"}), running(true));
    let over = || {
        let mut agent = Agent::start(&object, listed(true, exited(0)));
        agent.handle(RuntimeEvent::SandboxDied { sandbox: SandboxId(0) });
        assert_eq!((agent.pod.worker_state(), times_let_go(&agent.out)), (WorkerState::Finished, 0));
        agent.out.clear();
        agent
    };
    let mut watched = over();
    watched.pod.observe(at(NOW), &deleted(object.clone()), &mut watched.out).unwrap();
    let mut handled = over();
    let deletion = Event::Api(ApiEvent::Deleted { grace_seconds: 10, generation: None });
    handled.pod.handle_event(at(NOW), deletion, &mut handled.out).unwrap();
    assert_eq!((times_let_go(&watched.out), times_let_go(&handled.out)), (1, 1));
}

#[test]
fn a_pod_without_a_status_publishes_every_transition() {
    let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]});
    let object = object(json!({"nodeName": "node-1"}), status);
    let transitions = |out: &[Output]| -> Vec<Transition> {
        let found = out.iter().filter_map(|output| match output {
            Output::Transition(transition) => Some(transition.clone()),
            _ => None,
        });
        found.collect()
    };
    let mut out = Vec::new();
    PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), at(NOW), &mut out).unwrap();
    let resumed = Agent::start(&object, RuntimeStatus::default());
    assert!(!transitions(&out).is_empty());
    assert_eq!(transitions(&resumed.out), transitions(&out), "as of a Pod that never ran before");
}
