//! The difference between the status that the API has and the one that the kubelet publishes, ready to be sent.

mod difference;
mod merge;
#[cfg(test)]
#[cfg(feature = "proptest")]
mod properties;
#[cfg(test)]
mod tests;

pub use merge::merged_status;

use alloc::{borrow::ToOwned, string::String};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RuntimeFacts;
use crate::{
    api::{OtherFields, PodStatus},
    kubelet::PodMachine,
};

/// A strategic-merge patch of a Pod's status: the body of
/// `PATCH /api/v1/namespaces/NAMESPACE/pods/NAME/status` with the content type
/// `application/strategic-merge-patch+json`.
///
/// It says only what changes, and speaks of the kubelet's own conditions only: what other owners have set stays as it
/// is in the API when the patch arrives there, whatever the kubelet knew of it. What went away is `null`; a condition
/// that went away is deleted by its type; lists of container statuses are replaced as a whole, as the API demands. The
/// uid is a precondition: another Pod of the same name refuses the patch.
///
/// Answers to `PatchPodStatus` in `pkg/util/pod`. What the kubelet never sets is left out instead of being written as
/// `null` (`lastProbeTime`), and fields that nobody has named here stay as the API has them.
///
/// ```
/// use pod_lifecycle::{api::PodStatus, status::StatusPatch};
///
/// let theirs: PodStatus = serde_json::from_str(r#"{"phase": "Running", "conditions": [
///     {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]"},
///     {"type": "example.com/load-balancer", "status": "True"}
/// ]}"#)?;
/// let ours: PodStatus = serde_json::from_str(r#"{"phase": "Running", "conditions": [
///     {"type": "Ready", "status": "True"}
/// ]}"#)?;
///
/// let patch = StatusPatch::between("5f0c", &theirs, &ours).ok_or("there is a difference")?;
/// assert_eq!(serde_json::to_value(&patch)?, serde_json::json!({
///     "metadata": {"uid": "5f0c"},
///     "status": {
///         "$setElementOrder/conditions": [{"type": "example.com/load-balancer"}, {"type": "Ready"}],
///         "conditions": [{"type": "Ready", "status": "True", "reason": null, "message": null}],
///     },
/// }));
/// assert_eq!(StatusPatch::between("5f0c", &ours, &ours), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusPatch {
    metadata: Precondition,
    status: OtherFields,
}

/// Which Pod the patch is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Precondition {
    uid: String,
}

impl StatusPatch {
    /// The patch that makes of the status in the API (`theirs`) what the kubelet publishes (`ours`), with what others
    /// own left alone: see [`merged_status`]. `None` if there is nothing to send.
    ///
    /// `uid` is the Pod's.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, status::StatusPatch};
    ///
    /// let ours: PodStatus = serde_json::from_str(r#"{"phase": "Pending", "podIP": "10.244.1.7"}"#)?;
    /// let patch = StatusPatch::between("5f0c", &PodStatus::default(), &ours).ok_or("all of it is new")?;
    /// assert_eq!(patch.status()["podIP"].as_str(), Some("10.244.1.7"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn between(uid: &str, theirs: &PodStatus, ours: &PodStatus) -> Option<StatusPatch> {
        let merged = fields(&merged_status(theirs, ours));
        let status = difference::of_status(&fields(theirs), &merged);
        let metadata = Precondition { uid: uid.to_owned() };
        (!status.is_empty()).then_some(StatusPatch { metadata, status })
    }

    /// The uid of the Pod that it is for.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, status::StatusPatch};
    ///
    /// let ours = PodStatus { reason: "Evicted".into(), ..PodStatus::default() };
    /// let patch = StatusPatch::between("5f0c", &PodStatus::default(), &ours).unwrap();
    /// assert_eq!(patch.uid(), "5f0c");
    /// ```
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// What changes, by field of the status; [`Value::Null`] is what is cleared.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, status::StatusPatch};
    ///
    /// let theirs = PodStatus { reason: "Evicted".into(), ..PodStatus::default() };
    /// let patch = StatusPatch::between("5f0c", &theirs, &PodStatus::default()).unwrap();
    /// assert_eq!(patch.status()["reason"], serde_json::Value::Null);
    /// ```
    #[must_use]
    pub fn status(&self) -> &OtherFields {
        &self.status
    }
}

impl PodMachine {
    /// The patch that brings the status in the API up to what is published; `None` if it is up to date.
    ///
    /// `theirs` is the status as the API server last showed it; what only the embedder knows goes into the status.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec, status::NumberedInstances,
    /// };
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"uid": "5f0c"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    ///
    /// let facts = NumberedInstances(pod.spec());
    /// let patch = pod.status_patch(&manifest.status, &facts).ok_or("the API has no status yet")?;
    /// assert_eq!((patch.uid(), patch.status()["phase"].as_str()), ("5f0c", Some("Pending")));
    /// assert_eq!(pod.status_patch(&pod.status_with(&facts), &facts), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status_patch(&self, theirs: &PodStatus, facts: &dyn RuntimeFacts) -> Option<StatusPatch> {
        StatusPatch::between(self.spec().uid(), theirs, &self.status_with(facts))
    }
}

/// The fields of a status that are there.
fn fields(status: &PodStatus) -> OtherFields {
    let written = serde_json::to_value(status);
    debug_assert!(matches!(written, Ok(Value::Object(_))), "a status is a map whose keys are strings");
    let Ok(Value::Object(fields)) = written else { return OtherFields::new() };
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
