//! Container garbage collection: removal of dead containers and sandboxes (pkg/kubelet/kuberuntime,
//! pod_container_deletor).

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{pleg::Pleg, sink::Step};
use crate::{
    action::Action,
    spec::ContainerIndex,
    state::{Instance, InstanceId, RuntimeStatus, Sandbox},
    time::Timestamp,
};

/// Planned removals of one Pod, each at its own wake-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerGc {
    dead_containers: Option<Removal>,
    /// Containers whose older dead instances go once the next sync has taken its view of the runtime.
    with_older_dead: Vec<ContainerIndex>,
    #[serde(with = "crate::time::exact")]
    sandboxes_at: Option<Timestamp>,
}

/// Dead instances to remove, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removal {
    #[serde(with = "crate::time::exact")]
    at: Timestamp,
    instances: Vec<(ContainerIndex, InstanceId)>,
}

impl ContainerGc {
    pub(super) const NEW: ContainerGc =
        ContainerGc { dead_containers: None, with_older_dead: Vec::new(), sandboxes_at: None };

    /// Returns when the planned dead containers are removed.
    pub(super) fn dead_containers_at(&self) -> Option<Timestamp> {
        self.dead_containers.as_ref().map(|removal| removal.at)
    }

    /// Returns when dead sandboxes are removed.
    pub(super) fn sandboxes_at(&self) -> Option<Timestamp> {
        self.sandboxes_at
    }

    /// Returns the containers of which an instance is to be removed.
    #[cfg(feature = "snapshot")]
    pub(super) fn containers(&self) -> impl Iterator<Item = ContainerIndex> {
        self.dead_containers.iter().flat_map(|removal| &removal.instances).map(|(container, _)| *container)
    }

    /// Plans the removal of all dead instances, the newest first: those of a Pod that was evicted, or that is deleted
    /// and over.
    pub(super) fn plan_dead_containers(&mut self, pleg: &Pleg, now: Timestamp) {
        let dead = pleg.cache().instances.iter().filter(|instance| instance.termination().is_some());
        let dead = dead.filter_map(|instance| Some((instance.container?, instance.id)));
        // A wake-up of its own removes them, after everything else of this instant.
        let removal = self.dead_containers.get_or_insert_with(|| Removal { at: now, instances: Vec::new() });
        for instance in dead {
            if !removal.instances.contains(&instance) {
                removal.instances.push(instance);
            }
        }
    }

    /// Plans the removal of the older dead instances of a container, once the next sync has taken its view.
    pub(super) fn plan_older_dead(&mut self, container: ContainerIndex) {
        if !self.with_older_dead.contains(&container) {
            self.with_older_dead.push(container);
        }
    }

    /// Removes the older dead instances of the containers that were planned.
    pub(super) fn remove_planned_older_dead(&mut self, pleg: &mut Pleg, step: &mut Step<'_>) {
        for container in core::mem::take(&mut self.with_older_dead) {
            remove_older_dead(pleg, container, step);
        }
    }

    /// Removes the planned dead instances.
    pub(super) fn remove_dead_containers(&mut self, pleg: &mut Pleg, step: &mut Step<'_>) {
        let Some(removal) = self.dead_containers.take() else { return };
        for (container, instance) in removal.instances {
            remove_container(pleg, container, instance, step);
        }
    }

    /// Plans the next collection of dead sandboxes; without a period they are kept for ever.
    pub(super) fn plan_sandboxes(&mut self, period: Option<Duration>, now: Timestamp) {
        self.sandboxes_at = period.map(|period| now + period);
    }

    /// Removes dead sandboxes that hold no instance, except the newest.
    ///
    /// Answers to `evictSandboxes` in `pkg/kubelet/kuberuntime`.
    pub(super) fn remove_sandboxes(&mut self, pleg: &mut Pleg, step: &mut Step<'_>) {
        self.sandboxes_at = None;
        let dead: Vec<_> = dead_sandboxes(pleg.runtime()).map(|sandbox| sandbox.id).collect();
        for &sandbox in &dead {
            step.out.action(step.now, Action::RemovePodSandbox { sandbox });
        }
        if !dead.is_empty() {
            pleg.change(step.now).sandboxes.retain(|sandbox| !dead.contains(&sandbox.id));
        }
    }

    /// Returns what a restart of the kubelet keeps: the node's garbage collection goes on.
    pub(super) fn after_restart(&self) -> ContainerGc {
        ContainerGc { sandboxes_at: self.sandboxes_at, ..ContainerGc::NEW }
    }
}

/// Returns the dead sandboxes that hold no instance, except the newest.
pub(super) fn dead_sandboxes(runtime: &RuntimeStatus) -> impl Iterator<Item = &Sandbox> {
    // A dead sandbox that still holds a container is active to the garbage collection.
    let is_empty = |sandbox: &&Sandbox| runtime.instances.iter().all(|instance| instance.sandbox != sandbox.id);
    // evictSandboxes keeps the newest sandbox of a Pod that still exists.
    runtime.sandboxes.iter().skip(1).filter(|sandbox| !sandbox.is_ready).filter(is_empty)
}

/// Removes the dead instances of a container except the newest.
///
/// Answers to `deleteContainersInPod`.
pub(super) fn remove_older_dead(pleg: &mut Pleg, container: ContainerIndex, step: &mut Step<'_>) {
    let is_dead = |instance: &&Instance| instance.termination().is_some();
    let dead = pleg.cache().instances_of(container).filter(is_dead);
    // MaxPerPodContainerCount is 1 by default: one dead instance of each container is kept.
    let older: Vec<InstanceId> = dead.skip(1).map(|instance| instance.id).collect();
    for instance in older {
        remove_container(pleg, container, instance, step);
    }
}

/// Removes an instance from the runtime; nothing happens if it is gone already.
pub(super) fn remove_container(pleg: &mut Pleg, container: ContainerIndex, instance: InstanceId, step: &mut Step<'_>) {
    if pleg.runtime().instances_of(container).any(|known| known.id == instance) {
        step.out.action(step.now, Action::RemoveContainer { container, instance });
        let known = &mut pleg.change(step.now).instances;
        known.retain(|known| known.container != Some(container) || known.id != instance);
    }
}
