//! Runtime manager: the kubelet's memory of each container, with the last failed start.
//!
//! Answers to `pkg/kubelet/kuberuntime` and `pkg/kubelet/reason_cache.go`. The back-offs are in
//! [`back_offs`](super::back_offs).

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::back_offs::{CrashLoops, ImagePulls};
use crate::{
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{InstanceId, StartFailure},
};

/// Containers of a Pod, by container index, and pulls of its images.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuntimeManager {
    /// Shared by Pods with equal entries; see the interner of the fast path.
    containers: Arc<[Container]>,
    /// Failed pulls. The kubelet keeps them by image for the whole node, and this is the part of one Pod.
    pulls: ImagePulls,
}

/// Memory of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    /// Number of instances that were created.
    created: u32,
    /// Boxed, since most containers never fail and are never changed.
    history: Option<Box<History>>,
}

/// Memory of a container that has exited, failed to start or was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct History {
    /// Crash-loop back-off for each image that the container has had.
    crash_loops: CrashLoops,
    /// Why the last start failed, unless one has succeeded since.
    failure: Option<Arc<StartFailure>>,
    /// Restart count of the next instance by the logs that removed instances have left.
    after_logs: i32,
    /// Images of instances that were created before the spec was changed.
    images: Vec<(InstanceId, Box<str>)>,
    /// Instances whose preStop hook runs.
    pre_stops: Vec<InstanceId>,
}

impl RuntimeManager {
    /// Creates the memory of a new Pod.
    pub(super) fn new(spec: &PodSpec) -> RuntimeManager {
        RuntimeManager {
            containers: (0..spec.container_count()).map(|_| Container::default()).collect(),
            pulls: ImagePulls::default(),
        }
    }

    /// Adds entries for ephemeral containers that were added.
    pub(super) fn fit(&mut self, spec: &PodSpec) {
        if self.containers.len() < spec.container_count() {
            let mut containers = self.containers.to_vec();
            containers.resize_with(spec.container_count(), Container::default);
            self.containers = containers.into();
        }
    }

    /// Returns the number of containers.
    #[cfg(feature = "snapshot")]
    pub(super) fn count(&self) -> usize {
        self.containers.len()
    }

    /// Returns the entries, for the interner.
    #[cfg(feature = "sim")]
    pub(super) fn shared_mut(&mut self) -> &mut Arc<[Container]> {
        &mut self.containers
    }

    fn history(&self, container: ContainerIndex) -> Option<&History> {
        self.containers.get(container.get())?.history.as_deref()
    }

    fn history_mut(&mut self, container: ContainerIndex) -> Option<&mut History> {
        Arc::make_mut(&mut self.containers)
            .get_mut(container.get())
            .map(|it| &mut **it.history.get_or_insert_with(Box::default))
    }

    /// Returns the crash-loop back-offs of a container that has any.
    pub(super) fn crash_loops(&self, container: ContainerIndex) -> Option<&CrashLoops> {
        self.history(container).map(|history| &history.crash_loops)
    }

    /// Returns the crash-loop back-offs of a container; `None` if the Pod has no such container.
    pub(super) fn crash_loops_mut(&mut self, container: ContainerIndex) -> Option<&mut CrashLoops> {
        self.history_mut(container).map(|history| &mut history.crash_loops)
    }

    /// Returns the failed pulls of the Pod's images.
    pub(super) fn pulls(&self) -> &ImagePulls {
        &self.pulls
    }

    /// Returns the failed pulls of the Pod's images, to record another one.
    pub(super) fn pulls_mut(&mut self) -> &mut ImagePulls {
        &mut self.pulls
    }

    /// Returns the id of a container's next instance.
    pub(super) fn next_instance(&mut self, container: ContainerIndex) -> InstanceId {
        let Some(it) = Arc::make_mut(&mut self.containers).get_mut(container.get()) else { return InstanceId::nth(0) };
        let instance = InstanceId::nth(it.created);
        it.created = it.created.saturating_add(1);
        instance
    }

    /// Records an instance, so that no later one gets its id.
    pub(super) fn record_instance(&mut self, container: ContainerIndex, instance: InstanceId) {
        if let Some(it) = Arc::make_mut(&mut self.containers).get_mut(container.get()) {
            // Instances may be recorded in any order.
            it.created = it.created.max(instance.ordinal().saturating_add(1));
        }
    }

    /// Sets why the last start of a container failed; `None` after a success.
    pub(super) fn set_start_failure(&mut self, container: ContainerIndex, failure: Option<Arc<StartFailure>>) {
        // A success after no failure needs no history, which would be allocated.
        if (failure.is_some() || self.start_failure(container).is_some())
            && let Some(history) = self.history_mut(container)
        {
            history.failure = failure;
        }
    }

    /// Returns why the last start of a container failed.
    pub(super) fn start_failure(&self, container: ContainerIndex) -> Option<&Arc<StartFailure>> {
        self.history(container)?.failure.as_ref()
    }

    /// Returns why the last start of each container failed, by container index; empty if none did.
    pub(super) fn start_failures(&self) -> Vec<Option<Arc<StartFailure>>> {
        let failure_of = |it: &Container| it.history.as_ref().and_then(|history| history.failure.clone());
        // Nearly every sync: no allocation.
        if self.containers.iter().all(|it| failure_of(it).is_none()) {
            return Vec::new();
        }
        self.containers.iter().map(failure_of).collect()
    }

    /// Records that an instance is removed but leaves its logs, from which the next restart count is taken.
    pub(super) fn record_logs(&mut self, container: ContainerIndex, restart_count: i32) {
        if let Some(history) = self.history_mut(container) {
            history.after_logs = history.after_logs.max(restart_count.saturating_add(1));
        }
    }

    /// Returns the restart count of the next instance of a container that has none, by its logs.
    ///
    /// Answers to `calcRestartCountByLogDir`.
    pub(super) fn restart_count_by_logs(&self, container: ContainerIndex) -> i32 {
        self.history(container).map_or(0, |history| history.after_logs)
    }

    /// Records that a preStop hook runs.
    pub(super) fn record_pre_stop(&mut self, container: ContainerIndex, instance: InstanceId) {
        if let Some(history) = self.history_mut(container) {
            history.pre_stops.push(instance);
        }
    }

    /// True if a preStop hook runs in this instance.
    pub(super) fn runs_pre_stop(&self, container: ContainerIndex, instance: InstanceId) -> bool {
        self.history(container).is_some_and(|history| history.pre_stops.contains(&instance))
    }

    /// Records the end of a preStop hook.
    pub(super) fn end_pre_stop(&mut self, container: ContainerIndex, instance: InstanceId) {
        if self.runs_pre_stop(container, instance)
            && let Some(history) = self.history_mut(container)
        {
            history.pre_stops.retain(|known| *known != instance);
        }
    }

    /// Records the old image of a container's instances when its spec gets another one.
    pub(super) fn record_former_images(&mut self, container: ContainerIndex, old: &str, instances: &[InstanceId]) {
        let Some(history) = self.history_mut(container) else { return };
        // An image is needed as long as an instance is in the runtime or in the status.
        history.images.retain(|(known, _)| instances.contains(known));
        for instance in instances {
            if history.images.iter().all(|(known, _)| known != instance) {
                history.images.push((*instance, old.into()));
            }
        }
    }

    /// Records that an instance was created with an image that the spec no longer has.
    pub(super) fn record_former_image(&mut self, container: ContainerIndex, instance: InstanceId, image: &str) {
        if let Some(history) = self.history_mut(container) {
            history.images.push((instance, image.into()));
        }
    }

    /// Returns the image that an instance was created with, if the spec has had another one since.
    pub(super) fn former_image(&self, container: ContainerIndex, instance: InstanceId) -> Option<&str> {
        let images = &self.history(container)?.images;
        images.iter().find(|(known, _)| *known == instance).map(|(_, image)| &**image)
    }

    /// True if an instance was created with another image than the container has in this spec.
    pub(super) fn has_other_image(
        &self,
        index: ContainerIndex,
        instance: InstanceId,
        container: &ContainerSpec,
    ) -> bool {
        self.former_image(index, instance).is_some_and(|image| image != container.image())
    }

    /// Forgets what a restart of the kubelet loses; logs and the runtime's knowledge of images stay.
    pub(super) fn reset(&mut self) {
        self.pulls = ImagePulls::default();
        for it in Arc::make_mut(&mut self.containers) {
            let Some(History { after_logs, images, .. }) = it.history.take().map(|history| *history) else { continue };
            // The node's log directories and the runtime's record of images outlive the kubelet.
            let is_needed = after_logs > 0 || !images.is_empty();
            it.history = is_needed.then(|| Box::new(History { after_logs, images, ..History::default() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: ContainerIndex = ContainerIndex::FIRST;

    fn one_container() -> RuntimeManager {
        let manifest =
            serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#).unwrap();
        RuntimeManager::new(&PodSpec::from_admitted(&manifest).unwrap())
    }

    #[test]
    fn two_hooks_of_one_container_end_one_by_one() {
        let mut containers = one_container();
        containers.record_pre_stop(APP, InstanceId::nth(0));
        containers.record_pre_stop(APP, InstanceId::nth(1));
        containers.end_pre_stop(APP, InstanceId::nth(0));
        assert!(!containers.runs_pre_stop(APP, InstanceId::nth(0)));
        assert!(containers.runs_pre_stop(APP, InstanceId::nth(1)));
    }

    #[test]
    fn a_restarted_kubelet_counts_restarts_on_from_the_logs() {
        let mut containers = one_container();
        containers.record_logs(APP, 3);
        containers.reset();
        assert_eq!(containers.restart_count_by_logs(APP), 4);
    }
}
