//! Grace periods and the order of sidecars: properties.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    rule::{
        deadline,
        grace::{self, MINIMUM_GRACE},
        termination_order,
    },
    spec::{ContainerKind, ProbeKind},
    testkit,
};
use proptest::{option, prelude::*};

use super::given::cases;

/// A grace of at least so many seconds, if there is one.
fn grace(least: u64) -> impl Strategy<Value = Option<Duration>> {
    option::of((least..=100).prop_map(Duration::from_secs))
}

proptest! {
    #![proptest_config(cases(500))]

    /// Hook, turn and SIGTERM share one grace: together they take no longer, but for the 2 s that everybody has.
    #[test]
    fn the_grace_is_spent_once(grace in 0..=600_u64, hook in 0..=900_000_u64, turn in 0..=900_000_u64) {
        let [hook, turn] = [hook, turn].map(Duration::from_millis);
        let grace = Duration::from_secs(grace);
        let mut left = grace;
        let mut spent = Duration::ZERO;
        for wanted in [hook, turn] {
            if grace::has_time_left(left) {
                let taken = wanted.min(left);
                left = grace::remaining_grace(left, taken);
                spent += Duration::from_secs(taken.as_secs());
            }
        }
        prop_assert_eq!(left, grace - spent);
        let timeout = grace::stop_timeout(left);
        prop_assert_eq!(timeout, left.max(MINIMUM_GRACE));
        prop_assert!(spent + timeout <= grace + MINIMUM_GRACE);
    }

    /// A later request wins only with less grace, and no grace is less than a second. (A deletion with grace 0 removes the Pod at
    /// once and never comes to this.)
    #[test]
    fn a_grace_only_shrinks(
        spec in testkit::spec(),
        in_force in grace(1),
        deletion in grace(1),
        by_node in grace(0),
    ) {
        let grace = grace::effective_grace(&spec, in_force, deletion, by_node);
        let second = Duration::from_secs(1);
        prop_assert!(grace >= second);
        if let Some(in_force) = in_force {
            prop_assert!(grace <= in_force);
            let least = [deletion, by_node].into_iter().flatten().fold(in_force, Duration::min);
            prop_assert_eq!(grace, least.max(second));
        } else if deletion.is_none() && by_node.is_none() {
            prop_assert_eq!(grace, spec.termination_grace().unwrap_or_default().max(second));
        }
    }

    /// The deletion's grace, else the failed probe's, else the Pod's.
    #[test]
    fn the_grace_comes_from_the_nearest(
        spec in testkit::spec(),
        deletion in grace(0),
        failed in option::of(prop_oneof![
            Just(ProbeKind::Liveness), Just(ProbeKind::Startup), Just(ProbeKind::Readiness)
        ]),
    ) {
        for (_, container) in spec.containers() {
            let of_probe = failed.and_then(|kind| container.probe(kind)).and_then(|probe| probe.termination_grace());
            let expected = deletion.or(of_probe).or(spec.termination_grace()).unwrap_or(MINIMUM_GRACE);
            prop_assert_eq!(grace::container_grace(&spec, deletion, container, failed), expected);
        }
    }

    /// A sidecar waits for all regular containers and for the next sidecar; no container waits for itself or in a circle.
    #[test]
    fn sidecars_go_last_and_in_reverse(spec in testkit::spec()) {
        let sidecars: Vec<_> = spec.sidecars().map(|(index, _)| index).collect();
        for (one, container) in spec.containers() {
            for (other, kind) in spec.containers().map(|(index, container)| (index, container.kind())) {
                let waits = termination_order::waits_for(&spec, one, other);
                let next = sidecars.iter().skip_while(|&&index| index != one).nth(1);
                let expected = container.kind() == ContainerKind::Sidecar
                    && (kind == ContainerKind::Regular || next == Some(&other));
                prop_assert_eq!(waits, expected);
                prop_assert!(!waits || one < other, "waiting goes one way only");
            }
        }
    }

    #[test]
    fn the_deadline_counts_from_the_start(spec in testkit::spec(), start in 0..=1_000_000_i64) {
        let start = Timestamp::from_unix_seconds(start);
        prop_assert_eq!(deadline::expires_at(&spec, start), spec.active_deadline().map(|longest| start + longest));
    }
}
