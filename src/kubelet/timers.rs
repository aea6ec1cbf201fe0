//! When a Pod wakes by itself, and why.

use core::time::Duration;

use super::{
    PodMachine, Step, components::Kubelet, prober_manager::Prober, sync::PendingCall, transitions::WorkerState,
};
use crate::{
    config::{Timing, mix},
    rule::deadline,
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// Why a Pod wakes; at one instant they come in this order.
///
/// See [`PodMachine::next_wake`](crate::PodMachine::next_wake), which says for what a Pod wakes:
///
/// ```
///
/// use pod_lifecycle::Wake;
///
/// assert!(Wake::Relist < Wake::Deadline, "the order at one instant");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Wake {
    /// The runtime is relisted ([`Timing::GenericPleg`] and [`Timing::NodeLike`] only).
    Relist,
    /// A container being stopped: its hook has run out of time, or its turn has come.
    Stop(ContainerIndex),
    /// A hook that sleeps after a start is over.
    HookSlept(ContainerIndex),
    /// A probe is due.
    Probe(ContainerIndex, ProbeKind),
    /// Somebody who ended the Pod has waited long enough for it.
    KillTimeout,
    /// The next sync is due without any other reason: a back-off ends, a failure is tried again, a resync.
    Retry,
    /// The active deadline has passed.
    Deadline,
    /// Dead sandboxes are removed.
    GarbageCollection,
    /// Dead containers of a Pod that was evicted, or that is deleted and over, are removed.
    RemoveDead,
}

impl PodMachine {
    /// What the Pod wakes for next, and when.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, Wake, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"spec": {"activeDeadlineSeconds": 30, "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.next_wake(), Some((Timestamp::from_unix_seconds(30), Wake::Deadline)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn next_wake(&self) -> Option<(Timestamp, Wake)> {
        self.parts.wake
    }

    /// Of several wake-ups at one instant the one that comes first in [`Wake`].
    fn compute_next_wake(&self) -> Option<(Timestamp, Wake)> {
        let (worker, parts) = (&self.worker, &self.parts);
        let mut first = First(None);
        if let Some(sync) = worker.sync.as_deref() {
            sync.stops.iter().for_each(|stop| first.take(stop.due(), Wake::Stop(stop.container)));
            if let PendingCall::PostStart(container, _, until) = sync.doing {
                first.take(until, Wake::HookSlept(container));
            }
        }
        parts.probers.iter().for_each(|prober| first.take(prober.due(), Wake::Probe(prober.container, prober.kind)));
        if worker.state != WorkerState::Finished || !worker.is_idle() {
            first.take(parts.runtime.next_relist(worker.taken.is_some()), Wake::Relist);
        }
        first.take(self.next_kill_timeout(), Wake::KillTimeout);
        if !parts.inbox.is_busy() {
            first.take(worker.retry_at, Wake::Retry);
            first.take(self.next_deadline_check(), Wake::Deadline);
        }
        first.take(parts.rare().garbage_at, Wake::GarbageCollection);
        first.take(parts.rare().removal.as_ref().map(|removal| removal.at), Wake::RemoveDead);
        // What is due when time ends never comes: nothing could be due after it.
        first.0.filter(|(at, _)| *at < Timestamp::END)
    }

    /// When the active deadline is looked at next: when it passes, and then once a second until it is acted upon.
    fn next_deadline_check(&self) -> Option<Timestamp> {
        if self.worker.state != WorkerState::Syncing {
            return None;
        }
        let deadline = deadline::expires_at(&self.parts.object.spec, self.parts.status.start_time?)?;
        let met = self.parts.rare().deadline_met;
        Some(met.map_or(deadline, |met| deadline.max(met + Duration::from_secs(1))))
    }

    pub(super) fn note_next_wake(&mut self) {
        self.parts.wake = self.compute_next_wake();
    }

    /// A worker that waited for an answer waits for its next probe, and all else is as it was.
    pub(super) fn note_wake_for_probe(&mut self, container: ContainerIndex, kind: ProbeKind) {
        let due = self.parts.probers.get(container, kind).and_then(Prober::due);
        let mut first = First(self.parts.wake);
        first.take(due.filter(|at| *at < Timestamp::END), Wake::Probe(container, kind));
        self.parts.wake = first.0;
        debug_assert_eq!(self.parts.wake, self.compute_next_wake(), "an answer changes nothing else");
    }

    /// Handles one wake-up.
    pub(super) fn wake(&mut self, wake: Wake, step: &mut Step<'_>) {
        if !matches!(wake, Wake::Probe(..) | Wake::Retry) {
            self.parts.quiet.forget();
        }
        match wake {
            Wake::Relist => {
                self.relist(step.now);
                // A sync that was waiting for it comes before what it has found is heard.
                while self.work(step) {}
            }
            Wake::Stop(_) => self.with_sync(|sync, _| sync.go_on_stopping(step)),
            Wake::HookSlept(_) => self.with_sync(|sync, parts| {
                if let PendingCall::PostStart(container, instance, _) = sync.doing {
                    sync.on_post_start_finished(container, instance, Ok(()), parts, step);
                }
            }),
            Wake::Probe(container, kind) => self.tick_prober(container, kind, step),
            Wake::KillTimeout => self.give_up_waiting(step),
            Wake::Retry => {
                self.worker.retry_at = None;
                if !self.repeat_quiet_sync(step) {
                    self.request_sync();
                }
            }
            Wake::Deadline => {
                self.parts.rare_mut().deadline_met = Some(step.now.whole_seconds());
                self.request_sync();
            }
            Wake::GarbageCollection => self.parts.collect_garbage(step),
            Wake::RemoveDead => self.parts.remove_dead(step),
        }
        self.settle(step);
    }
}

/// The earliest of several wake-ups.
struct First(Option<(Timestamp, Wake)>);

impl First {
    fn take(&mut self, at: Option<Timestamp>, wake: Wake) {
        if let Some(at) = at
            && self.0.is_none_or(|first| (at, wake) < first)
        {
            self.0 = Some((at, wake));
        }
    }
}

impl Kubelet {
    /// How long something that is due in `wait` really takes: on a real node up to half again.
    pub(super) fn late(&mut self, wait: Duration) -> Duration {
        match self.config.timing {
            Timing::Ideal | Timing::GenericPleg { .. } => wait,
            Timing::NodeLike { seed } => wait.saturating_add(self.random_part(seed, half_of(wait))),
        }
    }

    /// How long a worker made by a young kubelet waits: half a period; on a real node a random part of it.
    pub(super) fn part_of(&mut self, period: Duration) -> Duration {
        match self.config.timing {
            Timing::Ideal | Timing::GenericPleg { .. } => half_of(period),
            Timing::NodeLike { seed } => self.random_part(seed, period),
        }
    }

    /// A random part of a duration, to the millisecond: the n-th of a life is the same each time, and another for each
    /// Pod of a node.
    fn random_part(&mut self, seed: u64, whole: Duration) -> Duration {
        self.draws = self.draws.wrapping_add(1);
        let of_pod = mix(seed ^ hash(self.spec.uid()));
        let random = mix(of_pod ^ u64::from(self.draws).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
    }
}

fn half_of(whole: Duration) -> Duration {
    whole.checked_div(2).unwrap_or(whole)
}

/// A number made of a text (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_text_is_the_same_in_every_version() {
        let known = [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)];
        assert_eq!(known.map(|(text, _)| hash(text)), known.map(|(_, number)| number));
    }
}
