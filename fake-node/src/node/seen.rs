//! A Pod's object as the API server shows it.

use std::sync::Arc;

use pod_lifecycle::api::PodManifest;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A Pod's unique id.
pub(super) type Uid = Arc<str>;

/// A Pod's object, and which version of it this is.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) pod: PodManifest,
}

/// An object that is looked at seldom and held for long: as text, it takes a fifth of the memory.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) version: u64,
    text: Box<[u8]>,
}

impl Kept {
    /// Of what was seen last.
    pub(super) fn of(seen: &Seen) -> Kept {
        Kept { version: seen.version, text: serde_json::to_vec(&seen.pod).unwrap_or_default().into() }
    }

    /// The object; an error if it could not be written.
    pub(super) fn pod(&self) -> Result<PodManifest, serde_json::Error> {
        serde_json::from_slice(&self.text)
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seen, D::Error> {
        let object = Value::deserialize(deserializer)?;
        let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        let version = version.and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| D::Error::custom("metadata.resourceVersion: wanted a number"))?;
        let pod = PodManifest::deserialize(object).map_err(D::Error::custom)?;
        Ok(Seen { version, pod })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_of_an_object_is_all_that_was_understood_of_it() {
        let token = json!({"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}});
        let object = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7", "labels": {"a": "b"}},
            "spec": {
                "nodeName": "node-1",
                "containers": [{
                    "name": "app", "image": "nginx:1", "resources": {"requests": {"cpu": "100m"}},
                    "volumeMounts": [{"name": "token", "mountPath": "/var/run", "readOnly": true}]
                }],
                "volumes": [{"name": "token", "projected": {"sources": [token]}}]
            },
            "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
        });
        let seen: Seen = serde_json::from_value(object).unwrap();
        let kept = Kept::of(&seen);
        assert_eq!((kept.version, kept.pod().unwrap()), (7, seen.pod));
    }
}
