//! What comes through the API: deletion, conditions of others, a node.

use alloc::format;

use super::{Pod, Published, Step, record::Deletion, tables::WorkerState};
use crate::{
    action::{Change, EventReason, EventType, Transition},
    event::{ApiEvent, EventError},
    manifest::{ConditionStatus, Name, PodCondition, PodPhase},
    state::{ConditionReason, ConditionType},
};

/// Why others than the kubelet disrupt a Pod, and what they say.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions>
const DISRUPTIONS: [(ConditionReason, &str); 4] = [
    (ConditionReason::EvictionByEvictionApi, "Eviction API: evicting"),
    (ConditionReason::PreemptionByScheduler, "default-scheduler: preempting to accommodate a higher priority pod"),
    (ConditionReason::DeletionByTaintManager, "Taint manager: deleting due to NoExecute taint"),
    (ConditionReason::DeletionByPodGc, "PodGC: node no longer exists"),
];

impl Pod {
    pub(super) fn on_api_event(&mut self, event: ApiEvent, step: &mut Step<'_>) -> Result<(), EventError> {
        let is_return = self.is_node_lost() && event == ApiEvent::NodeRecovered;
        if self.is_gone() && !is_return {
            return Err(EventError::Gone);
        }
        match event {
            ApiEvent::Deleted { grace_seconds } => self.on_deleted(grace_seconds, step),
            ApiEvent::Removed => self.on_removed(),
            ApiEvent::ConditionSet(condition) => self.on_condition_set(condition),
            ApiEvent::SpecChanged(spec) => self.on_spec_changed(spec)?,
            ApiEvent::Disrupted { reason, message } => self.on_disrupted(reason, &message, step)?,
            ApiEvent::Unschedulable { message } => self.on_unschedulable(&message, step)?,
            ApiEvent::Bound => self.on_bound(step)?,
            ApiEvent::NodeLost => self.on_node_lost(step)?,
            ApiEvent::NodeRecovered => self.on_node_recovered(step)?,
        }
        self.settle(step);
        Ok(())
    }

    fn on_bound(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_schedulable()?;
        let spec = self.spec.clone();
        let message =
            || format!("Successfully assigned {}/{} to {}", spec.namespace(), spec.name(), self.config.node_name);
        self.tell(step, EventType::Normal, EventReason::Scheduled, None, message);
        self.bind(step);
        Ok(())
    }

    /// A node has the Pod from now on.
    pub(super) fn bind(&mut self, step: &mut Step<'_>) {
        self.worker.state = WorkerState::Syncing;
        self.forget_scheduling();
        self.request_pass();
        self.settle(step);
    }

    /// What the scheduler and the API server have said of `PodScheduled` is the kubelet's to say now.
    pub(super) fn forget_scheduling(&mut self) {
        let scheduled = ConditionType::PodScheduled.name();
        self.record.api.foreign.retain(|condition| condition.type_ != scheduled);
    }

    /// A delete: only a shorter grace than the one in force counts. The object vanishes at once if nothing is left to
    /// stop, or nobody wants to wait.
    ///
    /// Answers to `BeforeDelete` in the API server's `registry/rest` and `CheckGracefulDelete` in
    /// `pkg/registry/core/pod`.
    fn on_deleted(&mut self, grace_seconds: i64, step: &mut Step<'_>) {
        let grace_seconds = if grace_seconds < 0 { 1 } else { grace_seconds };
        let api = &self.shown().api;
        let is_over = api.phase.is_some_and(PodPhase::is_terminal);
        if is_over || grace_seconds == 0 || self.worker.state == WorkerState::Waiting {
            return self.on_removed();
        }
        let before = api.deletion;
        if before.is_some_and(|deletion| deletion.grace_seconds <= grace_seconds) {
            return;
        }
        let requested_at = before.map_or(step.now, |deletion| deletion.requested_at);
        let api = &mut self.shown_mut().api;
        api.deletion = Some(Deletion { requested_at, grace_seconds });
        if before.is_none() && api.generation > 0 {
            api.generation = api.generation.saturating_add(1);
        }
        if !self.is_node_lost() {
            self.end_by_order(None);
        }
    }

    /// The object is gone; the kubelet, once it hears of that, stops what runs with the grace of the spec.
    pub(super) fn on_removed(&mut self) {
        self.shown_mut().api.is_gone = true;
        if self.worker.state == WorkerState::Waiting {
            self.worker.state = WorkerState::Finished;
        }
        if !self.is_node_lost() {
            self.end_by_order(None);
        }
    }

    /// The worker terminates the Pod by order of somebody, with the grace that follows from it.
    pub(super) fn end_by_order(&mut self, by_node: Option<i64>) {
        if matches!(self.worker.state, WorkerState::Syncing | WorkerState::Terminating) {
            let deletion = self.record.api.deletion.map(|deletion| deletion.grace_seconds);
            self.override_grace(deletion, by_node);
            self.begin_terminating();
        }
    }

    fn on_condition_set(&mut self, condition: PodCondition) {
        let api = &mut self.shown_mut().api;
        match api.foreign.iter_mut().find(|known| known.type_ == condition.type_) {
            Some(known) => *known = condition,
            None => api.foreign.push(condition),
        }
        api.foreign_changed = true;
        if !self.is_node_lost() {
            self.reconcile_gates();
        }
    }

    /// A Pod is bound once, and not before its gates are removed.
    pub(super) fn check_schedulable(&self) -> Result<(), EventError> {
        if self.worker.state != WorkerState::Waiting {
            return Err(EventError::NotNow("is bound to a node already, and never moves"));
        }
        if self.record.api.is_gated {
            return Err(EventError::NotNow("has scheduling gates: no node may have it"));
        }
        Ok(())
    }

    /// Answers to `handleSchedulingFailure` in `pkg/scheduler`.
    fn on_unschedulable(&mut self, message: &str, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_schedulable()?;
        self.tell(step, EventType::Warning, EventReason::FailedScheduling, None, || message.into());
        self.put_condition(ConditionType::PodScheduled, false, ConditionReason::Unschedulable, message, step);
        step.out.published(step.now, &Published::of(self));
        Ok(())
    }

    /// Answers to `addConditionAndDeletePod` in `pkg/controller/tainteviction` and `pkg/registry/core/pod/storage`, and
    /// to `markFailedAndDeletePodWithCondition` in `pkg/controller/podgc`.
    fn on_disrupted(&mut self, reason: ConditionReason, message: &str, step: &mut Step<'_>) -> Result<(), EventError> {
        let known = DISRUPTIONS.iter().find(|(known, _)| *known == reason);
        let (_, usual) = known.ok_or(EventError::NotADisruption { reason })?;
        let message = if message.is_empty() { usual } else { message };
        if reason == ConditionReason::DeletionByTaintManager {
            let told = || format!("Marking for deletion Pod {}/{}", self.spec.namespace(), self.spec.name());
            self.tell(step, EventType::Normal, EventReason::TaintManagerEviction, None, told);
        }
        self.put_condition(ConditionType::DisruptionTarget, true, reason, message, step);
        if reason == ConditionReason::DeletionByPodGc {
            self.fail_in_api(step);
        }
        step.out.published(step.now, &Published::of(self));
        if !self.is_node_lost() {
            self.reconcile_gates();
        }
        Ok(())
    }

    /// The Pod's node does not exist any more, so that no kubelet will ever say how the Pod ended.
    fn fail_in_api(&mut self, step: &mut Step<'_>) {
        let record = self.shown_mut();
        if record.api.phase.is_some_and(PodPhase::is_terminal) {
            return;
        }
        record.generations.status = record.api.generation;
        let from = record.api.phase.replace(PodPhase::Failed);
        let change = Change::Phase { from, to: PodPhase::Failed };
        step.out.transition(Transition { at: step.now, change });
        if !self.is_node_lost() {
            self.end_by_order(None);
        }
    }

    /// Sets a condition that is not computed anew with each status.
    pub(super) fn put_condition(
        &mut self,
        which: ConditionType,
        holds: bool,
        reason: ConditionReason,
        message: &str,
        step: &mut Step<'_>,
    ) {
        let (status, name) = (ConditionStatus::from(holds), which.name());
        // The eviction API does not say which generation it has seen.
        let is_observed = reason != ConditionReason::EvictionByEvictionApi;
        let api = &mut self.shown_mut().api;
        let old = api.foreign.iter_mut().find(|condition| condition.type_ == name);
        let from = old.as_ref().and_then(|old| old.status.known());
        let since = old.as_ref().filter(|_| from == Some(status)).and_then(|old| old.last_transition_time);
        let condition = PodCondition {
            type_: name.into(),
            observed_generation: if is_observed { api.generation } else { 0 },
            status: status.into(),
            last_probe_time: None,
            last_transition_time: Some(since.unwrap_or(step.now.whole_seconds())),
            reason: reason.name().into(),
            message: message.into(),
        };
        match old {
            Some(old) => *old = condition,
            None => api.foreign.push(condition),
        }
        if from != Some(status) {
            let change = Change::Condition { condition: which, from, to: status, reason: Some(reason) };
            step.out.transition(Transition { at: step.now, change });
        }
    }
}
