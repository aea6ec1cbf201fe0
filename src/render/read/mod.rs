//! Reader: builds a picture from a timeline.

mod lane;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use self::lane::LaneReader;
use super::{
    axis::Axis,
    lane::TaskKind,
    picture::{ConditionTrack, EventMarker, Picture, PodAction, Span, StatusValue, Timed},
};
use crate::{
    action::{Action, KubernetesEvent, SyncKind, SyncProgress},
    api::{ConditionStatus, Container, Name, PodManifestSpec, PodPhase, PodStatus, RestartPolicy},
    sim::{EntryKind, Occurrence, Timeline},
    spec::{ContainerIndex, ContainerKind, VolumeIndex},
    state::ConditionType,
    time::Timestamp,
};

impl Picture {
    /// Builds the picture of a timeline.
    #[must_use]
    pub fn of(timeline: &Timeline) -> Picture {
        let mut reader = Reader::new(timeline);
        for entry in &timeline.entries {
            reader.read(entry.at, &entry.kind);
        }
        reader.finish()
    }
}

/// Picture being built, entry by entry.
struct Reader<'a> {
    timeline: &'a Timeline,
    phase: Spans<StatusValue<PodPhase>>,
    conditions: Vec<(String, Spans<StatusValue<ConditionStatus>>)>,
    actions: Vec<Timed<PodAction>>,
    /// By container index.
    lanes: Vec<LaneReader<'a>>,
    events: Vec<EventMarker>,
}

impl<'a> Reader<'a> {
    fn new(timeline: &'a Timeline) -> Reader<'a> {
        Reader {
            timeline,
            phase: Spans::default(),
            conditions: Vec::new(),
            actions: Vec::new(),
            lanes: lanes(&timeline.pod.spec),
            events: Vec::new(),
        }
    }

    fn read(&mut self, at: Timestamp, what: &EntryKind) {
        match what {
            EntryKind::Status(status) => self.status(at, status),
            EntryKind::Action(action) => self.container_action(at, action),
            EntryKind::Occurrence(happened) => self.happened(at, happened),
            EntryKind::Event(event) => self.event(at, event),
            EntryKind::Sync(SyncProgress::Began { kind: SyncKind::Terminating, grace }) => self.terminating(at, *grace),
            EntryKind::Sync(SyncProgress::Began { .. } | SyncProgress::Ended { .. }) | EntryKind::Transition(_) => {}
        }
    }

    fn status(&mut self, at: Timestamp, status: &PodStatus) {
        if let Some(value) = status.phase.clone() {
            self.phase.change(at, Some(StatusValue { value, reason: status.reason.clone() }));
        }
        for condition in &status.conditions {
            let value = StatusValue { value: condition.status.clone(), reason: condition.reason.clone() };
            match self.conditions.iter_mut().find(|(name, _)| *name == condition.type_) {
                Some((_, spans)) => spans.change(at, Some(value)),
                None => {
                    let mut spans = Spans::default();
                    spans.change(at, Some(value));
                    self.conditions.push((condition.type_.clone(), spans));
                }
            }
        }
        // A condition may be removed, such as AllContainersRestarting after its restart.
        for (name, spans) in &mut self.conditions {
            if !status.conditions.iter().any(|condition| condition.type_ == *name) {
                spans.change(at, None);
            }
        }
        for lane in &mut self.lanes {
            lane.status(at, status);
        }
    }

    fn container_action(&mut self, at: Timestamp, action: &Action) {
        match action {
            // Of a container's calls, only these take time or start and end its process.
            Action::PullImage { container }
            | Action::StartContainer { container, .. }
            | Action::StopContainer { container, .. }
            | Action::RunHook { container, .. } => {
                if let Some(lane) = self.lane(*container) {
                    lane.action(at, action);
                }
            }
            Action::PullVolumeImage { volume } => {
                for lane in self.lanes_with(*volume) {
                    lane.begin(at, TaskKind::Pull);
                }
            }
            Action::RunPodSandbox { .. }
            | Action::InspectVolumeImage { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::InspectImage { .. }
            | Action::CreateContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::Probe { .. } => {}
        }
    }

    fn happened(&mut self, at: Timestamp, happened: &Occurrence) {
        match happened {
            Occurrence::ContainerExited { container, .. }
            | Occurrence::PullFinished { container, .. }
            | Occurrence::HookFinished { container, .. }
            | Occurrence::ProbeFinished { container, .. } => {
                if let Some(lane) = self.lane(*container) {
                    lane.happened(at, happened);
                }
            }
            Occurrence::VolumePullFinished { volume, succeeded } => {
                for lane in self.lanes_with(*volume) {
                    lane.end(at, TaskKind::Pull, *succeeded);
                }
            }
            // The status shows it: the container waits with the reason.
            Occurrence::CallFailed { action, .. } => {
                if let Action::StartContainer { container, .. } = **action
                    && let Some(lane) = self.lane(container)
                {
                    lane.start_failed();
                }
            }
            // A volume has no lane of its own; the waiting containers show that something is missing.
            Occurrence::VolumeSetUp { .. } | Occurrence::VolumeTornDown { .. } => {}
            Occurrence::ResizeAnswered { .. } => self.action(at, PodAction::Scripted("resize".into())),
            // It is no Pod of this picture.
            Occurrence::OtherPodRejected { .. } => {}
            Occurrence::SandboxDied(_) => self.action(at, PodAction::SandboxDied),
            Occurrence::KubeletRestarted => self.action(at, PodAction::KubeletRestarted),
            // The script's restart may be delayed; `KubeletRestarted` follows when it happens.
            Occurrence::Action(name) if name == "kubeletRestart" => {}
            Occurrence::Action(name) => self.action(at, PodAction::Scripted(name.clone())),
        }
    }

    fn event(&mut self, at: Timestamp, event: &KubernetesEvent) {
        let container = event.container.and_then(|container| Some(self.lane(container)?.name().to_string()));
        // The only trace of a preStop hook with `sleep`, which the runtime takes no part in.
        if event.reason == "Killing"
            && let Some(lane) = event.container.and_then(|container| self.lane(container))
        {
            lane.killing(at);
        }
        // An image's back-off has the same reason.
        if event.reason == "BackOff"
            && event.message.starts_with("Back-off restarting")
            && let Some(lane) = event.container.and_then(|container| self.lane(container))
        {
            lane.backed_off(at);
        }
        // The same four fields by which the kubelet's recorder counts an event up.
        let same = self.events.iter_mut().find(|it| {
            (it.type_, &*it.reason, &it.container, &it.message)
                == (event.type_, &*event.reason, &container, &event.message)
        });
        match same {
            Some(same) => same.times.push(at),
            None => self.events.push(EventMarker {
                type_: event.type_,
                reason: event.reason.to_string(),
                container,
                message: event.message.clone(),
                times: alloc::vec![at],
            }),
        }
    }

    /// Records the first terminating sync only; a restarted kubelet begins another one.
    fn terminating(&mut self, at: Timestamp, grace: Option<Duration>) {
        let is_known = |action: &Timed<PodAction>| {
            matches!(action.what, PodAction::Terminating { .. } | PodAction::Stopping { .. })
        };
        if self.actions.iter().any(is_known) {
            return;
        }
        // `Terminating` is what kubectl shows of an object with a deletion timestamp.
        if self.timeline.deleted_at().is_some_and(|deleted_at| deleted_at <= at) {
            self.action(at, PodAction::Terminating { grace });
        } else if self.lanes.iter().any(LaneReader::is_running) {
            self.action(at, PodAction::Stopping { grace });
        }
    }

    fn action(&mut self, at: Timestamp, action: PodAction) {
        self.actions.push(Timed { at, what: action });
    }

    fn lane(&mut self, container: ContainerIndex) -> Option<&mut LaneReader<'a>> {
        self.lanes.get_mut(container.get())
    }

    /// Returns the lanes of the containers that mount a volume.
    fn lanes_with(&mut self, volume: VolumeIndex) -> impl Iterator<Item = &mut LaneReader<'a>> {
        let spec = &self.timeline.pod.spec;
        let name = spec.volumes.get(volume.get()).map(|volume| volume.name.as_str());
        let containers = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
        let mounts =
            move |container: &Container| container.volume_mounts.iter().any(|it| Some(it.name.as_str()) == name);
        self.lanes.iter_mut().zip(containers).filter(move |(_, container)| mounts(container)).map(|(lane, _)| lane)
    }

    fn finish(mut self) -> Picture {
        let (timeline, end) = (self.timeline, self.timeline.end);
        if let Some(at) = end.removed_at {
            self.action(at, PodAction::Removed);
        }
        // A stable sort, so that conditions of other owners stay in the order of their first status.
        self.conditions.sort_by_key(|(name, _)| rank(name));
        let conditions = self.conditions.into_iter();
        let mut picture = Picture {
            name: timeline.pod.metadata.name.clone(),
            namespace: timeline.pod.metadata.namespace.clone(),
            start: timeline.start,
            end: end.at,
            is_finished: end.is_finished,
            removed_at: end.removed_at,
            // The axis depends on the times of all other parts, so it is made last.
            axis: Axis::default(),
            phase: self.phase.finish(),
            conditions: conditions.map(|(name, spans)| ConditionTrack { name, spans: spans.finish() }).collect(),
            actions: self.actions,
            lanes: self.lanes.into_iter().map(LaneReader::finish).collect(),
            events: self.events,
        };
        picture.axis = Axis::of(timeline.start, end.at, end.is_finished, picture.change_times());
        close_spans(&mut picture);
        picture
    }
}

/// Extends open spans to the end of the picture. States that only begin there are dropped.
fn close_spans(picture: &mut Picture) {
    let until = picture.axis.end();
    close(&mut picture.phase, until);
    picture.phase.retain(|span| span.from < span.to);
    for track in &mut picture.conditions {
        close(&mut track.spans, until);
        track.spans.retain(|span| span.from < span.to);
    }
    for lane in &mut picture.lanes {
        close(&mut lane.states, until);
        lane.states.retain(|span| span.from < span.to);
        close(&mut lane.back_offs, until);
        lane.back_offs.retain(|span| span.from < span.to);
        close(&mut lane.runs, until);
        close(&mut lane.stops, until);
        close(&mut lane.tasks, until);
    }
}

/// Returns the rank of a condition: the order in which conditions usually become true; unknown ones come last.
fn rank(condition: &str) -> usize {
    // Not the order of the kubelet's status, which has PodScheduled after Ready.
    const ORDER: [ConditionType; 7] = [
        ConditionType::PodScheduled,
        ConditionType::PodReadyToStartContainers,
        ConditionType::Initialized,
        ConditionType::ContainersReady,
        ConditionType::Ready,
        ConditionType::AllContainersRestarting,
        ConditionType::DisruptionTarget,
    ];
    ORDER.iter().position(|known| known.name() == condition).unwrap_or(ORDER.len())
}

/// Creates an empty lane for each container, in the order of their indexes.
fn lanes(spec: &PodManifestSpec) -> Vec<LaneReader<'_>> {
    let init = spec.init_containers.iter().map(|container| {
        let always = container.restart_policy.as_ref().and_then(|policy| policy.known()) == Some(RestartPolicy::Always);
        LaneReader::new(container, if always { ContainerKind::Sidecar } else { ContainerKind::Init })
    });
    let regular = spec.containers.iter().map(|container| LaneReader::new(container, ContainerKind::Regular));
    let ephemeral = spec.ephemeral_containers.iter();
    let ephemeral = ephemeral.map(|container| LaneReader::new(container, ContainerKind::Ephemeral));
    // The order that ContainerIndex counts in.
    init.chain(regular).chain(ephemeral).collect()
}

// --- Spans of a value that changes over time ---

/// End of a span that is still open; replaced when the end of the picture is known.
const OPEN: Timestamp = Timestamp::from_unix_micros(i64::MAX);

/// Ends all open spans.
fn close<T>(spans: &mut [Span<T>], until: Timestamp) {
    for span in spans.iter_mut().filter(|span| span.to == OPEN) {
        span.to = until;
    }
}

/// Value that changes over time.
#[derive(Clone, Debug)]
struct Spans<T> {
    done: Vec<Span<T>>,
    now: Option<(Timestamp, T)>,
}

impl<T> Default for Spans<T> {
    fn default() -> Spans<T> {
        Spans { done: Vec::new(), now: None }
    }
}

impl<T: PartialEq> Spans<T> {
    /// Changes the value, or removes it. A value that lasts no time leaves no span.
    fn change(&mut self, at: Timestamp, what: Option<T>) {
        // Each status has every value; only a change begins a span.
        if self.now.as_ref().map(|(_, what)| what) == what.as_ref() {
            return;
        }
        self.close(at);
        let Some(what) = what else { return };
        match self.done.pop_if(|last| last.to == at && last.what == what) {
            // Changed back at once: the span before continues.
            Some(same) => self.now = Some((same.from, what)),
            None => self.now = Some((at, what)),
        }
    }

    /// Returns all spans; the last one is open.
    fn finish(mut self) -> Vec<Span<T>> {
        self.close(OPEN);
        self.done
    }

    fn close(&mut self, at: Timestamp) {
        if let Some((from, what)) = self.now.take().filter(|(from, _)| *from < at) {
            self.done.push(Span { from, to: at, what });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(changes: &[(i64, Option<&'static str>)], end: i64) -> Vec<(i64, i64, &'static str)> {
        let mut spans = Spans::default();
        for &(second, what) in changes {
            spans.change(Timestamp::from_unix_seconds(second), what);
        }
        let mut spans = spans.finish();
        close(&mut spans, Timestamp::from_unix_seconds(end));
        spans.into_iter().map(|span| (span.from.unix_seconds(), span.to.unix_seconds(), span.what)).collect()
    }

    #[test]
    fn a_value_lasts_until_the_next() {
        let changes = [(0, Some("a")), (5, Some("a")), (7, Some("b")), (9, None), (12, Some("b"))];
        assert_eq!(spans(&changes, 20), [(0, 7, "a"), (7, 9, "b"), (12, 20, "b")]);
    }

    #[test]
    fn a_value_that_lasts_no_time_leaves_no_span() {
        assert_eq!(spans(&[(0, Some("a")), (5, Some("b")), (5, Some("a"))], 9), [(0, 9, "a")]);
        assert_eq!(spans(&[(0, Some("a")), (0, Some("b"))], 9), [(0, 9, "b")]);
    }
}
