//! What happened to a Pod: past tense, each event naming its container and instance.
//!
//! The runtime says that a container has ended:
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

pub use error::EventError;
pub use refused::RefusedEvent;

use alloc::{boxed::Box, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    api::{PodCondition, PodPhase, named},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, PodSpec, ProbeKind},
    state::{InstanceId, RuntimeStatus, SandboxId, StartError, TerminationReason},
    time::Timestamp,
};

/// Something that happened, for [`PodMachine::handle_event`](crate::PodMachine::handle_event).
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
    /// What the runtime has to say.
    Runtime(RuntimeEvent),
    /// What came through the API.
    Api(ApiEvent),
    /// What the node does.
    Node(NodeEvent),
}

/// What the runtime has to say: answers to [`Action`](crate::Action)s, and news.
///
/// ```
/// use pod_lifecycle::{Action, event::{Failure, RuntimeEvent}, state::StartError};
///
/// /// A registry that has nothing, and a runtime that does the rest at once.
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
    /// The sandbox that was asked for is ready.
    SandboxCreated {
        /// Its name: the attempt that was asked for.
        sandbox: SandboxId,
        /// Whether it has an address; `None` if the runtime does not say.
        has_ip: Option<bool>,
    },
    /// The sandbox that was asked for could not be made.
    SandboxFailed {
        /// Its name.
        sandbox: SandboxId,
        /// What the runtime says.
        message: Box<str>,
    },
    /// A sandbox died or was stopped; what ran in it was killed (exit code 137).
    SandboxDied {
        /// Its name.
        sandbox: SandboxId,
    },
    /// The node was asked whether it has the container's image.
    ImageInspected {
        /// The container.
        container: ContainerIndex,
        /// Whether it is there, or what went wrong with asking.
        result: Result<bool, Box<str>>,
    },
    /// A pull has ended.
    ImagePulled {
        /// The container that the image was pulled for.
        container: ContainerIndex,
        /// The image's size in bytes, or what went wrong.
        result: Result<u64, Failure>,
    },
    /// The instance that was asked for was created.
    ContainerCreated {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// Nothing, or what went wrong.
        result: Result<(), Failure>,
    },
    /// The instance that was asked for was started.
    ContainerStarted {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// When, by the runtime's clock; `None`: now.
        #[serde(with = "crate::time::exact")]
        started_at: Option<Timestamp>,
        /// Nothing, or what went wrong.
        result: Result<(), Failure>,
    },
    /// An instance has ended.
    ContainerExited {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// How it ended.
        exit: ContainerExit,
    },
    /// A request to stop an instance has returned: it is gone.
    ContainerStopped {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
    },
    /// A hook has ended.
    HookFinished {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// Which hook.
        hook: HookKind,
        /// Nothing, or what went wrong.
        result: Result<(), Box<str>>,
    },
    /// A probe has been answered.
    ProbeFinished {
        /// The container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// What was asked.
        kind: ProbeKind,
        /// The answer.
        outcome: ProbeOutcome,
        /// What the handler printed or what went wrong, for the Kubernetes event; empty if all is well.
        output: Box<str>,
    },
    /// Everything that the runtime has, as a relist finds it: what differs from what was known has happened.
    Relisted(RuntimeStatus),
}

/// What came through the API: one change of the object at a time. Whoever has the whole object, as a watch delivers it,
/// hands that to [`PodMachine::observe`](crate::PodMachine::observe) instead.
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
    /// Somebody deleted the Pod: the object has a deletion timestamp, and this grace. It is still there, with grace 0
    /// as well; only [`Removed`](ApiEvent::Removed) means gone.
    Deleted {
        /// The grace in seconds; a negative one counts as 1.
        grace_seconds: i64,
        /// The object's generation, which the API server has counted up; `None` if it is not known.
        generation: Option<i64>,
    },
    /// The object is gone, whether or not its containers are: deleted for good, or by force.
    Removed,
    /// Somebody other than the kubelet set a condition.
    ConditionSet(#[serde(with = "crate::api::described")] PodCondition),
    /// Somebody took a condition away.
    ConditionRemoved {
        /// Its type.
        condition_type: Box<str>,
    },
    /// The spec was changed: an image, a deadline, an ephemeral container more. The next sync acts upon it.
    SpecChanged(Arc<PodSpec>),
    /// Somebody other than the kubelet wrote a terminal phase, as the Pod garbage collector does.
    Ended(PodPhase),
}

/// What the node does.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, config::KubeletConfig, event::{Event, NodeEvent}, api::{PodManifest, PodPhase},
/// };
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
/// pod.handle_event(now, Event::Node(NodeEvent::ShutDown { grace_seconds: Some(20) }), &mut NoSink)?;
/// assert_eq!(pod.phase(), PodPhase::Failed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum NodeEvent {
    /// The kubelet restarted: runtime and API keep their state, the kubelet's memory is lost.
    KubeletRestarted,
    /// The kubelet evicts the Pod.
    Evicted {
        /// Why, for people: `The node was low on resource: memory. `
        message: Box<str>,
        /// The longest grace in seconds of a soft eviction; `None` for a hard one, which gives no more than 1 s.
        grace_seconds: Option<i64>,
        /// Whether the node is under pressure, so that the Pod is the target of a disruption; if not, the Pod itself
        /// uses more local storage than it may.
        is_disruption: bool,
    },
    /// The kubelet makes room for a critical Pod.
    Preempted,
    /// The node shuts down.
    ShutDown {
        /// Seconds that Pods of this priority have; the Pod's own grace if that is shorter or this is left out.
        grace_seconds: Option<i64>,
    },
}

/// What went wrong with a start.
///
/// ```
/// use pod_lifecycle::{event::Failure, state::StartError};
///
/// let failure = Failure { error: StartError::from("ErrImagePull"), message: "connection refused".into() };
/// assert_eq!(failure.error, StartError::ErrImagePull);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What went wrong, in one word: the reason that the waiting container gives.
    pub error: StartError,
    /// What went wrong, for people.
    pub message: Box<str>,
}

/// How an instance ended.
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
    /// Why, in one word.
    pub reason: TerminationReason,
    /// Its termination message.
    pub message: Option<Box<str>>,
    /// The signal that ended it, if the runtime says.
    pub signal: Option<i32>,
    /// When it began, by the runtime's clock; `None`: as known before.
    #[serde(with = "crate::time::exact")]
    pub started_at: Option<Timestamp>,
    /// When it ended, by the runtime's clock; `None`: now.
    #[serde(with = "crate::time::exact")]
    pub finished_at: Option<Timestamp>,
}

impl ContainerExit {
    /// An exit of which only the code is known: `Completed` for 0, else `Error`.
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
    /// A hook of a container's lifecycle, by when it runs: `postStart` or `preStop`.
    ///
    /// ```
    /// use pod_lifecycle::{event::HookKind, api::Name};
    ///
    /// assert_eq!(HookKind::PreStop.name(), "PreStop");
    /// ```
    pub enum HookKind {
        /// Right after the start.
        PostStart = "PostStart",
        /// Before the stop.
        PreStop = "PreStop",
    }
}
