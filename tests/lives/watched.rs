//! A life under watch: after each move everything that must hold of a Pod is looked at.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use pod_lifecycle::{
    CONTAINER_MOVES, Change, ContainerStateKind, Output, PHASE_MOVES, Pod, Timestamp, WORKER_MOVES, Wake, WorkerState,
    config::KubeletConfig,
    event::{Event, EventError, NodeEvent, RuntimeEvent},
    manifest::{ConditionStatus, Name, PodPhase},
    spec::PodSpec,
    state::ConditionType,
    strategy::{Meaning, Move, RandomLife, invariant},
};

/// What was broken.
pub(crate) type Broken = String;

/// Ends a check if something does not hold.
macro_rules! hold {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

/// A life under watch.
pub(crate) struct Watched {
    life: RandomLife,
    phase: Option<PodPhase>,
    containers: Vec<Option<ContainerStateKind>>,
    conditions: Vec<(ConditionType, ConditionStatus)>,
    restarts: Vec<u32>,
    start_time: Option<Timestamp>,
    /// A kubelet that restarts makes a new worker, which begins again.
    kubelet_restarts: bool,
    /// What the life has come by.
    pub(crate) seen: Seen,
}

/// What lives have come by: a test that never reaches something says nothing about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Moves of the published phase.
    pub(crate) phases: Vec<(PodPhase, PodPhase)>,
    /// Moves of published container states.
    pub(crate) containers: Vec<(ContainerStateKind, ContainerStateKind)>,
    /// Moves of the worker.
    pub(crate) workers: Vec<(WorkerState, WorkerState)>,
    /// How many events were refused, by the kind of error.
    pub(crate) refused: Vec<&'static str>,
    /// How many events were told.
    pub(crate) told: usize,
}

impl Watched {
    /// Begins a life.
    pub(crate) fn begin(spec: Arc<PodSpec>, config: Arc<KubeletConfig>) -> Result<Watched, Broken> {
        let mut out = Vec::new();
        let life = RandomLife::begin(spec, config, &mut out);
        let before = life.pod.clone();
        let count = life.pod.spec().container_count();
        let mut watched = Watched {
            phase: None,
            containers: vec![None; count],
            conditions: Vec::new(),
            restarts: vec![0; count],
            start_time: None,
            kubelet_restarts: false,
            seen: Seen::default(),
            life,
        };
        watched.check_outputs(&before, &out)?;
        watched.look()?;
        Ok(watched)
    }

    /// Makes a move and looks at everything.
    pub(crate) fn play(&mut self, next: &Move) -> Result<(), Broken> {
        match self.life.meaning(next) {
            Meaning::Nothing => {}
            Meaning::Wait(until) => {
                self.life.now = until;
                self.time_out()?;
            }
            Meaning::Event(event) => {
                self.tell(event)?;
                self.relist_what_is_known()?;
                self.time_out()?;
            }
        }
        self.check_history()
    }

    /// A move and the moment that it meets, in words.
    #[allow(dead_code, reason = "not every test tells stories")]
    pub(crate) fn told(&self, next: &Move) -> String {
        let pod = &self.life.pod;
        let meaning = self.life.meaning(next);
        format!("{:?} {} {}: {meaning:?}", self.life.now, pod.worker_state(), pod.phase())
    }

    /// Tells the Pod an event, twice over: the Pod and its twin must come to the same.
    fn tell(&mut self, event: Event) -> Result<(), Broken> {
        let before = self.life.pod.clone();
        let (mut twin, mut twins_out, mut out) = (before.clone(), Vec::new(), Vec::new());
        let result = self.life.pod.handle_event(self.life.now, event.clone(), &mut out);
        let twins = twin.handle_event(self.life.now, event.clone(), &mut twins_out);
        hold!(result == twins && out == twins_out, "{event:?}: same inputs, other outputs");
        self.is_like(&twin, "same inputs, other Pod")?;
        self.life.heard(&event);
        self.life.note(&out);
        self.seen.told += 1;
        match result {
            Err(error) => {
                self.seen.refused.push(kind_of(&error.error));
                let is_same = self.life.pod == before;
                hold!(is_same, "{event:?} was refused ({error}) and changed {}", difference(&before, &self.life.pod));
                hold!(out.is_empty(), "{event:?} was refused ({error}) and led to {out:?}");
                Ok(())
            }
            Ok(()) => {
                self.kubelet_restarts |= event == Event::Node(NodeEvent::KubeletRestarted);
                self.check_outputs(&before, &out)?;
                self.repeat(&event, &out)?;
                self.look()
            }
        }
    }

    /// Handles every wake-up that is due; then none may be due.
    fn time_out(&mut self) -> Result<(), Broken> {
        let before = self.life.pod.clone();
        let (mut twin, mut twins_out, mut out) = (before.clone(), Vec::new(), Vec::new());
        let now = self.life.now;
        let was_due = before.poll_timeout().is_some_and(|at| at <= now);
        self.life.pod.handle_timeout(now, &mut out);
        twin.handle_timeout(now, &mut twins_out);
        hold!(out == twins_out, "time-out: same inputs, other outputs");
        self.is_like(&twin, "time-out: same inputs, other Pod")?;
        hold!(was_due || self.life.pod == before, "a spurious time-out changed the Pod");
        hold!(was_due || out.is_empty(), "a spurious time-out led to {out:?}");
        let next = self.life.pod.poll_timeout();
        hold!(next.is_none_or(|at| at > now), "everything due at {now:?} was handled, and {next:?} is due");
        self.life.note(&out);
        self.check_outputs(&before, &out)?;
        self.look()
    }

    /// Relisting exactly what is known changes nothing.
    fn relist_what_is_known(&mut self) -> Result<(), Broken> {
        let (mut pod, mut out) = (self.life.pod.clone(), Vec::new());
        let relisted = RuntimeEvent::Relisted(pod.runtime().clone());
        let result = pod.handle_event(self.life.now, Event::Runtime(relisted), &mut out);
        if result.is_ok() {
            hold!(out.is_empty(), "relisting what is known led to {out:?}");
            let is_same = pod == self.life.pod;
            hold!(is_same, "relisting what is known changed the Pod: {}", difference(&self.life.pod, &pod));
        }
        Ok(())
    }

    /// News of the runtime that were taken in once are refused the second time, unless they were asked for again. A
    /// sandbox is stopped more than once, and each of these stops is answered.
    fn repeat(&self, event: &Event, out: &[Output]) -> Result<(), Broken> {
        let is_news = matches!(event, Event::Runtime(news)
            if !matches!(news, RuntimeEvent::Relisted(_) | RuntimeEvent::SandboxDied { .. }));
        let is_asked_again = out.iter().any(|output| matches!(output, Output::Action(_)));
        if !is_news || is_asked_again {
            return Ok(());
        }
        let (mut pod, mut again) = (self.life.pod.clone(), Vec::new());
        let result = pod.handle_event(self.life.now, event.clone(), &mut again);
        hold!(result.is_err(), "{event:?} was taken in twice");
        hold!(again.is_empty() && pod == self.life.pod, "{event:?} was refused the second time, and changed something");
        Ok(())
    }

    fn is_like(&self, twin: &Pod, why: &str) -> Result<(), Broken> {
        hold!(self.life.pod == *twin, "{why}");
        hold!(hash(&self.life.pod) == hash(twin), "{why}: equal, with other hashes");
        Ok(())
    }

    /// What comes out of a Pod fits to what came before.
    fn check_outputs(&mut self, before: &Pod, out: &[Output]) -> Result<(), Broken> {
        let count = self.life.pod.spec().container_count();
        self.containers.resize(count, None);
        self.restarts.resize(count, 0);
        let step = invariant::Step { before, after: &self.life.pod, now: self.life.now, event: None, out };
        // A broken probe is repeated without another look, and what the step was told is not known here.
        let repeated = invariant::nobody_probes_before_the_start as invariant::Invariant;
        for (name, holds) in invariant::OF_A_STEP.iter().filter(|(_, holds)| !std::ptr::fn_addr_eq(*holds, repeated)) {
            holds(&step).map_err(|broken| format!("{name}: {broken}"))?;
        }
        for output in out {
            let Output::Transition(transition) = output else { continue };
            hold!(transition.at == self.life.now, "{transition:?} at {:?}", self.life.now);
            self.check_change(&transition.change)?;
        }
        if before.is_gone() {
            let said = out.iter().find(|it| matches!(it, Output::Transition(_) | Output::Published));
            hold!(said.is_none(), "the object is gone, and {said:?} is published");
        }
        self.check_worker(before.worker_state())?;
        let phase = self.life.pod.phase();
        let is_told = self.life.pod.is_gone() || self.phase.is_none_or(|told| told == phase);
        hold!(is_told, "the phase became {phase} unseen: it was {:?}", self.phase);
        Ok(())
    }

    fn check_change(&mut self, change: &Change) -> Result<(), Broken> {
        match change {
            Change::Phase { from, to } => {
                hold!(from.is_none() || *from == self.phase, "{change:?}, but the phase was {:?}", self.phase);
                if let Some(from) = from {
                    hold!(PHASE_MOVES.contains(&(*from, *to)), "{change:?} is no move of a phase");
                    self.seen.phases.push((*from, *to));
                }
                self.phase = Some(*to);
            }
            Change::Container { container, from, to, .. } => {
                let known = &mut self.containers[container.get()];
                hold!(from.is_none() || from == known, "{change:?}, but the container was {known:?}");
                if let Some(from) = from.filter(|from| from != to) {
                    hold!(CONTAINER_MOVES.contains(&(from, *to)), "{change:?} is no move of a container");
                    self.seen.containers.push((from, *to));
                }
                *known = Some(*to);
            }
            Change::Condition { condition, from, to, .. } => {
                let known = self.conditions.iter_mut().find(|(which, _)| which == condition);
                let was = known.as_ref().map(|(_, status)| *status);
                hold!(*from != Some(*to), "{change:?} is no change");
                hold!(from.is_none() || *from == was, "{change:?}, but it was {was:?}");
                match known {
                    Some(known) => known.1 = *to,
                    None => self.conditions.push((*condition, *to)),
                }
            }
            _ => return Err(format!("{change:?} is new here")),
        }
        Ok(())
    }

    fn check_worker(&mut self, from: WorkerState) -> Result<(), Broken> {
        let to = self.life.pod.worker_state();
        if from == to {
            return Ok(());
        }
        self.seen.workers.push((from, to));
        if !leads_to(from, to) && self.kubelet_restarts && leads_to(WorkerState::Syncing, to) {
            self.kubelet_restarts = false;
            return Ok(());
        }
        hold!(leads_to(from, to), "the worker went from {from} to {to}");
        Ok(())
    }

    /// What must hold of a Pod at any moment.
    fn look(&mut self) -> Result<(), Broken> {
        let pod = &self.life.pod;
        let next = pod.next_wake().map(|(at, _)| at);
        hold!(pod.poll_timeout() == next, "poll_timeout is {:?}, next_wake {next:?}", pod.poll_timeout());
        let clears_up = matches!(pod.next_wake(), None | Some((_, Wake::GarbageCollection | Wake::RemoveDead)));
        hold!(pod.worker_state() != WorkerState::Finished || clears_up, "a finished Pod wakes: {:?}", pod.next_wake());
        let status = pod.status();
        let phase = status.phase.as_ref().and_then(|phase| phase.known());
        hold!(phase == Some(pod.phase()), "the status says {phase:?}, the Pod {:?}", pod.phase());
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let is_ready = ready.is_some_and(|ready| ready.status.known() == Some(ConditionStatus::True));
        hold!(!pod.phase().is_terminal() || !is_ready, "{} and ready", pod.phase());
        let mut types: Vec<&str> = status.conditions.iter().map(|condition| &*condition.type_).collect();
        types.sort_unstable();
        hold!(types.is_sorted_by(|one, other| one < other), "a condition is there twice: {types:?}");
        for condition in &status.conditions {
            let is_own = ConditionType::ALL.iter().any(|which| which.name() == condition.type_);
            let since = condition.last_transition_time;
            hold!(!is_own || since.is_none_or(|since| since <= self.life.now), "{condition:?} is of the future");
        }
        Ok(())
    }

    /// What may only go one way did.
    fn check_history(&mut self) -> Result<(), Broken> {
        let published = self.life.pod.published();
        for (place, record) in published.containers().iter().enumerate() {
            let Some(record) = record else { continue };
            let known = &mut self.restarts[place];
            hold!(
                record.restart_count >= *known,
                "container {place}: {known} restarts became {}",
                record.restart_count
            );
            *known = record.restart_count;
        }
        let start_time = published.start_time();
        let is_kept = self.start_time.is_none() || self.start_time == start_time;
        hold!(is_kept, "startTime {:?} became {start_time:?}", self.start_time);
        self.start_time = start_time;
        Ok(())
    }
}

/// Whether a worker gets from one state to another, step by step.
fn leads_to(from: WorkerState, to: WorkerState) -> bool {
    from == to || WORKER_MOVES.iter().any(|&(a, b)| a == from && leads_to(b, to))
}

fn kind_of(error: &EventError) -> &'static str {
    match error {
        EventError::NoSuchContainer { .. } => "NoSuchContainer",
        EventError::UnknownInstance { .. } => "UnknownInstance",
        EventError::UnknownSandbox { .. } => "UnknownSandbox",
        EventError::Unasked { .. } => "Unasked",
        EventError::IllegalContainerMove { .. } => "IllegalContainerMove",
        EventError::Immutable { .. } => "Immutable",
        EventError::ListedTwice { .. } => "ListedTwice",
        EventError::NotTerminal { .. } => "NotTerminal",
        EventError::NotActive => "NotActive",
        EventError::Critical => "Critical",
        EventError::Gone => "Gone",
        _ => "Other",
    }
}

/// The lines in which two Pods differ when they are written down.
fn difference(before: &Pod, after: &Pod) -> String {
    let (before, after) = (format!("{before:#?}"), format!("{after:#?}"));
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lost = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {}", line.trim()));
    let gained = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {}", line.trim()));
    lost.chain(gained).take(20).collect::<Vec<_>>().join(" ")
}

fn hash(pod: &Pod) -> u64 {
    let mut hasher = DefaultHasher::new();
    pod.hash(&mut hasher);
    hasher.finish()
}
