//! Points in time.
//!
//! Theirs are of the crate `jiff`. What the API has in whole seconds (`Time`) is rounded down, as the API does it; what
//! it has in microseconds (`MicroTime`) is as exact as ours. Times beyond jiff's calendar, which ends with the year
//! 9999, become its first or last moment.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{MicroTime, Time},
    jiff,
};

use crate::time::Timestamp;

impl From<jiff::Timestamp> for Timestamp {
    /// Rounded down to the microsecond.
    ///
    /// ```
    /// use k8s_openapi::jiff;
    /// use pod_lifecycle::Timestamp;
    ///
    /// let noon: jiff::Timestamp = "2026-03-01T12:00:00.0000015Z".parse()?;
    /// assert_eq!(Timestamp::from(noon).unix_micros(), noon.as_microsecond());
    /// # Ok::<(), jiff::Error>(())
    /// ```
    fn from(time: jiff::Timestamp) -> Timestamp {
        // Jiff rounds towards the epoch.
        let is_below = time.subsec_nanosecond() % 1_000 < 0;
        Timestamp::from_unix_micros(time.as_microsecond().saturating_sub(is_below.into()))
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> jiff::Timestamp {
        // Equivalent with `<=`: the epoch itself can be converted, and has no use for an end.
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
    /// ```
    /// use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    /// use pod_lifecycle::Timestamp;
    ///
    /// let time = Time::from("2026-03-01T12:00:00.7Z".parse::<Timestamp>()?);
    /// assert_eq!(time.0.to_string(), "2026-03-01T12:00:00Z");
    /// assert_eq!(Timestamp::from(&time).to_string(), "2026-03-01T12:00:00Z");
    /// # Ok::<(), pod_lifecycle::InvalidTimestamp>(())
    /// ```
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
    /// ```
    /// use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    /// use pod_lifecycle::Timestamp;
    ///
    /// let renewed: Timestamp = "2026-03-01T12:00:00.7Z".parse()?;
    /// assert_eq!(Timestamp::from(&MicroTime::from(renewed)), renewed);
    /// # Ok::<(), pod_lifecycle::InvalidTimestamp>(())
    /// ```
    fn from(time: Timestamp) -> MicroTime {
        MicroTime(time.into())
    }
}
