//! Volumes, as far as the service account's token and image volumes need them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{ImagePullPolicy, Named, OtherFields, null_is_absent, value::other_fields};

/// A volume of the Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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
    /// The files of an image, read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageVolumeSource>,
    /// Every other source (`configMap`, `emptyDir`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// An `image` volume: the files of an image or OCI artifact.
///
/// <https://kubernetes.io/docs/concepts/storage/volumes/#image>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageVolumeSource {
    /// The image reference.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// When it is pulled; as for a container's image by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<Named<ImagePullPolicy>>,
}

/// A `projected` volume: several sources in one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectedVolumeSource {
    /// The sources.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub sources: Vec<VolumeProjection>,
    /// Permission bits of the files; 0644 (420) by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// One source of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// A token of the Pod's service account, as a file of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceAccountTokenProjection {
    /// Intended audience of the token; the API server if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub audience: String,
    /// Requested lifetime of the token in seconds; 3600 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
    /// Path of the file, relative to the volume's root.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
}

/// Keys of a ConfigMap, as files of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConfigMapProjection {
    /// The ConfigMap.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Keys and the files that they become; all keys, under their own names, if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// Every other field (`optional`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// A key that becomes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyToPath {
    /// The key.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub key: String,
    /// Path of the file, relative to the volume's root.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
    /// Every other field (`mode`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Fields of the Pod itself, as files of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DownwardApiProjection {
    /// Fields and the files that they become.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<DownwardApiVolumeFile>,
}

/// A field of the Pod that becomes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DownwardApiVolumeFile {
    /// Path of the file, relative to the volume's root.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<ObjectFieldSelector>,
    /// Every other field (`mode`, `resourceFieldRef`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// A field of the Pod, by its path in the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ObjectFieldSelector {
    /// The version in which the path is read.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The path, as in `metadata.namespace`.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub field_path: String,
}

/// A `secret` volume: the keys of a Secret, as files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretVolumeSource {
    /// The Secret.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub secret_name: String,
    /// Permission bits of the files; 0644 (420) by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Every other field (`items`, `optional`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}
