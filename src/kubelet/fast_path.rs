//! The periodic sync of a Pod in which nothing has changed.
//!
//! A sync is made of what is known and of nothing else. If the last one found nothing to do and nothing to say, and
//! nothing was heard since, the next finds the same: it is told, and not made.

#[cfg(test)]
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::{
    hash::{Hash, Hasher},
    num::NonZeroU64,
};

use super::{
    PodMachine, Step, components::Kubelet, status_manager::SandboxNews, sync_loop::SHORTEST_PERIOD,
    sync_loop_queue::SyncLoopQueue, transitions::WorkerState,
};
use crate::{
    action::{SyncKind, SyncProgress},
    api::PodPhase,
};

/// That a sync found nothing to do and nothing to say, and what the probe workers then stood for: as long as nothing
/// else happens and they stand for the same, another would find nothing either.
///
/// It spares work and changes nothing that can be seen. So it is no part of what a Pod is: Pods that differ in this
/// alone are equal, and a snapshot leaves it out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResyncCache(Option<NonZeroU64>);

impl ResyncCache {
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

impl PartialEq for ResyncCache {
    fn eq(&self, _: &ResyncCache) -> bool {
        true
    }
}

impl Eq for ResyncCache {}

impl Hash for ResyncCache {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Has every sync made, to see that it makes no difference.
#[cfg(test)]
pub(crate) static ALWAYS_MADE: AtomicBool = AtomicBool::new(false);

/// How many syncs were told and not made.
#[cfg(test)]
pub(crate) static REPEATED: AtomicUsize = AtomicUsize::new(0);

/// What a computation of the status has found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) phase: PodPhase,
    /// Whether it is in every particular what the one before had found.
    pub(crate) is_what_was_known: bool,
}

/// What of a Pod a sync can change, without its being heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// What the probe workers stand for.
    probes: NonZeroU64,
    writes: u32,
}

impl Kubelet {
    pub(super) fn standing(&self) -> Standing {
        Standing { probes: self.probers.standing(), writes: self.status.published.writes }
    }

    /// A sync that has found nothing is quiet if it has changed nothing either, and leaves nothing to its end.
    pub(super) fn quiet_since(&self, before: Standing) -> ResyncCache {
        let is_same = before == self.standing() && self.status.sandbox_news == SandboxNews::None;
        ResyncCache(is_same.then_some(before.probes))
    }

    /// Whether a sync would find what the last one found: nothing.
    fn is_quiet(&self) -> bool {
        // A deadline passes, a poll finds something, and a young kubelet grows old without a word.
        let is_untimed = self.object.spec.active_deadline().is_none() && self.rare().kubelet_start.is_none();
        #[cfg(test)]
        if ALWAYS_MADE.load(Ordering::Relaxed) {
            return false;
        }
        is_untimed
            && self.runtime.notices_at_once()
            && self.inbox == SyncLoopQueue::default()
            && self.quiet.0 == Some(self.probers.standing())
    }
}

impl PodMachine {
    /// Tells of a sync that finds nothing, if that is what the next would be.
    pub(super) fn repeat_quiet_sync(&mut self, step: &mut Step<'_>) -> bool {
        let is_free = self.worker.state == WorkerState::Syncing && self.worker.is_idle() && !self.worker.restarts_next;
        if !is_free || !self.parts.is_quiet() {
            self.parts.quiet.forget();
            return false;
        }
        #[cfg(test)]
        REPEATED.fetch_add(1, Ordering::Relaxed);
        let kind = SyncKind::Sync;
        step.out.sync(step.now, SyncProgress::Began { kind, grace: None });
        step.out.sync(step.now, SyncProgress::Ended { kind, failed: false });
        let resync = self.parts.config.resync_period.max(SHORTEST_PERIOD);
        self.worker.retry_at = Some(step.now + self.parts.late(resync));
        self.parts.plan_garbage_collection(step.now);
        true
    }
}
