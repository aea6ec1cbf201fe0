//! What must hold of every Pod, whatever happens to it.
//!
//! `POD_LIFECYCLE_CASES=20` makes twenty times as many lives as usual.

use pod_lifecycle::{
    api::{ConditionStatus, PodPhase, validate},
    sim::{Scenario, ScenarioError},
    spec::PodSpec,
    testkit::{self, WatchedDriver},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

/// So many cases, times `POD_LIFECYCLE_CASES`.
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
    fn every_moment_of_a_life_is_sound_and_it_ends((spec, config, moves) in lives(120)) {
        let sound = (|| {
            let mut life = WatchedDriver::begin(spec, config)?;
            for next in &moves {
                life.play(next).map_err(|broken| format!("{next:?}: {broken}"))?;
            }
            life.end()
        })();
        prop_assert_eq!(sound, Ok(()));
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
    fn generated_manifests_survive_being_written_and_read(pod in testkit::manifest()) {
        let written = serde_json::to_string(&pod).unwrap();
        prop_assert_eq!(serde_json::from_str::<pod_lifecycle::api::PodManifest>(&written).unwrap(), pod);
    }

    #[test]
    fn a_story_told_twice_is_the_same_story(scenario in testkit::scenario()) {
        prop_assert_eq!(scenario.play(), scenario.play());
    }

    #[test]
    fn a_story_survives_being_written_and_read(scenario in testkit::scenario()) {
        let written = serde_json::to_string(&scenario).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scenario>(&written).unwrap(), scenario);
    }

    #[test]
    fn a_story_is_sound(scenario in testkit::scenario()) {
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

fn lives(
    at_most: usize,
) -> impl Strategy<Value = (std::sync::Arc<PodSpec>, std::sync::Arc<pod_lifecycle::config::KubeletConfig>, Vec<testkit::Move>)>
{
    let lives = (testkit::spec(), testkit::config());
    lives.prop_flat_map(move |(spec, config)| (Just(spec.clone()), Just(config), testkit::moves(spec, at_most)))
}
