//! Time axis: long segments without changes are skipped, and crowded ones get room at the expense of quiet ones.

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Axis {
    /// Segments. Each begins where the one before it ends; the first and the last are shown.
    pub segments: Vec<AxisSegment>,
    /// Stretches of the shown segments, each to a scale of its own, in ascending order. Without them a segment is to
    /// scale.
    stretches: Vec<Stretch>,
}

/// Part of a shown segment, to a scale of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Length on the axis, compared with other stretches.
    pub(super) weight: u64,
}

/// Segment of the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisSegment {
    /// Shown; to scale, unless the axis gives crowded stretches more room.
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
/// Stretches as wide as this share of the axis have room for a marker: 9 px of 720.
const READABLE: f64 = 1.0 / 80.0;
/// Shorter stretches, in seconds, say nothing about how crowded an axis is.
const MIN_STRETCH: f64 = 0.5;
/// Weights are whole numbers, so that axes can be compared.
const WEIGHT_UNIT: f64 = 1e6;

/// Growth of a stretch's weight with its length: in proportion, or with a root of it. Of square roots alone, since those
/// are exact on every machine.
const GROWTHS: [fn(f64) -> f64; 3] =
    [|seconds| seconds, |seconds| seconds.sqrt() * seconds.sqrt().sqrt(), |seconds| seconds.sqrt()];

impl Axis {
    /// Creates the axis from `start` to `end`, or a little longer if the Pod is finished, with something new at each of
    /// `changes`.
    pub(super) fn of(start: Timestamp, end: Timestamp, is_finished: bool, changes: BTreeSet<Timestamp>) -> Axis {
        let mut segments = Vec::new();
        let mut shown_from = start;
        let gaps = gaps(start, end, changes);
        for (from, to) in skipped(&gaps) {
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
        let last = later(end, after);
        segments.push(AxisSegment::Shown { from: shown_from, to: last });
        let stretches = stretches(&segments, &gaps, (end, last));
        Axis { segments, stretches }
    }

    /// True if a second takes the same room wherever time is shown.
    #[must_use]
    pub fn is_to_scale(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Returns the stretches: those of crowded segments, or else one for each shown segment.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        if !self.stretches.is_empty() {
            return self.stretches.clone();
        }
        let shown = self.segments.iter().filter(|segment| segment.is_shown());
        shown.map(|it| Stretch { from: it.from(), to: it.to(), weight: weight(length(it.from(), it.to())) }).collect()
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

/// Returns the stretches between changes with the growth that makes most of them readable; none if all are in
/// proportion.
fn stretches(segments: &[AxisSegment], gaps: &[(Timestamp, Timestamp)], after: (Timestamp, Timestamp)) -> Vec<Stretch> {
    let shown: Vec<AxisSegment> = segments.iter().copied().filter(|segment| segment.is_shown()).collect();
    let pieces: Vec<(Timestamp, Timestamp)> = gaps
        .iter()
        .chain([&after])
        .flat_map(|(from, to)| {
            // A gap with a skipped middle has two shown ends.
            shown.iter().map(|it| (it.from().max(*from), it.to().min(*to))).filter(|(from, to)| from < to)
        })
        .collect();
    let readable = |growth: &fn(f64) -> f64| {
        let lengths = || pieces.iter().map(|(from, to)| length(*from, *to));
        let all: f64 = lengths().map(growth).sum();
        lengths().filter(|&seconds| seconds >= MIN_STRETCH && growth(seconds) >= all * READABLE).count()
    };
    let [linear, others @ ..] = GROWTHS;
    // A scale of its own for each stretch makes lengths hard to compare: it has to make many of them readable.
    let enough = pieces.len().div_ceil(4).max(3);
    let mut best = (linear, readable(&linear).saturating_add(enough));
    let mut is_linear = true;
    for growth in others {
        let count = readable(&growth);
        if count >= best.1 {
            best = (growth, count.saturating_add(1));
            is_linear = false;
        }
    }
    if is_linear {
        return Vec::new();
    }
    let grown = |(from, to): (Timestamp, Timestamp)| Stretch { from, to, weight: weight((best.0)(length(from, to))) };
    pieces.into_iter().map(grown).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn weight(seconds: f64) -> u64 {
    (seconds * WEIGHT_UNIT).round() as u64
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

    /// Exits and restarts of a crash loop.
    const CRASH_LOOP: [i64; 15] = [5, 10, 20, 25, 45, 50, 90, 95, 175, 180, 340, 345, 645, 650, 950];

    #[test]
    fn nothing_of_a_crash_loop_is_skipped() {
        assert_eq!(skipped(&axis(1_500, &CRASH_LOOP)), []);
    }

    #[test]
    fn the_first_minutes_of_a_crash_loop_get_room() {
        let axis = axis(1_500, &CRASH_LOOP);
        assert!(!axis.is_to_scale());
        let all: u64 = axis.stretches.iter().map(|stretch| stretch.weight).sum();
        let least = axis.stretches.iter().map(|stretch| stretch.weight).min().unwrap();
        assert!(least * 60 >= all, "{least} of {all}");
        let longer = |pair: &[Stretch]| length(pair[0].from, pair[0].to) < length(pair[1].from, pair[1].to);
        assert!(axis.stretches.windows(2).filter(|pair| longer(pair)).all(|pair| pair[0].weight < pair[1].weight));
    }

    #[test]
    fn the_stretches_of_an_axis_are_its_shown_segments() {
        for axis in [axis(1_500, &CRASH_LOOP), axis(7_300, &[10, 40, 7_240, 7_270]), axis(60, &[])] {
            let mut shown: Vec<_> = axis.segments.iter().filter(|segment| segment.is_shown()).collect();
            let mut stretches = axis.stretches().into_iter();
            for segment in shown.drain(..) {
                let mut at = segment.from();
                while at < segment.to() {
                    let next = stretches.next().unwrap();
                    assert_eq!(next.from, at);
                    at = next.to;
                }
                assert_eq!(at, segment.to());
            }
            assert_eq!(stretches.next(), None);
        }
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
        let axis = axis(600, &times);
        assert_eq!(skipped(&axis), []);
        assert!(axis.is_to_scale());
    }

    #[test]
    fn a_life_without_changes_is_shown_whole() {
        assert_eq!(skipped(&axis(600, &[])), []);
    }
}
