//! From the earliest to the latest.

use core::{fmt, time::Duration};

use serde::Serialize;

use super::seconds::{self, Seconds};

/// A time that lies between two bounds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::Span;
///
/// let span = Span { earliest: Duration::from_secs(4), latest: None };
/// assert_eq!(span.to_string(), "4 s or later");
/// assert_eq!(serde_json::to_string(&span)?, r#"{"earliest":4,"latest":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// Never before this.
    #[serde(serialize_with = "seconds::serialize")]
    pub earliest: Duration,
    /// Never after this; `None` if nothing bounds it.
    #[serde(serialize_with = "seconds::serialize_option")]
    pub latest: Option<Duration>,
}

impl Span {
    pub(super) const ZERO: Span = Span::exactly(Duration::ZERO);

    pub(super) const fn exactly(time: Duration) -> Span {
        Span { earliest: time, latest: Some(time) }
    }

    /// One after the other.
    pub(super) fn then(self, next: Span) -> Span {
        Span {
            earliest: self.earliest.saturating_add(next.earliest),
            latest: self.latest.zip(next.latest).map(|(one, other)| one.saturating_add(other)),
        }
    }

    /// A fixed time later.
    pub(super) fn after(self, wait: Duration) -> Span {
        self.then(Span::exactly(wait))
    }

    /// Until both have happened.
    pub(super) fn and(self, other: Span) -> Span {
        Span {
            earliest: self.earliest.max(other.earliest),
            latest: self.latest.zip(other.latest).map(|(one, other)| one.max(other)),
        }
    }

    /// The same, with nothing promised if the condition does not hold.
    pub(super) fn bounded_if(self, condition: bool) -> Span {
        Span { latest: self.latest.filter(|_| condition), ..self }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let earliest = Seconds(self.earliest);
        match self.latest {
            Some(latest) if latest == self.earliest => write!(f, "{earliest}"),
            Some(latest) => write!(f, "{earliest} to {}", Seconds(latest)),
            None => write!(f, "{earliest} or later"),
        }
    }
}
