//! Samples of the shards, and their sums.

use pod_lifecycle::sim::{Fleet, FleetDigest, FleetError, FleetSample, Histograms, PodCounts};
use serde::{Deserialize, Serialize};

/// Counts of one shard at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sample {
    /// Milliseconds since the run began.
    pub(super) at: u64,
    pub(super) counts: PodCounts,
    /// Number of events.
    pub(super) events: u64,
    pub(super) digest: u64,
    /// Durations; with the last sample only.
    pub(super) spreads: Histograms,
}

impl Sample {
    /// Creates the sample of a census, without durations.
    pub(super) fn of(census: FleetSample, fleet: &Fleet) -> Sample {
        let FleetSample { at, counts, events, digest, .. } = census;
        let at = u64::try_from(at.since(fleet.start()).as_millis()).unwrap_or(u64::MAX);
        Sample { at, counts, events, digest: digest.0, spreads: Histograms::default() }
    }

    pub(super) fn merge(&mut self, other: &Sample) {
        self.counts.merge(&other.counts);
        self.spreads.merge(&other.spreads);
        self.events = self.events.saturating_add(other.events);
        let mut digest = FleetDigest(self.digest);
        digest.merge(FleetDigest(other.digest));
        self.digest = digest.0;
    }
}

/// All counts, and the time that the run took.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Run {
    pub(super) samples: Vec<Sample>,
    /// Since the processes were connected: that takes timely up to a second.
    pub(super) wall_seconds: f64,
    #[serde(skip)]
    pub(super) failure: Option<FleetError>,
}
