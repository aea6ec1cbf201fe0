//! A chat bot for people on call: from the JSON of a Pod to advice.

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    explain::{ObservedPod, PossibleChange, Remedy},
};

/// Answers "Why is my Pod not ready?".
fn answer(json: &str, now: Timestamp) -> Result<(String, Vec<Remedy>), Box<dyn std::error::Error>> {
    let manifest: PodManifest = serde_json::from_str(json)?;
    let explanation = ObservedPod::from_manifest(manifest)?.explain(now);
    let remedies = explanation.changes.iter().filter_map(|change| match change {
        PossibleChange::Remedy { remedy, .. } => Some(*remedy),
        _ => None,
    });
    let remedies = remedies.collect();
    Ok((explanation.to_string(), remedies))
}

fn at_ten_past_noon() -> Timestamp {
    "2026-03-01T12:10:00Z".parse().unwrap()
}

#[test]
fn a_missing_config_map_is_answered_with_the_config_map() {
    let (text, remedies) =
        answer(include_str!("../../examples/pods/config-map-missing.json"), at_ten_past_noon()).unwrap();
    assert!(text.contains("CreateContainerConfigError"), "{text}");
    assert!(text.contains("configmap"), "{text}");
    assert!(!text.contains("another image"), "{text}");
    assert_eq!(remedies, [Remedy::MissingReference]);
}

#[test]
fn a_back_off_has_its_end() {
    let (text, _) = answer(include_str!("../../examples/pods/crash-loop.json"), at_ten_past_noon()).unwrap();
    assert!(text.lines().any(|line| line.starts_with("Next: ") && line.contains("restarts")), "{text}");
}

#[test]
fn an_object_that_is_not_a_pod_is_an_error() {
    assert!(answer(r#"{"spec": 5}"#, at_ten_past_noon()).is_err());
}
