//! How many Pods of a fleet show what.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{sketch::Histogram, telling::FleetDigest};
use crate::api::{Name, PodPhase};

/// How many Pods there are, and what they show, at one time.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, sim::Counts};
///
/// let shard: Counts = serde_json::from_str(
///     r#"{"pods": 2, "ready": 1, "phases": {"Running": 2}, "statuses": {"Running": 1, "CrashLoopBackOff": 1}}"#)?;
/// let mut whole = Counts::default();
/// whole.merge(&shard);
/// whole.merge(&shard);
/// assert_eq!((whole.pods, whole.ready), (4, 2));
/// assert_eq!((whole.of_phase(PodPhase::Running), whole.of_phase(PodPhase::Failed)), (4, 0));
/// assert_eq!(whole.of_status("CrashLoopBackOff"), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// How many objects the API has.
    pub pods: u64,
    /// How many of them are `Ready`.
    pub ready: u64,
    /// How many have each phase; phases that none has are left out.
    pub phases: BTreeMap<String, u64>,
    /// How many show each word in the column STATUS of `kubectl get pods`.
    pub statuses: BTreeMap<String, u64>,
}

impl Counts {
    /// How many have a phase.
    #[must_use]
    pub fn of_phase(&self, phase: PodPhase) -> u64 {
        self.phases.get(phase.name()).copied().unwrap_or(0)
    }

    /// How many show a word in the column STATUS.
    #[must_use]
    pub fn of_status(&self, word: &str) -> u64 {
        self.statuses.get(word).copied().unwrap_or(0)
    }

    /// Adds those of another shard.
    pub fn merge(&mut self, other: &Counts) {
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

/// How long things took in a fleet, and how often they happened.
///
/// ```
/// use pod_lifecycle::sim::Histograms;
///
/// let (mut one, mut other) = (Histograms::default(), Histograms::default());
/// one.millis_to_ready.add(1_000);
/// other.millis_to_ready.add(9_000);
/// one.merge(&other);
/// assert_eq!((one.millis_to_ready.count(), one.restarts.count()), (2, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Histograms {
    /// Milliseconds from the beginning of a Pod until it was `Ready` for the first time.
    pub millis_to_ready: Histogram,
    /// How often the containers of a Pod were started again, of each Pod that there is.
    pub restarts: Histogram,
    /// Milliseconds from the request to delete a Pod until its object was gone.
    pub millis_to_stop: Histogram,
}

impl Histograms {
    /// Adds those of another shard.
    pub fn merge(&mut self, other: &Histograms) {
        self.millis_to_ready.merge(&other.millis_to_ready);
        self.restarts.merge(&other.restarts);
        self.millis_to_stop.merge(&other.millis_to_stop);
    }
}

/// What can be seen of a Pod, in a few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) phase: PodPhase,
    pub(super) status: Word,
    pub(super) restarts: i32,
    pub(super) is_ready: bool,
    /// Whether it was ever ready.
    pub(super) was_ready: bool,
}

/// A word of the column STATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u16);

/// How many Pods show what; or by how many more, or, with wrap-around, fewer, than at the moment before.
#[derive(Clone, Debug, Default)]
struct Numbers {
    pods: u64,
    ready: u64,
    phases: BTreeMap<PodPhase, u64>,
    /// Of each word, by its number.
    words: Vec<u64>,
    /// How many things have happened, and what their digest is; of a change only.
    told: (u64, FleetDigest),
}

impl Numbers {
    /// So many Pods more show this.
    fn note(&mut self, seen: Seen, more: u64) {
        add(&mut self.pods, more);
        if seen.is_ready {
            add(&mut self.ready, more);
        }
        add(self.phases.entry(seen.phase).or_default(), more);
        self.note_word(usize::from(seen.status.0), more);
    }

    fn note_word(&mut self, word: usize, more: u64) {
        if self.words.len() <= word {
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
        change.words.iter().enumerate().for_each(|(word, more)| self.note_word(word, *more));
        self.told = change.told;
    }
}

fn add(count: &mut u64, more: u64) {
    *count = count.wrapping_add(more);
}

/// One fewer.
const LESS: u64 = u64::MAX;

/// The words that were seen, and how many Pods show what: now, and at the moments up to which they live on.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    words: Vec<Box<str>>,
    now: Numbers,
    /// What has changed up to each moment since the one before.
    changes: Vec<Numbers>,
    /// Which of them is changed.
    moment: usize,
    pub(super) spreads: Histograms,
}

impl Counters {
    /// The number of a word.
    pub(super) fn word(&mut self, word: &str) -> Word {
        let known = self.words.iter().position(|known| **known == *word);
        let place = known.unwrap_or_else(|| {
            self.words.push(word.into());
            self.words.len().saturating_sub(1)
        });
        Word(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// The Pods are about to live on through so many moments.
    pub(super) fn begin(&mut self, moments: usize) {
        self.changes.resize_with(moments, Numbers::default);
        self.moment = 0;
    }

    /// What changes next does so between the moment before and this one.
    pub(super) fn turn_to(&mut self, moment: usize) {
        self.moment = moment;
    }

    /// What is seen of a Pod has changed; `None`: there is none.
    pub(super) fn change(&mut self, before: Option<Seen>, after: Option<Seen>) {
        if before == after {
            return;
        }
        let Some(change) = self.changes.get_mut(self.moment) else { return };
        if let Some(seen) = before {
            change.note(seen, LESS);
            self.spreads.restarts.remove(seen.restarts.unsigned_abs().into());
        }
        if let Some(seen) = after {
            change.note(seen, 1);
            self.spreads.restarts.add(seen.restarts.unsigned_abs().into());
        }
    }

    /// So many things have happened, and this is their digest.
    pub(super) fn tell(&mut self, more: u64, digest: FleetDigest) {
        if let Some(change) = self.changes.get_mut(self.moment) {
            add(&mut change.told.0, more);
            change.told.1.merge(digest);
        }
    }

    /// The Pods have lived on: makes the changes, one moment after the other, and says so after each.
    pub(super) fn settle(&mut self, mut after: impl FnMut(&Counters)) {
        let mut changes = core::mem::take(&mut self.changes);
        for change in changes.drain(..) {
            self.now.change_by(&change);
            after(self);
        }
        self.changes = changes;
    }

    /// What has happened since the moment before, and its digest.
    pub(super) fn told(&self) -> (u64, FleetDigest) {
        self.now.told
    }

    pub(super) fn counts(&self) -> Counts {
        let phases = self.now.phases.iter().map(|(phase, count)| (phase.name(), *count));
        let statuses = self.words.iter().map(|word| &**word).zip(self.now.words.iter().copied());
        let some = |(_, count): &(&str, u64)| *count > 0;
        let own = |(word, count): (&str, u64)| (String::from(word), count);
        Counts {
            pods: self.now.pods,
            ready: self.now.ready,
            phases: phases.filter(some).map(own).collect(),
            statuses: statuses.filter(some).map(own).collect(),
        }
    }
}
