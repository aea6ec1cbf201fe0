//! The columns of `kubectl get pods`, and `kubectl describe pod` (pkg/printers/internalversion, k8s.io/kubectl).
//!
//! ```
//! use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
//!
//! let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
//! let pod: PodManifest = serde_json::from_str(printed)?;
//! let now: Timestamp = "2026-03-01T12:08:50Z".parse()?;
//! assert_eq!(kubectl::row(&pod, now).status, "CrashLoopBackOff");
//! assert!(kubectl::describe(&pod, &[], now).contains("CrashLoopBackOff"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod age;
mod containers;
mod describe;
mod layout;
mod restarts;
mod status_column;
mod table;

pub use age::age;
pub use describe::describe;
pub use table::{table, wide_table};

use alloc::{format, string::String};

use crate::{
    api::{ConditionStatus, PodManifest, PodStatus},
    time::Timestamp,
};
use containers::{InitContainers, RegularContainers};

/// What `kubectl get pods` shows of one Pod, name and addresses apart.
///
/// ```
/// use pod_lifecycle::{api::PodManifest, kubectl};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "creationTimestamp": "2026-03-01T12:00:00Z"},
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Pending"}
/// }"#)?;
/// let kubectl::Row { ready, status, age, .. } = kubectl::row(&pod, "2026-03-01T12:00:42Z".parse()?);
/// assert_eq!((ready.as_str(), status.as_str(), age.as_str()), ("0/1", "Pending", "42s"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Row {
    /// READY: how many regular containers and sidecars are ready, of how many.
    pub ready: String,
    /// STATUS: what the Pod is doing, in one word.
    pub status: String,
    /// RESTARTS: how often containers were started again, and when the last one ended.
    pub restarts: String,
    /// AGE: how long ago the Pod was created.
    pub age: String,
    /// READINESS GATES (wide output only): how many of the gates are true, of how many; or `<none>`.
    pub readiness_gates: String,
}

/// Reads the columns off a Pod.
///
/// Init containers count up to the first that holds the Pod up. Regular containers count only if none does, or if the
/// Pod is `Initialized` all the same; then RESTARTS no longer shows those of ordinary init containers.
///
/// <https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/#understanding-pod-status>
///
/// Answers to `printPod` in `pkg/printers/internalversion`.
///
/// ```
/// use pod_lifecycle::{api::PodManifest, kubectl};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "creationTimestamp": "2026-03-01T12:00:00Z"},
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Running", "containerStatuses": [{
///         "name": "app", "ready": false, "restartCount": 3, "image": "nginx", "imageID": "",
///         "state": {"waiting": {"reason": "CrashLoopBackOff"}},
///         "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-03-01T12:02:00Z"}}
///     }]}
/// }"#)?;
/// let row = kubectl::row(&pod, "2026-03-01T12:07:00Z".parse()?);
/// assert_eq!((&*row.ready, &*row.status, &*row.restarts, &*row.age), ("0/1", "CrashLoopBackOff", "3 (5m ago)", "7m"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn row(pod: &PodManifest, now: Timestamp) -> Row {
    let init = InitContainers::read(pod);
    let regular = init.let_through(&pod.status).then(|| RegularContainers::read(&pod.status));
    let restarts = match &regular {
        Some(regular) => init.sidecar_restarts.and(regular.restarts),
        None => init.restarts,
    };
    let ready = init.ready.saturating_add(regular.as_ref().map_or(0, |regular| regular.ready));
    let counted = pod.spec.containers.len().saturating_add(init.sidecars);
    Row {
        ready: format!("{ready}/{counted}"),
        status: status_column::word(pod, init, regular),
        restarts: restarts.column(now),
        age: age(pod.metadata.creation_timestamp, now),
        readiness_gates: readiness_gates(pod),
    }
}

/// How many readiness gates are true, of how many.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>
fn readiness_gates(pod: &PodManifest) -> String {
    let gates = &pod.spec.readiness_gates;
    if gates.is_empty() {
        return "<none>".into();
    }
    let are_true = gates.iter().filter(|gate| first_condition_is_true(&pod.status, &gate.condition_type));
    format!("{}/{}", are_true.count(), gates.len())
}

/// Whether the first condition of a type holds; later ones of the same type do not count.
fn first_condition_is_true(status: &PodStatus, type_: &str) -> bool {
    let first = status.conditions.iter().find(|condition| condition.type_ == type_);
    first.is_some_and(|condition| condition.status.known() == Some(ConditionStatus::True))
}

#[cfg(test)]
mod tests;
