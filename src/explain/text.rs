//! Times, numbers and lists in English.

use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, Utc};

use crate::time::Timestamp;

const DAY: i64 = 86_400;

/// Returns the time of day in UTC, with the date if it is not today's, with milliseconds if they are not zero.
pub(super) fn clock(at: Timestamp, now: Timestamp) -> String {
    // Euclidean, since times before 1970 are negative.
    let is_today = at.unix_seconds().div_euclid(DAY) == now.unix_seconds().div_euclid(DAY);
    let is_whole = at == at.whole_seconds();
    let format = match (is_today, is_whole) {
        (true, true) => "%H:%M:%S",
        (true, false) => "%H:%M:%S%.3f",
        (false, true) => "%Y-%m-%d %H:%M:%S",
        (false, false) => "%Y-%m-%d %H:%M:%S%.3f",
    };
    format!("{}", DateTime::<Utc>::from(at).format(format))
}

/// Returns a time in the past in whole seconds, as the API stores it.
pub(super) fn past(at: Timestamp, now: Timestamp) -> String {
    clock(at.whole_seconds(), now)
}

/// Returns a time ahead with its distance from now: `at 12:04:30, in 37 s`.
pub(super) fn ahead(at: Timestamp, now: Timestamp) -> String {
    if at <= now { "now".into() } else { format!("at {}, in {}", clock(at, now), span(at.since(now))) }
}

/// Returns the bounds of a time ahead: `between 12:04:30 and 12:05:30, in 37 s to 97 s`.
pub(super) fn between(earliest: Timestamp, latest: Timestamp, now: Timestamp) -> String {
    let (from, to) = (clock(earliest, now), clock(latest, now));
    format!("between {from} and {to}, in {} to {}", span(earliest.since(now)), span(latest.since(now)))
}

/// Returns a duration, the longer the coarser: `2.5 s`, `12 min`, `3 h 10 min`, `274 days`.
pub(super) fn span(duration: Duration) -> String {
    // Rounded to tenths, then to seconds, so that 1.96 s is "2 s" and not "2.0 s".
    let tenths = duration.as_millis().saturating_add(50) / 100;
    let seconds = u64::try_from(tenths.saturating_add(5) / 10).unwrap_or(u64::MAX);
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let two = |large: (u64, &str), small: (u64, &str)| match small.0 {
        0 => format!("{} {}", large.0, large.1),
        count => format!("{} {} {count} {}", large.0, large.1, small.1),
    };
    if tenths == 0 {
        "less than 0.1 s".into()
    // Tenths matter below 10 s only.
    } else if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else if seconds < 120 {
        format!("{seconds} s")
    } else if minutes < 60 {
        two((minutes, "min"), (seconds % 60, "s"))
    } else if hours < 48 {
        two((hours, "h"), (minutes % 60, "min"))
    } else {
        format!("{} days", hours / 24)
    }
}

/// Returns `10 s`, or `10 s to 80 s`.
pub(super) fn at_least_at_most(least: Duration, most: Duration) -> String {
    if least == most { span(least) } else { format!("{} to {}", span(least), span(most)) }
}

/// Returns `1st`, `2nd`, `3rd`, `4th`.
pub(super) fn ordinal(number: i32) -> String {
    let ending = match (number % 10, number % 100) {
        // 11th, 12th and 13th are the exceptions, in each hundred.
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Returns `once`, `twice in a row`, `3 times in a row`.
pub(super) fn in_a_row(number: u32) -> String {
    match number {
        1 => "once".into(),
        2 => "twice in a row".into(),
        _ => format!("{number} times in a row"),
    }
}

/// Returns `1 success`, `2 successes in a row`, or `2 more successes in a row` after earlier ones.
pub(super) fn more(number: u32, has_begun: bool, one: &str, many: &str) -> String {
    let more = if has_begun { " more" } else { "" };
    if number == 1 { format!("{number}{more} {one}") } else { format!("{number}{more} {many} in a row") }
}

/// Returns `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().into(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Returns names in backticks: `` `a` and `b` ``.
pub(super) fn names<T: AsRef<str>>(names: &[T]) -> String {
    list(&names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>())
}

/// Returns a message without white space around it and without full stops at its end.
pub(super) fn unpunctuated(message: &str) -> &str {
    message.trim().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

    #[test]
    fn a_time_ahead_has_its_time_of_day_and_its_distance() {
        let shown = |millis| ahead(NOON + Duration::from_millis(millis), NOON);
        assert_eq!(shown(37_000), "at 12:00:37, in 37 s");
        assert_eq!(shown(2_500), "at 12:00:02.500, in 2.5 s");
        assert_eq!(shown(160_000), "at 12:02:40, in 2 min 40 s");
        assert_eq!(shown(12 * 3_600_000), "at 2026-03-02 00:00:00, in 12 h");
        assert_eq!(shown(20), "at 12:00:00.020, in less than 0.1 s");
        assert_eq!(shown(0), "now");
    }

    #[test]
    fn an_inexact_time_has_two_bounds() {
        let at = |seconds| NOON + Duration::from_secs(seconds);
        assert_eq!(between(at(30), at(90), NOON), "between 12:00:30 and 12:01:30, in 30 s to 90 s");
    }

    #[test]
    fn numbers_and_lists_are_in_english() {
        let ordinals = [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal);
        assert_eq!(ordinals, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(names(&["a", "b"]), "`a` and `b`");
        assert_eq!(more(2, true, "success", "successes"), "2 more successes in a row");
    }

    #[test]
    fn the_ends_of_time_have_a_text() {
        let (first, last) = (Timestamp::from_unix_micros(i64::MIN), Timestamp::from_unix_micros(i64::MAX));
        assert!(ahead(last, first).ends_with(" days"), "{}", ahead(last, first));
    }
}
