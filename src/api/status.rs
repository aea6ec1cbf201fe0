//! `v1.PodStatus`: the status as the API prints it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{ContainerStatus, Named, OtherFields, is_default, named::named, null_is_absent, value::other_fields};
use crate::time::Timestamp;

named! {
    /// Phase of a Pod.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
    pub enum PodPhase {
        /// Accepted, but some container has not run yet.
        Pending = "Pending",
        /// Every container has been started, and one still runs or will run again.
        Running = "Running",
        /// Every container ended with exit code 0 and none is started again.
        Succeeded = "Succeeded",
        /// Every container ended, one of them badly, and none is started again.
        Failed = "Failed",
        /// The node cannot be reached.
        Unknown = "Unknown",
    }
}

impl PodPhase {
    /// True if a Pod never leaves this phase.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }
}

named! {
    /// Status of a condition.
    pub enum ConditionStatus {
        /// It holds.
        True = "True",
        /// It does not hold.
        False = "False",
        /// It cannot be determined.
        Unknown = "Unknown",
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> ConditionStatus {
        if holds { ConditionStatus::True } else { ConditionStatus::False }
    }
}

named! {
    /// Quality-of-service class, computed from requests and limits; the kubelet evicts by it.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>
    pub enum PodQosClass {
        /// Every container has limits for CPU and memory, equal to its requests.
        Guaranteed = "Guaranteed",
        /// Some container has a request or limit, but the Pod is not `Guaranteed`.
        Burstable = "Burstable",
        /// No container has a request or limit.
        BestEffort = "BestEffort",
    }
}

/// The status of a Pod as the API has it: `v1.PodStatus`.
///
/// A status that is read keeps what the crate has no name for, so that writing it loses nothing:
///
/// ```
/// use pod_lifecycle::api::PodStatus;
///
/// let written = r#"{"phase":"Running","hostIP":"10.0.0.1","hostIPs":[{"ip":"10.0.0.1"}],"podIP":"10.244.1.7",
///     "podIPs":[{"ip":"10.244.1.7"}],"qosClass":"Burstable","resourceClaimStatuses":[{"name":"gpu"}]}"#;
/// let status: PodStatus = serde_json::from_str(written)?;
/// assert_eq!(status.host_ips[0].ip, "10.0.0.1");
/// assert!(status.other.contains_key("resourceClaimStatuses"));
/// assert_eq!(serde_json::to_value(&status)?, serde_json::from_str::<serde_json::Value>(written)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodStatus {
    /// The spec's generation that this status is about.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub observed_generation: i64,
    /// Phase of the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Named<PodPhase>>,
    /// Conditions, one of each type.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PodCondition>,
    /// Message for people on the phase.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Reason of the phase, in CamelCase, as in `Evicted`.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The node's address.
    #[serde(default, rename = "hostIP", deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
    /// All of the node's addresses: at most one of each family.
    #[serde(default, rename = "hostIPs", deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub host_ips: Vec<HostIp>,
    /// The Pod's address.
    #[serde(default, rename = "podIP", deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub pod_ip: String,
    /// All of the Pod's addresses.
    #[serde(default, rename = "podIPs", deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub pod_ips: Vec<PodIp>,
    /// Time at which the kubelet first saw the Pod, before any image was pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// Quality-of-service class.
    #[serde(default, rename = "qosClass", skip_serializing_if = "Option::is_none")]
    pub qos_class: Option<Named<PodQosClass>>,
    /// Init containers and sidecars, in the order of the spec.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Regular containers, by name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub container_statuses: Vec<ContainerStatus>,
    /// Ephemeral containers, by name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
    /// Every other field (`nominatedNodeName`, `resourceClaimStatuses`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// An address of a Pod's node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostIp {
    /// The address.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub ip: String,
}

impl From<&str> for HostIp {
    fn from(ip: &str) -> HostIp {
        HostIp { ip: ip.into() }
    }
}

impl PodStatus {
    /// Returns the statuses of all containers: regular ones, init containers and sidecars, ephemeral ones.
    pub fn every_container(&self) -> impl Iterator<Item = &ContainerStatus> {
        let lasting = self.container_statuses.iter().chain(&self.init_container_statuses);
        lasting.chain(&self.ephemeral_container_statuses)
    }

    /// Returns the first condition of a type; a second one of the same type is ignored.
    #[must_use]
    pub fn condition(&self, type_: &str) -> Option<&PodCondition> {
        self.conditions.iter().find(|condition| condition.type_ == type_)
    }
}

/// An address of a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PodIp {
    /// The address.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub ip: String,
}

impl From<&str> for PodIp {
    fn from(ip: &str) -> PodIp {
        PodIp { ip: ip.into() }
    }
}

/// Condition of a Pod.
///
/// ```
/// use pod_lifecycle::api::{ConditionStatus, PodCondition};
///
/// let condition = PodCondition::new("example.com/attached", ConditionStatus::True);
/// assert_eq!(condition.status, ConditionStatus::True);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodCondition {
    /// Type: `Ready`, `Initialized`, or a custom one such as a readiness gate's.
    #[serde(rename = "type")]
    pub type_: String,
    /// The spec's generation that it is about.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub observed_generation: i64,
    /// True, False or Unknown.
    pub status: Named<ConditionStatus>,
    /// Time of the last probe; the kubelet leaves it unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_probe_time: Option<Timestamp>,
    /// Time of the last change of `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
    /// Reason of the last change, in CamelCase.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Message for people.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl PodCondition {
    /// Creates a condition without times, reason and message.
    #[must_use]
    pub fn new(type_: &str, status: impl Into<Named<ConditionStatus>>) -> PodCondition {
        PodCondition {
            type_: type_.into(),
            observed_generation: 0,
            status: status.into(),
            last_probe_time: None,
            last_transition_time: None,
            reason: String::new(),
            message: String::new(),
        }
    }

    /// Sets a condition and returns the former status of its type; one that keeps its status keeps its
    /// transition time.
    pub(crate) fn put(conditions: &mut Vec<PodCondition>, condition: PodCondition) -> Option<ConditionStatus> {
        let Some(known) = conditions.iter_mut().find(|known| known.type_ == condition.type_) else {
            conditions.push(condition);
            return None;
        };
        let before = known.status.known();
        let since = known.last_transition_time.filter(|_| known.status == condition.status);
        let last_transition_time = since.or(condition.last_transition_time);
        *known = PodCondition { last_transition_time, ..condition };
        before
    }
}
