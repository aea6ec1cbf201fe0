//! A Pod under watch: whoever drives it tells it news and time through here.

use alloc::vec::Vec;

use super::{History, Invariant, OF_A_LIFE, OF_A_STEP, Step, TRIALS, Violation, hold};
use crate::{
    event::{Event, EventError},
    kubelet::{Output, PodMachine},
    time::Timestamp,
};

/// Drives a Pod, and holds each step against all that must hold.
///
/// ```
/// use pod_lifecycle::{Output, PodMachine, Timestamp, event::{Event, RuntimeEvent}, state::SandboxId, testkit::{self, invariant::Watch}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
///     let mut pod = PodMachine::new(spec, config, now, &mut out);
///     let mut watch = Watch::begin(&pod, now, &out).map_err(TestCaseError::fail)?;
///     let news = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
///     watch.handle_event(&mut pod, now, Event::Runtime(news)).map_err(TestCaseError::fail)?;
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watch {
    history: History,
    trials: Trials,
}

/// After which steps something is [tried out](TRIALS), which costs several times as much as the step itself.
///
/// ```
/// use pod_lifecycle::testkit::invariant::Trials;
///
/// assert_eq!(Trials::default(), Trials::AfterEach);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trials {
    /// After each.
    #[default]
    AfterEach,
    /// After those that the caller [picks](Watch::pick_trials).
    Never,
}

impl Watch {
    /// Begins with a Pod's first moment, and with what came out then.
    ///
    /// # Errors
    ///
    /// What was broken.
    pub fn begin(pod: &PodMachine, now: Timestamp, out: &[Output]) -> Result<Watch, Violation> {
        // Nothing leads to the first moment that a twin could be told.
        let mut watch = Watch { trials: Trials::Never, ..Watch::default() };
        watch.check(&Step { before: pod, after: pod, now, event: None, out })?;
        Ok(Watch { trials: Trials::default(), ..watch })
    }

    /// From now on something is tried out after each step, or after none.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, spec::PodSpec};
    /// use pod_lifecycle::testkit::invariant::{Trials, Watch};
    ///
    /// # let manifest: PodManifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    /// let mut pod = PodMachine::new(spec, config, now, &mut out);
    /// let mut watch = Watch::begin(&pod, now, &out)?;
    /// for second in 1..100_u64 {
    ///     // A hundred times as many steps are seen in the same time, and one of eight is tried out.
    ///     watch.pick_trials(if second % 8 == 0 { Trials::AfterEach } else { Trials::Never });
    ///     watch.handle_timeout(&mut pod, now + core::time::Duration::from_secs(second))?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pick_trials(&mut self, trials: Trials) {
        self.trials = trials;
    }

    /// What has been seen so far.
    ///
    /// ```
    /// use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, invariant::Watch}};
    /// use proptest::{prelude::*, test_runner::TestRunner};
    ///
    /// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
    ///     let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    ///     let pod = PodMachine::new(spec, config, now, &mut out);
    ///     let watch = Watch::begin(&pod, now, &out).map_err(TestCaseError::fail)?;
    ///     // On a node that polls nothing is told yet.
    ///     prop_assert!(watch.history().phase().is_none_or(|told| told == pod.phase()));
    ///     Ok(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Has the Pod handle an event; one that is refused has changed nothing, and is given back.
    ///
    /// # Errors
    ///
    /// What was broken.
    pub fn handle_event(
        &mut self,
        pod: &mut PodMachine,
        now: Timestamp,
        event: Event,
    ) -> Result<(Result<(), EventError>, Vec<Output>), Violation> {
        let (before, mut out) = (pod.clone(), Vec::new());
        if let Err(refused) = pod.handle_event(now, event.clone(), &mut out) {
            hold!(*refused.event == event, "{event:?} was refused, and {:?} given back", refused.event);
            hold!(out.is_empty() && *pod == before, "{event:?} was refused ({refused}) and changed something");
            return Ok((Err(refused.error), out));
        }
        self.check(&Step { before: &before, after: pod, now, event: Some(&event), out: &out })
            .map_err(|broken| alloc::format!("{event:?}: {broken}"))?;
        Ok((Ok(()), out))
    }

    /// It is this late: everything due is handled, and nothing is done before it is due.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use pod_lifecycle::{PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, spec::PodSpec, testkit::invariant::Watch};
    ///
    /// # let manifest: PodManifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    /// let mut pod = PodMachine::new(spec, config, now, &mut out);
    /// let mut watch = Watch::begin(&pod, now, &out)?;
    /// let later = now + Duration::from_secs(600);
    /// watch.handle_timeout(&mut pod, later)?;
    /// assert!(pod.poll_timeout().is_none_or(|next| next > later), "all that was due is done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What was broken.
    pub fn handle_timeout(&mut self, pod: &mut PodMachine, now: Timestamp) -> Result<Vec<Output>, Violation> {
        let was_due = pod.poll_timeout().is_some_and(|at| at <= now);
        let (before, mut out) = (pod.clone(), Vec::new());
        pod.handle_timeout(now, &mut out);
        if !was_due {
            hold!(*pod == before && out.is_empty(), "a spurious timeout led to {out:?}");
        }
        let next = pod.poll_timeout();
        hold!(next.is_none_or(|at| at > now), "everything due at {now:?} was handled, and {next:?} is due");
        self.check(&Step { before: &before, after: pod, now, event: None, out: &out })?;
        Ok(out)
    }

    fn check(&mut self, step: &Step<'_>) -> Result<(), Violation> {
        let named = |list: &[(&str, Invariant)]| -> Result<(), Violation> {
            list.iter().try_for_each(|(name, holds)| holds(step).map_err(|broken| alloc::format!("{name}: {broken}")))
        };
        self.history.hear(step);
        named(OF_A_STEP)?;
        for (name, holds) in OF_A_LIFE {
            holds(&self.history, step).map_err(|broken| alloc::format!("{name}: {broken}"))?;
        }
        if self.trials == Trials::AfterEach {
            named(TRIALS)?;
        }
        self.history.record(step);
        Ok(())
    }
}
