//! `v1.ResourceRequirements`: requests and limits of a container or of a whole Pod, typed.

use alloc::{collections::BTreeMap, string::String};

use serde::{Deserialize, Serialize};

use super::{Quantity, null_is_absent};

/// Amounts by resource: `cpu`, `memory`, `example.com/gpu`.
pub type ResourceList = BTreeMap<String, Quantity>;

/// Requests and limits of a container or of a whole Pod.
///
/// ```
/// use pod_lifecycle::api::ResourceRequirements;
///
/// let resources: ResourceRequirements =
///     serde_json::from_str(r#"{"requests": {"cpu": "500m"}, "limits": {"cpu": 1, "memory": "1Gi"}}"#)?;
/// assert_eq!(resources.requests["cpu"].milli_value(), 500);
/// let filled = resources.with_default_requests();
/// assert_eq!(filled.requests["memory"].to_string(), "1Gi", "a limit without a request is also the request");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResourceRequirements {
    /// Most that may be used.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "ResourceList::is_empty")]
    pub limits: ResourceList,
    /// Amounts that the node sets aside.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "ResourceList::is_empty")]
    pub requests: ResourceList,
}

impl ResourceRequirements {
    /// Creates requirements of these requests and limits.
    #[must_use]
    pub fn new(requests: ResourceList, limits: ResourceList) -> ResourceRequirements {
        ResourceRequirements { limits, requests }
    }

    /// True if there is neither a request nor a limit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.requests.is_empty()
    }

    /// Requests what has a limit and no request, as the API server's defaults do (`SetDefaults_Pod`).
    #[must_use]
    pub fn with_default_requests(mut self) -> ResourceRequirements {
        for (name, limit) in &self.limits {
            self.requests.entry(name.clone()).or_insert(*limit);
        }
        self
    }
}
