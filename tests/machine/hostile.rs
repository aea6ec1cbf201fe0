//! Extreme sizes, times and texts.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    NoSink, Output, PodMachine, Timestamp,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ContainerExit, Event, RuntimeEvent},
    spec::PodSpec,
    state::{InstanceId, SandboxId},
};
use serde_json::{Value, json};

fn manifest(spec: Value) -> PodManifest {
    serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap()
}

fn app() -> Arc<PodSpec> {
    Arc::new(PodSpec::from_manifest(manifest(json!({"containers": [{"name": "app", "image": "nginx:1"}]}))).unwrap())
}

/// Starts the sandbox and the container.
fn up(pod: &mut PodMachine, now: Timestamp) {
    let (container, instance, result) = (0.into(), InstanceId::nth(0), Ok(()));
    for event in [
        RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) },
        RuntimeEvent::ImageInspected { container, result: Ok(true) },
        RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) },
        RuntimeEvent::ContainerStarted { container, instance, started_at: None, result },
    ] {
        pod.handle_event(now, Event::Runtime(event), &mut NoSink).unwrap();
    }
}

#[test]
fn a_pod_works_at_the_maximum_timestamp() {
    let end = Timestamp::from_unix_micros(i64::MAX);
    for resync_period in [Duration::MAX, Duration::from_secs(60)] {
        let config = KubeletConfig::default().with_resync_period(resync_period);
        let mut pod = PodMachine::new(app(), Arc::new(config), end, &mut NoSink);
        up(&mut pod, end);
        pod.handle_timeout(end, &mut NoSink);
        assert_eq!((pod.poll_timeout(), pod.phase()), (None, PodPhase::Running));
    }
}

#[test]
fn a_clock_set_back_fires_no_timer() {
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut pod = PodMachine::new(app(), Arc::new(KubeletConfig::default()), now, &mut NoSink);
    up(&mut pod, now);
    let (due, mut out) = (pod.poll_timeout(), Vec::new());
    let earlier = now - Duration::from_secs(86_400);
    pod.handle_timeout(earlier, &mut out);
    assert_eq!((pod.poll_timeout(), out), (due, Vec::<Output>::new()));
    let (container, instance, exit) = (0.into(), InstanceId::nth(0), ContainerExit::with_code(1));
    let died = RuntimeEvent::ContainerExited { container, instance, exit };
    pod.handle_event(earlier, Event::Runtime(died), &mut NoSink).unwrap();
    assert_eq!(pod.status().container_statuses[0].restart_count, 0);
}

#[test]
fn after_decades_missed_timers_fire_once() {
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let probe = json!({"exec": {"command": ["true"]}, "periodSeconds": 1});
    let spec = json!({"containers": [{"name": "app", "image": "nginx:1", "livenessProbe": probe}]});
    let spec = Arc::new(PodSpec::from_manifest(manifest(spec)).unwrap());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut NoSink);
    up(&mut pod, now);
    let (later, mut out) = (now + Duration::from_secs(86_400 * 365 * 40), Vec::new());
    pod.handle_timeout(later, &mut out);
    let asked = out.iter().filter(|output| matches!(output, Output::Action(_))).count();
    assert_eq!(asked, 1, "{out:?}");
    assert!(pod.poll_timeout().is_none_or(|at| at > later));
}

#[test]
fn a_time_in_any_year_is_written_so_that_it_can_be_read() {
    for micros in [i64::MIN, -62_167_219_200_000_001, 253_402_300_800_000_000, i64::MAX] {
        let written = Timestamp::from_unix_micros(micros).to_string();
        assert!(written.parse::<Timestamp>().is_ok(), "{written}");
    }
    let first = "0001-01-01T00:00:00Z";
    assert_eq!(first.parse::<Timestamp>().unwrap().to_string(), first);
}

#[test]
fn a_name_of_a_megabyte_is_shortened_in_the_message() {
    let name = "x".repeat(1 << 20);
    let mut pod = manifest(json!({"containers": [{"name": name, "image": "nginx:1"}]}));
    pod.metadata.name = name.clone();
    let message = PodSpec::from_manifest(pod).unwrap_err().to_string();
    assert!(message.len() < 2_000 && message.contains("(1048576 bytes)"), "{} bytes", message.len());
    let twice = manifest(json!({"containers": [{"name": name, "image": "a"}, {"name": name, "image": "a"}]}));
    let message = PodSpec::from_admitted(&twice).unwrap_err().to_string();
    assert!(message.len() < 500 && message.contains("duplicate container name"), "{} bytes", message.len());
}

#[test]
fn exit_codes_at_the_ends_of_their_range_are_reported_as_they_are() {
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    for code in [i32::MIN, -1, 256, i32::MAX] {
        let mut pod = PodMachine::new(app(), Arc::new(KubeletConfig::default()), now, &mut NoSink);
        up(&mut pod, now);
        let (container, instance, exit) = (0.into(), InstanceId::nth(0), ContainerExit::with_code(code));
        let died = RuntimeEvent::ContainerExited { container, instance, exit };
        pod.handle_event(now, Event::Runtime(died), &mut NoSink).unwrap();
        let status = pod.status();
        let state = &status.container_statuses[0];
        let ends = [&state.state, &state.last_state].map(|it| it.terminated.as_ref().map(|end| end.exit_code));
        assert!(ends.contains(&Some(code)), "{ends:?}");
    }
}

#[test]
fn ten_thousand_containers_are_lowered_and_started_one_by_one() {
    let containers: Vec<Value> = (0..10_000).map(|n| json!({"name": format!("c{n}"), "image": "nginx:1"})).collect();
    let spec = Arc::new(PodSpec::from_admitted(&manifest(json!({"containers": containers}))).unwrap());
    assert_eq!(spec.container_count(), 10_000);
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut NoSink);
    up(&mut pod, now);
    assert_eq!(pod.status().container_statuses.len(), 10_000);
}
