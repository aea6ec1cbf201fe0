//! A CI check on a manifest alone: has it enough time to start and to stop?

use std::time::Duration;

use pod_lifecycle::{
    api::{self, PodManifest},
    budget::{Assumptions, Budget, FindingCode},
    spec::PodSpec,
};

/// Returns the longest stop and the findings of a manifest.
fn review(json: &str) -> (Duration, Vec<(FindingCode, String)>) {
    let manifest: PodManifest = serde_json::from_str(json).unwrap();
    let manifest = manifest.with_defaults();
    api::validate(&manifest).unwrap();
    let spec = PodSpec::from_admitted(&manifest).unwrap();
    let budget = Budget::of(&spec, &Assumptions::default());
    (budget.longest_stop, budget.findings.into_iter().map(|finding| (finding.code, finding.field)).collect())
}

#[test]
fn a_manifest_with_enough_time_passes() {
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
fn a_hook_that_sleeps_for_the_whole_grace_period_is_found() {
    let (stop, found) = review(
        r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27", "lifecycle": {"preStop": {"sleep": {"seconds": 30}}}
        }]}}"#,
    );
    assert_eq!(stop, Duration::from_secs(32), "the process gets 2 s after its hook");
    let field = "spec.containers[0].lifecycle.preStop".into();
    assert_eq!(found, [(FindingCode::PreStopBeyondGrace, field)]);
}
