//! `v1.Event`: an event as the API stores it.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{
    api::{Named, ObjectMeta},
    status::EventType,
    time::Timestamp,
};

/// An event as the API stores it: `v1.Event`, as it is sent to `namespaces/NAMESPACE/events`.
///
/// An [`EventRecorder`](super::EventRecorder) makes it of what a Pod tells.
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
    /// The version of the API: `v1`.
    pub api_version: String,
    /// The kind of the object: `Event`.
    pub kind: String,
    /// Its name, and the namespace of what it is about.
    pub metadata: ObjectMeta,
    /// What it is about.
    pub involved_object: ObjectReference,
    /// What happened, in one word.
    pub reason: String,
    /// What happened, for people.
    pub message: String,
    /// Who says so.
    pub source: EventSource,
    /// When it was said first.
    pub first_timestamp: Option<Timestamp>,
    /// When it was said last.
    pub last_timestamp: Option<Timestamp>,
    /// How often it was said.
    pub count: u32,
    /// How grave it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<Named<EventType>>,
    /// Who says so, as newer readers ask for it.
    pub reporting_component: String,
    /// Which of several says so.
    pub reporting_instance: String,
}

/// What an event is about: `v1.ObjectReference`.
///
/// ```
/// use pod_lifecycle::status::ObjectReference;
///
/// let mut reference = ObjectReference::default();
/// reference.field_path = "spec.initContainers{setup}".into();
/// assert_eq!(reference.container(), Some("setup"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ObjectReference {
    /// The kind of the object: `Pod`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub uid: String,
    /// The version of the API: `v1`.
    pub api_version: String,
    /// The version of the object that was looked at, if the embedder says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Which part of it: `spec.containers{app}`; empty for all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field_path: String,
}

impl ObjectReference {
    /// The container that the field path names.
    ///
    /// ```
    /// use pod_lifecycle::status::ObjectReference;
    ///
    /// assert_eq!(ObjectReference::default().container(), None);
    /// ```
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        let (_, container) = self.field_path.strip_suffix('}')?.split_once('{')?;
        Some(container)
    }
}

/// Who records an event: `v1.EventSource`.
///
/// ```
/// use pod_lifecycle::status::EventSource;
///
/// let kubelet = EventSource::kubelet("node-1");
/// assert_eq!((&*kubelet.component, &*kubelet.host), ("kubelet", "node-1"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EventSource {
    /// The program: `kubelet`.
    pub component: String,
    /// The node that it runs on, if it belongs to one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
}

impl EventSource {
    /// The kubelet of a node.
    ///
    /// ```
    /// use pod_lifecycle::status::EventSource;
    ///
    /// assert_eq!(EventSource::kubelet("node-1").component, "kubelet");
    /// ```
    #[must_use]
    pub fn kubelet(node: &str) -> EventSource {
        EventSource { component: "kubelet".into(), host: node.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_written_as_the_api_spells_it() {
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
}
