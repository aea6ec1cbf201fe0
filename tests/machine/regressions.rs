//! Regressions found by fuzzing, each as the shortest sequence of events that shows it.

use std::{sync::Arc, sync::mpsc, thread, time::Duration};

use pod_lifecycle::{
    Action, Change, NoSink, Output, PodMachine, Timestamp, Transition, Wake, WorkerState,
    api::{self, PodPhase},
    config::{AdmittedPod, KubeletConfig, NodeInfo},
    event::{ApiEvent, ContainerExit, Event, Failure, NodeEvent, RuntimeEvent},
    spec::PodSpec,
    state::{Instance, InstanceId, InstanceState, SandboxId, StartError},
};

const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

fn spec(spec: &str) -> Arc<PodSpec> {
    let manifest = format!(r#"{{"metadata": {{"name": "web"}}, "spec": {spec}}}"#);
    let manifest: api::PodManifest = serde_json::from_str(&manifest).unwrap();
    Arc::new(PodSpec::from_manifest(manifest).unwrap())
}

fn pod(text: &str) -> PodMachine {
    PodMachine::new(spec(text), Arc::new(KubeletConfig::default()), START, &mut NoSink)
}

fn handle(pod: &mut PodMachine, events: impl IntoIterator<Item = RuntimeEvent>) {
    for event in events {
        let shown = format!("{event:?}");
        pod.handle_event(START, Event::Runtime(event), &mut NoSink).unwrap_or_else(|error| panic!("{shown}: {error}"));
    }
}

fn sandbox(n: u32) -> RuntimeEvent {
    RuntimeEvent::SandboxCreated { sandbox: SandboxId(n), has_ip: Some(true) }
}

fn start(place: u16, n: u32) -> [RuntimeEvent; 3] {
    let (container, instance) = (place.into(), InstanceId::nth(n));
    [
        RuntimeEvent::ImageInspected { container, result: Ok(true) },
        RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) },
        RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) },
    ]
}

#[test]
fn a_phase_that_others_have_set_is_written_over_with_the_next_status() {
    let mut pod = pod(r#"{"containers": [{"name": "app", "image": "nginx:1"}, {"name": "log", "image": "nginx:1"}]}"#);
    handle(&mut pod, [sandbox(0)]);
    let [inspected, created, started] = start(0, 0);
    handle(&mut pod, [inspected]);
    for event in [ApiEvent::Deleted { grace_seconds: 20, generation: None }, ApiEvent::Ended(PodPhase::Failed)] {
        pod.handle_event(START, Event::Api(event), &mut NoSink).unwrap();
    }
    assert_eq!(pod.phase(), PodPhase::Failed);
    handle(&mut pod, [created, started]);
    handle(&mut pod, start(1, 0));
    assert_eq!(pod.phase(), PodPhase::Pending, "the kubelet's next status has its own phase");
}

#[test]
fn a_terminal_phase_set_by_others_is_published_and_final() {
    let (mut pod, mut out) = (pod(r#"{"containers": [{"name": "app", "image": "nginx:1"}]}"#), Vec::new());
    for phase in [PodPhase::Failed, PodPhase::Succeeded] {
        pod.handle_event(START, Event::Api(ApiEvent::Ended(phase)), &mut out).unwrap();
    }
    let is_phase =
        |output: &&Output| matches!(output, Output::Transition(Transition { change: Change::Phase { .. }, .. }));
    let change = Change::Phase { from: Some(PodPhase::Pending), to: PodPhase::Failed };
    let phases: Vec<&Output> = out.iter().filter(is_phase).collect();
    assert_eq!(phases, [&Output::Transition(Transition { at: START, change })]);
    assert_eq!(pod.phase(), PodPhase::Failed);
}

#[test]
fn an_init_container_that_alternates_between_relists_is_no_livelock() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut pod = pod(r#"{"readinessGates": [{"conditionType": "example.com/warm"}],
                "initContainers": [{"name": "setup", "image": "nginx:1"},
                    {"name": "proxy", "image": "nginx:1", "restartPolicy": "Always",
                     "readinessProbe": {"exec": {"command": ["true"]}}}],
                "containers": [{"name": "app", "image": "nginx:1"}]}"#);
        let setup = 0.into();
        let failure = Failure { error: StartError::CreateContainerError, message: "it broke".into() };
        handle(
            &mut pod,
            [
                sandbox(0),
                RuntimeEvent::ImageInspected { container: setup, result: Ok(true) },
                RuntimeEvent::ContainerCreated { container: setup, instance: InstanceId::nth(0), result: Err(failure) },
            ],
        );
        let running = |place: u16| Instance {
            id: InstanceId::nth(0),
            container: Some(place.into()),
            sandbox: SandboxId(0),
            restart_count: 0,
            spec_changed: false,
            state: InstanceState::Running { started_at: Some(START) },
        };
        let mut listed = pod.runtime().clone();
        listed.instances = vec![running(2), running(1)];
        let failed = Err("no answer".into());
        handle(
            &mut pod,
            [RuntimeEvent::Relisted(listed), RuntimeEvent::ImageInspected { container: setup, result: failed }],
        );
        sender.send(())
    });
    let ended = receiver.recv_timeout(Duration::from_secs(5));
    assert!(ended.is_ok(), "time stands still");
}

#[test]
fn a_pod_that_is_finished_still_has_its_dead_sandboxes_removed() {
    let mut pod = pod(r#"{"restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx:1"}]}"#);
    let died = RuntimeEvent::SandboxDied { sandbox: SandboxId(0) };
    let inspected = RuntimeEvent::ImageInspected { container: 0.into(), result: Err("no sandbox".into()) };
    handle(&mut pod, [sandbox(0), died, inspected, sandbox(1)]);
    handle(&mut pod, start(0, 0));
    let exit = ContainerExit::with_code(0);
    handle(&mut pod, [RuntimeEvent::ContainerExited { container: 0.into(), instance: InstanceId::nth(0), exit }]);
    handle(&mut pod, [RuntimeEvent::SandboxDied { sandbox: SandboxId(1) }]);
    assert_eq!((pod.worker_state(), pod.runtime().sandboxes.len()), (WorkerState::Finished, 2));
    let (mut last, mut out) = (START, Vec::new());
    while let Some(at) = pod.poll_timeout() {
        last = at;
        pod.handle_timeout(at, &mut out);
    }
    assert_eq!(last, START + Duration::from_secs(60));
    assert_eq!(out, [Output::Action(Action::RemovePodSandbox { sandbox: SandboxId(0) })]);
}

#[test]
fn an_equal_spec_changes_nothing_even_at_another_address() {
    let mut pod = pod(r#"{"containers": [{"name": "app", "image": "nginx:1"}]}"#);
    handle(&mut pod, [sandbox(0)]);
    handle(&mut pod, start(0, 0));
    let newer = spec(r#"{"containers": [{"name": "app", "image": "nginx:2"}]}"#);
    let change_spec = |pod: &mut PodMachine, spec: &Arc<PodSpec>| {
        pod.handle_event(START, Event::Api(ApiEvent::SpecChanged(spec.clone())), &mut NoSink).unwrap();
    };
    change_spec(&mut pod, &newer);
    let (container, instance) = (0.into(), InstanceId::nth(0));
    let exit = ContainerExit::with_code(143);
    let ended = RuntimeEvent::ContainerExited { container, instance, exit };
    handle(&mut pod, [ended, RuntimeEvent::ContainerStopped { container, instance }]);
    handle(&mut pod, start(0, 1));
    let mut twin = pod.clone();
    change_spec(&mut pod, &newer);
    change_spec(&mut twin, &Arc::new((*newer).clone()));
    let mut listed = pod.runtime().clone();
    let former = listed.instances.iter_mut().find(|listed| listed.id == instance).unwrap();
    assert!(former.spec_changed, "it was made for the image of before: {former:?}");
    former.spec_changed = false;
    for pod in [&mut pod, &mut twin] {
        handle(pod, [RuntimeEvent::Relisted(listed.clone())]);
        let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 5, generation: None });
        pod.handle_event(START, deleted, &mut NoSink).unwrap();
    }
    assert_eq!(pod, twin);
}

/// Returns a Pod that runs on a node with room, whose writes of a status take this long.
fn resizable(write_time: Duration) -> PodMachine {
    let config = KubeletConfig::default().with_node(node("4")).with_status_write_time(Some(write_time));
    let mut pod = PodMachine::new(spec(&requesting("1")), Arc::new(config), START, &mut NoSink);
    handle(&mut pod, [sandbox(0)]);
    handle(&mut pod, start(0, 0));
    pod
}

fn requesting(cpu: &str) -> String {
    let resources = format!(r#"{{"requests": {{"cpu": "{cpu}"}}}}"#);
    format!(
        r#"{{"restartPolicy": "Never", "containers": [{{"name": "app", "image": "nginx:1", "resources": {resources}}}]}}"#
    )
}

fn node(cpu: &str) -> NodeInfo {
    NodeInfo::with_allocatable([("cpu", cpu), ("memory", "4Gi"), ("pods", "110")]).unwrap()
}

#[test]
fn a_refused_pod_whose_containers_do_not_stop_is_not_failed_and_its_status_is_not_due_for_ever() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut pod = resizable(Duration::from_millis(50));
        for event in [NodeEvent::InfoChanged(Arc::new(node("500m"))), NodeEvent::KubeletRestarted] {
            pod.handle_event(START, Event::Node(event), &mut NoSink).unwrap();
        }
        // Housekeeping stops the container, and the runtime does not answer.
        assert_eq!(pod.worker_state(), WorkerState::Rejected);
        pod.handle_timeout(START + Duration::from_secs(3_600), &mut NoSink);
        sender.send(pod.phase())
    });
    let phase = receiver.recv_timeout(Duration::from_secs(20)).expect("the wake-up of the status ends");
    assert_ne!(phase, PodPhase::Failed);
}

#[test]
fn a_pod_that_has_finished_retries_no_resize() {
    let mut pod = resizable(Duration::ZERO);
    let exit = ContainerExit::with_code(0);
    handle(&mut pod, [RuntimeEvent::ContainerExited { container: 0.into(), instance: InstanceId::nth(0), exit }]);
    handle(&mut pod, [RuntimeEvent::SandboxDied { sandbox: SandboxId(0) }]);
    assert_eq!((pod.worker_state(), pod.phase()), (WorkerState::Finished, PodPhase::Succeeded));
    let other = AdmittedPod::named("db").with_requests([("cpu", "1")]).unwrap();
    let crowded = Event::Node(NodeEvent::InfoChanged(Arc::new(node("4").with_pod(other))));
    pod.handle_event(START, crowded, &mut NoSink).unwrap();
    pod.handle_event(START, Event::Api(ApiEvent::SpecChanged(spec(&requesting("3900m")))), &mut NoSink).unwrap();
    assert!(!matches!(pod.next_wake(), Some((_, Wake::ResizeRetry))), "{:?}", pod.next_wake());
}
