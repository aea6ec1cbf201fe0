//! Removal of a Pod from the API: its deletion, the end of its grace, and the finalizers that keep its object.

use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use crate::{
    api::ObjectMeta,
    time::{Timestamp, seconds},
};

/// Removal of a Pod that was deleted and is still in the API.
///
/// ```
/// use pod_lifecycle::explain::ObservedPod;
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "report-x2v9p", "deletionTimestamp": "2026-03-01T12:00:00Z", "deletionGracePeriodSeconds": 0,
///         "finalizers": ["batch.kubernetes.io/job-tracking"]},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "report:1"}]},
///     "status": {"phase": "Succeeded"}
/// }"#)?)?;
/// let removal = pod.explain("2026-03-01T12:10:00Z".parse()?).removal.ok_or("it was deleted")?;
/// assert_eq!(removal.finalizers[0].name, "batch.kubernetes.io/job-tracking");
/// assert!(removal.finalizers[0].removed_by.starts_with("the Job controller"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Removal {
    /// Time of the delete request.
    pub requested_at: Timestamp,
    /// Grace period of the deletion.
    #[serde(rename = "graceSeconds", serialize_with = "seconds::serialize")]
    pub grace: Duration,
    /// End of the grace period: by then the kubelet kills what still runs.
    pub grace_over_at: Timestamp,
    /// Finalizers that keep the object, in the order of the object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<Finalizer>,
}

/// Finalizer of a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finalizer {
    /// Name of the finalizer: `batch.kubernetes.io/job-tracking`.
    pub name: String,
    /// Component that removes it, and when, in English.
    pub removed_by: String,
}

/// Finalizers of Pods that are known by name, each with the component that removes it, and when.
///
/// Kubernetes' own are in `pkg/apis/batch` (`JobTrackingFinalizer`) and `k8s.io/apimachinery/pkg/apis/meta/v1`.
pub(crate) const KNOWN_FINALIZERS: &[(&str, &str)] = &[
    ("batch.kubernetes.io/job-tracking", "the Job controller, once it has counted the Pod in the status of its Job"),
    ("foregroundDeletion", "the garbage collector, once the objects that the Pod owns are gone"),
    ("orphan", "the garbage collector, once the objects that the Pod owns no longer refer to it"),
    ("kueue.x-k8s.io/managed", "Kueue, once it has finished the Pod's workload"),
    ("workflows.argoproj.io/status", "the controller of Argo Workflows, once it has recorded how the Pod ended"),
];

impl Finalizer {
    pub(super) fn new(name: &str) -> Finalizer {
        let known = KNOWN_FINALIZERS.iter().find(|(known, _)| *known == name);
        let removed_by = match (known, name.split_once('/')) {
            (Some((_, removed_by)), _) => (*removed_by).into(),
            // A qualified name begins with the domain of the project that it belongs to.
            (None, Some((domain, _))) => format!("the controller that set it, which belongs to {domain}"),
            (None, None) => "the controller that set it".into(),
        };
        Finalizer { name: name.into(), removed_by }
    }
}

impl Removal {
    /// Returns the removal of an object that is being deleted.
    ///
    /// `deletionTimestamp` is the time of the request plus the grace period, also after the grace was shortened.
    /// Answers to `BeforeDelete` in the API server's `registry/rest`.
    pub(super) fn of(metadata: &ObjectMeta) -> Option<Removal> {
        let grace_over_at = metadata.deletion_timestamp?;
        let grace = seconds::of_field(metadata.deletion_grace_period_seconds.unwrap_or(0));
        Some(Removal {
            requested_at: grace_over_at - grace,
            grace,
            grace_over_at,
            finalizers: metadata.finalizers.iter().map(|name| Finalizer::new(name)).collect(),
        })
    }

    /// Returns the names of the finalizers.
    pub(super) fn finalizer_names(&self) -> Vec<&str> {
        self.finalizers.iter().map(|finalizer| &*finalizer.name).collect()
    }

    /// Returns the time since the end of the grace, if that is longer ago than `at_least`.
    pub(super) fn overdue(&self, now: Timestamp, at_least: Duration) -> Option<Duration> {
        Some(now.since(self.grace_over_at)).filter(|ago| *ago > at_least)
    }
}
