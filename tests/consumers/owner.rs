//! A test of a controller that owns Pods: it finds them by their owner reference and sees every write once.

use std::{collections::BTreeSet, time::Duration};

use pod_lifecycle::{
    api::{Container, OwnerReference, PodManifest, PodPhase},
    sim::{Scenario, ScriptActionKind},
};

const SECOND: Duration = Duration::from_secs(1);

/// As a ReplicaSet's controller creates it, with metadata and spec that the crate has no names for.
fn owned() -> PodManifest {
    let mut pod = PodManifest::new("web-5c9f", [Container::new("app", "nginx:1.27")]);
    pod.metadata.owner_references = vec![OwnerReference::controller("apps/v1", "ReplicaSet", "web", "7d3a")];
    pod.metadata.other.insert("managedFields".into(), serde_json::json!([{"manager": "kube-controller-manager"}]));
    pod.spec.other.insert("hostname".into(), "web".into());
    pod
}

#[test]
fn the_owner_of_a_pod_is_found_in_every_object_that_a_watch_delivers() {
    let timeline = Scenario::healthy(owned()).delete_at(60.0).play().unwrap();
    assert!(timeline.objects().count() > 1);
    for (_, pod) in timeline.objects().chain([(timeline.end.at, timeline.pod.clone())]) {
        assert_eq!(pod.metadata.owner_references, owned().metadata.owner_references);
        assert_eq!(pod.metadata.other, owned().metadata.other);
        assert_eq!(pod.spec.other["hostname"], "web");
    }
}

#[test]
fn the_resource_version_increases_with_each_write() {
    let timeline = Scenario::healthy(owned()).delete_at(60.0).play().unwrap();
    let versions: Vec<u64> =
        timeline.objects().map(|(_, pod)| pod.metadata.resource_version.parse().unwrap()).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let distinct: BTreeSet<u64> = versions.iter().copied().collect();
    assert_eq!(distinct.len(), versions.len(), "what is delivered twice is one write: {versions:?}");
}

#[test]
fn a_live_object_has_its_status_and_a_version_that_stands_still_while_nothing_is_written() {
    let mut life = Scenario::healthy(owned()).simulate().unwrap();
    life.advance(30 * SECOND).unwrap();
    let seen = life.object().manifest().clone();
    assert_eq!(seen.status.phase, Some(PodPhase::Running.into()));
    assert_eq!(seen.status, *life.object().status());
    life.advance(300 * SECOND).unwrap();
    assert_eq!(*life.object().manifest(), seen, "a healthy Pod is left alone");
    life.act(&ScriptActionKind::Delete { grace: None }).unwrap();
    let deleted = &life.object().manifest().metadata;
    assert!(deleted.deletion_timestamp.is_some());
    assert_ne!(deleted.resource_version, seen.metadata.resource_version);
}
