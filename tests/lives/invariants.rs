//! Property tests: all invariants in random runs, and properties of generated manifests and scenarios.
//!
//! `POD_LIFECYCLE_CASES=20` runs twenty times as many cases as usual.

use std::sync::Arc;

use pod_lifecycle::{
    api::{ConditionStatus, PodManifest, PodPhase, validate},
    config::KubeletConfig,
    kubectl,
    sim::{Scenario, ScenarioError},
    spec::PodSpec,
    testkit::{self, CheckedDriver, RandomDriver, Step},
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
    fn a_machines_status_column_is_that_of_its_object((manifest, steps) in manifests_and_steps(60)) {
        let spec = Arc::new(PodSpec::from_admitted(&manifest).unwrap());
        let mut driver = RandomDriver::new(spec, Arc::new(KubeletConfig::default()), &mut Vec::new());
        for step in &steps {
            let _ = driver.apply(step, &mut Vec::new());
            let mut object = manifest.clone();
            object.status = driver.pod.status();
            object.metadata.deletion_timestamp = driver.pod.is_deleting().then_some(driver.now);
            prop_assert_eq!(kubectl::row(&object, driver.now).status, driver.pod.status_column());
        }
    }

    #[test]
    fn generated_manifests_can_be_written_and_read_again(pod in testkit::manifest()) {
        let written = serde_json::to_string(&pod).unwrap();
        prop_assert_eq!(serde_json::from_str::<PodManifest>(&written).unwrap(), pod);
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

fn runs(at_most: usize) -> impl Strategy<Value = (Arc<PodSpec>, Arc<KubeletConfig>, Vec<Step>)> {
    let pods = (testkit::spec(), testkit::config());
    pods.prop_flat_map(move |(spec, config)| (Just(spec.clone()), Just(config), testkit::steps(spec, at_most)))
}

/// Returns admitted manifests, each with steps of a Pod that has it.
fn manifests_and_steps(at_most: usize) -> impl Strategy<Value = (PodManifest, Vec<Step>)> {
    testkit::manifest().prop_flat_map(move |manifest| {
        let manifest = manifest.with_defaults();
        let spec = Arc::new(PodSpec::from_admitted(&manifest).unwrap());
        (Just(manifest), testkit::steps(spec, at_most))
    })
}
