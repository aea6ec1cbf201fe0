//! Scale: positions of times on an axis, and the ticks at round times.

use alloc::vec::Vec;
use core::time::Duration;

use super::axis::{Axis, AxisSegment, later, length};
use crate::time::Timestamp;

/// Mapping of times to positions on a line, in px or columns.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    left: f64,
    right: f64,
    /// Width of a skipped segment.
    cut: f64,
    /// Width of a second of shown time.
    unit: f64,
    segments: Vec<AxisSegment>,
}

impl Scale {
    /// Creates a scale from `left` to `right`, in which each skipped segment is `cut` wide.
    pub(super) fn new(axis: &Axis, left: f64, right: f64, cut: f64) -> Scale {
        let segments = axis.segments.clone();
        let shown: f64 = segments.iter().filter(|it| it.is_shown()).map(|it| length(it.from(), it.to())).sum();
        let cuts = segments.iter().filter(|it| !it.is_shown()).count();
        // Skipped segments take at most half the width.
        let cut = cut.min((right - left) / 2.0 / cuts.max(1) as f64);
        // An axis without length must not divide by zero.
        let unit = (right - left - cut * cuts as f64) / shown.max(f64::MIN_POSITIVE);
        Scale { left, right, cut, unit, segments }
    }

    /// Returns the position of a time.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let mut x = self.left;
        for segment in &self.segments {
            let (from, to) = (segment.from(), segment.to());
            let width = self.width(*segment);
            if at < to {
                // A position in a skipped segment is in proportion too, which keeps the mapping monotonic.
                let share = length(from, at) / length(from, to).max(f64::MIN_POSITIVE);
                return x + width * share;
            }
            x += width;
        }
        self.right
    }

    /// Returns the time at a position.
    pub(super) fn time_at(&self, position: f64) -> Timestamp {
        let mut x = self.left;
        for segment in &self.segments {
            let width = self.width(*segment);
            if position < x + width {
                let share = ((position - x) / width.max(f64::MIN_POSITIVE)).max(0.0);
                return later(segment.from(), length(segment.from(), segment.to()) * share);
            }
            x += width;
        }
        self.segments.last().map_or(Timestamp::UNIX_EPOCH, |segment| segment.to())
    }

    /// Returns the width of a second.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// Returns left edge, right edge and duration of each skipped segment.
    pub(super) fn cuts(&self) -> impl Iterator<Item = (f64, f64, Duration)> {
        let skipped = self.segments.iter().filter(|segment| !segment.is_shown());
        skipped.map(|segment| {
            let x = self.x(segment.from());
            (x, x + self.cut, segment.to().since(segment.from()))
        })
    }

    /// Returns the parts between two positions that are not in a skipped segment.
    pub(super) fn visible(&self, from: f64, to: f64) -> Vec<(f64, f64)> {
        let mut parts = Vec::new();
        let mut begin = from;
        for (cut_from, cut_to, _) in self.cuts() {
            // Cuts come in ascending order, so each begins the rest.
            if cut_from < to && cut_to > begin {
                parts.push((begin, cut_from));
                begin = cut_to;
            }
        }
        parts.push((begin, to));
        parts.retain(|(from, to)| to > from);
        parts
    }

    fn width(&self, segment: AxisSegment) -> f64 {
        if segment.is_shown() { length(segment.from(), segment.to()) * self.unit } else { self.cut }
    }
}

/// Distances of ticks, in tenths of a second: 0.1 s to 1 year.
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

/// Upper bound of ticks in one segment.
const MAX_TICKS: i64 = 400;

/// Returns round times since the start, at least `apart` from each other.
pub(super) fn ticks(axis: &Axis, scale: &Scale, apart: f64) -> Vec<Timestamp> {
    let step = step(axis, scale, apart);
    let shown = axis.segments.iter().filter_map(|segment| match *segment {
        AxisSegment::Shown { from, to } => Some((from, to)),
        AxisSegment::Skipped { .. } => None,
    });
    shown.flat_map(|(from, to)| multiples(axis.start(), step, from, to)).collect()
}

/// Returns the smallest step at which ticks are far enough apart.
fn step(axis: &Axis, scale: &Scale, apart: f64) -> Duration {
    let fits = |tenths: &u64| *tenths as f64 / 10.0 * scale.unit() >= apart;
    // Beyond the longest step, the whole axis is one step.
    let step = STEPS.into_iter().find(fits).map(|tenths| Duration::from_millis(tenths.saturating_mul(100)));
    step.unwrap_or_else(|| axis.end().since(axis.start())).max(Duration::from_millis(100))
}

/// Returns the multiples of a step since the start that are in a segment.
fn multiples(start: Timestamp, step: Duration, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    // Rounded up to the first multiple in the segment.
    let first = from.micros_since(start).saturating_add(step).saturating_sub(1).div_euclid(step);
    let at = |n: i64| Timestamp::from_unix_micros(start.unix_micros().saturating_add(n.saturating_mul(step)));
    (first..first.saturating_add(MAX_TICKS)).map(at).take_while(|at| *at <= to).collect()
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
    fn ticks_are_at_round_times() {
        assert_eq!(seconds(60), [0, 10, 20, 30, 40, 50, 60]);
        assert_eq!(seconds(100), [0, 30, 60, 90]);
        assert_eq!(seconds(86_400), [0, 21_600, 43_200, 64_800, 86_400]);
    }

    fn axis_of(end: i64, changes: &[i64]) -> Axis {
        let at = Timestamp::from_unix_seconds;
        Axis::of(at(0), at(end), false, changes.iter().map(|&second| at(second)).collect())
    }

    #[test]
    fn time_at_is_the_reverse_of_x() {
        let axis = axis_of(7_300, &[10, 40, 7_240, 7_270]);
        let scale = Scale::new(&axis, 100.0, 900.0, 20.0);
        assert_eq!((scale.x(axis.start()), scale.x(axis.end())), (100.0, 900.0));
        for second in [0, 10, 50, 3_000, 7_250, 7_299] {
            let at = Timestamp::from_unix_seconds(second);
            assert!(scale.time_at(scale.x(at)).micros_since(at).abs() < 10, "{second}");
        }
    }

    #[test]
    fn skipped_segments_are_not_visible() {
        let axis = axis_of(7_300, &[10, 40, 7_240, 7_270]);
        let scale = Scale::new(&axis, 0.0, 1_000.0, 20.0);
        let (from, to, _) = scale.cuts().next().unwrap();
        assert_eq!(scale.visible(0.0, 1_000.0), [(0.0, from), (to, 1_000.0)]);
        assert_eq!(scale.visible(from, to), []);
        assert_eq!(scale.visible(0.0, from - 5.0), [(0.0, from - 5.0)], "before it nothing is cut");
        assert_eq!(scale.visible(to + 5.0, 1_000.0), [(to + 5.0, 1_000.0)], "nor after it");
    }

    #[test]
    fn a_life_of_no_length_still_has_an_axis() {
        let axis = axis_of(0, &[0]);
        let scale = Scale::new(&axis, 0.0, 100.0, 20.0);
        assert_eq!((scale.x(axis.start()), scale.x(axis.end())), (0.0, 100.0));
    }
}
