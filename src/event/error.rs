//! Errors of refused events.

use alloc::boxed::Box;

use crate::{
    api::PodPhase,
    rule::spec_change::ImmutableField,
    spec::{ContainerIndex, SpecError, VolumeIndex},
    state::{InstanceId, SandboxId},
};

/// Error of a refused event; the Pod is unchanged.
///
/// ```
/// use pod_lifecycle::{event::EventError, state::SandboxId};
///
/// let late = EventError::UnknownSandbox { sandbox: SandboxId(3) };
/// assert_eq!(late.to_string(), "sandbox 3 is unknown: the event is stale");
/// assert!(late.is_stale() && !EventError::AnotherPod { uid: "u-2".into() }.is_stale());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The Pod has no such container.
    #[error("the Pod has no container {}", .container.get())]
    NoSuchContainer {
        /// The container's index.
        container: ContainerIndex,
    },
    /// The Pod has no such volume, or the machine does not manage its volumes.
    #[error("the Pod has no volume {} to be mounted", .volume.get())]
    NoSuchVolume {
        /// The volume's index.
        volume: VolumeIndex,
    },
    /// The event names an instance that the runtime does not have, or no longer.
    #[error("container {container:?}: instance {} is unknown: the event is stale", .instance.ordinal())]
    UnknownInstance {
        /// The container's name.
        container: Box<str>,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
    },
    /// The event names a sandbox that the runtime does not have.
    #[error("sandbox {} is unknown: the event is stale", .sandbox.0)]
    UnknownSandbox {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
    },
    /// The event answers no pending action.
    #[error("{what} answers no pending action{}", .container.as_deref().map(|name| alloc::format!(" (container {name:?})")).unwrap_or_default())]
    Unasked {
        /// Kind of the event, such as `a created container`.
        what: &'static str,
        /// The container's name, if the event names one.
        container: Option<Box<str>>,
    },
    /// The container cannot make this transition.
    #[error("container {container:?} cannot be {to} from {from}")]
    IllegalContainerMove {
        /// The container's name.
        container: Box<str>,
        /// Its state before the event, such as `exited`.
        from: &'static str,
        /// The state after the event.
        to: &'static str,
    },
    /// The new spec changes an immutable field.
    #[error("{field}: cannot be changed in an existing Pod")]
    Immutable {
        /// Path of the field: `spec.activeDeadlineSeconds`.
        field: &'static str,
    },
    /// A relist names a sandbox, or an instance of this container, twice.
    #[error("the runtime lists {} twice", .container.as_deref().map_or_else(|| alloc::string::String::from("a sandbox"), |name| alloc::format!("an instance of container {name:?}")))]
    ListedTwice {
        /// The container's name; `None`: a sandbox.
        container: Option<Box<str>>,
    },
    /// A relist names an older sandbox before the newest: the list is newest first.
    #[error("the runtime lists sandbox {} before the newer sandbox {}", .first.0, .newer.0)]
    ListedOutOfOrder {
        /// The sandbox that is listed first, named by its attempt.
        first: SandboxId,
        /// A newer one that comes later.
        newer: SandboxId,
    },
    /// The object is invalid.
    #[error(transparent)]
    Spec(Box<SpecError>),
    /// The object is that of another Pod, even if it has the same name.
    #[error("metadata.uid: {uid:?} is another Pod")]
    AnotherPod {
        /// The object's uid.
        uid: Box<str>,
    },
    /// The phase is not terminal.
    #[error("status.phase: {phase} is not terminal")]
    NotTerminal {
        /// The phase that the event names.
        phase: PodPhase,
    },
    /// The node terminates only Pods that have not terminated.
    #[error("the Pod has already terminated")]
    NotActive,
    /// Static Pods are critical: the node does not evict them.
    #[error("the Pod is static, hence critical: the node does not evict it")]
    Critical,
    /// The API object is gone.
    #[error("the Pod is gone from the API")]
    Gone,
}

impl EventError {
    /// True if the event is merely late, doubled or foreign, as happens to every agent; anything else is a bug.
    ///
    /// ```
    /// use pod_lifecycle::event::EventError;
    ///
    /// assert!(EventError::Gone.is_stale(), "another event was first");
    /// assert!(!EventError::NoSuchContainer { container: 7.into() }.is_stale(), "a mistake in the code");
    /// ```
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        match self {
            // Events and actions cross each other on their way, and agents restart: these happen to correct ones, too.
            EventError::UnknownInstance { .. }
            | EventError::UnknownSandbox { .. }
            | EventError::Unasked { .. }
            | EventError::IllegalContainerMove { .. }
            | EventError::NotActive
            | EventError::Gone => true,
            // These do not go away by waiting: the embedder confused two Pods, or passed on what it has to refuse.
            EventError::NoSuchContainer { .. }
            | EventError::NoSuchVolume { .. }
            | EventError::Immutable { .. }
            | EventError::ListedTwice { .. }
            | EventError::ListedOutOfOrder { .. }
            | EventError::Spec(_)
            | EventError::AnotherPod { .. }
            | EventError::NotTerminal { .. }
            | EventError::Critical => false,
        }
    }
}

impl From<ImmutableField> for EventError {
    fn from(ImmutableField { field }: ImmutableField) -> EventError {
        EventError::Immutable { field }
    }
}
