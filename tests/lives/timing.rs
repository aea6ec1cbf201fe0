//! Timing: ideal timing is exact; node-like timing is late as on a real node, and reproducible.

use std::time::Duration;

use pod_lifecycle::{
    Action, Timestamp,
    sim::{EntryKind, Scenario, Timeline},
};
use serde_json::json;

fn crash_loop(node_like_seed: Option<u64>) -> Timeline {
    let scenario: Scenario = serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}},
        "script": {"endSeconds": 1200, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}},
        "config": {"nodeLikeSeed": node_like_seed, "resyncSeconds": 600},
    }))
    .unwrap();
    scenario.play().unwrap()
}

/// Seconds from each exit to the start that follows it.
fn waits(timeline: &Timeline) -> Vec<f64> {
    let mut exited_at: Option<Timestamp> = None;
    let mut waits = Vec::new();
    for entry in &timeline.entries {
        match &entry.kind {
            EntryKind::Occurrence(pod_lifecycle::sim::Occurrence::ContainerExited { .. }) => exited_at = Some(entry.at),
            EntryKind::Action(Action::StartContainer { .. }) => {
                waits.extend(exited_at.map(|exited_at| entry.at.since(exited_at).as_secs_f64()));
            }
            _ => {}
        }
    }
    waits
}

/// The waits of a container that ends at once, on a node that is set up so.
fn waits_on(config: serde_json::Value) -> Vec<f64> {
    let scenario: Scenario = serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}},
        "script": {"endSeconds": 900, "containers": {"app": {"runs": [{"exitsAfterSeconds": 0, "exitCode": 1}]}}},
        "config": config,
    }))
    .unwrap();
    waits(&scenario.play().unwrap())
}

#[test]
fn the_reduced_back_off_starts_at_one_second() {
    let reduced = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0];
    assert_eq!(waits_on(json!({"reducedCrashLoopBackOff": true})), reduced);
    let gate = |is_on: bool| waits_on(json!({"featureGates": {"ReduceDefaultCrashLoopBackOffDecay": is_on}}));
    assert_eq!(gate(true), reduced, "the feature gate says the same");
    let usual = [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0];
    assert_eq!([gate(false), waits_on(json!({}))], [usual, usual]);
}

#[test]
fn the_reduced_back_off_has_a_maximum_of_one_minute_by_default() {
    let gates = json!({"ReduceDefaultCrashLoopBackOffDecay": true, "KubeletCrashLoopBackOffMax": false});
    let waits = waits_on(json!({"featureGates": gates, "maxContainerRestartPeriodSeconds": 20}));
    assert_eq!(waits[..8], [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]);
    assert!(waits[8..].iter().all(|wait| *wait == 60.0), "{waits:?}");
}

#[test]
fn a_node_may_set_the_maximum_back_off() {
    let waits = waits_on(json!({"maxContainerRestartPeriodSeconds": 15}));
    assert_eq!(waits[..4], [0.0, 10.0, 15.0, 15.0]);
}

#[test]
fn with_ideal_timing_a_container_restarts_exactly_when_its_back_off_ends() {
    assert_eq!(waits(&crash_loop(None)), [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]);
}

#[test]
fn with_node_like_timing_a_restart_is_up_to_50_percent_and_one_second_late() {
    let ideal = [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0];
    let mut late = 0;
    for seed in 0..20 {
        for (wait, ideal) in waits(&crash_loop(Some(seed))).into_iter().zip(ideal) {
            assert!(
                wait >= ideal,
                "seed {seed}: restarted {wait} s after an exit, before the {ideal} s of its back-off"
            );
            assert!(wait <= ideal * 1.5 + 1.0, "seed {seed}: restarted {wait} s after an exit, too late for {ideal} s");
            late += usize::from(wait > ideal);
        }
    }
    assert!(late > 100, "only {late} restarts were late");
}

#[test]
fn a_seed_gives_one_timeline() {
    assert_eq!(crash_loop(Some(7)), crash_loop(Some(7)));
    assert_ne!(crash_loop(Some(7)), crash_loop(Some(8)));
    assert_eq!(crash_loop(None), crash_loop(None));
}

/// A pin: who has written down a seed finds the same life again, on every machine and in every version.
#[test]
fn a_seed_gives_the_same_timeline_in_every_version() {
    assert_eq!(waits(&crash_loop(Some(7)))[..4], [0.604, 12.16, 20.612, 54.986]);
}

#[test]
fn a_post_start_hook_that_sleeps_delays_the_next_container() {
    let hook = json!({"postStart": {"sleep": {"seconds": 10}}});
    let scenario: Scenario = serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"containers": [
            {"name": "first", "image": "app:1", "lifecycle": hook}, {"name": "second", "image": "app:1"},
        ]}},
        "script": {"endSeconds": 60},
    }))
    .unwrap();
    let timeline = scenario.play().unwrap();
    let starts =
        timeline.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Action(Action::StartContainer { .. })));
    let seconds: Vec<f64> = starts.map(|entry| entry.at.since(timeline.start).as_secs_f64()).collect();
    assert_eq!(seconds, [0.0, 10.0]);
}

#[test]
fn an_image_without_a_script_is_on_the_node() {
    let scenario: Scenario = serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}},
        "script": {"endSeconds": 60, "containers": {"app": {"image": {"pullSeconds": 30}}}},
    }))
    .unwrap();
    assert_eq!(scenario.play().unwrap().events_with_reason("Pulling").count(), 0);
}

#[test]
fn probes_of_a_finally_terminated_container_set_no_timers() {
    let probe = json!({"exec": {"command": ["check"]}, "periodSeconds": 1});
    let scenario: Scenario = serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"restartPolicy": "Never", "containers": [
            {"name": "job", "image": "app:1", "readinessProbe": probe}, {"name": "app", "image": "app:1"},
        ]}},
        "script": {"containers": {"job": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}},
    }))
    .unwrap();
    let mut life = scenario.simulate().unwrap();
    let start = life.now();
    let next =
        |life: &pod_lifecycle::sim::Simulation| life.pod().unwrap().poll_timeout().unwrap().since(start).as_secs();
    life.advance_to(start + Duration::from_secs(3)).unwrap();
    assert_eq!(next(&life), 4, "its readiness is asked each second");
    life.advance_to(start + Duration::from_secs(20)).unwrap();
    assert_eq!(next(&life), 65, "a resync, a minute after the exit");
}

#[test]
fn a_seed_is_serialized_with_its_script() {
    let written = |seed: u64| serde_json::to_value(Scenario::default().with_seed(seed).script).unwrap()["seed"].clone();
    assert_eq!([written(7), written(0)], [json!(7), json!(null)], "none is as good as zero");
}
