//! What is to be done with an event in the API: a new one, one more of the same, or nothing.

use alloc::{boxed::Box, string::String, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    aggregator::EventAggregator,
    lru::Lru,
    object::{EventObject, EventSource},
    spam_filter::SpamFilter,
};
use crate::time::Timestamp;

/// How much is remembered.
const CAPACITY: usize = 4096;

/// Keeps the API from being flooded with events, as Kubernetes' own recorders do.
///
/// * The same event again is counted in the object that is there.
/// * From the tenth on, events that differ only in their message become one, until there was none for ten minutes.
/// * One source may say 25 things of each type about an object at once, and one more every five minutes.
///
/// It remembers the last 4096 of each kind, and forgets whatever was not used for longest.
///
/// Answers to `EventCorrelator` in `k8s.io/client-go/tools/record`.
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
    filter: SpamFilter,
}

/// What is to be done with an event in the API.
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
    /// It is new.
    Create(Box<EventObject>),
    /// It is there already, and was said once more.
    Patch {
        /// The event as it is now. If the API does not have it any more, it is created with its count.
        event: Box<EventObject>,
        /// What changes: a strategic-merge patch of the event of that name.
        patch: EventPatch,
    },
    /// There were too many of its kind: nothing.
    Skip,
}

/// What changes in an event that is said once more.
///
/// ```
/// use pod_lifecycle::{Timestamp, status::EventPatch};
///
/// let patch = EventPatch { count: 2, last_timestamp: Timestamp::UNIX_EPOCH, message: "Back-off".into() };
/// let json = r#"{"count":2,"lastTimestamp":"1970-01-01T00:00:00Z","message":"Back-off"}"#;
/// assert_eq!(serde_json::to_string(&patch)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPatch {
    /// How often it was said.
    pub count: u32,
    /// When it was said last.
    pub last_timestamp: Timestamp,
    /// What was said last.
    pub message: String,
}

/// How often an event was seen.
#[derive(Clone, Debug, Default, PartialEq)]
struct Count {
    count: u32,
    first_seen: Option<Timestamp>,
    name: String,
}

impl EventCorrelator {
    /// A correlator that has seen nothing yet.
    ///
    /// ```
    /// use pod_lifecycle::status::EventCorrelator;
    ///
    /// assert_eq!(EventCorrelator::new(), EventCorrelator::default());
    /// ```
    #[must_use]
    pub const fn new() -> EventCorrelator {
        EventCorrelator {
            aggregator: EventAggregator::new(CAPACITY),
            counts: Lru::new(CAPACITY),
            filter: SpamFilter::new(CAPACITY),
        }
    }

    /// Says what is to be done with an event that is said now.
    ///
    /// An event that is skipped is counted nevertheless, so that the next one of its kind tells how many there were.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, status::{Correlated, EventCorrelator, EventObject}};
    ///
    /// let mut correlator = EventCorrelator::new();
    /// let correlated = correlator.correlate(EventObject::default(), Timestamp::UNIX_EPOCH);
    /// assert_eq!(correlated, Correlated::Create(EventObject::default().into()));
    /// ```
    pub fn correlate(&mut self, event: EventObject, now: Timestamp) -> Correlated {
        let nanos = now.unix_micros().saturating_mul(1_000);
        self.correlate_named(event, now, nanos)
    }

    /// The same, where the name of an event that stands for several is made of `nanos`.
    pub(super) fn correlate_named(&mut self, event: EventObject, now: Timestamp, nanos: i64) -> Correlated {
        let words = self.words(&event);
        let (mut event, key) = self.aggregator.aggregate(event, &words, now, nanos);
        let seen = self.counts.get_or_insert_with(Arc::new(key), Count::default);
        let is_new = seen.count == 0;
        if !is_new {
            event.metadata.name.clone_from(&seen.name);
            event.first_timestamp = seen.first_seen;
            event.count = seen.count.saturating_add(1);
        }
        *seen = Count::of(&event);
        if !self.filter.accepts(words.object, now) {
            return Correlated::Skip;
        }
        if is_new {
            return Correlated::Create(Box::new(event));
        }
        let last_timestamp = event.last_timestamp.unwrap_or(now);
        let patch = EventPatch { count: event.count, last_timestamp, message: event.message.clone() };
        Correlated::Patch { event: Box::new(event), patch }
    }

    /// Takes an event in as the API server has stored it: who else has counted, and from when on.
    ///
    /// Answers to `UpdateState`.
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
        let key = CountKey::exact(stored, &self.words(stored));
        *self.counts.get_or_insert_with(Arc::new(key), Count::default) = Count::of(stored);
    }

    /// What an event says of what, shared with what is remembered.
    pub(super) fn words(&self, event: &EventObject) -> Words {
        Words {
            object: self.filter.shared(ObjectKey::of(event)),
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

impl Count {
    fn of(event: &EventObject) -> Count {
        Count { count: event.count, first_seen: event.first_timestamp, name: event.metadata.name.clone() }
    }
}

/// Who speaks of what, and how gravely: what the spam filter goes by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectKey {
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

/// What an event says of what: the keys share it, for a node remembers thousands of them.
#[derive(Debug)]
pub(super) struct Words {
    /// Who speaks of what.
    object: Arc<ObjectKey>,
    /// In one word.
    reason: Arc<str>,
    /// For people.
    pub(super) message: Arc<str>,
}

/// What similar events have in common: all but their message, and the container that they are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AggregateKey {
    object: Arc<ObjectKey>,
    reason: Arc<str>,
    reporting_component: String,
    reporting_instance: String,
}

impl AggregateKey {
    pub(super) fn of(event: &EventObject, words: &Words) -> AggregateKey {
        AggregateKey {
            object: Arc::clone(&words.object),
            reason: Arc::clone(&words.reason),
            reporting_component: event.reporting_component.clone(),
            reporting_instance: event.reporting_instance.clone(),
        }
    }
}

/// By what an event is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CountKey {
    /// One that stands for itself.
    Exact {
        /// Who speaks of what.
        object: Arc<ObjectKey>,
        /// Of which part of it.
        field_path: String,
        /// In one word.
        reason: Arc<str>,
        /// For people.
        message: Arc<str>,
    },
    /// One that stands for all that are similar.
    Aggregate(Arc<AggregateKey>),
}

impl CountKey {
    pub(super) fn exact(event: &EventObject, words: &Words) -> CountKey {
        CountKey::Exact {
            object: Arc::clone(&words.object),
            field_path: event.involved_object.field_path.clone(),
            reason: Arc::clone(&words.reason),
            message: Arc::clone(&words.message),
        }
    }
}
