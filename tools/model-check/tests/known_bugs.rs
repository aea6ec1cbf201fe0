//! Each known bug of kubelets is found by the sentences of the documentation, in a small Pod.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

use pod_lifecycle::config::KnownBug;
use pod_lifecycle_model::{SmallPods, small_pod_with, small_pod_without};
use stateright::{Checker, HasDiscoveries, Model};

/// Searches breadth first, in this number of states; returns the violation, the steps that lead to it, and the states.
fn search(model: SmallPods, states: usize) -> (Option<String>, Vec<String>, usize) {
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).target_state_count(states).threads(1);
    let checker = checker.spawn_bfs().join();
    let found = checker.discoveries().into_iter().find_map(|(_, path)| {
        let violation = path.last_state().violation.clone()?;
        Some((violation, path.into_actions().iter().map(|step| format!("{step:?}")).collect()))
    });
    let (violation, steps) = found.map_or((None, Vec::new()), |(violation, steps)| (Some(violation), steps));
    (violation, steps, checker.unique_state_count())
}

#[test]
fn explore() {
    let only = std::env::var("BUG").ok();
    for &bug in KnownBug::ALL.iter().filter(|bug| only.as_deref().is_none_or(|only| bug.name() == only)) {
        let Some(model) = small_pod_with(bug) else { continue };
        for one in model.one_by_one() {
            let (violation, steps, states) =
                search(one, if bug == KnownBug::ExitLostAtEviction { 400_000 } else { 40_000 });
            println!(
                "{bug}: {states} states, {} steps, {:?}",
                steps.len(),
                violation.map(|it| it.chars().take(150).collect::<String>())
            );
            println!("   {}", steps.join("; "));
        }
        for one in small_pod_without(bug).unwrap().one_by_one() {
            let (violation, steps, states) = search(one, 10_000);
            if let Some(violation) = violation {
                println!("   WITHOUT {states} {violation} {}", steps.join("; "));
            }
        }
    }
}
