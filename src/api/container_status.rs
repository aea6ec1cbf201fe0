//! `v1.ContainerStatus`: what the API prints of one container.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OtherFields, is_default, null_is_absent, value::other_fields};
use crate::time::Timestamp;

/// The status of one container as the API has it: `v1.ContainerStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerStatus {
    /// The container's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Current state.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub state: ContainerState,
    /// State of the previous instance, with its `terminated`.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub last_state: ContainerState,
    /// True if it runs and its readiness probe, if any, passes.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub ready: bool,
    /// Number of restarts.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub restart_count: i32,
    /// The image it runs.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub image: String,
    /// The digest of the image it runs.
    #[serde(default, rename = "imageID", deserialize_with = "null_is_absent")]
    pub image_id: String,
    /// ID of the newest instance, `<runtime>://<id>`.
    #[serde(
        default,
        rename = "containerID",
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub container_id: String,
    /// True if it runs and its startup probe, if any, has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<bool>,
    /// Resources that the node has allocated, supplied by the embedder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_resources: Option<Value>,
    /// Requests and limits in force, supplied by the embedder. Without it an API server refuses to resize the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
    /// Mounts of volumes, supplied by the embedder.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<Value>,
    /// User of the first process, supplied by the embedder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Value>,
    /// Every other field (`stopSignal`, `allocatedResourcesStatus`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

impl ContainerStatus {
    /// Creates the status of the container of this name.
    #[must_use]
    pub fn new(name: &str, state: impl Into<ContainerState>) -> ContainerStatus {
        ContainerStatus { name: name.into(), state: state.into(), ..ContainerStatus::default() }
    }
}

/// State of a container: at most one field is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct ContainerStateWaiting {
    /// Reason, in CamelCase.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Message for people.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl ContainerStateWaiting {
    /// Creates the state with a reason and no message.
    #[must_use]
    pub fn new(reason: &str) -> ContainerStateWaiting {
        ContainerStateWaiting { reason: reason.into(), message: String::new() }
    }
}

impl From<ContainerStateWaiting> for ContainerState {
    fn from(waiting: ContainerStateWaiting) -> ContainerState {
        ContainerState { waiting: Some(waiting), running: None, terminated: None }
    }
}

/// A container that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerStateRunning {
    /// Start time of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

impl ContainerStateRunning {
    /// Creates the state of a container that was started then.
    #[must_use]
    pub fn since(started_at: Timestamp) -> ContainerStateRunning {
        ContainerStateRunning { started_at: Some(started_at) }
    }
}

impl From<ContainerStateRunning> for ContainerState {
    fn from(running: ContainerStateRunning) -> ContainerState {
        ContainerState { waiting: None, running: Some(running), terminated: None }
    }
}

/// A container that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerStateTerminated {
    /// Its exit code; 0 is success.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub exit_code: i32,
    /// Signal that ended it, if the runtime reports one; 0 for none.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub signal: i32,
    /// Reason, in CamelCase.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Its termination message.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Start time of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Exit time of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// ID of the instance, `<runtime>://<id>`.
    #[serde(
        default,
        rename = "containerID",
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub container_id: String,
}

impl ContainerStateTerminated {
    /// Creates the state of a container that exited; the reason is the runtime's: `Completed` or `Error`.
    #[must_use]
    pub fn new(exit_code: i32) -> ContainerStateTerminated {
        let reason = if exit_code == 0 { "Completed" } else { "Error" };
        ContainerStateTerminated { exit_code, reason: reason.into(), ..ContainerStateTerminated::default() }
    }
}

impl From<ContainerStateTerminated> for ContainerState {
    fn from(terminated: ContainerStateTerminated) -> ContainerState {
        ContainerState { waiting: None, running: None, terminated: Some(terminated) }
    }
}
