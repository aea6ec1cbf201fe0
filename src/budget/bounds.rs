//! An interval of time, with the sums and maxima that bounds are made of.

use core::{fmt, time::Duration};

use serde::Serialize;

use crate::time::seconds::{self, Seconds};

/// Earliest and latest time of something; in JSON in seconds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::Bounds;
///
/// let bounds = Bounds { earliest: Duration::from_secs(4), latest: None };
/// assert_eq!(bounds.to_string(), "at least 4 s");
/// assert_eq!(serde_json::to_string(&bounds)?, r#"{"earliest":4,"latest":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Bounds {
    /// Never before this.
    #[serde(serialize_with = "seconds::serialize")]
    pub earliest: Duration,
    /// Never after this; `None` if unbounded.
    #[serde(serialize_with = "seconds::serialize_option")]
    pub latest: Option<Duration>,
}

impl Bounds {
    pub(super) const ZERO: Bounds = Bounds::exactly(Duration::ZERO);

    pub(super) const fn exactly(time: Duration) -> Bounds {
        Bounds { earliest: time, latest: Some(time) }
    }

    /// Returns the sum: one interval after the other.
    pub(super) fn then(self, next: Bounds) -> Bounds {
        Bounds {
            earliest: self.earliest.saturating_add(next.earliest),
            // Unbounded if either is.
            latest: self.latest.zip(next.latest).map(|(one, other)| one.saturating_add(other)),
        }
    }

    /// Returns the interval moved by a fixed time.
    pub(super) fn after(self, wait: Duration) -> Bounds {
        self.then(Bounds::exactly(wait))
    }

    /// Returns the maximum: until both have happened.
    pub(super) fn and(self, other: Bounds) -> Bounds {
        Bounds {
            earliest: self.earliest.max(other.earliest),
            latest: self.latest.zip(other.latest).map(|(one, other)| one.max(other)),
        }
    }

    /// Returns the interval, unbounded above if the condition does not hold.
    pub(super) fn bounded_if(self, condition: bool) -> Bounds {
        Bounds { latest: self.latest.filter(|_| condition), ..self }
    }
}

impl fmt::Display for Bounds {
    /// Writes `4 s`, `4 to 8 s` or `at least 4 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let earliest = Seconds(self.earliest);
        match self.latest {
            Some(latest) if latest == self.earliest => write!(f, "{earliest}"),
            Some(latest) => {
                // The unit stands once: `4 to 8 s`.
                let number = alloc::format!("{earliest}");
                write!(f, "{} to {}", number.trim_end_matches(" s"), Seconds(latest))
            }
            None => write!(f, "at least {earliest}"),
        }
    }
}
