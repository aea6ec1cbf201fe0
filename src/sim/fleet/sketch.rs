//! How something is distributed over many Pods, in little memory.

use alloc::{collections::BTreeMap, vec::Vec};

use serde::{Deserialize, Serialize};

/// How many steps there are between a number and its double: percentiles are exact to 1 in 64.
const STEPS: u64 = 64;

/// A histogram of numbers from 0 on, small ones exact, large ones to within 1.6 %; several are added up.
///
/// ```
/// use pod_lifecycle::sim::Histogram;
///
/// let mut sketch = Histogram::default();
/// (1..=1_000).for_each(|number| sketch.add(number));
/// assert_eq!(sketch.count(), 1_000);
/// let median = sketch.percentile(50.0).unwrap();
/// assert!((496..=504).contains(&median), "{median}");
///
/// let mut both = sketch.clone();
/// both.merge(&sketch);
/// assert_eq!((both.count(), both.percentile(50.0)), (2_000, Some(median)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many numbers there are in each bucket that has any.
    buckets: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Takes a number in.
    pub fn add(&mut self, number: u64) {
        let count = self.buckets.entry(bucket(number)).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes a number out that was taken in.
    pub(super) fn remove(&mut self, number: u64) {
        let key = bucket(number);
        if let Some(count) = self.buckets.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.buckets.remove(&key);
            }
        }
    }

    /// Adds another's numbers.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, more) in &other.buckets {
            let count = self.buckets.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The number that so many percent of all do not exceed; `None` of no numbers.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank among so many"
        )]
        let rank = (self.count() as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        let mut buckets = self.buckets.iter();
        let found = buckets.find(|(_, count)| {
            seen = seen.saturating_add(**count);
            seen >= rank
        });
        found.map(|(bucket, _)| largest(*bucket))
    }

    /// The buckets as they are sent from one process to another.
    ///
    /// ```
    /// use pod_lifecycle::sim::Histogram;
    ///
    /// let mut sketch = Histogram::default();
    /// [3, 3, 5].into_iter().for_each(|number| sketch.add(number));
    /// let sent = sketch.to_buckets();
    /// assert_eq!(sent, [(3, 2), (5, 1)], "small numbers have a bucket each");
    /// assert_eq!(Histogram::from_buckets(sent), sketch);
    /// ```
    #[must_use]
    pub fn to_buckets(&self) -> Vec<(u64, u64)> {
        self.buckets.iter().map(|(bucket, count)| (*bucket, *count)).collect()
    }

    /// The sketch whose buckets these are.
    #[must_use]
    pub fn from_buckets(buckets: impl IntoIterator<Item = (u64, u64)>) -> Histogram {
        Histogram { buckets: buckets.into_iter().collect() }
    }
}

/// The bucket of a number: up to twice [`STEPS`] each has its own, then each doubling has as many as [`STEPS`].
fn bucket(number: u64) -> u64 {
    let doublings = number.checked_ilog2().unwrap_or(0).saturating_sub(STEPS.ilog2());
    u64::from(doublings).saturating_mul(STEPS).saturating_add(number.wrapping_shr(doublings))
}

/// The largest number of a bucket.
fn largest(bucket: u64) -> u64 {
    let doublings = bucket.checked_div(STEPS).unwrap_or(0).saturating_sub(1);
    let step = bucket.saturating_sub(doublings.saturating_mul(STEPS));
    let shift = u32::try_from(doublings).unwrap_or(u32::MAX);
    step.saturating_add(1).wrapping_shl(shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_its_bucket_and_none_is_far_from_the_largest_there() {
        for number in (0..3_000).chain([1 << 20, (1 << 20) + 1, u64::MAX / 2, u64::MAX - 1]) {
            let top = largest(bucket(number));
            assert!(top >= number, "{number}: {top}");
            assert!(top - number <= number / 64, "{number}: {top}");
            assert_eq!(bucket(top), bucket(number), "{number}");
        }
    }
}
