//! The probe workers of a Pod: when each looks, and what its verdict sets off.

use alloc::{boxed::Box, format, vec, vec::Vec};
use core::time::Duration;

use super::{Pod, Step};
use crate::{
    action::{Action, EventReason, EventType},
    manifest::Name,
    rule::{
        probe::{MAX_ATTEMPTS, ProbeDecision, ProbeInputs, ProbeOutcome, ProbeResult, ProbeWorker},
        readiness::{KubeletStart, ProbeFacts},
    },
    spec::{ContainerIndex, ContainerKind, PodSpec, ProbeKind},
    state::{InstanceId, RuntimeStatus},
    time::Timestamp,
};

/// One worker's place: it may be empty, since workers end and are made anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prober {
    pub(crate) container: ContainerIndex,
    pub(crate) kind: ProbeKind,
    pub(crate) stage: ProberStage,
    /// Whether the Pod was being deleted when the worker was made: it never learns of a later deletion.
    pub(crate) knows_deletion: bool,
    pub(crate) worker: ProbeWorker,
    /// The next look by period.
    pub(crate) next_at: Timestamp,
    /// When an extra look was begun that a status computation asked for.
    pub(crate) triggered_at: Option<Timestamp>,
    /// Whether another one is asked for: one is remembered.
    pub(crate) is_triggered_again: bool,
    /// Whether it has met a new instance in the look under way: the verdict it starts from is told with the answer.
    pub(crate) has_met: bool,
    /// The dead instance whose failure was reported: it is reported once.
    pub(crate) reported_dead: Option<InstanceId>,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProberStage {
    /// There is no worker.
    Absent,
    /// It has yet to look for the first time.
    Fresh,
    /// It waits for its next look.
    Idle,
    /// The handler runs, for the n-th time in this look.
    Asking(u8),
}

impl Prober {
    /// When the worker looks next.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            ProberStage::Absent | ProberStage::Asking(_) => None,
            ProberStage::Fresh => Some(self.next_at),
            ProberStage::Idle => {
                Some(self.triggered_at.map_or(self.next_at, |triggered_at| triggered_at.min(self.next_at)))
            }
        }
    }

    fn exists(&self) -> bool {
        self.stage != ProberStage::Absent
    }

    fn end(&mut self) {
        self.stage = ProberStage::Absent;
        self.worker = ProbeWorker::default();
        self.triggered_at = None;
        self.is_triggered_again = false;
    }

    /// A look is over: the next one is due at its time, or at once if it was asked for meanwhile.
    fn rest(&mut self, now: Timestamp) {
        self.stage = ProberStage::Idle;
        if core::mem::take(&mut self.is_triggered_again) {
            self.triggered_at = Some(now);
        }
    }

    /// An extra look is asked for: it begins at once if the worker is idle.
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
            let missed = now.since(self.next_at).as_micros().checked_div(period.as_micros()).unwrap_or(0);
            let periods = u32::try_from(missed.saturating_add(1)).unwrap_or(u32::MAX);
            self.next_at = self.next_at + period.saturating_mul(periods);
        } else {
            self.triggered_at = None;
            self.next_at = now + period;
        }
    }
}

/// The places for all workers that a spec asks for: regular containers first, then sidecars.
pub(crate) fn places(spec: &PodSpec) -> Box<[Prober]> {
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
    probed
        .flat_map(|(index, container)| {
            let kinds = ProbeKind::ALL.iter().copied().filter(|&kind| container.probe(kind).is_some());
            kinds.map(move |kind| place(index, kind))
        })
        .collect()
}

impl Pod {
    /// Makes the workers that are missing, up to the first that exists.
    pub(super) fn make_probers(&mut self, now: Timestamp) {
        let knows_deletion = self.knows_deletion();
        for place in 0..self.probers.len() {
            let Some(prober) = self.probers.get(place) else { return };
            if prober.exists() {
                return;
            }
            let period = self.period(prober.container, prober.kind);
            let kubelet_is_young = self.record.node.kubelet_start.is_some_and(|start| now.since(start) < period);
            let wait = if kubelet_is_young { self.part_of(period) } else { Duration::ZERO };
            let Some(prober) = self.probers.get_mut(place) else { return };
            prober.stage = ProberStage::Fresh;
            prober.knows_deletion = knows_deletion;
            prober.next_at = now + wait;
        }
    }

    /// Ends the liveness and startup workers of the regular containers, since their Pod is being stopped.
    pub(super) fn end_probers_for_stop(&mut self) {
        let spec = self.spec.clone();
        let is_regular =
            |index| spec.container(index).is_some_and(|container| container.kind() == ContainerKind::Regular);
        for prober in &mut self.probers {
            if is_regular(prober.container) && prober.kind != ProbeKind::Readiness {
                prober.end();
            }
        }
    }

    /// Ends all workers.
    pub(super) fn end_probers(&mut self) {
        self.probers.iter_mut().for_each(Prober::end);
    }

    /// What the workers have to say of the newest instances, by container index.
    pub(super) fn probe_facts(&self, runtime: &RuntimeStatus) -> Vec<ProbeFacts> {
        if self.probers.is_empty() {
            return Vec::new();
        }
        let mut all = vec![ProbeFacts::default(); self.spec.container_count()];
        for prober in self.probers.iter().filter(|prober| prober.exists()) {
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

    /// Has the readiness of a container looked at once more, at once.
    pub(super) fn trigger(&mut self, container: ContainerIndex, now: Timestamp) {
        let mut probers = self.probers.iter_mut();
        let readiness = probers
            .find(|prober| prober.container == container && prober.kind == ProbeKind::Readiness && prober.exists());
        if let Some(prober) = readiness {
            prober.trigger(now);
        }
    }

    /// A worker's time has come.
    pub(super) fn look(&mut self, place: usize, step: &mut Step<'_>) {
        let spec = self.spec.clone();
        let kubelet = self.kubelet_start();
        let is_restarting_all = self.is_restarting_all();
        let Some(prober) = self.probers.get_mut(place) else { return };
        let Some(container) = spec.container(prober.container) else { return };
        let Some(probe) = container.probe(prober.kind) else { return };
        prober.use_up_tick(Duration::from_secs(u64::from(probe.period())), step.now);
        if !self.record.is_computed {
            return prober.rest(step.now);
        }
        let view = ProbeInputs {
            phase: self.record.status.phase,
            container: self.record.status.records.get(prober.container.get()).and_then(Option::as_ref),
            is_deleting: prober.knows_deletion,
            is_restarting_all,
            kubelet,
            now: step.now,
        };
        let before = prober.worker;
        let look = prober.worker.do_probe(prober.kind, probe, container, &view);
        let after = prober.worker;
        match (look, after.instance) {
            (ProbeDecision::Run, Some(instance)) => {
                prober.stage = ProberStage::Asking(1);
                prober.has_met = before.instance != after.instance;
                let action = Action::Probe { container: prober.container, instance, kind: prober.kind };
                return step.out.action(step.now, action);
            }
            (ProbeDecision::End, _) => prober.end(),
            (ProbeDecision::Wait | ProbeDecision::Run, _) => prober.rest(step.now),
        }
        self.note_verdict(place, before, after, step);
    }

    /// The handler has answered; an error is tried again at once.
    pub(super) fn on_probe_finished(&mut self, place: usize, outcome: ProbeOutcome, output: &str, step: &mut Step<'_>) {
        let spec = self.spec.clone();
        let Some(prober) = self.probers.get_mut(place) else { return };
        let (container, kind) = (prober.container, prober.kind);
        let Some(probe) = spec.container(container).and_then(|container| container.probe(kind)) else { return };
        if let (ProbeOutcome::Error, ProberStage::Asking(attempt), Some(instance)) =
            (outcome, prober.stage, prober.worker.instance)
            && attempt < MAX_ATTEMPTS
        {
            prober.stage = ProberStage::Asking(attempt.saturating_add(1));
            step.out.action(step.now, Action::Probe { container, instance, kind });
            return;
        }
        prober.rest(step.now);
        let before = prober.worker;
        if core::mem::take(&mut prober.has_met) {
            let unmet = ProbeWorker { instance: None, ..before };
            self.note_verdict(place, unmet, before, step);
        }
        let Some(prober) = self.probers.get_mut(place) else { return };
        prober.worker.record(kind, probe, outcome);
        let after = prober.worker;
        let (reason, what) = match outcome {
            ProbeOutcome::Success | ProbeOutcome::Unknown => return self.note_verdict(place, before, after, step),
            ProbeOutcome::Warning => (EventReason::ProbeWarning, "warning"),
            ProbeOutcome::Failure => (EventReason::Unhealthy, "failed"),
            ProbeOutcome::Error => (EventReason::Unhealthy, "errored and resulted in unknown state"),
        };
        let message = || format!("{kind} probe {what}: {output}");
        self.tell(step, EventType::Warning, reason, Some(container), message);
        self.note_verdict(place, before, after, step);
    }

    /// A changed verdict is published, and asks for a pass.
    fn note_verdict(&mut self, place: usize, before: ProbeWorker, after: ProbeWorker, step: &mut Step<'_>) {
        let (Some(instance), Some(result)) = (after.instance, after.result) else { return };
        let is_new = before.instance != after.instance || before.result != after.result;
        let Some(prober) = self.probers.get_mut(place).filter(|_| is_new) else { return };
        let (container, kind) = (prober.container, prober.kind);
        if prober.reported_dead == Some(instance) {
            return;
        }
        let record = self.record.status.records.get(container.get()).and_then(Option::as_ref);
        let is_running = record.is_some_and(crate::state::ContainerRecord::is_running);
        if !is_running && result == ProbeResult::Failure {
            prober.reported_dead = Some(instance);
        }
        match kind {
            ProbeKind::Startup => self.set_started(container, instance, result == ProbeResult::Success, step),
            ProbeKind::Readiness => self.set_ready(container, instance, result == ProbeResult::Success, step),
            ProbeKind::Liveness if result != ProbeResult::Failure => return,
            ProbeKind::Liveness => {}
        }
        self.request_pass_by_probe();
    }

    /// The kubelet's start, as far as readiness is concerned.
    pub(super) fn kubelet_start(&self) -> KubeletStart {
        KubeletStart {
            at: self.record.node.kubelet_start.unwrap_or(Timestamp::BEGINNING),
            pod_was_ready: self.record.status.conditions.ready.is_true(),
        }
    }

    fn period(&self, container: ContainerIndex, kind: ProbeKind) -> Duration {
        let probe = self.spec.container(container).and_then(|container| container.probe(kind));
        Duration::from_secs(probe.map_or(1, |probe| u64::from(probe.period())))
    }
}
