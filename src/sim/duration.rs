//! Durations of scenarios: numbers of seconds in JSON and YAML, [`Duration`] in code.

use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time that a script may contain: a hundred years of 365.25 days.
pub(crate) const MAX: Duration = Duration::from_secs(3_155_760_000);

/// Nanoseconds that mark a duration as a number that is no time: a real one has whole microseconds.
// The largest prime below 10^9, and no multiple of 1,000: never the nanoseconds of whole microseconds.
const NO_TIME: u32 = 999_999_937;

/// A [`Duration`], or a number of seconds: what the builders of a [`Scenario`](super::Scenario) take as a time.
///
/// A number that is no time (negative, not a number, more than a hundred years) becomes a
/// [`ScenarioError::BadSeconds`](super::ScenarioError::BadSeconds) that names the field, once the scenario is simulated.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{ContainerScript, ScenarioError, Scenario};
///
/// let script = ContainerScript::default;
/// assert_eq!(script().pulled_in(20), script().pulled_in(Duration::from_secs(20)));
/// assert_eq!(script().pulled_in(0.5), script().pulled_in(Duration::from_millis(500)));
/// let error = Scenario::example().container("app", |app| app.pulled_in(-1.0)).play().unwrap_err();
/// assert!(matches!(error, ScenarioError::BadSeconds { value: -1.0, .. }), "{error}");
/// ```
pub trait IntoDuration: Sealed {
    /// Returns the duration.
    #[doc(hidden)]
    fn into_duration(self) -> Duration;
}

/// Keeps others from implementing [`IntoDuration`].
pub trait Sealed {}

impl Sealed for Duration {}

impl IntoDuration for Duration {
    fn into_duration(self) -> Duration {
        self
    }
}

macro_rules! seconds_into_duration {
    ($($number:ty),+) => {$(
        impl Sealed for $number {}

        impl IntoDuration for $number {
            fn into_duration(self) -> Duration {
                from_seconds(f64::from(self))
            }
        }
    )+};
}

seconds_into_duration!(f64, f32, i32, u32, u16, u8);

impl Sealed for u64 {}

impl IntoDuration for u64 {
    fn into_duration(self) -> Duration {
        Duration::from_secs(self)
    }
}

/// Converts seconds to a duration of whole microseconds.
///
/// A number that is no time is kept bit by bit in a duration beyond [`MAX`]: so the check of a scenario can name its
/// field and its value, whether it comes from a file or from a builder.
pub(crate) fn from_seconds(value: f64) -> Duration {
    if !(0.0..=MAX.as_secs_f64()).contains(&value) {
        // The bits of any number below 0 or above 1 are, read as seconds, far more than a hundred years.
        return Duration::new(value.to_bits(), NO_TIME);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a hundred years")]
    Duration::from_micros((value * 1e6).round() as u64)
}

/// Converts a duration to seconds: exactly the number that was given as seconds, if that has whole microseconds.
#[must_use]
pub fn to_seconds(duration: Duration) -> f64 {
    if duration.subsec_nanos() == NO_TIME && duration > MAX {
        return f64::from_bits(duration.as_secs());
    }
    #[expect(clippy::cast_precision_loss, reason = "a hundred years are fewer than 2^53 microseconds")]
    if duration.subsec_nanos() == 0 {
        // Most times of scenarios: no division, and no conversion from 128 bits.
        return duration.as_secs() as f64;
    }
    // A division rounds once, so the result is the number nearest to the decimal fraction that was written.
    #[expect(clippy::cast_precision_loss, reason = "a hundred years are fewer than 2^53 microseconds")]
    let micros = duration.as_micros() as f64;
    micros / 1e6
}

/// True if a scenario may contain this time.
pub(crate) fn is_time(duration: Duration) -> bool {
    duration <= MAX
}

/// Rounds a grace period to the whole seconds that the API has for it.
pub(crate) fn to_grace_seconds(grace: Duration) -> i64 {
    // Rounded up: a grace of 0.5 s is not one of 0, which removes the object at once.
    let seconds = grace.as_secs().saturating_add(u64::from(grace.subsec_nanos() > 0));
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// A duration that serde writes as a number of seconds.
#[derive(Clone, Copy)]
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // `30`, not `30.0`: files keep the numbers that people write.
            whole if whole.subsec_nanos() == 0 => serializer.serialize_u64(whole.as_secs()),
            duration => serializer.serialize_f64(to_seconds(duration)),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        f64::deserialize(deserializer).map(|value| Seconds(from_seconds(value)))
    }
}

/// For `#[serde(with = "seconds")]`: a [`Duration`] as a number of seconds.
pub(crate) mod seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Seconds(*duration).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Seconds::deserialize(deserializer).map(|Seconds(duration)| duration)
    }
}

/// For `#[serde(with = "optional_seconds")]`: a number of seconds or nothing.
pub(crate) mod optional_seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<Seconds>::deserialize(deserializer)?;
        Ok(seconds.map(|Seconds(duration)| duration))
    }
}

/// For `#[serde(with = "list_of_seconds")]`: numbers of seconds.
pub(crate) mod list_of_seconds {
    use alloc::vec::Vec;

    use super::{Deserialize, Deserializer, Duration, Seconds, Serializer};

    pub(crate) fn serialize<S: Serializer>(durations: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(durations.iter().map(|duration| Seconds(*duration)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
        let seconds = Vec::<Seconds>::deserialize(deserializer)?;
        Ok(seconds.into_iter().map(|Seconds(duration)| duration).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_seconds_survives_the_conversion() {
        for value in [0.0, 0.1, 1.3, 8.959, 1_000.000_001, 3_155_760_000.0] {
            assert_eq!(to_seconds(from_seconds(value)).to_bits(), value.to_bits(), "{value}");
            assert!(is_time(from_seconds(value)), "{value}");
        }
    }

    #[test]
    fn a_number_that_is_no_time_is_kept_and_recognised() {
        for value in [-1.0, -0.001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3_155_760_001.0, f64::MAX] {
            assert_eq!(to_seconds(from_seconds(value)).to_bits(), value.to_bits(), "{value}");
            assert!(!is_time(from_seconds(value)), "{value}");
        }
        assert!(is_time(from_seconds(-0.0)), "it is zero");
    }
}
