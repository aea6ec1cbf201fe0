//! How long is a container given when it is stopped, and when is its turn?

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    rule::{deadline, termination},
    spec::{ContainerKind, ProbeKind},
    strategy,
};
use proptest::{option, prelude::*};

use super::given::cases;

proptest! {
    #![proptest_config(cases(500))]

    /// Hook, turn and SIGTERM share one grace: together they take no longer, but for the 2 s that everybody has.
    #[test]
    fn the_grace_is_spent_once(grace in -5..=600_i64, hook in 0..=900_000_u64, turn in 0..=900_000_u64) {
        let [hook, turn] = [hook, turn].map(Duration::from_millis);
        let mut left = grace;
        let mut spent = 0;
        for wanted in [hook, turn] {
            if termination::leaves_time(left) {
                let taken = wanted.min(termination::longest_wait(left));
                prop_assert!(taken <= Duration::from_secs(left.unsigned_abs()));
                left = termination::grace_after(left, taken);
                spent += taken.as_secs();
            }
        }
        prop_assert_eq!(left, grace - i64::try_from(spent).unwrap());
        let timeout = termination::stop_timeout(left);
        prop_assert_eq!(i64::from(timeout), left.max(2));
        prop_assert!(spent + u64::from(timeout) <= grace.max(0).unsigned_abs() + 2);
    }

    /// Who asks last wins only with less; nobody gets less than a second. (A deletion with grace 0 removes the Pod at
    /// once and never comes to this.)
    #[test]
    fn a_grace_only_shrinks(
        spec in strategy::spec(),
        in_force in 0..=100_i64,
        deletion in option::of(1..=100_i64),
        by_node in option::of(0..=100_i64),
    ) {
        let grace = termination::effective_grace(&spec, in_force, deletion, by_node);
        prop_assert!(grace >= 1);
        if in_force > 0 {
            prop_assert!(grace <= in_force);
            let least = [deletion, by_node].into_iter().flatten().chain([in_force]).min().unwrap();
            prop_assert_eq!(grace, least.max(1));
        } else if deletion.is_none() && by_node.is_none() {
            prop_assert_eq!(grace, spec.termination_grace().unwrap_or(0).max(1));
        }
    }

    /// The deletion's grace, else the failed probe's, else the Pod's.
    #[test]
    fn the_grace_comes_from_the_nearest(
        spec in strategy::spec(),
        deletion in option::of(0..=100_i64),
        failed in option::of(prop_oneof![
            Just(ProbeKind::Liveness), Just(ProbeKind::Startup), Just(ProbeKind::Readiness)
        ]),
    ) {
        for (_, container) in spec.containers() {
            let of_probe = failed.and_then(|kind| container.probe(kind)).and_then(|probe| probe.termination_grace());
            let ought = deletion.or(of_probe).or(spec.termination_grace()).unwrap_or(2);
            prop_assert_eq!(termination::grace(&spec, deletion, container, failed), ought);
        }
    }

    /// A sidecar waits for all regular containers and for the next sidecar; nobody waits for himself or in a circle.
    #[test]
    fn sidecars_go_last_and_in_reverse(spec in strategy::spec()) {
        let sidecars: Vec<_> = spec.sidecars().map(|(index, _)| index).collect();
        for (one, container) in spec.containers() {
            for (other, kind) in spec.containers().map(|(index, container)| (index, container.kind())) {
                let waits = termination::waits_for(&spec, one, other);
                let next = sidecars.iter().skip_while(|&&index| index != one).nth(1);
                let ought = container.kind() == ContainerKind::Sidecar
                    && (kind == ContainerKind::Regular || next == Some(&other));
                prop_assert_eq!(waits, ought);
                prop_assert!(!waits || one < other, "waiting goes one way only");
            }
        }
    }

    #[test]
    fn the_deadline_counts_from_the_start(spec in strategy::spec(), start in 0..=1_000_000_i64) {
        let deadline = deadline::of(&spec, Timestamp::from_unix_seconds(start)).map(Timestamp::unix_seconds);
        prop_assert_eq!(deadline, spec.active_deadline().map(|seconds| start + i64::from(seconds)));
    }
}
