//! Texts for durations, times, names and counts.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use crate::time::Timestamp;

/// Returns a duration without units that are zero: `1h`, `1m30s`, `0.5s`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let tenths = duration.subsec_millis() / 100;
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m")];
    let mut text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    match (seconds % 60, tenths) {
        // A duration of zero is `0s` and not an empty text.
        (0, 0) if !text.is_empty() => {}
        (seconds, 0) => text.push_str(&format!("{seconds}s")),
        (seconds, tenths) => text.push_str(&format!("{seconds}.{tenths}s")),
    }
    text
}

/// Returns a time relative to the start: `+1m30s`.
pub(super) fn offset(at: Timestamp, start: Timestamp) -> String {
    format!("+{}", duration(at.since(start)))
}

/// Returns a range with its duration: `+5s to +10s (5s)`.
pub(super) fn range(from: Timestamp, to: Timestamp, start: Timestamp) -> String {
    format!("{} to {} ({})", offset(from, start), offset(to, start), duration(to.since(from)))
}

/// Returns `node lost` for `nodeLost`.
pub(super) fn of_camel_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Returns a number with its noun: `1 restart`, `2 restarts`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Returns each different item with its number, in the order of first occurrence: `exit 1 ×3, SIGKILL`.
pub(super) fn tally<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for item in items {
        let item = item.to_string();
        // A map would lose the order of first occurrence.
        match counts.iter_mut().find(|(known, _)| *known == item) {
            Some((_, n)) => *n = n.saturating_add(1),
            None => counts.push((item, 1)),
        }
    }
    let one = |(item, n): (String, usize)| if n == 1 { item } else { format!("{item} ×{n}") };
    counts.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_omit_zero_units() {
        let texts = [0, 5, 60, 90, 3_600, 3_660, 86_400, 90_061].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(texts, ["0s", "5s", "1m", "1m30s", "1h", "1h1m", "1d", "1d1h1m1s"]);
        assert_eq!(duration(Duration::from_millis(61_500)), "1m1.5s");
    }

    #[test]
    fn names_of_actions_become_words() {
        assert_eq!(of_camel_case("removeSchedulingGates"), "remove scheduling gates");
        assert_eq!(of_camel_case(""), "");
    }

    #[test]
    fn a_tally_counts_equal_items() {
        assert_eq!(tally(["exit 1", "SIGKILL", "exit 1"]), "exit 1 ×2, SIGKILL");
    }
}
