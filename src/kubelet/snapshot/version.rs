//! Which crate wrote a snapshot.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The version of what this crate writes; it changes whenever a field does.
const CURRENT: u32 = 1;

/// The version of a snapshot that this crate can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(CURRENT)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        match u32::deserialize(deserializer)? {
            CURRENT => Ok(Version),
            other => Err(D::Error::custom(format_args!("a snapshot of version {other}, and only {CURRENT} is known"))),
        }
    }
}
