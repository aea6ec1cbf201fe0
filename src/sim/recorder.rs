//! Writes down a life.

use alloc::{boxed::Box, collections::VecDeque, format, string::String, sync::Arc};

use super::{
    seen::kind_of,
    timeline::{Entry, Happened, Timeline, What},
    watch::Touched,
};
use crate::{
    action::{Action, Change, ContainerStateKind, KubernetesEvent, SyncProgress, Transition},
    api::{Name, PodStatus},
    kubelet::{PodMachine, Published, Sink},
    object::PodObject,
    spec::{ContainerIndex, PodSpec},
    state::{ConditionReason, ConditionType, InstanceId},
    status::RuntimeFacts,
    time::Timestamp,
};

/// What has happened so far, and what has yet to be done about it.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    pub(super) timeline: Timeline,
    /// Whether more of the object than its status may have changed at this instant.
    pub(super) touched: Touched,
    /// Actions that the world has yet to carry out.
    pub(super) actions: VecDeque<Action>,
    /// Whether the kubelet lets the object go for good.
    pub(super) may_go: bool,
}

impl Recorder {
    /// Writes down the life of an object that begins at `start`.
    pub(super) fn of(object: &PodObject, start: Timestamp) -> Recorder {
        let timeline = Timeline::begin(object, start);
        Recorder { timeline, touched: Touched::Object, actions: VecDeque::new(), may_go: false }
    }

    /// What can be seen of the object at the end of this instant; says whether it is news.
    pub(super) fn watch(&mut self, at: Timestamp, object: &PodObject) -> bool {
        self.timeline.watch(at, object, core::mem::take(&mut self.touched))
    }

    pub(super) fn happened(&mut self, at: Timestamp, happened: Happened) {
        self.timeline.entries.push(Entry { at, what: What::Happened(happened) });
    }

    pub(super) fn status(&mut self, at: Timestamp, status: &PodStatus) {
        self.timeline.entries.push(Entry { at, what: What::Status(Arc::new(status.clone())) });
    }

    /// Where what comes out of a Pod goes: actions to the world, statuses to the object.
    pub(super) fn outlet<'a>(&'a mut self, object: &'a mut PodObject) -> Outlet<'a> {
        Outlet { recorder: self, object }
    }

    /// Records what has changed between two statuses that no kubelet has reported step by step.
    pub(super) fn record_difference(&mut self, at: Timestamp, before: &PodStatus, after: &PodStatus, pod: &PodMachine) {
        let mut note = |change| self.transition(Transition { at, change });
        let phase = |status: &PodStatus| status.phase.as_ref().and_then(|phase| phase.known());
        if let Some(to) = phase(after).filter(|to| phase(before) != Some(*to)) {
            note(Change::Phase { from: phase(before), to });
        }
        for is in &after.conditions {
            let was = before.conditions.iter().find(|was| was.type_ == is.type_);
            let from = was.and_then(|was| was.status.known());
            if let (Some(condition), Some(to)) = (known::<ConditionType>(&is.type_), is.status.known())
                && from != Some(to)
            {
                let reason = known::<ConditionReason>(&is.reason);
                note(Change::Condition { condition, from, to, reason });
            }
        }
        for (index, container) in pod.spec().containers() {
            let (from, to) = (kind_in(before, container.name()), kind_in(after, container.name()));
            if let Some(to) = to.filter(|to| from != Some(*to)) {
                let record = pod.published().containers().get(index.get()).and_then(Option::as_ref);
                let instance = record.and_then(|record| record.instance);
                note(Change::Container { container: index, from, to, instance });
            }
        }
    }
}

fn known<T: Name>(name: &str) -> Option<T> {
    T::ALL.iter().copied().find(|known| known.name() == name)
}

fn kind_in(status: &PodStatus, name: &str) -> Option<ContainerStateKind> {
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    let container = all.chain(&status.ephemeral_container_statuses).find(|container| container.name == name)?;
    kind_of(&container.state)
}

/// What the control plane does is written down as it is.
impl Sink for Recorder {
    fn transition(&mut self, transition: Transition) {
        self.timeline.entries.push(Entry { at: transition.at, what: What::Changed(transition) });
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.timeline.entries.push(Entry { at: event.at, what: What::Event(Box::new(event)) });
    }

    fn wants_events(&self) -> bool {
        true
    }
}

/// Takes what comes out of a Pod; the API server takes a status only while it hears of the node.
pub(super) struct Outlet<'a> {
    recorder: &'a mut Recorder,
    object: &'a mut PodObject,
}

impl Outlet<'_> {
    /// Whether a phase was written down already, when others than the kubelet gave it to the object.
    fn is_no_news(&self, change: &Change) -> bool {
        let shown = self.object.status().phase.as_ref().and_then(|phase| phase.known());
        matches!(change, Change::Phase { from: Some(_), to } if shown == Some(*to))
    }
}

impl Sink for Outlet<'_> {
    fn action(&mut self, at: Timestamp, action: Action) {
        self.recorder.timeline.entries.push(Entry { at, what: What::Asked(action.clone()) });
        self.recorder.actions.push_back(action);
    }

    fn transition(&mut self, transition: Transition) {
        if !self.object.is_node_lost() && !self.object.is_gone() && !self.is_no_news(&transition.change) {
            self.recorder.transition(transition);
        }
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.recorder.event(event);
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, at: Timestamp, status: &Published<'_>) {
        let published = status.status(&SimulatedInstances(status.spec()));
        if self.object.merge_status(published) {
            self.recorder.status(at, self.object.status());
        }
    }

    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        self.recorder.timeline.entries.push(Entry { at, what: What::Sync(progress) });
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.recorder.may_go = !self.object.is_node_lost();
    }
}

/// Names instances as the recordings do: `c-app-0`.
pub(super) struct SimulatedInstances<'a>(pub(super) &'a PodSpec);

impl RuntimeFacts for SimulatedInstances<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("c-{}-{}", self.0.container_name(container), instance.ordinal())
    }
}
