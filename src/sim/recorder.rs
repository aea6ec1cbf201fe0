//! Writes down a life.

use alloc::{boxed::Box, collections::VecDeque, format, string::String, vec::Vec};

use super::timeline::{Entry, Happened, What};
use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    machine::{Published, Sink},
    spec::{ContainerIndex, PodSpec},
    state::InstanceId,
    status::RuntimeFacts,
    time::Timestamp,
};

/// Takes what comes out of a Pod; actions wait until the world has carried them out.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) entries: Vec<Entry>,
    pub(super) actions: VecDeque<Action>,
}

impl Recorder {
    pub(super) fn happened(&mut self, at: Timestamp, happened: Happened) {
        self.entries.push(Entry { at, what: What::Happened(happened) });
    }
}

impl Sink for Recorder {
    fn action(&mut self, at: Timestamp, action: Action) {
        self.entries.push(Entry { at, what: What::Asked(action.clone()) });
        self.actions.push_back(action);
    }

    fn transition(&mut self, transition: Transition) {
        self.entries.push(Entry { at: transition.at, what: What::Changed(transition) });
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.entries.push(Entry { at: event.at, what: What::Event(Box::new(event)) });
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, at: Timestamp, status: &Published<'_>) {
        let status = status.status(&SimulatedInstances(status.pod().spec()));
        self.entries.push(Entry { at, what: What::Status(Box::new(status)) });
    }

    fn sync(&mut self, at: Timestamp, pass: SyncProgress) {
        self.entries.push(Entry { at, what: What::Sync(pass) });
    }
}

/// Names instances as the recordings do: `c-app-0`.
pub(super) struct SimulatedInstances<'a>(pub(super) &'a PodSpec);

impl RuntimeFacts for SimulatedInstances<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("c-{}-{}", self.0.container_name(container), instance.ordinal())
    }
}
