//! What is written, read, converted and written again is what was written.

use k8s_openapi::api::core::v1;
use pod_lifecycle::{
    api::{PodManifest, PodStatus},
    sim::Scenario,
    status::StatusPatch,
    testkit,
};
use proptest::prelude::*;
use serde_json::Value;

use super::full;

fn written(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// A manifest as the API has it, which always says what it is of.
fn in_the_api(mut pod: PodManifest) -> PodManifest {
    (pod.api_version, pod.kind) = (Some("v1".into()), Some("Pod".into()));
    pod
}

proptest! {
    #[test]
    fn a_manifest_is_written_by_theirs_as_by_ours(pod in testkit::manifest()) {
        let ours = in_the_api(pod);
        let theirs = v1::Pod::try_from(&ours).unwrap();
        prop_assert_eq!(written(&theirs), written(&ours));
        prop_assert_eq!(PodManifest::try_from(&theirs).unwrap(), ours);
    }

    #[test]
    fn a_manifest_with_its_defaults_is_written_by_theirs_as_by_ours(pod in testkit::manifest()) {
        let ours = in_the_api(pod.with_defaults());
        prop_assert_eq!(written(v1::Pod::try_from(&ours).unwrap()), written(ours));
    }

    #[test]
    fn every_part_of_a_pod_goes_through_ours_to_theirs_as_it_was_written(part in full::parts_of(full::pod())) {
        let ours: PodManifest = serde_json::from_value(part.clone()).unwrap();
        let theirs = v1::Pod::try_from(&ours).unwrap();
        prop_assert_eq!(&written(&theirs), &part);
        prop_assert_eq!(PodManifest::try_from(&theirs).unwrap(), ours);
    }

    #[test]
    fn every_part_of_a_pod_goes_through_theirs_to_ours_as_it_was_written(part in full::parts_of(full::pod())) {
        let theirs: v1::Pod = serde_json::from_value(part.clone()).unwrap();
        let ours = PodManifest::try_from(&theirs).unwrap();
        prop_assert_eq!(&written(&ours), &part);
        prop_assert_eq!(v1::Pod::try_from(&ours).unwrap(), theirs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_status_of_a_life_is_written_by_theirs_as_by_ours(scenario in testkit::scenario()) {
        for status in statuses(&scenario) {
            let theirs = v1::PodStatus::try_from(&status).unwrap();
            prop_assert_eq!(written(&theirs), written(&status));
            prop_assert_eq!(PodStatus::try_from(&theirs).unwrap(), status);
        }
    }

    #[test]
    fn a_patch_is_sent_as_it_is_written(scenario in testkit::scenario()) {
        let statuses = statuses(&scenario);
        for (before, after) in statuses.iter().zip(statuses.iter().skip(1)) {
            let Some(patch) = StatusPatch::between("5f0c", before, after) else { continue };
            let theirs = k8s_openapi::apimachinery::pkg::apis::meta::v1::Patch::from(&patch);
            prop_assert_eq!(written(theirs), written(patch));
        }
    }
}

/// The statuses of a life; none if its scenario is impossible.
fn statuses(scenario: &Scenario) -> Vec<PodStatus> {
    let life = scenario.play();
    life.map_or_else(|_| Vec::new(), |timeline| timeline.statuses().map(|(_, status)| status.clone()).collect())
}
