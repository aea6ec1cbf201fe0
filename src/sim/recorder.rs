//! Recorder: writes the timeline of a simulation.

use alloc::{boxed::Box, collections::VecDeque, format, string::String, sync::Arc};

use super::{
    driver::Host,
    status_matcher::kind_of,
    timeline::{EntryKind, Occurrence, Timeline, TimelineEntry},
};
use crate::{
    action::{Action, Change, ContainerStateKind, KubernetesEvent, SyncProgress, Transition},
    api::{Name, OtherFields, PodManifest, PodStatus, VolumeMount},
    kubelet::{PodMachine, Sink, StatusView},
    object::PodObject,
    spec::{ContainerIndex, PodSpec},
    state::{ConditionReason, ConditionType, InstanceId},
    status::{ContainerFacts, PodFacts, RuntimeFacts},
    time::Timestamp,
};

/// The timeline so far, and the outputs of the Pod that are yet to be handled.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    pub(super) timeline: Timeline,
    /// True if metadata or spec of the object may have changed at this instant.
    pub(super) object_may_have_changed: bool,
    /// Actions that the runtime has yet to carry out.
    pub(super) actions: VecDeque<Action>,
    /// True if the kubelet has asked for the removal of the object.
    pub(super) wants_deletion: bool,
    /// True if statuses show the mounts of volumes.
    shows_mounts: bool,
}

impl Recorder {
    pub(super) fn new(object: &PodObject, start: Timestamp, shows_mounts: bool) -> Recorder {
        let timeline = Timeline::new(object, start);
        // True at first: the timeline has no object yet.
        Recorder {
            timeline,
            object_may_have_changed: true,
            actions: VecDeque::new(),
            wants_deletion: false,
            shows_mounts,
        }
    }

    /// Notes the object at the end of an instant, and returns true if it has changed.
    pub(super) fn observe(&mut self, at: Timestamp, object: &PodObject) -> bool {
        self.timeline.observe(at, object, core::mem::take(&mut self.object_may_have_changed))
    }

    fn push(&mut self, at: Timestamp, kind: EntryKind) {
        self.timeline.entries.push(TimelineEntry { at, kind });
    }

    pub(super) fn occurrence(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.push(at, EntryKind::Occurrence(occurrence));
    }

    pub(super) fn status(&mut self, at: Timestamp, status: &PodStatus) {
        self.push(at, EntryKind::Status(Arc::new(status.clone())));
    }

    /// Records the transitions between two statuses that no kubelet has published step by step.
    pub(super) fn record_difference(&mut self, at: Timestamp, before: &PodStatus, after: &PodStatus, pod: &PodMachine) {
        let mut record = |change| self.transition(Transition { at, change });
        let phase = |status: &PodStatus| status.phase.as_ref().and_then(|phase| phase.known());
        if let Some(to) = phase(after).filter(|to| phase(before) != Some(*to)) {
            record(Change::Phase { from: phase(before), to });
        }
        for is in &after.conditions {
            let was = before.conditions.iter().find(|was| was.type_ == is.type_);
            let from = was.and_then(|was| was.status.known());
            // Conditions of other owners are no transitions of the kubelet.
            if let (Some(condition), Some(to)) = (known::<ConditionType>(&is.type_), is.status.known())
                && from != Some(to)
            {
                let reason = known::<ConditionReason>(&is.reason);
                record(Change::Condition { condition, from, to, reason });
            }
        }
        for (index, container) in pod.spec().containers() {
            let (from, to) = (kind_in(before, container.name()), kind_in(after, container.name()));
            if let Some(to) = to.filter(|to| from != Some(*to)) {
                let published = pod.published().containers().get(index.get()).and_then(Option::as_ref);
                let instance = published.and_then(|record| record.instance);
                record(Change::Container { container: index, from, to, instance });
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

/// Records the outputs of the control plane, which changes the object itself.
impl Sink for Recorder {
    fn transition(&mut self, transition: Transition) {
        self.push(transition.at, EntryKind::Transition(transition));
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.push(event.at, EntryKind::Event(Box::new(event)));
    }

    fn wants_events(&self) -> bool {
        true
    }
}

/// The recorder and the API object: the surroundings of a simulated Pod.
pub(super) struct ApiSide<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) object: &'a mut PodObject,
}

impl ApiSide<'_> {
    /// Returns the receiver of the Pod's outputs.
    pub(super) fn sink(&mut self) -> impl Sink {
        ApiSink { recorder: self.recorder, object: self.object }
    }
}

impl Host for ApiSide<'_> {
    fn sink(&mut self, _: bool) -> impl Sink {
        ApiSide::sink(self)
    }

    fn next_action(&mut self) -> Option<Action> {
        self.recorder.actions.pop_front()
    }

    fn take_deletion(&mut self) -> bool {
        core::mem::take(&mut self.recorder.wants_deletion)
    }

    fn record(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.recorder.occurrence(at, occurrence);
    }

    fn count_event(&mut self) {}
}

/// Receives the outputs of a simulated Pod; the API server takes a status only while the node is reachable.
struct ApiSink<'a> {
    recorder: &'a mut Recorder,
    object: &'a mut PodObject,
}

impl ApiSink<'_> {
    /// True if the object has the phase already: the node lifecycle controller gave it before the kubelet did.
    fn is_phase_known(&self, change: &Change) -> bool {
        let phase = self.object.status().phase.as_ref().and_then(|phase| phase.known());
        matches!(change, Change::Phase { from: Some(_), to } if phase == Some(*to))
    }
}

impl Sink for ApiSink<'_> {
    fn action(&mut self, at: Timestamp, action: Action) {
        self.recorder.push(at, EntryKind::Action(action.clone()));
        self.recorder.actions.push_back(action);
    }

    fn transition(&mut self, transition: Transition) {
        // A transition is one of the published status: what does not reach the API is none.
        // While a node is lost the kubelet's transitions are dropped; `record_difference` emits their sum when it is
        // back.
        if !self.object.is_node_lost() && !self.object.is_gone() && !self.is_phase_known(&transition.change) {
            self.recorder.transition(transition);
        }
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.recorder.event(event);
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, at: Timestamp, status: &StatusView<'_>) {
        let object = Some(self.object.manifest()).filter(|_| self.recorder.shows_mounts);
        let published = status.status(&SimulatedInstances { spec: status.spec(), object });
        // An equal status is not written again, as the status manager skips it.
        if self.object.merge_status(published) {
            self.recorder.status(at, self.object.status());
        }
    }

    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        self.recorder.push(at, EntryKind::Sync(progress));
    }

    fn delete_object(&mut self, _: Timestamp) {
        // A lost node cannot reach the API server.
        self.recorder.wants_deletion = !self.object.is_node_lost();
    }
}

/// Address of a simulated Pod, of the range for documentation (RFC 5737).
pub(super) const SIMULATED_IP: &str = "192.0.2.1";

/// Container ids as in the recordings: `c-app-0`.
pub(super) struct SimulatedInstances<'a> {
    spec: &'a PodSpec,
    /// Object whose mounts the status shows.
    object: Option<&'a PodManifest>,
}

impl RuntimeFacts for SimulatedInstances<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("c-{}-{}", self.spec.container_name(container), instance.ordinal())
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let mut facts = ContainerFacts::default();
        // The runtime reports the signal that the container was created with.
        let signal = self.spec.container(container).and_then(|container| container.stop_signal());
        if let Some(signal) = signal.filter(|_| instance.is_some()) {
            facts.other = OtherFields::from_iter([("stopSignal".into(), signal.into())]);
        }
        if let Some(of) = self.object.and_then(|object| object.container(container)) {
            facts.volume_mounts = of.volume_mounts.iter().map(VolumeMount::status).collect();
        }
        facts
    }

    fn pod(&self) -> PodFacts {
        PodFacts { pod_ips: alloc::vec![SIMULATED_IP.into()], ..PodFacts::default() }
    }
}
