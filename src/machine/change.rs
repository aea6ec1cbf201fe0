//! A changed spec: what may change, and when the kubelet acts upon it.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{
    Pod,
    record::{Slot, Trouble},
    tables::WorkerState,
};
use crate::{
    event::EventError,
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::InstanceId,
};

impl Pod {
    /// The spec was changed; the next pass acts upon it.
    pub(super) fn on_spec_changed(&mut self, spec: Arc<PodSpec>) -> Result<(), EventError> {
        check_change(self.shown().new_spec.as_ref().unwrap_or(&self.spec), &spec)?;
        let record = self.shown_mut();
        record.api.generation = record.api.generation.max(spec.generation());
        record.api.is_gated = spec.is_scheduling_gated();
        record.new_spec = Some(spec);
        if self.worker.state == WorkerState::Waiting {
            self.take_new_spec();
        } else if !self.is_node_lost() {
            self.request_pass();
        }
        Ok(())
    }

    /// From now on the new spec, if there is one, is what the Pod ought to be.
    pub(super) fn take_new_spec(&mut self) {
        let Some(new) = self.record.new_spec.take() else { return };
        let old = core::mem::replace(&mut self.spec, new.clone());
        for ((index, old), (_, new)) in old.containers().zip(new.containers()) {
            if old.image() != new.image() {
                self.change_image(index, old.image(), new.image());
            }
        }
        let mut slots = core::mem::take(&mut self.record.slots).into_vec();
        slots.resize_with(new.container_count(), Slot::default);
        self.record.slots = slots.into_boxed_slice();
        if self.record.is_computed {
            self.record.status.records.resize_with(new.container_count(), || None);
        }
    }

    /// Instances of another image are remembered as such, and are to be replaced; back-offs begin anew.
    fn change_image(&mut self, container: ContainerIndex, old: &str, new: &str) {
        let reported = self.record.status.records.get(container.get()).and_then(|record| record.as_ref()?.instance);
        let instances = self.runtime.instances_of(container).map(|instance| instance.id);
        let instances: Vec<InstanceId> = instances.chain(reported).collect();
        let Some(slot) = self.record.slots.get_mut(container.get()) else { return };
        let Trouble { restarts, pulls, images, .. } = slot.trouble_mut();
        (*restarts, *pulls) = (None, None);
        images.retain(|(known, _)| instances.contains(known));
        for instance in instances {
            if images.iter().all(|(known, _)| *known != instance) {
                images.push((instance, Box::from(old)));
            }
        }
        for instance in self.runtime.instances.iter_mut().filter(|instance| instance.container == Some(container)) {
            instance.spec_changed = slot.image_of(instance.id).is_some_and(|image| image != new);
        }
    }
}

/// Images may change, deadlines shrink, gates be removed and ephemeral containers be added; nothing else.
///
/// Answers to `ValidatePodUpdate` in `pkg/apis/core/validation`.
fn check_change(old: &PodSpec, new: &PodSpec) -> Result<(), EventError> {
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
