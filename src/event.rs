//! What happened to a Pod: past tense, each event naming its container and instance.

use alloc::{boxed::Box, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    manifest::{PodCondition, PodPhase, named},
    rule::{probe::ProbeOutcome, spec_change::Immutable},
    spec::{ContainerIndex, PodSpec, ProbeKind, SpecError},
    state::{InstanceId, RuntimeStatus, SandboxId, StartError, TerminationReason},
    time::Timestamp,
};

/// Something that happened, for [`Pod::handle_event`](crate::Pod::handle_event).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// What the runtime has to say.
    Runtime(RuntimeEvent),
    /// What came through the API.
    Api(ApiEvent),
    /// What the node does.
    Node(NodeEvent),
}

/// What the runtime has to say: answers to [`Action`](crate::Action)s, and news.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
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
/// hands that to [`Pod::observe`](crate::Pod::observe) instead.
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
    ConditionSet(#[serde(with = "crate::manifest::described")] PodCondition),
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// In one word.
    pub error: StartError,
    /// For people.
    pub message: Box<str>,
}

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerExit {
    /// 0 is well.
    pub code: i32,
    /// Why, in one word.
    pub reason: TerminationReason,
    /// Its last words.
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
    /// When a hook runs.
    pub enum HookKind {
        /// Right after the start.
        PostStart = "PostStart",
        /// Before the stop.
        PreStop = "PreStop",
    }
}

/// Why an event was refused; the Pod is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// There is no such container.
    #[error("the Pod has no container {}", .container.get())]
    NoSuchContainer {
        /// The container's index.
        container: ContainerIndex,
    },
    /// The news is about an instance that the runtime is not known to have (any more).
    #[error("container {container:?}: instance {} is not known: the news is stale", .instance.ordinal())]
    UnknownInstance {
        /// The container's name.
        container: Box<str>,
        /// The instance.
        instance: InstanceId,
    },
    /// The news is about a sandbox that the runtime is not known to have.
    #[error("sandbox {} is not known: the news is stale", .sandbox.0)]
    UnknownSandbox {
        /// The sandbox.
        sandbox: SandboxId,
    },
    /// Nobody asked for this: it answers no pending action.
    #[error("{what} answers no pending action{}", .container.as_deref().map(|name| alloc::format!(" (container {name:?})")).unwrap_or_default())]
    Unasked {
        /// What was answered.
        what: &'static str,
        /// The container's name, if it is about one.
        container: Option<Box<str>>,
    },
    /// The container cannot do this from where it is.
    #[error("container {container:?} cannot be {to} from {from}")]
    IllegalContainerMove {
        /// The container's name.
        container: Box<str>,
        /// Where it is.
        from: &'static str,
        /// Where the event would take it.
        to: &'static str,
    },
    /// The new spec is not one that this Pod can change into.
    #[error("{field}: cannot be changed in a Pod that exists")]
    Immutable {
        /// The path of the field.
        field: &'static str,
    },
    /// A relist names a sandbox, or an instance of this container, twice.
    #[error("the runtime lists {} twice", .container.as_deref().map_or_else(|| alloc::string::String::from("a sandbox"), |name| alloc::format!("an instance of container {name:?}")))]
    ListedTwice {
        /// The container's name; `None`: a sandbox.
        container: Option<Box<str>>,
    },
    /// The object cannot be understood.
    #[error(transparent)]
    Spec(Box<SpecError>),
    /// The object is that of another Pod, even if it has the same name.
    #[error("metadata.uid: {uid:?} is another Pod")]
    AnotherPod {
        /// The object's uid.
        uid: Box<str>,
    },
    /// The phase is not one in which a Pod ends.
    #[error("status.phase: {phase} is not terminal")]
    NotTerminal {
        /// The phase.
        phase: PodPhase,
    },
    /// The node's managers look only at Pods that have not terminated.
    #[error("the Pod has terminated: there is nothing left to end")]
    NotActive,
    /// No node has the Pod yet.
    #[error("the Pod is on no node")]
    NotOnNode,
    /// Static Pods are critical: the node does not evict them.
    #[error("the Pod is static, hence critical: the node does not evict it")]
    Critical,
    /// The API object is gone.
    #[error("the Pod is gone from the API")]
    Gone,
}

impl From<Immutable> for EventError {
    fn from(Immutable { field }: Immutable) -> EventError {
        EventError::Immutable { field }
    }
}
