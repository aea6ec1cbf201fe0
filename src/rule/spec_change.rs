//! Updates of a Pod's spec: which fields may change (`ValidatePodUpdate` in pkg/apis/core/validation).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement>
//!
//! ```
//! use pod_lifecycle::{api::PodManifest, rule::spec_change, spec::PodSpec};
//!
//! let mut pod: PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
//! let old = PodSpec::from_admitted(&pod)?;
//! pod.spec.containers[0].image = "nginx:2".into();
//! assert_eq!(spec_change::validate_update(&old, &PodSpec::from_admitted(&pod)?), Ok(()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: `object::PodObject`, as the API server does; `kubelet::validate_event`.

use crate::spec::{ContainerSpec, PodSpec};

/// Error of an update that changes an immutable field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{field}: cannot be changed in a Pod that exists")]
#[non_exhaustive]
pub struct ImmutableField {
    /// Path of the field.
    pub field: &'static str,
}

/// Validates an update: images may change, the active deadline may shrink, scheduling gates may be removed and
/// ephemeral containers added; nothing else.
///
/// Answers to `ValidatePodUpdate` in `pkg/apis/core/validation`.
///
/// # Errors
///
/// [`ImmutableField`] names the field that may not change.
pub fn validate_update(old: &PodSpec, new: &PodSpec) -> Result<(), ImmutableField> {
    let refuse = |field| Err(ImmutableField { field });
    if (old.name(), old.namespace(), old.uid()) != (new.name(), new.namespace(), new.uid()) {
        return refuse("metadata");
    }
    let same = |(old, new): (&ContainerSpec, &ContainerSpec)| old.is_same_but_for_image(new);
    let own = |spec: &'_ PodSpec| spec.init_and_regular_containers().count();
    let pairs = old.init_and_regular_containers().zip(new.init_and_regular_containers());
    if own(old) != own(new) || !pairs.map(|((_, old), (_, new))| (old, new)).all(same) {
        return refuse("spec.containers");
    }
    // By name: a patch may put a new one before the others.
    let is_kept = |(_, old): (_, &ContainerSpec)| {
        let namesake = new.ephemeral_containers().find(|(_, new)| new.name() == old.name());
        namesake.is_some_and(|(_, new)| old.is_same_but_for_image(new))
    };
    if !old.ephemeral_containers().all(is_kept) {
        return refuse("spec.ephemeralContainers");
    }
    if !old.is_scheduling_gated() && new.is_scheduling_gated() {
        return refuse("spec.schedulingGates");
    }
    // A deadline may be set or shortened, but neither removed nor extended.
    let deadline_extended = match (old.active_deadline(), new.active_deadline()) {
        (Some(old), Some(new)) => new > old,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if deadline_extended {
        return refuse("spec.activeDeadlineSeconds");
    }
    if !old.has_same_immutable_fields(new) {
        return refuse("spec");
    }
    Ok(())
}
