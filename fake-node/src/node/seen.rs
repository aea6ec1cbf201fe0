//! A Pod's object as the API server shows it.

use std::sync::Arc;

use pod_lifecycle::manifest::PodManifest;
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
