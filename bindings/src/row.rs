//! Row of a Pod in `kubectl get pods`.

use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
use serde::Serialize;

/// Row of `kubectl get pods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// NAMESPACE; empty if the object has none.
    pub namespace: String,
    /// NAME.
    pub name: String,
    /// READY: `1/2`.
    pub ready: String,
    /// STATUS: `CrashLoopBackOff`.
    pub status: String,
    /// RESTARTS: `3 (5m ago)`.
    pub restarts: String,
    /// AGE: `7m`.
    pub age: String,
    /// READINESS GATES: `1/2`, or `<none>`.
    pub readiness_gates: String,
}

impl Row {
    /// Returns the row of a Pod.
    #[must_use]
    pub fn of(pod: &PodManifest, now: Timestamp) -> Row {
        let row = kubectl::row(pod, now);
        Row {
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            ready: row.ready,
            status: row.status,
            restarts: row.restarts,
            age: row.age,
            readiness_gates: row.readiness_gates,
        }
    }
}
