//! Back-off counters: properties.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    config::{BackOffLimits, FeatureGate, Kubernetes},
    rule::back_off::BackOff,
};
use proptest::{collection, prelude::*};

use super::given::cases;

fn limits() -> impl Strategy<Value = BackOffLimits> {
    prop_oneof![
        Just(BackOffLimits::CRASH_LOOP),
        Just(reduced()),
        (0..=400_u64).prop_map(|max| Kubernetes::default().crash_loop(Some(Duration::from_secs(max)))),
    ]
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// A container that runs for a while each time: the first restart is at once, and each one after waits for twice as
    /// long as the one before, up to the maximum; the count starts over when an exit comes more than 600 s after a start.
    #[test]
    fn delays_double_until_a_run_is_long_enough(limits in limits(), runs in collection::vec(0..=1_200_u64, 1..=12)) {
        let mut now = Timestamp::from_unix_seconds(1_000);
        let mut counter: Option<BackOff> = None;
        let mut starts_in_a_row = 0;
        for run in runs {
            let ended = now + Duration::from_secs(run);
            if run > 600 {
                starts_in_a_row = 0;
            }
            let delay = match starts_in_a_row {
                0 => 0,
                n => (limits.initial.as_secs() * 2_u64.pow(n - 1)).min(limits.max.as_secs()),
            };
            let due = ended + Duration::from_secs(delay);
            for wait in 0..delay.min(20) {
                let held = counter.and_then(|counter| counter.holds_until(&limits, ended, ended + Duration::from_secs(wait)));
                prop_assert_eq!(held, Some(due));
            }
            prop_assert_eq!(counter.and_then(|counter| counter.holds_until(&limits, ended, due)), None);
            counter = Some(BackOff::advanced(counter, &limits, ended, due));
            starts_in_a_row += 1;
            now = due;
        }
    }

    #[test]
    fn a_delay_lies_between_the_limits(
        limits in limits(),
        delay in 0..=1_000_u64,
        (advanced, since, now) in (0..=5_000_i64, 0..=5_000_i64, 0..=5_000_i64),
    ) {
        let [advanced_at, since, now] = [advanced, since, now].map(Timestamp::from_unix_seconds);
        let before = BackOff::new(Duration::from_secs(delay), advanced_at);
        let after = BackOff::advanced(Some(before), &limits, since, now);
        prop_assert!(after.delay() <= limits.max);
        prop_assert_eq!(after.advanced_at(), now);
        let held = after.holds_until(&limits, since, now);
        prop_assert!(held.is_none_or(|until| until > now && until.since(since) <= limits.max));
    }
}

/// The back-off of a node with the gate `ReduceDefaultCrashLoopBackOffDecay`.
fn reduced() -> BackOffLimits {
    let gate = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
    Kubernetes::default().with_feature_gates(gate).unwrap().crash_loop(None)
}
