//! Timers of one Pod: the reasons of its wake-ups, how late a real node's timers fire, and the guard against loops in
//! which no time passes.
//!
//! [`sync_loop`](super::sync_loop) computes and handles the next wake-up. Periods and back-offs are rules: the
//! crash-loop and image pull back-off is `rule::back_off`, the active deadline `rule::deadline`.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    config::{Timing, mix},
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// No period is shorter, so that time always advances.
pub(super) const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

// --- Wake-ups ---

/// Reason of a wake-up; several at one instant come in this order. See
/// [`PodMachine::next_wake`](crate::PodMachine::next_wake).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Wake {
    /// A status that takes time to write is in the API server, or one that another writer has changed is written again.
    StatusWrite,
    /// A sync that waits for volumes looks at them.
    VolumeWait,
    /// The runtime is relisted ([`Timing::GenericPleg`](crate::config::Timing::GenericPleg) and
    /// [`Timing::NodeLike`](crate::config::Timing::NodeLike) only).
    Relist,
    /// A container being stopped: its preStop hook has run out of time, or its order has come.
    Stop(ContainerIndex),
    /// A postStart hook that sleeps is over.
    HookSlept(ContainerIndex),
    /// A probe is due.
    Probe(ContainerIndex, ProbeKind),
    /// An eviction, preemption or shutdown has waited long enough for the Pod's end.
    KillTimeout,
    /// The next sync is due without any other reason: the end of a back-off, the retry of a failed sync, or a resync.
    Retry,
    /// The active deadline has passed.
    Deadline,
    /// The populator of the volume manager adds volumes that are to be mounted, or removes those of a Pod that has
    /// terminated.
    PopulateVolumes,
    /// The reconciler of the volume manager mounts or unmounts volumes.
    ReconcileVolumes,
    /// A resize that waits for room is decided on again.
    ResizeRetry,
    /// Dead sandboxes are removed.
    GarbageCollection,
    /// Dead containers are removed of a Pod that was evicted, or that is deleted and over.
    RemoveDead,
    /// The kubelet looks for the first time since its restart for containers of Pods that it has rejected.
    Housekeeping,
    /// The kubelet writes statuses again that the API does not show, for the first time since its restart.
    StatusSync,
}

// --- Jitter ---

/// Source of the Pod's random delays: the n-th draw of a Pod with one uid and seed is always the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Jitter {
    draws: u32,
}

impl Jitter {
    /// Returns how long a timer of `wait` really takes: on a real node up to half as long again (`wait.Jitter`).
    pub(super) fn delay(&mut self, timing: Timing, uid: &str, wait: Duration) -> Duration {
        match timing {
            Timing::Ideal | Timing::GenericPleg { .. } => wait,
            Timing::NodeLike { seed } => wait.saturating_add(self.draw(seed, uid, half_of(wait))),
        }
    }

    /// Returns how long a probe worker waits before its first probe while its kubelet is young: half a period, on a
    /// real node a random part of one.
    pub(super) fn initial_probe_delay(&mut self, timing: Timing, uid: &str, period: Duration) -> Duration {
        match timing {
            Timing::Ideal | Timing::GenericPleg { .. } => half_of(period),
            Timing::NodeLike { seed } => self.draw(seed, uid, period),
        }
    }

    /// Draws a part of `whole`, in milliseconds.
    fn draw(&mut self, seed: u64, uid: &str, whole: Duration) -> Duration {
        self.draws = self.draws.wrapping_add(1);
        let of_pod = mix(seed ^ fnv1a(uid));
        // The odd constant is 2^64 divided by the golden ratio, the increment of SplitMix64.
        let random = mix(of_pod ^ u64::from(self.draws).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
    }
}

fn half_of(whole: Duration) -> Duration {
    whole.checked_div(2).unwrap_or(whole)
}

/// Returns the FNV-1a hash of a text.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

// --- Livelock guard ---

/// Limit per second. A real kubelet is slowed down by I/O long before.
const MAX_PER_SECOND: u8 = 16;

/// Counter of how often something has happened within the current second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LivelockGuard {
    /// The second that is counted.
    #[serde(with = "crate::time::exact")]
    second: Option<Timestamp>,
    count: u8,
}

impl LivelockGuard {
    pub(super) const NEW: LivelockGuard = LivelockGuard { second: None, count: 0 };

    /// Counts one more occurrence; false if it exceeds the limit of this second.
    pub(super) fn allows_another(&mut self, now: Timestamp) -> bool {
        let second = Some(now.whole_seconds());
        if self.second != second {
            *self = LivelockGuard { second, count: 0 };
        }
        let is_allowed = self.count < MAX_PER_SECOND;
        self.count = self.count.saturating_add(1);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_text_is_the_published_fnv1a() {
        let known = [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)];
        assert_eq!(known.map(|(text, _)| fnv1a(text)), known.map(|(_, number)| number));
    }

    #[test]
    fn sixteen_occurrences_are_allowed_in_each_second() {
        let mut guard = LivelockGuard::default();
        let allowed = |guard: &mut LivelockGuard, second| {
            let now = Timestamp::from_unix_seconds(second);
            (0..20).filter(|_| guard.allows_another(now)).count()
        };
        assert_eq!([allowed(&mut guard, 7), allowed(&mut guard, 8), allowed(&mut guard, 7)], [16, 16, 16]);
        assert!(!guard.allows_another(Timestamp::from_unix_micros(7_900_000)), "the same second");
    }
}
