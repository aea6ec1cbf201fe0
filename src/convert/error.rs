//! Why one type could not be made of the other.

use alloc::{borrow::ToOwned, string::String};

/// Why a type of ours and one of `k8s-openapi` could not be made of each other; it names the field, as a path from what
/// was converted.
///
/// ```
/// use k8s_openapi::api::core::v1;
/// use pod_lifecycle::{convert::ConvertError, api::Container};
///
/// // Only ephemeral containers share another's namespaces.
/// let debugger: Container = serde_json::from_str(r#"{"name": "debug", "targetContainerName": "app"}"#)?;
/// let error = v1::Container::try_from(&debugger).unwrap_err();
/// assert_eq!(error, ConvertError::NoSuchField { field: "targetContainerName".into() });
/// assert!(v1::EphemeralContainer::try_from(&debugger).is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The other type, in the version of Kubernetes that was chosen, has no such field, and what it says would be lost.
    #[error("{field}: the type of k8s-openapi has no such field")]
    NoSuchField {
        /// The field.
        field: String,
    },
    /// The other type cannot hold the field's value.
    #[error("{}{problem}", lead(field))]
    Invalid {
        /// The field; empty for all that was converted.
        field: String,
        /// Error of the JSON reader.
        problem: String,
    },
}

impl ConvertError {
    /// The field, as a path from what was converted: `spec.containers[0].ports[1].protocol`.
    ///
    /// ```
    /// use k8s_openapi::api::core::v1;
    /// use pod_lifecycle::api::PodManifest;
    ///
    /// let pod: PodManifest = serde_json::from_str(
    ///     r#"{"spec": {"containers": [{"name": "app", "tty": "yes"}]}}"#,
    /// )?;
    /// let error = v1::Pod::try_from(&pod).unwrap_err();
    /// assert_eq!(error.field(), "spec.containers[0].tty");
    /// assert_eq!(error.to_string(), "spec.containers[0].tty: invalid type: string \"yes\", expected a boolean");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            ConvertError::NoSuchField { field } | ConvertError::Invalid { field, .. } => field,
        }
    }
}

fn lead(field: &str) -> String {
    if field.is_empty() { String::new() } else { field.to_owned() + ": " }
}
