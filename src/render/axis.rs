//! How time is laid out: as it passes, but for long stretches that say nothing.

use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;

use super::picture::Picture;
use crate::time::Timestamp;

/// How the time of a life is laid out, from its start on without a gap.
///
/// ```
/// use pod_lifecycle::{render::{Picture, Stretch}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"actions": [{"t": 7200, "op": "delete"}], "endSeconds": 8000,
///                "containers": {"app": {"runs": [{"sigtermExitAfterSeconds": 5}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let skipped = picture.axis.stretches.iter().filter(|stretch| matches!(stretch, Stretch::Skipped { .. }));
/// assert_eq!(skipped.count(), 1, "two hours in which nothing happens, and then five seconds");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Axis {
    /// Each begins where the one before it ends; the first and the last are shown.
    pub stretches: Vec<Stretch>,
}

/// A part of the time.
///
/// ```
/// use pod_lifecycle::{Timestamp, render::Stretch};
///
/// let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::from_unix_seconds(10));
/// assert_eq!(Stretch::Skipped { from, to }.to(), to);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// Drawn to scale.
    Shown {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// Left out, since it says nothing.
    Skipped {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
}

impl Stretch {
    /// Its first moment.
    #[must_use]
    pub fn from(self) -> Timestamp {
        let (Stretch::Shown { from, .. } | Stretch::Skipped { from, .. }) = self;
        from
    }

    /// Its end.
    #[must_use]
    pub fn to(self) -> Timestamp {
        let (Stretch::Shown { to, .. } | Stretch::Skipped { to, .. }) = self;
        to
    }

    fn is_shown(self) -> bool {
        matches!(self, Stretch::Shown { .. })
    }
}

/// A gap is left out if it is so many times as long as all shorter ones together.
const DOMINANCE: f64 = 4.0;
/// No gap is left out that is no longer than so many seconds.
const WORTH_SKIPPING: f64 = 60.0;
/// More breaks than this would leave nothing to compare.
const MOST_BREAKS: usize = 4;
/// The least that is shown, in seconds.
const LEAST: f64 = 1.0;
/// What is shown after the end of a life that is finished, of what is shown before.
const AFTERWARDS: f64 = 1.0 / 12.0;

impl Axis {
    /// Lays out the time from `start` to `end`, in which something happens at each of `moments`; a finished life is
    /// followed by a little of the time afterwards.
    pub(super) fn of(start: Timestamp, end: Timestamp, is_finished: bool, moments: BTreeSet<Timestamp>) -> Axis {
        let mut stretches = Vec::new();
        let mut shown_from = start;
        for (from, to) in skipped(&gaps(start, end, moments)) {
            stretches.push(Stretch::Shown { from: shown_from, to: from });
            stretches.push(Stretch::Skipped { from, to });
            shown_from = to;
        }
        let shown: f64 = stretches.iter().filter(|it| it.is_shown()).map(|it| length(it.from(), it.to())).sum();
        let shown = shown + length(shown_from, end);
        let after = match is_finished {
            true => (shown * AFTERWARDS).max(LEAST),
            false if shown > 0.0 => 0.0,
            false => LEAST,
        };
        stretches.push(Stretch::Shown { from: shown_from, to: later(end, after) });
        Axis { stretches }
    }

    /// The first moment.
    ///
    /// ```
    /// # use pod_lifecycle::{render::Picture, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let timeline = Scenario::of(pod).until(60.0).play()?;
    /// let axis = Picture::of(&timeline).axis;
    /// assert!(axis.start() == timeline.start && axis.end() >= timeline.end.at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.stretches.first().map_or(Timestamp::UNIX_EPOCH, |stretch| stretch.from())
    }

    /// The end of what is drawn: that of the life, or a little after it.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.stretches.last().map_or(Timestamp::UNIX_EPOCH, |stretch| stretch.to())
    }
}

/// The times between two moments at which something happens.
fn gaps(start: Timestamp, end: Timestamp, mut moments: BTreeSet<Timestamp>) -> Vec<(Timestamp, Timestamp)> {
    moments.extend([start, end]);
    let moments: Vec<Timestamp> = moments.into_iter().filter(|at| (start..=end).contains(at)).collect();
    moments.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect()
}

/// What is left out: the middle of each gap beside which all shorter ones together hardly show.
fn skipped(gaps: &[(Timestamp, Timestamp)]) -> Vec<(Timestamp, Timestamp)> {
    let mut lengths: Vec<f64> = gaps.iter().map(|(from, to)| length(*from, *to)).collect();
    lengths.sort_by(f64::total_cmp);
    let (mut shorter, mut dominant) = (0.0, None);
    for length in lengths {
        if shorter > 0.0 && length > WORTH_SKIPPING && length > DOMINANCE * shorter {
            dominant = Some((length, shorter));
        }
        shorter += length;
    }
    let Some((least, rest)) = dominant else { return Vec::new() };
    let mut long: Vec<_> = gaps.iter().copied().filter(|(from, to)| length(*from, *to) >= least).collect();
    if long.len() > MOST_BREAKS {
        return Vec::new();
    }
    for (from, to) in &mut long {
        // Less than a quarter of the gap, which is much longer than the rest.
        let kept = rest / 8.0;
        let kept = if kept > 1.0 { kept.floor() } else { kept };
        (*from, *to) = (later(*from, kept), later(*to, -kept));
    }
    long
}

/// In seconds.
fn length(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_secs_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
fn later(at: Timestamp, seconds: f64) -> Timestamp {
    Timestamp::from_unix_micros(at.unix_micros().saturating_add((seconds * 1e6) as i64))
}

impl Picture {
    /// Every moment at which something happens that had not been so before: what is repeated says nothing new.
    pub(super) fn moments(&self) -> BTreeSet<Timestamp> {
        let mut moments = BTreeSet::new();
        moments.extend(self.phase.iter().map(|span| span.from));
        moments.extend(self.conditions.iter().flat_map(|strip| &strip.spans).map(|span| span.from));
        moments.extend(self.deeds.iter().map(|mark| mark.at));
        moments.extend(self.flags.iter().filter_map(|flag| flag.times.first()));
        moments.extend(self.removed_at);
        for lane in &self.lanes {
            moments.extend(lane.states.iter().map(|span| span.from));
            moments.extend(lane.runs.iter().flat_map(|span| [span.from, span.to]));
            moments.extend(lane.stops.iter().flat_map(|span| [span.from, span.to]));
            moments.extend(lane.tasks.iter().flat_map(|span| [span.from, span.to]));
            for row in &lane.probes {
                let changes = row.answers.chunk_by(|a, b| a.what == b.what);
                moments.extend(changes.filter_map(|same| Some(same.first()?.at)));
            }
        }
        moments
    }
}

/// Where on a line of some width each moment is.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    left: f64,
    right: f64,
    /// How wide what is left out is drawn.
    cut: f64,
    /// Per second of what is shown.
    unit: f64,
    stretches: Vec<Stretch>,
}

impl Scale {
    /// Lays an axis out from `left` to `right`, each stretch that is left out `cut` wide.
    pub(super) fn new(axis: &Axis, left: f64, right: f64, cut: f64) -> Scale {
        let stretches = axis.stretches.clone();
        let shown: f64 = stretches.iter().filter(|it| it.is_shown()).map(|it| length(it.from(), it.to())).sum();
        let cuts = stretches.iter().filter(|it| !it.is_shown()).count();
        // More breaks than there is room for share what there is.
        let cut = cut.min((right - left) / 2.0 / cuts.max(1) as f64);
        let unit = (right - left - cut * cuts as f64) / shown.max(f64::MIN_POSITIVE);
        Scale { left, right, cut, unit, stretches }
    }

    /// Where a moment is.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let mut x = self.left;
        for stretch in &self.stretches {
            let (from, to) = (stretch.from(), stretch.to());
            let width = self.width(*stretch);
            if at < to {
                let share = length(from, at) / length(from, to).max(f64::MIN_POSITIVE);
                return x + width * share;
            }
            x += width;
        }
        self.right
    }

    /// Which moment is there.
    pub(super) fn at(&self, place: f64) -> Timestamp {
        let mut x = self.left;
        for stretch in &self.stretches {
            let width = self.width(*stretch);
            if place < x + width {
                let share = ((place - x) / width.max(f64::MIN_POSITIVE)).max(0.0);
                return later(stretch.from(), length(stretch.from(), stretch.to()) * share);
            }
            x += width;
        }
        self.stretches.last().map_or(Timestamp::UNIX_EPOCH, |stretch| stretch.to())
    }

    /// The width of one second.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// Where what is left out is drawn, from where to where.
    pub(super) fn cuts(&self) -> impl Iterator<Item = (f64, f64, Duration)> {
        let skipped = self.stretches.iter().filter(|stretch| !stretch.is_shown());
        skipped.map(|stretch| {
            let x = self.x(stretch.from());
            (x, x + self.cut, stretch.to().since(stretch.from()))
        })
    }

    /// The parts of what lies between two places that are drawn to scale.
    pub(super) fn visible(&self, from: f64, to: f64) -> Vec<(f64, f64)> {
        let mut parts = Vec::new();
        let mut begin = from;
        for (cut_from, cut_to, _) in self.cuts() {
            if cut_from < to && cut_to > begin {
                parts.push((begin, cut_from));
                begin = cut_to;
            }
        }
        parts.push((begin, to));
        parts.retain(|(from, to)| to > from);
        parts
    }

    fn width(&self, stretch: Stretch) -> f64 {
        if stretch.is_shown() { length(stretch.from(), stretch.to()) * self.unit } else { self.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(end: i64, moments: &[i64]) -> Axis {
        let at = Timestamp::from_unix_seconds;
        Axis::of(at(0), at(end), false, moments.iter().map(|&second| at(second)).collect())
    }

    fn skipped(axis: &Axis) -> Vec<(i64, i64)> {
        let skipped = axis.stretches.iter().filter(|stretch| !stretch.is_shown());
        skipped.map(|stretch| (stretch.from().unix_seconds(), stretch.to().unix_seconds())).collect()
    }

    #[test]
    fn a_crash_loop_is_shown_to_scale() {
        assert_eq!(skipped(&axis(1_500, &[5, 10, 20, 25, 45, 50, 90, 95, 175, 180, 340, 345, 645, 650, 950])), []);
    }

    #[test]
    fn hours_between_two_busy_minutes_are_left_out() {
        assert_eq!(skipped(&axis(7_300, &[10, 40, 7_240, 7_270])), [(52, 7_228)]);
    }

    #[test]
    fn a_gap_is_left_out_only_if_it_is_more_than_four_times_all_shorter_ones() {
        let (at_most, more) = (axis(500, &[60, 100]), axis(501, &[60, 100]));
        assert_eq!(skipped(&at_most), []);
        assert_eq!(skipped(&more), [(112, 489)]);
        assert_eq!(skipped(&axis(60, &[5])), [], "nor is it worth it for less than a minute");
    }

    #[test]
    fn a_steady_beat_is_shown_to_scale() {
        let beat: Vec<i64> = (1..40).map(|n| n * 15).chain([1]).collect();
        assert_eq!(skipped(&axis(600, &beat)), []);
    }

    #[test]
    fn a_life_in_which_nothing_happens_is_shown_whole() {
        assert_eq!(skipped(&axis(600, &[])), []);
    }

    #[test]
    fn a_moment_and_its_place_belong_together() {
        let axis = axis(7_300, &[10, 40, 7_240, 7_270]);
        let scale = Scale::new(&axis, 100.0, 900.0, 20.0);
        assert_eq!((scale.x(axis.start()), scale.x(axis.end())), (100.0, 900.0));
        for second in [0, 10, 50, 3_000, 7_250, 7_299] {
            let at = Timestamp::from_unix_seconds(second);
            assert!(scale.at(scale.x(at)).micros_since(at).abs() < 10, "{second}");
        }
    }

    #[test]
    fn what_lies_under_a_break_is_not_visible() {
        let axis = axis(7_300, &[10, 40, 7_240, 7_270]);
        let scale = Scale::new(&axis, 0.0, 1_000.0, 20.0);
        let (from, to, _) = scale.cuts().next().unwrap();
        assert_eq!(scale.visible(0.0, 1_000.0), [(0.0, from), (to, 1_000.0)]);
        assert_eq!(scale.visible(from, to), []);
        assert_eq!(scale.visible(0.0, from - 5.0), [(0.0, from - 5.0)], "before it nothing is cut");
        assert_eq!(scale.visible(to + 5.0, 1_000.0), [(to + 5.0, 1_000.0)], "nor after it");
    }

    #[test]
    fn a_life_of_no_length_still_has_an_axis() {
        let axis = axis(0, &[0]);
        let scale = Scale::new(&axis, 0.0, 100.0, 20.0);
        assert_eq!((scale.x(axis.start()), scale.x(axis.end())), (0.0, 100.0));
    }
}
