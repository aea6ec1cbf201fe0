//! What the shards send, and what it adds up to.

use pod_lifecycle::sim::{Fleet, FleetDigest, FleetError, FleetSample, Histograms, PodCounts};
use serde::{Deserialize, Serialize};

/// What one shard has counted at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Milliseconds since the run began.
    pub(crate) at: u64,
    pub(crate) counts: PodCounts,
    /// How many things have happened.
    pub(crate) events: u64,
    pub(crate) digest: u64,
    /// How long things took; with the last sample only.
    pub(crate) spreads: Histograms,
}

impl Sample {
    /// Of a census of a fleet, without how long things took.
    pub(crate) fn of(census: FleetSample, fleet: &Fleet) -> Sample {
        let FleetSample { at, counts, events, digest, .. } = census;
        let at = u64::try_from(at.since(fleet.start()).as_millis()).unwrap_or(u64::MAX);
        Sample { at, counts, events, digest: digest.0, spreads: Histograms::default() }
    }

    pub(crate) fn merge(&mut self, other: &Sample) {
        self.counts.merge(&other.counts);
        self.spreads.merge(&other.spreads);
        self.events = self.events.saturating_add(other.events);
        let mut digest = FleetDigest(self.digest);
        digest.merge(FleetDigest(other.digest));
        self.digest = digest.0;
    }
}

/// All that was counted, and how long it took.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Run {
    pub(crate) samples: Vec<Sample>,
    /// Since the processes were connected: that takes timely up to a second.
    pub(crate) wall_seconds: f64,
    #[serde(skip)]
    pub(crate) failure: Option<FleetError>,
}
