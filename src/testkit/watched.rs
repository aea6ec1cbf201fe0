//! A random life under watch: after each move everything that must hold of a Pod is looked at.

use std::sync::Arc;

use pod_lifecycle::{
    Change, ContainerStateKind, Output, WorkerState,
    api::PodPhase,
    config::KubeletConfig,
    event::{Event, EventError},
    spec::PodSpec,
    testkit::{
        Meaning, Move, RandomDriver,
        invariant::{Violation, Watch, a_deleted_pod_ends_in_time},
    },
};

/// A life under watch.
pub(crate) struct Watched {
    life: RandomDriver,
    watch: Watch,
    /// What the life has come by.
    pub(crate) seen: StatusMatcher,
}

/// What lives have come by: a test that never reaches something says nothing about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusMatcher {
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
    pub(crate) fn begin(spec: Arc<PodSpec>, config: Arc<KubeletConfig>) -> Result<Watched, Violation> {
        let mut out = Vec::new();
        let life = RandomDriver::begin(spec, config, &mut out);
        let watch = Watch::begin(&life.pod, life.now, &out)?;
        let mut watched = Watched { life, watch, seen: StatusMatcher::default() };
        watched.see(watched.life.pod.worker_state(), &out);
        Ok(watched)
    }

    /// Makes a move and looks at everything.
    pub(crate) fn play(&mut self, next: &Move) -> Result<(), Violation> {
        match self.life.meaning(next) {
            Meaning::Nothing => Ok(()),
            Meaning::Wait(until) => {
                self.life.now = until;
                self.handle_timeout()
            }
            Meaning::Event(event) => {
                self.handle_event(event)?;
                self.handle_timeout()
            }
        }
    }

    /// Deletes the Pod, answers everything, and waits for its end.
    pub(crate) fn end(self) -> Result<(), Violation> {
        a_deleted_pod_ends_in_time(self.life.pod, self.life.asked, self.life.now)
    }

    /// A move and the moment that it meets, in words.
    #[allow(dead_code, reason = "not every test tells stories")]
    pub(crate) fn told(&self, next: &Move) -> String {
        let pod = &self.life.pod;
        let meaning = self.life.meaning(next);
        format!("{:?} {} {}: {meaning:?}", self.life.now, pod.worker_state(), pod.phase())
    }

    fn handle_event(&mut self, event: Event) -> Result<(), Violation> {
        let before = self.life.pod.worker_state();
        let (result, out) = self.watch.handle_event(&mut self.life.pod, self.life.now, event.clone())?;
        self.life.heard(&event);
        self.see(before, &out);
        self.seen.told += 1;
        self.seen.refused.extend(result.err().as_ref().map(kind_of));
        Ok(())
    }

    fn handle_timeout(&mut self) -> Result<(), Violation> {
        let before = self.life.pod.worker_state();
        let out = self.watch.handle_timeout(&mut self.life.pod, self.life.now)?;
        self.see(before, &out);
        Ok(())
    }

    fn see(&mut self, worker: WorkerState, out: &[Output]) {
        self.life.note(out);
        let now = self.life.pod.worker_state();
        self.seen.workers.extend((worker != now).then_some((worker, now)));
        for output in out {
            let Output::Transition(told) = output else { continue };
            match told.change {
                Change::Phase { from: Some(from), to } => self.seen.phases.push((from, to)),
                Change::Container { from: Some(from), to, .. } if from != to => self.seen.containers.push((from, to)),
                _ => {}
            }
        }
    }
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
