//! Back-off counter of a container's restarts or an image's pulls (`client-go/util/flowcontrol.Backoff`).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts>, KEP-4603, KEP-5593.
//! The counterpart of Go's `Backoff` in the way that `doBackOff` (`pkg/kubelet/kuberuntime`) and `EnsureImageExists`
//! (`pkg/kubelet/images`) use it. The first restart comes at once, the second after 10 s, and each further one after twice
//! as long as the one before, up to 300 s:
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::{Timestamp, config::BackOffLimits, rule::back_off::BackOff};
//!
//! let limits = BackOffLimits::CRASH_LOOP;
//! let (mut now, mut counter, mut delays) = (Timestamp::UNIX_EPOCH, None, Vec::new());
//! for _ in 0..7 {
//!     let next = BackOff::advanced(counter, &limits, now, now);
//!     delays.push(next.delay().as_secs());
//!     now = now + next.delay();
//!     counter = Some(next);
//! }
//! assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
//! ```
//!
//! Asked by: `kubelet::back_offs`, for crash loops and image pulls.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{config::BackOffLimits, time::Timestamp};

/// Back-off counter: the delay in force, and when it was last advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackOff {
    /// Microseconds, the resolution of [`Timestamp`]: 8 bytes in each container that has failed.
    delay_micros: u64,
    #[serde(with = "crate::time::exact")]
    advanced_at: Timestamp,
}

impl BackOff {
    /// Creates a counter with this delay in force, last advanced at `advanced_at`.
    #[must_use]
    pub fn new(delay: Duration, advanced_at: Timestamp) -> BackOff {
        BackOff { delay_micros: u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), advanced_at }
    }

    /// Returns the delay in force, to the microsecond.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_micros(self.delay_micros)
    }

    /// Returns when the counter was last advanced.
    #[must_use]
    pub fn advanced_at(&self) -> Timestamp {
        self.advanced_at
    }

    /// Returns when the back-off after an exit (or a failed pull) at `since` ends; `None` if there is none at `now`.
    ///
    /// Answers to `IsInBackOffSince`.
    #[must_use]
    pub fn holds_until(&self, limits: &BackOffLimits, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let until = since + self.delay();
        (!self.has_expired(limits, since) && now < until).then_some(until)
    }

    /// Returns the counter after the next attempt: the delay doubled up to the maximum, or the initial one.
    ///
    /// Answers to `Next`. The kubelet advances the counter when it lets a container restart, not when the container
    /// exits.
    #[must_use]
    pub fn advanced(before: Option<BackOff>, limits: &BackOffLimits, since: Timestamp, now: Timestamp) -> BackOff {
        let delay = match before {
            // A container that ran for twice the maximum starts over (10 minutes with the default limits).
            Some(before) if !before.has_expired(limits, since) => before.delay().saturating_mul(2).min(limits.max),
            Some(_) | None => limits.initial,
        };
        BackOff::new(delay, now)
    }

    /// True if the periodic clean-up deletes the counter.
    ///
    /// Answers to `GC`.
    #[must_use]
    pub fn is_forgotten(&self, limits: &BackOffLimits, now: Timestamp) -> bool {
        self.has_expired(limits, now)
    }

    fn has_expired(&self, limits: &BackOffLimits, at: Timestamp) -> bool {
        // Counted from the last advance, not from the end of the delay that it set.
        at.since(self.advanced_at) > limits.reset_after
    }
}
