//! Timers: when a Pod's machine wakes next, and for what.

use core::time::Duration;

use super::{components::Kubelet, pod_worker::PodWorker, sync::PendingCall, transitions::WorkerState, wake::Wake};
use crate::{rule::deadline, time::Timestamp};

/// Period in which a deadline that has passed is checked again, until it is acted upon: a resync tick of the kubelet.
const DEADLINE_CHECK_PERIOD: Duration = Duration::from_secs(1);

/// Returns the next wake-up; of several at one instant the first by [`Wake`].
pub(super) fn next_wake(worker: &PodWorker, kubelet: &Kubelet) -> Option<(Timestamp, Wake)> {
    let mut first = First(None);
    if let Some(sync) = worker.sync() {
        sync.stops.iter().for_each(|stop| first.add(stop.due(), Wake::Stop(stop.container)));
        if let PendingCall::PostStart(container, _, until) = sync.pending_call {
            first.add(until, Wake::HookSlept(container));
        }
    }
    let probers = kubelet.prober_manager.iter();
    probers.for_each(|prober| first.add(prober.due(), Wake::Probe(prober.container, prober.kind)));
    if worker.state() != WorkerState::Finished || !worker.is_idle() {
        first.add(kubelet.pleg.next_relist(worker.is_blocked_by_relist()), Wake::Relist);
    }
    first.add(worker.kill_timeouts().iter().min().copied(), Wake::KillTimeout);
    // A blocked sync loop does not tick either.
    if !kubelet.queue.is_blocked() {
        first.add(worker.retry_at(), Wake::Retry);
        first.add(next_deadline_check(worker, kubelet), Wake::Deadline);
    }
    let gc = &kubelet.cold().gc;
    first.add(gc.sandboxes_at(), Wake::GarbageCollection);
    first.add(gc.dead_containers_at(), Wake::RemoveDead);
    // Timestamps saturate: a wake-up at the last instant would be due for ever.
    first.0.filter(|(at, _)| *at < Timestamp::END)
}

/// Returns when the active deadline is checked next.
fn next_deadline_check(worker: &PodWorker, kubelet: &Kubelet) -> Option<Timestamp> {
    if worker.state() != WorkerState::Syncing {
        return None;
    }
    let deadline = deadline::expires_at(&kubelet.object.spec, kubelet.status_manager.start_time()?)?;
    let met_at = kubelet.cold().deadline_met_at;
    Some(met_at.map_or(deadline, |met_at| deadline.max(met_at + DEADLINE_CHECK_PERIOD)))
}

/// Earliest of several wake-ups.
struct First(Option<(Timestamp, Wake)>);

impl First {
    fn add(&mut self, at: Option<Timestamp>, wake: Wake) {
        if let Some(at) = at
            && self.0.is_none_or(|first| (at, wake) < first)
        {
            self.0 = Some((at, wake));
        }
    }
}
