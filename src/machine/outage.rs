//! The node is lost, and comes back.
//!
//! <https://kubernetes.io/docs/concepts/architecture/nodes/#condition> and
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. While the node is lost there are two
//! records: the kubelet's own, which goes on, and the API's, which an observer sees and others write to.

use alloc::format;

use super::{
    Pod, Published, Step,
    record::{Record, StatusReason},
    tables::WorkerState,
};
use crate::{
    action::{Change, EventReason, EventType, Transition},
    event::EventError,
    manifest::{ConditionStatus, PodPhase},
    state::ConditionType,
};

impl Pod {
    /// The node controller has not heard of the node for too long.
    ///
    /// A Pod that has not ended is no longer `Ready`, its reason is `NodeLost`, and its phase, to those who cannot see
    /// it, `Unknown`. Answers to `MarkPodsNotReady` and `SetPodTerminationReason` in `pkg/controller/util/node`;
    /// present-day controllers leave phase and reason as they were, and only kubectl still knows `NodeLost`.
    pub(super) fn on_node_lost(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_bound()?;
        if self.is_node_lost() {
            return Err(EventError::NotNow("is on a node that is lost already"));
        }
        let mut seen = self.record.clone();
        self.record.api.node_lost_at = Some(step.now.whole_seconds());
        if seen.api.phase.is_some_and(PodPhase::is_terminal) {
            self.seen = Some(seen);
            return Ok(());
        }
        let message =
            format!("Node {} which was running pod {} is unresponsive", self.config.node_name, self.spec.name());
        seen.api.why = Some(StatusReason::new("NodeLost", &message));
        let from = seen.api.phase.replace(PodPhase::Unknown);
        let ready = &mut seen.status.conditions.ready;
        let was_ready = ready.is_true();
        if was_ready {
            ready.status = ConditionStatus::False;
            seen.mark_changed(ConditionType::Ready, step.now);
        }
        self.seen = Some(seen);
        let mut change = |change| step.out.transition(Transition { at: step.now, change });
        change(Change::Phase { from, to: PodPhase::Unknown });
        if was_ready {
            let (from, to) = (Some(ConditionStatus::True), ConditionStatus::False);
            change(Change::Condition { condition: ConditionType::Ready, from, to, reason: None });
            self.tell(step, EventType::Warning, EventReason::NodeNotReady, None, || "Node is not ready".into());
        }
        step.out.published(step.now, &Published::of(self));
        Ok(())
    }

    /// The node is back: the kubelet hears what it has missed, and what it has to say is published.
    pub(super) fn on_node_recovered(&mut self, step: &mut Step<'_>) -> Result<(), EventError> {
        let Some(seen) = self.seen.take() else {
            return Err(EventError::NotNow("is on a node that is not lost"));
        };
        let shown = seen.api.phase;
        let is_deletion_news = self.take_over(&seen);
        if seen.api.is_gone {
            // Nobody sees the Pod any more: it stays as it was seen last.
            (self.record.api.phase, self.record.api.why) = (shown, seen.api.why);
            self.on_removed();
            return Ok(());
        }
        self.tell_difference(&seen, step);
        self.write(shown, step);
        let is_terminal = shown.is_some_and(PodPhase::is_terminal);
        if is_deletion_news || is_terminal {
            self.end_by_order(None);
        }
        if self.record.new_spec.is_some() {
            self.request_pass();
        }
        if self.worker.state == WorkerState::Finished {
            self.remove_if_done();
        }
        Ok(())
    }

    /// Takes over what others have changed in the API meanwhile; says whether a deletion is among it.
    fn take_over(&mut self, seen: &Record) -> bool {
        let own = &mut self.record;
        let is_deletion_news = own.api.deletion != seen.api.deletion;
        own.api.node_lost_at = None;
        own.api.deletion = seen.api.deletion;
        own.api.generation = seen.api.generation;
        own.api.foreign_changed |= own.api.foreign != seen.api.foreign;
        own.api.foreign.clone_from(&seen.api.foreign);
        if seen.api.phase.is_some_and(PodPhase::is_terminal) {
            own.api.phase = seen.api.phase;
        }
        if seen.new_spec.as_ref().is_some_and(|new| *new != self.spec) {
            own.new_spec.clone_from(&seen.new_spec);
        }
        is_deletion_news
    }

    fn tell_difference(&self, seen: &Record, step: &mut Step<'_>) {
        for (condition, is) in self.record.status.conditions.iter() {
            let from = seen.status.conditions.get(condition).map(|was| was.status);
            if from != Some(is.status) {
                self.emit(Change::Condition { condition, from, to: is.status, reason: is.reason }, step);
            }
        }
        self.note_containers(&seen.status.records, step);
    }

    /// The object of a Pod that is being deleted goes when the kubelet is done with it, and can say so.
    pub(super) fn remove_if_done(&mut self) {
        if self.knows_deletion() && !self.is_node_lost() {
            self.record.api.is_gone = true;
        }
    }
}
