//! Back-off counters: delays, expiry, clean-up.

use core::time::Duration;

use crate::given::at;
use pod_lifecycle::{
    Timestamp,
    config::{BackOffLimits, FeatureGate, Kubernetes},
    rule::back_off::BackOff,
};

const LIMITS: BackOffLimits = BackOffLimits::CRASH_LOOP;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How many seconds after each of its exits a container that exits at once is started again.
fn delays(limits: &BackOffLimits, count: usize) -> Vec<u64> {
    let (mut now, mut counter) = (at(0), None::<BackOff>);
    let restart = |_| {
        let exit = now;
        now = counter.and_then(|counter| counter.holds_until(limits, exit, exit)).unwrap_or(exit);
        counter = Some(BackOff::advanced(counter, limits, exit, now));
        now.since(exit).as_secs()
    };
    (0..count).map(restart).collect()
}

#[test]
fn the_first_restart_is_immediate_and_the_next_ones_wait_twice_as_long_each_up_to_the_maximum() {
    assert_eq!(delays(&LIMITS, 8), [0, 10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(delays(&reduced(), 11), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    assert_eq!(delays(&Kubernetes::default().crash_loop(Some(seconds(5))), 3), [0, 5, 5]);
}

#[test]
fn a_container_restarts_exactly_when_its_delay_ends() {
    let counter = BackOff::new(seconds(10), at(0));
    assert_eq!(counter.holds_until(&LIMITS, at(0), at(9)), Some(at(10)));
    assert_eq!(counter.holds_until(&LIMITS, at(0), at(10)), None);
}

#[test]
fn the_delay_doubles_at_each_permitted_start_even_after_the_same_exit() {
    let once = BackOff::advanced(None, &LIMITS, at(0), at(20));
    let twice = BackOff::advanced(Some(once), &LIMITS, at(0), at(40));
    assert_eq!([once.delay(), twice.delay()], [10, 20].map(seconds));
}

#[test]
fn the_counter_starts_over_when_an_exit_comes_more_than_10_minutes_after_it_was_advanced() {
    let counter = BackOff::new(seconds(300), at(0));
    let next = |exit: Timestamp| BackOff::advanced(Some(counter), &LIMITS, exit, exit).delay();
    assert_eq!([next(at(600)), next(at(601))], [300, 10].map(seconds));
    assert_eq!(counter.holds_until(&LIMITS, at(601), at(601)), None);
    // Whatever the maximum is.
    let reduced = reduced();
    assert!(counter.holds_until(&reduced, at(600), at(600)).is_some());
}

#[test]
fn the_clean_up_deletes_a_counter_by_the_current_time() {
    let counter = BackOff::new(seconds(10), at(0));
    assert!(!counter.is_forgotten(&LIMITS, at(600)));
    assert!(counter.is_forgotten(&LIMITS, at(600) + Duration::from_millis(1)));
}

/// The back-off of a node with the gate `ReduceDefaultCrashLoopBackOffDecay`.
fn reduced() -> BackOffLimits {
    let gate = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
    Kubernetes::default().with_feature_gates(gate).unwrap().crash_loop(None)
}
