//! A changed spec: what may change.

use crate::{
    event::EventError,
    spec::{ContainerSpec, PodSpec},
};

/// Images may change, deadlines shrink, gates be removed and ephemeral containers be added; nothing else.
///
/// Answers to `ValidatePodUpdate` in `pkg/apis/core/validation`.
pub(crate) fn check_change(old: &PodSpec, new: &PodSpec) -> Result<(), EventError> {
    let refuse = |field| Err(EventError::Immutable { field });
    if (old.name(), old.namespace(), old.uid()) != (new.name(), new.namespace(), new.uid()) {
        return refuse("metadata");
    }
    let same = |(old, new): (&ContainerSpec, &ContainerSpec)| old.is_same_but_for_image(new);
    let kept = old.containers().map(|(_, it)| it).zip(new.containers().map(|(_, it)| it)).all(same);
    if old.lasting_containers().count() != new.lasting_containers().count() || !kept {
        return refuse("spec.containers");
    }
    if old.container_count() > new.container_count() {
        return refuse("spec.ephemeralContainers");
    }
    if !old.is_scheduling_gated() && new.is_scheduling_gated() {
        return refuse("spec.schedulingGates");
    }
    let deadline_moved_on = match (old.active_deadline(), new.active_deadline()) {
        (Some(old), Some(new)) => new > old,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if deadline_moved_on {
        return refuse("spec.activeDeadlineSeconds");
    }
    if !old.has_same_frame(new) {
        return refuse("spec");
    }
    Ok(())
}
