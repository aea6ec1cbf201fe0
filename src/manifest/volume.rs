//! Volumes, as far as the service account's token needs them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{OtherFields, null_is_absent};

/// A volume of the Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// The name that mounts refer to.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Several sources in one directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected: Option<ProjectedVolumeSource>,
    /// A Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVolumeSource>,
    /// Every other source (`configMap`, `emptyDir`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// Several sources in one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectedVolumeSource {
    /// The sources.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub sources: Vec<VolumeProjection>,
    /// The files' permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// One source of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeProjection {
    /// A token of the Pod's service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_token: Option<ServiceAccountTokenProjection>,
    /// Keys of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapProjection>,
    /// Fields of the Pod itself.
    #[serde(default, rename = "downwardAPI", skip_serializing_if = "Option::is_none")]
    pub downward_api: Option<DownwardApiProjection>,
    /// Every other source (`secret`, `clusterTrustBundle`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// A token of the Pod's service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountTokenProjection {
    /// Whom the token is for; the API server if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub audience: String,
    /// Seconds that the token is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
    /// The file.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
}

/// Keys of a ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigMapProjection {
    /// The ConfigMap.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which keys become which files; all of them if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// Every other field (`optional`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// A key that becomes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyToPath {
    /// The key.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub key: String,
    /// The file.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
    /// Every other field (`mode`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// Fields of the Pod itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownwardApiProjection {
    /// Which fields become which files.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<DownwardApiVolumeFile>,
}

/// A field of the Pod that becomes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownwardApiVolumeFile {
    /// The file.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<ObjectFieldSelector>,
    /// Every other field (`mode`, `resourceFieldRef`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// A field of the Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectFieldSelector {
    /// The version in which the path is read.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The path, as in `metadata.namespace`.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub field_path: String,
}

/// A Secret, its keys as files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretVolumeSource {
    /// The Secret.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub secret_name: String,
    /// The files' permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Every other field (`items`, `optional`), as it was written.
    #[serde(flatten)]
    pub other: OtherFields,
}
