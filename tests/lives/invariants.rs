//! Property tests: all invariants in random runs, and properties of generated manifests and scenarios.
//!
//! `POD_LIFECYCLE_CASES=20` runs twenty times as many cases as usual.

use pod_lifecycle::{
    api::{ConditionStatus, PodPhase, validate},
    sim::{Scenario, ScenarioError},
    spec::PodSpec,
    testkit::{self, CheckedDriver},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

/// Returns a configuration with this number of cases, times `POD_LIFECYCLE_CASES`.
fn cases(usual: u32) -> ProptestConfig {
    let factor = std::env::var("POD_LIFECYCLE_CASES").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    ProptestConfig {
        cases: usual * factor,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn all_invariants_hold_after_each_step_and_a_deleted_pod_terminates((spec, config, steps) in runs(120)) {
        let checked = (|| {
            let mut run = CheckedDriver::new(spec, config)?;
            for step in &steps {
                run.apply(step).map_err(|violation| format!("{step:?}: {violation}"))?;
            }
            run.terminate()
        })();
        prop_assert_eq!(checked, Ok(()));
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn generated_manifests_are_admitted(pod in testkit::manifest()) {
        let pod = pod.with_defaults();
        prop_assert_eq!(validate(&pod), Ok(()));
        prop_assert_eq!(&pod.clone().with_defaults(), &pod);
        prop_assert!(PodSpec::from_admitted(&pod).is_ok());
    }

    #[test]
    fn generated_manifests_can_be_written_and_read_again(pod in testkit::manifest()) {
        let written = serde_json::to_string(&pod).unwrap();
        prop_assert_eq!(serde_json::from_str::<pod_lifecycle::api::PodManifest>(&written).unwrap(), pod);
    }

    #[test]
    fn a_scenario_played_twice_has_the_same_timeline(scenario in testkit::scenario()) {
        prop_assert_eq!(scenario.play(), scenario.play());
    }

    #[test]
    fn a_scenario_can_be_written_and_read_again(scenario in testkit::scenario()) {
        let written = serde_json::to_string(&scenario).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scenario>(&written).unwrap(), scenario);
    }

    #[test]
    fn timelines_are_sorted_and_terminal_phases_are_final_and_not_ready(scenario in testkit::scenario()) {
        let timeline = match scenario.play() {
            Ok(timeline) => timeline,
            Err(ScenarioError::Impossible { .. } | ScenarioError::Endless { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert!(timeline.entries.is_sorted_by_key(|entry| entry.at));
        let mut ended = None;
        for (at, status) in timeline.statuses() {
            let phase = status.phase.as_ref().and_then(|phase| phase.known());
            prop_assert!(ended.is_none() || ended == phase, "{at:?}: {ended:?} was left for {phase:?}");
            ended = phase.filter(|phase: &PodPhase| phase.is_terminal());
            let is_ready = status.conditions.iter().any(|condition| {
                condition.type_ == "Ready" && condition.status.known() == Some(ConditionStatus::True)
            });
            prop_assert!(ended.is_none() || !is_ready, "{at:?}: {phase:?} and ready");
        }
    }
}

fn runs(
    at_most: usize,
) -> impl Strategy<Value = (std::sync::Arc<PodSpec>, std::sync::Arc<pod_lifecycle::config::KubeletConfig>, Vec<testkit::Step>)>
{
    let pods = (testkit::spec(), testkit::config());
    pods.prop_flat_map(move |(spec, config)| (Just(spec.clone()), Just(config), testkit::steps(spec, at_most)))
}
