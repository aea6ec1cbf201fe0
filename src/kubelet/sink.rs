//! Where what comes out of a Pod goes.

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};

use super::Published;
use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    time::Timestamp,
};

/// Takes what comes out of a Pod, in order; what is not overridden is not wanted, and costs nothing.
///
/// A simulation that counts starts pays for nothing else:
///
/// ```
///
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
    /// Something is to be done.
    fn action(&mut self, at: Timestamp, action: Action) {
        let _ = (at, action);
    }

    /// The published status changed.
    fn transition(&mut self, transition: Transition) {
        let _ = transition;
    }

    /// The kubelet recorded an event.
    fn event(&mut self, event: KubernetesEvent) {
        let _ = event;
    }

    /// Whether events are wanted; if not, their messages are not made.
    fn wants_events(&self) -> bool {
        false
    }

    /// A status was written to the API. Several may follow each other within one step; only the last can be seen.
    fn published(&mut self, at: Timestamp, status: &Published<'_>) {
        let _ = (at, status);
    }

    /// The worker began or ended a sync.
    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        let _ = (at, progress);
    }

    /// The last status is published, and nothing of the Pod is left: its object may be deleted for good, with grace 0
    /// and the uid as a precondition.
    fn delete_object(&mut self, at: Timestamp) {
        let _ = at;
    }
}

/// Something that came out of a Pod.
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
    /// Something is to be done.
    Action(Action),
    /// The published status changed.
    Transition(Transition),
    /// The kubelet recorded an event.
    Event(Box<KubernetesEvent>),
    /// A status was written to the API: see [`PodMachine::status`](crate::PodMachine::status).
    Published,
    /// The last status is written, and nothing of the Pod is left: its object may be deleted for good, with grace 0 and
    /// the uid as a precondition. Finalizers may keep it all the same; it is said again with each later change of the
    /// object, until it is gone.
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

    fn published(&mut self, _: Timestamp, _: &Published<'_>) {
        self.push(Output::Published);
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.push(Output::DeleteObject);
    }
}

/// Throws everything away.
///
/// ```
/// use pod_lifecycle::{NoSink, Sink};
///
/// assert!(!NoSink.wants_events());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSink;

impl Sink for NoSink {}
