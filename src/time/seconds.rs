//! Durations as numbers of seconds: what Kubernetes spells `…Seconds`, and what people read.

use alloc::string::String;
use core::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a field says that Kubernetes spells in seconds; what is below zero is zero.
pub(crate) const fn of_field(seconds: i64) -> Duration {
    if seconds < 0 { Duration::ZERO } else { Duration::from_secs(seconds.unsigned_abs()) }
}

/// A duration as such a field gives it: whole seconds.
pub(crate) fn to_field(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A grace that a field gives in seconds: a negative one counts as 1, as the API server has it.
pub(crate) const fn of_grace(seconds: i64) -> Duration {
    of_field(granted(seconds))
}

/// The grace that the API server makes of one that is asked for, both in seconds.
pub(crate) const fn granted(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

/// A duration that is written as a number of seconds, and shown as `90 s` or `2.5 s`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
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
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| de::Error::custom(format_args!("{seconds} is not a number of seconds: {error}")))
}

/// `0 s, 10 s, 20 s`.
pub(crate) fn list(durations: &[Duration]) -> String {
    let texts: alloc::vec::Vec<String> =
        durations.iter().map(|&duration| alloc::format!("{}", Seconds(duration))).collect();
    texts.join(", ")
}
