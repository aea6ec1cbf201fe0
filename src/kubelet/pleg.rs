//! PLEG (pod lifecycle event generator): the runtime's state, and the kubelet's cache of it (pkg/kubelet/pleg).
//!
//! Under ideal timing both are the same. The generic PLEG relists once a second, and the kubelet does not know what no
//! relist has seen. Answers to `pkg/kubelet/pleg/generic.go` and `pkg/kubelet/container/cache.go`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::timers::LivelockGuard;
use crate::{
    config::Timing,
    spec::ContainerIndex,
    state::{Instance, InstanceState, RuntimeStatus},
    time::Timestamp,
};

/// Period of the generic PLEG (`genericPlegRelistPeriod`).
const RELIST_PERIOD: Duration = Duration::from_secs(1);

/// Delay of the relist that a sync requests: the smallest step of time, so that it is a wake-up of its own.
const RELIST_AFTER_SYNC: Duration = Duration::from_micros(1);

/// Runtime state of one Pod and the kubelet's cache of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pleg {
    runtime: Arc<RuntimeStatus>,
    /// `None` under ideal timing.
    generic: Option<Box<GenericPleg>>,
}

/// State of the poll on a real node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericPleg {
    /// Offset of the relist in each second.
    #[serde(with = "crate::time::seconds")]
    phase: Duration,
    relist_after_sync: bool,
    /// When the Pod came; relists before that saw nothing of it.
    #[serde(with = "crate::time::exact")]
    since: Timestamp,
    /// The runtime as of the last relist that found a change.
    cache: Arc<RuntimeStatus>,
    /// Time of the first change that no relist has seen.
    #[serde(with = "crate::time::exact")]
    changed_at: Option<Timestamp>,
    /// Time of the last relist that found a change or was requested.
    #[serde(with = "crate::time::exact")]
    relisted_at: Option<Timestamp>,
    /// Limits requested relists: syncs without latency would request one another for ever.
    request_guard: LivelockGuard,
    /// Time of the relist that the last sync has requested.
    #[serde(with = "crate::time::exact")]
    requested_for: Option<Timestamp>,
    /// When the last sync ended.
    #[serde(with = "crate::time::exact")]
    synced_at: Option<Timestamp>,
    /// True if the next relist looks at the Pod even if nothing has changed.
    inspects: bool,
}

/// Change of the runtime that the PLEG reports to the sync loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum PlegEvent {
    /// A container or a sandbox runs.
    Started,
    /// An instance of this container has died; `None`: a sandbox.
    Died(Option<ContainerIndex>),
    /// A dead instance was removed, which requests no sync.
    Removed,
    /// Nothing has changed: a resize has requested another look at the Pod (`PodSync`).
    Inspected,
}

impl Pleg {
    /// Creates the PLEG of a Pod that comes now, with the runtime in this state; `is_new_kubelet`: true if it has relisted
    /// nothing yet.
    pub(super) fn new(runtime: RuntimeStatus, timing: Timing, is_new_kubelet: bool, now: Timestamp) -> Pleg {
        let runtime = Arc::new(runtime);
        let generic = timing.poll().map(|(phase, relist_after_sync)| {
            Box::new(GenericPleg {
                phase,
                relist_after_sync,
                since: now,
                cache: Arc::default(),
                changed_at: Some(now).filter(|_| *runtime != RuntimeStatus::default()),
                // GetNewerThan returns at once for a Pod that the cache does not know, if there was any relist.
                relisted_at: Some(now).filter(|_| !is_new_kubelet),
                request_guard: LivelockGuard::default(),
                requested_for: None,
                synced_at: None,
                inspects: false,
            })
        });
        Pleg { runtime, generic }
    }

    /// Creates the PLEG of a kubelet that starts: it has relisted before it gets any Pod.
    pub(super) fn after_restart(runtime: RuntimeStatus, timing: Timing, now: Timestamp) -> Pleg {
        let mut found = Pleg::new(runtime, timing, false, now);
        if let Some(generic) = &mut found.generic {
            (generic.cache, generic.relisted_at, generic.changed_at) = (found.runtime.clone(), Some(now), None);
        }
        found
    }

    /// Takes the configured times of the poll; false if the timing is of another kind than before.
    #[cfg(feature = "snapshot")]
    pub(super) fn set_timing(&mut self, timing: Timing) -> bool {
        match (&mut self.generic, timing.poll()) {
            (Some(generic), Some((phase, relist_after_sync))) => {
                (generic.phase, generic.relist_after_sync) = (phase, relist_after_sync);
                true
            }
            (generic, poll) => generic.is_none() && poll.is_none(),
        }
    }

    /// Returns the runtime's state.
    pub(super) fn runtime(&self) -> &RuntimeStatus {
        &self.runtime
    }

    /// Returns the kubelet's cache: the runtime as of the last relist.
    pub(super) fn cache(&self) -> &Arc<RuntimeStatus> {
        self.generic.as_ref().map_or(&self.runtime, |generic| &generic.cache)
    }

    /// Returns the runtime's state for a change, which the next relist finds.
    pub(super) fn change(&mut self, now: Timestamp) -> &mut RuntimeStatus {
        if let Some(generic) = &mut self.generic {
            generic.changed_at = Some(generic.changed_at.map_or(now, |at| at.min(now)));
        }
        Arc::make_mut(&mut self.runtime)
    }

    /// True under ideal timing: a change is reported when it happens, and no relist is awaited.
    pub(super) fn is_ideal(&self) -> bool {
        self.generic.is_none()
    }

    /// Updates every instance in the runtime and in the cache.
    pub(super) fn update_instances(&mut self, update: impl Fn(&mut Instance)) {
        Arc::make_mut(&mut self.runtime).instances.iter_mut().for_each(&update);
        if let Some(generic) = &mut self.generic {
            Arc::make_mut(&mut generic.cache).instances.iter_mut().for_each(&update);
        }
    }

    /// True if a sync may start: the runtime was relisted after the end of the sync before.
    ///
    /// Answers to `GetNewerThan`.
    pub(super) fn allows_sync(&self, now: Timestamp) -> bool {
        self.generic.as_ref().is_none_or(|generic| generic.is_newer_than_sync(now))
    }

    /// Returns when the runtime is relisted next, if that can make a difference. A blocked sync makes any relist count.
    #[inline]
    pub(super) fn next_relist(&self, is_sync_blocked: bool) -> Option<Timestamp> {
        self.generic.as_ref()?.next_relist(is_sync_blocked)
    }

    /// Records the end of a sync; one that has acted requests a relist. True if the runtime is to be relisted now.
    pub(super) fn record_sync_end(&mut self, has_acted: bool, now: Timestamp) -> bool {
        // Ideal timing has no relists to request.
        let Some(generic) = &mut self.generic else { return false };
        generic.synced_at = Some(now);
        if !has_acted {
            return false;
        }
        if generic.relist_after_sync {
            if generic.request_guard.allows_another(now) {
                generic.requested_for = Some(now + RELIST_AFTER_SYNC);
            }
            return false;
        }
        // A poll at this very instant has served the request already.
        generic.last_relist(now) != Some(now)
    }

    /// Has the next relist look at the Pod even if nothing has changed.
    ///
    /// Answers to `RequestReinspect`.
    pub(super) fn request_inspection(&mut self, now: Timestamp) {
        if let Some(generic) = &mut self.generic {
            generic.inspects = true;
            generic.changed_at = Some(generic.changed_at.map_or(now, |at| at.min(now)));
        }
    }

    /// True while a requested relist is due: until then the worker dequeues nothing.
    pub(super) fn awaits_requested_relist(&self) -> bool {
        self.generic.as_ref().is_some_and(|generic| generic.requested_for.is_some())
    }

    /// Relists the runtime into the cache and returns an event for each change.
    ///
    /// Known containers come first, the newest of them first, then new ones in the order of their creation, then
    /// sandboxes.
    pub(super) fn relist(&mut self, now: Timestamp) -> Vec<PlegEvent> {
        let Some(generic) = &mut self.generic else { return Vec::new() };
        generic.changed_at = None;
        // A poll before the requested time does not serve the request.
        if generic.requested_for.is_some_and(|at| at <= now) {
            generic.requested_for = None;
        }
        generic.relisted_at = Some(now);
        let before = core::mem::replace(&mut generic.cache, self.runtime.clone());
        let mut events = events_between(&before, &self.runtime);
        if core::mem::take(&mut generic.inspects) && events.is_empty() {
            events.push(PlegEvent::Inspected);
        }
        events
    }
}

impl GenericPleg {
    fn next_relist(&self, is_sync_blocked: bool) -> Option<Timestamp> {
        let by_poll = self.changed_at.map(|at| self.first_relist_after(at));
        let by_sync = is_sync_blocked.then(|| self.first_relist_after(self.synced_at.unwrap_or(self.since)));
        [by_poll, by_sync, self.requested_for].into_iter().flatten().min()
    }

    /// Returns the time of the first relist of the poll after `at`.
    fn first_relist_after(&self, at: Timestamp) -> Timestamp {
        let in_this_second = at.whole_seconds() + self.phase;
        if in_this_second > at { in_this_second } else { in_this_second + RELIST_PERIOD }
    }

    /// Returns the time of the poll's last relist up to now, if the Pod was there.
    fn last_relist(&self, now: Timestamp) -> Option<Timestamp> {
        let in_this_second = now.whole_seconds() + self.phase;
        let last = if in_this_second <= now { in_this_second } else { in_this_second - RELIST_PERIOD };
        (last > self.since).then_some(last)
    }

    /// True if a relist has happened since the last sync ended, so that the cache is newer than it.
    fn is_newer_than_sync(&self, now: Timestamp) -> bool {
        // Only relists that would find a change are carried out, perhaps late; all others count as made at their time.
        // If time went back, a change from the future is overdue as well.
        let is_owed = self.changed_at.is_some_and(|at| at > now || self.first_relist_after(at) <= now);
        let by_poll = self.last_relist(now).filter(|_| !is_owed);
        let newest = by_poll.max(self.relisted_at.filter(|at| *at <= now));
        match (newest, self.synced_at) {
            (Some(newest), Some(synced_at)) => newest > synced_at,
            (newest, None) => newest.is_some(),
            (None, Some(_)) => false,
        }
    }
}

/// Returns the events that a relist makes of two states of the runtime.
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
        // generateEvents: a container that vanishes while it runs has died, too.
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
        // A relist drops ContainerChanged, which no component handles.
        (_, Some(Instance { state: InstanceState::Created | InstanceState::Unknown, .. }))
        | (_, Some(_))
        | (None, None) => {}
    }
}
