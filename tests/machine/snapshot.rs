//! Snapshots: save and restore, and invalid snapshots.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    NoSink, PodMachine, PodSnapshot, SnapshotError, Timestamp,
    config::KubeletConfig,
    event::{ApiEvent, Event, NodeEvent, RuntimeEvent},
    spec::PodSpec,
    state::{InstanceId, SandboxId},
};
use serde_json::{Value, json};

const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// Returns Pods during a start, a stop with a hook, and a preemption that blocks the sync loop.
fn pods() -> Vec<PodMachine> {
    let spec = json!({
        "initContainers": [{"name": "proxy", "image": "a:1", "restartPolicy": "Always"}],
        "containers": [{
            "name": "app", "image": "b:1",
            "livenessProbe": {"exec": {"command": ["x"]}}, "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
        }],
    });
    let manifest = serde_json::from_value(json!({"metadata": {"name": "web", "uid": "u"}, "spec": spec})).unwrap();
    let spec = Arc::new(PodSpec::from_manifest(manifest).unwrap());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), START, &mut NoSink);
    let mut pods = vec![pod.clone()];
    let mut handle = |event: Event| {
        pod.handle_event(START, event, &mut NoSink).unwrap();
        pods.push(pod.clone());
    };
    handle(Event::Runtime(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) }));
    for container in [0.into(), 1.into()] {
        let (instance, result) = (InstanceId::nth(0), Ok(()));
        handle(Event::Runtime(RuntimeEvent::ImageInspected { container, result: Ok(true) }));
        handle(Event::Runtime(RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) }));
        handle(Event::Runtime(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result }));
    }
    handle(Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None }));
    handle(Event::Node(NodeEvent::Preempted));
    pods
}

fn config() -> Arc<KubeletConfig> {
    Arc::new(KubeletConfig::default())
}

/// Restores a snapshot with one changed value.
fn changed(
    pod: &PodMachine,
    pointer: &str,
    value: Value,
) -> Result<Result<PodMachine, SnapshotError>, serde_json::Error> {
    let mut written = serde_json::to_value(pod.snapshot()).unwrap();
    *written.pointer_mut(pointer).unwrap() = value;
    serde_json::from_value(written).map(|snapshot| PodMachine::restore(snapshot, config()))
}

#[test]
fn a_snapshot_of_another_version_is_refused_with_both_versions_in_the_error() {
    let error = changed(&pods()[0], "/version", json!(7)).unwrap_err();
    assert_eq!(error.to_string(), "a snapshot of version 7, and only 2 is known");
}

#[test]
fn a_snapshot_with_an_unknown_container_is_refused() {
    let pods = pods();
    let running = pods.last().unwrap();
    let place = "/kubelet/pleg/runtime/instances/0/container";
    let error = SnapshotError::NoSuchContainer { field: "pleg.runtime", place: 9 };
    assert_eq!(changed(running, place, json!(9)).unwrap(), Err(error));
}

#[test]
fn a_snapshot_with_missing_or_surplus_entries_is_refused() {
    let pod = &pods()[0];
    assert_eq!(
        changed(pod, "/kubelet/runtimeManager/containers", json!([])).unwrap(),
        Err(SnapshotError::WrongCount { field: "runtimeManager.containers" })
    );
    assert_eq!(
        changed(pod, "/kubelet/proberManager", json!([])).unwrap(),
        Err(SnapshotError::WrongCount { field: "proberManager" })
    );
    assert_eq!(
        changed(pod, "/kubelet/object/spec/uid", json!("other")).unwrap(),
        Err(SnapshotError::AnotherPod { field: "object" })
    );
}

#[test]
fn a_snapshot_with_a_worker_that_waits_for_nothing_is_refused() {
    let pods = pods();
    let stopping = pods.last().unwrap();
    let field = "worker.sync.stops";
    let refused = changed(stopping, "/worker/sync/stops", json!([])).unwrap();
    assert!(matches!(refused, Err(SnapshotError::Inconsistency { field: it, .. }) if it == field), "{refused:?}");
    let refused = changed(stopping, "/worker/termination/killTimeouts", json!([])).unwrap();
    assert!(matches!(refused, Err(SnapshotError::Inconsistency { .. })), "{refused:?}");
}

#[test]
fn a_truncated_or_damaged_snapshot_is_an_error_or_a_working_pod() {
    for pod in pods() {
        let written = postcard::to_stdvec(&pod.snapshot()).unwrap();
        for length in 0..written.len() {
            assert!(postcard::from_bytes::<PodSnapshot>(&written[..length]).is_err(), "{length} bytes are enough");
        }
        for place in 0..written.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut spoilt = written.clone();
                spoilt[place] ^= flip;
                let Ok(snapshot) = postcard::from_bytes::<PodSnapshot>(&spoilt) else { continue };
                if let Ok(restored) = PodMachine::restore(snapshot, config()) {
                    live_on(restored);
                }
            }
        }
    }
}

/// Checks that a restored Pod still handles time and events.
fn live_on(mut pod: PodMachine) {
    for minutes in 1..4 {
        let now = START + Duration::from_secs(60 * minutes);
        pod.handle_timeout(now, &mut NoSink);
        assert!(pod.poll_timeout().is_none_or(|at| at > now), "{:?} is due at {now:?}", pod.next_wake());
    }
    let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 1, generation: None });
    let _ = pod.handle_event(START + Duration::from_secs(600), deleted, &mut NoSink);
    let _ = pod.status();
    #[cfg(feature = "explain")]
    let _ = pod.explain(START);
}
