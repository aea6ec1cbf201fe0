//! Ideal time is exact; node-like time is late as a real node is, and the same each time.

use pod_lifecycle::{
    Action, Timestamp,
    sim::{Scenario, Timeline, What},
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
        match &entry.what {
            What::Happened(pod_lifecycle::sim::Happened::Exit { .. }) => exited_at = Some(entry.at),
            What::Asked(Action::StartContainer { .. }) => {
                waits.extend(exited_at.map(|exited_at| entry.at.since(exited_at).as_secs_f64()));
            }
            _ => {}
        }
    }
    waits
}

#[test]
fn in_ideal_time_a_container_is_restarted_exactly_when_its_back_off_ends() {
    assert_eq!(waits(&crash_loop(None)), [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]);
}

#[test]
fn on_a_real_node_it_is_late_by_up_to_half_again_and_a_second_for_the_relist() {
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
fn a_seed_gives_one_life() {
    assert_eq!(crash_loop(Some(7)), crash_loop(Some(7)));
    assert_ne!(crash_loop(Some(7)), crash_loop(Some(8)));
    assert_eq!(crash_loop(None), crash_loop(None));
}
