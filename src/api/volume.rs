//! Volumes, as far as the service account's token needs them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{OtherFields, null_is_absent, value::other_fields};

/// A volume of the Pod.
///
/// ```
/// use pod_lifecycle::api::Volume;
///
/// let volume: Volume = serde_json::from_str(r#"{"name": "cache", "emptyDir": {}}"#)?;
/// assert!(volume.other.contains_key("emptyDir"), "passed through as it stands");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Every other source (`configMap`, `emptyDir`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// A `projected` volume: several sources in one directory.
///
/// ```
/// use pod_lifecycle::api::ProjectedVolumeSource;
///
/// let projected: ProjectedVolumeSource = serde_json::from_str(r#"{"sources": [
///     {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
///     {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
///     {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}
/// ]}"#)?;
/// let token = projected.sources[0].service_account_token.as_ref().ok_or("no token")?;
/// assert_eq!(token.expiration_seconds, Some(3607));
/// let roots = projected.sources[1].config_map.as_ref().ok_or("no config map")?;
/// assert_eq!((roots.name.as_str(), roots.items[0].key.as_str()), ("kube-root-ca.crt", "ca.crt"));
/// let fields = projected.sources[2].downward_api.as_ref().ok_or("no fields")?;
/// assert_eq!(fields.items[0].field_ref.as_ref().map(|field| field.field_path.as_str()), Some("metadata.namespace"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectedVolumeSource {
    /// The sources.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub sources: Vec<VolumeProjection>,
    /// The files' permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// One source of a projected volume.
///
/// ```
/// # use pod_lifecycle::api::VolumeProjection;
/// let token: VolumeProjection = serde_json::from_str(r#"{"serviceAccountToken": {"path": "token"}}"#)?;
/// assert_eq!((token.config_map, token.downward_api), (None, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # use pod_lifecycle::api::ServiceAccountTokenProjection;
/// let token: ServiceAccountTokenProjection = serde_json::from_str(r#"{"path": "token", "audience": "vault"}"#)?;
/// assert_eq!((token.audience.as_str(), token.path.as_str()), ("vault", "token"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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

/// Keys of a ConfigMap, as files of a projected volume.
///
/// ```
/// # use pod_lifecycle::api::ConfigMapProjection;
/// let projection: ConfigMapProjection = serde_json::from_str(r#"{"name": "settings"}"#)?;
/// assert!(projection.items.is_empty(), "all of them");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConfigMapProjection {
    /// The ConfigMap.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which keys become which files; all of them if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// Every other field (`optional`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// A key that becomes a file.
///
/// ```
/// # use pod_lifecycle::api::KeyToPath;
/// let item: KeyToPath = serde_json::from_str(r#"{"key": "ca.crt", "path": "tls/ca.crt"}"#)?;
/// assert_eq!((&*item.key, &*item.path), ("ca.crt", "tls/ca.crt"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyToPath {
    /// The key.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub key: String,
    /// The file.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub path: String,
    /// Every other field (`mode`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

/// Fields of the Pod itself, as files of a projected volume.
///
/// ```
/// # use pod_lifecycle::api::DownwardApiProjection;
/// let projection: DownwardApiProjection = serde_json::from_str(r#"{"items": [{"path": "namespace"}]}"#)?;
/// assert_eq!(projection.items[0].path, "namespace");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DownwardApiProjection {
    /// Which fields become which files.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<DownwardApiVolumeFile>,
}

/// A field of the Pod that becomes a file.
///
/// ```
/// # use pod_lifecycle::api::DownwardApiVolumeFile;
/// let file: DownwardApiVolumeFile =
///     serde_json::from_str(r#"{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}"#)?;
/// assert_eq!(file.field_ref.map(|field| field.field_path), Some("metadata.name".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DownwardApiVolumeFile {
    /// The file.
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
///
/// ```
/// # use pod_lifecycle::api::ObjectFieldSelector;
/// let field: ObjectFieldSelector = serde_json::from_str(r#"{"apiVersion": "v1", "fieldPath": "metadata.uid"}"#)?;
/// assert_eq!(field.field_path, "metadata.uid");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # use pod_lifecycle::api::SecretVolumeSource;
/// let secret: SecretVolumeSource = serde_json::from_str(r#"{"secretName": "tls"}"#)?;
/// assert_eq!((secret.secret_name.as_str(), secret.default_mode), ("tls", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretVolumeSource {
    /// The Secret.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub secret_name: String,
    /// The files' permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Every other field (`items`, `optional`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}
