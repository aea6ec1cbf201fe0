//! The times that are written along an axis.

use alloc::vec::Vec;
use core::time::Duration;

use super::axis::{Axis, Scale, Stretch};
use crate::time::Timestamp;

/// Steps that people count in, in tenths of a second.
const STEPS: [u64; 27] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    150,
    300,
    600,
    1_200,
    3_000,
    6_000,
    9_000,
    18_000,
    36_000,
    72_000,
    108_000,
    216_000,
    432_000,
    864_000,
    1_728_000,
    6_048_000,
    12_096_000,
    25_920_000,
    77_760_000,
    315_360_000,
];

/// No axis has more in one stretch.
const MOST: i64 = 400;

/// The times at round numbers of seconds, minutes or hours since the start, at least `apart` from each other.
pub(super) fn ticks(axis: &Axis, scale: &Scale, apart: f64) -> Vec<Timestamp> {
    let step = step(axis, scale, apart);
    let shown = axis.stretches.iter().filter_map(|stretch| match *stretch {
        Stretch::Shown { from, to } => Some((from, to)),
        Stretch::Skipped { .. } => None,
    });
    shown.flat_map(|(from, to)| multiples(axis.start(), step, from, to)).collect()
}

/// The smallest step at which ticks are far enough apart.
fn step(axis: &Axis, scale: &Scale, apart: f64) -> Duration {
    let fits = |tenths: &u64| *tenths as f64 / 10.0 * scale.unit() >= apart;
    let step = STEPS.into_iter().find(fits).map(|tenths| Duration::from_millis(tenths.saturating_mul(100)));
    step.unwrap_or_else(|| axis.end().since(axis.start())).max(Duration::from_millis(100))
}

/// The multiples of a step since the start that lie in a stretch.
fn multiples(start: Timestamp, step: Duration, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    let first = from.micros_since(start).saturating_add(step).saturating_sub(1).div_euclid(step);
    let at = |n: i64| Timestamp::from_unix_micros(start.unix_micros().saturating_add(n.saturating_mul(step)));
    (first..first.saturating_add(MOST)).map(at).take_while(|at| *at <= to).collect()
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    fn seconds(end: u64) -> Vec<u64> {
        let start = Timestamp::from_unix_seconds(7);
        let end = start + Duration::from_secs(end);
        let axis = Axis::of(start, end, false, BTreeSet::new());
        let scale = Scale::new(&axis, 0.0, 600.0, 0.0);
        ticks(&axis, &scale, 100.0).into_iter().map(|at| at.since(start).as_secs()).collect()
    }

    #[test]
    fn times_are_round() {
        assert_eq!(seconds(60), [0, 10, 20, 30, 40, 50, 60]);
        assert_eq!(seconds(100), [0, 30, 60, 90]);
        assert_eq!(seconds(86_400), [0, 21_600, 43_200, 64_800, 86_400]);
    }
}
