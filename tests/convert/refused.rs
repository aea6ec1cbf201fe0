//! What cannot be converted is an error that names the field.

use k8s_openapi::{api::core::v1, apimachinery::pkg::apis::meta::v1::ObjectMeta as TheirMeta};
use pod_lifecycle::{
    api::{Container, Handler, ObjectMeta, PodManifest, PodStatus, Workload},
    convert::ConvertError,
};
use serde_json::json;

fn no_such(field: &str) -> ConvertError {
    ConvertError::NoSuchField { field: field.into() }
}

#[test]
fn a_field_of_a_later_kubernetes_is_not_dropped() {
    let status: PodStatus = serde_json::from_value(json!({"mood": {"today": "fine"}})).unwrap();
    assert_eq!(v1::PodStatus::try_from(&status), Err(no_such("mood")));
    let pod: PodManifest = serde_json::from_value(json!({"spec": {
        "containers": [{"name": "a"}, {"name": "b", "securityContext": {"capabilities": {"lend": ["ALL"]}}}],
    }}))
    .unwrap();
    let error = v1::Pod::try_from(&pod).unwrap_err();
    assert_eq!(error, no_such("spec.containers[1].securityContext.capabilities.lend"));
    assert_eq!(error.to_string(), format!("{}: the type of k8s-openapi has no such field", error.field()));
}

#[test]
fn null_says_nothing_that_could_be_lost() {
    let status: PodStatus = serde_json::from_value(json!({"mood": null, "phase": "Running"})).unwrap();
    assert_eq!(v1::PodStatus::try_from(&status).unwrap().phase.as_deref(), Some("Running"));
}

#[test]
fn what_only_some_handlers_do_is_refused_for_the_others() {
    let grpc: Handler = serde_json::from_value(json!({"grpc": {"port": 9090}})).unwrap();
    assert_eq!(v1::LifecycleHandler::try_from(&grpc), Err(no_such("grpc")));
    let sidecar: Container = serde_json::from_value(json!({"name": "app", "targetContainerName": "other"})).unwrap();
    assert_eq!(v1::Container::try_from(&sidecar), Err(no_such("targetContainerName")));
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_field() {
    let status: PodStatus = serde_json::from_value(json!({"nominatedNodeName": 7})).unwrap();
    let error = v1::PodStatus::try_from(&status).unwrap_err();
    assert_eq!(error.field(), "nominatedNodeName");
    assert!(error.to_string().starts_with("nominatedNodeName: invalid type: integer `7`"), "{error}");
}

#[test]
fn another_kind_of_object_is_refused() {
    let pod: PodManifest = serde_json::from_value(json!({"kind": "Node"})).unwrap();
    let error = v1::Pod::try_from(&pod).unwrap_err();
    assert_eq!(error.to_string(), "invalid value: string \"Node\", expected Pod");
    let job: Workload = serde_json::from_value(json!({"apiVersion": "batch/v1", "kind": "Job"})).unwrap();
    let error = k8s_openapi::api::apps::v1::Deployment::try_from(&job).unwrap_err();
    assert_eq!(error.to_string(), "invalid value: string \"batch/v1\", expected apps/v1");
}

#[test]
fn a_time_that_their_calendar_does_not_have_is_refused() {
    let mut meta: ObjectMeta = serde_json::from_value(json!({"creationTimestamp": "2026-03-01T12:00:00Z"})).unwrap();
    let late = pod_lifecycle::Timestamp::from_unix_seconds(400_000_000_000);
    meta.creation_timestamp = Some(late);
    assert_eq!(TheirMeta::try_from(&meta).unwrap_err().field(), "creationTimestamp");
}

#[test]
fn owner_references_resource_version_and_unknown_metadata_are_converted() {
    let theirs: v1::Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "resourceVersion": "17", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6", "uid": "1", "controller": true},
        ], "managedFields": [{"manager": "kubectl"}]},
    }))
    .unwrap();
    let ours = PodManifest::try_from(&theirs).unwrap();
    assert_eq!(ours.metadata.owner_references[0].controller, Some(true));
    assert_eq!(ours.metadata.resource_version, "17");
    assert_eq!(v1::Pod::try_from(&ours).unwrap().metadata, theirs.metadata);
}
