//! Samples of a fleet: counts of its Pods at one time, and the counters that are updated as Pods change.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{histogram::Histogram, observers::FleetDigest};
use crate::{
    api::{Name, PodPhase},
    time::Timestamp,
};

/// A sample of a fleet, or of a shard of one, at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FleetSample {
    /// Time of the sample.
    pub at: Timestamp,
    /// Counts of the Pods.
    pub counts: PodCounts,
    /// Number of events so far: see [`Fleet::events`](super::Fleet::events).
    pub events: u64,
    /// Digest of all transitions so far.
    pub digest: FleetDigest,
}

impl FleetSample {
    /// Adds the sample of another shard at the same time.
    pub fn merge(&mut self, other: &FleetSample) {
        self.counts.merge(&other.counts);
        self.events = self.events.saturating_add(other.events);
        self.digest.merge(other.digest);
    }
}

/// Counts of the Pods of a fleet, by what clients see of them.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, sim::PodCounts};
///
/// let shard: PodCounts = serde_json::from_str(
///     r#"{"pods": 2, "ready": 1, "phases": {"Running": 2}, "statuses": {"Running": 1, "CrashLoopBackOff": 1}}"#)?;
/// let mut fleet = PodCounts::default();
/// fleet.merge(&shard);
/// fleet.merge(&shard);
/// assert_eq!((fleet.pods, fleet.of_phase(PodPhase::Running), fleet.of_status("CrashLoopBackOff")), (4, 4, 2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodCounts {
    /// Number of objects in the API.
    pub pods: u64,
    /// Number of those that are `Ready`.
    pub ready: u64,
    /// Number in each phase; phases without Pods are left out.
    pub phases: BTreeMap<String, u64>,
    /// Number with each word in the column STATUS of `kubectl get pods`.
    pub statuses: BTreeMap<String, u64>,
}

impl PodCounts {
    /// Returns the number of Pods in a phase.
    #[must_use]
    pub fn of_phase(&self, phase: PodPhase) -> u64 {
        self.phases.get(phase.name()).copied().unwrap_or(0)
    }

    /// Returns the number of Pods with a word in the column STATUS.
    #[must_use]
    pub fn of_status(&self, word: &str) -> u64 {
        self.statuses.get(word).copied().unwrap_or(0)
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: &PodCounts) {
        self.pods = self.pods.saturating_add(other.pods);
        self.ready = self.ready.saturating_add(other.ready);
        for (own, others) in [(&mut self.phases, &other.phases), (&mut self.statuses, &other.statuses)] {
            for (word, more) in others {
                let count = own.entry(word.clone()).or_default();
                *count = count.saturating_add(*more);
            }
        }
    }
}

/// Histograms of a fleet: how long things took, and how often they happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Histograms {
    /// Milliseconds from the start of a Pod until it was `Ready` for the first time.
    pub millis_to_ready: Histogram,
    /// Restarts of a Pod's containers, of each Pod that exists.
    pub restarts: Histogram,
    /// Milliseconds from the request to delete a Pod until its object was removed.
    pub millis_to_stop: Histogram,
}

impl Histograms {
    /// Adds the histograms of another shard.
    pub fn merge(&mut self, other: &Histograms) {
        self.millis_to_ready.merge(&other.millis_to_ready);
        self.restarts.merge(&other.restarts);
        self.millis_to_stop.merge(&other.millis_to_stop);
    }
}

// --- Counters ---

/// A Pod as clients see it (a row of `kubectl get pods`), in a few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VisiblePod {
    pub(super) phase: PodPhase,
    pub(super) status: Word,
    pub(super) restarts: i32,
    pub(super) is_ready: bool,
    /// True if it was ever ready.
    pub(super) was_ready: bool,
}

/// Index of a word of the column STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u16);

/// Counts of Pods, or their change since the sample before. A decrease wraps around.
#[derive(Clone, Debug, Default)]
struct Numbers {
    pods: u64,
    ready: u64,
    phases: BTreeMap<PodPhase, u64>,
    /// By the index of the word.
    words: Vec<u64>,
    /// Number of events, and their digest; only of a change.
    events: (u64, FleetDigest),
}

impl Numbers {
    fn add(&mut self, visible: VisiblePod, more: u64) {
        add(&mut self.pods, more);
        if visible.is_ready {
            add(&mut self.ready, more);
        }
        add(self.phases.entry(visible.phase).or_default(), more);
        self.add_word(usize::from(visible.status.0), more);
    }

    fn add_word(&mut self, word: usize, more: u64) {
        if self.words.len() <= word {
            // A change may be the first with a new word.
            self.words.resize(word.saturating_add(1), 0);
        }
        if let Some(count) = self.words.get_mut(word) {
            add(count, more);
        }
    }

    fn change_by(&mut self, change: &Numbers) {
        add(&mut self.pods, change.pods);
        add(&mut self.ready, change.ready);
        change.phases.iter().for_each(|(phase, more)| add(self.phases.entry(*phase).or_default(), *more));
        change.words.iter().enumerate().for_each(|(word, more)| self.add_word(word, *more));
        // Not a sum: events are reported for each sample by itself.
        self.events = change.events;
    }
}

fn add(count: &mut u64, more: u64) {
    *count = count.wrapping_add(more);
}

/// One fewer, with wrap-around.
// Changes wrap around, so that a sample may take away what an earlier one has counted.
const MINUS_ONE: u64 = u64::MAX;

/// Counters of a fleet: the present counts, and their changes up to each sample of an advance.
///
/// A Pod is advanced through all samples at once, so the counts of each sample are known only after the last Pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    words: Vec<Box<str>>,
    now: Numbers,
    changes: Vec<Numbers>,
    /// Index of the change that is being collected.
    sample: usize,
    pub(super) histograms: Histograms,
}

impl Counters {
    /// Returns the index of a word.
    pub(super) fn word(&mut self, word: &str) -> Word {
        // A scan, since a fleet shows few different words.
        let known = self.words.iter().position(|known| **known == *word);
        let index = known.unwrap_or_else(|| {
            self.words.push(word.into());
            self.words.len().saturating_sub(1)
        });
        Word(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// Starts an advance with so many samples.
    pub(super) fn begin(&mut self, samples: usize) {
        self.changes.resize_with(samples, Numbers::default);
        self.sample = 0;
    }

    /// Collects changes up to this sample from now on.
    pub(super) fn select(&mut self, sample: usize) {
        self.sample = sample;
    }

    /// Counts a change of what clients see of a Pod; `None`: it does not exist.
    pub(super) fn change(&mut self, before: Option<VisiblePod>, after: Option<VisiblePod>) {
        if before == after {
            return;
        }
        let Some(change) = self.changes.get_mut(self.sample) else { return };
        if let Some(visible) = before {
            change.add(visible, MINUS_ONE);
            // Histograms have no samples: they are those of the end of the advance.
            self.histograms.restarts.remove(visible.restarts.unsigned_abs().into());
        }
        if let Some(visible) = after {
            change.add(visible, 1);
            self.histograms.restarts.add(visible.restarts.unsigned_abs().into());
        }
    }

    /// Counts events, and adds their digest.
    pub(super) fn add_events(&mut self, more: u64, digest: FleetDigest) {
        if let Some(change) = self.changes.get_mut(self.sample) {
            add(&mut change.events.0, more);
            change.events.1.merge(digest);
        }
    }

    /// Applies the changes of an advance, sample by sample, and calls `sampled` after each.
    pub(super) fn settle(&mut self, mut sampled: impl FnMut(&Counters)) {
        let mut changes = core::mem::take(&mut self.changes);
        for change in changes.drain(..) {
            self.now.change_by(&change);
            sampled(self);
        }
        // Kept for its memory: each advance needs as many.
        self.changes = changes;
    }

    /// Returns the number of events since the sample before, and their digest.
    pub(super) fn events(&self) -> (u64, FleetDigest) {
        self.now.events
    }

    pub(super) fn counts(&self) -> PodCounts {
        let phases = self.now.phases.iter().map(|(phase, count)| (phase.name(), *count));
        let statuses = self.words.iter().map(|word| &**word).zip(self.now.words.iter().copied());
        let some = |(_, count): &(&str, u64)| *count > 0;
        let own = |(word, count): (&str, u64)| (String::from(word), count);
        PodCounts {
            pods: self.now.pods,
            ready: self.now.ready,
            phases: phases.filter(some).map(own).collect(),
            statuses: statuses.filter(some).map(own).collect(),
        }
    }
}
