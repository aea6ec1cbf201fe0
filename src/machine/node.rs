//! What the node does to a Pod: refuses it, ends it, restarts its kubelet.

use alloc::{borrow::Cow, boxed::Box, format, sync::Arc};

use super::{
    Pod, Step,
    record::{Eviction, StatusReason},
    tables::WorkerState,
};
use crate::{
    action::{EventReason, EventType, KubernetesEvent, SyncKind},
    event::{EventError, NodeEvent},
    manifest::{Name, PodPhase},
    time::Timestamp,
};

/// Seconds that a hard eviction leaves.
const IMMEDIATE: i64 = 1;

const PREEMPTED: &str = "Preempted in order to admit critical pod";
const PREEMPTED_BY_KUBELET: &str = "Pod was preempted by Kubelet to accommodate a critical pod.";
const SHUT_DOWN: &str = "Pod was terminated in response to imminent node shutdown.";

impl Pod {
    pub(super) fn on_node_event(&mut self, event: NodeEvent, step: &mut Step<'_>) -> Result<(), EventError> {
        match event {
            NodeEvent::KubeletRestarted => {
                self.check_bound()?;
                self.record.node.restart_due = true;
            }
            NodeEvent::Rejected { reason, message } => self.on_rejected(&reason, &message, step)?,
            NodeEvent::Evicted { message, grace_seconds, is_disruption } => {
                self.on_evicted(message, grace_seconds, is_disruption, step)?;
            }
            NodeEvent::Preempted => self.on_preempted(step)?,
            NodeEvent::ShutDown { grace_seconds } => self.on_shut_down(grace_seconds)?,
        }
        self.settle(step);
        Ok(())
    }

    pub(super) fn check_bound(&self) -> Result<(), EventError> {
        if self.worker.state == WorkerState::Waiting {
            return Err(EventError::NotNow("is bound to no node"));
        }
        Ok(())
    }

    /// The node does not let the Pod in: it fails at once, and nothing of it ever runs.
    ///
    /// Answers to `rejectPod` in `pkg/kubelet/kubelet.go`: no condition and no container is reported.
    fn on_rejected(&mut self, reason: &str, message: &str, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_schedulable()?;
        self.worker.state = WorkerState::Finished;
        self.forget_scheduling();
        self.record.start_time = Some(step.now.whole_seconds());
        self.record.generations.status = self.record.api.generation;
        self.record.status.phase = PodPhase::Failed;
        self.record.why = Some(StatusReason::new(reason, &format!("Pod was rejected: {message}")));
        if step.out.wants_events() {
            let reason = Cow::Owned(reason.into());
            let (at, type_, message) = (step.now, EventType::Warning, message.into());
            step.out.event(KubernetesEvent { at, type_, reason, container: None, message });
        }
        self.publish(true, true, step);
        Ok(())
    }

    /// The node is under pressure, or the Pod uses more local storage than it may.
    ///
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/>. A hard eviction leaves 1 s, a
    /// soft one at most its own maximum. Answers to `evictPod` in `pkg/kubelet/eviction`.
    fn on_evicted(
        &mut self,
        message: Box<str>,
        longest: Option<i64>,
        is_disruption: bool,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        self.check_evictable()?;
        let reason = EventReason::Evicted;
        self.tell(step, EventType::Warning, reason, None, || (*message).into());
        let disruption = is_disruption.then(|| message.clone());
        let grace = longest.map_or(IMMEDIATE, |longest| self.at_most(longest));
        let eviction = Eviction { reason: reason.name().into(), message, disruption, spares_success: false };
        self.end_by_node(eviction, Some(grace));
        Ok(())
    }

    /// A critical Pod needs the room; the Pod keeps its own grace.
    ///
    /// Answers to `evictPodsToFreeRequests` in `pkg/kubelet/preemption`.
    fn on_preempted(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_evictable()?;
        let reason = EventReason::Preempting;
        self.tell(step, EventType::Warning, reason, None, || PREEMPTED.into());
        let disruption = Some(PREEMPTED_BY_KUBELET.into());
        let (reason, message) = (reason.name().into(), PREEMPTED.into());
        self.end_by_node(Eviction { reason, message, disruption, spares_success: false }, None);
        Ok(())
    }

    /// The node shuts down, and gives Pods of each priority their time; a Pod that has succeeded by then has.
    ///
    /// <https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/>. No event is recorded. Answers to
    /// `killPods` in `pkg/kubelet/nodeshutdown`.
    fn on_shut_down(&mut self, longest: Option<i64>) -> Result<(), EventError> {
        self.check_alive()?;
        let grace = longest.map(|longest| self.at_most(longest)).or(self.spec.termination_grace());
        let (reason, message, disruption) = ("Terminated".into(), SHUT_DOWN.into(), Some(SHUT_DOWN.into()));
        self.end_by_node(Eviction { reason, message, disruption, spares_success: true }, grace);
        Ok(())
    }

    /// The Pod's own grace, but at most this.
    fn at_most(&self, longest: i64) -> i64 {
        self.spec.termination_grace().map_or(longest, |own| own.min(longest))
    }

    fn check_alive(&self) -> Result<(), EventError> {
        self.check_bound()?;
        match self.worker.state {
            WorkerState::Terminated | WorkerState::Finished => Err(EventError::NotNow("has ended already")),
            WorkerState::Waiting | WorkerState::Syncing | WorkerState::Terminating => Ok(()),
        }
    }

    fn check_evictable(&self) -> Result<(), EventError> {
        if self.spec.is_static() {
            return Err(EventError::NotNow("is static, hence critical: the node does not evict it"));
        }
        self.check_alive()
    }

    /// The node ends the Pod, and says why; once everything is being stopped, its word has no effect.
    fn end_by_node(&mut self, eviction: Eviction, grace: Option<i64>) {
        if self.worker.pass.as_ref().is_some_and(|pass| pass.kind == SyncKind::Terminating) {
            return;
        }
        self.record.node.eviction = Some(Arc::new(eviction));
        self.end_by_order(grace);
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
}
