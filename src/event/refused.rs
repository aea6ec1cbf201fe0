//! Refused events.

use alloc::boxed::Box;

use super::{Event, EventError};

/// Refused event, given back with its error; the Pod is unchanged.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api, spec::PodSpec,
///     state::SandboxId,
/// };
///
/// # let manifest: api::PodManifest =
/// #     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
/// let mut pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
/// let died = Event::Runtime(RuntimeEvent::SandboxDied { sandbox: SandboxId(7) });
/// let refused = pod.handle_event(Timestamp::UNIX_EPOCH, died.clone(), &mut NoSink).unwrap_err();
/// assert!(refused.error.is_stale());
/// assert_eq!(*refused.event, died, "nothing is lost: it can be kept for later");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct RefusedEvent {
    /// The event as it was given.
    pub event: Box<Event>,
    /// Reason for the refusal.
    pub error: EventError,
}

impl RefusedEvent {
    pub(crate) fn new(event: Event, error: EventError) -> RefusedEvent {
        RefusedEvent { event: Box::new(event), error }
    }

    /// True if the event is merely late, doubled or foreign: see [`EventError::is_stale`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     NoSink, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api, spec::PodSpec,
    ///     state::InstanceId,
    /// };
    ///
    /// # let manifest: api::PodManifest =
    /// #     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let (now, instance) = (Timestamp::UNIX_EPOCH, InstanceId::nth(0));
    /// let mut pod = PodMachine::new(spec, config, now, &mut NoSink);
    /// let mut refusal = |container: u16| {
    ///     let stopped = RuntimeEvent::ContainerStopped { container: container.into(), instance };
    ///     pod.handle_event(now, Event::Runtime(stopped), &mut NoSink).unwrap_err()
    /// };
    /// assert!(refusal(0).is_stale(), "no sync waits for it");
    /// assert!(!refusal(7).is_stale(), "there is no such container: a bug");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        self.error.is_stale()
    }
}

impl From<RefusedEvent> for EventError {
    fn from(refused: RefusedEvent) -> EventError {
        refused.error
    }
}
