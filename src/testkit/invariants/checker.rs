//! Invariant checker: drives a Pod and checks all invariants after each step.

use alloc::{boxed::Box, format, vec::Vec};

use super::{
    HISTORY_INVARIANTS, History, Invariant, METAMORPHIC_CHECKS, Observed, STEP_INVARIANTS, StepRecord, Violation,
    ensure,
};
use crate::{
    event::{Event, EventError},
    kubelet::{Output, PodMachine},
    time::Timestamp,
};

/// Checker that passes events and timeouts to a Pod, and checks every invariant afterwards.
///
/// ```
/// use pod_lifecycle::{PodMachine, Timestamp, event::{Event, RuntimeEvent}, state::SandboxId};
/// use pod_lifecycle::testkit::{self, invariants::InvariantChecker};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
///     let mut pod = PodMachine::new(spec, config, now, &mut out);
///     let mut checker = InvariantChecker::new(&pod, now, &out).map_err(TestCaseError::fail)?;
///     let created = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
///     checker.handle_event(&mut pod, now, Event::Runtime(created)).map_err(TestCaseError::fail)?;
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InvariantChecker {
    history: History,
    metamorphic: MetamorphicChecks,
    /// Observations for the sentences of the documentation; `None` if they are not checked.
    observed: Option<Box<Observed>>,
}

/// Setting of an [`InvariantChecker`]: when it runs [`METAMORPHIC_CHECKS`], which cost several times as much as a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetamorphicChecks {
    /// After each step.
    #[default]
    AfterEach,
    /// Not at all, or only after steps that the caller [selects](InvariantChecker::set_metamorphic_checks).
    Never,
}

impl InvariantChecker {
    /// Creates a checker for a new Pod, and checks the outputs of its first sync. The sentences of the documentation are
    /// checked, too, if the kubelet has no known bugs.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn new(pod: &PodMachine, now: Timestamp, out: &[Output]) -> Result<InvariantChecker, Violation> {
        InvariantChecker::create(pod, now, out, pod.config().kubernetes.is_as_documented())
    }

    /// Creates a checker that checks the sentences of the documentation even for a kubelet with known bugs.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn with_documentation(pod: &PodMachine, now: Timestamp, out: &[Output]) -> Result<InvariantChecker, Violation> {
        InvariantChecker::create(pod, now, out, true)
    }

    /// Creates a checker that checks no sentence of the documentation: the runtime may lie.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn without_documentation(
        pod: &PodMachine,
        now: Timestamp,
        out: &[Output],
    ) -> Result<InvariantChecker, Violation> {
        InvariantChecker::create(pod, now, out, false)
    }

    fn create(
        pod: &PodMachine,
        now: Timestamp,
        out: &[Output],
        checks_documentation: bool,
    ) -> Result<InvariantChecker, Violation> {
        let observed = checks_documentation.then(Box::default);
        // No input leads to the first state: a copy could not repeat it.
        let metamorphic = MetamorphicChecks::Never;
        let mut checker = InvariantChecker { metamorphic, observed, ..InvariantChecker::default() };
        checker.check(&StepRecord { before: pod, after: pod, now, event: None, out })?;
        Ok(InvariantChecker { metamorphic: MetamorphicChecks::default(), ..checker })
    }

    /// Turns the metamorphic checks on or off for the following steps.
    pub fn set_metamorphic_checks(&mut self, checks: MetamorphicChecks) {
        self.metamorphic = checks;
    }

    /// Returns the history of the steps so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Passes an event to the Pod. A refused event must be given back, and must not change the Pod.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn handle_event(
        &mut self,
        pod: &mut PodMachine,
        now: Timestamp,
        event: Event,
    ) -> Result<(Result<(), EventError>, Vec<Output>), Violation> {
        let (before, mut out) = (pod.clone(), Vec::new());
        if let Err(refused) = pod.handle_event(now, event.clone(), &mut out) {
            ensure!(*refused.event == event, "{event:?} was refused, and {:?} given back", refused.event);
            // Embedders pass on late and doubled events, so a refusal must be free of effects.
            ensure!(out.is_empty() && *pod == before, "{event:?} was refused ({refused}) and changed something");
            return Ok((Err(refused.error), out));
        }
        self.check(&StepRecord { before: &before, after: pod, now, event: Some(&event), out: &out })
            .map_err(|violation| format!("{event:?}: {violation}"))?;
        Ok((Ok(()), out))
    }

    /// Passes a timeout to the Pod. It must handle everything that is due, and nothing that is not.
    ///
    /// # Errors
    ///
    /// [`Violation`] describes the invariant that does not hold.
    pub fn handle_timeout(&mut self, pod: &mut PodMachine, now: Timestamp) -> Result<Vec<Output>, Violation> {
        let was_due = pod.poll_timeout().is_some_and(|at| at <= now);
        let (before, mut out) = (pod.clone(), Vec::new());
        pod.handle_timeout(now, &mut out);
        if !was_due {
            ensure!(*pod == before && out.is_empty(), "a spurious timeout emits {out:?}");
        }
        let next = pod.poll_timeout();
        ensure!(next.is_none_or(|at| at > now), "after the timeout at {now:?}, {next:?} is still due");
        self.check(&StepRecord { before: &before, after: pod, now, event: None, out: &out })?;
        Ok(out)
    }

    fn check(&mut self, step: &StepRecord<'_>) -> Result<(), Violation> {
        let check_all = |list: &[(&str, Invariant)]| -> Result<(), Violation> {
            list.iter().try_for_each(|(name, it)| it(step).map_err(|violation| format!("{name}: {violation}")))
        };
        // Inputs before the checks, outputs after: an invariant compares the outputs with what came before them.
        self.history.record_input(step);
        check_all(STEP_INVARIANTS)?;
        for (name, invariant) in HISTORY_INVARIANTS {
            invariant(&self.history, step).map_err(|violation| format!("{name}: {violation}"))?;
        }
        if self.metamorphic == MetamorphicChecks::AfterEach {
            check_all(METAMORPHIC_CHECKS)?;
        }
        self.history.record_outputs(step);
        if let Some(observed) = &mut self.observed {
            observed.check(step)?;
        }
        Ok(())
    }
}
