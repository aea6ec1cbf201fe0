//! Where what comes out of a Pod goes.

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};

use super::Published;
use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    time::Timestamp,
};

/// Takes what comes out of a Pod, in order; what is not overridden is not wanted, and costs nothing.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Output {
    /// Something is to be done.
    Action(Action),
    /// The published status changed.
    Transition(Transition),
    /// The kubelet recorded an event.
    Event(Box<KubernetesEvent>),
    /// A status was written to the API: see [`Pod::status`](crate::Pod::status).
    Published,
    /// The last status is written, and nothing of the Pod is left: its object may be deleted for good, with grace 0 and
    /// the uid as a precondition. Finalizers may keep it all the same.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSink;

impl Sink for NoSink {}
