//! A point in a story.

use core::time::Duration;

use crate::time::Timestamp;

/// A point in a story: a time, or how long after the start it is.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Timestamp, sim::At};
///
/// let start: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let later = start + Duration::from_secs(90);
/// assert_eq!(At::from(Duration::from_secs(90)).after(start), later);
/// assert_eq!(At::from(later).after(start), later);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// At this time.
    At(Timestamp),
    /// So long after the start.
    After(Duration),
}

impl At {
    /// The time that it is, in a story that starts then.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{Timestamp, sim::At};
    ///
    /// let start = Timestamp::from_unix_seconds(100);
    /// assert_eq!(At::After(Duration::from_secs(5)).after(start), Timestamp::from_unix_seconds(105));
    /// ```
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        match self {
            At::At(at) => at,
            At::After(duration) => start + duration,
        }
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> At {
        At::At(at)
    }
}

impl From<Duration> for At {
    fn from(duration: Duration) -> At {
        At::After(duration)
    }
}
