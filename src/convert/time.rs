//! Timestamps from and to `k8s-openapi`, which uses the crate `jiff`.
//!
//! `Time` has whole seconds and is rounded down, as in the API; `MicroTime` keeps the microseconds. Times beyond jiff's
//! calendar, which ends with the year 9999, become its first or last instant.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{MicroTime, Time},
    jiff,
};

use crate::time::Timestamp;

impl From<jiff::Timestamp> for Timestamp {
    /// Rounded down to the microsecond.
    fn from(time: jiff::Timestamp) -> Timestamp {
        // Jiff rounds towards the epoch.
        let is_below = time.subsec_nanosecond() % 1_000 < 0;
        Timestamp::from_unix_micros(time.as_microsecond().saturating_sub(is_below.into()))
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> jiff::Timestamp {
        let end = if time.unix_micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_microsecond(time.unix_micros()).unwrap_or(end)
    }
}

impl From<&Time> for Timestamp {
    fn from(time: &Time) -> Timestamp {
        time.0.into()
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Time {
        Time(time.whole_seconds().into())
    }
}

impl From<&MicroTime> for Timestamp {
    fn from(time: &MicroTime) -> Timestamp {
        time.0.into()
    }
}

impl From<Timestamp> for MicroTime {
    fn from(time: Timestamp) -> MicroTime {
        MicroTime(time.into())
    }
}
