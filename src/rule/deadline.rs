//! Has the Pod been active for too long?
//!
//! `activeDeadlineSeconds` in <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#lifecycle>.
//!
//! ```
//! use pod_lifecycle::{Timestamp, api, rule::deadline, spec::PodSpec};
//!
//! let endless: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": []}}"#)?;
//! assert_eq!(deadline::expires_at(&PodSpec::from_admitted(&endless)?, Timestamp::UNIX_EPOCH), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{spec::PodSpec, time::Timestamp};

/// The reason of a Pod that was active for too long.
pub(crate) const DEADLINE_REASON: &str = "DeadlineExceeded";

/// What is said of a Pod that was active for too long.
pub(crate) const DEADLINE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

/// When the Pod's active deadline ends it: `activeDeadlineSeconds` after its start time.
///
/// Answers to `pastActiveDeadline` in `pkg/kubelet/active_deadline.go`.
///
/// ```
/// use pod_lifecycle::{Timestamp, api, rule::deadline, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"activeDeadlineSeconds": 30}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let start = Timestamp::from_unix_seconds(100);
/// assert_eq!(deadline::expires_at(&spec, start), Some(Timestamp::from_unix_seconds(130)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn expires_at(spec: &PodSpec, start_time: Timestamp) -> Option<Timestamp> {
    spec.active_deadline().map(|longest| start_time + longest)
}
