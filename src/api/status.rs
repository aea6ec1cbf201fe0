//! `v1.PodStatus`: the status as the API prints it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{ContainerStatus, Named, OtherFields, is_default, named::named, null_is_absent, value::other_fields};
use crate::time::Timestamp;

named! {
    /// Where a Pod is in its life, in one word.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, PodPhase};
    ///
    /// assert!(PodPhase::Failed.is_terminal() && !PodPhase::Unknown.is_terminal());
    /// assert_eq!(PodPhase::Running.name(), "Running");
    /// ```
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
    /// Whether a Pod never leaves this phase.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }
}

named! {
    /// Whether a condition holds.
    ///
    /// ```
    /// use pod_lifecycle::api::ConditionStatus;
    ///
    /// assert_eq!("True".parse::<ConditionStatus>(), Ok(ConditionStatus::True));
    /// ```
    pub enum ConditionStatus {
        /// It holds.
        True = "True",
        /// It does not hold.
        False = "False",
        /// Nobody can say.
        Unknown = "Unknown",
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> ConditionStatus {
        if holds { ConditionStatus::True } else { ConditionStatus::False }
    }
}

named! {
    /// How much the node has promised to a Pod, which decides who is evicted first.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, PodQosClass};
    ///
    /// assert_eq!(PodQosClass::BestEffort.name(), "BestEffort");
    /// ```
    pub enum PodQosClass {
        /// Every container gets exactly what it may use.
        Guaranteed = "Guaranteed",
        /// Some container gets something for sure.
        Burstable = "Burstable",
        /// Nothing is promised.
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
    /// Where the Pod is in its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Named<PodPhase>>,
    /// What has come true.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PodCondition>,
    /// Why the Pod is in its phase, for people.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why the Pod is in its phase, in one word.
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
    /// When the kubelet first saw the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// How much the node has promised to the Pod.
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
///
/// ```
/// use pod_lifecycle::api::PodStatus;
///
/// let status: PodStatus = serde_json::from_str(r#"{"hostIP": "10.0.0.7", "hostIPs": [{"ip": "10.0.0.7"}]}"#)?;
/// assert_eq!(status.host_ips[0].ip, status.host_ip);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// The statuses of all containers: regular ones, init containers and sidecars, ephemeral ones.
    ///
    /// ```
    /// use pod_lifecycle::api::PodStatus;
    ///
    /// let status: PodStatus = serde_json::from_str(
    ///     r#"{"initContainerStatuses": [{"name": "wait"}], "containerStatuses": [{"name": "app"}]}"#,
    /// )?;
    /// let names: Vec<&str> = status.every_container().map(|container| &*container.name).collect();
    /// assert_eq!(names, ["app", "wait"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn every_container(&self) -> impl Iterator<Item = &ContainerStatus> {
        let lasting = self.container_statuses.iter().chain(&self.init_container_statuses);
        lasting.chain(&self.ephemeral_container_statuses)
    }

    /// The first condition of a type, which is the one that counts.
    ///
    /// ```
    /// use pod_lifecycle::api::{ConditionStatus, PodStatus};
    ///
    /// let status: PodStatus = serde_json::from_str(r#"{"conditions": [{"type": "Ready", "status": "False"}]}"#)?;
    /// let ready = status.condition("Ready").map(|ready| ready.status.clone());
    /// assert_eq!(ready, Some(ConditionStatus::False.into()));
    /// assert_eq!(status.condition("Initialized"), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn condition(&self, type_: &str) -> Option<&PodCondition> {
        self.conditions.iter().find(|condition| condition.type_ == type_)
    }
}

/// An address of a Pod.
///
/// ```
/// use pod_lifecycle::api::PodStatus;
///
/// let status: PodStatus = serde_json::from_str(r#"{"podIP": "10.1.0.9", "podIPs": [{"ip": "10.1.0.9"}]}"#)?;
/// assert_eq!(status.pod_ips[0].ip, status.pod_ip);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Something that has come true of a Pod, or has not.
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
    /// Its type: `Ready`, `Initialized`, or any that others have made up.
    #[serde(rename = "type")]
    pub type_: String,
    /// The spec's generation that it is about.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub observed_generation: i64,
    /// Whether it holds.
    pub status: Named<ConditionStatus>,
    /// When it was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_probe_time: Option<Timestamp>,
    /// When its status last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
    /// Why, in one word.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why, for people.
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

    /// Sets a condition among others, and says which status one of its type had; one that keeps its status keeps its
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
