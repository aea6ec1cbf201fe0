//! Fast path: lives are the same with every shortcut, with none, and with all but one.

use core::time::Duration;

use proptest::{
    prop_assert_eq,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    config::FastPath,
    sim::{Scenario, Settings, Timeline},
    testkit,
};

/// Plays a scenario with frequent resyncs and these shortcuts.
fn play(scenario: &Scenario, fast_path: FastPath) -> Option<Timeline> {
    let mut scenario = scenario.clone();
    // Most resyncs of such a short period change nothing, which is when the shortcuts apply.
    scenario.config = Settings { resync_period: Some(Duration::from_millis(1_500)), fast_path, ..scenario.config };
    scenario.play().ok()
}

#[test]
fn a_life_is_the_same_with_and_without_each_shortcut() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 200, failure_persistence: None, ..Config::default() }, rng);
    let settings = [
        FastPath::NONE,
        FastPath::ALL.without(FastPath::RESYNC),
        FastPath::ALL.without(FastPath::PROBE_ANSWER),
        FastPath::ALL.without(FastPath::NEXT_WAKE),
    ];
    let outcome = runner.run(&testkit::scenario(), |scenario| {
        let with_all = play(&scenario, FastPath::ALL);
        for fast_path in settings {
            prop_assert_eq!(&play(&scenario, fast_path), &with_all);
        }
        Ok(())
    });
    outcome.unwrap();
}
