//! Error of a conversion from or to `k8s-openapi`.

use alloc::{borrow::ToOwned, string::String};

/// Error of a conversion between this crate's types and those of `k8s-openapi`; names the field, as a path from what
/// was converted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The other type has no such field in the chosen version of Kubernetes, so its value would be lost.
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
    /// Returns the field, as a path from what was converted: `spec.containers[0].ports[1].protocol`.
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
