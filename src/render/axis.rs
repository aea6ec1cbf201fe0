//! Time axis: to scale, except for long segments without changes, which are skipped.

use alloc::{collections::BTreeSet, vec::Vec};

use super::picture::Picture;
use crate::time::Timestamp;

/// Time axis of a picture, in adjacent segments.
///
/// ```
/// use pod_lifecycle::{render::{Picture, AxisSegment}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"actions": [{"t": 7200, "op": "delete"}], "endSeconds": 8000,
///                "containers": {"app": {"runs": [{"sigtermExitAfterSeconds": 5}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let skipped = picture.axis.segments.iter().filter(|segment| matches!(segment, AxisSegment::Skipped { .. }));
/// assert_eq!(skipped.count(), 1, "two hours without changes, then five seconds");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Axis {
    /// Segments. Each begins where the one before it ends; the first and the last are shown.
    pub segments: Vec<AxisSegment>,
}

/// Segment of the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisSegment {
    /// Drawn to scale.
    Shown {
        /// Start.
        from: Timestamp,
        /// End.
        to: Timestamp,
    },
    /// Skipped, since nothing changes.
    Skipped {
        /// Start.
        from: Timestamp,
        /// End.
        to: Timestamp,
    },
}

impl AxisSegment {
    /// Returns the start.
    #[must_use]
    pub fn from(self) -> Timestamp {
        let (AxisSegment::Shown { from, .. } | AxisSegment::Skipped { from, .. }) = self;
        from
    }

    /// Returns the end.
    #[must_use]
    pub fn to(self) -> Timestamp {
        let (AxisSegment::Shown { to, .. } | AxisSegment::Skipped { to, .. }) = self;
        to
    }

    pub(super) fn is_shown(self) -> bool {
        matches!(self, AxisSegment::Shown { .. })
    }
}

/// A gap is skipped if it is more than this many times as long as all shorter ones together.
const DOMINANCE: f64 = 4.0;
/// Gaps up to this many seconds are never skipped.
const MIN_SKIPPED: f64 = 60.0;
/// With more gaps than this the axis would be hard to read, and none is skipped.
const MAX_SKIPPED: usize = 4;
/// Minimum length of the axis, in seconds.
const MIN_LENGTH: f64 = 1.0;
/// Time shown after the end of a finished Pod, as a fraction of the time shown before it.
const AFTER_END: f64 = 1.0 / 12.0;

impl Axis {
    /// Creates the axis from `start` to `end`, or a little longer if the Pod is finished, with something new at each of
    /// `changes`.
    pub(super) fn of(start: Timestamp, end: Timestamp, is_finished: bool, changes: BTreeSet<Timestamp>) -> Axis {
        let mut segments = Vec::new();
        let mut shown_from = start;
        for (from, to) in skipped(&gaps(start, end, changes)) {
            segments.push(AxisSegment::Shown { from: shown_from, to: from });
            segments.push(AxisSegment::Skipped { from, to });
            shown_from = to;
        }
        // The end has to be in proportion to what is drawn, not to hours that are skipped.
        let shown: f64 = segments.iter().filter(|it| it.is_shown()).map(|it| length(it.from(), it.to())).sum();
        let shown = shown + length(shown_from, end);
        let after = match is_finished {
            true => (shown * AFTER_END).max(MIN_LENGTH),
            false if shown > 0.0 => 0.0,
            // A life without length gets an axis all the same.
            false => MIN_LENGTH,
        };
        segments.push(AxisSegment::Shown { from: shown_from, to: later(end, after) });
        Axis { segments }
    }

    /// Returns the start.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.segments.first().map_or(Timestamp::UNIX_EPOCH, |segment| segment.from())
    }

    /// Returns the end, which may be a little after that of the scenario.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.segments.last().map_or(Timestamp::UNIX_EPOCH, |segment| segment.to())
    }
}

/// Returns the gaps between changes.
fn gaps(start: Timestamp, end: Timestamp, mut changes: BTreeSet<Timestamp>) -> Vec<(Timestamp, Timestamp)> {
    changes.extend([start, end]);
    // Spans that are still open end at OPEN, far beyond the picture.
    let changes: Vec<Timestamp> = changes.into_iter().filter(|at| (start..=end).contains(at)).collect();
    changes.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect()
}

/// Returns the skipped segments: the middle of each gap that is much longer than all shorter ones together.
fn skipped(gaps: &[(Timestamp, Timestamp)]) -> Vec<(Timestamp, Timestamp)> {
    let mut lengths: Vec<f64> = gaps.iter().map(|(from, to)| length(*from, *to)).collect();
    lengths.sort_by(f64::total_cmp);
    let (mut shorter, mut dominant) = (0.0, None);
    // In ascending order: the last gap that dominates all shorter ones sets the limit, and all as long or longer are
    // skipped.
    for length in lengths {
        if shorter > 0.0 && length > MIN_SKIPPED && length > DOMINANCE * shorter {
            dominant = Some((length, shorter));
        }
        shorter += length;
    }
    let Some((least, rest)) = dominant else { return Vec::new() };
    let mut long: Vec<_> = gaps.iter().copied().filter(|(from, to)| length(*from, *to) >= least).collect();
    if long.len() > MAX_SKIPPED {
        return Vec::new();
    }
    for (from, to) in &mut long {
        // A margin at both ends: an eighth of the rest, so less than 1/32 of the gap.
        let kept = rest / 8.0;
        // Whole seconds, so that the times beside a skipped segment are round.
        let kept = if kept > 1.0 { kept.floor() } else { kept };
        (*from, *to) = (later(*from, kept), later(*to, -kept));
    }
    long
}

/// Returns the length in seconds.
pub(super) fn length(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_secs_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
pub(super) fn later(at: Timestamp, seconds: f64) -> Timestamp {
    Timestamp::from_unix_micros(at.unix_micros().saturating_add((seconds * 1e6) as i64))
}

impl Picture {
    /// Returns the times at which something changes. Repeated events and probe results are no changes.
    pub(super) fn change_times(&self) -> BTreeSet<Timestamp> {
        let mut times = BTreeSet::new();
        times.extend(self.phase.iter().map(|span| span.from));
        times.extend(self.conditions.iter().flat_map(|track| &track.spans).map(|span| span.from));
        times.extend(self.actions.iter().map(|action| action.at));
        // An event that repeats for hours would keep the axis from being skipped.
        times.extend(self.events.iter().filter_map(|event| event.times.first()));
        times.extend(self.removed_at);
        for lane in &self.lanes {
            times.extend(lane.states.iter().map(|span| span.from));
            times.extend(lane.runs.iter().flat_map(|span| [span.from, span.to]));
            times.extend(lane.stops.iter().flat_map(|span| [span.from, span.to]));
            times.extend(lane.tasks.iter().flat_map(|span| [span.from, span.to]));
            for row in &lane.probes {
                let changes = row.results.chunk_by(|a, b| a.what == b.what);
                times.extend(changes.filter_map(|same| Some(same.first()?.at)));
            }
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(end: i64, changes: &[i64]) -> Axis {
        let at = Timestamp::from_unix_seconds;
        Axis::of(at(0), at(end), false, changes.iter().map(|&second| at(second)).collect())
    }

    fn skipped(axis: &Axis) -> Vec<(i64, i64)> {
        let skipped = axis.segments.iter().filter(|segment| !segment.is_shown());
        skipped.map(|segment| (segment.from().unix_seconds(), segment.to().unix_seconds())).collect()
    }

    #[test]
    fn a_crash_loop_is_shown_to_scale() {
        assert_eq!(skipped(&axis(1_500, &[5, 10, 20, 25, 45, 50, 90, 95, 175, 180, 340, 345, 645, 650, 950])), []);
    }

    #[test]
    fn hours_between_two_busy_minutes_are_skipped() {
        assert_eq!(skipped(&axis(7_300, &[10, 40, 7_240, 7_270])), [(52, 7_228)]);
    }

    #[test]
    fn a_gap_is_skipped_only_if_it_is_more_than_four_times_all_shorter_ones() {
        let (at_most, more) = (axis(500, &[60, 100]), axis(501, &[60, 100]));
        assert_eq!(skipped(&at_most), []);
        assert_eq!(skipped(&more), [(112, 489)]);
        assert_eq!(skipped(&axis(60, &[5])), [], "gaps of less than a minute are never skipped");
    }

    #[test]
    fn regular_changes_are_shown_to_scale() {
        let times: Vec<i64> = (1..40).map(|n| n * 15).chain([1]).collect();
        assert_eq!(skipped(&axis(600, &times)), []);
    }

    #[test]
    fn a_life_without_changes_is_shown_whole() {
        assert_eq!(skipped(&axis(600, &[])), []);
    }
}
