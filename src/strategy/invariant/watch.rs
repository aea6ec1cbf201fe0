//! A Pod under watch: events and timeouts reach it through here.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Broken, OF_A_STEP, Step, hold};
use crate::{
    action::{Action, Change},
    event::{Event, EventError, NodeEvent},
    kubelet::{Output, Pod, WORKER_MOVES, WorkerState},
    manifest::PodPhase,
    spec::ContainerIndex,
    state::InstanceId,
    time::Timestamp,
};

/// What is remembered of a Pod's life to check it.
///
/// ```
/// use pod_lifecycle::{Output, Pod, Timestamp, event::{Event, RuntimeEvent}, state::SandboxId, strategy::{self, invariant::Watch}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(strategy::spec(), strategy::config()), |(spec, config)| {
///     let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
///     let mut pod = Pod::new(spec, config, now, &mut out);
///     let mut watch = Watch::begin(&pod, now, &out).map_err(TestCaseError::fail)?;
///     let news = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
///     watch.handle_event(&mut pod, now, Event::Runtime(news)).map_err(TestCaseError::fail)?;
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watch {
    phase: Option<PodPhase>,
    /// The instances that were asked for.
    names: BTreeSet<(ContainerIndex, InstanceId)>,
    /// Whether a restart of the kubelet, which makes a new worker, is under way.
    restarts: bool,
}

impl Watch {
    /// Begins with a Pod's first moment, and with what came out then.
    ///
    /// # Errors
    ///
    /// What was broken.
    pub fn begin(pod: &Pod, now: Timestamp, out: &[Output]) -> Result<Watch, Broken> {
        let mut watch = Watch::default();
        watch.check(&Step { before: pod, after: pod, now, event: None, out })?;
        Ok(watch)
    }

    /// Has the Pod handle an event: a twin, taken from a snapshot, comes to the same, and one that is refused has changed
    /// nothing.
    ///
    /// # Errors
    ///
    /// What was broken.
    pub fn handle_event(
        &mut self,
        pod: &mut Pod,
        now: Timestamp,
        event: Event,
    ) -> Result<(Result<(), EventError>, Vec<Output>), Broken> {
        let before = pod.clone();
        let twin = Pod::restore(before.snapshot(), before.config().clone());
        let mut twin = twin.map_err(|error| alloc::format!("a Pod that lives cannot be restored: {error}"))?;
        let (mut twins_out, mut out) = (Vec::new(), Vec::new());
        let result = pod.handle_event(now, event.clone(), &mut out);
        let twins = twin.handle_event(now, event.clone(), &mut twins_out);
        hold!((&result, &out, &*pod) == (&twins, &twins_out, &twin), "{event:?}: same inputs, another outcome");
        if let Err(refused) = result {
            hold!(*refused.event == event, "{event:?} was refused, and {:?} given back", refused.event);
            hold!(out.is_empty() && *pod == before, "{event:?} was refused ({refused}) and changed something");
            return Ok((Err(refused.error), out));
        }
        self.restarts |= event == Event::Node(NodeEvent::KubeletRestarted);
        self.check(&Step { before: &before, after: pod, now, event: Some(&event), out: &out })
            .map_err(|it| alloc::format!("{event:?}: {it}"))?;
        Ok((Ok(()), out))
    }

    /// It is this late: everything due is handled, and a second call does nothing.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use pod_lifecycle::{Pod, Timestamp, config::KubeletConfig, manifest::PodManifest, spec::PodSpec, strategy::invariant::Watch};
    ///
    /// # let manifest: PodManifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    /// let mut pod = Pod::new(spec, config, now, &mut out);
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
    pub fn handle_timeout(&mut self, pod: &mut Pod, now: Timestamp) -> Result<Vec<Output>, Broken> {
        let (before, mut out, mut again) = (pod.clone(), Vec::new(), Vec::new());
        let was_due = before.poll_timeout().is_some_and(|at| at <= now);
        pod.handle_timeout(now, &mut out);
        hold!(was_due || (*pod == before && out.is_empty()), "a spurious timeout led to {out:?}");
        let next = pod.poll_timeout();
        hold!(next.is_none_or(|at| at > now), "everything due at {now:?} was handled, and {next:?} is due");
        self.check(&Step { before: &before, after: pod, now, event: None, out: &out })?;
        let after = pod.clone();
        pod.handle_timeout(now, &mut again);
        hold!(again.is_empty() && *pod == after, "a second timeout at {now:?} led to {again:?}");
        Ok(out)
    }

    fn check(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        for (name, holds) in OF_A_STEP {
            holds(step).map_err(|broken| alloc::format!("{name}: {broken}"))?;
        }
        self.check_names(step)?;
        self.check_phase(step)?;
        self.check_worker(step)
    }

    /// No instance's name is used twice.
    fn check_names(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        for output in step.out {
            let Output::Action(Action::CreateContainer { container, instance, .. }) = output else { continue };
            let is_new = self.names.insert((*container, *instance));
            hold!(is_new, "{instance:?} of {container:?} was asked for before");
        }
        Ok(())
    }

    /// The phase changes before everybody's eyes.
    fn check_phase(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        for output in step.out {
            let Output::Transition(told) = output else { continue };
            if let Change::Phase { to, .. } = told.change {
                self.phase = Some(to);
            }
        }
        let (is, told) = (step.after.phase(), self.phase);
        hold!(
            step.after.is_gone() || told.is_none_or(|told| told == is),
            "the phase became {is}, and {told:?} was told"
        );
        Ok(())
    }

    fn check_worker(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        let (from, to) = (step.before.worker_state(), step.after.worker_state());
        if !leads_to(from, to) && self.restarts && leads_to(WorkerState::Syncing, to) {
            self.restarts = false;
            return Ok(());
        }
        hold!(leads_to(from, to), "the worker went from {from} to {to}");
        Ok(())
    }
}

/// Whether a worker gets from one state to another, step by step.
fn leads_to(from: WorkerState, to: WorkerState) -> bool {
    from == to || WORKER_MOVES.iter().any(|&(a, b)| a == from && leads_to(b, to))
}
