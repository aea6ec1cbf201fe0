//! Inputs of a Pod: events of the runtime, of the API and of the node.
//!
//! A container has exited:
//!
//! ```
//! use pod_lifecycle::{event::{ContainerExit, Event, RuntimeEvent}, state::InstanceId};
//!
//! let exited = Event::Runtime(RuntimeEvent::ContainerExited {
//!     container: 0.into(),
//!     instance: InstanceId::nth(0),
//!     exit: ContainerExit::with_code(1),
//! });
//! assert!(matches!(exited, Event::Runtime(RuntimeEvent::ContainerExited { exit, .. }) if exit.code == 1));
//! ```

mod error;
mod refused;
mod reply;

pub use error::EventError;
pub use refused::RefusedEvent;
pub use reply::HandlerReply;

use alloc::{boxed::Box, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    api::{PodCondition, PodPhase, named},
    config::NodeInfo,
    rule::{probe::ProbeOutcome, resize::MemoryUsage},
    spec::{ContainerIndex, PodSpec, ProbeKind, VolumeIndex},
    state::{InstanceId, RuntimeStatus, SandboxId, StartError, TerminationReason},
    time::Timestamp,
};

/// Input of [`PodMachine::handle_event`](crate::PodMachine::handle_event).
///
/// ```
/// use pod_lifecycle::event::{ApiEvent, Event};
///
/// let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: Some(2) });
/// let written = serde_json::to_string(&deleted)?;
/// assert_eq!(written, r#"{"Api":{"Deleted":{"graceSeconds":30,"generation":2}}}"#);
/// assert_eq!(serde_json::from_str::<Event>(&written)?, deleted);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// Answer of the runtime, or a change in it.
    Runtime(RuntimeEvent),
    /// Change of the object in the API.
    Api(ApiEvent),
    /// Order of the node, or a restart of its kubelet.
    Node(NodeEvent),
}

/// Event of the runtime: the answer to an [`Action`](crate::Action), or a change of its own accord.
///
/// ```
/// use pod_lifecycle::{Action, event::{Failure, RuntimeEvent}, state::StartError};
///
/// /// Answers for an empty registry and a runtime without latency.
/// fn answer(action: &Action) -> Option<RuntimeEvent> {
///     Some(match *action {
///         Action::PullImage { container } => {
///             let failure = Failure { error: StartError::ErrImagePull, message: "manifest unknown".into() };
///             RuntimeEvent::ImagePulled { container, result: Err(failure) }
///         }
///         Action::CreateContainer { container, instance, .. } => {
///             RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) }
///         }
///         _ => return None,
///     })
/// }
///
/// let pulled = answer(&Action::PullImage { container: 0.into() });
/// assert!(matches!(pulled, Some(RuntimeEvent::ImagePulled { result: Err(_), .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum RuntimeEvent {
    /// The requested sandbox is ready.
    SandboxCreated {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
        /// True if it has an address; `None` if unknown.
        has_ip: Option<bool>,
    },
    /// The requested sandbox could not be created.
    SandboxFailed {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
        /// Error of the runtime.
        message: Box<str>,
    },
    /// A sandbox died or was stopped, which killed its containers (exit code 137).
    SandboxDied {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
    },
    /// The runtime has looked for the container's image.
    ImageInspected {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// True if the image is present; or the error.
        result: Result<bool, Box<str>>,
    },
    /// A pull ended, with success or not.
    ImagePulled {
        /// The container that the image was pulled for.
        container: ContainerIndex,
        /// Size of the image in bytes, or the error.
        result: Result<u64, Failure>,
    },
    /// The runtime has looked for the image of an image volume.
    VolumeImageInspected {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// True if the image is present; or the error.
        result: Result<bool, Box<str>>,
    },
    /// A pull of the image of an image volume ended, with success or not.
    VolumeImagePulled {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// Size of the image in bytes, or the error.
        result: Result<u64, Failure>,
    },
    /// The requested instance was created.
    ContainerCreated {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Success, or the error.
        result: Result<(), Failure>,
    },
    /// The requested instance was started.
    ContainerStarted {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Start time by the runtime's clock; `None`: now.
        #[serde(with = "crate::time::exact")]
        started_at: Option<Timestamp>,
        /// Success, or the error.
        result: Result<(), Failure>,
    },
    /// An instance exited, by itself or after a stop.
    ContainerExited {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Exit code, reason, message and times.
        exit: ContainerExit,
    },
    /// `StopContainer` has returned: the instance is gone.
    ContainerStopped {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
    },
    /// A hook's handler ended, with success or not.
    HookFinished {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// postStart or preStop.
        hook: HookKind,
        /// Success, or the error.
        result: Result<(), Box<str>>,
    },
    /// A probe's handler has answered.
    ProbeFinished {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Liveness, readiness or startup.
        kind: ProbeKind,
        /// Outcome of this one run; the thresholds are the prober's.
        outcome: ProbeOutcome,
        /// Output or error of the handler, for the Kubernetes event.
        output: Box<str>,
    },
    /// A volume's claim was fetched from the API server: the volume that it is bound to, or the error, such as `PVC is not
    /// bound`.
    ClaimFetched {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// The PersistentVolume, or the error.
        result: Result<BoundVolume, Box<str>>,
    },
    /// The attachment of a claim's volume to this node has changed, as the status of the node or its `VolumeAttachment`
    /// shows.
    VolumeAttachmentChanged {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// The new state.
        attachment: VolumeAttachment,
    },
    /// The mount of a volume ended, with success or not.
    VolumeSetUp {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// Success, or the error.
        result: Result<(), Box<str>>,
    },
    /// The unmount of a volume ended, with success or not.
    VolumeTornDown {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// Success, or the error.
        result: Result<(), Box<str>>,
    },
    /// The requested instance has its new resources, or the runtime refused them.
    ContainerResourcesUpdated {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Success, or the error: `rpc error: code = Unknown desc = cgroup busy`.
        result: Result<(), Box<str>>,
    },
    /// The runtime was notified of the sandbox's new resources, or refused them.
    SandboxResourcesUpdated {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
        /// Success, or the error; one with the code `Unimplemented` counts as success.
        result: Result<(), SandboxUpdateError>,
    },
    /// The Pod's cgroup was written, or could not be.
    PodCgroupSet {
        /// Success, or the error.
        result: Result<(), Box<str>>,
    },
    /// The memory in use was measured, or could not be.
    MemoryMeasured {
        /// Bytes in use; or the error.
        result: Result<MemoryUsage, Box<str>>,
    },
    /// The whole state of the runtime: each difference from the known state has happened.
    Relisted(RuntimeStatus),
}

/// Event of the API: one change of the object. Pass a whole object from a watch to
/// [`PodMachine::observe`](crate::PodMachine::observe) instead.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, config::KubeletConfig, event::{ApiEvent, Event}, api::PodManifest,
/// };
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
/// pod.handle_event(now, Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: Some(2) }), &mut NoSink)?;
/// assert!(pod.is_deleting() && !pod.is_gone());
/// pod.handle_event(now, Event::Api(ApiEvent::Removed), &mut NoSink)?;
/// assert!(pod.is_gone());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ApiEvent {
    /// The Pod was deleted: the object has a deletion timestamp and this grace. It still exists, even with grace 0;
    /// only [`Removed`](ApiEvent::Removed) means gone.
    Deleted {
        /// Grace in seconds; a negative one counts as 1.
        grace_seconds: i64,
        /// The object's new generation; `None` if unknown.
        generation: Option<i64>,
    },
    /// The object is gone, deleted for good or by force, whether or not its containers run.
    Removed,
    /// Another owner has set a condition.
    ConditionSet(#[serde(with = "crate::api::described")] PodCondition),
    /// Another owner has removed a condition.
    ConditionRemoved {
        /// Type of the condition: `example.com/load-balancer`.
        condition_type: Box<str>,
    },
    /// The spec was changed, in an image, a deadline or an ephemeral container. The next sync uses it.
    SpecChanged(Arc<PodSpec>),
    /// Another writer has set a terminal phase, as the Pod garbage collector does. That alone ends no Pod: the kubelet
    /// writes its own phase again, within 10 s or with its next status, unless it syncs the Pod before, which then ends.
    Ended(PodPhase),
}

/// Event of the node.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, WorkerState, config::KubeletConfig, event::{Event, NodeEvent}, api::PodManifest,
/// };
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
/// pod.handle_event(now, Event::Node(NodeEvent::ShutDown { grace_seconds: Some(20) }), &mut NoSink)?;
/// assert_eq!(pod.worker_state(), WorkerState::Terminating);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum NodeEvent {
    /// The kubelet restarted: runtime and API keep their state, and the kubelet's memory is lost.
    KubeletRestarted,
    /// The kubelet evicts the Pod.
    Evicted {
        /// Message for people, such as `The node was low on resource: memory. `.
        message: Box<str>,
        /// Longest grace of a soft eviction in seconds; `None` for a hard eviction, whose grace is 1 s.
        grace_seconds: Option<i64>,
        /// True if the node is under pressure, so that the Pod gets the condition `DisruptionTarget`; false if the Pod
        /// exceeds its limit of local storage.
        is_disruption: bool,
    },
    /// The kubelet preempts the Pod for a critical one.
    Preempted,
    /// The network of the node is not ready any longer: a Pod without `hostNetwork` starts, restarts and kills nothing
    /// until it is, but ends as ever.
    NetworkNotReady {
        /// Message of the runtime's condition `NetworkReady`: `cni plugin not initialized`.
        message: Box<str>,
    },
    /// The network of the node is ready.
    NetworkReady,
    /// The node shuts down.
    ShutDown {
        /// Grace of Pods with this priority in seconds; the Pod's own grace if that is shorter, or if this is `None`.
        grace_seconds: Option<i64>,
    },
    /// The node has changed, or which Pods it has admitted. It matters at the next admission: a Pod that runs stays until
    /// its kubelet restarts.
    InfoChanged(Arc<NodeInfo>),
}

/// PersistentVolume that a claim is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoundVolume {
    /// Name of the PersistentVolume, which Kubernetes events name.
    pub name: Box<str>,
    /// Its attachment to this node; `None` if volumes of its kind are not attached.
    pub attachment: Option<VolumeAttachment>,
}

named! {
    /// State of a volume's attachment to the node.
    #[non_exhaustive]
    pub enum VolumeAttachment {
        /// The status of the node lists the volume under `volumesAttached`.
        Attached = "Attached",
        /// The volume is not attached yet.
        Pending = "Pending",
        /// The volume is not attached, since the node has reached its limit of attached volumes: the error code of its
        /// `VolumeAttachment` is `RESOURCE_EXHAUSTED`.
        LimitExceeded = "LimitExceeded",
    }
}

/// Error of a runtime that refused the new resources of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxUpdateError {
    /// Id of the sandbox in the runtime, which the kubelet's message names.
    pub id: Box<str>,
    /// Error: `rpc error: code = Unknown desc = no room`.
    pub message: Box<str>,
}

/// Failed start of a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Reason of the waiting container, such as `ErrImagePull`.
    pub error: StartError,
    /// Message for people.
    pub message: Box<str>,
}

/// Exit of an instance.
///
/// ```
/// use pod_lifecycle::{event::ContainerExit, state::TerminationReason};
///
/// let out_of_memory = ContainerExit { reason: TerminationReason::OomKilled, ..ContainerExit::with_code(137) };
/// assert_eq!(ContainerExit::with_code(137).reason, TerminationReason::Error);
/// assert_eq!((out_of_memory.code, out_of_memory.signal), (137, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerExit {
    /// The exit code; 0 is success.
    pub code: i32,
    /// Reason of the terminated container.
    pub reason: TerminationReason,
    /// Its termination message, from `terminationMessagePath` or the log.
    pub message: Option<Box<str>>,
    /// Signal that ended it, if the runtime reports one.
    pub signal: Option<i32>,
    /// Start time by the runtime's clock; `None`: as known before.
    #[serde(with = "crate::time::exact")]
    pub started_at: Option<Timestamp>,
    /// End time by the runtime's clock; `None`: now.
    #[serde(with = "crate::time::exact")]
    pub finished_at: Option<Timestamp>,
}

impl ContainerExit {
    /// Creates an exit with this code, and the reason `Completed` for 0, else `Error`.
    #[must_use]
    pub fn with_code(code: i32) -> ContainerExit {
        ContainerExit {
            code,
            reason: TerminationReason::of_exit(code),
            message: None,
            signal: None,
            started_at: None,
            finished_at: None,
        }
    }
}

named! {
    /// Lifecycle hook of a container.
    pub enum HookKind {
        /// Right after the start.
        PostStart = "PostStart",
        /// Before the stop.
        PreStop = "PreStop",
    }
}
