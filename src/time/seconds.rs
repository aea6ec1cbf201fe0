//! Serde format of durations as numbers of seconds, and conversions of Kubernetes' `…Seconds` fields.

use alloc::string::String;
use core::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Returns the duration of a `…Seconds` field; a negative one is zero.
pub(crate) const fn of_field(seconds: i64) -> Duration {
    if seconds < 0 { Duration::ZERO } else { Duration::from_secs(seconds.unsigned_abs()) }
}

/// Returns the whole seconds of a duration for such a field.
pub(crate) fn to_field(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Returns the grace of a field: the API server replaces a negative one by 1 s.
pub(crate) const fn of_grace(seconds: i64) -> Duration {
    of_field(granted(seconds))
}

/// Returns the grace that the API server grants, in seconds.
pub(crate) const fn granted(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

/// Duration that serializes as a number of seconds, and displays as `90 s` or `2.5 s`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A binary format cannot tell an integer from a float.
        if !serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_secs_f64())
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())?;
        if self.0.subsec_nanos() > 0 {
            // From the nanoseconds, not from a float: `0.1 s` is never `0.10000000000000001 s`.
            let digits = alloc::format!("{:09}", self.0.subsec_nanos());
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(" s")
    }
}

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Seconds(*duration).serialize(serializer)
}

pub(crate) fn serialize_option<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(Seconds).serialize(serializer)
}

pub(crate) fn serialize_all<S: Serializer>(durations: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(durations.iter().copied().map(Seconds))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    if !deserializer.is_human_readable() {
        return Duration::deserialize(deserializer);
    }
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| de::Error::custom(format_args!("{seconds} is not a number of seconds: {error}")))
}

/// The format for optional durations.
pub(crate) mod option {
    use super::{Duration, Seconds};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|Seconds(duration)| duration))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        deserialize(deserializer).map(Seconds)
    }
}

/// Formats durations as `0 s, 10 s, 20 s`.
pub(crate) fn list(durations: &[Duration]) -> String {
    let texts: alloc::vec::Vec<String> =
        durations.iter().map(|&duration| alloc::format!("{}", Seconds(duration))).collect();
    texts.join(", ")
}
