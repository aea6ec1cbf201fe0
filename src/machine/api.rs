//! What comes through the API: deletion, conditions of others, a changed spec, a node.

use alloc::{boxed::Box, sync::Arc};

use super::{
    Pod, Step,
    record::{Deletion, Slot},
    tables::WorkerState,
};
use crate::{
    action::{EventReason, Severity},
    event::{ApiEvent, EventError},
    manifest::{ConditionStatus, Name, PodCondition, PodPhase},
    spec::{ContainerSpec, PodSpec},
    state::{ConditionReason, ConditionType},
};

impl Pod {
    pub(super) fn on_api_event(&mut self, event: ApiEvent, step: &mut Step<'_>) -> Result<(), EventError> {
        if self.record.api.is_gone {
            return Err(EventError::Gone);
        }
        match event {
            ApiEvent::Deleted { grace_seconds } => self.on_deleted(grace_seconds, step),
            ApiEvent::Removed => self.on_removed(),
            ApiEvent::ConditionSet(condition) => self.on_condition_set(condition),
            ApiEvent::SpecChanged(spec) => self.on_spec_changed(spec)?,
            ApiEvent::Disrupted { reason, message } => self.on_disrupted(reason, &message, step),
            ApiEvent::Unschedulable { message } => self.on_unschedulable(&message, step)?,
            ApiEvent::Bound => {
                self.check_unbound()?;
                if self.record.api.is_gated {
                    return Err(EventError::NotNow("has scheduling gates: no node may have it"));
                }
                self.bind(step);
            }
            ApiEvent::NodeLost => self.on_node_lost(step)?,
            ApiEvent::NodeRecovered => self.on_node_recovered(step)?,
        }
        self.settle(step);
        Ok(())
    }

    /// A node has the Pod from now on.
    pub(super) fn bind(&mut self, step: &mut Step<'_>) {
        self.worker.state = WorkerState::Syncing;
        let scheduled = ConditionType::PodScheduled.name();
        self.record.api.foreign.retain(|condition| condition.type_ != scheduled);
        self.request_pass();
        self.settle(step);
    }

    /// A delete: only a shorter grace than the one in force counts. The object vanishes at once if nothing is left to
    /// stop, or nobody wants to wait.
    fn on_deleted(&mut self, grace_seconds: i64, step: &mut Step<'_>) {
        let grace_seconds = if grace_seconds < 0 { 1 } else { grace_seconds };
        let is_over = self.record.api.phase.is_some_and(PodPhase::is_terminal);
        if is_over || grace_seconds == 0 || self.worker.state == WorkerState::Waiting {
            return self.on_removed();
        }
        if self.record.api.deletion.is_some_and(|deletion| deletion.grace_seconds <= grace_seconds) {
            return;
        }
        let requested_at = self.record.api.deletion.map_or(step.now, |deletion| deletion.requested_at);
        self.record.api.deletion = Some(Deletion { requested_at, grace_seconds });
        self.end_by_order(None);
    }

    /// The object is gone; the kubelet stops what runs with the grace of the spec.
    fn on_removed(&mut self) {
        self.record.api.is_gone = true;
        if self.worker.state == WorkerState::Waiting {
            self.worker.state = WorkerState::Finished;
        }
        self.end_by_order(None);
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
        let api = &mut self.record.api;
        match api.foreign.iter_mut().find(|known| known.type_ == condition.type_) {
            Some(known) => *known = condition,
            None => api.foreign.push(condition),
        }
        api.foreign_changed = true;
        self.reconcile_gates();
    }

    /// Images may change, deadlines shrink, ephemeral containers be added; nothing else.
    fn on_spec_changed(&mut self, spec: Arc<PodSpec>) -> Result<(), EventError> {
        self.check_change(&spec)?;
        let changed: Box<[_]> = self
            .spec
            .containers()
            .filter(|&(index, container)| spec.container(index).is_some_and(|new| new.image() != container.image()))
            .map(|(index, _)| index)
            .collect();
        for instance in &mut self.runtime.instances {
            instance.spec_changed |= instance.container.is_some_and(|container| changed.contains(&container));
        }
        for index in changed {
            if let Some(trouble) = self.record.slots.get_mut(index.get()).and_then(|slot| slot.trouble.as_mut()) {
                trouble.restarts = None;
                trouble.pulls = None;
            }
        }
        let mut slots = core::mem::take(&mut self.record.slots).into_vec();
        slots.resize_with(spec.container_count(), Slot::default);
        self.record.slots = slots.into_boxed_slice();
        self.record.api.is_gated = spec.is_scheduling_gated();
        if self.record.is_computed {
            self.record.status.records.resize_with(spec.container_count(), || None);
        }
        self.spec = spec;
        self.request_pass_if_bound();
        Ok(())
    }

    fn request_pass_if_bound(&mut self) {
        if self.worker.state != WorkerState::Waiting {
            self.request_pass();
        }
    }

    fn check_change(&self, new: &PodSpec) -> Result<(), EventError> {
        let old = &self.spec;
        let refuse = |field| Err(EventError::Immutable { field });
        if (old.name(), old.namespace(), old.uid()) != (new.name(), new.namespace(), new.uid()) {
            return refuse("metadata");
        }
        let same = |(old, new): (&ContainerSpec, &ContainerSpec)| old.is_same_but_for_image(new);
        let kept = old.containers().map(|(_, it)| it).zip(new.containers().map(|(_, it)| it)).all(same);
        if old.lasting_containers().count() != new.lasting_containers().count() || !kept {
            return refuse("spec.containers");
        }
        if old.container_count() > new.container_count() {
            return refuse("spec.ephemeralContainers");
        }
        let ungated_again = !old.is_scheduling_gated() && new.is_scheduling_gated();
        if ungated_again {
            return refuse("spec.schedulingGates");
        }
        let deadline_moved_on = match (old.active_deadline(), new.active_deadline()) {
            (Some(old), Some(new)) => new > old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if deadline_moved_on {
            return refuse("spec.activeDeadlineSeconds");
        }
        if !old.has_same_frame(new) {
            return refuse("spec");
        }
        Ok(())
    }

    fn check_unbound(&self) -> Result<(), EventError> {
        if self.worker.state == WorkerState::Waiting {
            return Ok(());
        }
        Err(EventError::NotNow("is bound to a node already, and never moves"))
    }

    fn on_unschedulable(&mut self, message: &str, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_unbound()?;
        self.tell(step, Severity::Warning, EventReason::FailedScheduling, None, || message.into());
        self.set_foreign(ConditionType::PodScheduled, ConditionReason::Unschedulable, message, false, step);
        Ok(())
    }

    fn on_disrupted(&mut self, reason: ConditionReason, message: &str, step: &mut Step<'_>) {
        if reason == ConditionReason::DeletionByTaintManager {
            let told = || alloc::format!("Marking for deletion Pod {}/{}", self.spec.namespace(), self.spec.name());
            self.tell(step, Severity::Normal, EventReason::TaintManagerEviction, None, told);
        }
        self.set_foreign(ConditionType::DisruptionTarget, reason, message, true, step);
    }

    fn set_foreign(
        &mut self,
        which: ConditionType,
        reason: ConditionReason,
        message: &str,
        holds: bool,
        step: &mut Step<'_>,
    ) {
        let status = ConditionStatus::from(holds);
        let old = self.record.api.foreign.iter().find(|condition| condition.type_ == which.name());
        let since = old.filter(|old| old.status.known() == Some(status)).and_then(|old| old.last_transition_time);
        self.on_condition_set(PodCondition {
            type_: which.name().into(),
            observed_generation: self.spec.generation(),
            status: status.into(),
            last_probe_time: None,
            last_transition_time: Some(since.unwrap_or(step.now.whole_seconds())),
            reason: reason.name().into(),
            message: message.into(),
        });
    }
}
