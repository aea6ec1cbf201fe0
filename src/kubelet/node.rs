//! What the node does to a Pod: refuses it, ends it, restarts its kubelet.

use alloc::{borrow::Cow, boxed::Box, format, sync::Arc};
use core::time::Duration;

use super::{
    PodMachine, Step,
    eviction::Kill,
    rare::ColdState,
    status_manager::StatusReason,
    transitions::WorkerState,
    write::{CouldRun, Write},
};
use crate::{
    action::{EventReason, EventType, KubernetesEvent},
    api::{Name, PodPhase},
    event::NodeEvent,
    rule::termination::KillOrder,
    time::seconds,
};

/// What a hard eviction leaves.
const IMMEDIATE: Duration = Duration::from_secs(1);

const PREEMPTED: &str = "Preempted in order to admit critical pod";
const PREEMPTED_BY_KUBELET: &str = "Pod was preempted by Kubelet to accommodate a critical pod.";
const SHUT_DOWN: &str = "Pod was terminated in response to imminent node shutdown.";

impl PodMachine {
    /// Takes in what has been checked.
    pub(super) fn on_node_event(&mut self, event: NodeEvent, step: &mut Step<'_>) {
        match event {
            NodeEvent::KubeletRestarted => self.worker.restarts_next = true,
            NodeEvent::Evicted { message, grace_seconds, is_disruption } => {
                self.on_evicted(message, grace_seconds, is_disruption, step);
            }
            NodeEvent::Preempted => self.on_preempted(step),
            NodeEvent::ShutDown { grace_seconds } => self.on_shut_down(grace_seconds, step),
        }
        self.settle(step);
    }

    /// The node does not let the Pod in: it fails at once, and nothing of it ever runs.
    ///
    /// Answers to `rejectPod` in `pkg/kubelet/kubelet.go`: no condition and no container is reported.
    pub(super) fn reject(&mut self, reason: &str, message: &str, step: &mut Step<'_>) {
        self.worker.state = WorkerState::Finished;
        let status = &mut self.parts.status;
        status.start_time = Some(step.now.whole_seconds());
        status.generations.status = self.parts.object.generation;
        Arc::make_mut(&mut status.record).phase = PodPhase::Failed;
        status.why = Some(StatusReason::new(reason, &format!("Pod was rejected: {message}")));
        if step.out.wants_events() {
            let reason = Cow::Owned(reason.into());
            let (at, type_, message) = (step.now, EventType::Warning, message.into());
            step.out.event(KubernetesEvent { at, type_, reason, container: None, message });
        }
        self.parts.publish(Write::Changed, CouldRun::No, step);
        self.note_next_wake();
    }

    /// The node is under pressure, or the Pod uses more local storage than it may.
    ///
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/>. A hard eviction leaves 1 s, a
    /// soft one at most its own maximum. Answers to `evictPod` in `pkg/kubelet/eviction`.
    fn on_evicted(&mut self, message: Box<str>, longest: Option<i64>, is_disruption: bool, step: &mut Step<'_>) {
        step.record(EventType::Warning, EventReason::Evicted, None, || (*message).into());
        let why = StatusReason::new(EventReason::Evicted.name(), &message);
        let disruption = is_disruption.then_some(message);
        let grace = longest.map_or(IMMEDIATE, |longest| self.at_most(seconds::of_field(longest)));
        let kill = Kill { why, disruption, order: KillOrder::Eviction };
        self.kill_now(kill, Some(grace), step);
    }

    /// A critical Pod needs the room; the Pod keeps its own grace.
    ///
    /// Answers to `evictPodsToFreeRequests` in `pkg/kubelet/preemption`.
    fn on_preempted(&mut self, step: &mut Step<'_>) {
        step.record(EventType::Warning, EventReason::Preempting, None, || PREEMPTED.into());
        let why = StatusReason::new(EventReason::Preempting.name(), PREEMPTED);
        let kill = Kill { why, disruption: Some(PREEMPTED_BY_KUBELET.into()), order: KillOrder::Preemption };
        self.kill_now(kill, None, step);
    }

    /// The node shuts down, and gives Pods of each priority their time; a Pod that has succeeded by then has.
    ///
    /// <https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/>. No event is recorded. Answers to
    /// `killPods` in `pkg/kubelet/nodeshutdown`.
    fn on_shut_down(&mut self, longest: Option<i64>, step: &mut Step<'_>) {
        let own = self.parts.object.spec.termination_grace();
        let grace = longest.map(|longest| self.at_most(seconds::of_field(longest))).or(own);
        let why = StatusReason::new("Terminated", SHUT_DOWN);
        let kill = Kill { why, disruption: Some(SHUT_DOWN.into()), order: KillOrder::Shutdown };
        self.kill_now(kill, grace, step);
    }

    /// The Pod's own grace, but at most this.
    fn at_most(&self, longest: Duration) -> Duration {
        self.parts.object.spec.termination_grace().map_or(longest, |own| own.min(longest))
    }

    /// The kubelet restarts, between two syncs: runtime and API keep what they have, its memory is lost. Says whether
    /// there is anything to do.
    pub(super) fn restart_kubelet(&mut self, step: &mut Step<'_>) -> bool {
        if self.worker.state == WorkerState::Finished {
            return false;
        }
        // Objects are listed again: the newest is known before the worker begins.
        if let Some(newest) = self.parts.inbox.newest_object().cloned() {
            self.hear_object(newest, step);
        }
        let parts = &mut self.parts;
        parts.probers.forget();
        parts.containers.forget();
        parts.status.forget();
        parts.inbox.forget();
        let garbage_at = parts.rare().garbage_at;
        *parts.rare_mut() = ColdState { kubelet_start: Some(step.now), garbage_at, ..ColdState::default() };
        self.worker.forget();
        let is_over = self.parts.status.record.phase.is_terminal();
        if is_over {
            Arc::make_mut(&mut self.parts.object).ended = self.parts.status.published.phase;
        }
        self.take_up();
        true
    }

    /// The kubelet hears of the Pod for the first time since it started: one that is being deleted is ended, and of one
    /// that is over, and of which nothing runs, only the last words are left to say.
    ///
    /// Answers to the first `UpdatePod`.
    pub(super) fn take_up(&mut self) {
        let object = &self.parts.object;
        if object.ended.is_some() && self.parts.runtime.actual().is_quiet() {
            self.worker.state = WorkerState::Terminated;
        } else if object.is_deleting() || object.is_gone || object.ended.is_some() {
            self.terminate(None);
        }
        self.request_sync();
    }
}
