//! `v1.Pod`, `v1.PodSpec` and `meta/v1.ObjectMeta` (k8s.io/api/core/v1).

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    Container, Named, OtherFields, PodStatus, RestartPolicy, Volume, is_default, named::named, null_is_absent,
    value::other_fields,
};
use crate::time::Timestamp;

/// Pod object: metadata, spec and status, as written in a manifest or stored by the API server.
///
/// ```
/// use pod_lifecycle::api::{Container, PodManifest};
///
/// let pod = PodManifest::new("web", [Container::new("app", "nginx:1.27")]);
/// assert_eq!(pod.with_defaults().spec.termination_grace_period_seconds, Some(30));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodManifest {
    /// `v1`, if written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// `Pod`, if written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Identity, labels and bookkeeping of the object.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub metadata: ObjectMeta,
    /// Desired state.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub spec: PodManifestSpec,
    /// Observed state, as last published.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub status: PodStatus,
}

impl PodManifest {
    /// Creates a Pod of this name with these regular containers; everything else is left to the defaults.
    #[must_use]
    pub fn new(name: &str, containers: impl IntoIterator<Item = Container>) -> PodManifest {
        let spec = PodManifestSpec { containers: containers.into_iter().collect(), ..PodManifestSpec::default() };
        PodManifest { metadata: ObjectMeta::named(name), spec, ..PodManifest::default() }
    }
}

/// Object metadata: the fields of `v1.ObjectMeta` that the Pod lifecycle depends on.
///
/// ```
/// use pod_lifecycle::api::ObjectMeta;
///
/// let metadata: ObjectMeta = serde_json::from_str(r#"{
///     "name": "web", "uid": "u-1", "generation": 2, "labels": {"app": "web"},
///     "deletionTimestamp": "2026-03-01T12:00:30Z", "deletionGracePeriodSeconds": 30
/// }"#)?;
/// assert_eq!(metadata.labels["app"], "web");
/// assert!(metadata.deletion_timestamp.is_some(), "it is being deleted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ObjectMeta {
    /// The Pod's name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Prefix from which the API server generates a name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub generate_name: String,
    /// The Pod's namespace.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The Pod's unique id.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Number that the API server increases with each change of the spec.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub generation: i64,
    /// Time at which the API server stored the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Timestamp>,
    /// Time by which the Pod should be gone; set once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Timestamp>,
    /// Seconds a Pod being deleted has to stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_grace_period_seconds: Option<i64>,
    /// Finalizers: while one is left, the API server keeps the object.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// Objects that this one depends on; the garbage collector deletes it after the last of them.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<OwnerReference>,
    /// Opaque version that the API server changes with every write of the object.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Keys and values that selectors match.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Keys and values for tools; no selector matches them.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Every other field (`managedFields`, `selfLink`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

impl ObjectMeta {
    /// Creates the metadata of an object of this name.
    #[must_use]
    pub fn named(name: &str) -> ObjectMeta {
        ObjectMeta { name: name.into(), ..ObjectMeta::default() }
    }
}

/// The object that owns another: `meta/v1.OwnerReference`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OwnerReference {
    /// API version of the owner: `apps/v1`.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub api_version: String,
    /// Kind of the owner: `ReplicaSet`.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub kind: String,
    /// Name of the owner, in the same namespace.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Unique id of the owner.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub uid: String,
    /// True if the owner is the managing controller; at most one reference of an object is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
    /// True if foreground deletion of the owner waits for this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_owner_deletion: Option<bool>,
}

impl OwnerReference {
    /// Creates a reference to the managing controller, as `NewControllerRef` in `k8s.io/apimachinery` does.
    #[must_use]
    pub fn controller(api_version: &str, kind: &str, name: &str, uid: &str) -> OwnerReference {
        OwnerReference {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            uid: uid.into(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }
}

/// Pod spec: the fields of `v1.PodSpec` that the lifecycle depends on; the others are kept in `other`.
///
/// ```
/// use pod_lifecycle::api::PodManifestSpec;
///
/// let spec: PodManifestSpec =
///     serde_json::from_str(r#"{"containers": [{"name": "app"}], "priorityClassName": "high"}"#)?;
/// assert_eq!(spec.containers[0].name, "app");
/// assert_eq!(spec.other["priorityClassName"].as_str(), Some("high"), "passed through as it stands");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodManifestSpec {
    /// Containers that run before the regular ones: in order, to completion (or, with `restartPolicy: Always`, as sidecars).
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Container>,
    /// The regular containers.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub containers: Vec<Container>,
    /// Containers added to the running Pod for debugging.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub ephemeral_containers: Vec<Container>,
    /// Restart policy of containers without one of their own; `Always` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<Named<RestartPolicy>>,
    /// Seconds between SIGTERM and SIGKILL; 30 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
    /// Seconds the Pod may be active, counted from `startTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<i64>,
    /// The node that the Pod is bound to.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub node_name: String,
    /// True if the Pod uses the node's network namespace.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub host_network: bool,
    /// Conditions that have to be true before the Pod counts as ready.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub readiness_gates: Vec<ReadinessGate>,
    /// Gates that have to be removed before the Pod is scheduled.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub scheduling_gates: Vec<SchedulingGate>,
    /// The service account that the Pod runs as.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub service_account_name: String,
    /// The older spelling of `serviceAccountName`, which wins over it.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    /// True if the account's token is mounted; unset leaves it to the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automount_service_account_token: Option<bool>,
    /// Volumes that containers can mount.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// The operating system that the containers are made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<PodOs>,
    /// Every other field (`hostname`, `tolerations`, `securityContext`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Operating system that a Pod's containers are made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PodOs {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Named<OsName>>,
}

named! {
    /// Operating system of a node.
    pub enum OsName {
        /// Linux.
        Linux = "linux",
        /// Windows: without `securityContext` users and file modes.
        Windows = "windows",
    }
}

/// Readiness gate: a condition that has to be `True` before the Pod is `Ready`.
///
/// ```
/// use pod_lifecycle::api::ReadinessGate;
///
/// let gate = ReadinessGate::new("example.com/attached");
/// assert_eq!(serde_json::to_string(&gate)?, r#"{"conditionType":"example.com/attached"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReadinessGate {
    /// The condition's type.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub condition_type: String,
}

impl ReadinessGate {
    /// Creates a gate on the condition of this type.
    #[must_use]
    pub fn new(condition_type: &str) -> ReadinessGate {
        ReadinessGate { condition_type: condition_type.into() }
    }
}

/// Scheduling gate: while a Pod has one, the scheduler leaves it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchedulingGate {
    /// The gate's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
}

impl SchedulingGate {
    /// Creates a gate of this name.
    #[must_use]
    pub fn new(name: &str) -> SchedulingGate {
        SchedulingGate { name: name.into() }
    }
}
