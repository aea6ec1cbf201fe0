//! From a timeline to a picture.

mod lane;
mod spans;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use self::{
    lane::LaneReader,
    spans::{Spans, close},
};
use super::{
    axis::Axis,
    picture::{ConditionTrack, Deed, Flag, Mark, Picture, Said},
};
use crate::{
    action::{Action, KubernetesEvent, SyncKind, SyncProgress},
    api::{ConditionStatus, Name, PodManifestSpec, PodPhase, PodStatus, RestartPolicy},
    sim::{Happened, Timeline, What},
    spec::{ContainerIndex, ContainerKind},
    state::ConditionType,
    time::Timestamp,
};

impl Picture {
    /// Reads a life.
    ///
    /// ```
    /// use pod_lifecycle::{api, render::Picture, sim::Scenario};
    ///
    /// let pod: api::PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let picture = Picture::of(&Scenario::healthy(pod).play()?);
    /// assert_eq!((picture.lanes.len(), picture.lanes[0].name.as_str()), (1, "app"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(timeline: &Timeline) -> Picture {
        let mut reader = Reader::new(timeline);
        for entry in &timeline.entries {
            reader.read(entry.at, &entry.what);
        }
        reader.finish()
    }
}

/// Goes through a timeline.
struct Reader<'a> {
    timeline: &'a Timeline,
    phase: Spans<Said<PodPhase>>,
    conditions: Vec<(String, Spans<Said<ConditionStatus>>)>,
    deeds: Vec<Mark<Deed>>,
    /// By container index.
    lanes: Vec<LaneReader<'a>>,
    flags: Vec<Flag>,
}

impl<'a> Reader<'a> {
    fn new(timeline: &'a Timeline) -> Reader<'a> {
        Reader {
            timeline,
            phase: Spans::default(),
            conditions: Vec::new(),
            deeds: Vec::new(),
            lanes: lanes(&timeline.pod.spec),
            flags: Vec::new(),
        }
    }

    fn read(&mut self, at: Timestamp, what: &What) {
        match what {
            What::Status(status) => self.status(at, status),
            What::Asked(action) => self.asked(at, action),
            What::Happened(happened) => self.happened(at, happened),
            What::Event(event) => self.event(at, event),
            What::Sync(SyncProgress::Began { kind: SyncKind::Terminating, grace }) => self.terminating(at, *grace),
            What::Sync(SyncProgress::Began { .. } | SyncProgress::Ended { .. }) | What::Changed(_) => {}
        }
    }

    fn status(&mut self, at: Timestamp, status: &PodStatus) {
        if let Some(value) = status.phase.clone() {
            self.phase.change(at, Some(Said { value, reason: status.reason.clone() }));
        }
        for condition in &status.conditions {
            let said = Said { value: condition.status.clone(), reason: condition.reason.clone() };
            match self.conditions.iter_mut().find(|(name, _)| *name == condition.type_) {
                Some((_, spans)) => spans.change(at, Some(said)),
                None => {
                    let mut spans = Spans::default();
                    spans.change(at, Some(said));
                    self.conditions.push((condition.type_.clone(), spans));
                }
            }
        }
        for (name, spans) in &mut self.conditions {
            if !status.conditions.iter().any(|condition| condition.type_ == *name) {
                spans.change(at, None);
            }
        }
        for lane in &mut self.lanes {
            lane.status(at, status);
        }
    }

    fn asked(&mut self, at: Timestamp, action: &Action) {
        match action {
            Action::PullImage { container }
            | Action::StartContainer { container, .. }
            | Action::StopContainer { container, .. }
            | Action::RunHook { container, .. } => {
                if let Some(lane) = self.lane(*container) {
                    lane.asked(at, action);
                }
            }
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::InspectImage { .. }
            | Action::CreateContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::Probe { .. } => {}
        }
    }

    fn happened(&mut self, at: Timestamp, happened: &Happened) {
        match happened {
            Happened::Exit { container, .. }
            | Happened::PullEnd { container, .. }
            | Happened::HookEnd { container, .. }
            | Happened::Probed { container, .. } => {
                if let Some(lane) = self.lane(*container) {
                    lane.happened(at, happened);
                }
            }
            Happened::SandboxDied(_) => self.deed(at, Deed::SandboxDied),
            Happened::KubeletRestarted => self.deed(at, Deed::KubeletRestarted),
            // A restart of the kubelet may have to wait; it is told when it happens.
            Happened::Action(name) if name == "kubeletRestart" => {}
            Happened::Action(name) => self.deed(at, Deed::Scripted(name.clone())),
        }
    }

    fn event(&mut self, at: Timestamp, event: &KubernetesEvent) {
        let container = event.container.and_then(|container| Some(self.lane(container)?.name().to_string()));
        if event.reason == "Killing"
            && let Some(lane) = event.container.and_then(|container| self.lane(container))
        {
            lane.killing(at);
        }
        let same = self.flags.iter_mut().find(|flag| {
            (flag.type_, &*flag.reason, &flag.container, &flag.message)
                == (event.type_, &*event.reason, &container, &event.message)
        });
        match same {
            Some(flag) => flag.times.push(at),
            None => self.flags.push(Flag {
                type_: event.type_,
                reason: event.reason.to_string(),
                container,
                message: event.message.clone(),
                times: alloc::vec![at],
            }),
        }
    }

    /// Only the first sync that stops the Pod is told; a restarted kubelet begins another.
    fn terminating(&mut self, at: Timestamp, grace: Option<Duration>) {
        if !self.deeds.iter().any(|mark| matches!(mark.what, Deed::Terminating { .. })) {
            self.deed(at, Deed::Terminating { grace });
        }
    }

    fn deed(&mut self, at: Timestamp, deed: Deed) {
        self.deeds.push(Mark { at, what: deed });
    }

    fn lane(&mut self, container: ContainerIndex) -> Option<&mut LaneReader<'a>> {
        self.lanes.get_mut(container.get())
    }

    fn finish(mut self) -> Picture {
        let (timeline, end) = (self.timeline, self.timeline.end);
        if let Some(at) = end.removed_at {
            self.deed(at, Deed::Removed);
        }
        self.conditions.sort_by_key(|(name, _)| rank(name));
        let conditions = self.conditions.into_iter();
        let mut picture = Picture {
            name: timeline.pod.metadata.name.clone(),
            namespace: timeline.pod.metadata.namespace.clone(),
            start: timeline.start,
            end: end.at,
            is_finished: end.is_finished,
            removed_at: end.removed_at,
            axis: Axis { stretches: Vec::new() },
            phase: self.phase.finish(),
            conditions: conditions.map(|(name, spans)| ConditionTrack { name, spans: spans.finish() }).collect(),
            deeds: self.deeds,
            lanes: self.lanes.into_iter().map(LaneReader::finish).collect(),
            flags: self.flags,
        };
        picture.axis = Axis::of(timeline.start, end.at, end.is_finished, picture.moments());
        close_all(&mut picture);
        picture
    }
}

/// What goes on at the end of the story goes on to the end of the picture; what only began there is not seen.
fn close_all(picture: &mut Picture) {
    let until = picture.axis.end();
    close(&mut picture.phase, until);
    picture.phase.retain(|span| span.from < span.to);
    for strip in &mut picture.conditions {
        close(&mut strip.spans, until);
        strip.spans.retain(|span| span.from < span.to);
    }
    for lane in &mut picture.lanes {
        close(&mut lane.states, until);
        lane.states.retain(|span| span.from < span.to);
        close(&mut lane.runs, until);
        close(&mut lane.stops, until);
        close(&mut lane.tasks, until);
    }
}

/// The order in which conditions usually come true; those of others come last.
fn rank(condition: &str) -> usize {
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

/// An empty lane for each container, in the order of their indexes.
fn lanes(spec: &PodManifestSpec) -> Vec<LaneReader<'_>> {
    let init = spec.init_containers.iter().map(|container| {
        let always = container.restart_policy.as_ref().and_then(|policy| policy.known()) == Some(RestartPolicy::Always);
        LaneReader::new(container, if always { ContainerKind::Sidecar } else { ContainerKind::Init })
    });
    let regular = spec.containers.iter().map(|container| LaneReader::new(container, ContainerKind::Regular));
    let ephemeral = spec.ephemeral_containers.iter();
    let ephemeral = ephemeral.map(|container| LaneReader::new(container, ContainerKind::Ephemeral));
    init.chain(regular).chain(ephemeral).collect()
}
