//! Patches, as the API takes them.

use alloc::string::ToString;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::Patch,
    serde_json::{Map, Number, Value},
};

use crate::{
    api::Opaque,
    status::{EventPatch, StatusPatch},
};

impl From<&StatusPatch> for Patch {
    /// A strategic-merge patch of a Pod's `status`.
    ///
    /// `kube` takes a [`StatusPatch`] as it is: `Patch::Strategic(&patch)`.
    fn from(patch: &StatusPatch) -> Patch {
        let uid = Map::from_iter([("uid".into(), patch.uid().into())]);
        let status = patch.status().iter().map(|(field, new)| (field.clone(), value(new))).collect();
        let patch = [("metadata".into(), Value::Object(uid)), ("status".into(), Value::Object(status))];
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

/// A value of ours as one of `serde_json`, which has no numbers that are none: they become `null`, as it writes them.
fn value(opaque: &Opaque) -> Value {
    match opaque {
        Opaque::Null => Value::Null,
        Opaque::Bool(value) => Value::Bool(*value),
        Opaque::Integer(number) => Value::Number((*number).into()),
        Opaque::Float(number) => Number::from_f64(number.get()).map_or(Value::Null, Value::Number),
        Opaque::String(text) => Value::String(text.clone()),
        Opaque::List(values) => Value::Array(values.iter().map(value).collect()),
        Opaque::Map(fields) => Value::Object(fields.iter().map(|(name, of)| (name.clone(), value(of))).collect()),
    }
}
