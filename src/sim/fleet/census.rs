//! What there is to count of a fleet at one moment.

use serde::{Deserialize, Serialize};

use super::{Counts, Fleet, FleetDigest};
use crate::time::Timestamp;

/// What a fleet, or a shard of one, has come to at one moment.
///
/// ```
/// use pod_lifecycle::sim::FleetSample;
///
/// let shard: FleetSample = serde_json::from_str(r#"{
///     "at": "2026-03-01T12:00:00Z", "events": 7, "digest": "00000000000000ff",
///     "counts": {"pods": 2, "ready": 1, "phases": {"Running": 2}, "statuses": {"Running": 2}}
/// }"#)?;
/// let mut whole = shard.clone();
/// whole.merge(&shard);
/// assert_eq!((whole.at, whole.counts.pods, whole.events), (shard.at, 4, 14));
/// assert_eq!(whole.digest.to_string(), "00000000000001fe");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FleetSample {
    /// The moment.
    pub at: Timestamp,
    /// How many Pods there are, and what they show.
    pub counts: Counts,
    /// How many things have happened so far: see [`Fleet::events`].
    pub events: u64,
    /// A number made of all that has changed so far.
    pub digest: FleetDigest,
}

impl FleetSample {
    /// Adds that of another shard at the same moment.
    pub fn merge(&mut self, other: &FleetSample) {
        self.counts.merge(&other.counts);
        self.events = self.events.saturating_add(other.events);
        self.digest.merge(other.digest);
    }
}

impl Fleet {
    /// What there is to count now, in this shard.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut fleet = Fleet::new(&FleetScenario::of(Scenario::of(pod)), 10)?;
    /// assert_eq!((fleet.census().counts.pods, fleet.census().at), (0, fleet.start()), "nothing has happened yet");
    /// fleet.advance(core::time::Duration::from_secs(1))?;
    /// assert_eq!(fleet.census().counts.pods, 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn census(&self) -> FleetSample {
        FleetSample { at: self.now(), counts: self.counts(), events: self.events(), digest: self.digest() }
    }
}
