//! Patches as `meta::v1::Patch`.

use alloc::string::ToString;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::Patch,
    serde_json::{Map, Value},
};

use crate::status::{EventPatch, StatusPatch};

impl From<&StatusPatch> for Patch {
    /// Creates a strategic-merge patch of a Pod's `status`.
    ///
    /// `kube` takes a [`StatusPatch`] as it is: `Patch::Strategic(&patch)`.
    fn from(patch: &StatusPatch) -> Patch {
        let uid = Map::from_iter([("uid".into(), patch.uid().into())]);
        let patch = [("metadata".into(), Value::Object(uid)), ("status".into(), Value::Object(patch.status().clone()))];
        Patch::StrategicMerge(Value::Object(Map::from_iter(patch)))
    }
}

impl From<&EventPatch> for Patch {
    /// Creates a strategic-merge patch of a repeated event.
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
