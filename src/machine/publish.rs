//! From what is known to what is published: the kubelet's status manager.

use alloc::{borrow::Cow, format, string::String, sync::Arc, vec::Vec};

use super::{Pod, Published, Step, record::StatusReason, tables::WorkerState};
use crate::{
    action::{Change, ContainerStateKind, EventReason, EventType, KubernetesEvent, Transition},
    manifest::{ConditionStatus, Name, PodPhase},
    rule::{
        condition, deadline, ending,
        pod_status::{self, PhaseReason, PodInputs, PodRecord, PreviousStatus},
        restart,
    },
    spec::{ContainerIndex, PodSpec},
    state::{
        Condition, ConditionReason, ConditionType, ContainerRecord, InstanceId, RecordedState, RuntimeStatus,
        StartFailure, is_owned_by_kubelet,
    },
    time::Timestamp,
};

/// What is said of a Pod that was active for too long.
const DEADLINE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

impl Pod {
    /// Computes the status from a view of the runtime and publishes it; says which phase was computed.
    pub(super) fn report(&mut self, view: &RuntimeStatus, is_terminal: bool, step: &mut Step<'_>) -> PodPhase {
        self.record.gates = self.gates();
        let mut status = self.compute(view, is_terminal, step.now);
        let mut why = match status.phase_reason {
            PhaseReason::Cleared => None,
            PhaseReason::Kept => self.record.why.clone().or_else(|| self.record.api.why.clone()),
            PhaseReason::DeadlineExceeded => {
                self.tell(step, EventType::Normal, EventReason::DeadlineExceeded, None, || DEADLINE_MESSAGE.into());
                Some(StatusReason::new("DeadlineExceeded", DEADLINE_MESSAGE))
            }
        };
        if let Some(eviction) = self.record.node.eviction.as_ref().filter(|_| !is_terminal) {
            if !(eviction.spares_success && status.phase == PodPhase::Succeeded) {
                status.phase = PodPhase::Failed;
            }
            why = Some(StatusReason::new(&eviction.reason, &eviction.message));
        }
        let phase = status.phase;
        self.set_status(status, why, self.knows_deletion(), step);
        phase
    }

    fn compute(&mut self, view: &RuntimeStatus, is_terminal: bool, now: Timestamp) -> PodRecord {
        let has_failures = self.record.slots.iter().any(|slot| slot.failure().is_some());
        let failures: Vec<Option<Arc<StartFailure>>> = if has_failures {
            self.record.slots.iter().map(|slot| slot.failure().cloned()).collect()
        } else {
            Vec::new()
        };
        let mut triggered = Vec::new();
        let before = &self.record.status;
        let inputs = PodInputs {
            spec: &self.spec,
            runtime: view,
            previous: PreviousStatus {
                records: &before.records,
                phase: Some(before.phase),
                was_initialized: before.conditions.initialized.is_true(),
                was_restarting_all: self.is_restarting_all_true(),
            },
            api_phase: self.record.api.phase,
            failures: &failures,
            probes: &self.probe_facts(view),
            kubelet: self.kubelet_start(),
            gates: &self.record.gates,
            is_deleting: self.knows_deletion(),
            is_terminal,
            is_past_deadline: self.is_past_deadline(now),
        };
        let mut status = pod_status::of(&inputs, |index| triggered.push(index));
        for container in triggered {
            self.trigger(container, now);
        }
        status.records.iter_mut().flatten().for_each(round_down_start);
        status
    }

    /// Keeps and publishes a new status, unless it would revive a container that has ended for good.
    fn set_status(&mut self, status: PodRecord, why: Option<Arc<StatusReason>>, is_forced: bool, step: &mut Step<'_>) {
        if !ending::allows(&self.spec, &self.record.status.records, &status.records) {
            return;
        }
        self.record.start_time.get_or_insert(step.now.whole_seconds());
        let is_first = !self.record.is_computed && self.record.api.phase.is_none();
        let before = core::mem::replace(&mut self.record.status, status);
        let after = self.record.status.conditions.clone();
        for (which, condition) in after.iter() {
            let old = before.conditions.get(which).filter(|_| !is_first);
            self.note_condition(which, old, condition, step);
        }
        self.note_containers(&before.records, step);
        let generation = self.record.generations.pass;
        let has_observed = self.record.generations.status != generation;
        self.record.generations.status = generation;
        self.record.generations.readiness = generation;
        let changed = is_first || has_observed || self.record.why != why || !before.is_same(&self.record.status);
        self.record.why = why;
        let was_computed = core::mem::replace(&mut self.record.is_computed, true);
        self.publish(changed, is_forced, step);
        if !was_computed {
            self.reconcile_gates();
        }
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
        self.record.mark_changed(which, step.now);
        let change = Change::Condition { condition: which, from, to: after.status, reason: after.reason };
        self.emit(change, step);
    }

    pub(super) fn note_containers(&self, before: &[Option<ContainerRecord>], step: &mut Step<'_>) {
        for ((index, _), after) in self.spec.containers().zip(&self.record.status.records) {
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

    /// Writes the status to the API if it has changed, or, if that is forced, if there is anything new in it. A terminal
    /// phase is held back until no container can be running any more.
    pub(super) fn publish(&mut self, changed: bool, is_forced: bool, step: &mut Step<'_>) {
        if !self.is_heard() {
            return;
        }
        let (phase, why) = self.showable();
        let api = &self.record.api;
        let has_moved = api.phase != Some(phase) || api.why != why;
        let may_move = changed || is_forced || self.record.node.release_due;
        if changed || may_move && has_moved || is_forced && api.foreign_changed {
            self.write(api.phase, step);
        }
    }

    /// Whether the API takes what the kubelet says: the object exists, and the node can be reached.
    fn is_heard(&self) -> bool {
        !self.record.api.is_gone && !self.is_node_lost()
    }

    /// The phase and its reason that may be published; until a terminal one may be, those that are published stay.
    fn showable(&self) -> (PodPhase, Option<Arc<StatusReason>>) {
        if let Some(phase) = self.record.api.phase.filter(|phase| phase.is_terminal()) {
            return (phase, self.record.api.why.clone());
        }
        let could_run = matches!(self.worker.state, WorkerState::Syncing | WorkerState::Terminating);
        if self.becomes_terminal() && could_run {
            (self.record.api.phase.unwrap_or(PodPhase::Pending), self.record.api.why.clone())
        } else {
            (self.record.status.phase, self.record.why.clone())
        }
    }

    fn becomes_terminal(&self) -> bool {
        let is_published = self.record.api.phase.is_some_and(PodPhase::is_terminal);
        self.record.status.phase.is_terminal() && !is_published
    }

    /// Writes the status to the API, where `shown` was the phase before.
    ///
    /// The condition of a Pod that its node ends comes with the terminal phase and not before. Answers to
    /// `mergePodStatus` in `pkg/kubelet/status`.
    pub(super) fn write(&mut self, shown: Option<PodPhase>, step: &mut Step<'_>) {
        let (phase, why) = self.showable();
        let disruption = self.record.node.eviction.as_ref().and_then(|eviction| eviction.disruption.clone());
        if let Some(message) = disruption.filter(|_| self.becomes_terminal() && phase.is_terminal()) {
            let reason = ConditionReason::TerminationByKubelet;
            self.put_condition(ConditionType::DisruptionTarget, true, reason, &message, step);
        }
        let api = &mut self.record.api;
        api.foreign.retain(|condition| !is_owned_by_kubelet(&condition.type_));
        (api.phase, api.why, api.foreign_changed) = (Some(phase), why, false);
        api.writes = api.writes.wrapping_add(1);
        if shown != Some(phase) {
            self.emit(Change::Phase { from: shown, to: phase }, step);
        }
        step.out.published(step.now, &Published::of(self));
        self.reconcile_gates();
    }

    /// A published status whose `Ready` is not what its gates and regular containers say asks for a pass.
    ///
    /// Answers to `NeedToReconcilePodReadiness`, which looks at regular containers only.
    pub(super) fn reconcile_gates(&mut self) {
        if self.spec.readiness_gates().is_empty() || !self.record.is_computed {
            return;
        }
        let regular: Vec<Option<ContainerRecord>> = self
            .spec
            .containers()
            .zip(&self.record.status.records)
            .map(|((index, _), record)| record.clone().filter(|_| self.spec.is_regular(index)))
            .collect();
        let phase = self.record.api.phase.unwrap_or(PodPhase::Pending);
        let containers_ready = condition::containers_ready(&self.spec, Some(&regular), phase);
        let ought = self.ready_given(&containers_ready, &self.gates());
        let is = &self.record.status.conditions.ready;
        if is.status != ought.status || is.message != ought.message {
            self.record.node.echo_due = true;
        }
    }

    /// A readiness verdict is published at once, with `Ready` and `ContainersReady` computed anew.
    pub(super) fn set_ready(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        ready: bool,
        step: &mut Step<'_>,
    ) {
        let Some(record) = self.reported_mut(container, instance) else { return };
        if core::mem::replace(&mut record.ready, ready) == ready {
            return;
        }
        let status = &self.record.status;
        let containers_ready = condition::containers_ready(&self.spec, Some(&status.records), status.phase);
        let is_ready = self.ready_given(&containers_ready, &self.record.gates);
        let conditions = &mut self.record.status.conditions;
        let was_ready = core::mem::replace(&mut conditions.ready, is_ready.clone());
        let were_ready = core::mem::replace(&mut conditions.containers_ready, containers_ready.clone());
        self.note_condition(ConditionType::Ready, Some(&was_ready), &is_ready, step);
        self.note_condition(ConditionType::ContainersReady, Some(&were_ready), &containers_ready, step);
        self.record.generations.readiness = self.record.api.generation;
        self.publish(true, false, step);
    }

    /// A startup verdict is published at once; no condition is computed anew.
    pub(super) fn set_started(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        started: bool,
        step: &mut Step<'_>,
    ) {
        let Some(record) = self.reported_mut(container, instance) else { return };
        if record.started.replace(started) != Some(started) {
            self.publish(true, false, step);
        }
    }

    /// A new sandbox is published at once when the pass that made it waits or ends.
    pub(super) fn publish_sandbox_ready(&mut self, step: &mut Step<'_>) {
        if core::mem::take(&mut self.record.node.sandbox_ready_due) {
            let after = Condition::plain(true);
            let before =
                core::mem::replace(&mut self.record.status.conditions.ready_to_start_containers, after.clone());
            self.note_condition(ConditionType::PodReadyToStartContainers, Some(&before), &after, step);
            self.publish(before != after, self.knows_deletion(), step);
        }
    }

    /// The end of the Pod: what nobody saw end has ended, and the phase is terminal.
    pub(super) fn report_end(&mut self, step: &mut Step<'_>) {
        let mut status = self.record.status.clone();
        ending::terminate_containers(&self.spec, &mut status.records, self.record.node.saw_initialized);
        if !status.phase.is_terminal() && !self.spec.is_static() {
            status.phase = PodPhase::Failed;
        }
        let why = self.record.why.clone();
        self.set_status(status, why, true, step);
    }

    /// The statuses of the readiness gates' conditions among those that others set.
    fn gates(&self) -> Vec<Option<ConditionStatus>> {
        let foreign = &self.record.api.foreign;
        let status_of = |gate: &String| {
            let condition = foreign.iter().find(|condition| condition.type_ == *gate)?;
            Some(condition.status.known().unwrap_or(ConditionStatus::Unknown))
        };
        self.spec.readiness_gates().iter().map(status_of).collect()
    }

    fn ready_given(&self, containers_ready: &Condition, gates: &[Option<ConditionStatus>]) -> Condition {
        condition::ready(&self.spec, containers_ready, |gate, name| {
            gates.get(gate).copied().flatten().or_else(|| self.record.own_condition(name))
        })
    }

    fn reported_mut(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut ContainerRecord> {
        if self.record.api.is_gone || !self.record.is_computed {
            return None;
        }
        let record = self.record.status.records.get_mut(container.get())?.as_mut()?;
        (record.instance == Some(instance)).then_some(record)
    }

    pub(super) fn is_past_deadline(&self, now: Timestamp) -> bool {
        let start_time = self.record.start_time;
        start_time.and_then(|start| deadline::of(&self.spec, start)).is_some_and(|deadline| deadline <= now)
    }

    /// Whether the kubelet's own status says that all containers are being restarted.
    pub(super) fn is_restarting_all_true(&self) -> bool {
        self.record.status.conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
    }

    /// Whether all containers are being restarted, as far as the kubelet's own status shows.
    pub(super) fn is_restarting_all(&self) -> bool {
        restart::all_containers_restart_is_due(
            &self.spec,
            None,
            &self.record.status.records,
            self.is_restarting_all_true(),
        )
    }

    pub(super) fn emit(&self, change: Change, step: &mut Step<'_>) {
        if self.is_heard() {
            step.out.transition(Transition { at: step.now, change });
        }
    }

    /// Records a Kubernetes event.
    pub(super) fn tell(
        &self,
        step: &mut Step<'_>,
        type_: EventType,
        reason: EventReason,
        container: Option<ContainerIndex>,
        message: impl FnOnce() -> String,
    ) {
        if step.out.wants_events() {
            let (reason, message) = (Cow::Borrowed(reason.name()), message());
            step.out.event(KubernetesEvent { at: step.now, type_, reason, container, message });
        }
    }
}

impl StatusReason {
    pub(super) fn new(reason: &str, message: &str) -> Arc<StatusReason> {
        Arc::new(StatusReason { reason: reason.into(), message: message.into() })
    }
}

/// A Pod as events and messages name it: `name_namespace(uid)`.
pub(super) fn pod_name(spec: &PodSpec) -> String {
    format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid())
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
