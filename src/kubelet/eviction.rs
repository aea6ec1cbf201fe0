//! "Kill this Pod now": what an eviction, a preemption or a shutdown of the node wants to say, and how long it waits.
//!
//! Answers to `killPodNow` in `pkg/kubelet/pod_workers.go`.

use alloc::{boxed::Box, sync::Arc};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    PodMachine, Step,
    status_manager::{Disruption, StatusReason},
    transitions::WorkerState,
};
use crate::{
    action::{EventReason, EventType},
    rule::{pod_status::PodRecord, termination::KillOrder},
};

/// The least time that a kill is waited for.
const LEAST_WAIT: Duration = Duration::from_secs(10);

const EXCEEDED: &str = "Container runtime did not kill the pod within specified grace period.";

/// Why the node ends a Pod, and what its status is to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kill {
    pub(super) why: Arc<StatusReason>,
    /// What the `DisruptionTarget` condition says, if the Pod gets one.
    pub(super) disruption: Option<Box<str>>,
    pub(super) order: KillOrder,
}

impl Kill {
    /// Has its say in a status that was computed without it.
    pub(crate) fn apply(&self, status: &mut PodRecord, why: &mut Option<Arc<StatusReason>>) -> Option<Disruption> {
        status.phase = self.order.phase(status.phase);
        *why = Some(self.why.clone());
        self.disruption.clone()
    }
}

impl PodMachine {
    /// The node ends the Pod. Only the last word before the terminating sync counts for the status; whoever gave it
    /// waits for the end of that sync.
    pub(super) fn kill_now(&mut self, kill: Kill, grace: Option<Duration>, step: &mut Step<'_>) {
        let grace_seconds = grace.or(self.parts.object.spec.termination_grace()).unwrap_or_default().as_secs();
        let wait = Duration::from_secs(grace_seconds.saturating_add(grace_seconds / 2)).max(LEAST_WAIT);
        let until = step.now + wait;
        let order = kill.order;
        let is_first = self.worker.state == WorkerState::Syncing && !self.parts.object.is_deleting();
        let termination = self.worker.termination.get_or_insert_default();
        termination.is_eviction |= is_first && order != KillOrder::Shutdown;
        termination.kill = Some(Arc::new(kill));
        termination.waits.push(until);
        if order == KillOrder::Preemption {
            self.parts.inbox.set_busy_until(Some(until));
        }
        let shows_initialized = self.parts.shows_initialized();
        self.worker.terminate(&self.parts.object, shows_initialized, grace);
    }

    /// When somebody who waits for the end of the Pod gives up next.
    pub(super) fn next_kill_timeout(&self) -> Option<crate::Timestamp> {
        self.worker.termination.as_ref().and_then(|termination| termination.waits.iter().min().copied())
    }

    /// Those who have waited long enough give up, and say so.
    pub(super) fn give_up_waiting(&mut self, step: &mut Step<'_>) {
        let Some(termination) = &mut self.worker.termination else { return };
        let before = termination.waits.len();
        termination.waits.retain(|until| *until > step.now);
        for _ in termination.waits.len()..before {
            step.record(EventType::Warning, EventReason::ExceededGracePeriod, None, || EXCEEDED.into());
        }
        if self.parts.inbox.blocked_by_preemption_until().is_some_and(|until| until <= step.now) {
            self.parts.inbox.set_busy_until(None);
        }
    }

    /// All containers have stopped: nobody waits any longer.
    pub(super) fn end_waits(&mut self) {
        if let Some(termination) = &mut self.worker.termination {
            termination.waits.clear();
        }
        if !self.parts.runtime.notices_at_once() {
            self.parts.inbox.set_busy_until(None);
        }
    }
}
