//! Observed Pods: explanations, remedies and inconsistencies from an API object alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod explained;
mod inconsistencies;
mod lowered;
mod remedies;
mod reported;
mod table;

use pod_lifecycle::{api::PodManifest, explain::ObservedPod};
use serde_json::{Value, json};

/// Returns a healthy Pod with one regular container `app` on a node, with these fields of spec and status replaced.
fn pod(spec: Value, status: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "prod", "uid": "u-1", "creationTimestamp": "2026-03-01T12:00:00Z"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}]},
        "status": {
            "phase": "Running",
            "startTime": "2026-03-01T12:00:00Z",
            "conditions": [
                {"type": "Initialized", "status": "True"},
                {"type": "Ready", "status": "True"},
                {"type": "ContainersReady", "status": "True"},
                {"type": "PodScheduled", "status": "True"},
            ],
            "containerStatuses": [running("app")],
        },
    });
    for (part, over) in [("spec", spec), ("status", status)] {
        for (key, value) in over.as_object().unwrap() {
            pod[part][key] = value.clone();
        }
    }
    pod
}

/// Returns the status of a running and ready container.
fn running(name: &str) -> Value {
    json!({
        "name": name, "ready": true, "started": true, "restartCount": 0, "image": "nginx:1",
        "imageID": "docker.io/library/nginx@sha256:0a1b", "containerID": format!("containerd://{name}-0"),
        "state": {"running": {"startedAt": "2026-03-01T12:00:02Z"}},
    })
}

fn observed(pod: Value) -> ObservedPod {
    let manifest: PodManifest = serde_json::from_value(pod).unwrap();
    ObservedPod::from_manifest(manifest).unwrap()
}
