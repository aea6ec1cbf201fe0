//! Runtime manager: the kubelet's memory of each container, with back-offs and the last failed start.
//!
//! Answers to `pkg/kubelet/kuberuntime`, `pkg/kubelet/images` and `pkg/kubelet/reason_cache.go`. Delays, their doubling
//! and their start over are the rule: `rule::back_off`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    config::BackOffLimits,
    rule::back_off::BackOff,
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{InstanceId, StartFailure},
    time::Timestamp,
};

/// Containers of a Pod, by container index, and pulls of its images.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuntimeManager {
    /// Shared by Pods with equal entries; see the interner of the fast path.
    containers: Arc<[Container]>,
    pulls: Vec<ImagePulls>,
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
    crash_loops: Vec<(Box<str>, BackOff)>,
    /// Why the last start failed, unless one has succeeded since.
    failure: Option<Arc<StartFailure>>,
    /// Restart count of the next instance by the logs that removed instances have left.
    after_logs: i32,
    /// Images of instances that were created before the spec was changed.
    images: Vec<(InstanceId, Box<str>)>,
    /// Instances whose preStop hook runs.
    pre_stops: Vec<InstanceId>,
}

/// Failed pulls of one image.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImagePulls {
    image: Box<str>,
    back_off: BackOff,
    last_failure: Arc<StartFailure>,
}

impl RuntimeManager {
    /// Creates the memory of a new Pod.
    pub(super) fn new(spec: &PodSpec) -> RuntimeManager {
        RuntimeManager {
            containers: (0..spec.container_count()).map(|_| Container::default()).collect(),
            pulls: Vec::new(),
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

    /// Advances the crash-loop back-off and lets the container start; `Err` with the end and the delay of the back-off
    /// if that still holds the container back after its exit at `finished_at`.
    ///
    /// Answers to `doBackOff`.
    pub(super) fn check_back_off(
        &mut self,
        container: ContainerIndex,
        image: &str,
        limits: &BackOffLimits,
        finished_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), (Timestamp, Duration)> {
        let Some(history) = self.history_mut(container) else { return Ok(()) };
        let place = history.crash_loops.iter().position(|(known, _)| **known == *image);
        let before = place.and_then(|place| history.crash_loops.get(place)).map(|(_, back_off)| *back_off);
        if let Some(before) = before
            && let Some(until) = before.holds_until(limits, finished_at, now)
        {
            return Err((until, before.delay()));
        }
        // The counter moves when a start is let through, not when the container exits.
        let after = BackOff::advanced(before, limits, finished_at, now);
        match place.and_then(|place| history.crash_loops.get_mut(place)) {
            Some((_, back_off)) => *back_off = after,
            None => {
                // As Backoff.GC does, which the kubelet runs with its housekeeping.
                history.crash_loops.retain(|(_, back_off)| !back_off.is_forgotten(limits, now));
                history.crash_loops.push((image.into(), after));
            }
        }
        Ok(())
    }

    /// Returns the crash-loop back-off of a container with this image.
    pub(super) fn crash_loop(&self, container: ContainerIndex, image: &str) -> Option<BackOff> {
        let known = self.history(container)?.crash_loops.iter().find(|(known, _)| **known == *image);
        known.map(|(_, back_off)| *back_off)
    }

    /// Returns the back-off of an image's pulls.
    pub(super) fn pull_back_off(&self, image: &str) -> Option<BackOff> {
        self.pulls.iter().find(|pulls| *pulls.image == *image).map(|pulls| pulls.back_off)
    }

    /// Returns the last failure of an image whose pulls are held back by their back-off.
    pub(super) fn pull_in_back_off(
        &self,
        image: &str,
        limits: &BackOffLimits,
        now: Timestamp,
    ) -> Option<Arc<StartFailure>> {
        let pulls = self.pulls.iter().find(|pulls| *pulls.image == *image)?;
        // A pull's back-off is measured from the last failed pull, a crash loop's from the exit.
        let is_held = pulls.back_off.holds_until(limits, pulls.back_off.advanced_at(), now).is_some();
        is_held.then(|| pulls.last_failure.clone())
    }

    /// Records a failed pull and advances the back-off of its image.
    pub(super) fn record_failed_pull(
        &mut self,
        image: &str,
        limits: &BackOffLimits,
        failure: Arc<StartFailure>,
        now: Timestamp,
    ) {
        if let Some(pulls) = self.pulls.iter_mut().find(|pulls| *pulls.image == *image) {
            pulls.back_off = BackOff::advanced(Some(pulls.back_off), limits, now, now);
            pulls.last_failure = failure;
            return;
        }
        // As Backoff.GC does, which the image manager calls after successful pulls.
        self.pulls.retain(|pulls| !pulls.back_off.is_forgotten(limits, now));
        let back_off = BackOff::advanced(None, limits, now, now);
        self.pulls.push(ImagePulls { image: image.into(), back_off, last_failure: failure });
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
        self.pulls.clear();
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
    use crate::state::{FailureMessage, StartError};
    use core::time::Duration;

    const APP: ContainerIndex = ContainerIndex::FIRST;
    const LIMITS: BackOffLimits = BackOffLimits::CRASH_LOOP;

    fn one_container() -> RuntimeManager {
        let manifest =
            serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#).unwrap();
        RuntimeManager::new(&PodSpec::from_admitted(&manifest).unwrap())
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_restart_is_check_back_off_and_the_second_is_held_back_for_ten_seconds() {
        let mut containers = one_container();
        assert_eq!(containers.check_back_off(APP, "nginx", &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(
            containers.check_back_off(APP, "nginx", &LIMITS, at(6), at(6)),
            Err((at(16), Duration::from_secs(10)))
        );
    }

    #[test]
    fn another_image_has_a_back_off_of_its_own() {
        let mut containers = one_container();
        assert_eq!(containers.check_back_off(APP, "nginx:1", &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(containers.check_back_off(APP, "nginx:2", &LIMITS, at(6), at(6)), Ok(()));
        assert_eq!(
            containers.check_back_off(APP, "nginx:1", &LIMITS, at(7), at(7)),
            Err((at(17), Duration::from_secs(10)))
        );
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
    fn a_failed_pull_holds_back_every_container_of_that_image() {
        let mut containers = one_container();
        let failure = Arc::new(StartFailure {
            error: StartError::ErrImagePull,
            message: FailureMessage::Text("no such tag".into()),
        });
        containers.record_failed_pull("nginx", &BackOffLimits::IMAGE_PULL, failure.clone(), at(0));
        assert_eq!(containers.pull_in_back_off("nginx", &BackOffLimits::IMAGE_PULL, at(9)), Some(failure));
        assert_eq!(containers.pull_in_back_off("nginx", &BackOffLimits::IMAGE_PULL, at(10)), None);
        assert_eq!(containers.pull_in_back_off("redis", &BackOffLimits::IMAGE_PULL, at(9)), None);
    }

    #[test]
    fn a_restarted_kubelet_counts_restarts_on_from_the_logs() {
        let mut containers = one_container();
        containers.record_logs(APP, 3);
        containers.reset();
        assert_eq!(containers.restart_count_by_logs(APP), 4);
    }
}
