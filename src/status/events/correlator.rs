//! Event correlator: aggregation, counting and rate limit (k8s.io/client-go/tools/record/events_cache.go).

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    EventObject, EventSource,
    lru::Lru,
    recorder::{event_name, in_namespace},
};
use crate::time::Timestamp;

/// Entries of each cache: `maxLruCacheEntries`.
const CAPACITY: usize = 4096;

/// Keeps the API server from being flooded with events, as Kubernetes' own recorders do.
///
/// * A repeated event increments the count of the stored one.
/// * From the tenth on, events that differ only in their message are combined into one, until none occurs for ten
///   minutes.
/// * Each source may report 25 events of one type about one object at once, and one more every five minutes.
///
/// Each of these remembers the 4096 most recently used keys. Answers to `EventCorrelator` in
/// `k8s.io/client-go/tools/record`.
///
/// ```
/// use pod_lifecycle::{Timestamp, status::{Correlated, EventCorrelator, EventObject}};
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let unhealthy: EventObject = serde_json::from_str(r#"{
///     "metadata": {"name": "web.1"}, "reason": "Unhealthy", "message": "Liveness probe failed", "count": 1,
///     "firstTimestamp": "2026-03-01T12:00:00Z", "lastTimestamp": "2026-03-01T12:00:00Z"
/// }"#)?;
/// let mut correlator = EventCorrelator::new();
/// assert!(matches!(correlator.correlate(unhealthy.clone(), noon), Correlated::Create(_)));
/// assert!(matches!(correlator.correlate(unhealthy, noon), Correlated::Patch { patch, .. } if patch.count == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventCorrelator {
    aggregator: EventAggregator,
    counts: Lru<CountKey, Count>,
    spam_filter: SpamFilter,
}

/// Request to the API server that an event demands.
///
/// ```
/// use pod_lifecycle::status::Correlated;
///
/// fn request(correlated: &Correlated) -> Option<String> {
///     Some(match correlated {
///         Correlated::Create(event) => format!("POST events {}", serde_json::to_string(event).ok()?),
///         Correlated::Patch { event, patch } => {
///             format!("PATCH events/{} {}", event.metadata.name, serde_json::to_string(patch).ok()?)
///         }
///         Correlated::Skip => return None,
///     })
/// }
///
/// assert_eq!(request(&Correlated::Skip), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correlated {
    /// Create the event.
    Create(Box<EventObject>),
    /// Patch the stored event, which occurred once more.
    Patch {
        /// Event as it is now. If the API server no longer has it, create it with this count.
        event: Box<EventObject>,
        /// Strategic-merge patch of the event of that name.
        patch: EventPatch,
    },
    /// Send nothing: the rate limit is exceeded.
    Skip,
}

/// Strategic-merge patch of an event that occurred once more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPatch {
    /// Number of occurrences so far, at least 2.
    pub count: u32,
    /// Time of the last occurrence.
    pub last_timestamp: Timestamp,
    /// Message of the last occurrence.
    pub message: String,
}

impl EventCorrelator {
    /// Creates a correlator that has seen no events.
    #[must_use]
    pub const fn new() -> EventCorrelator {
        EventCorrelator {
            aggregator: EventAggregator::new(CAPACITY),
            counts: Lru::new(CAPACITY),
            spam_filter: SpamFilter::new(CAPACITY),
        }
    }

    /// Correlates an event that occurs now with those before it, and returns the request that it demands.
    ///
    /// A skipped event is counted nevertheless: the next patch of its kind contains it.
    pub fn correlate(&mut self, event: EventObject, now: Timestamp) -> Correlated {
        // The name of a combined event ends in the time in nanoseconds, in hexadecimal (`GenerateEventName`).
        let nanos = now.unix_micros().saturating_mul(1_000);
        self.correlate_named(event, now, nanos)
    }

    /// Correlates an event; if it is combined with similar ones, the name of the combined one ends in `nanos`.
    pub(super) fn correlate_named(&mut self, event: EventObject, now: Timestamp, nanos: i64) -> Correlated {
        let event_key = self.event_key(&event);
        let (mut event, count_key) = self.aggregator.aggregate(event, &event_key, now, nanos);
        let seen = self.counts.get_or_insert_with(Arc::new(count_key), Count::default);
        let is_new = seen.count == 0;
        // The API server has this event: the patch goes to its name, and its first time stays.
        if !is_new {
            event.metadata.name.clone_from(&seen.name);
            event.first_timestamp = seen.first_seen;
            event.count = seen.count.saturating_add(1);
        }
        // Go's EventCorrelate counts before it filters, too.
        *seen = Count::of(&event);
        if !self.spam_filter.accepts(event_key.object, now) {
            return Correlated::Skip;
        }
        if is_new {
            return Correlated::Create(Box::new(event));
        }
        let last_timestamp = event.last_timestamp.unwrap_or(now);
        let patch = EventPatch { count: event.count, last_timestamp, message: event.message.clone() };
        Correlated::Patch { event: Box::new(event), patch }
    }

    /// Updates name, count and first time of an event from the API server's response. Answers to `UpdateState`.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, status::{Correlated, EventCorrelator, EventObject}};
    ///
    /// let mut correlator = EventCorrelator::new();
    /// let mut stored = EventObject::default();
    /// stored.count = 7;
    /// correlator.update_state(&stored);
    /// let again = correlator.correlate(EventObject::default(), Timestamp::UNIX_EPOCH);
    /// assert!(matches!(again, Correlated::Patch { patch, .. } if patch.count == 8));
    /// ```
    pub fn update_state(&mut self, stored: &EventObject) {
        let key = CountKey::exact(stored, &self.event_key(stored));
        *self.counts.get_or_insert_with(Arc::new(key), Count::default) = Count::of(stored);
    }

    fn event_key(&self, event: &EventObject) -> EventKey {
        EventKey {
            // Every event takes a token, so the rate limit's cache has the key of each object that was seen lately.
            object: self.spam_filter.buckets.shared(ObjectKey::of(event)),
            reason: event.reason.as_str().into(),
            message: event.message.as_str().into(),
        }
    }
}

impl Default for EventCorrelator {
    fn default() -> EventCorrelator {
        EventCorrelator::new()
    }
}

// --- Keys; thousands are cached on each node, so they share their texts ---

/// Source, object and type of an event: key of the rate limit (`getSpamKey`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ObjectKey {
    source: EventSource,
    kind: String,
    namespace: String,
    name: String,
    uid: String,
    api_version: String,
    type_: String,
}

impl ObjectKey {
    fn of(event: &EventObject) -> ObjectKey {
        let object = &event.involved_object;
        ObjectKey {
            source: event.source.clone(),
            kind: object.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            uid: object.uid.clone(),
            api_version: object.api_version.clone(),
            type_: event.type_.as_ref().map(|type_| type_.as_str().into()).unwrap_or_default(),
        }
    }
}

/// Shared texts of an event, from which the other keys are made.
#[derive(Debug)]
struct EventKey {
    object: Arc<ObjectKey>,
    reason: Arc<str>,
    message: Arc<str>,
}

/// Key of similar events, which differ in message or container at most: `EventAggregatorByReasonFunc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AggregateKey {
    object: Arc<ObjectKey>,
    reason: Arc<str>,
    reporting_component: String,
    reporting_instance: String,
}

impl AggregateKey {
    fn of(event: &EventObject, key: &EventKey) -> AggregateKey {
        AggregateKey {
            object: Arc::clone(&key.object),
            reason: Arc::clone(&key.reason),
            reporting_component: event.reporting_component.clone(),
            reporting_instance: event.reporting_instance.clone(),
        }
    }
}

/// Key by which events are counted: `getEventKey`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CountKey {
    /// Equal events.
    Exact { object: Arc<ObjectKey>, field_path: String, reason: Arc<str>, message: Arc<str> },
    /// Combined events.
    Combined(Arc<AggregateKey>),
}

impl CountKey {
    fn exact(event: &EventObject, key: &EventKey) -> CountKey {
        CountKey::Exact {
            object: Arc::clone(&key.object),
            field_path: event.involved_object.field_path.clone(),
            reason: Arc::clone(&key.reason),
            message: Arc::clone(&key.message),
        }
    }
}

/// Occurrences of an event so far: `eventLog`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Count {
    count: u32,
    first_seen: Option<Timestamp>,
    name: String,
}

impl Count {
    fn of(event: &EventObject) -> Count {
        Count { count: event.count, first_seen: event.first_timestamp, name: event.metadata.name.clone() }
    }
}

// --- Aggregation ---

/// Number of different messages from which on similar events are combined: `defaultAggregateMaxEvents`.
const MAX_EVENTS: usize = 10;

/// Pause after which similar events are separate again: `defaultAggregateIntervalInSeconds`.
const MAX_INTERVAL: Duration = Duration::from_secs(600);

/// Prefix of a combined event's message.
const COMBINED: &str = "(combined from similar events): ";

/// Combines similar events. Answers to `EventAggregator` in `k8s.io/client-go/tools/record`.
#[derive(Clone, Debug, PartialEq)]
struct EventAggregator {
    seen: Lru<AggregateKey, SimilarEvents>,
}

/// Messages of similar events: `aggregateRecord`.
#[derive(Clone, Debug, PartialEq)]
struct SimilarEvents {
    /// Sorted set; rarely more than one.
    messages: Vec<Arc<str>>,
    last_seen: Timestamp,
}

impl SimilarEvents {
    /// Adds a message and returns the number of different ones.
    fn add(&mut self, message: &Arc<str>, now: Timestamp) -> usize {
        // Exactly ten minutes still belong together, as in Go.
        if now.since(self.last_seen) > MAX_INTERVAL {
            self.messages.clear();
        }
        self.last_seen = now;
        if let Err(place) = self.messages.binary_search(message) {
            self.messages.reserve_exact(1);
            self.messages.insert(place, Arc::clone(message));
        }
        self.messages.len()
    }
}

impl EventAggregator {
    const fn new(capacity: usize) -> EventAggregator {
        EventAggregator { seen: Lru::new(capacity) }
    }

    /// Returns the event, or the one that it is combined into, and the key by which it is counted.
    fn aggregate(
        &mut self,
        event: EventObject,
        event_key: &EventKey,
        now: Timestamp,
        nanos: i64,
    ) -> (EventObject, CountKey) {
        let key = Arc::new(AggregateKey::of(&event, event_key));
        let new = || SimilarEvents { messages: Vec::new(), last_seen: now };
        let similar = self.seen.get_or_insert_with(Arc::clone(&key), new);
        if similar.add(&event_key.message, now) < MAX_EVENTS {
            let key = CountKey::exact(&event, event_key);
            return (event, key);
        }
        // One message is dropped, so the next new one makes ten again. Kubernetes drops any (`PopAny`).
        similar.messages.remove(0);
        (combined(event, now, nanos), CountKey::Combined(key))
    }
}

/// Returns the event that stands for `event` and all similar ones.
fn combined(event: EventObject, now: Timestamp, nanos: i64) -> EventObject {
    EventObject {
        metadata: in_namespace(&event.metadata.namespace, event_name(&event.involved_object.name, nanos)),
        message: format!("{COMBINED}{}", event.message),
        count: 1,
        first_timestamp: Some(now),
        last_timestamp: Some(now),
        // EventAggregate does not copy these two.
        reporting_component: String::new(),
        reporting_instance: String::new(),
        ..event
    }
}

// --- Rate limit ---

/// Tokens of a full bucket: `defaultSpamBurst`.
const BURST: f64 = 25.0;

/// Tokens per second: one in five minutes (`defaultSpamQPS`), in Go's precision of float32.
const PER_SECOND: f64 = (1.0_f32 / 300.0) as f64;

const NANOS_PER_SECOND: f64 = 1e9;
const MICROS_PER_SECOND: f64 = 1e6;

/// Rate limit per source, object and type of event.
///
/// Answers to `EventSourceObjectSpamFilter` in `k8s.io/client-go/tools/record`.
#[derive(Clone, Debug, PartialEq)]
struct SpamFilter {
    buckets: Lru<ObjectKey, TokenBucket>,
}

impl SpamFilter {
    const fn new(capacity: usize) -> SpamFilter {
        SpamFilter { buckets: Lru::new(capacity) }
    }

    /// Takes a token; true if there is one.
    fn accepts(&mut self, key: Arc<ObjectKey>, now: Timestamp) -> bool {
        let full = || TokenBucket { tokens: BURST, last: now };
        self.buckets.get_or_insert_with(key, full).try_accept(now)
    }
}

/// Token bucket. Answers to `Limiter` in `golang.org/x/time/rate`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct TokenBucket {
    tokens: f64,
    last: Timestamp,
}

impl TokenBucket {
    fn try_accept(&mut self, now: Timestamp) -> bool {
        // As `advance` of Go's limiter: after a clock that was set back no time has passed.
        let last = self.last.min(now);
        #[expect(clippy::cast_precision_loss, reason = "centuries of microseconds lose nothing")]
        let elapsed = now.micros_since(last) as f64 / MICROS_PER_SECOND;
        let left = (self.tokens + elapsed * PER_SECOND).min(BURST) - 1.0;
        // Go converts the missing tokens to whole nanoseconds, so less than one nanosecond's worth counts as there.
        let has_token = left > -PER_SECOND / NANOS_PER_SECOND;
        // A refused event changes nothing: `reserveN` keeps the old state then, so the bucket goes on filling from
        // `last`.
        if has_token {
            *self = TokenBucket { tokens: left, last: now };
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_similar_event_is_a_combined_one_counted_from_1() {
        let mut aggregator = EventAggregator::new(16);
        let mut aggregate = |n: usize| {
            let (message, reporting_component) = (format!("attempt {n}"), "kubelet".into());
            let event = EventObject { message, reporting_component, count: 4, ..EventObject::default() };
            let key = EventCorrelator::new().event_key(&event);
            aggregator.aggregate(event, &key, Timestamp::UNIX_EPOCH, 0).0
        };
        let single: Vec<u32> = (1..MAX_EVENTS).map(|n| aggregate(n).count).collect();
        assert_eq!(single, [4; MAX_EVENTS - 1]);
        let combined = aggregate(MAX_EVENTS);
        assert_eq!((combined.count, &*combined.message), (1, "(combined from similar events): attempt 10"));
        assert_eq!((combined.first_timestamp, &*combined.reporting_component), (Some(Timestamp::UNIX_EPOCH), ""));
    }

    #[test]
    fn twenty_five_events_pass_at_once_and_one_more_every_five_minutes() {
        let noon = Timestamp::from_unix_seconds(0);
        let mut bucket = TokenBucket { tokens: BURST, last: noon };
        let accepted = (0..30).filter(|_| bucket.try_accept(noon)).count();
        assert_eq!(accepted, 25);
        assert!(!bucket.try_accept(noon + Duration::from_secs(299)));
        assert!(bucket.try_accept(noon + Duration::from_secs(300)));
        assert!(!bucket.try_accept(noon + Duration::from_secs(301)));
    }

    #[test]
    fn a_clock_that_runs_backwards_adds_no_tokens() {
        let noon = Timestamp::from_unix_seconds(1_000);
        let mut bucket = TokenBucket { tokens: 1.0, last: noon };
        assert!(bucket.try_accept(Timestamp::from_unix_seconds(0)));
        assert!(!bucket.try_accept(Timestamp::from_unix_seconds(0)));
    }
}
