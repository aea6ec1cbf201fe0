//! Patches, as the API takes them.

use alloc::string::ToString;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::Patch,
    serde_json::{Map, Value},
};

use crate::status::{EventPatch, StatusPatch};

impl From<&StatusPatch> for Patch {
    /// A strategic-merge patch of a Pod's `status`.
    ///
    /// `kube` takes a [`StatusPatch`] as it is: `Patch::Strategic(&patch)`.
    fn from(patch: &StatusPatch) -> Patch {
        let uid = Map::from_iter([("uid".into(), patch.uid().into())]);
        let patch = [("metadata".into(), Value::Object(uid)), ("status".into(), Value::Object(patch.status().clone()))];
        Patch::StrategicMerge(Value::Object(Map::from_iter(patch)))
    }
}

impl From<&EventPatch> for Patch {
    /// A strategic-merge patch of an event that is said once more.
    ///
    /// ```
    /// use k8s_openapi::apimachinery::pkg::apis::meta::v1::Patch;
    /// use pod_lifecycle::{Timestamp, status::EventPatch};
    ///
    /// let again = EventPatch { count: 2, last_timestamp: Timestamp::UNIX_EPOCH, message: "Back-off".into() };
    /// assert_eq!(Patch::from(&again), Patch::StrategicMerge(serde_json::to_value(&again)?));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn from(patch: &EventPatch) -> Patch {
        let last_timestamp = patch.last_timestamp.to_string();
        let fields: [(_, Value); 3] = [
            ("count".into(), patch.count.into()),
            ("lastTimestamp".into(), last_timestamp.into()),
            ("message".into(), patch.message.clone().into()),
        ];
        Patch::StrategicMerge(Value::Object(Map::from_iter(fields)))
    }
}
