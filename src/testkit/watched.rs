//! Random driver under watch: after each step every invariant is checked.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use super::{
    Meaning, Move, RandomDriver,
    invariant::{Violation, Watch, a_deleted_pod_ends_in_time},
};
use crate::{
    action::{Change, ContainerStateKind},
    api::PodPhase,
    config::KubeletConfig,
    event::{Event, EventError},
    kubelet::{Output, WorkerState},
    spec::PodSpec,
};

/// A random driver whose Pod is checked against every invariant after each step.
///
/// ```
/// use pod_lifecycle::testkit::{self, WatchedDriver};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let lives = testkit::spec().prop_flat_map(|spec| (Just(spec.clone()), testkit::config(), testkit::moves(spec, 20)));
/// TestRunner::deterministic().run(&lives, |(spec, config, moves)| {
///     let mut driver = WatchedDriver::begin(spec, config).map_err(TestCaseError::fail)?;
///     for next in &moves {
///         driver.play(next).map_err(TestCaseError::fail)?;
///     }
///     driver.end().map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WatchedDriver {
    driver: RandomDriver,
    watch: Watch,
    /// Everything that the Pod has come by so far.
    pub reached: Reached,
}

/// Everything that Pods have come by: a test that never reaches something says nothing about it.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Changes of the published phase.
    pub phases: Vec<(PodPhase, PodPhase)>,
    /// Changes of published container states.
    pub containers: Vec<(ContainerStateKind, ContainerStateKind)>,
    /// Changes of the worker's state.
    pub workers: Vec<(WorkerState, WorkerState)>,
    /// Refused events, by the kind of error.
    pub refused: Vec<&'static str>,
    /// Number of events that were sent.
    pub events: usize,
}

impl WatchedDriver {
    /// Creates a Pod on a node and checks it.
    ///
    /// # Errors
    ///
    /// The invariant that the new Pod violates.
    pub fn begin(spec: Arc<PodSpec>, config: Arc<KubeletConfig>) -> Result<WatchedDriver, Violation> {
        let mut out = Vec::new();
        let driver = RandomDriver::begin(spec, config, &mut out);
        let watch = Watch::begin(&driver.pod, driver.now, &out)?;
        let mut watched = WatchedDriver { driver, watch, reached: Reached::default() };
        watched.record(watched.driver.pod.worker_state(), &out);
        Ok(watched)
    }

    /// Makes a move and checks every invariant.
    ///
    /// # Errors
    ///
    /// The first invariant that is violated.
    pub fn play(&mut self, next: &Move) -> Result<(), Violation> {
        match self.driver.meaning(next) {
            Meaning::Nothing => Ok(()),
            Meaning::Wait(until) => {
                self.driver.now = until;
                self.handle_timeout()
            }
            Meaning::Event(event) => {
                self.handle_event(event)?;
                self.handle_timeout()
            }
        }
    }

    /// Deletes the Pod, answers every request, and runs it to its end.
    ///
    /// # Errors
    ///
    /// What keeps the Pod from ending in time, or the invariant that is violated.
    pub fn end(self) -> Result<(), Violation> {
        a_deleted_pod_ends_in_time(self.driver.pod, self.driver.asked, self.driver.now)
    }

    /// Describes a move and the state that it meets.
    pub fn describe(&self, next: &Move) -> String {
        let pod = &self.driver.pod;
        let meaning = self.driver.meaning(next);
        format!("{:?} {} {}: {meaning:?}", self.driver.now, pod.worker_state(), pod.phase())
    }

    fn handle_event(&mut self, event: Event) -> Result<(), Violation> {
        let before = self.driver.pod.worker_state();
        let (result, out) = self.watch.handle_event(&mut self.driver.pod, self.driver.now, event.clone())?;
        self.driver.heard(&event);
        self.record(before, &out);
        self.reached.events = self.reached.events.saturating_add(1);
        self.reached.refused.extend(result.err().as_ref().map(kind_of));
        Ok(())
    }

    fn handle_timeout(&mut self) -> Result<(), Violation> {
        let before = self.driver.pod.worker_state();
        let out = self.watch.handle_timeout(&mut self.driver.pod, self.driver.now)?;
        self.record(before, &out);
        Ok(())
    }

    fn record(&mut self, worker: WorkerState, out: &[Output]) {
        self.driver.note(out);
        let now = self.driver.pod.worker_state();
        self.reached.workers.extend((worker != now).then_some((worker, now)));
        for output in out {
            let Output::Transition(transition) = output else { continue };
            match transition.change {
                Change::Phase { from: Some(from), to } => self.reached.phases.push((from, to)),
                Change::Container { from: Some(from), to, .. } if from != to => {
                    self.reached.containers.push((from, to))
                }
                Change::Phase { .. } | Change::Container { .. } | Change::Condition { .. } => {}
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
        EventError::Spec(_) => "Spec",
        EventError::AnotherPod { .. } => "AnotherPod",
        EventError::NotTerminal { .. } => "NotTerminal",
        EventError::NotOnNode => "NotOnNode",
        EventError::NotActive => "NotActive",
        EventError::Critical => "Critical",
        EventError::Gone => "Gone",
    }
}
