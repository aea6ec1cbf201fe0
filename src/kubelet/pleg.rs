//! The runtime as it is, and as the kubelet has seen it last.
//!
//! Under ideal timing both are the same. The generic PLEG looks once a second: what it has not seen yet, the kubelet
//! does not know. Answers to `pkg/kubelet/pleg/generic.go` and `pkg/kubelet/container/cache.go`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{livelock_guard::LivelockGuard, sync_loop_queue::PlegEvent};
use crate::{
    config::Timing,
    state::{Instance, InstanceState, RuntimeStatus},
    time::Timestamp,
};

/// How often the generic PLEG relists.
pub(crate) const RELIST_PERIOD: Duration = Duration::from_secs(1);

/// How long after a sync the runtime is relisted out of turn.
const RELIST_AFTER_SYNC: Duration = Duration::from_micros(1);

/// The runtime as news tell it, and as the kubelet sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeCache {
    actual: Arc<RuntimeStatus>,
    pleg: Option<Box<GenericPleg>>,
}

/// The poll of a real node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericPleg {
    /// Where in each second it relists.
    phase: Duration,
    relist_after_sync: bool,
    /// Relists before this moment saw nothing of the Pod.
    #[serde(with = "crate::time::exact")]
    since: Timestamp,
    /// The runtime as of the last relist that found a change.
    seen: Arc<RuntimeStatus>,
    /// When something changed that no relist has seen.
    #[serde(with = "crate::time::exact")]
    changed_at: Option<Timestamp>,
    /// When the Pod was last relisted out of turn.
    #[serde(with = "crate::time::exact")]
    observed_at: Option<Timestamp>,
    /// The relists out of turn: where what a sync does takes no time, syncs would lead to one another for ever.
    out_of_turn: LivelockGuard,
    /// When it is to be relisted out of turn.
    #[serde(with = "crate::time::exact")]
    requested_for: Option<Timestamp>,
    /// When the last sync ended.
    #[serde(with = "crate::time::exact")]
    synced_at: Option<Timestamp>,
}

/// What a relist out of turn is due to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelistRequest {
    /// Nothing is relisted now.
    None,
    /// The runtime is relisted at once.
    Now,
}

impl RuntimeCache {
    pub(crate) fn new(actual: RuntimeStatus, timing: Timing, now: Timestamp) -> RuntimeCache {
        let actual = Arc::new(actual);
        let pleg = timing.poll().map(|(phase, relist_after_sync)| {
            Box::new(GenericPleg {
                phase,
                relist_after_sync,
                since: now,
                seen: Arc::default(),
                changed_at: Some(now).filter(|_| *actual != RuntimeStatus::default()),
                observed_at: None,
                out_of_turn: LivelockGuard::default(),
                requested_for: None,
                synced_at: None,
            })
        });
        RuntimeCache { actual, pleg }
    }

    /// What the kubelet finds in the runtime when it starts: it has relisted before it hears of any Pod.
    pub(crate) fn found(actual: RuntimeStatus, timing: Timing, now: Timestamp) -> RuntimeCache {
        let mut cache = RuntimeCache::new(actual, timing, now);
        if let Some(pleg) = &mut cache.pleg {
            (pleg.seen, pleg.observed_at, pleg.changed_at) = (cache.actual.clone(), Some(now), None);
        }
        cache
    }

    /// Polls at the times that the configuration says; says whether it is of the kind that was known.
    #[cfg(feature = "snapshot")]
    pub(crate) fn set_timing(&mut self, timing: Timing) -> bool {
        match (&mut self.pleg, timing.poll()) {
            (Some(pleg), Some((phase, relist_after_sync))) => {
                (pleg.phase, pleg.relist_after_sync) = (phase, relist_after_sync);
                true
            }
            (pleg, poll) => pleg.is_none() && poll.is_none(),
        }
    }

    /// The runtime as it is.
    pub(crate) fn actual(&self) -> &RuntimeStatus {
        &self.actual
    }

    /// The runtime as the kubelet has seen it last.
    pub(crate) fn seen(&self) -> &Arc<RuntimeStatus> {
        self.pleg.as_ref().map_or(&self.actual, |pleg| &pleg.seen)
    }

    /// Changes the runtime; a poll will notice.
    pub(crate) fn change(&mut self, now: Timestamp) -> &mut RuntimeStatus {
        if let Some(pleg) = &mut self.pleg {
            pleg.changed_at = Some(pleg.changed_at.map_or(now, |at| at.min(now)));
        }
        Arc::make_mut(&mut self.actual)
    }

    /// Whether changes are noticed at once.
    pub(crate) fn notices_at_once(&self) -> bool {
        self.pleg.is_none()
    }

    /// Marks which instances differ from the spec, in all that is known.
    pub(crate) fn mark(&mut self, mark: impl Fn(&mut Instance)) {
        Arc::make_mut(&mut self.actual).instances.iter_mut().for_each(&mark);
        if let Some(pleg) = &mut self.pleg {
            Arc::make_mut(&mut pleg.seen).instances.iter_mut().for_each(&mark);
        }
    }

    /// Whether a sync may begin: there has been a relist after the end of the one before.
    ///
    /// Answers to `GetNewerThan`.
    pub(crate) fn allows_sync(&self, now: Timestamp) -> bool {
        self.pleg.as_ref().is_none_or(|pleg| pleg.is_newer_than_sync(now))
    }

    /// When the runtime is relisted next, if that can make a difference; `is_waited_for`: a sync waits for it.
    pub(crate) fn next_relist(&self, is_waited_for: bool) -> Option<Timestamp> {
        let pleg = self.pleg.as_ref()?;
        let for_sync = || pleg.first_relist_after(pleg.synced_at.unwrap_or(pleg.since));
        let by_poll = pleg.changed_at.map(|at| pleg.first_relist_after(at));
        let by_sync = is_waited_for.then(for_sync);
        [by_poll, by_sync, pleg.requested_for].into_iter().flatten().min()
    }

    /// A sync has ended; one that did something asks for a relist out of turn.
    pub(crate) fn note_sync_end(&mut self, has_acted: bool, now: Timestamp) -> RelistRequest {
        let Some(pleg) = &mut self.pleg else { return RelistRequest::None };
        pleg.synced_at = Some(now);
        if !has_acted {
            RelistRequest::None
        } else if pleg.relist_after_sync {
            if pleg.out_of_turn.allows_another(now) {
                pleg.requested_for = Some(now + RELIST_AFTER_SYNC);
            }
            RelistRequest::None
        } else if pleg.last_relist(now) == Some(now) {
            // The relist of this very instant counts as having served the request.
            RelistRequest::None
        } else {
            RelistRequest::Now
        }
    }

    /// Whether the worker has asked for a relist that is yet to come: until then it takes up nothing.
    pub(crate) fn awaits_requested_relist(&self) -> bool {
        self.pleg.as_ref().is_some_and(|pleg| pleg.requested_for.is_some())
    }

    /// Relists: what has changed since the last time is now seen, and told one by one.
    ///
    /// Containers that were known before come first, the newest of them first, then new ones in the order of their creation,
    /// then sandboxes.
    pub(crate) fn relist(&mut self, now: Timestamp) -> Vec<PlegEvent> {
        let Some(pleg) = &mut self.pleg else { return Vec::new() };
        pleg.changed_at = None;
        if pleg.requested_for.is_some_and(|at| at <= now) {
            pleg.requested_for = None;
        }
        pleg.observed_at = Some(now);
        let before = core::mem::replace(&mut pleg.seen, self.actual.clone());
        events_between(&before, &self.actual)
    }
}

impl GenericPleg {
    fn first_relist_after(&self, at: Timestamp) -> Timestamp {
        let in_this_second = at.whole_seconds() + self.phase;
        if in_this_second > at { in_this_second } else { in_this_second + RELIST_PERIOD }
    }

    /// The last relist of the poll up to now, if the Pod was there.
    fn last_relist(&self, now: Timestamp) -> Option<Timestamp> {
        let in_this_second = now.whole_seconds() + self.phase;
        let last = if in_this_second <= now { in_this_second } else { in_this_second - RELIST_PERIOD };
        (last > self.since).then_some(last)
    }

    fn is_newer_than_sync(&self, now: Timestamp) -> bool {
        // A relist of the poll that would have seen something is made when its time comes, or late; the others are not.
        // Where time goes back, what has changed is owed as well.
        let is_owed = self.changed_at.is_some_and(|at| at > now || self.first_relist_after(at) <= now);
        let by_poll = self.last_relist(now).filter(|_| !is_owed);
        let newest = by_poll.max(self.observed_at.filter(|at| *at <= now));
        match (newest, self.synced_at) {
            (Some(newest), Some(synced_at)) => newest > synced_at,
            (newest, None) => newest.is_some(),
            (None, Some(_)) => false,
        }
    }
}

fn events_between(before: &RuntimeStatus, after: &RuntimeStatus) -> Vec<PlegEvent> {
    let mut events = Vec::new();
    for was in &before.instances {
        let is = after.instances.iter().find(|it| (it.container, it.id) == (was.container, was.id));
        instance_events(Some(was), is, &mut events);
    }
    for is in after.instances.iter().rev() {
        if !before.instances.iter().any(|it| (it.container, it.id) == (is.container, is.id)) {
            instance_events(None, Some(is), &mut events);
        }
    }
    for is in after.sandboxes.iter().rev() {
        let was = before.sandboxes.iter().find(|it| it.id == is.id).map(|it| it.is_ready);
        if was != Some(is.is_ready) {
            events.push(if is.is_ready { PlegEvent::Started } else { PlegEvent::Died(None) });
        }
    }
    events
}

fn instance_events(was: Option<&Instance>, is: Option<&Instance>, events: &mut Vec<PlegEvent>) {
    let is_dead = |it: &Instance| it.termination().is_some();
    match (was, is) {
        (Some(was), None) => {
            if !is_dead(was) {
                events.push(PlegEvent::Died(was.container));
            }
            events.push(PlegEvent::Removed);
        }
        (was, Some(is)) if is_dead(is) && !was.is_some_and(is_dead) => events.push(PlegEvent::Died(is.container)),
        (was, Some(is)) if is.is_running() && !was.is_some_and(Instance::is_running) => {
            events.push(PlegEvent::Started);
        }
        (_, Some(Instance { state: InstanceState::Created | InstanceState::Unknown, .. }))
        | (_, Some(_))
        | (None, None) => {}
    }
}
