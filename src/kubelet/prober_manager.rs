//! The probe workers of a Pod: when each probes, and when its verdict changes.

use alloc::{boxed::Box, format, vec, vec::Vec};
use core::{num::NonZeroU64, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Step, sync_loop_queue::ProbeUpdate};
use crate::{
    action::{Action, EventReason, EventType},
    api::Name,
    config::mix,
    rule::{
        pod_status::PodRecord,
        probe::{MAX_PROBE_RETRIES, ProbeDecision, ProbeInputs, ProbeOutcome, ProbeResult, ProbeWorker},
        readiness::{KubeletStart, ProbeFacts},
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind, ProbeSpec},
    state::{ContainerRecord, InstanceId, RuntimeStatus},
    time::Timestamp,
};

/// All probe workers of a Pod: those of regular containers first, then those of sidecars.
///
/// Answers to the prober manager in `pkg/kubelet/prober`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Probers(Box<[Prober]>);

/// One worker's place: it may be empty, since workers end and are made anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Prober {
    pub(super) container: ContainerIndex,
    pub(super) kind: ProbeKind,
    pub(super) stage: ProberStage,
    /// Whether the Pod was being deleted when the worker was made: it never learns of a later deletion.
    pub(super) knows_deletion: bool,
    pub(super) worker: ProbeWorker,
    /// The next probe by period.
    #[serde(with = "crate::time::exact")]
    pub(super) next_at: Timestamp,
    /// When an extra probe was begun that a status computation triggered.
    #[serde(with = "crate::time::exact")]
    pub(super) triggered_at: Option<Timestamp>,
    /// Whether another one is asked for: one is remembered.
    pub(super) is_triggered_again: bool,
    /// Whether it has met a new instance in the probe under way: the verdict it starts from is told with the answer.
    pub(super) has_met: bool,
    /// The dead instance whose failure was reported: it is reported once.
    pub(super) reported_dead: Option<InstanceId>,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum ProberStage {
    /// There is no worker.
    Absent,
    /// It has yet to probe for the first time.
    Fresh,
    /// It waits for its next probe.
    Idle,
    /// The handler runs, for the n-th time in this probe.
    Asking(u8),
}

impl Prober {
    /// When the worker probes next.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            ProberStage::Absent | ProberStage::Asking(_) => None,
            ProberStage::Fresh => Some(self.next_at),
            ProberStage::Idle => {
                Some(self.triggered_at.map_or(self.next_at, |triggered_at| triggered_at.min(self.next_at)))
            }
        }
    }

    pub(super) fn exists(&self) -> bool {
        self.stage != ProberStage::Absent
    }

    fn end(&mut self) {
        self.stage = ProberStage::Absent;
        self.worker = ProbeWorker::default();
        self.triggered_at = None;
        self.is_triggered_again = false;
    }

    /// A probe is over: the next one is due at its time, or at once if it was asked for meanwhile.
    fn rest(&mut self, now: Timestamp) {
        self.stage = ProberStage::Idle;
        if core::mem::take(&mut self.is_triggered_again) {
            self.triggered_at = Some(now);
        }
    }

    /// An extra probe is triggered: it begins at once if the worker is idle.
    fn trigger(&mut self, now: Timestamp) {
        if self.stage == ProberStage::Idle && self.triggered_at.is_none() {
            self.triggered_at = Some(now);
        } else {
            self.is_triggered_again = true;
        }
    }

    /// The tick or trigger that is due is used up; ticks that were missed are dropped.
    fn use_up_tick(&mut self, period: Duration, now: Timestamp) {
        if self.next_at <= now {
            let late = u64::try_from(now.micros_since(self.next_at)).unwrap_or(0);
            let missed = late.checked_div(u64::try_from(period.as_micros()).unwrap_or(u64::MAX)).unwrap_or(0);
            let periods = u32::try_from(missed.saturating_add(1)).unwrap_or(u32::MAX);
            self.next_at = self.next_at + period.saturating_mul(periods);
        } else {
            self.triggered_at = None;
            self.next_at = now + period;
        }
    }
}

/// What the probe workers need to know of the rest of the kubelet.
#[derive(Clone, Copy)]
pub(crate) struct ProbeContext<'a> {
    pub(super) spec: &'a PodSpec,
    /// The kubelet's own status, once it has computed one.
    pub(super) status: Option<&'a PodRecord>,
    pub(super) is_restarting_all: bool,
    pub(super) kubelet: KubeletStart,
    pub(super) repeats: Repeats,
}

/// Whether the failure of a container that will never run again is told each time that a worker finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Once: otherwise, where no time passes, workers and syncs would go on for ever.
    Once,
    /// Each time, as a real kubelet does.
    Always,
}

impl Probers {
    /// The places for all workers that a spec asks for.
    pub(crate) fn new(spec: &PodSpec) -> Probers {
        let probed = spec.regular_containers().chain(spec.sidecars());
        let place = |container, kind| Prober {
            container,
            kind,
            stage: ProberStage::Absent,
            knows_deletion: false,
            worker: ProbeWorker::default(),
            next_at: Timestamp::UNIX_EPOCH,
            triggered_at: None,
            is_triggered_again: false,
            has_met: false,
            reported_dead: None,
        };
        let places = probed.flat_map(|(index, container)| {
            let kinds = ProbeKind::ALL.iter().copied().filter(|&kind| container.probe(kind).is_some());
            kinds.map(move |kind| place(index, kind))
        });
        Probers(places.collect())
    }

    /// Whether these are the workers of the same probes.
    #[cfg(feature = "snapshot")]
    pub(crate) fn is_made_like(&self, other: &Probers) -> bool {
        let probes = |probers: &Probers| probers.0.iter().map(|it| (it.container, it.kind)).collect::<Vec<_>>();
        probes(self) == probes(other)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Prober> {
        self.0.iter()
    }

    /// The worker of a probe, or its empty place.
    pub(crate) fn get(&self, container: ContainerIndex, kind: ProbeKind) -> Option<&Prober> {
        self.0.iter().find(|prober| (prober.container, prober.kind) == (container, kind))
    }

    /// Makes the workers that are missing, up to the first that exists; `wait` says how long each waits at first.
    ///
    /// Answers to `AddPod`.
    pub(crate) fn add_pod(
        &mut self,
        spec: &PodSpec,
        knows_deletion: bool,
        now: Timestamp,
        mut wait: impl FnMut(Duration) -> Duration,
    ) {
        for prober in &mut self.0 {
            if prober.exists() {
                return;
            }
            prober.stage = ProberStage::Fresh;
            prober.knows_deletion = knows_deletion;
            prober.next_at = now + wait(period(spec, prober.container, prober.kind));
        }
    }

    /// Ends the liveness and startup workers of the regular containers, since their Pod is being stopped.
    pub(crate) fn stop_liveness_and_startup(&mut self, spec: &PodSpec) {
        for prober in &mut self.0 {
            let kind = spec.container(prober.container).map(ContainerSpec::kind);
            if kind == Some(ContainerKind::Regular) && prober.kind != ProbeKind::Readiness {
                prober.end();
            }
        }
    }

    /// Ends all workers.
    pub(crate) fn remove_pod(&mut self) {
        self.0.iter_mut().for_each(Prober::end);
    }

    /// What a restart of the kubelet loses.
    pub(crate) fn forget(&mut self) {
        self.remove_pod();
        self.0.iter_mut().for_each(|prober| prober.reported_dead = None);
    }

    /// What the workers have to say of the newest instances, by container index.
    pub(crate) fn facts(&self, spec: &PodSpec, runtime: &RuntimeStatus) -> Vec<ProbeFacts> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut all = vec![ProbeFacts::default(); spec.container_count()];
        for prober in self.0.iter().filter(|prober| prober.exists()) {
            let Some(facts) = all.get_mut(prober.container.get()) else { continue };
            let newest = runtime.newest(prober.container).map(|newest| newest.id);
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

    /// What the workers stand for in the computation of a status, as a number.
    pub(crate) fn standing(&self) -> NonZeroU64 {
        let standing = self.0.iter().fold(0, |so_far, prober| {
            let worker = &prober.worker;
            let instance = worker.instance.map_or(0, |instance| u64::from(instance.ordinal()).wrapping_add(1));
            let result = worker.result.map_or(0, |result| 1_u64.wrapping_add(result as u64));
            let flags = [prober.exists(), prober.triggered_at.is_some(), prober.is_triggered_again];
            // Equivalent with `^`: after a shift the last bit is 0.
            let flags = flags.into_iter().fold(0, |flags: u64, flag| flags.wrapping_shl(1) | u64::from(flag));
            // Equivalent with `^`: each part has bits of its own.
            let own = instance.wrapping_shl(8) | result.wrapping_shl(4) | flags;
            mix(so_far ^ own)
        });
        NonZeroU64::new(standing).unwrap_or(NonZeroU64::MIN)
    }

    /// Has the readiness of a container probed once more, at once.
    pub(crate) fn trigger_readiness(&mut self, container: ContainerIndex, now: Timestamp) {
        let is_it = |prober: &&mut Prober| prober.container == container && prober.kind == ProbeKind::Readiness;
        if let Some(prober) = self.0.iter_mut().find(is_it).filter(|prober| prober.exists()) {
            prober.trigger(now);
        }
    }

    /// A worker's time has come; tells of a changed verdict.
    pub(crate) fn tick(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        around: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> Option<ProbeUpdate> {
        let prober = self.0.iter_mut().find(|prober| (prober.container, prober.kind) == (container, kind))?;
        let container_spec = around.spec.container(container)?;
        let probe = container_spec.probe(kind)?;
        prober.use_up_tick(probe.period(), step.now);
        let Some(status) = around.status else {
            prober.rest(step.now);
            return None;
        };
        let inputs = ProbeInputs {
            phase: status.phase,
            container: status.records.get(container.get()).and_then(Option::as_ref),
            is_deleting: prober.knows_deletion,
            is_restarting_all: around.is_restarting_all,
            kubelet: around.kubelet,
            now: step.now,
        };
        let before = prober.worker;
        let decision = prober.worker.do_probe(kind, probe, container_spec, &inputs);
        match (decision, prober.worker.instance) {
            (ProbeDecision::Run, Some(instance)) => {
                prober.stage = ProberStage::Asking(1);
                prober.has_met = before.instance != prober.worker.instance;
                step.out.action(step.now, Action::Probe { container, instance, kind });
                return None;
            }
            (ProbeDecision::End, _) => {
                let after = prober.worker;
                prober.end();
                return prober.verdict(before, after, around);
            }
            (ProbeDecision::Wait | ProbeDecision::Run, _) => prober.rest(step.now),
        }
        prober.verdict(before, prober.worker, around)
    }

    /// Whether a worker waits for this answer.
    pub(crate) fn is_asking(&self, container: ContainerIndex, instance: InstanceId, kind: ProbeKind) -> bool {
        self.0.iter().any(|prober| {
            (prober.container, prober.kind) == (container, kind)
                && prober.worker.instance == Some(instance)
                && matches!(prober.stage, ProberStage::Asking(_))
        })
    }

    /// The handler has answered; an error is tried again at once. Tells of the changed verdicts: that which a new
    /// instance starts from, and that which the answer makes.
    pub(crate) fn take_answer(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        output: &str,
        around: ProbeContext<'_>,
        step: &mut Step<'_>,
    ) -> [Option<ProbeUpdate>; 2] {
        let is_it = |prober: &&mut Prober| (prober.container, prober.kind) == (container, kind);
        let Some(prober) = self.0.iter_mut().find(is_it) else { return [None; 2] };
        let Some(probe) = around.spec.container(container).and_then(|it| it.probe(kind)) else { return [None; 2] };
        if let (ProbeOutcome::Error, ProberStage::Asking(attempt), Some(instance)) =
            (outcome, prober.stage, prober.worker.instance)
            && attempt < MAX_PROBE_RETRIES
        {
            prober.stage = ProberStage::Asking(attempt.saturating_add(1));
            step.out.action(step.now, Action::Probe { container, instance, kind });
            return [None; 2];
        }
        prober.rest(step.now);
        let before = prober.worker;
        let met = core::mem::take(&mut prober.has_met)
            .then(|| prober.verdict(ProbeWorker { instance: None, ..before }, before, around))
            .flatten();
        prober.worker.record(kind, probe, outcome);
        let found = match outcome {
            ProbeOutcome::Success | ProbeOutcome::Unknown => None,
            ProbeOutcome::Warning => Some((EventReason::ProbeWarning, "warning")),
            ProbeOutcome::Failure => Some((EventReason::Unhealthy, "failed")),
            ProbeOutcome::Error => Some((EventReason::Unhealthy, "errored and resulted in unknown state")),
        };
        if let Some((reason, what)) = found {
            let message = || format!("{kind} probe {what}: {output}");
            step.record(EventType::Warning, reason, Some(container), message);
        }
        [met, prober.verdict(before, prober.worker, around)]
    }
}

impl Prober {
    /// The verdict, if it has changed.
    fn verdict(&mut self, before: ProbeWorker, after: ProbeWorker, around: ProbeContext<'_>) -> Option<ProbeUpdate> {
        let (instance, result) = (after.instance?, after.result?);
        let is_new = before.instance != after.instance || before.result != after.result;
        if !is_new || self.reported_dead == Some(instance) {
            return None;
        }
        let records = around.status.map_or(&[][..], |status| &status.records);
        let record = records.get(self.container.get()).and_then(Option::as_ref);
        let is_running = record.is_some_and(ContainerRecord::is_running);
        if around.repeats == Repeats::Once && !is_running && result == ProbeResult::Failure {
            self.reported_dead = Some(instance);
        }
        Some(ProbeUpdate { container: self.container, instance, kind: self.kind, result })
    }
}

fn period(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Duration {
    let probe = spec.container(container).and_then(|container| container.probe(kind));
    probe.map_or(Duration::from_secs(1), ProbeSpec::period)
}
