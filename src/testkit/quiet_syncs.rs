//! Whether a sync that is told and not made makes a difference to any life.

use core::{sync::atomic::Ordering, time::Duration};

use proptest::{
    prop_assert_eq,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    kubelet::{ALWAYS_MADE, REPEATED},
    sim::Settings,
    testkit,
};

#[test]
fn a_life_is_the_same_whether_its_quiet_syncs_are_told_or_made() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 300, failure_persistence: None, ..Config::default() }, rng);
    let before = REPEATED.load(Ordering::Relaxed);
    let outcome = runner.run(&testkit::scenario(), |mut scenario| {
        scenario.config = Settings { resync_period: Some(Duration::from_millis(1_500)), ..scenario.config };
        ALWAYS_MADE.store(true, Ordering::Relaxed);
        let made = scenario.play();
        ALWAYS_MADE.store(false, Ordering::Relaxed);
        prop_assert_eq!(made, scenario.play());
        Ok(())
    });
    ALWAYS_MADE.store(false, Ordering::Relaxed);
    outcome.unwrap();
    let repeated = REPEATED.load(Ordering::Relaxed).wrapping_sub(before);
    assert!(repeated > 1_000, "only {repeated} syncs were told and not made");
}
