//! `v1.ContainerStatus`: what the API prints of one container.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OtherFields, is_default, null_is_absent, value::other_fields};
use crate::time::Timestamp;

/// The status of one container as the API has it: `v1.ContainerStatus`.
///
/// ```
/// use pod_lifecycle::api::ContainerStatus;
///
/// let status: ContainerStatus = serde_json::from_str(r#"{
///     "name": "app", "ready": true, "restartCount": 2, "image": "nginx:1.27", "imageID": "sha256:1",
///     "state": {"running": {"startedAt": "2026-03-01T12:00:00Z"}},
///     "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}
/// }"#)?;
/// assert!(status.ready && status.state.running.is_some());
/// assert_eq!(status.last_state.terminated.map(|end| end.exit_code), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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
    /// What the node has set aside for the container, as the embedder says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_resources: Option<Value>,
    /// Requests and limits that are in force, as the embedder says. Without it an API server refuses to resize the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
    /// How volumes are mounted, as the embedder says.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<Value>,
    /// Whom its first process runs as, as the embedder says.
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

/// What a container is doing: at most one is set.
///
/// ```
/// use pod_lifecycle::api::ContainerState;
///
/// let state: ContainerState = serde_json::from_str(r#"{"waiting": {"reason": "CrashLoopBackOff"}}"#)?;
/// assert_eq!(state.waiting.map(|waiting| waiting.reason), Some("CrashLoopBackOff".into()));
/// assert_eq!((state.running, state.terminated), (None, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Why, in one word.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why, for people.
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
///
/// ```
/// use pod_lifecycle::api::ContainerStateRunning;
///
/// let running: ContainerStateRunning = serde_json::from_str(r#"{"startedAt": "2026-03-01T12:00:00Z"}"#)?;
/// assert!(running.started_at.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerStateRunning {
    /// Since when.
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
///
/// ```
/// use pod_lifecycle::api::ContainerStateTerminated;
///
/// let end: ContainerStateTerminated = serde_json::from_str(r#"{"exitCode": 137, "reason": "OOMKilled"}"#)?;
/// assert_eq!((end.exit_code, end.reason.as_str(), end.finished_at), (137, "OOMKilled", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerStateTerminated {
    /// Its exit code; 0 is success.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub exit_code: i32,
    /// The signal that ended it, if the runtime tells; 0 for none.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub signal: i32,
    /// Why, in one word.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Its termination message.
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
