//! How long is a container, or an image, held back?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts>, KEP-4603, KEP-5593.
//! Answers to `client-go/util/flowcontrol.Backoff` and `doBackOff` in `pkg/kubelet/kuberuntime`.
//!
//! 10 s, then twice as long each time, to 300 s:
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

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{config::BackOffLimits, time::Timestamp};

/// A back-off counter: the delay in force, and when it was last advanced.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Timestamp, config::BackOffLimits, rule::back_off::BackOff};
///
/// let (limits, start) = (BackOffLimits::CRASH_LOOP, Timestamp::UNIX_EPOCH);
/// let first = BackOff::advanced(None, &limits, start, start);
/// let second = BackOff::advanced(Some(first), &limits, start, start + Duration::from_secs(10));
/// assert_eq!((first.delay(), second.delay()), (Duration::from_secs(10), Duration::from_secs(20)));
/// assert!(!second.is_forgotten(&limits, start + Duration::from_secs(60)));
/// assert!(second.is_forgotten(&limits, start + Duration::from_secs(3600)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackOff {
    /// The delay, as small as it is kept for each container: what [`Timestamp`] can tell apart.
    delay_micros: u64,
    #[serde(with = "crate::time::exact")]
    advanced_at: Timestamp,
}

impl BackOff {
    /// A counter with this delay in force, last advanced then.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{Timestamp, rule::back_off::BackOff};
    ///
    /// let counter = BackOff::new(Duration::from_secs(40), Timestamp::UNIX_EPOCH);
    /// assert_eq!((counter.delay().as_secs(), counter.advanced_at()), (40, Timestamp::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn new(delay: Duration, advanced_at: Timestamp) -> BackOff {
        BackOff { delay_micros: u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), advanced_at }
    }

    /// The delay in force, to the microsecond.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_micros(self.delay_micros)
    }

    /// When the counter was last advanced.
    #[must_use]
    pub fn advanced_at(&self) -> Timestamp {
        self.advanced_at
    }

    /// Until when something that ended (or failed) at `since` is held back; `None` if it need not wait.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{Timestamp, config::BackOffLimits, rule::back_off::BackOff};
    ///
    /// let limits = BackOffLimits::CRASH_LOOP;
    /// let start = Timestamp::UNIX_EPOCH;
    /// let first = BackOff::advanced(None, &limits, start, start);
    /// assert_eq!(first.delay(), Duration::from_secs(10));
    /// assert_eq!(first.holds_until(&limits, start, start), Some(start + Duration::from_secs(10)));
    /// assert_eq!(first.holds_until(&limits, start, start + Duration::from_secs(10)), None);
    /// ```
    #[must_use]
    pub fn holds_until(&self, limits: &BackOffLimits, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let until = since + self.delay();
        (!self.has_expired(limits, since) && now < until).then_some(until)
    }

    /// The counter after something was let go (or failed again): doubled up to the maximum, or begun anew.
    #[must_use]
    pub fn advanced(before: Option<BackOff>, limits: &BackOffLimits, since: Timestamp, now: Timestamp) -> BackOff {
        let delay = match before {
            Some(before) if !before.has_expired(limits, since) => before.delay().saturating_mul(2).min(limits.max),
            Some(_) | None => limits.initial,
        };
        BackOff::new(delay, now)
    }

    /// Whether the periodic clean-up forgets the counter.
    #[must_use]
    pub fn is_forgotten(&self, limits: &BackOffLimits, now: Timestamp) -> bool {
        self.has_expired(limits, now)
    }

    fn has_expired(&self, limits: &BackOffLimits, since: Timestamp) -> bool {
        since.since(self.advanced_at) > limits.reset_after
    }
}
