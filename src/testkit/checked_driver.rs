//! Checked driver: a random driver whose every step is checked against all invariants.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use super::{
    RandomDriver, ResolvedStep, Step,
    invariants::{InvariantChecker, Violation, a_deleted_pod_terminates_in_time},
};
use crate::{
    action::{Change, ContainerStateKind},
    api::PodPhase,
    config::KubeletConfig,
    event::{Event, EventError},
    kubelet::{Output, WorkerState},
    spec::PodSpec,
};

/// [`RandomDriver`] with an [`InvariantChecker`], which checks all invariants after each step.
///
/// ```
/// use pod_lifecycle::testkit::{self, CheckedDriver};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let runs = testkit::spec().prop_flat_map(|spec| (Just(spec.clone()), testkit::config(), testkit::steps(spec, 20)));
/// TestRunner::deterministic().run(&runs, |(spec, config, steps)| {
///     let mut driver = CheckedDriver::new(spec, config).map_err(TestCaseError::fail)?;
///     for step in &steps {
///         driver.apply(step).map_err(TestCaseError::fail)?;
///     }
///     driver.terminate().map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CheckedDriver {
    driver: RandomDriver,
    checker: InvariantChecker,
    coverage: Coverage,
}

/// Transitions and errors that occurred: a test that never reaches them proves nothing about them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Coverage {
    /// Transitions of the published phase.
    pub phases: Vec<(PodPhase, PodPhase)>,
    /// Transitions of published container states.
    pub containers: Vec<(ContainerStateKind, ContainerStateKind)>,
    /// Transitions of the worker state.
    pub workers: Vec<(WorkerState, WorkerState)>,
    /// Kind of error of each refused event.
    pub refused: Vec<&'static str>,
    /// Number of events so far, refused ones included.
    pub events: usize,
}

impl CheckedDriver {
    /// Creates a Pod that was just bound to this node, and checks its first sync.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn new(spec: Arc<PodSpec>, config: Arc<KubeletConfig>) -> Result<CheckedDriver, Violation> {
        let mut out = Vec::new();
        let driver = RandomDriver::new(spec, config, &mut out);
        let checker = InvariantChecker::new(&driver.pod, driver.now, &out)?;
        let mut checked = CheckedDriver { driver, checker, coverage: Coverage::default() };
        checked.record(checked.driver.pod.worker_state(), &out);
        Ok(checked)
    }

    /// Applies a step, and checks every invariant.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn apply(&mut self, step: &Step) -> Result<(), Violation> {
        match self.driver.resolve(step) {
            ResolvedStep::Nothing => Ok(()),
            ResolvedStep::Wait(until) => {
                // The clock may pass several timers at once, as after a pause of the embedder's process.
                self.driver.now = until;
                self.handle_timeout()
            }
            ResolvedStep::Event(event) => {
                // Timers that the event made due are handled at once, as an embedder's loop does.
                self.handle_event(event)?;
                self.handle_timeout()
            }
        }
    }

    /// Deletes the Pod, answers all actions, and checks that it terminates in time.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn terminate(self) -> Result<(), Violation> {
        a_deleted_pod_terminates_in_time(self.driver.pod, self.driver.pending, self.driver.now)
    }

    /// Returns the transitions and errors so far.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Describes a step and the state in which it is applied.
    #[must_use]
    pub fn describe(&self, step: &Step) -> String {
        let pod = &self.driver.pod;
        let input = self.driver.resolve(step);
        format!("{:?} {} {}: {input:?}", self.driver.now, pod.worker_state(), pod.phase())
    }

    fn handle_event(&mut self, event: Event) -> Result<(), Violation> {
        let before = self.driver.pod.worker_state();
        let (result, out) = self.checker.handle_event(&mut self.driver.pod, self.driver.now, event.clone())?;
        // Also a refused event counts as the answer to its action.
        self.driver.record_event(&event);
        self.record(before, &out);
        self.coverage.events = self.coverage.events.saturating_add(1);
        self.coverage.refused.extend(result.err().as_ref().map(kind_of));
        Ok(())
    }

    fn handle_timeout(&mut self) -> Result<(), Violation> {
        let before = self.driver.pod.worker_state();
        let out = self.checker.handle_timeout(&mut self.driver.pod, self.driver.now)?;
        self.record(before, &out);
        Ok(())
    }

    fn record(&mut self, before: WorkerState, out: &[Output]) {
        self.driver.record_outputs(out);
        let after = self.driver.pod.worker_state();
        self.coverage.workers.extend((before != after).then_some((before, after)));
        for output in out {
            let Output::Transition(transition) = output else { continue };
            match transition.change {
                Change::Phase { from: Some(from), to } => self.coverage.phases.push((from, to)),
                // The same state again is that of another instance.
                Change::Container { from: Some(from), to, .. } if from != to => {
                    self.coverage.containers.push((from, to))
                }
                Change::Phase { .. } | Change::Container { .. } | Change::Condition { .. } => {}
            }
        }
    }
}

fn kind_of(error: &EventError) -> &'static str {
    match error {
        EventError::NoSuchContainer { .. } => "NoSuchContainer",
        EventError::NoSuchVolume { .. } => "NoSuchVolume",
        EventError::UnknownInstance { .. } => "UnknownInstance",
        EventError::UnknownSandbox { .. } => "UnknownSandbox",
        EventError::Unasked { .. } => "Unasked",
        EventError::IllegalContainerMove { .. } => "IllegalContainerMove",
        EventError::Immutable { .. } => "Immutable",
        EventError::ListedTwice { .. } => "ListedTwice",
        EventError::ListedOutOfOrder { .. } => "ListedOutOfOrder",
        EventError::Spec(_) => "Spec",
        EventError::AnotherPod { .. } => "AnotherPod",
        EventError::NotTerminal { .. } => "NotTerminal",
        EventError::NotActive => "NotActive",
        EventError::Critical => "Critical",
        EventError::Gone => "Gone",
    }
}
