//! What costs memory, and what must not: a probe that changes nothing, and an event that changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::Duration,
};

use pod_lifecycle::{
    Action, EventReason, EventType, KubernetesEvent, NoSink, Output, PodMachine, Sink, Timestamp,
    api::{self, Name},
    config::KubeletConfig,
    event::{ApiEvent, ContainerExit, Event, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, PodSpec, ProbeKind},
    state::{ContainerIds, InstanceId},
    status::{Correlated, EventRecorder},
};

/// The system's allocator, which counts for each thread by itself.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
    static TRAPS: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as isize);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as isize - layout.size() as isize);
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

fn count(bytes: isize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    BYTES.set(BYTES.get() + bytes);
    if TRAPS.replace(false) && std::env::var_os("POD_LIFECYCLE_TRAP").is_some() {
        eprintln!("an allocation of {bytes} bytes at {}", std::backtrace::Backtrace::force_capture());
    }
}

/// How often something allocates; with `POD_LIFECYCLE_TRAP` set, where it does so first.
fn allocations(work: impl FnOnce()) -> usize {
    TRAPS.set(true);
    let before = ALLOCATIONS.get();
    work();
    TRAPS.set(false);
    ALLOCATIONS.get() - before
}

#[test]
fn a_probe_that_changes_nothing_allocates_nothing() {
    for kind in [ProbeKind::Liveness, ProbeKind::Readiness] {
        let (mut pod, now) = running(1, Some(kind));
        let ask = next_probe(&mut pod, now);
        assert_eq!(ask.allocations, 0, "{kind}: to ask");
        let answer = success(0.into(), kind);
        let now = ask.at;
        let allocated = allocations(|| pod.handle_event(now, answer, &mut NoSink).unwrap());
        assert_eq!(allocated, 0, "{kind}: to handle the answer");
    }
}

#[test]
fn a_probe_that_changes_nothing_allocates_nothing_with_a_list_that_is_used_again() {
    let (mut pod, now) = running(1, Some(ProbeKind::Readiness));
    let mut out: Vec<Output> = Vec::with_capacity(16);
    let at = pod.poll_timeout().unwrap().max(now);
    let allocated = allocations(|| pod.handle_timeout(at, &mut out));
    assert_eq!(allocated, 0, "to ask: {out:?}");
    assert!(matches!(out.as_slice(), [Output::Action(Action::Probe { .. })]), "{out:?}");
    out.clear();
    let allocated = allocations(|| pod.handle_event(at, success(0.into(), ProbeKind::Readiness), &mut out).unwrap());
    assert_eq!(allocated, 0, "to handle the answer");
    assert_eq!(out, []);
}

#[test]
fn a_refusal_allocates_no_more_than_the_event_that_it_gives_back_and_the_containers_name() {
    let (mut pod, now) = running(1, Some(ProbeKind::Liveness));
    let container = 0.into();
    let stale = ContainerExit::with_code(0);
    let events = [
        RuntimeEvent::ContainerExited { container: 9.into(), instance: InstanceId::nth(0), exit: stale.clone() },
        RuntimeEvent::ContainerExited { container, instance: InstanceId::nth(7), exit: stale },
        RuntimeEvent::ContainerStarted { container, instance: InstanceId::nth(0), started_at: None, result: Ok(()) },
        RuntimeEvent::ImageInspected { container, result: Ok(true) },
        RuntimeEvent::SandboxDied { sandbox: pod_lifecycle::state::SandboxId(9) },
    ];
    for event in events {
        let shown = format!("{event:?}");
        let mut result = Ok(());
        let allocated = allocations(|| result = pod.handle_event(now, Event::Runtime(event), &mut NoSink));
        assert!(result.is_err(), "{shown}");
        let names = usize::from(format!("{result:?}").contains("app0"));
        assert_eq!(allocated, names + 1, "{shown}: {result:?}");
    }
}

#[test]
fn a_pod_without_volumes_pays_nothing_for_a_volume_manager() {
    let (mut pod, now) = running(1, None);
    let spec = pod.spec().clone();
    let started = |is_on: bool| {
        let config = Arc::new(KubeletConfig::default().with_volume_manager(is_on));
        let (allocated, bytes) = (ALLOCATIONS.get(), BYTES.get());
        let pod = PodMachine::new(spec.clone(), config, now, &mut NoSink);
        let cost = (ALLOCATIONS.get() - allocated, BYTES.get() - bytes);
        drop(pod);
        cost
    };
    assert_eq!(started(true), started(false));
    pod.handle_timeout(pod.poll_timeout().unwrap(), &mut NoSink);
}

#[test]
fn the_sync_of_a_pod_whose_volumes_are_mounted_allocates_no_more_than_that_of_one_without() {
    let resync = |volumes: &str, is_on: bool| {
        let object = format!(
            r#"{{"metadata": {{"name": "web"}}, "spec": {{"volumes": [{{"name": "conf", "configMap": {{"name": "conf"}}}}],
                "containers": [{{"name": "app0", "image": "nginx:1", "volumeMounts": [{volumes}]}}]}}}}"#
        );
        let object: api::PodManifest = serde_json::from_str(&object).unwrap();
        let mut config = KubeletConfig::default().with_volume_manager(is_on);
        config.fast_path = config.fast_path.without(pod_lifecycle::config::FastPath::RESYNC);
        let (mut now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
        let mut pod = PodMachine::from_object(&object, Arc::new(config), now, &mut out).unwrap();
        // Until the first resync: every wake-up before belongs to the start.
        while now < Timestamp::from_unix_seconds(5) {
            answer_all(&mut pod, now, &mut out);
            now = pod.poll_timeout().unwrap();
            if now < Timestamp::from_unix_seconds(5) {
                pod.handle_timeout(now, &mut out);
            }
        }
        allocations(|| pod.handle_timeout(now, &mut NoSink))
    };
    let mount = r#"{"name": "conf", "mountPath": "/conf"}"#;
    assert_eq!(resync(mount, true), resync("", false));
}

#[test]
fn a_relist_of_what_is_known_allocates_nothing() {
    let (mut pod, now) = running(2, None);
    let known = Event::Runtime(RuntimeEvent::Relisted(pod.runtime().clone()));
    assert_eq!(allocations(|| pod.handle_event(now, known, &mut NoSink).unwrap()), 0);
}

#[test]
fn a_spurious_time_out_allocates_nothing() {
    let (mut pod, now) = running(2, Some(ProbeKind::Liveness));
    assert_eq!(allocations(|| pod.handle_timeout(now, &mut NoSink)), 0);
}

#[test]
fn a_deletion_told_twice_allocates_nothing_the_second_time() {
    let (mut pod, now) = running(1, None);
    let delete = Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None });
    pod.handle_event(now, delete.clone(), &mut NoSink).unwrap();
    assert_eq!(allocations(|| pod.handle_event(now, delete, &mut NoSink).unwrap()), 0);
}

#[cfg(feature = "sim")]
#[test]
fn a_pod_of_a_fleet_is_small() {
    const PODS: isize = 4_000;
    let before = BYTES.get();
    let mut fleet = fleet_with_two_probes(PODS as u64);
    fleet.advance(Duration::from_secs(180)).unwrap();
    let weight = (BYTES.get() - before) / PODS;
    println!("a Pod of a fleet with one container and two probes: {weight} bytes");
    assert!(weight <= 800, "{weight}");
}

#[cfg(feature = "sim")]
fn fleet_with_two_probes(pods: u64) -> pod_lifecycle::sim::Fleet {
    use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    let probe = serde_json::json!({"httpGet": {"port": 80}, "periodSeconds": 10});
    let app = serde_json::json!({"name": "app", "image": "web:1", "livenessProbe": probe, "readinessProbe": probe});
    let pod = serde_json::json!({"metadata": {"name": "web"}, "spec": {"containers": [app]}});
    Fleet::new(&FleetScenario::of(Scenario::of(serde_json::from_value(pod).unwrap())), pods).unwrap()
}

#[cfg(feature = "sim")]
#[test]
fn a_fleet_in_which_nothing_changes_allocates_nothing_periodic_syncs_included() {
    let mut fleet = fleet_with_two_probes(100);
    fleet.advance(Duration::from_secs(180)).unwrap();
    let before = fleet.events();
    assert_eq!(allocations(|| fleet.advance(Duration::from_secs(600)).unwrap()), 0);
    // Two probes, each a tick and an answer, and ten periodic syncs.
    assert!(fleet.events() - before >= 100 * (4 * 60 + 10), "{}", fleet.events() - before);
}

#[test]
fn what_is_remembered_of_a_pods_events_is_small() {
    const PODS: isize = 1_000;
    let spec = |n: isize| {
        let metadata = format!(r#"{{"name": "web-6d4cf56db6-{n:05}", "namespace": "default", "uid": "{n:036}"}}"#);
        let manifest = format!(
            r#"{{"metadata": {metadata}, "spec": {{"containers": [{{"name": "nginx", "image": "nginx:1.27"}}]}}}}"#
        );
        PodSpec::from_manifest(serde_json::from_str(&manifest).unwrap()).unwrap()
    };
    let recorded = [
        (EventReason::Pulled, "Container image \"nginx:1.27\" already present on machine"),
        (EventReason::Created, "Container created"),
        (EventReason::Started, "Container started"),
    ];
    let at = Timestamp::from_unix_seconds(1_772_366_400);
    let specs: Vec<PodSpec> = (0..PODS).map(spec).collect();
    let mut recorder = EventRecorder::kubelet("fake-0");
    let before = BYTES.get();
    for spec in &specs {
        for (reason, message) in &recorded {
            let (type_, container, message) = (EventType::Normal, Some(0.into()), (*message).into());
            let event = KubernetesEvent { at, type_, reason: reason.name().into(), container, message };
            assert!(matches!(recorder.record(spec, &event), Correlated::Create(_)));
        }
    }
    let weight = (BYTES.get() - before) / PODS;
    println!("three events of a Pod in a recorder: {weight} bytes");
    assert!(weight <= 2_400, "{weight}");
}

#[test]
fn the_ids_of_an_instance_take_little_more_than_their_letters() {
    let (id, image) = (format!("containerd://{:064}", 7), "docker.io/library/nginx:1.27");
    let before = BYTES.get();
    let mut ids = ContainerIds::default();
    ids.record(0.into(), InstanceId::nth(0), &id);
    ids.record_image(0.into(), InstanceId::nth(0), image, &id);
    let weight = BYTES.get() - before;
    println!("the ids of an instance: {weight} bytes");
    assert!(weight <= 700, "{weight}");
}

/// Printed, not asserted: budgets of memory are looked at with `--nocapture`.
#[test]
fn a_healthy_pod_is_weighed() {
    let mut weights = Vec::new();
    for containers in [1, 2, 5] {
        let (pod, _) = running(containers, None);
        let before = BYTES.get();
        let twin = std::hint::black_box(pod.clone());
        let weight = BYTES.get() - before;
        drop(twin);
        println!("a healthy running Pod with {containers} containers: {weight} bytes on the heap");
        weights.push(weight);
    }
    assert!(weights.is_sorted());
}

struct Asked {
    at: Timestamp,
    allocations: usize,
}

/// Lets time pass until the Pod asks a probe.
fn next_probe(pod: &mut PodMachine, now: Timestamp) -> Asked {
    let at = pod.poll_timeout().unwrap().max(now);
    let mut asks = Asks(0);
    let allocations = allocations(|| pod.handle_timeout(at, &mut asks));
    assert_eq!(asks.0, 1, "one probe is due at {at:?}");
    Asked { at, allocations }
}

struct Asks(usize);

impl Sink for Asks {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.0 += usize::from(matches!(action, Action::Probe { .. }));
    }
}

fn success(container: ContainerIndex, kind: ProbeKind) -> Event {
    let instance = InstanceId::nth(0);
    Event::Runtime(RuntimeEvent::ProbeFinished {
        container,
        instance,
        kind,
        outcome: ProbeOutcome::Success,
        output: "".into(),
    })
}

/// A Pod whose containers run and are well; its probes have been answered a few times.
fn running(containers: usize, probe: Option<ProbeKind>) -> (PodMachine, Timestamp) {
    let probe = match probe {
        Some(ProbeKind::Liveness) => r#", "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 5}"#,
        Some(ProbeKind::Readiness) => r#", "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 5}"#,
        Some(ProbeKind::Startup) | None => "",
    };
    let list: Vec<String> =
        (0..containers).map(|n| format!(r#"{{"name": "app{n}", "image": "nginx:1"{probe}}}"#)).collect();
    let manifest = format!(r#"{{"metadata": {{"name": "web"}}, "spec": {{"containers": [{}]}}}}"#, list.join(", "));
    let manifest: api::PodManifest = serde_json::from_str(&manifest).unwrap();
    let spec = Arc::new(PodSpec::from_manifest(manifest).unwrap());
    let config = KubeletConfig::default().with_resync_period(Duration::from_secs(3_600));
    let mut now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut out = Vec::new();
    let mut pod = PodMachine::new(spec, Arc::new(config), now, &mut out);
    answer_all(&mut pod, now, &mut out);
    for _ in 0..4 {
        let Some(at) = pod.poll_timeout().filter(|at| at.since(now) < Duration::from_secs(60)) else { break };
        now = at;
        pod.handle_timeout(now, &mut out);
        answer_all(&mut pod, now, &mut out);
    }
    (pod, now)
}

fn answer_all(pod: &mut PodMachine, now: Timestamp, out: &mut Vec<Output>) {
    while !out.is_empty() {
        for output in std::mem::take(out) {
            let Output::Action(action) = output else { continue };
            let answer = match action {
                Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
                Action::InspectImage { container } => RuntimeEvent::ImageInspected { container, result: Ok(true) },
                Action::CreateContainer { container, instance, .. } => {
                    RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) }
                }
                Action::StartContainer { container, instance } => {
                    RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) }
                }
                Action::SetUpVolume { volume } => RuntimeEvent::VolumeSetUp { volume, result: Ok(()) },
                Action::Probe { container, kind, .. } => {
                    pod.handle_event(now, success(container, kind), out).unwrap();
                    continue;
                }
                Action::StopPodSandbox { .. }
                | Action::RemovePodSandbox { .. }
                | Action::PullImage { .. }
                | Action::InspectVolumeImage { .. }
                | Action::PullVolumeImage { .. }
                | Action::StopContainer { .. }
                | Action::RemoveContainer { .. }
                | Action::RunHook { .. }
                | Action::FetchClaim { .. }
                | Action::TearDownVolume { .. } => panic!("a healthy Pod does not ask for this"),
                _ => panic!("{action:?} is new here"),
            };
            pod.handle_event(now, Event::Runtime(answer), out).unwrap();
        }
    }
}
