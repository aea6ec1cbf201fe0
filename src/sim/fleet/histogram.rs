//! Log-linear histogram with 64 buckets an octave: small, mergeable, and exact to 1.6 %.

use alloc::{collections::BTreeMap, vec::Vec};

use serde::{Deserialize, Serialize};

/// Buckets between a number and its double: percentiles are exact to 1 in 64.
const STEPS: u64 = 64;

/// A histogram of numbers: those below 128 exact, larger ones to within 1.6 %. Histograms of shards are merged.
///
/// ```
/// use pod_lifecycle::sim::Histogram;
///
/// let mut histogram = Histogram::default();
/// (1..=1_000).for_each(|number| histogram.add(number));
/// assert_eq!(histogram.count(), 1_000);
/// let median = histogram.percentile(50.0).unwrap();
/// assert!((496..=504).contains(&median), "{median}");
///
/// let mut both = histogram.clone();
/// both.merge(&histogram);
/// assert_eq!((both.count(), both.percentile(50.0)), (2_000, Some(median)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Count of each bucket that is not empty.
    buckets: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        let count = self.buckets.entry(bucket(number)).or_default();
        *count = count.saturating_add(1);
    }

    /// Removes a number that was added.
    pub(super) fn remove(&mut self, number: u64) {
        let key = bucket(number);
        if let Some(count) = self.buckets.get_mut(&key) {
            // Empty buckets are removed, so that equal histograms compare equal.
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.buckets.remove(&key);
            }
        }
    }

    /// Adds the numbers of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, more) in &other.buckets {
            let count = self.buckets.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Returns how many numbers were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// Returns the number that `percent` (0 to 100) of all do not exceed, rounded up to the largest of its bucket;
    /// `None` if there are none.
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

    /// Returns the buckets with their counts, to be sent to another process.
    #[must_use]
    pub fn to_buckets(&self) -> Vec<(u64, u64)> {
        self.buckets.iter().map(|(bucket, count)| (*bucket, *count)).collect()
    }

    /// Restores a histogram from its buckets.
    #[must_use]
    pub fn from_buckets(buckets: impl IntoIterator<Item = (u64, u64)>) -> Histogram {
        Histogram { buckets: buckets.into_iter().collect() }
    }
}

/// Returns the bucket of a number: up to twice [`STEPS`] each has its own, then each octave has [`STEPS`] buckets.
fn bucket(number: u64) -> u64 {
    let doublings = number.checked_ilog2().unwrap_or(0).saturating_sub(STEPS.ilog2());
    // Shifted right until it is below 128, a number is from 64 to 127: its place in the octave.
    u64::from(doublings).saturating_mul(STEPS).saturating_add(number.wrapping_shr(doublings))
}

/// Returns the largest number of a bucket.
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
    fn every_number_is_within_two_percent_of_the_largest_in_its_bucket() {
        for number in (0..3_000).chain([1 << 20, (1 << 20) + 1, u64::MAX / 2, u64::MAX - 1]) {
            let top = largest(bucket(number));
            assert!(top >= number, "{number}: {top}");
            assert!(top - number <= number / 64, "{number}: {top}");
            assert_eq!(bucket(top), bucket(number), "{number}");
        }
    }
}
