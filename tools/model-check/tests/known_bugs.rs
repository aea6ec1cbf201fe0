//! Each known bug of kubelets is found by the sentences of the documentation, in a small Pod.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

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

/// Bugs that no small Pod of the model shows; the adversary finds the last one.
const NOT_SHOWN: [KnownBug; 3] =
    [KnownBug::ReadinessOfFormerInstance, KnownBug::ReadinessForgotten, KnownBug::ExitLostAtEviction];

#[test]
fn each_bug_is_found_by_a_sentence_of_the_documentation() {
    for &bug in KnownBug::ALL.iter().filter(|bug| !NOT_SHOWN.contains(bug)) {
        let models = small_pod_with(bug).unwrap().one_by_one();
        let found = models.into_iter().map(|model| search(model, 40_000)).find(|(violation, ..)| violation.is_some());
        let (violation, steps, _) = found.unwrap_or_else(|| panic!("{bug} is not found"));
        println!("{bug}: {}\n  {}", violation.unwrap(), steps.join("; "));
    }
}

#[test]
fn bugs_that_no_small_pod_shows_have_no_model() {
    for bug in NOT_SHOWN {
        assert!(small_pod_with(bug).is_none(), "{bug}");
    }
}

#[test]
fn a_kubelet_without_bugs_breaks_no_sentence_in_the_same_pods() {
    for &bug in KnownBug::ALL.iter().filter(|bug| !NOT_SHOWN.contains(bug)) {
        for model in small_pod_without(bug).unwrap().one_by_one() {
            let (violation, steps, _) = search(model, 10_000);
            assert_eq!(violation, None, "without {bug}: {}", steps.join("; "));
        }
    }
}
