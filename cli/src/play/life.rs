//! A life as steps: all that happens at one instant, and what the API holds after it.

use std::time::Duration;

use pod_lifecycle::{
    KubernetesEvent, Timestamp,
    api::{PodManifest, PodStatus},
    sim::{EntryKind, Occurrence, Scenario, Timeline, TimelineEntry},
};

use crate::play::{
    change,
    moment::{Moment, Names},
};

/// A life as it is printed.
pub(crate) struct Life {
    pub(crate) description: String,
    pub(crate) moments: Vec<Moment>,
    /// The API object at the end, or as it last was.
    pub(crate) pod: PodManifest,
    /// Time at which the simulation ended.
    pub(crate) end: Duration,
    /// Whether the kubelet was done with the Pod then.
    pub(crate) is_finished: bool,
    /// When the API object went away.
    pub(crate) removed: Option<Duration>,
    /// What was played.
    pub(crate) timeline: Timeline,
}

impl Life {
    /// Groups a timeline into steps.
    pub(crate) fn of(scenario: &Scenario, timeline: Timeline) -> Life {
        // Each moment fills in its own status.
        let mut pod = timeline.pod.clone();
        pod.status = PodStatus::default();
        let mut steps = Steps { names: names(&timeline.pod), pod, timeline: &timeline };
        let by_instant = timeline.entries.chunk_by(|a, b| a.at == b.at);
        let moments = by_instant.filter_map(|entries| steps.moment(entries)).collect();
        let since_start = |at: Timestamp| at.since(timeline.start);
        Life {
            description: scenario.description.trim().into(),
            moments,
            pod: steps.pod,
            end: since_start(timeline.end.at),
            is_finished: timeline.end.is_finished,
            removed: timeline.end.removed_at.map(since_start),
            timeline,
        }
    }

    /// The recorded Kubernetes events, each with the name of its container.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&KubernetesEvent, Option<String>)> {
        let names = names(&self.pod);
        let named = move |event: &KubernetesEvent| event.container.map(|container| names.of(container).to_owned());
        self.timeline.events().map(move |event| (event, named(event)))
    }
}

/// Init, regular and ephemeral containers: the order of their indexes.
fn names(pod: &PodManifest) -> Names {
    let spec = &pod.spec;
    let all = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
    Names {
        containers: all.map(|container| container.name.clone()).collect(),
        volumes: spec.volumes.iter().map(|volume| volume.name.clone()).collect(),
    }
}

/// Goes through a life, and keeps what the API holds.
struct Steps<'a> {
    names: Names,
    pod: PodManifest,
    timeline: &'a Timeline,
}

impl Steps<'_> {
    /// What happened at one instant, if anything did: every step of the containers, but of phase and conditions only
    /// the result, since the API never held the rest.
    fn moment(&mut self, entries: &[TimelineEntry]) -> Option<Moment> {
        let at = entries.first()?.at;
        let mut moment = Moment::new(at.since(self.timeline.start));
        let before = self.pod.status.clone();
        for entry in entries {
            self.take(entry, &mut moment);
        }
        moment.changes.extend(change::of_pod(&before, &self.pod.status));
        moment.row = self.timeline.row_at(at);
        moment.has_content().then_some(moment)
    }

    fn take(&mut self, entry: &TimelineEntry, moment: &mut Moment) {
        match &entry.kind {
            EntryKind::Status(status) => {
                moment.changes.extend(change::of_containers(&self.pod.status, status));
                self.pod.status = (**status).clone();
                if self.pod.spec.node_name.is_empty() && status.start_time.is_some() {
                    self.pod.spec.node_name = "node-1".into();
                }
            }
            EntryKind::Event(event) => moment.events.push(self.names.event(event)),
            EntryKind::Action(action) => moment.happened.extend(self.names.asked(action)),
            EntryKind::Occurrence(happened) => {
                if let Occurrence::Action(_) = happened {
                    self.delete(entry.at);
                }
                moment.happened.extend(self.names.happened(happened));
            }
            EntryKind::Transition(_) | EntryKind::Sync(_) => {}
            _ => {}
        }
    }

    /// Takes over when the object is to be gone, as the API server shows it.
    fn delete(&mut self, at: Timestamp) {
        if let Some(PodManifest { metadata: shown, .. }) = self.timeline.object_at(at) {
            self.pod.metadata.deletion_timestamp = shown.deletion_timestamp;
            self.pod.metadata.deletion_grace_period_seconds = shown.deletion_grace_period_seconds;
        }
    }
}
