//! `v1.PodStatus`: the status as the API prints it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Named, is_default, named::named, null_is_absent};
use crate::time::Timestamp;

named! {
    /// Where a Pod is in its life, in one word.
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
    /// Whether a Pod never leaves this phase.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }
}

named! {
    /// Whether a condition holds.
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

/// The status of a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// The Pod's address.
    #[serde(default, rename = "podIP", deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub pod_ip: String,
    /// All of the Pod's addresses.
    #[serde(default, rename = "podIPs", deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub pod_ips: Vec<PodIp>,
    /// When the kubelet first saw the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// Init containers and sidecars, in the order of the spec.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Regular containers, by name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub container_statuses: Vec<ContainerStatus>,
    /// Ephemeral containers, by name.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
}

impl PodStatus {
    /// The statuses of all containers: regular ones, init containers and sidecars, ephemeral ones.
    ///
    /// ```
    /// use pod_lifecycle::manifest::PodStatus;
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
    /// use pod_lifecycle::manifest::{ConditionStatus, PodStatus};
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PodIp {
    /// The address.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub ip: String,
}

/// Something that has come true of a Pod, or has not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodCondition {
    /// What it is about.
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

/// The status of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStatus {
    /// The container's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// What it is doing.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub state: ContainerState,
    /// What it did before.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub last_state: ContainerState,
    /// Whether it may get traffic.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub ready: bool,
    /// How often it was started again.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub restart_count: i32,
    /// The image it runs.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub image: String,
    /// The digest of the image it runs.
    #[serde(default, rename = "imageID", deserialize_with = "null_is_absent")]
    pub image_id: String,
    /// The runtime's name of its newest instance.
    #[serde(
        default,
        rename = "containerID",
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub container_id: String,
    /// Whether it has passed its startup probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<bool>,
}

/// What a container is doing: at most one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerState {
    /// It has yet to run (again).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ContainerStateWaiting>,
    /// It runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<ContainerStateRunning>,
    /// It has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminated: Option<ContainerStateTerminated>,
}

/// A container that has yet to run (again).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerStateWaiting {
    /// Why, in one word.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why, for people.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A container that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStateRunning {
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

/// A container that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStateTerminated {
    /// How it ended; 0 is well.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub exit_code: i32,
    /// The signal that ended it, if the runtime tells; 0 for none.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub signal: i32,
    /// Why, in one word.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Its last words.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The runtime's name of it.
    #[serde(
        default,
        rename = "containerID",
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub container_id: String,
}
