//! A report over a real cluster: `kubectl get pods -o json` goes in, and the rules compute what is expected.

use pod_lifecycle::{
    Timestamp,
    api::{Name, PodManifest},
    explain::ObservedPod,
    rule::restart,
};
use serde_json::{Value, json};

/// What `kubectl get pods -o json` prints.
fn list() -> Value {
    let pod = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    json!({"apiVersion": "v1", "kind": "List", "items": [
        pod(include_str!("../../examples/pods/crash-loop.json")),
        pod(include_str!("../../examples/pods/evicted.json")),
        pod(include_str!("../../examples/pods/init-error.json")),
        pod(include_str!("../../examples/pods/odd.json")),
    ]})
}

fn pods() -> Vec<ObservedPod> {
    let items = list()["items"].as_array().unwrap().clone();
    let manifests = items.into_iter().map(|item| serde_json::from_value::<PodManifest>(item).unwrap());
    manifests.map(|manifest| ObservedPod::from_manifest(manifest).unwrap()).collect()
}

#[test]
fn the_table_is_that_of_kubectl() {
    let now: Timestamp = "2026-03-01T12:10:00Z".parse().unwrap();
    let row = |pod: &ObservedPod| {
        let row = pod.row(now);
        (row.ready.to_string(), row.status.to_string())
    };
    let rows: Vec<_> = pods().iter().map(row).collect();
    let expected = [("0/1", "CrashLoopBackOff"), ("0/1", "ContainerStatusUnknown"), ("0/1", "Init:Error")];
    for ((ready, status), expected) in rows.iter().zip(expected) {
        assert_eq!((ready.as_str(), status.as_str()), expected);
    }
}

#[test]
fn what_a_status_says_is_what_the_rules_make_of_it() {
    for pod in pods().iter().take(3) {
        let published = pod.status().phase.as_ref().unwrap().as_str();
        assert_eq!(pod.phase().name(), published, "{}", pod.manifest().metadata.name);
        assert!(pod.inconsistencies().is_empty(), "{:?}", pod.inconsistencies());
    }
    let odd = &pods()[3];
    assert!(!odd.inconsistencies().is_empty());
    assert!(odd.inconsistencies().iter().all(|it| it.to_string().starts_with("status.")));
}

#[test]
fn a_single_rule_can_be_asked() {
    let pod = &pods()[0];
    let (index, app) = pod.spec().containers().next().unwrap();
    let last = pod.records()[index.get()].as_ref().unwrap().last_termination().unwrap();
    assert_eq!(last.exit_code, 137);
    assert!(restart::restarts_after_exit(app.restart(), last.exit_code));
}
