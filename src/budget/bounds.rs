//! From the earliest to the latest.

use core::{fmt, time::Duration};

use serde::Serialize;

use crate::time::seconds::{self, Seconds};

/// A time that lies between two bounds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::Bounds;
///
/// let bounds = Bounds { earliest: Duration::from_secs(4), latest: None };
/// assert_eq!(bounds.to_string(), "4 s or later");
/// assert_eq!(serde_json::to_string(&bounds)?, r#"{"earliest":4,"latest":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Bounds {
    /// Never before this.
    #[serde(serialize_with = "seconds::serialize")]
    pub earliest: Duration,
    /// Never after this; `None` if nothing bounds it.
    #[serde(serialize_with = "seconds::serialize_option")]
    pub latest: Option<Duration>,
}

impl Bounds {
    pub(super) const ZERO: Bounds = Bounds::exactly(Duration::ZERO);

    pub(super) const fn exactly(time: Duration) -> Bounds {
        Bounds { earliest: time, latest: Some(time) }
    }

    /// One after the other.
    pub(super) fn then(self, next: Bounds) -> Bounds {
        Bounds {
            earliest: self.earliest.saturating_add(next.earliest),
            latest: self.latest.zip(next.latest).map(|(one, other)| one.saturating_add(other)),
        }
    }

    /// A fixed time later.
    pub(super) fn after(self, wait: Duration) -> Bounds {
        self.then(Bounds::exactly(wait))
    }

    /// Until both have happened.
    pub(super) fn and(self, other: Bounds) -> Bounds {
        Bounds {
            earliest: self.earliest.max(other.earliest),
            latest: self.latest.zip(other.latest).map(|(one, other)| one.max(other)),
        }
    }

    /// The same, with nothing promised if the condition does not hold.
    pub(super) fn bounded_if(self, condition: bool) -> Bounds {
        Bounds { latest: self.latest.filter(|_| condition), ..self }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let earliest = Seconds(self.earliest);
        match self.latest {
            Some(latest) if latest == self.earliest => write!(f, "{earliest}"),
            Some(latest) => write!(f, "{earliest} to {}", Seconds(latest)),
            None => write!(f, "{earliest} or later"),
        }
    }
}
