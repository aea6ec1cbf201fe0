//! Plays a scenario: the Pod and the world take turns in virtual time.

use alloc::{string::ToString, sync::Arc};

use super::{
    action::ScriptActionKind,
    happening::Happening,
    recorder::Recorder,
    scenario::{Scenario, ScenarioError, seconds},
    timeline::{End, Happened, Timeline},
    world::{Outcomes, World},
};
use crate::{
    event::{ApiEvent, Event, EventError, NodeEvent, RuntimeEvent},
    machine::{Pod, Sink, WorkerState},
    manifest::{self, PodCondition},
    spec::PodSpec,
    time::Timestamp,
};

/// How long a story is if its script does not say.
const DEFAULT_END: f64 = 600.0;

/// More things than this do not happen at one instant, unless they never end.
const MOST_AT_ONE_INSTANT: u32 = 10_000;

/// A life being played.
pub(super) struct Player<'a> {
    scenario: &'a Scenario,
    manifest: manifest::PodManifest,
    pub(super) pod: Pod,
    world: World<'a>,
    pub(super) recorder: Recorder,
    start: Timestamp,
    pub(super) now: Timestamp,
    removed_at: Option<Timestamp>,
    /// How many things have happened at this instant.
    count: u32,
    /// Whether a restart of the kubelet waits for the end of the pass under way.
    restart_waits: bool,
}

impl<'a> Player<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Result<Player<'a>, ScenarioError> {
        let manifest = scenario.admitted()?;
        let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
        scenario.check(&spec)?;
        let start = scenario.config.start.unwrap_or(Timestamp::from_unix_seconds(FIRST_OF_MARCH));
        let config = Arc::new(scenario.kubelet_config());
        Ok(Player {
            scenario,
            manifest,
            world: World::new(scenario, &spec, start),
            pod: Pod::unbound(spec, config, start),
            recorder: Recorder::default(),
            start,
            now: start,
            removed_at: None,
            count: 0,
            restart_waits: false,
        })
    }

    pub(super) fn play(mut self) -> Result<Timeline, ScenarioError> {
        let start = self.now;
        let end = self.end();
        self.begin()?;
        while self.step(end)? {}
        let is_finished = self.pod.worker_state() == WorkerState::Finished;
        if !is_finished {
            self.now = end;
        }
        Ok(self.into_timeline(start, is_finished))
    }

    /// When the story ends.
    pub(super) fn end(&self) -> Timestamp {
        self.start + seconds(self.scenario.script.end_seconds.unwrap_or(DEFAULT_END))
    }

    /// The first moment.
    pub(super) fn begin(&mut self) -> Result<(), ScenarioError> {
        let mut actions = self.scenario.script.actions.iter();
        if self.pod.spec().is_scheduling_gated() || actions.any(|action| action.kind.comes_before_node()) {
            self.recorder.published(self.now, &self.pod.published());
        } else {
            let config = Arc::new(self.scenario.kubelet_config());
            self.pod = Pod::new(self.pod.spec().clone(), config, self.now, &mut self.recorder);
        }
        self.carry_out()
    }

    /// The next thing that happens, unless it comes after `end` or the Pod is finished; says whether there was one.
    pub(super) fn step(&mut self, end: Timestamp) -> Result<bool, ScenarioError> {
        let Some((at, happening)) = self.upcoming().filter(|(at, _)| *at <= end) else { return Ok(false) };
        if at > self.now {
            self.count = 0;
        }
        self.now = at;
        self.happen(happening)?;
        self.carry_out()?;
        if self.restart_waits && self.pod.is_idle() {
            self.restart_waits = false;
            self.world.agenda.plan(self.now, Happening::LateRestart);
        }
        Ok(true)
    }

    fn into_timeline(mut self, start: Timestamp, is_finished: bool) -> Timeline {
        let last = self.recorder.entries.iter().rev().find_map(|entry| entry.what.status().cloned());
        self.manifest.status = last.unwrap_or_default();
        let end = End { at: self.now, is_finished, removed_at: self.removed_at };
        Timeline { start, entries: self.recorder.entries, pod: self.manifest, end }
    }

    /// What comes next, of the world or of the Pod, unless the Pod is finished.
    pub(super) fn upcoming(&self) -> Option<(Timestamp, Happening)> {
        let of_pod = self.pod.next_wake().map(|(at, wake)| (at.max(self.now), Happening::of_wake(wake)));
        let next = [of_pod, self.world.agenda.first()].into_iter().flatten().min();
        let is_finished = self.pod.worker_state() == WorkerState::Finished && !self.pod.is_node_lost();
        next.filter(|(at, _)| *at <= self.now || !is_finished)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), ScenarioError> {
        let is_of_world = self.world.agenda.first() == Some((self.now, happening));
        if !is_of_world {
            self.pod.handle_first_timeout(self.now, &mut self.recorder);
            return Ok(());
        }
        self.world.agenda.pop();
        match happening {
            Happening::Action(place) => return self.act(place),
            Happening::LateRestart => {
                self.restart_kubelet();
                return Ok(());
            }
            Happening::Stop(_)
            | Happening::SandboxDeath
            | Happening::OwnExit(..)
            | Happening::SigtermExit(..)
            | Happening::Sigkill(..)
            | Happening::StopReturn(..)
            | Happening::PullEnd(_)
            | Happening::HookEnd(..)
            | Happening::Probe(_)
            | Happening::Pass(_) => {}
        }
        let spec = self.pod.spec().clone();
        if let Some(outcomes) = self.world.happen(happening, &spec, self.now) {
            self.tell(outcomes);
        }
        Ok(())
    }

    /// Has the world carry out what the Pod asks for, until it asks for nothing more.
    fn carry_out(&mut self) -> Result<(), ScenarioError> {
        self.count_one()?;
        while let Some(action) = self.recorder.actions.pop_front() {
            self.count_one()?;
            let spec = self.pod.spec().clone();
            let outcomes = self.world.carry_out(action, &spec, self.now);
            self.tell(outcomes);
        }
        if self.pod.is_gone() {
            self.removed_at.get_or_insert(self.now);
        }
        Ok(())
    }

    /// One thing more has happened at this instant.
    fn count_one(&mut self) -> Result<(), ScenarioError> {
        self.count = self.count.saturating_add(1);
        if self.count > MOST_AT_ONE_INSTANT {
            return Err(ScenarioError::Endless { t: self.now.since(self.start).as_secs_f64() });
        }
        Ok(())
    }

    fn tell(&mut self, (happened, news): Outcomes) {
        if let Some(happened) = happened {
            self.recorder.happened(self.now, happened);
        }
        let Some(news) = news else { return };
        if let RuntimeEvent::SandboxDied { .. } = news {
            for exit in self.world.kill_all(self.now) {
                self.recorder.happened(self.now, exit);
            }
        }
        // A Pod that has ended a worker meanwhile refuses its late answer: that is how it ought to be.
        let _ = self.pod.handle_event(self.now, Event::Runtime(news), &mut self.recorder);
    }

    /// The kubelet restarts between two passes; once the object is gone, nobody would notice.
    fn restart_kubelet(&mut self) {
        if !self.pod.is_idle() {
            self.restart_waits = true;
        } else if !self.pod.is_gone() && self.pod.worker_state() != WorkerState::Finished {
            self.recorder.happened(self.now, Happened::KubeletRestarted);
            // A bound Pod can always have its kubelet restarted.
            let _ = self.pod.handle_event(self.now, Event::Node(NodeEvent::KubeletRestarted), &mut self.recorder);
        }
    }

    /// The n-th action of the script.
    fn act(&mut self, place: usize) -> Result<(), ScenarioError> {
        let Some(action) = self.scenario.script.actions.get(place) else { return Ok(()) };
        if self.pod.is_gone() && action.kind != ScriptActionKind::NodeRecovered {
            return Ok(());
        }
        let impossible =
            |error: &dyn core::fmt::Display| ScenarioError::Impossible { place, t: action.t, error: error.to_string() };
        let event = match self.event_of(&action.kind) {
            Ok(event) => event,
            Err(error) => return Err(impossible(&error)),
        };
        self.recorder.happened(self.now, Happened::Action(action.kind.name().into()));
        let changed = if let Event::Api(ApiEvent::SpecChanged(spec)) = &event { Some(spec.clone()) } else { None };
        if matches!(event, Event::Api(ApiEvent::Deleted { .. })) {
            self.note_deletion();
        }
        if action.kind == ScriptActionKind::KubeletRestart {
            self.restart_kubelet();
            return Ok(());
        }
        let result = self.pod.handle_event(self.now, event, &mut self.recorder);
        result.map_err(|error: EventError| impossible(&error))?;
        if let Some(spec) = changed {
            self.world.fit(&spec);
            if let ScriptActionKind::SetImage { container, .. } = &action.kind
                && let Some(index) = spec.index_of(container)
            {
                self.world.forget_image(index);
            }
        }
        Ok(())
    }

    fn event_of(&mut self, kind: &ScriptActionKind) -> Result<Event, ScenarioError> {
        let of_spec = self.pod.spec().termination_grace().unwrap_or(30);
        Ok(match kind {
            ScriptActionKind::Delete { grace_seconds } => {
                Event::Api(ApiEvent::Deleted { grace_seconds: grace_seconds.unwrap_or(of_spec) })
            }
            ScriptActionKind::ForceDelete => Event::Api(ApiEvent::Removed),
            ScriptActionKind::SetCondition { condition, status } => Event::Api(ApiEvent::ConditionSet(PodCondition {
                type_: condition.clone(),
                observed_generation: 0,
                status: (*status).into(),
                last_probe_time: None,
                last_transition_time: Some(self.now.whole_seconds()),
                reason: "".into(),
                message: "".into(),
            })),
            ScriptActionKind::KubeletRestart => Event::Node(NodeEvent::KubeletRestarted),
            ScriptActionKind::Evict { message, grace_seconds } => {
                let message = message.as_deref().unwrap_or("The node was low on resource: memory. ").into();
                Event::Node(NodeEvent::Evicted { message, grace_seconds: *grace_seconds, is_disruption: true })
            }
            ScriptActionKind::EvictOverLimit { message } => {
                let message = message.as_str().into();
                Event::Node(NodeEvent::Evicted { message, grace_seconds: None, is_disruption: false })
            }
            ScriptActionKind::Preempt => Event::Node(NodeEvent::Preempted),
            ScriptActionKind::Shutdown { grace_seconds } => {
                Event::Node(NodeEvent::ShutDown { grace_seconds: *grace_seconds })
            }
            ScriptActionKind::Disrupt { reason, message } => {
                Event::Api(ApiEvent::Disrupted { reason: *reason, message: message.as_str().into() })
            }
            ScriptActionKind::Reject { reason, message } => {
                Event::Node(NodeEvent::Rejected { reason: reason.as_str().into(), message: message.as_str().into() })
            }
            ScriptActionKind::Unschedulable { message } => {
                Event::Api(ApiEvent::Unschedulable { message: message.as_str().into() })
            }
            ScriptActionKind::Bind => Event::Api(ApiEvent::Bound),
            ScriptActionKind::NodeLost => Event::Api(ApiEvent::NodeLost),
            ScriptActionKind::NodeRecovered => Event::Api(ApiEvent::NodeRecovered),
            ScriptActionKind::RemoveSchedulingGates => self.change(|spec| spec.scheduling_gates.clear())?,
            ScriptActionKind::SetImage { container, image } => self.change(|spec| {
                let all = spec.containers.iter_mut().chain(&mut spec.init_containers);
                for it in all.filter(|it| it.name == *container) {
                    it.image.clone_from(image);
                }
            })?,
            ScriptActionKind::AddEphemeralContainer { container } => {
                self.change(|spec| spec.ephemeral_containers.push((**container).clone()))?
            }
        })
    }

    /// The API server counts the generation of an object up when it is deleted for the first time.
    fn note_deletion(&mut self) {
        if !self.pod.is_deleting() {
            let metadata = &mut self.manifest.metadata;
            metadata.generation = metadata.generation.saturating_add(metadata.generation.signum());
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut manifest::PodManifestSpec)) -> Result<Event, ScenarioError> {
        let mut changed = self.manifest.clone();
        change(&mut changed.spec);
        changed.metadata.generation = changed.metadata.generation.saturating_add(1);
        let spec = PodSpec::from_admitted(&changed)?;
        self.manifest = changed;
        Ok(Event::Api(ApiEvent::SpecChanged(Arc::new(spec))))
    }
}

/// 2026-03-01T12:00:00Z, when a story begins if its scenario does not say.
const FIRST_OF_MARCH: i64 = 1_772_366_400;
