//! AGE column (`translateTimestampSince`; k8s.io/apimachinery/pkg/util/duration).

use alloc::{format, string::String};

use crate::time::Timestamp;

/// Go's zero time, which kubectl takes for "not set": the first moment of the year 1.
pub(super) const ZERO_TIME: Timestamp = Timestamp::from_unix_seconds(-62_135_596_800);

/// Go's longest duration, in microseconds: about 292 years.
const LONGEST: i64 = i64::MAX / 1_000;

/// Returns a time that is set: neither absent nor Go's zero time.
pub(super) fn set(time: Option<Timestamp>) -> Option<Timestamp> {
    time.filter(|time| *time > ZERO_TIME)
}

/// Returns the time since `since`: `<unknown>` if it is not set, `<invalid>` if it is two or more seconds ahead.
///
/// Answers to `translateTimestampSince` in kubectl and in the API server's printers.
///
/// ```
/// use pod_lifecycle::kubectl::age;
///
/// let now = "2026-03-01T12:07:05Z".parse()?;
/// assert_eq!(age(Some("2026-03-01T12:00:00Z".parse()?), now), "7m5s");
/// assert_eq!(age(None, now), "<unknown>");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = set(since) else { return "<unknown>".into() };
    let micros = now.micros_since(since.whole_seconds()).clamp(-LONGEST, LONGEST);
    // HumanDuration tolerates clocks that differ by less than two seconds.
    match micros / 1_000_000 {
        ahead if ahead < -1 => "<invalid>".into(),
        seconds => human_duration(seconds.max(0)),
    }
}

/// Returns a duration in two or three significant figures: the longer, the coarser the unit.
///
/// Answers to `HumanDuration` in `k8s.io/apimachinery/pkg/util/duration`.
fn human_duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let days = hours / 24;
    // HumanDuration knows no leap years.
    let years = days / 365;
    // Its thresholds: exact up to two minutes, then a second unit only below 10 min, 8 h, 8 days and 8 years.
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two_units((minutes, 'm'), (seconds % 60, 's'))
    } else if hours < 3 {
        format!("{minutes}m")
    } else if hours < 8 {
        two_units((hours, 'h'), (minutes % 60, 'm'))
    } else if days < 2 {
        format!("{hours}h")
    } else if days < 8 {
        two_units((days, 'd'), (hours % 24, 'h'))
    } else if years < 2 {
        format!("{days}d")
    } else if years < 8 {
        two_units((years, 'y'), (days % 365, 'd'))
    } else {
        format!("{years}y")
    }
}

/// Returns `4m30s`, or `4m` without a rest.
fn two_units(large: (i64, char), small: (i64, char)) -> String {
    match small {
        (0, _) => format!("{}{}", large.0, large.1),
        (count, unit) => format!("{}{}{count}{unit}", large.0, large.1),
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    const SECOND: i64 = 1;
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;

    #[test]
    fn longer_times_have_coarser_units() {
        for (seconds, expected) in [
            (0, "0s"),
            (2 * MINUTE - SECOND, "119s"),
            (2 * MINUTE, "2m"),
            (10 * MINUTE - SECOND, "9m59s"),
            (10 * MINUTE + SECOND, "10m"),
            (3 * HOUR - SECOND, "179m"),
            (3 * HOUR, "3h"),
            (8 * HOUR - SECOND, "7h59m"),
            (8 * HOUR + 5 * MINUTE, "8h"),
            (2 * DAY - SECOND, "47h"),
            (2 * DAY, "2d"),
            (8 * DAY - SECOND, "7d23h"),
            (8 * DAY + 5 * HOUR, "8d"),
            (2 * YEAR - SECOND, "729d"),
            (2 * YEAR + HOUR, "2y"),
            (3 * YEAR + DAY, "3y1d"),
            (8 * YEAR - SECOND, "7y364d"),
            (8 * YEAR + 300 * DAY, "8y"),
        ] {
            assert_eq!(human_duration(seconds), expected, "{seconds} s");
        }
    }

    #[test]
    fn clocks_may_differ_by_less_than_two_seconds() {
        let since = Timestamp::from_unix_seconds(100);
        let ahead = |millis| since + Duration::from_millis(millis);
        assert_eq!(age(Some(ahead(1_999).whole_seconds()), since), "0s");
        assert_eq!(age(Some(ahead(2_000)), since), "<invalid>");
        assert_eq!(age(Some(since), ahead(1_999)), "1s");
    }

    #[test]
    fn a_time_that_is_not_set_has_an_unknown_age() {
        assert_eq!(age(None, Timestamp::UNIX_EPOCH), "<unknown>");
        assert_eq!(age(Some(ZERO_TIME), Timestamp::UNIX_EPOCH), "<unknown>");
    }

    #[test]
    fn no_age_exceeds_what_go_can_measure() {
        let (first, last) = (Timestamp::from_unix_micros(i64::MIN), Timestamp::from_unix_micros(i64::MAX));
        assert_eq!(age(Some(Timestamp::UNIX_EPOCH), last), "292y");
        assert_eq!(age(Some(last), first), "<invalid>");
    }
}
