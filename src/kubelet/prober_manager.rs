//! Probe manager: one worker per container and probe (pkg/kubelet/prober).
//!
//! Tickers, triggers and retries are here. The decision of a tick, the count of failures against their threshold and
//! the hold are the rule: `rule::probe`.

use alloc::{boxed::Box, format, vec, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::sink::Step;
use crate::{
    action::{Action, EventReason, EventType},
    api::Name,
    config::{KnownBug, KubeletChange, Kubernetes},
    rule::{
        pod_status::PodRecord,
        probe::{MAX_PROBE_RETRIES, ProbeDecision, ProbeInputs, ProbeOutcome, ProbeResult, ProbeWorker},
        started_and_ready::{KubeletStart, ProbeFacts},
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind, ProbeSpec},
    state::{ContainerRecord, InstanceId, RuntimeStatus},
    time::Timestamp,
};

/// Probe workers of a Pod: those of regular containers first, then those of sidecars.
///
/// Answers to the prober manager in `pkg/kubelet/prober`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ProberManager(Box<[Prober]>);

/// Slot of one worker: `Absent` while there is none, since workers end and are created anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prober {
    pub(super) container: ContainerIndex,
    pub(super) kind: ProbeKind,
    pub(super) state: ProberState,
    /// True if the Pod was being deleted when the worker was created: the worker keeps the object of that moment.
    pub(super) is_deleting: bool,
    pub(super) worker: ProbeWorker,
    /// Next probe of the ticker.
    #[serde(with = "crate::time::exact")]
    pub(super) next_at: Timestamp,
    /// When a status computation triggered a probe out of turn (`manualTriggerCh`).
    #[serde(with = "crate::time::exact")]
    pub(super) triggered_at: Option<Timestamp>,
    /// True if one more trigger waits: the channel holds one.
    pub(super) is_triggered_again: bool,
    /// True if the running probe is the first of its instance: the initial result is sent together with the answer.
    pub(super) is_first_of_instance: bool,
    /// Dead instance whose failure was reported, which is not repeated under ideal timing.
    pub(super) reported_dead: Option<InstanceId>,
}

/// State of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum ProberState {
    /// There is no worker.
    Absent,
    /// It waits for its first probe.
    New,
    /// It waits for its next probe.
    Idle,
    /// The handler runs, for the n-th time in this probe.
    Running(u8),
}

impl Prober {
    /// Returns when the worker probes next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.state {
            ProberState::Absent | ProberState::Running(_) => None,
            // A new worker sleeps first, and reads no trigger meanwhile.
            ProberState::New => Some(self.next_at),
            ProberState::Idle => {
                Some(self.triggered_at.map_or(self.next_at, |triggered_at| triggered_at.min(self.next_at)))
            }
        }
    }

    /// True if there is a worker.
    pub(super) fn exists(&self) -> bool {
        self.state != ProberState::Absent
    }

    /// Ends the worker; its slot stays.
    fn end(&mut self) {
        self.state = ProberState::Absent;
        // The end of `run` removes the result of the container from the results manager.
        self.worker = ProbeWorker::default();
        self.triggered_at = None;
        self.is_triggered_again = false;
    }

    /// Ends a probe; the next one is due with the ticker, or at once if it was triggered meanwhile.
    #[inline]
    fn finish_probe(&mut self, now: Timestamp) {
        self.state = ProberState::Idle;
        // manualTriggerCh has a buffer of one: several triggers during one probe make one more.
        if core::mem::take(&mut self.is_triggered_again) {
            self.triggered_at = Some(now);
        }
    }

    /// Triggers a probe, which starts at once if the worker is idle.
    fn trigger(&mut self, now: Timestamp) {
        if self.state == ProberState::Idle && self.triggered_at.is_none() {
            self.triggered_at = Some(now);
        } else {
            self.is_triggered_again = true;
        }
    }

    /// Advances the ticker past `now`; missed ticks are dropped, and a triggered probe resets the ticker.
    #[inline]
    fn advance_tick(&mut self, period: Duration, now: Timestamp) {
        if self.next_at <= now {
            // time.Ticker holds one tick: the missed ones are dropped, and the phase of the ticker stays.
            let late = u64::try_from(now.micros_since(self.next_at)).unwrap_or(0);
            let missed = late.checked_div(u64::try_from(period.as_micros()).unwrap_or(u64::MAX)).unwrap_or(0);
            let periods = u32::try_from(missed.saturating_add(1)).unwrap_or(u32::MAX);
            self.next_at = self.next_at + period.saturating_mul(periods);
        } else {
            // A manual trigger resets the ticker (`probeTicker.Reset`).
            self.triggered_at = None;
            self.next_at = now + period;
        }
    }
}

/// Inputs of a probe worker from the other components.
#[derive(Clone, Copy)]
pub(super) struct ProbeContext<'a> {
    pub(super) kubernetes: Kubernetes,
    pub(super) spec: &'a PodSpec,
    /// The kubelet's own status, once it has computed one.
    pub(super) status: Option<&'a PodRecord>,
    pub(super) is_restarting_all: bool,
    pub(super) kubelet: KubeletStart,
    /// True if the failure of a container that never runs again is reported at each probe, as on a real node. Under
    /// ideal timing it is reported once: without latency, workers and syncs would trigger each other for ever.
    pub(super) repeats_dead_failures: bool,
}

/// Changed result of a probe worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProbeUpdate {
    pub(super) container: ContainerIndex,
    pub(super) instance: InstanceId,
    pub(super) kind: ProbeKind,
    pub(super) result: ProbeResult,
}

/// Part of a worker that a sync depends on. A waiting trigger is not included: the sync that triggers a probe counts as no no-op anyway.
#[derive(Clone, Copy, PartialEq, Eq)]
struct StatusInputs {
    exists: bool,
    instance: Option<InstanceId>,
    result: Option<ProbeResult>,
}

/// Outcome of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticked {
    /// The result, if it changed.
    pub(super) update: Option<ProbeUpdate>,
    /// True if the next status may differ, with or without an update.
    pub(super) changes_status: bool,
}

/// Outcome of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    /// The initial result of a new instance, and the result that the answer makes, as far as they changed.
    pub(super) updates: [Option<ProbeUpdate>; 2],
    /// True if the next status may differ, with or without an update.
    pub(super) changes_status: bool,
}

impl ProberManager {
    /// Creates the slots for all probes of a spec.
    pub(super) fn new(spec: &PodSpec) -> ProberManager {
        // AddPod goes through the containers, then through the restartable init containers.
        let probed = spec.regular_containers().chain(spec.sidecars());
        let place = |container, kind| Prober {
            container,
            kind,
            state: ProberState::Absent,
            is_deleting: false,
            worker: ProbeWorker::default(),
            next_at: Timestamp::UNIX_EPOCH,
            triggered_at: None,
            is_triggered_again: false,
            is_first_of_instance: false,
            reported_dead: None,
        };
        let places = probed.flat_map(|(index, container)| {
            let kinds = ProbeKind::ALL.iter().copied().filter(|&kind| container.probe(kind).is_some());
            kinds.map(move |kind| place(index, kind))
        });
        ProberManager(places.collect())
    }

    /// True if the slots are for the same probes.
    #[cfg(feature = "snapshot")]
    pub(super) fn has_same_probes(&self, other: &ProberManager) -> bool {
        let probes = |manager: &ProberManager| manager.0.iter().map(|it| (it.container, it.kind)).collect::<Vec<_>>();
        probes(self) == probes(other)
    }

    /// Returns all slots, with and without a worker.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Prober> {
        self.0.iter()
    }

    /// Returns the slot of a probe.
    #[inline]
    pub(super) fn get(&self, container: ContainerIndex, kind: ProbeKind) -> Option<&Prober> {
        self.0.iter().find(|prober| (prober.container, prober.kind) == (container, kind))
    }

    /// Creates missing workers, up to the first that exists, each with an initial delay. True if any was created.
    ///
    /// Answers to `AddPod`.
    pub(super) fn add_pod(
        &mut self,
        spec: &PodSpec,
        is_deleting: bool,
        now: Timestamp,
        mut initial_delay: impl FnMut(Duration) -> Duration,
    ) -> bool {
        let mut has_created = false;
        for prober in &mut self.0 {
            // The kubelet's AddPod returns at the first worker that it finds.
            if prober.exists() {
                break;
            }
            has_created = true;
            prober.state = ProberState::New;
            prober.is_deleting = is_deleting;
            prober.next_at = now + initial_delay(period(spec, prober.container, prober.kind));
        }
        has_created
    }

    /// Ends the liveness and startup workers of the regular containers of a terminating Pod.
    ///
    /// Answers to `StopLivenessAndStartup`, which leaves sidecars out.
    pub(super) fn stop_liveness_and_startup(&mut self, spec: &PodSpec) {
        for prober in &mut self.0 {
            let kind = spec.container(prober.container).map(ContainerSpec::kind);
            if kind == Some(ContainerKind::Regular) && prober.kind != ProbeKind::Readiness {
                prober.end();
            }
        }
    }

    /// Ends the workers of all probes.
    ///
    /// Answers to `RemovePod`.
    pub(super) fn remove_pod(&mut self) {
        self.0.iter_mut().for_each(Prober::end);
    }

    /// Forgets what a restart of the kubelet loses.
    pub(super) fn reset(&mut self) {
        self.remove_pod();
        self.0.iter_mut().for_each(|prober| prober.reported_dead = None);
    }

    /// Returns the results for the newest instances, by container index; empty without probes.
    pub(super) fn facts(&self, spec: &PodSpec, runtime: &RuntimeStatus, kubernetes: Kubernetes) -> Vec<ProbeFacts> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut all = vec![ProbeFacts::default(); spec.container_count()];
        // SyncPod generates the status before AddPod: for that status, a container without a worker has no probe.
        let counts_from_the_start = |kind: ProbeKind| match kind {
            ProbeKind::Startup => !kubernetes.has_bug(KnownBug::StartedBeforeFirstProbe),
            ProbeKind::Readiness => !kubernetes.has_bug(KnownBug::ReadyBeforeFirstProbe),
            ProbeKind::Liveness => false,
        };
        for prober in self.0.iter().filter(|prober| prober.exists() || counts_from_the_start(prober.kind)) {
            let Some(facts) = all.get_mut(prober.container.get()) else { continue };
            let newest = runtime.newest(prober.container).map(|newest| newest.id);
            // Results are cached by container id: that of a former instance says nothing of the newest.
            let result = prober.worker.result.filter(|_| prober.worker.instance == newest);
            match prober.kind {
                ProbeKind::Startup => {
                    facts.has_startup_worker = true;
                    facts.startup = result;
                }
                ProbeKind::Readiness => {
                    facts.has_readiness_worker = true;
                    facts.readiness = result;
                }
                ProbeKind::Liveness => facts.liveness = result,
            }
        }
        all
    }

    /// Triggers the readiness probe of a container out of turn.
    ///
    /// Answers to the manual trigger in `UpdatePodStatus`.
    pub(super) fn trigger_readiness(&mut self, container: ContainerIndex, now: Timestamp) {
        let is_it = |prober: &&mut Prober| prober.container == container && prober.kind == ProbeKind::Readiness;
        if let Some(prober) = self.0.iter_mut().find(is_it).filter(|prober| prober.exists()) {
            prober.trigger(now);
        }
    }

    /// Runs a worker's tick: starts a probe, or finds without one what the container's state implies.
    ///
    /// Answers to `doProbe`.
    #[inline]
    pub(super) fn tick(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        context: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> Ticked {
        let nothing = Ticked { update: None, changes_status: false };
        let is_it = |prober: &&mut Prober| (prober.container, prober.kind) == (container, kind);
        let Some(prober) = self.0.iter_mut().find(is_it) else { return nothing };
        let Some(container_spec) = context.spec.container(container) else { return nothing };
        let Some(probe) = container_spec.probe(kind) else { return nothing };
        let before = prober.status_inputs();
        let update = prober.tick(probe, container_spec, context, step);
        Ticked { update, changes_status: prober.status_inputs() != before }
    }

    /// True if a worker waits for this answer.
    #[inline]
    pub(super) fn is_running(&self, container: ContainerIndex, instance: InstanceId, kind: ProbeKind) -> bool {
        self.0.iter().any(|prober| {
            (prober.container, prober.kind) == (container, kind)
                && prober.worker.instance == Some(instance)
                && matches!(prober.state, ProberState::Running(_))
        })
    }

    /// Handles a handler's answer; an error is retried at once, up to [`MAX_PROBE_RETRIES`] times in one probe.
    #[inline]
    pub(super) fn handle_answer(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        output: &str,
        context: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> Answered {
        let nothing = Answered { updates: [None; 2], changes_status: false };
        let is_it = |prober: &&mut Prober| (prober.container, prober.kind) == (container, kind);
        let Some(prober) = self.0.iter_mut().find(is_it) else { return nothing };
        let Some(probe) = context.spec.container(container).and_then(|it| it.probe(kind)) else { return nothing };
        let before = prober.status_inputs();
        let updates = prober.handle_answer(probe, outcome, output, context, step);
        Answered { updates, changes_status: prober.status_inputs() != before }
    }
}

impl Prober {
    #[inline]
    fn status_inputs(&self) -> StatusInputs {
        StatusInputs { exists: self.exists(), instance: self.worker.instance, result: self.worker.result }
    }

    #[inline]
    fn tick(
        &mut self,
        probe: &ProbeSpec,
        container_spec: &ContainerSpec,
        context: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> Option<ProbeUpdate> {
        let (container, kind) = (self.container, self.kind);
        self.advance_tick(probe.period(), step.now);
        // doProbe: without a status of the status manager there is nothing to probe yet, and the worker stays.
        let Some(status) = context.status else {
            self.finish_probe(step.now);
            return None;
        };
        let inputs = ProbeInputs {
            kubernetes: context.kubernetes,
            restart_policy: context.spec.restart_policy(),
            phase: status.phase,
            container: status.records.get(container.get()).and_then(Option::as_ref),
            is_deleting: self.is_deleting,
            is_restarting_all: context.is_restarting_all,
            kubelet: context.kubelet,
            now: step.now,
        };
        let before = self.worker;
        let decision = self.worker.do_probe(kind, probe, container_spec, &inputs);
        match (decision, self.worker.instance) {
            (ProbeDecision::Run, Some(instance)) => {
                self.state = ProberState::Running(1);
                self.is_first_of_instance = before.instance != self.worker.instance;
                step.out.action(step.now, Action::Probe { container, instance, kind });
                return None;
            }
            (ProbeDecision::End, _) => {
                // Ending the worker clears its result, which is reported nevertheless.
                let after = self.worker;
                self.end();
                return self.update(before, after, context);
            }
            // Without an instance there is nothing to run in.
            (ProbeDecision::Wait | ProbeDecision::Run, _) => self.finish_probe(step.now),
        }
        self.update(before, self.worker, context)
    }

    #[inline]
    fn handle_answer(
        &mut self,
        probe: &ProbeSpec,
        outcome: ProbeOutcome,
        output: &str,
        context: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> [Option<ProbeUpdate>; 2] {
        let (container, kind) = (self.container, self.kind);
        if let (ProbeOutcome::Error, ProberState::Running(attempt), Some(instance)) =
            (outcome, self.state, self.worker.instance)
            && attempt < MAX_PROBE_RETRIES
        {
            // runProbeWithRetries: an error in all three tries counts towards no threshold.
            self.state = ProberState::Running(attempt.saturating_add(1));
            step.out.action(step.now, Action::Probe { container, instance, kind });
            return [None; 2];
        }
        self.finish_probe(step.now);
        let before = self.worker;
        // Reported only now, since the probe began in the same tick in which the worker met the instance.
        let initial = core::mem::take(&mut self.is_first_of_instance)
            .then(|| self.update(ProbeWorker { instance: None, ..before }, before, context))
            .flatten();
        // Counts towards the thresholds; the rule itself is rule::probe.
        self.worker.record(kind, probe, outcome);
        let event = match outcome {
            ProbeOutcome::Success | ProbeOutcome::Unknown => None,
            ProbeOutcome::Warning => Some((EventReason::ProbeWarning, "warning")),
            ProbeOutcome::Failure => Some((EventReason::Unhealthy, "failed")),
            ProbeOutcome::Error if context.kubernetes.has(KubeletChange::ProbeErrorNamesUnknownState) => {
                Some((EventReason::Unhealthy, "errored and resulted in unknown state"))
            }
            ProbeOutcome::Error => Some((EventReason::Unhealthy, "errored")),
        };
        if let Some((reason, what)) = event {
            let message = || format!("{kind} probe {what}: {output}");
            step.record_event(EventType::Warning, reason, Some(container), message);
        }
        [initial, self.update(before, self.worker, context)]
    }

    /// Returns the result if it has changed.
    fn update(&mut self, before: ProbeWorker, after: ProbeWorker, context: ProbeContext<'_>) -> Option<ProbeUpdate> {
        let (instance, result) = (after.instance?, after.result?);
        // resultsManager.Set sends an update only if the result of this id has changed.
        let is_new = before.instance != after.instance || before.result != after.result;
        if !is_new || self.reported_dead == Some(instance) {
            return None;
        }
        let records = context.status.map_or(&[][..], |status| &status.records);
        let record = records.get(self.container.get()).and_then(Option::as_ref);
        let is_running = record.is_some_and(ContainerRecord::is_running);
        if !context.repeats_dead_failures && !is_running && result == ProbeResult::Failure {
            self.reported_dead = Some(instance);
        }
        Some(ProbeUpdate { container: self.container, instance, kind: self.kind, result })
    }
}

fn period(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Duration {
    let probe = spec.container(container).and_then(|container| container.probe(kind));
    // Never needed: slots exist only for probes of the spec.
    probe.map_or(Duration::from_secs(1), ProbeSpec::period)
}
