//! A life as steps: all that happens at one instant, and what the API holds after it.

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{
    KubernetesEvent, Timestamp,
    api::{ConditionStatus, PodManifest, PodPhase, PodStatus},
    kubectl::{self, Row},
    render::Picture,
    sim::{EntryKind, ExitCause, Occurrence, Scenario, ScenarioError, Simulation, TimelineEntry},
    status::{RecordedEvent, fold_events},
};

use crate::play::{
    bounded::Bounded,
    change,
    moment::{Moment, Names},
    progress::Progress,
};

/// Distinct and repeated events that are collected before they are counted together.
const UNFOLDED: usize = 1_000;

/// Most entries of a life that is drawn: several hundred megabytes.
const MOST_DRAWN: usize = 2_000_000;

/// What of a life is wanted, beyond its steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// An explanation at each step.
    pub(crate) explanations: bool,
    /// A picture.
    pub(crate) picture: bool,
    /// How many of the first and of the last steps.
    pub(crate) steps: (usize, usize),
}

/// A life as it is printed.
pub(crate) struct Life {
    pub(crate) description: String,
    pub(crate) start: Timestamp,
    pub(crate) moments: Bounded<Moment>,
    /// Rows of `kubectl get pods --watch`.
    pub(crate) rows: Bounded<Row>,
    /// The API object at the end, or as it last was.
    pub(crate) pod: PodManifest,
    /// Recorded events, equal ones counted.
    pub(crate) events: Vec<RecordedEvent>,
    /// Time at which the simulation ended.
    pub(crate) end: Duration,
    /// When the kubelet was done with the Pod, if it was.
    pub(crate) finished: Option<Duration>,
    /// When the API object went away.
    pub(crate) removed: Option<Duration>,
    pub(crate) summary: Summary,
    pub(crate) picture: Option<Picture>,
}

/// What a life comes to.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// When the Pod was first ready.
    pub(crate) first_ready: Option<Duration>,
    /// For how long it was ready, all in all.
    pub(crate) ready: Duration,
    /// Exits by container and by cause.
    pub(crate) exits: BTreeMap<(String, String), u64>,
}

/// Why a life cannot be played.
pub(crate) enum PlayError {
    Scenario(ScenarioError),
    /// It is too long to be drawn.
    TooLongToDraw,
}

impl From<ScenarioError> for PlayError {
    fn from(error: ScenarioError) -> PlayError {
        PlayError::Scenario(error)
    }
}

impl Life {
    /// Plays a scenario, instant by instant.
    pub(crate) fn play(scenario: &Scenario, wanted: Wanted) -> Result<Life, PlayError> {
        let mut simulation = scenario.simulate()?;
        let start = simulation.now();
        let mut steps = Steps::new(&simulation, wanted);
        steps.create(scenario);
        let mut progress = Progress::new(scenario.script.end);
        // What a picture is drawn from stays in the simulation; anything else is forgotten once it was read.
        let mut read = 0;
        loop {
            if wanted.picture {
                let entries = simulation.entries().get(read..).unwrap_or_default().to_vec();
                read = simulation.entries().len();
                steps.take_all(&entries, &simulation);
                if read > MOST_DRAWN {
                    return Err(PlayError::TooLongToDraw);
                }
            } else {
                let entries = simulation.take_entries();
                steps.take_all(&entries, &simulation);
            }
            progress.reach(simulation.now().since(start));
            if simulation.step()?.is_none() {
                break;
            }
        }
        progress.finish();
        if !simulation.is_finished() {
            // Nothing more happens; only time passes until the end of the script.
            simulation.advance(Duration::MAX)?;
        }
        let end = simulation.now().since(start);
        let mut life = steps.finish(end);
        life.description = scenario.description.trim().into();
        life.picture = wanted.picture.then(|| Picture::of(&simulation.into_timeline()));
        Ok(life)
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
struct Steps {
    life: Life,
    names: Names,
    wanted: Wanted,
    ready_since: Option<Duration>,
}

impl Steps {
    fn new(simulation: &Simulation, wanted: Wanted) -> Steps {
        let (first, last) = wanted.steps;
        let life = Life {
            description: String::new(),
            start: simulation.now(),
            moments: Bounded::new(first, last),
            rows: Bounded::new(first, last),
            pod: simulation.object().manifest().clone(),
            events: Vec::new(),
            end: Duration::ZERO,
            finished: None,
            removed: None,
            summary: Summary::default(),
            picture: None,
        };
        Steps { names: names(&life.pod), life, wanted, ready_since: None }
    }

    /// Notes the creation of the object, before the first entry.
    fn create(&mut self, scenario: &Scenario) {
        let pod = &mut self.life.pod;
        // A stored object has the status with which it was stored; the first entry of a gated one is its first status.
        pod.status = scenario.pod.status.clone();
        if !scenario.config.admitted {
            pod.status = PodStatus::default();
            pod.status.phase = Some(PodPhase::Pending.into());
        }
        if scenario.config.admitted || !pod.spec.scheduling_gates.is_empty() {
            return;
        }
        let row = kubectl::row(pod, self.life.start);
        self.life.rows.push(row.clone());
        let mut moment = Moment::new(Duration::ZERO);
        moment.happened.push("the Pod is created".into());
        moment.row = Some(row.clone());
        moment.last_row = Some(row);
        self.life.moments.push(moment);
    }

    /// Takes entries, which may be of several instants.
    fn take_all(&mut self, entries: &[TimelineEntry], simulation: &Simulation) {
        for entries in entries.chunk_by(|a, b| a.at == b.at) {
            self.take_instant(entries, simulation);
        }
    }

    /// Takes what happened at one instant: every step of the containers, but of phase and conditions only the result,
    /// since the API never held the rest.
    fn take_instant(&mut self, entries: &[TimelineEntry], simulation: &Simulation) {
        let Some(at) = entries.first().map(|entry| entry.at) else { return };
        let mut moment = Moment::new(at.since(self.life.start));
        let before = self.life.pod.status.clone();
        for entry in entries {
            self.take(entry, simulation, &mut moment);
        }
        moment.changes.extend(change::of_pod(&before, &self.life.pod.status));
        self.note_readiness(moment.at);
        if simulation.is_finished() {
            self.life.finished.get_or_insert(moment.at);
        }
        let row = kubectl::row(&self.life.pod, at);
        if simulation.object().is_gone() && self.life.removed.is_none() {
            self.life.removed = Some(moment.at);
            moment.happened.push("the object is removed from the API".into());
            // A watch delivers the last state once more, as that of the removed object.
            self.life.rows.push(row.clone());
        }
        moment.row = self.life.removed.is_none().then(|| row.clone());
        moment.last_row = Some(row);
        if moment.has_content() {
            moment.explanation = self.wanted.explanations.then(|| simulation.explain(at));
            self.life.moments.push(moment);
        }
    }

    fn take(&mut self, entry: &TimelineEntry, simulation: &Simulation, moment: &mut Moment) {
        match &entry.kind {
            EntryKind::Status(status) => {
                moment.changes.extend(change::of_containers(&self.life.pod.status, status));
                self.life.pod.status = (**status).clone();
                // Bound without an entry of its own.
                self.life.pod.spec.node_name.clone_from(&simulation.object().manifest().spec.node_name);
                self.show(entry.at);
            }
            EntryKind::Event(event) => {
                self.count(event);
                moment.events.push(self.names.event(event));
            }
            EntryKind::Action(action) => moment.happened.extend(self.names.asked(action)),
            EntryKind::Occurrence(happened) => {
                moment.happened.extend(self.names.happened(happened));
                if let Occurrence::Action(_) = happened {
                    self.change(simulation, entry.at);
                }
                if let Occurrence::ContainerExited { container, code, cause, .. } = happened {
                    let exit = (self.names.of(*container).to_owned(), exit_text(*code, *cause));
                    let count = self.life.summary.exits.entry(exit).or_default();
                    *count = count.saturating_add(1);
                }
            }
            EntryKind::Transition(_) | EntryKind::Sync(_) => {}
            _ => {}
        }
    }

    /// Takes over metadata and spec after an action, as the API server shows them.
    fn change(&mut self, simulation: &Simulation, at: Timestamp) {
        let shown = simulation.object().manifest();
        let pod = &mut self.life.pod;
        (pod.metadata, pod.spec) = (shown.metadata.clone(), shown.spec.clone());
        self.names = names(pod);
        self.show(at);
    }

    /// Adds a row to the watch, unless it is equal to the one before but for the passing of time.
    fn show(&mut self, at: Timestamp) {
        let row = kubectl::row(&self.life.pod, at);
        if self.life.rows.newest().is_none_or(|newest| lasting(newest) != lasting(&row)) {
            self.life.rows.push(row);
        }
    }

    fn count(&mut self, event: &KubernetesEvent) {
        let container = event.container.map(|container| self.names.of(container));
        let event = RecordedEvent::once(event.type_, &event.reason, container, &event.message, event.at);
        self.life.events.push(event);
        if self.life.events.len() >= UNFOLDED {
            self.life.events = fold_events(&self.life.events);
        }
    }

    fn note_readiness(&mut self, at: Duration) {
        let mut conditions = self.life.pod.status.conditions.iter();
        let is_ready = conditions.any(|it| it.type_ == "Ready" && it.status.known() == Some(ConditionStatus::True));
        match (self.ready_since, is_ready) {
            (None, true) => {
                self.life.summary.first_ready.get_or_insert(at);
                self.ready_since = Some(at);
            }
            (Some(since), false) => {
                self.life.summary.ready = self.life.summary.ready.saturating_add(at.saturating_sub(since));
                self.ready_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn finish(mut self, end: Duration) -> Life {
        if let Some(since) = self.ready_since {
            let until = self.life.removed.unwrap_or(end);
            self.life.summary.ready = self.life.summary.ready.saturating_add(until.saturating_sub(since));
        }
        self.life.end = end;
        self.life.events = fold_events(&self.life.events);
        self.life
    }
}

/// A cause other than the process itself or SIGTERM, in words.
pub(crate) fn exit_cause(cause: ExitCause) -> String {
    match cause {
        ExitCause::Sigkill => "killed".into(),
        ExitCause::SandboxDied => "with its sandbox".into(),
        ExitCause::Itself | ExitCause::Sigterm | _ => cause.to_string(),
    }
}

/// An exit in words, for the summary.
fn exit_text(code: i32, cause: ExitCause) -> String {
    match cause {
        ExitCause::Itself => format!("code {code}"),
        ExitCause::Sigterm => format!("code {code} after SIGTERM"),
        ExitCause::Sigkill | ExitCause::SandboxDied | _ => format!("code {code}, {}", exit_cause(cause)),
    }
}

/// What of a row does not change by itself: AGE does, and the `(5m ago)` of RESTARTS.
fn lasting(row: &Row) -> (&str, &str, &str) {
    let restarts = row.restarts.split_once(' ').map_or(&*row.restarts, |(count, _)| count);
    (&row.ready, &row.status, restarts)
}
