//! Why an event is refused.

use alloc::boxed::Box;

use crate::{
    api::PodPhase,
    rule::spec_change::ImmutableField,
    spec::{ContainerIndex, SpecError},
    state::{InstanceId, SandboxId},
};

/// Why an event was refused; the Pod is as it was.
///
/// ```
/// use pod_lifecycle::{event::EventError, state::SandboxId};
///
/// let late = EventError::UnknownSandbox { sandbox: SandboxId(3) };
/// assert_eq!(late.to_string(), "sandbox 3 is not known: the news is stale");
/// assert!(late.is_stale() && !EventError::AnotherPod { uid: "u-2".into() }.is_stale());
/// ```
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

impl EventError {
    /// Whether the news is merely late, doubled or foreign, as it happens to every agent; everything else is a mistake.
    ///
    /// ```
    /// use pod_lifecycle::event::EventError;
    ///
    /// assert!(EventError::Gone.is_stale(), "somebody else has heard of it first");
    /// assert!(!EventError::NoSuchContainer { container: 7.into() }.is_stale(), "a mistake in the code");
    /// ```
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        match self {
            EventError::UnknownInstance { .. }
            | EventError::UnknownSandbox { .. }
            | EventError::Unasked { .. }
            | EventError::IllegalContainerMove { .. }
            | EventError::NotActive
            | EventError::Gone => true,
            EventError::NoSuchContainer { .. }
            | EventError::Immutable { .. }
            | EventError::ListedTwice { .. }
            | EventError::Spec(_)
            | EventError::AnotherPod { .. }
            | EventError::NotTerminal { .. }
            | EventError::NotOnNode
            | EventError::Critical => false,
        }
    }
}

impl From<ImmutableField> for EventError {
    fn from(ImmutableField { field }: ImmutableField) -> EventError {
        EventError::Immutable { field }
    }
}
