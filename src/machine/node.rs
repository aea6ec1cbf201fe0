//! What the node does to a Pod: refuses it, ends it, restarts its kubelet, is lost and comes back.

use alloc::{borrow::Cow, format, sync::Arc};

use super::{Pod, Step, record::StatusReason, tables::WorkerState};
use crate::{
    action::{EventReason, KubernetesEvent, Severity},
    event::{EventError, Eviction, NodeEvent},
    manifest::PodPhase,
    state::{Condition, ConditionMessage, ConditionReason},
    time::Timestamp,
};

impl Pod {
    pub(super) fn on_node_event(&mut self, event: NodeEvent, step: &mut Step<'_>) -> Result<(), EventError> {
        match event {
            NodeEvent::KubeletRestarted => {
                self.check_bound()?;
                self.record.node.restart_due = true;
            }
            NodeEvent::Rejected { reason, message } => self.on_rejected(&reason, &message, step)?,
            NodeEvent::Evicted(eviction) => self.on_evicted(eviction, step)?,
        }
        self.settle(step);
        Ok(())
    }

    fn check_bound(&self) -> Result<(), EventError> {
        if self.worker.state == WorkerState::Waiting {
            return Err(EventError::NotNow("is bound to no node"));
        }
        Ok(())
    }

    /// The node does not let the Pod in: it fails at once, and nothing of it ever runs.
    ///
    /// Answers to `rejectPod` in `pkg/kubelet/kubelet.go`.
    fn on_rejected(&mut self, reason: &str, message: &str, step: &mut Step<'_>) -> Result<(), EventError> {
        let has_begun = self.worker.state != WorkerState::Waiting;
        if has_begun {
            return Err(EventError::NotNow("has been let in already"));
        }
        self.worker.state = WorkerState::Finished;
        self.record.start_time = None;
        self.record.status.phase = PodPhase::Failed;
        self.record.why = Some(StatusReason::new(reason, &format!("Pod was rejected: {message}")));
        self.say(step, Severity::Warning, reason, message);
        self.publish(true, true, step);
        Ok(())
    }

    /// The node ends the Pod: the phase is `Failed` whatever its containers say, with the node's reason.
    fn on_evicted(&mut self, eviction: Eviction, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_bound()?;
        if self.worker.state != WorkerState::Syncing {
            return Err(EventError::NotNow("is being terminated already"));
        }
        self.say(step, Severity::Warning, &eviction.reason, &eviction.message);
        let grace = eviction.grace_seconds;
        self.record.node.eviction = Some(Arc::new(eviction));
        self.end_by_order(grace);
        Ok(())
    }

    /// The condition that an eviction by the node leaves.
    pub(super) fn disruption_condition(&self) -> Condition {
        let message = self.record.node.eviction.as_ref().map_or("", |eviction| &eviction.message);
        Condition {
            message: ConditionMessage::Text(message.into()),
            ..Condition::because(true, ConditionReason::TerminationByKubelet)
        }
    }

    /// The kubelet restarts, between two passes: runtime and API keep what they have, its memory is lost.
    pub(super) fn restart_kubelet(&mut self, now: Timestamp) {
        self.record.node.restart_due = false;
        if self.worker.state == WorkerState::Finished {
            return;
        }
        self.end_probers();
        for prober in &mut self.probers {
            prober.reported_dead = None;
        }
        self.record.slots.iter_mut().for_each(super::record::Slot::forget);
        let record = &mut self.record;
        record.status.phase = record.api.phase.unwrap_or(PodPhase::Pending);
        record.why = record.api.why.clone();
        record.is_computed = false;
        record.node =
            super::record::NodeRecord { kubelet_start: Some(now), draws: record.node.draws, ..Default::default() };
        self.worker.retry_at = None;
        self.worker.relist_at = None;
        self.worker.state = WorkerState::Syncing;
        if record.api.deletion.is_some() || record.api.is_gone || record.status.phase.is_terminal() {
            self.end_by_order(None);
        }
        self.request_pass();
    }

    /// The node controller has not heard of the node: what it says is what an observer sees.
    pub(super) fn on_node_lost(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_bound()?;
        if self.record.api.node_lost_at.is_some() {
            return Err(EventError::NotNow("is on a node that is lost already"));
        }
        self.record.api.node_lost_at = Some(step.now.whole_seconds());
        self.tell(step, Severity::Warning, EventReason::NodeNotReady, None, || "Node is not ready".into());
        Ok(())
    }

    /// The node is back, and with it the kubelet's own view.
    pub(super) fn on_node_recovered(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        if self.record.api.node_lost_at.take().is_none() {
            return Err(EventError::NotNow("is on a node that is not lost"));
        }
        self.publish(true, true, step);
        Ok(())
    }

    /// Records a Kubernetes event with a reason that is not the kubelet's own.
    fn say(&self, step: &mut Step<'_>, severity: Severity, reason: &str, message: &str) {
        if step.out.wants_events() {
            let reason = Cow::Owned(reason.into());
            let event = KubernetesEvent { at: step.now, severity, reason, container: None, message: message.into() };
            step.out.event(event);
        }
    }
}
