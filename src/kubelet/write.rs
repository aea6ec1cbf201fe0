//! From what is known to what is published.
//!
//! Answers to `generateAPIPodStatus` in `pkg/kubelet/kubelet_pods.go` and to the status manager's `SetPodStatus`,
//! `SetContainerReadiness`, `SetContainerStartup`, `TerminatePod` and `syncPod`.

use alloc::{sync::Arc, vec::Vec};

use super::{
    Step,
    api_pod::ApiPod,
    components::Kubelet,
    eviction::Kill,
    fast_path::Found,
    status_manager::{Disruption, HeldBack, Knowledge, SandboxNews, StatusReason},
    sync_loop_queue::Message,
};
use crate::{
    action::{Change, ContainerStateKind, EventReason, EventType, Transition},
    api::{ConditionStatus, PodPhase},
    rule::{
        conditions,
        deadline::{self, DEADLINE_MESSAGE, DEADLINE_REASON},
        pod_status::{self, PhaseReason, PodInputs, PodRecord, PreviousStatus},
        restart, terminate_pod,
    },
    spec::{ContainerIndex, PodSpec},
    state::{
        Condition, ConditionReason, ConditionType, ContainerRecord, InstanceId, RecordedState, RuntimeStatus,
        is_owned_by_kubelet,
    },
};

/// Whether containers of the Pod may still run: a terminal phase is held back while they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CouldRun {
    Yes,
    No,
}

/// Whether nothing runs or will run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finality {
    GoesOn,
    IsOver,
}

/// What asks for a status to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// The status says something else than before.
    Changed,
    /// The Pod is being deleted or has ended: whatever the API does not show yet is written.
    Forced,
    /// Nothing does, unless a phase was held back.
    Unchanged,
}

/// What a sync reports with: its object, and whether containers may run.
#[derive(Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) object: &'a ApiPod,
    pub(crate) could_run: CouldRun,
    pub(crate) finality: Finality,
    /// Who ends the Pod, and has its say in the status.
    pub(crate) kill: Option<&'a Kill>,
}

impl Kubelet {
    /// Computes the status from a view of the runtime and publishes it; says what was computed.
    pub(crate) fn report(&mut self, view: &RuntimeStatus, report: Report<'_>, step: &mut Step<'_>) -> Found {
        self.status.gates = report.object.gates().into();
        let mut status = self.compute(view, report, step);
        let mut why = match status.phase_reason {
            PhaseReason::Cleared => None,
            PhaseReason::Kept => self.status.why.clone().or_else(|| self.status.published.why.clone()),
            PhaseReason::DeadlineExceeded => {
                let message = || DEADLINE_MESSAGE.into();
                step.record(EventType::Normal, EventReason::DeadlineExceeded, None, message);
                Some(StatusReason::new(DEADLINE_REASON, DEADLINE_MESSAGE))
            }
        };
        let mut disruption = self.status.disruption.clone();
        if let Some(kill) = report.kill {
            disruption = kill.apply(&mut status, &mut why).or(disruption);
        }
        let phase = status.phase;
        let write = if report.object.is_deleting() { Write::Forced } else { Write::Unchanged };
        let is_what_was_known = self.set_pod_status(status, why, disruption, report, write, step);
        Found { phase, is_what_was_known }
    }

    fn compute(&mut self, view: &RuntimeStatus, report: Report<'_>, step: &Step<'_>) -> PodRecord {
        let spec = &report.object.spec;
        let before = &self.status.record;
        let start_time = self.status.start_time;
        let deadline = start_time.and_then(|start_time| deadline::expires_at(spec, start_time));
        let mut triggered = Vec::new();
        let inputs = PodInputs {
            spec,
            runtime: view,
            previous: PreviousStatus {
                records: &before.records,
                phase: Some(before.phase),
                was_initialized: before.conditions.initialized.is_true(),
                was_restarting_all: self.status.is_restarting_all(),
            },
            api_phase: report.object.ended.or(self.status.published.phase),
            failures: &self.containers.failures(),
            probes: &self.probers.facts(spec, view),
            kubelet: self.kubelet_start(),
            gates: &self.status.gates,
            is_deleting: report.object.is_deleting(),
            is_terminal: report.finality == Finality::IsOver,
            is_past_deadline: deadline.is_some_and(|deadline| deadline <= step.now),
        };
        let mut status = pod_status::generate_pod_status(&inputs, |index| triggered.push(index));
        for container in triggered {
            self.probers.trigger_readiness(container, step.now);
        }
        status.records.iter_mut().flatten().for_each(round_down_start);
        status
    }

    /// Keeps and publishes a new status. One that would revive a container that has ended for good is refused as a
    /// whole. Says whether it is what was known.
    fn set_pod_status(
        &mut self,
        status: PodRecord,
        why: Option<Arc<StatusReason>>,
        disruption: Option<Disruption>,
        report: Report<'_>,
        write: Write,
        step: &mut Step<'_>,
    ) -> bool {
        if !terminate_pod::allows_transition(&report.object.spec, &self.status.record.records, &status.records) {
            return false;
        }
        self.status.start_time.get_or_insert(step.now.whole_seconds());
        let is_first = self.status.knowledge == Knowledge::None;
        let before = core::mem::replace(&mut self.status.record, Arc::new(status));
        let after = self.status.record.conditions.clone();
        for (which, condition) in after.iter() {
            let old = before.conditions.get(which).filter(|_| !is_first);
            self.note_condition(which, old, condition, step);
        }
        self.note_containers(&before.records, step);
        let generations = &mut self.status.generations;
        let has_observed = report.object.generation > generations.status;
        generations.status = report.object.generation.max(generations.status);
        generations.readiness = report.object.generation;
        let is_other = is_first || has_observed || self.status.why != why || !before.is_same(&self.status.record);
        let is_what_was_known = !is_other && before == self.status.record;
        if is_what_was_known {
            self.status.record = before;
        }
        self.status.why = why;
        self.status.disruption = disruption;
        let was_computed = core::mem::replace(&mut self.status.knowledge, Knowledge::Computed) == Knowledge::Computed;
        self.publish(if is_other { Write::Changed } else { write }, report.could_run, step);
        if !was_computed {
            self.post_read_back();
        }
        is_what_was_known
    }

    fn note_condition(
        &mut self,
        which: ConditionType,
        before: Option<&Condition>,
        after: &Condition,
        step: &mut Step<'_>,
    ) {
        let from = before.map(|before| before.status);
        if from == Some(after.status) {
            return;
        }
        let bound_at = self.object.scheduled_at.filter(|_| which == ConditionType::PodScheduled);
        self.status.set_since(which, Some(bound_at.unwrap_or(step.now)));
        let change = Change::Condition { condition: which, from, to: after.status, reason: after.reason };
        self.emit(change, step);
    }

    fn note_containers(&self, before: &[Option<ContainerRecord>], step: &mut Step<'_>) {
        for ((index, _), after) in self.spec.containers().zip(&self.status.record.records) {
            let before = before.get(index.get()).and_then(Option::as_ref);
            let (Some(to), instance) = (kind_of(after.as_ref()), after.as_ref().and_then(|after| after.instance))
            else {
                continue;
            };
            let from = kind_of(before);
            let same_instance = before.and_then(|before| before.instance) == instance;
            if from != Some(to) || !same_instance && to == ContainerStateKind::Running {
                self.emit(Change::Container { container: index, from, to, instance }, step);
            }
        }
    }

    /// Writes the status to the API if there is anything in it that the API does not show.
    pub(crate) fn publish(&mut self, write: Write, could_run: CouldRun, step: &mut Step<'_>) {
        if self.newest_object().is_gone {
            return;
        }
        let published = &self.status.published;
        let (phase, why) = self.status.publishable(could_run == CouldRun::Yes);
        let has_moved = published.phase != Some(phase) || published.why != why;
        let is_due = match write {
            Write::Changed => true,
            Write::Forced => has_moved || published.foreign_changed,
            Write::Unchanged => has_moved && published.held_back == HeldBack::UntilReadBack,
        };
        if is_due {
            self.write(phase, why, could_run, step);
        }
    }

    fn write(&mut self, phase: PodPhase, why: Option<Arc<StatusReason>>, could_run: CouldRun, step: &mut Step<'_>) {
        let shown = self.status.published.phase;
        let becomes_terminal = phase.is_terminal() && !shown.is_some_and(PodPhase::is_terminal);
        if becomes_terminal && could_run == CouldRun::No {
            self.publish_disruption(step);
        }
        if self.object.conditions.iter().any(|condition| is_owned_by_kubelet(&condition.type_)) {
            Arc::make_mut(&mut self.object).conditions.retain(|condition| !is_owned_by_kubelet(&condition.type_));
        }
        let published = &mut self.status.published;
        (published.phase, published.why, published.foreign_changed) = (Some(phase), why, false);
        published.held_back = HeldBack::No;
        published.writes = published.writes.wrapping_add(1);
        if shown != Some(phase) {
            self.emit(Change::Phase { from: shown, to: phase }, step);
        }
        step.out.published(step.now, &self.published());
        self.post_read_back();
    }

    /// The condition of a Pod that its node ends comes with the terminal phase and not before.
    fn publish_disruption(&mut self, step: &mut Step<'_>) {
        let Some(message) = self.status.disruption.clone() else { return };
        let (which, reason) = (ConditionType::DisruptionTarget, ConditionReason::TerminationByKubelet);
        let object = Arc::make_mut(&mut self.object);
        let from = object.put_condition(which, ConditionStatus::True, reason, &message, step.now);
        let to = ConditionStatus::True;
        if from != Some(to) {
            self.emit(Change::Condition { condition: which, from, to, reason: Some(reason) }, step);
        }
    }

    /// A written status is read back, which matters to gates and to Pods that were evicted.
    fn post_read_back(&mut self) {
        let has_gates = !self.spec.readiness_gates().is_empty();
        let is_evicted = self.status.published.phase == Some(PodPhase::Failed)
            // Equivalent with `||`: to read back what is of neither kind asks for nothing.
            && self.status.published.why.as_ref().is_some_and(|why| &*why.reason == "Evicted");
        // Equivalent with `||`: to read back what is of neither kind, or what nothing was computed of, asks for nothing.
        if (has_gates || is_evicted) && self.status.knowledge == Knowledge::Computed {
            self.inbox.post(Message::Reconcile);
        }
    }

    /// Whether the published `Ready` is not what its gates and regular containers say.
    ///
    /// Answers to `NeedToReconcilePodReadiness`, which looks at regular containers only.
    pub(crate) fn needs_to_reconcile_readiness(&self) -> bool {
        if self.object.spec.readiness_gates().is_empty() || self.status.knowledge != Knowledge::Computed {
            return false;
        }
        let records = &self.status.record.records;
        let spec = &self.object.spec;
        let of_regular = |(index, record): (ContainerIndex, &Option<ContainerRecord>)| {
            record.clone().filter(|_| spec.is_regular(index))
        };
        let regular: Vec<Option<ContainerRecord>> =
            spec.containers().map(|(index, _)| index).zip(records).map(of_regular).collect();
        let phase = self.status.published.phase.unwrap_or(PodPhase::Pending);
        let containers_ready = conditions::containers_ready(spec, Some(&regular), phase);
        let ought = self.ready_given(&containers_ready, &self.object.gates());
        let is = &self.status.record.conditions.ready;
        is.status != ought.status || is.message != ought.message
    }

    /// A readiness verdict is published at once, with `Ready` and `ContainersReady` by what the last sync knew.
    pub(crate) fn set_container_readiness(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        ready: bool,
        could_run: CouldRun,
        step: &mut Step<'_>,
    ) {
        let Some(record) = self.reported_mut(container, instance) else { return };
        if core::mem::replace(&mut record.ready, ready) == ready {
            return;
        }
        let record = &self.status.record;
        let containers_ready = conditions::containers_ready(&self.spec, Some(&record.records), record.phase);
        let is_ready = self.ready_given(&containers_ready, &self.status.gates);
        let conditions = &mut Arc::make_mut(&mut self.status.record).conditions;
        let was_ready = core::mem::replace(&mut conditions.ready, is_ready.clone());
        let were_ready = core::mem::replace(&mut conditions.containers_ready, containers_ready.clone());
        self.note_condition(ConditionType::Ready, Some(&was_ready), &is_ready, step);
        self.note_condition(ConditionType::ContainersReady, Some(&were_ready), &containers_ready, step);
        self.status.generations.readiness = self.object.generation;
        self.publish(Write::Changed, could_run, step);
    }

    /// A startup verdict is published at once; no condition is computed anew.
    pub(crate) fn set_container_startup(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        started: bool,
        could_run: CouldRun,
        step: &mut Step<'_>,
    ) {
        let Some(record) = self.reported_mut(container, instance) else { return };
        if record.started.replace(started) != Some(started) {
            self.publish(Write::Changed, could_run, step);
        }
    }

    /// A new sandbox is published at once when the sync that made it waits or ends.
    pub(crate) fn publish_sandbox(&mut self, object: &ApiPod, could_run: CouldRun, step: &mut Step<'_>) {
        if core::mem::replace(&mut self.status.sandbox_news, SandboxNews::None) == SandboxNews::None {
            return;
        }
        let after = Condition::plain(true);
        let condition = &mut Arc::make_mut(&mut self.status.record).conditions.ready_to_start_containers;
        let before = core::mem::replace(condition, after.clone());
        self.note_condition(ConditionType::PodReadyToStartContainers, Some(&before), &after, step);
        let otherwise = if object.is_deleting() { Write::Forced } else { Write::Unchanged };
        self.publish(if before == after { otherwise } else { Write::Changed }, could_run, step);
    }

    /// The end of the Pod: what nobody saw end has ended, and the phase is terminal.
    pub(crate) fn terminate_pod(&mut self, report: Report<'_>, shows_initialized: bool, step: &mut Step<'_>) {
        let mut status = PodRecord::clone(&self.status.record);
        terminate_pod::terminate_containers(&report.object.spec, &mut status.records, shows_initialized);
        if !status.phase.is_terminal() && !report.object.spec.is_static() {
            status.phase = PodPhase::Failed;
        }
        let (why, disruption) = (self.status.why.clone(), self.status.disruption.clone());
        self.set_pod_status(status, why, disruption, report, Write::Forced, step);
    }

    fn ready_given(&self, containers_ready: &Condition, gates: &[Option<ConditionStatus>]) -> Condition {
        conditions::ready(&self.spec, containers_ready, |gate, name| {
            gates.get(gate).copied().flatten().or_else(|| self.status.own_condition(name))
        })
    }

    fn reported_mut(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut ContainerRecord> {
        if self.object.is_gone || self.status.knowledge != Knowledge::Computed {
            return None;
        }
        let record = Arc::make_mut(&mut self.status.record).records.get_mut(container.get())?.as_mut()?;
        (record.instance == Some(instance)).then_some(record)
    }

    /// Whether all containers are being restarted, as far as the kubelet's own status shows.
    pub(crate) fn is_restarting_all(&self) -> bool {
        let records = &self.status.record.records;
        restart::should_restart_all_containers(&self.spec, None, records, self.status.is_restarting_all())
    }

    /// Others have given the Pod the phase that it ends with; one that has ended keeps the phase that it has.
    pub(crate) fn take_phase_of_api(&mut self, to: PodPhase, step: &mut Step<'_>) {
        let from = self.status.published.phase;
        if !from.is_some_and(PodPhase::is_terminal) {
            self.status.published.phase = Some(to);
            self.emit(Change::Phase { from, to }, step);
        }
    }

    fn emit(&self, change: Change, step: &mut Step<'_>) {
        if !self.newest_object().is_gone {
            step.out.transition(Transition { at: step.now, change });
        }
    }
}

/// A Pod as events and messages name it: `name_namespace(uid)`.
pub(crate) fn pod_name(spec: &PodSpec) -> alloc::string::String {
    alloc::format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid())
}

/// The API stores whole seconds, and whoever reads the status back sees those.
fn round_down_start(record: &mut ContainerRecord) {
    if let Some(RecordedState::Running { started_at: Some(started_at) }) = &mut record.state {
        *started_at = started_at.whole_seconds();
    }
}

fn kind_of(record: Option<&ContainerRecord>) -> Option<ContainerStateKind> {
    Some(match record?.state.as_ref()? {
        RecordedState::Waiting(_) => ContainerStateKind::Waiting,
        RecordedState::Running { .. } => ContainerStateKind::Running,
        RecordedState::Terminated(_) => ContainerStateKind::Terminated,
    })
}
