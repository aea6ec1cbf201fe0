//! Active deadline of a Pod (pkg/kubelet/active_deadline.go).
//!
//! `activeDeadlineSeconds` in
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#lifecycle>.
//!
//! ```
//! use pod_lifecycle::{Timestamp, api, rule::deadline, spec::PodSpec};
//!
//! let endless: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": []}}"#)?;
//! assert_eq!(deadline::expires_at(&PodSpec::from_admitted(&endless)?, Timestamp::UNIX_EPOCH), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: `kubelet::generate_status`, which compares the times and records the event; `phase_of` in
//! [`pod_status`](super::pod_status) then fails the Pod. `kubelet::sync_loop` wakes the Pod when the deadline expires.

use crate::{spec::PodSpec, time::Timestamp};

/// `status.reason` of a Pod past its deadline.
pub(crate) const DEADLINE_REASON: &str = "DeadlineExceeded";

/// `status.message` and message of the event.
pub(crate) const DEADLINE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

/// Returns when the active deadline expires: `activeDeadlineSeconds` after `status.startTime`.
///
/// Answers to `pastActiveDeadline` in `pkg/kubelet/active_deadline.go`.
#[must_use]
pub fn expires_at(spec: &PodSpec, start_time: Timestamp) -> Option<Timestamp> {
    spec.active_deadline().map(|longest| start_time + longest)
}
