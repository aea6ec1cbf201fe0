//! Scale: positions of times on an axis, and the ticks at round times.

use alloc::vec::Vec;
use core::time::Duration;

use super::axis::{Axis, later, length};
use crate::time::Timestamp;

/// Mapping of times to positions on a line, in px or columns.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    left: f64,
    right: f64,
    /// Adjacent parts in ascending order.
    parts: Vec<Part>,
}

/// Part of the line, in which a second has the same width everywhere.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: Timestamp,
    to: Timestamp,
    left: f64,
    right: f64,
    is_shown: bool,
}

impl Part {
    /// Returns the width of a second.
    fn unit(&self) -> f64 {
        (self.right - self.left) / length(self.from, self.to).max(f64::MIN_POSITIVE)
    }
}

impl Scale {
    /// Creates a scale from `left` to `right`, in which each skipped segment is `cut` wide.
    pub(super) fn new(axis: &Axis, left: f64, right: f64, cut: f64) -> Scale {
        let stretches = axis.stretches();
        let all: f64 = stretches.iter().map(|stretch| stretch.weight as f64).sum();
        let skipped: Vec<_> = axis.segments.iter().filter(|segment| !segment.is_shown()).collect();
        // Skipped segments take at most half the width.
        let cut = cut.min((right - left) / 2.0 / skipped.len().max(1) as f64);
        let room = right - left - cut * skipped.len() as f64;
        let shown = stretches.iter().map(|it| (it.from, it.to, room * it.weight as f64 / all.max(1.0), true));
        let mut parts: Vec<_> = shown.chain(skipped.iter().map(|it| (it.from(), it.to(), cut, false))).collect();
        parts.sort_by_key(|(from, ..)| *from);
        let mut x = left;
        let place = |(from, to, width, is_shown): (Timestamp, Timestamp, f64, bool)| {
            let left = x;
            x += width;
            Part { from, to, left, right: x, is_shown }
        };
        Scale { left, right, parts: parts.into_iter().map(place).collect() }
    }

    /// Returns the position of a time.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let index = self.parts.partition_point(|part| part.to <= at);
        let Some(part) = self.parts.get(index) else { return self.right };
        // A position in a skipped segment is in proportion too, which keeps the mapping monotonic.
        if at <= part.from { part.left } else { part.left + length(part.from, at) * part.unit() }
    }

    /// Returns the time at a position.
    pub(super) fn time_at(&self, position: f64) -> Timestamp {
        let position = position.max(self.left);
        let index = self.parts.partition_point(|part| part.right <= position);
        match (self.parts.get(index), self.parts.last()) {
            (Some(part), _) => {
                let share = (position - part.left) / (part.right - part.left).max(f64::MIN_POSITIVE);
                later(part.from, length(part.from, part.to) * share)
            }
            (None, Some(last)) => last.to,
            (None, None) => Timestamp::UNIX_EPOCH,
        }
    }

    /// Returns left edge, right edge and duration of each skipped segment.
    pub(super) fn cuts(&self) -> impl Iterator<Item = (f64, f64, Duration)> {
        let skipped = self.parts.iter().filter(|part| !part.is_shown);
        skipped.map(|part| (part.left, part.right, part.to.since(part.from)))
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

/// Upper bound of candidates for ticks of one step in one part.
const MAX_TICKS: i64 = 400;

/// Returns round times since the start, at least `apart` from each other, in ascending order.
pub(super) fn ticks(axis: &Axis, scale: &Scale, apart: f64) -> Vec<Timestamp> {
    let start = axis.start();
    let mut candidates: Vec<(Timestamp, usize)> = Vec::new();
    for part in scale.parts.iter().filter(|part| part.is_shown) {
        // Of parts with scales of their own, a neighbour may have room for a tick of half the distance.
        let apart = if axis.is_to_scale() { apart } else { apart / 2.0 };
        let fits = |tenths: &u64| *tenths as f64 / 10.0 * part.unit() >= apart;
        let mut steps: Vec<(usize, u64)> = STEPS.into_iter().enumerate().filter(|(_, tenths)| fits(tenths)).collect();
        if axis.is_to_scale() {
            // One step, so that ticks are equally far apart.
            steps.truncate(1);
        }
        for (rank, tenths) in steps {
            let step = Duration::from_millis(tenths.saturating_mul(100));
            candidates.extend(multiples(start, step, part.from, part.to).into_iter().map(|at| (at, rank)));
        }
    }
    // The roundest times first; of equally round ones, the earlier first.
    candidates.sort_by_key(|(at, rank)| (core::cmp::Reverse(*rank), *at));
    let mut taken: Vec<(f64, Timestamp)> = Vec::new();
    for (at, _) in candidates {
        let x = scale.x(at);
        let index = taken.partition_point(|(other, _)| *other < x);
        let neighbours = [index.checked_sub(1), Some(index)];
        let is_free = neighbours.into_iter().flatten().filter_map(|index| taken.get(index));
        // A rounding error must not cost a tick of a linear axis.
        if is_free.map(|(other, _)| (other - x).abs()).all(|distance| distance >= apart - 1e-6) {
            taken.insert(index, (x, at));
        }
    }
    taken.into_iter().map(|(_, at)| at).collect()
}

/// Returns the multiples of a step since the start that are between two times.
fn multiples(start: Timestamp, step: Duration, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    // Rounded up to the first multiple in the range.
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
    fn ticks_of_a_crowded_axis_keep_their_distance() {
        let axis = axis_of(1_500, &[5, 10, 20, 25, 45, 50, 90, 95, 175, 180, 340, 345, 645, 650, 950]);
        let scale = Scale::new(&axis, 0.0, 600.0, 0.0);
        let places: Vec<f64> = ticks(&axis, &scale, 60.0).into_iter().map(|at| scale.x(at)).collect();
        assert!(places.len() >= 5, "{places:?}");
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 60.0 - 1e-3), "{places:?}");
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
