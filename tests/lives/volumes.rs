//! Volumes: mounts that take time or fail, claims, attachments, and the end of a Pod that waits for unmounts.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, NoSink, Output, PodMachine, Timestamp, WorkerState,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ApiEvent, BoundVolume, Event, EventError, NodeEvent, RuntimeEvent, VolumeAttachment},
    sim::{EntryKind, Scenario, ScriptActionKind, StatusMatcher, Timeline, VolumeScript},
    spec::VolumeIndex,
};
use serde_json::{Value, json};

fn pod() -> PodManifest {
    let mounts = |names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({"name": name, "mountPath": format!("/{name}")})).collect()
    };
    let spec = json!({
        "terminationGracePeriodSeconds": 30,
        "volumes": [
            {"name": "unused", "emptyDir": {}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "conf", "configMap": {"name": "conf"}},
        ],
        "containers": [{"name": "app", "image": "app:1", "volumeMounts": mounts(&["data", "conf"])}],
    });
    serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "shop", "uid": "uid-1"}, "spec": spec}))
        .unwrap()
}

fn scenario(script: impl FnOnce(VolumeScript) -> VolumeScript) -> Scenario {
    Scenario::of(pod()).volume("data", script)
}

fn play(script: impl FnOnce(VolumeScript) -> VolumeScript) -> Timeline {
    scenario(script).play().unwrap()
}

fn messages(timeline: &Timeline) -> Vec<&str> {
    timeline.events_with_reason("FailedMount").map(|event| &*event.message).collect()
}

fn actions(timeline: &Timeline, is_wanted: impl Fn(&Action) -> bool) -> Vec<Duration> {
    let wanted = |kind: &EntryKind| matches!(kind, EntryKind::Action(action) if is_wanted(action));
    let wanted = timeline.entries.iter().filter(|entry| wanted(&entry.kind));
    wanted.map(|entry| entry.at.since(timeline.start)).collect()
}

const DATA: u16 = 1;
const CONF: u16 = 2;

fn set_ups(timeline: &Timeline, volume: u16) -> Vec<Duration> {
    actions(timeline, |action| *action == Action::SetUpVolume { volume: volume.into() })
}

// --- Mounts ---

#[test]
fn a_pod_whose_volumes_are_mounted_at_once_starts_with_the_first_poll() {
    let timeline = play(|data| data);
    assert_eq!(timeline.first_ready(), Some(Duration::from_millis(300)));
    assert_eq!(
        actions(&timeline, |action| *action == Action::SetUpVolume { volume: 0.into() }),
        [],
        "no container mounts it"
    );
}

#[test]
fn without_the_volume_manager_volumes_count_as_mounted() {
    assert_eq!(Scenario::of(pod()).play().unwrap().first_ready(), Some(Duration::ZERO));
}

#[test]
fn a_mount_that_fails_is_retried_ever_later_and_each_failure_is_an_event() {
    let timeline = play(|data| data.mount_fails(4, "exit status 32"));
    let message = "MountVolume.SetUp failed for volume \"pv-data\" : exit status 32";
    assert_eq!(messages(&timeline), [message; 4]);
    let gaps: Vec<_> = set_ups(&timeline, DATA).windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    assert_eq!(gaps, [600, 1_100, 2_100, 4_100], "the next tick after 0.5 s, 1 s, 2 s and 4 s");
    assert_eq!(set_ups(&timeline, CONF).len(), 1, "the other volume does not wait");
}

#[test]
fn a_claim_that_is_missing_fails_the_sync_and_is_looked_up_again_with_the_next_one() {
    let timeline = play(|data| data.claim_exists_from(5).claim_bound_from(15));
    let message = |error: &str| {
        format!(
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process \
             volumes=[data]: error processing PVC shop/data: {error}"
        )
    };
    let missing = "failed to fetch PVC from API server: persistentvolumeclaims \"data\" not found";
    assert_eq!(messages(&timeline), [message(missing), message("PVC is not bound")]);
    assert_eq!(timeline.first_ready(), Some(Duration::from_millis(20_900)));
}

#[test]
fn a_volume_that_is_not_attached_is_waited_for_without_an_event() {
    let timeline = play(|data| data.attached_from(200));
    assert!(messages(&timeline).is_empty());
    // The first wait ends at 123 s, the second begins 10 s later.
    assert_eq!(timeline.first_ready(), Some(Duration::from_millis(200_200)));
}

#[test]
fn a_pod_beyond_the_nodes_limit_of_volumes_is_rejected_when_its_wait_ends() {
    let timeline = play(|data| data.attached_from(1_000).attach_limit_reached());
    let failed = timeline.first(PodPhase::Failed);
    assert_eq!(failed, Some(Duration::from_millis(123_300)), "once the other volume is unmounted");
    let status = timeline.status_at(Duration::from_secs(124)).unwrap();
    assert_eq!(status.reason, "VolumeAttachmentLimitExceeded");
    assert!(status.message.starts_with("Pod was rejected: Node has reached its volume attachment limit"));
    // Before 1.35 the gate is off, and the kubelet tries for ever.
    let mut older = scenario(|data| data.attached_from(1_000).attach_limit_reached());
    older.config.kubernetes = "1.34".parse().unwrap();
    assert!(!older.play().unwrap().was_ever(PodPhase::Failed));
}

#[test]
fn a_deletion_interrupts_the_wait_and_a_deadline_does_not() {
    let deleted = scenario(|data| data.attached_from(500)).delete_at(20).play().unwrap();
    // The other volume is mounted, so its unmount is waited for.
    assert_eq!(deleted.removed(), Some(Duration::from_millis(20_300)));
    let mut late = scenario(|data| data.attached_from(500));
    late.pod.spec.active_deadline_seconds = Some(15);
    assert_eq!(late.play().unwrap().first(PodPhase::Failed), Some(Duration::from_millis(123_300)));
}

#[test]
fn a_pod_deleted_after_its_last_mount_and_before_the_poll_starts_its_containers_first() {
    // Mounted at 0.2207 s, polled at 0.3 s.
    let timeline = scenario(|data| data).delete_at(0.25).play().unwrap();
    assert_eq!(actions(&timeline, |action| matches!(action, Action::StartContainer { .. })).len(), 1);
    assert!(timeline.removed().is_some());
}

// --- Unmounts ---

#[test]
fn the_object_stays_until_the_volumes_are_unmounted() {
    let timeline = scenario(|data| data.unmounted_in(7)).delete_at(30).play().unwrap();
    assert_eq!(timeline.first(PodPhase::Failed), Some(Duration::from_secs(30)), "it is over at once");
    assert_eq!(timeline.removed(), Some(Duration::from_millis(37_200)), "the first poll after 37.02 s");
}

#[test]
fn an_unmount_that_fails_has_no_event_and_no_time_limit() {
    let timeline = scenario(|data| data.unmount_fails(9, "device is busy")).delete_at(30).until(800).play().unwrap();
    assert!(messages(&timeline).is_empty());
    let tear_downs = actions(&timeline, |action| *action == Action::TearDownVolume { volume: DATA.into() });
    assert_eq!(tear_downs.len(), 10);
    assert!(timeline.removed().is_some_and(|removed| removed > Duration::from_secs(30 + 123)));
}

#[test]
fn a_restarted_kubelet_mounts_everything_again_while_the_containers_run() {
    let timeline = scenario(|data| data).at(60, ScriptActionKind::KubeletRestart).until(90).play().unwrap();
    assert_eq!(set_ups(&timeline, DATA).len(), 2);
    assert_eq!(timeline.restarts("app"), Some(0));
    assert!(timeline.time_in(StatusMatcher::ready()) > Duration::from_secs(89));
}

#[test]
fn a_resumed_pod_has_the_same_future_as_one_whose_kubelet_restarted_in_place() {
    for script in [
        (|data: VolumeScript| data) as fn(VolumeScript) -> VolumeScript,
        |data| data.attached_from(100),
        |data| data.mount_fails(9, "exit status 32"),
        |data| data.unmounted_in(20),
    ] {
        let scenario = scenario(script).at(40, ScriptActionKind::KubeletRestart).delete_at(130).until(300);
        let resumed = scenario.simulate().unwrap().with_resumed_restarts().play().unwrap();
        let in_place = scenario.play().unwrap();
        assert_eq!(resumed.entries.len(), in_place.entries.len());
        assert_eq!(resumed, in_place);
    }
}

#[test]
fn a_script_of_a_volume_that_nothing_mounts_is_a_mistake() {
    let error = Scenario::of(pod()).volume("unused", |it| it.mounted_in(3)).play().unwrap_err();
    assert_eq!(error.to_string(), "script.volumes.unused: the Pod mounts no volume \"unused\", it mounts data, conf");
}

// --- The embedder ---

/// A machine with a volume manager, and the time.
struct Node {
    pod: PodMachine,
    now: Timestamp,
    out: Vec<Output>,
}

impl Node {
    fn new() -> Node {
        let (now, mut out) = (Timestamp::from_unix_seconds(1_000), Vec::new());
        let config = Arc::new(KubeletConfig::default().with_volume_manager(true));
        let pod = PodMachine::from_object(&pod(), config, now, &mut out).unwrap();
        Node { pod, now, out }
    }

    /// Advances to the next wake-up, and returns the actions so far.
    fn wake(&mut self) -> Vec<Action> {
        self.now = self.pod.poll_timeout().unwrap();
        self.pod.handle_timeout(self.now, &mut self.out);
        self.actions()
    }

    fn actions(&mut self) -> Vec<Action> {
        let actions =
            self.out.drain(..).filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None });
        actions.collect()
    }

    fn send(&mut self, event: RuntimeEvent) -> Result<(), EventError> {
        Ok(self.pod.handle_event(self.now, Event::Runtime(event), &mut self.out)?)
    }

    /// Carries the Pod as far as its first mounts.
    fn until_mounts(&mut self) -> Vec<Action> {
        let fetched = self.wake();
        assert_eq!(fetched, [Action::FetchClaim { volume: DATA.into() }]);
        let bound = BoundVolume { name: "pv-7".into(), attachment: Some(VolumeAttachment::Attached) };
        self.send(RuntimeEvent::ClaimFetched { volume: DATA.into(), result: Ok(bound) }).unwrap();
        self.wake();
        self.wake()
    }
}

fn mounted(volume: u16) -> RuntimeEvent {
    RuntimeEvent::VolumeSetUp { volume: volume.into(), result: Ok(()) }
}

#[test]
fn an_embedder_mounts_in_the_order_of_names_and_a_mounted_pod_has_no_timer_of_volumes() {
    let mut node = Node::new();
    let set_up = |volume: u16| Action::SetUpVolume { volume: volume.into() };
    assert_eq!(node.until_mounts(), [set_up(CONF), set_up(DATA)]);
    node.send(mounted(CONF)).unwrap();
    node.send(mounted(DATA)).unwrap();
    assert_eq!(node.wake(), [Action::RunPodSandbox { sandbox: pod_lifecycle::state::SandboxId(0) }]);
    assert_eq!(node.pod.next_wake().map(|(_, wake)| format!("{wake:?}")), None, "the sync waits for its sandbox");
}

#[test]
fn events_of_volumes_that_are_late_foreign_or_doubled_are_refused_and_change_nothing() {
    let mut node = Node::new();
    let before = node.pod.clone();
    let none = VolumeIndex::from(9);
    let unused = VolumeIndex::from(0);
    for volume in [none, unused] {
        let refused = node.send(RuntimeEvent::VolumeSetUp { volume, result: Ok(()) });
        assert_eq!(refused, Err(EventError::NoSuchVolume { volume }));
    }
    let attached = VolumeAttachment::Attached;
    for early in [
        mounted(DATA),
        RuntimeEvent::VolumeTornDown { volume: DATA.into(), result: Ok(()) },
        RuntimeEvent::ClaimFetched { volume: DATA.into(), result: Err("PVC is not bound".into()) },
        RuntimeEvent::VolumeAttachmentChanged { volume: CONF.into(), attachment: attached },
    ] {
        assert!(node.send(early).unwrap_err().is_stale());
    }
    assert_eq!(node.pod, before);
    node.until_mounts();
    node.send(mounted(DATA)).unwrap();
    assert!(node.send(mounted(DATA)).unwrap_err().is_stale(), "it was mounted already");
    // The same events mean nothing to a Pod without a volume manager.
    let mut without =
        PodMachine::from_object(&pod(), Arc::new(KubeletConfig::default()), node.now, &mut NoSink).unwrap();
    let refused = without.handle_event(node.now, Event::Runtime(mounted(DATA)), &mut NoSink).unwrap_err();
    assert_eq!(refused.error, EventError::NoSuchVolume { volume: DATA.into() });
}

#[test]
fn a_mount_that_ends_after_the_pod_is_undone() {
    let mut node = Node::new();
    node.until_mounts();
    node.send(mounted(CONF)).unwrap();
    let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None });
    node.pod.handle_event(node.now, deleted, &mut node.out).unwrap();
    let tear_down = |volume: u16| Action::TearDownVolume { volume: volume.into() };
    while node.wake() != [tear_down(CONF)] {}
    node.send(RuntimeEvent::VolumeTornDown { volume: CONF.into(), result: Ok(()) }).unwrap();
    while node.pod.worker_state() != WorkerState::Finished {
        node.wake();
    }
    node.send(mounted(DATA)).unwrap();
    while node.wake() != [tear_down(DATA)] {}
    node.send(RuntimeEvent::VolumeTornDown { volume: DATA.into(), result: Ok(()) }).unwrap();
    assert_eq!(node.pod.poll_timeout(), None, "nothing is left");
}

#[test]
fn the_restart_of_a_kubelet_ends_a_wait_and_loses_the_calls_under_way() {
    let mut node = Node::new();
    node.until_mounts();
    node.pod.handle_event(node.now, Event::Node(NodeEvent::KubeletRestarted), &mut node.out).unwrap();
    assert!(node.send(mounted(DATA)).unwrap_err().is_stale());
    assert!(node.until_mounts().contains(&Action::SetUpVolume { volume: DATA.into() }));
}

#[test]
fn a_pod_that_waits_for_volumes_says_which_since_when_and_why() {
    let scenario = scenario(|data| data.never_mounts("exit status 32")).volume("conf", |conf| conf.mounted_in(9));
    let mut simulation = scenario.simulate().unwrap();
    simulation.advance(Duration::from_secs(5)).unwrap();
    let text = simulation.explain(simulation.now()).to_string();
    assert!(text.contains("its volumes `conf` and `data` are not mounted yet"), "{text}");
    assert!(text.contains("since 12:00:00"), "{text}");
    assert!(text.contains("`data` failed last with: exit status 32"), "{text}");
    simulation.advance(Duration::from_secs(10)).unwrap();
    let text = simulation.explain(simulation.now()).to_string();
    assert!(text.contains("its volume `data` is not mounted yet"), "{text}");
}

#[test]
fn a_pod_that_waits_for_unmounts_says_so() {
    let scenario = scenario(|data| data.unmounted_in(40)).delete_at(30);
    let mut simulation = scenario.simulate().unwrap();
    simulation.advance(Duration::from_secs(50)).unwrap();
    let text = simulation.explain(simulation.now()).to_string();
    assert!(text.contains("its containers have stopped, and its volume `data` is being unmounted"), "{text}");
}

#[cfg(feature = "snapshot")]
#[test]
fn a_pod_goes_on_from_a_snapshot_at_any_moment_of_its_waits() {
    let scenario = scenario(|data| data.claim_bound_from(12).mount_fails(2, "busy").unmount_fails(2, "busy"))
        .delete_at(60)
        .until(120);
    let expected = scenario.play().unwrap();
    let mut simulation = scenario.simulate().unwrap();
    let mut moments = 0;
    while simulation.step().unwrap().is_some() {
        let Some(pod) = simulation.pod() else { continue };
        let json = serde_json::to_string(&pod.snapshot()).unwrap();
        let restored = PodMachine::restore(serde_json::from_str(&json).unwrap(), pod.config().clone()).unwrap();
        assert_eq!(restored, *pod);
        moments += 1;
    }
    assert!(moments > 20);
    assert_eq!(simulation.into_timeline().entries, expected.entries);
}

#[test]
fn a_preemption_waits_for_the_end_of_the_containers_and_not_for_the_unmounts() {
    let mut node = Node::new();
    node.until_mounts();
    node.send(mounted(CONF)).unwrap();
    node.pod.handle_event(node.now, Event::Node(NodeEvent::Preempted), &mut node.out).unwrap();
    assert_eq!(node.pod.worker_state(), WorkerState::Terminated, "nothing runs, and a volume is mounted");
    // The sync loop goes on: it sees the deletion while the volume is unmounted.
    let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None });
    node.pod.handle_event(node.now, deleted, &mut node.out).unwrap();
    while !node.wake().contains(&Action::TearDownVolume { volume: CONF.into() }) {}
    node.send(RuntimeEvent::VolumeTornDown { volume: CONF.into(), result: Ok(()) }).unwrap();
    node.now = node.pod.poll_timeout().unwrap();
    node.pod.handle_timeout(node.now, &mut node.out);
    assert!(node.out.contains(&Output::DeleteObject));
}
