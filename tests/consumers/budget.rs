//! A check in a pipeline: from a manifest alone, is there time enough for it to start, and to stop?

use std::time::Duration;

use pod_lifecycle::{
    api::{self, PodManifest},
    budget::{self, Assumptions, FindingCode},
    spec::PodSpec,
};

/// What a reviewer ought to be told.
fn review(json: &str) -> (Duration, Vec<(FindingCode, String)>) {
    let manifest: PodManifest = serde_json::from_str(json).unwrap();
    let manifest = manifest.with_defaults();
    api::validate(&manifest).unwrap();
    let spec = PodSpec::from_admitted(&manifest).unwrap();
    let budget = budget::of(&spec, &Assumptions::default());
    (budget.longest_stop, budget.findings.into_iter().map(|finding| (finding.code, finding.field)).collect())
}

#[test]
fn a_patient_manifest_passes() {
    let (stop, found) = review(
        r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27",
            "startupProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 30},
            "livenessProbe": {"httpGet": {"path": "/", "port": 80}}
        }]}}"#,
    );
    assert_eq!((stop, found), (Duration::from_secs(30), Vec::new()));
}

#[test]
fn a_hook_that_sleeps_through_the_grace_is_found_with_its_field() {
    let (stop, found) = review(
        r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27", "lifecycle": {"preStop": {"sleep": {"seconds": 30}}}
        }]}}"#,
    );
    assert_eq!(stop, Duration::from_secs(32), "the process gets 2 s after its hook");
    let field = "spec.containers[0].lifecycle.preStop".into();
    assert_eq!(found, [(FindingCode::PreStopBeyondGrace, field)]);
}
