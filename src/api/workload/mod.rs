//! Workloads: Deployments and the other kinds with a Pod template, and the documents that hold them.

mod document;
mod make;
#[cfg(test)]
mod tests;

pub use document::Document;
pub(crate) use make::generated_name;

use alloc::{boxed::Box, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    FieldError, Name as _, ObjectMeta, OtherFields, PodManifestSpec, is_default, named::named, null_is_absent,
    value::other_fields,
};

named! {
    /// Kind of an object with a Pod template.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/>
    #[non_exhaustive]
    pub enum WorkloadKind {
        /// A template by itself.
        PodTemplate = "PodTemplate",
        /// Keeps a number of Pods; replaced by `ReplicaSet`.
        ReplicationController = "ReplicationController",
        /// Keeps a number of Pods.
        ReplicaSet = "ReplicaSet",
        /// Keeps a number of Pods and rolls out changes of their template.
        Deployment = "Deployment",
        /// Keeps Pods with stable names, numbered by ordinal.
        StatefulSet = "StatefulSet",
        /// Keeps one Pod on each node.
        DaemonSet = "DaemonSet",
        /// Runs Pods until they succeed.
        Job = "Job",
        /// Creates Jobs on a schedule.
        CronJob = "CronJob",
    }
}

impl WorkloadKind {
    /// Returns the API group of the kind: `apps`, `batch`, or the empty one.
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

    /// Returns the kind that `kubectl` knows by this word, in any case: `Deployment`, `deployments`, `deploy` or
    /// `deployments.apps`.
    ///
    /// ```
    /// use pod_lifecycle::api::WorkloadKind;
    ///
    /// assert_eq!(WorkloadKind::of_resource("deploy"), Some(WorkloadKind::Deployment));
    /// assert_eq!(WorkloadKind::of_resource("pod"), None);
    /// ```
    #[must_use]
    pub fn of_resource(word: &str) -> Option<WorkloadKind> {
        let word = word.to_ascii_lowercase();
        let (resource, group) = word.split_once('.').unwrap_or((&word, ""));
        let is_meant = |kind: &WorkloadKind| {
            let singular = kind.name().to_ascii_lowercase();
            let names = [&*singular, kind.short_name()];
            // The group may go on with the version: `deployments.v1.apps`.
            let is_named = names.contains(&resource) || resource.strip_suffix('s') == Some(&singular);
            is_named && (group.is_empty() || group.ends_with(kind.group()))
        };
        WorkloadKind::ALL.iter().copied().find(is_meant)
    }

    /// Returns the short name of the kind's resource, as `kubectl api-resources` lists it; empty if there is none.
    const fn short_name(self) -> &'static str {
        match self {
            WorkloadKind::ReplicationController => "rc",
            WorkloadKind::ReplicaSet => "rs",
            WorkloadKind::Deployment => "deploy",
            WorkloadKind::StatefulSet => "sts",
            WorkloadKind::DaemonSet => "ds",
            WorkloadKind::CronJob => "cj",
            WorkloadKind::PodTemplate | WorkloadKind::Job => "",
        }
    }

    /// Returns the path of the template in an object of the kind; field errors of its Pod start with it.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkloadSpec {
    /// Template of its Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
    /// Of a `CronJob`: template of its Jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_template: Option<Box<JobTemplateSpec>>,
    /// Of a `StatefulSet`: Service under which its Pods have their DNS names.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Of a `StatefulSet`: first ordinal of its Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinals: Option<StatefulSetOrdinals>,
    /// Of a `StatefulSet`: claims, one of each per Pod, as they were written.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<Value>,
    /// Of a `Job`: `NonIndexed` (the default) or `Indexed`, which numbers its Pods.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub completion_mode: String,
    /// Of a `Job`: rules on failed Pods, as they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_failure_policy: Option<Value>,
    /// Every other field (`replicas`, `selector`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Ordinals of the Pods of a `StatefulSet`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatefulSetOrdinals {
    /// Ordinal of the first Pod; 0 by default.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub start: i32,
}

/// Template of a workload's Pods.
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

/// Template of a `CronJob`'s Jobs.
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

/// Error of a document from which no Pod can be made.
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
    /// The object has no template.
    #[error("{kind} {name:?}: {field}: Required value")]
    MissingTemplate {
        /// The kind of the object.
        kind: WorkloadKind,
        /// Its name.
        name: String,
        /// The path of the template.
        field: &'static str,
    },
    /// The template is invalid in an object of this kind.
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
        /// Names of all documents.
        there: Vec<String>,
    },
    /// No document that makes Pods has this name.
    #[error("no document that makes Pods is called {name:?}{}", listed(", there is ", there))]
    NotFound {
        /// The name.
        name: String,
        /// Names of the documents that make Pods: `Deployment/web`.
        there: Vec<String>,
    },
    /// Several documents make Pods, and none was chosen.
    #[error("several documents make Pods, and one has to be chosen{}", listed(": ", there))]
    Ambiguous {
        /// Names that match: `Deployment/web`.
        there: Vec<String>,
    },
}

fn expected() -> String {
    let kinds = WorkloadKind::ALL.iter().map(|kind| kind.name());
    ["Pod", "List"].into_iter().chain(kinds).collect::<Vec<_>>().join(", ")
}

fn version(api_version: &str) -> String {
    if api_version.is_empty() { String::new() } else { alloc::format!(" of {api_version:?}") }
}

fn listed(lead: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { alloc::format!("{lead}{}", names.join(", ")) }
}
