//! Workloads: Deployments and the other kinds with a Pod template, and the documents that hold them.

mod document;
mod make;
#[cfg(test)]
mod tests;

pub use document::Document;

use alloc::{boxed::Box, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    FieldError, ObjectMeta, OtherFields, PodManifestSpec, is_default, named::named, null_is_absent, value::other_fields,
};

named! {
    /// The kinds of objects that have a template for Pods.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/>
    ///
    /// ```
    /// use pod_lifecycle::api::WorkloadKind;
    ///
    /// assert_eq!("ReplicaSet".parse::<WorkloadKind>(), Ok(WorkloadKind::ReplicaSet));
    /// ```
    #[non_exhaustive]
    pub enum WorkloadKind {
        /// A template by itself.
        PodTemplate = "PodTemplate",
        /// Keeps a number of Pods, in the oldest way.
        ReplicationController = "ReplicationController",
        /// Keeps a number of Pods.
        ReplicaSet = "ReplicaSet",
        /// Keeps a number of Pods through changes of their template.
        Deployment = "Deployment",
        /// Keeps Pods that are known by their number.
        StatefulSet = "StatefulSet",
        /// Keeps a Pod on each node.
        DaemonSet = "DaemonSet",
        /// Runs Pods until they succeed.
        Job = "Job",
        /// Makes Jobs by the clock.
        CronJob = "CronJob",
    }
}

impl WorkloadKind {
    /// The API group of the kind: `apps`, `batch`, or the empty one.
    ///
    /// ```
    /// use pod_lifecycle::api::WorkloadKind;
    ///
    /// assert_eq!(WorkloadKind::Deployment.group(), "apps");
    /// ```
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            WorkloadKind::PodTemplate | WorkloadKind::ReplicationController => "",
            WorkloadKind::ReplicaSet
            | WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet => "apps",
            WorkloadKind::Job | WorkloadKind::CronJob => "batch",
        }
    }

    /// The path of the template in an object of the kind; what is wrong with the Pod stands below it.
    ///
    /// ```
    /// use pod_lifecycle::api::WorkloadKind;
    ///
    /// assert_eq!(WorkloadKind::CronJob.template_field(), "spec.jobTemplate.spec.template");
    /// ```
    #[must_use]
    pub const fn template_field(self) -> &'static str {
        match self {
            WorkloadKind::PodTemplate => "template",
            WorkloadKind::ReplicationController
            | WorkloadKind::ReplicaSet
            | WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::Job => "spec.template",
            WorkloadKind::CronJob => "spec.jobTemplate.spec.template",
        }
    }
}

/// An object with a template for Pods, of any kind; [`pod`](Workload::pod) makes one of them.
///
/// ```
/// use pod_lifecycle::api::Workload;
///
/// let workload: Workload = serde_json::from_str(r#"{
///     "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
///     "spec": {"serviceName": "db", "template": {
///         "metadata": {"labels": {"app": "db"}},
///         "spec": {"containers": [{"name": "postgres", "image": "postgres:17"}]}
///     }}
/// }"#)?;
/// let pod = workload.pod()?;
/// assert_eq!(pod.metadata.name, "db-0");
/// assert_eq!(pod.metadata.labels["statefulset.kubernetes.io/pod-name"], "db-0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Workload {
    /// `apps/v1`, `batch/v1` or `v1`, if written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the object.
    pub kind: WorkloadKind,
    /// Name, namespace and labels.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub metadata: ObjectMeta,
    /// Desired state.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub spec: WorkloadSpec,
    /// Of a `PodTemplate`: the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
    /// Every other field (`status`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Spec of a workload: the fields on which its Pods depend.
///
/// ```
/// use pod_lifecycle::api::WorkloadSpec;
///
/// let spec: WorkloadSpec = serde_json::from_str(r#"{"replicas": 3, "serviceName": "db"}"#)?;
/// assert!(spec.template.is_none() && spec.other.contains_key("replicas"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkloadSpec {
    /// Template of its Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
    /// Of a `CronJob`: what its Jobs are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_template: Option<Box<JobTemplateSpec>>,
    /// Of a `StatefulSet`: the Service that gives its Pods their names.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Of a `StatefulSet`: how its Pods are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinals: Option<StatefulSetOrdinals>,
    /// Of a `StatefulSet`: the volumes that each Pod gets for itself, as they were written.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<Value>,
    /// Of a `Job`: `Indexed` if its Pods are known by their number.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub completion_mode: String,
    /// Of a `Job`: what a failed Pod means, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_failure_policy: Option<Value>,
    /// Every other field (`replicas`, `selector`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Ordinals of the Pods of a `StatefulSet`.
///
/// ```
/// use pod_lifecycle::api::StatefulSetOrdinals;
///
/// assert_eq!(serde_json::from_str::<StatefulSetOrdinals>(r#"{"start": 5}"#)?.start, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatefulSetOrdinals {
    /// The number of the first one.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub start: i32,
}

/// The template that a workload makes its Pods of.
///
/// ```
/// use pod_lifecycle::api::PodTemplateSpec;
///
/// let template: PodTemplateSpec =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// assert_eq!(template.spec.containers[0].name, "app");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PodTemplateSpec {
    /// Labels and annotations of the Pods.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub metadata: ObjectMeta,
    /// Spec of the Pods.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub spec: PodManifestSpec,
}

/// The template that a `CronJob` makes its Jobs of.
///
/// ```
/// use pod_lifecycle::api::JobTemplateSpec;
///
/// let jobs: JobTemplateSpec = serde_json::from_str(
///     r#"{"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "busybox"}]}}}}"#)?;
/// let template = jobs.spec.template.ok_or("no template")?;
/// assert_eq!(template.spec.containers[0].name, "app");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobTemplateSpec {
    /// Labels and annotations of the Jobs.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub metadata: ObjectMeta,
    /// Spec of the Jobs.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub spec: WorkloadSpec,
}

/// Why there is no Pod to be had.
///
/// ```
/// use pod_lifecycle::api::{Document, WorkloadError};
///
/// let service: Document = serde_json::from_str(r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}"#)?;
/// let error = service.pod().unwrap_err();
/// assert!(matches!(&error, WorkloadError::UnknownKind { kind, .. } if kind == "Service"));
/// assert!(error.to_string().ends_with(r#"Job, CronJob, found "Service" of "v1""#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// An object of this kind makes no Pods.
    #[error("kind: expected one of {}, found {kind:?}{}", expected(), version(api_version))]
    UnknownKind {
        /// Its version.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// The template is not there.
    #[error("{kind} {name:?}: {field}: Required value")]
    MissingTemplate {
        /// The kind of the object.
        kind: WorkloadKind,
        /// Its name.
        name: String,
        /// The path of the template.
        field: &'static str,
    },
    /// The template is not one that an object of this kind may have.
    #[error("{kind} {name:?}: {error}")]
    Invalid {
        /// The kind of the object.
        kind: WorkloadKind,
        /// Its name.
        name: String,
        /// Message with the path from the object.
        error: FieldError,
    },
    /// There are no documents that make Pods.
    #[error("no document makes Pods{}", listed(", there is only ", there))]
    NoPods {
        /// Those that are there.
        there: Vec<String>,
    },
    /// No document that makes Pods is called so.
    #[error("no document that makes Pods is called {name:?}{}", listed(", there is ", there))]
    NotFound {
        /// The name.
        name: String,
        /// Those that are there: `Deployment/web`.
        there: Vec<String>,
    },
    /// Several documents make Pods, and none was chosen.
    #[error("several documents make Pods, and one has to be chosen{}", listed(": ", there))]
    Ambiguous {
        /// Those that may be meant: `Deployment/web`.
        there: Vec<String>,
    },
}

fn expected() -> String {
    use super::Name;
    let kinds = WorkloadKind::ALL.iter().map(|kind| kind.name());
    ["Pod", "List"].into_iter().chain(kinds).collect::<Vec<_>>().join(", ")
}

fn version(api_version: &str) -> String {
    if api_version.is_empty() { String::new() } else { alloc::format!(" of {api_version:?}") }
}

fn listed(lead: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { alloc::format!("{lead}{}", names.join(", ")) }
}
