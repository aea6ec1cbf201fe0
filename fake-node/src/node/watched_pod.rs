//! A Pod's object as the watch delivers it.

use std::sync::Arc;

use pod_lifecycle::api::PodManifest;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A Pod's unique id.
pub(super) type Uid = Arc<str>;

/// A Pod's object with its resource version.
#[derive(Clone, Debug)]
pub(super) struct WatchedPod {
    pub(super) version: u64,
    pub(super) pod: PodManifest,
}

/// An object as JSON text: a fifth of the memory, for what is kept long and read seldom.
#[derive(Clone, Debug)]
pub(super) struct CompactPod {
    pub(super) version: u64,
    text: Box<[u8]>,
}

impl CompactPod {
    /// Compacts an object.
    pub(super) fn of(seen: &WatchedPod) -> CompactPod {
        CompactPod { version: seen.version, text: serde_json::to_vec(&seen.pod).unwrap_or_default().into() }
    }

    /// Parses the object.
    pub(super) fn pod(&self) -> Result<PodManifest, serde_json::Error> {
        serde_json::from_slice(&self.text)
    }
}

impl<'de> Deserialize<'de> for WatchedPod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WatchedPod, D::Error> {
        let object = Value::deserialize(deserializer)?;
        let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        let version = version.and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| D::Error::custom("metadata.resourceVersion: wanted a number"))?;
        let pod = PodManifest::deserialize(object).map_err(D::Error::custom)?;
        Ok(WatchedPod { version, pod })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_compact_pod_keeps_the_whole_manifest() {
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
        let seen: WatchedPod = serde_json::from_value(object).unwrap();
        let kept = CompactPod::of(&seen);
        assert_eq!((kept.version, kept.pod().unwrap()), (7, seen.pod));
    }
}
