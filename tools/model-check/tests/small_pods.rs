//! Model check of small Pods with a small budget; `scripts/model-check --deep` goes further.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

use pod_lifecycle_model::{Budget, SmallPods};
use stateright::{Checker, HasDiscoveries, Model};

#[test]
fn all_invariants_of_small_pods_hold_in_any_order_of_events() {
    let budget = Budget { exits: 2, failures: 1, anomalies: 0, disturbances: 1, wakes: 2 };
    let mut states = 0;
    for pod in SmallPods::new(budget).one_by_one() {
        let checker = pod.checker().finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.target_state_count(12_000).threads(1).spawn_bfs().join();
        for (name, path) in checker.discoveries() {
            let violation = path.last_state().violation.as_deref();
            assert_eq!((name, violation), (name, None), "{path}");
        }
        assert!(checker.unique_state_count() > 1_000, "{} states", checker.unique_state_count());
        states += checker.unique_state_count();
    }
    assert!(states > 30_000, "{states} states of all");
}
