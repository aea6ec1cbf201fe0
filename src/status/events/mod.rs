//! Kubernetes events: `v1.Event`, the recorder and correlator that write them (k8s.io/client-go/tools/record), and
//! events as `kubectl describe` lists them.

mod correlator;
mod lru;
mod recorder;

pub use correlator::{Correlated, EventCorrelator, EventPatch};
pub use recorder::EventRecorder;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    action::EventType,
    api::{Named, ObjectMeta},
    time::Timestamp,
};

/// Event as the API server stores it: `v1.Event`.
///
/// ```
/// use pod_lifecycle::status::{EventObject, EventType};
///
/// let event: EventObject = serde_json::from_str(r#"{
///     "metadata": {"name": "web.17c3", "namespace": "default"},
///     "involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{app}"},
///     "type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container",
///     "count": 7, "firstTimestamp": "2026-03-01T12:00:00Z", "lastTimestamp": "2026-03-01T12:05:00Z"
/// }"#)?;
/// assert_eq!(event.type_, Some(EventType::Warning.into()));
/// assert_eq!(event.involved_object.container(), Some("app"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EventObject {
    /// Version of the API: `v1`.
    pub api_version: String,
    /// Kind of the object: `Event`.
    pub kind: String,
    /// Name of the event, and namespace of the object it is about.
    pub metadata: ObjectMeta,
    /// Object that the event is about.
    pub involved_object: ObjectReference,
    /// Reason, one word in upper camel case.
    pub reason: String,
    /// Message for people.
    pub message: String,
    /// Component that reports the event.
    pub source: EventSource,
    /// Time of the first occurrence.
    pub first_timestamp: Option<Timestamp>,
    /// Time of the last occurrence.
    pub last_timestamp: Option<Timestamp>,
    /// Number of occurrences so far; 1 in a new event.
    pub count: u32,
    /// Time of the first occurrence, as reporters of `events.k8s.io/v1` such as the scheduler write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// Further occurrences, as those reporters write them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<EventSeries>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<Named<EventType>>,
    /// Component that reports the event, as `events.k8s.io/v1` names it.
    pub reporting_component: String,
    /// Instance of that component: the node's name for a kubelet.
    pub reporting_instance: String,
}

impl EventObject {
    /// True if the event is about this Pod: one of the same name that came before has another uid.
    ///
    /// ```
    /// use pod_lifecycle::{api::ObjectMeta, status::EventObject};
    ///
    /// let event: EventObject =
    ///     serde_json::from_str(r#"{"involvedObject": {"kind": "Pod", "namespace": "prod", "name": "web", "uid": "u-1"}}"#)?;
    /// let mut web = ObjectMeta::named("web");
    /// web.namespace = "prod".into();
    /// assert!(event.is_about(&web));
    /// web.uid = "u-2".into();
    /// assert!(!event.is_about(&web));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_about(&self, pod: &ObjectMeta) -> bool {
        let ObjectReference { kind, namespace, name, uid, .. } = &self.involved_object;
        // A manifest may leave namespace and uid out.
        let fits = |of_event: &str, of_pod: &str| of_event.is_empty() || of_pod.is_empty() || of_event == of_pod;
        kind == "Pod" && *name == pod.name && fits(namespace, &pod.namespace) && fits(uid, &pod.uid)
    }

    /// Returns the event as `kubectl describe` lists it; `None` without any time.
    #[must_use]
    pub fn recorded(&self) -> Option<RecordedEvent> {
        let series = self.series.as_ref();
        let first_seen = self.first_timestamp.or(self.event_time).or(self.last_timestamp)?;
        let last_seen = series.and_then(|series| series.last_observed_time).or(self.last_timestamp);
        Some(RecordedEvent {
            // An event without a type is one of an old reporter, which had only normal ones.
            type_: self.type_.as_ref().and_then(Named::known).unwrap_or(EventType::Normal),
            reason: self.reason.clone(),
            container: self.involved_object.container().map(String::from),
            message: self.message.clone(),
            count: series.map_or(self.count, |series| series.count).max(1),
            first_seen,
            last_seen: last_seen.unwrap_or(first_seen).max(first_seen),
        })
    }
}

/// Further occurrences of an event: `v1.EventSeries`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EventSeries {
    /// Number of occurrences so far.
    pub count: u32,
    /// Time of the last occurrence.
    pub last_observed_time: Option<Timestamp>,
}

/// Object that an event is about: `v1.ObjectReference`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ObjectReference {
    /// Kind of the object: `Pod`.
    pub kind: String,
    /// Namespace of the object, and so of the event.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Uid of the object: a Pod of the same name that comes later has another.
    pub uid: String,
    /// Version of its API: `v1`.
    pub api_version: String,
    /// Version of the object, if the embedder sets it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Part of the object: `spec.containers{app}`; empty for all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field_path: String,
}

impl ObjectReference {
    /// Returns the container that the field path names.
    ///
    /// ```
    /// use pod_lifecycle::status::ObjectReference;
    ///
    /// let mut reference = ObjectReference::default();
    /// reference.field_path = "spec.initContainers{setup}".into();
    /// assert_eq!(reference.container(), Some("setup"));
    /// ```
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        let (_, container) = self.field_path.strip_suffix('}')?.split_once('{')?;
        // `spec.containers[0]`, of a container without a name, has no braces.
        Some(container)
    }
}

/// Component that reports an event: `v1.EventSource`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EventSource {
    /// Name of the component: `kubelet`.
    pub component: String,
    /// Node that it runs on, for a component of a node.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
}

impl EventSource {
    /// Creates the source of a node's kubelet.
    #[must_use]
    pub fn kubelet(node: &str) -> EventSource {
        EventSource { component: "kubelet".into(), host: node.into() }
    }

    /// Creates the source of a component that belongs to no node, such as `default-scheduler`.
    #[must_use]
    pub fn component(component: &str) -> EventSource {
        EventSource { component: component.into(), host: String::new() }
    }
}

/// Event of a Pod as `kubectl describe` lists it: once for all occurrences.
///
/// ```
/// use pod_lifecycle::{Timestamp, status::{EventType, RecordedEvent}};
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let event = RecordedEvent::once(EventType::Normal, "Started", Some("app"), "Started container app", noon);
/// assert_eq!((event.count, event.first_seen == event.last_seen), (1, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedEvent {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// Reason, one word in upper camel case.
    pub reason: String,
    /// Container that the event is about; `None` for the whole Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Message for people.
    pub message: String,
    /// Number of occurrences so far; 1 in a new event.
    pub count: u32,
    /// Time of the first occurrence.
    pub first_seen: Timestamp,
    /// Time of the last occurrence.
    pub last_seen: Timestamp,
}

impl RecordedEvent {
    /// Creates an event that occurred once.
    #[must_use]
    pub fn once(type_: EventType, reason: &str, container: Option<&str>, message: &str, at: Timestamp) -> Self {
        RecordedEvent {
            type_,
            reason: reason.into(),
            container: container.map(String::from),
            message: message.into(),
            count: 1,
            first_seen: at,
            last_seen: at,
        }
    }

    /// Adds the occurrences of an equal event.
    fn absorb(&mut self, equal: &RecordedEvent) {
        self.count = self.count.saturating_add(equal.count);
        // Lists from the API server are not sorted by time.
        self.first_seen = self.first_seen.min(equal.first_seen);
        self.last_seen = self.last_seen.max(equal.last_seen);
    }
}

/// Merges events that are equal but for their times, in the order of their first occurrence.
///
/// The result may be merged again with further events. Unlike an [`EventCorrelator`], this neither combines events that
/// differ in their message nor drops any. Answers to `eventObserve` in `k8s.io/client-go/tools/record`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Timestamp, status::{EventType, RecordedEvent, fold_events}};
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let unhealthy = |at| RecordedEvent::once(EventType::Warning, "Unhealthy", Some("app"), "Liveness probe failed", at);
/// let folded = fold_events(&[unhealthy(noon), unhealthy(noon + Duration::from_secs(10))]);
/// assert_eq!(folded.len(), 1);
/// assert_eq!((folded[0].count, folded[0].last_seen), (2, noon + Duration::from_secs(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fold_events<'a>(events: impl IntoIterator<Item = &'a RecordedEvent>) -> Vec<RecordedEvent> {
    let mut folded: Vec<RecordedEvent> = Vec::new();
    let mut places = BTreeMap::new();
    for event in events {
        let key = (event.type_, &event.reason, event.container.as_deref(), &event.message);
        // The first of its kind gets the next place, and is pushed below.
        let place = *places.entry(key).or_insert(folded.len());
        match folded.get_mut(place) {
            Some(equal) => equal.absorb(event),
            None => folded.push(event.clone()),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(reason: &str, container: Option<&str>, second: i64) -> RecordedEvent {
        RecordedEvent::once(EventType::Normal, reason, container, "m", Timestamp::from_unix_seconds(second))
    }

    #[test]
    fn an_event_object_is_written_as_the_api_spells_it() {
        let written = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "web.17c3", "namespace": "default"},
            "involvedObject": {
                "kind": "Pod", "namespace": "default", "name": "web", "uid": "5f0c", "apiVersion": "v1",
                "fieldPath": "spec.containers{app}",
            },
            "reason": "Started",
            "message": "Started container app",
            "source": {"component": "kubelet", "host": "node-1"},
            "firstTimestamp": "2026-03-01T12:00:00Z",
            "lastTimestamp": "2026-03-01T12:00:00Z",
            "count": 1,
            "type": "Normal",
            "reportingComponent": "kubelet",
            "reportingInstance": "node-1",
        });
        let event: EventObject = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(event).unwrap(), written);
    }

    #[test]
    fn an_event_of_the_scheduler_has_its_times_in_a_series() {
        let event: EventObject = serde_json::from_value(json!({
            "involvedObject": {"kind": "Pod", "name": "web"}, "type": "Warning", "reason": "FailedScheduling",
            "message": "0/1 nodes are available", "eventTime": "2026-03-01T12:00:00.250000Z", "firstTimestamp": null,
            "lastTimestamp": null, "source": {}, "series": {"count": 4, "lastObservedTime": "2026-03-01T12:07:00.5Z"},
        }))
        .unwrap();
        let recorded = event.recorded().unwrap();
        assert_eq!((recorded.count, recorded.type_), (4, EventType::Warning));
        assert_eq!(recorded.first_seen.whole_seconds(), "2026-03-01T12:00:00Z".parse().unwrap());
        assert_eq!(recorded.last_seen.whole_seconds(), "2026-03-01T12:07:00Z".parse().unwrap());
        assert_eq!(EventObject::default().recorded(), None);
    }

    #[test]
    fn events_of_different_containers_are_not_merged() {
        let folded = fold_events(&[
            event("Started", Some("a"), 1),
            event("Started", Some("b"), 2),
            event("Killing", Some("a"), 3),
            event("Started", Some("a"), 4),
        ]);
        let counts: Vec<_> =
            folded.iter().map(|event| (&*event.reason, event.container.as_deref(), event.count)).collect();
        assert_eq!(counts, [("Started", Some("a"), 2), ("Started", Some("b"), 1), ("Killing", Some("a"), 1)]);
        assert_eq!(folded[0].first_seen.unix_seconds(), 1);
        assert_eq!(folded[0].last_seen.unix_seconds(), 4);
    }

    #[test]
    fn merging_twice_equals_merging_once() {
        let events: Vec<_> = (0..20).map(|i| event(["A", "B", "C"][i % 3], None, i64::try_from(i).unwrap())).collect();
        let (early, late) = events.split_at(7);
        let early = fold_events(early);
        assert_eq!(fold_events(early.iter().chain(late)), fold_events(&events));
    }

    #[test]
    fn a_recorded_event_is_written_in_camel_case() {
        let json = serde_json::to_value(event("Started", None, 0)).unwrap();
        assert_eq!(json["type"], "Normal");
        assert_eq!(json["firstSeen"], "1970-01-01T00:00:00Z");
        assert_eq!(serde_json::from_value::<RecordedEvent>(json).unwrap(), event("Started", None, 0));
    }
}
