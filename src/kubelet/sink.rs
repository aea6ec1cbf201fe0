//! Sink: receiver of a machine's outputs; one step of the machine.

use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::status_view::StatusView;
use crate::{
    action::{Action, EventReason, EventType, KubernetesEvent, SyncProgress, Transition},
    api::Name,
    spec::ContainerIndex,
    time::Timestamp,
};

/// Receiver of a Pod's outputs, in order. Methods that are not overridden ignore their output at no cost.
///
/// A simulation that only counts container starts:
///
/// ```
/// use pod_lifecycle::{Action, Sink, Timestamp, state::InstanceId};
///
/// #[derive(Default)]
/// struct Starts(u32);
///
/// impl Sink for Starts {
///     fn action(&mut self, _: Timestamp, action: Action) {
///         self.0 += u32::from(matches!(action, Action::StartContainer { .. }));
///     }
/// }
/// let mut starts = Starts::default();
/// let start = Action::StartContainer { container: 0.into(), instance: InstanceId::nth(0) };
/// starts.action(Timestamp::UNIX_EPOCH, start);
/// assert_eq!((starts.0, starts.wants_events()), (1, false));
/// ```
pub trait Sink {
    /// Receives an action that the embedder carries out.
    fn action(&mut self, at: Timestamp, action: Action) {
        let _ = (at, action);
    }

    /// Receives a change of the published status.
    fn transition(&mut self, transition: Transition) {
        let _ = transition;
    }

    /// Receives an event that the kubelet recorded.
    fn event(&mut self, event: KubernetesEvent) {
        let _ = event;
    }

    /// True if events are wanted; otherwise their messages are not formatted.
    fn wants_events(&self) -> bool {
        false
    }

    /// Receives a status to write to the API. Of several within one step only the last can be observed.
    fn published(&mut self, at: Timestamp, status: &StatusView<'_>) {
        let _ = (at, status);
    }

    /// Receives the start or the end of a sync of the pod worker.
    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        let _ = (at, progress);
    }

    /// Receives the request to delete the object for good, with grace 0 and the uid as a precondition: the last status
    /// is published and nothing of the Pod is left.
    fn delete_object(&mut self, at: Timestamp) {
        let _ = at;
    }
}

/// Output of a Pod's machine, as `Vec<Output>` collects it.
///
/// ```
/// use pod_lifecycle::{Action, Output, state::SandboxId};
///
/// let outputs = [Output::Action(Action::RunPodSandbox { sandbox: SandboxId(0) }), Output::Published];
/// let actions = outputs.iter().filter(|output| matches!(output, Output::Action(_)));
/// assert_eq!(actions.count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Output {
    /// An action to carry out.
    Action(Action),
    /// A change of the published status.
    Transition(Transition),
    /// An event that the kubelet recorded.
    Event(Box<KubernetesEvent>),
    /// A status to write to the API: see [`PodMachine::status`](crate::PodMachine::status).
    Published,
    /// The last status is written and nothing of the Pod is left: delete the object for good, with grace 0 and the uid
    /// as a precondition. Finalizers may keep it nevertheless, so this is repeated with each later change of the object
    /// until the object is gone.
    DeleteObject,
}

impl Sink for Vec<Output> {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.push(Output::Action(action));
    }

    fn transition(&mut self, transition: Transition) {
        self.push(Output::Transition(transition));
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.push(Output::Event(Box::new(event)));
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, _: Timestamp, _: &StatusView<'_>) {
        self.push(Output::Published);
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.push(Output::DeleteObject);
    }
}

/// Sink that ignores everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSink;

impl Sink for NoSink {}

/// One step of a Pod's machine: the time it happens at and the sink of its outputs.
pub(crate) struct Step<'a> {
    pub(crate) now: Timestamp,
    pub(crate) out: &'a mut dyn Sink,
}

impl Step<'_> {
    /// Records a Kubernetes event; the message is formatted only if the sink wants events.
    pub(super) fn record_event(
        &mut self,
        type_: EventType,
        reason: EventReason,
        container: Option<ContainerIndex>,
        message: impl FnOnce() -> String,
    ) {
        if self.out.wants_events() {
            let (reason, message) = (Cow::Borrowed(reason.name()), message());
            self.out.event(KubernetesEvent { at: self.now, type_, reason, container, message });
        }
    }
}
