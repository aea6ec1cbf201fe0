//! Timestamps, clocks and Go durations.
//!
//! Nothing in this crate reads a clock by itself: every call that depends on time takes a [`Timestamp`].
//! [`Clock`] is for embedders.

pub(crate) mod seconds;

use core::{
    cell::Cell,
    fmt::{self, Write},
    num::NonZeroI64,
    str::FromStr,
    time::Duration,
};

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Point in time, in whole microseconds since the Unix epoch; `Option<Timestamp>` is no larger.
///
/// Serialised as the Kubernetes API does it: RFC 3339, UTC, whole seconds (rounded down).
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::Timestamp;
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let later = noon + Duration::from_millis(1_500);
/// assert_eq!(later.since(noon), Duration::from_millis(1_500));
/// assert_eq!(later.to_string(), "2026-03-01T12:00:01Z");
/// # Ok::<(), pod_lifecycle::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroI64);

impl Timestamp {
    /// The Unix epoch.
    pub const UNIX_EPOCH: Timestamp = Timestamp::from_unix_micros(0);

    /// First representable instant.
    pub(crate) const BEGINNING: Timestamp = Timestamp::from_unix_micros(i64::MIN);

    /// Last representable instant.
    pub(crate) const END: Timestamp = Timestamp::from_unix_micros(i64::MAX);

    /// First and last instant that RFC 3339 can write: the years 0 to 9999.
    const WRITABLE: [Timestamp; 2] =
        [Timestamp::from_unix_seconds(-62_167_219_200), Timestamp::from_unix_seconds(253_402_300_799)];

    /// Returns the point `micros` microseconds after the Unix epoch (`i64::MAX` counts as one less).
    ///
    /// ```
    /// use pod_lifecycle::Timestamp;
    ///
    /// let later = Timestamp::from_unix_micros(1_500_000);
    /// assert_eq!((later.unix_micros(), later.unix_seconds()), (1_500_000, 1));
    /// assert_eq!(later.whole_seconds(), Timestamp::from_unix_seconds(1));
    /// assert_eq!(Timestamp::UNIX_EPOCH.micros_since(later), -1_500_000);
    /// ```
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Timestamp {
        // Non-negative values are stored one higher, which keeps the order and leaves zero free.
        let stored = if micros >= 0 { micros.saturating_add(1) } else { micros };
        match NonZeroI64::new(stored) {
            Some(stored) => Timestamp(stored),
            None => Timestamp(NonZeroI64::MIN),
        }
    }

    /// Returns the point `seconds` seconds after the Unix epoch, saturating.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        let stored = self.0.get();
        if stored > 0 { stored.saturating_sub(1) } else { stored }
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.unix_micros().div_euclid(MICROS_PER_SECOND)
    }

    /// Returns this point rounded down to a whole second, as the API stores it.
    #[must_use]
    pub const fn whole_seconds(self) -> Timestamp {
        Timestamp::from_unix_seconds(self.unix_seconds())
    }

    /// Returns the time since `earlier`; zero if this is not later.
    #[must_use]
    pub const fn since(self, earlier: Timestamp) -> Duration {
        let micros = self.unix_micros().saturating_sub(earlier.unix_micros());
        if micros > 0 { Duration::from_micros(micros.unsigned_abs()) } else { Duration::ZERO }
    }

    /// Returns the signed microseconds since `earlier`, saturating.
    #[must_use]
    pub const fn micros_since(self, earlier: Timestamp) -> i64 {
        self.unix_micros().saturating_sub(earlier.unix_micros())
    }
}

impl core::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates at the end of time.
    fn add(self, duration: Duration) -> Timestamp {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_micros(self.unix_micros().saturating_add(micros))
    }
}

impl core::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates at the beginning of time.
    fn sub(self, duration: Duration) -> Timestamp {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_micros(self.unix_micros().saturating_sub(micros))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Timestamp {
        // Nanoseconds are cut off: no rule of a Pod's life needs more than a microsecond.
        Timestamp::from_unix_micros(time.timestamp_micros())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    /// Times beyond chrono's calendar become its first or last moment.
    fn from(time: Timestamp) -> DateTime<Utc> {
        let end = if time.unix_micros() < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::from_timestamp_micros(time.unix_micros()).unwrap_or(end)
    }
}

/// Error of a text that is no RFC 3339 time.
///
/// ```
/// use pod_lifecycle::Timestamp;
///
/// let error = "noon".parse::<Timestamp>().unwrap_err();
/// assert!(error.to_string().starts_with(r#""noon" is not an RFC 3339 time: "#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 time: {problem}")]
pub struct InvalidTimestamp {
    text: Box<str>,
    problem: Box<str>,
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads RFC 3339, with any offset and any fraction of a second.
    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| time.with_timezone(&Utc).into())
            .map_err(|problem| InvalidTimestamp { text: text.into(), problem: problem.to_string().into() })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 has four digits for the year.
        let [first, last] = Timestamp::WRITABLE;
        let written = DateTime::<Utc>::from(*self.max(&first).min(&last));
        f.write_str(&written.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

pub(crate) mod exact;

/// Source of time for an embedder.
///
/// ```
/// use pod_lifecycle::{Clock, Timestamp};
///
/// /// A clock that has stopped.
/// struct Noon;
///
/// impl Clock for Noon {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_seconds(43_200)
///     }
/// }
/// assert_eq!(Noon.now().to_string(), "1970-01-01T12:00:00Z");
/// ```
pub trait Clock {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// Clock that is set by hand: virtual time for tests and simulations.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(10));
/// assert_eq!(clock.now().unix_seconds(), 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualClock {
    // A `Cell`, so that a test can move the clock while others hold a reference to it.
    now: Cell<Timestamp>,
}

impl ManualClock {
    /// Creates a clock that shows `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> ManualClock {
        ManualClock { now: Cell::new(now) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.now.set(self.now.get() + by);
    }

    /// Moves the clock to `now`; a point in the past is ignored.
    ///
    /// ```
    /// use pod_lifecycle::{Clock, ManualClock, Timestamp};
    ///
    /// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    /// clock.advance_to(Timestamp::from_unix_seconds(10));
    /// clock.advance_to(Timestamp::from_unix_seconds(5));
    /// assert_eq!(clock.now().unix_seconds(), 10);
    /// ```
    pub fn advance_to(&self, now: Timestamp) {
        self.now.set(self.now.get().max(now));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
}

/// Clock of the operating system.
///
/// ```
/// use pod_lifecycle::{Clock, SystemClock, Timestamp};
///
/// assert!(SystemClock.now() > Timestamp::UNIX_EPOCH);
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970, as some boards have after a cold start, counts as the epoch.
        Timestamp::UNIX_EPOCH + since_epoch.unwrap_or(Duration::ZERO)
    }
}

/// Formats a duration as Go does.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::go_duration;
///
/// assert_eq!(go_duration(Duration::from_secs(80)), "1m20s");
/// assert_eq!(go_duration(Duration::from_secs(3600)), "1h0m0s");
/// assert_eq!(go_duration(Duration::from_millis(1500)), "1.5s");
/// assert_eq!(go_duration(Duration::from_micros(250)), "250µs");
/// ```
#[must_use]
pub fn go_duration(duration: Duration) -> String {
    let nanos = duration.subsec_nanos();
    match (duration.as_secs(), nanos) {
        (0, 0) => "0s".to_owned(),
        // Go writes less than a second in a smaller unit (`time.Duration.String`).
        (0, ..1_000) => format!("{nanos}ns"),
        (0, ..1_000_000) => decimal(nanos.into(), 1_000) + "µs",
        (0, _) => decimal(nanos.into(), 1_000_000) + "ms",
        (seconds, _) => {
            let mut text = String::new();
            let (minutes, below_minute) = (seconds / 60, Duration::new(seconds % 60, nanos));
            // Writing into a string cannot fail.
            let _ = match minutes / 60 {
                0 if minutes == 0 => Ok(()),
                0 => write!(text, "{minutes}m"),
                // Behind hours Go writes minutes also if they are 0: `1h0m5s`.
                hours => write!(text, "{hours}h{}m", minutes % 60),
            };
            text + &decimal(below_minute.as_nanos(), 1_000_000_000) + "s"
        }
    }
}

/// Formats `value / unit` without trailing zeroes.
fn decimal(value: u128, unit: u32) -> String {
    let digits = unit.ilog10() as usize;
    let unit = u128::from(unit);
    let (whole, rest) = (value.checked_div(unit), value.checked_rem(unit));
    let text = format!("{}.{:0digits$}", whole.unwrap_or_default(), rest.unwrap_or_default());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
