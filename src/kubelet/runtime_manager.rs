//! What the runtime manager remembers of each container: instances asked for, back-offs, the last failed start.
//!
//! Answers to `pkg/kubelet/kuberuntime`, `pkg/kubelet/images` and `pkg/kubelet/reason_cache.go`.

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

/// The containers of a Pod, by container index, and its images.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Containers {
    /// Shared with Pods of which the same is remembered.
    pub(super) each: Arc<[Container]>,
    pulls: Vec<ImagePulls>,
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Container {
    /// How many instances were asked for.
    created: u32,
    /// What has gone wrong or was changed, if anything has.
    history: Option<Box<History>>,
}

/// What is remembered of a container that has ended, would not start or was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    /// The crash-loop back-off, for each image that the container has had.
    crash_loops: Vec<(Box<str>, BackOff)>,
    /// Why the last start failed, if it did.
    failure: Option<Arc<StartFailure>>,
    /// The restart count after those of the instances that were removed but left their logs.
    after_logs: i32,
    /// The images of instances that were made before the spec had another one.
    images: Vec<(InstanceId, Box<str>)>,
    /// Instances whose preStop hook still runs.
    pre_stops: Vec<InstanceId>,
}

/// The pulls of one image that have failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImagePulls {
    image: Box<str>,
    back_off: BackOff,
    last_failure: Arc<StartFailure>,
}

impl Containers {
    pub(crate) fn new(spec: &PodSpec) -> Containers {
        Containers { each: (0..spec.container_count()).map(|_| Container::default()).collect(), pulls: Vec::new() }
    }

    /// Makes room for containers that were added.
    pub(crate) fn fit(&mut self, spec: &PodSpec) {
        if self.each.len() < spec.container_count() {
            let mut each = self.each.to_vec();
            each.resize_with(spec.container_count(), Container::default);
            self.each = each.into();
        }
    }

    /// How many containers are known.
    #[cfg(feature = "snapshot")]
    pub(crate) fn count(&self) -> usize {
        self.each.len()
    }

    fn get(&self, container: ContainerIndex) -> Option<&History> {
        self.each.get(container.get())?.history.as_deref()
    }

    fn get_mut(&mut self, container: ContainerIndex) -> Option<&mut History> {
        Arc::make_mut(&mut self.each)
            .get_mut(container.get())
            .map(|it| &mut **it.history.get_or_insert_with(Box::default))
    }

    /// Lets a container start, or says until when and how long it is held back after its exit at `finished_at`.
    ///
    /// Answers to `doBackOff`.
    pub(crate) fn let_go(
        &mut self,
        container: ContainerIndex,
        image: &str,
        limits: &BackOffLimits,
        finished_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), (Timestamp, Duration)> {
        let Some(history) = self.get_mut(container) else { return Ok(()) };
        let place = history.crash_loops.iter().position(|(known, _)| **known == *image);
        let before = place.and_then(|place| history.crash_loops.get(place)).map(|(_, back_off)| *back_off);
        if let Some(before) = before
            && let Some(until) = before.holds_until(limits, finished_at, now)
        {
            return Err((until, before.delay()));
        }
        let after = BackOff::advanced(before, limits, finished_at, now);
        match place.and_then(|place| history.crash_loops.get_mut(place)) {
            Some((_, back_off)) => *back_off = after,
            None => {
                history.crash_loops.retain(|(_, back_off)| !back_off.is_forgotten(limits, now));
                history.crash_loops.push((image.into(), after));
            }
        }
        Ok(())
    }

    /// The crash-loop back-off of a container with this image.
    pub(crate) fn crash_loop(&self, container: ContainerIndex, image: &str) -> Option<BackOff> {
        let known = self.get(container)?.crash_loops.iter().find(|(known, _)| **known == *image);
        known.map(|(_, back_off)| *back_off)
    }

    /// The back-off of the pulls of an image.
    pub(crate) fn pull_back_off(&self, image: &str) -> Option<BackOff> {
        self.pulls.iter().find(|pulls| *pulls.image == *image).map(|pulls| pulls.back_off)
    }

    /// Why an image is not pulled yet, if it is held back: what the last pull failed with.
    pub(crate) fn held_pull(&self, image: &str, limits: &BackOffLimits, now: Timestamp) -> Option<Arc<StartFailure>> {
        let pulls = self.pulls.iter().find(|pulls| *pulls.image == *image)?;
        let is_held = pulls.back_off.holds_until(limits, pulls.back_off.advanced_at(), now).is_some();
        is_held.then(|| pulls.last_failure.clone())
    }

    /// A pull has failed.
    pub(crate) fn note_failed_pull(
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
        self.pulls.retain(|pulls| !pulls.back_off.is_forgotten(limits, now));
        let back_off = BackOff::advanced(None, limits, now, now);
        self.pulls.push(ImagePulls { image: image.into(), back_off, last_failure: failure });
    }

    /// The name of a container's next instance.
    pub(crate) fn next_instance(&mut self, container: ContainerIndex) -> InstanceId {
        let Some(it) = Arc::make_mut(&mut self.each).get_mut(container.get()) else { return InstanceId::nth(0) };
        let instance = InstanceId::nth(it.created);
        it.created = it.created.saturating_add(1);
        instance
    }

    /// Takes notice of an instance, so that no later one gets its name.
    pub(crate) fn note_instance(&mut self, container: ContainerIndex, instance: InstanceId) {
        if let Some(it) = Arc::make_mut(&mut self.each).get_mut(container.get()) {
            it.created = it.created.max(instance.ordinal().saturating_add(1));
        }
    }

    /// A start has failed, or, with `None`, none has since.
    pub(crate) fn set_failure(&mut self, container: ContainerIndex, failure: Option<Arc<StartFailure>>) {
        if (failure.is_some() || self.failure(container).is_some())
            && let Some(history) = self.get_mut(container)
        {
            history.failure = failure;
        }
    }

    pub(crate) fn failure(&self, container: ContainerIndex) -> Option<&Arc<StartFailure>> {
        self.get(container)?.failure.as_ref()
    }

    /// Why the last start of each container failed, by container index; empty if none did.
    pub(crate) fn failures(&self) -> Vec<Option<Arc<StartFailure>>> {
        let failure_of = |it: &Container| it.history.as_ref().and_then(|history| history.failure.clone());
        if self.each.iter().all(|it| failure_of(it).is_none()) {
            return Vec::new();
        }
        self.each.iter().map(failure_of).collect()
    }

    /// An instance is removed, but not its logs: the next one is counted after it.
    pub(crate) fn keep_logs(&mut self, container: ContainerIndex, restart_count: i32) {
        if let Some(history) = self.get_mut(container) {
            history.after_logs = history.after_logs.max(restart_count.saturating_add(1));
        }
    }

    /// The restart count of the next instance of a container that has none, by its logs.
    pub(crate) fn count_by_logs(&self, container: ContainerIndex) -> i32 {
        self.get(container).map_or(0, |history| history.after_logs)
    }

    /// A preStop hook begins.
    pub(crate) fn begin_pre_stop(&mut self, container: ContainerIndex, instance: InstanceId) {
        if let Some(history) = self.get_mut(container) {
            history.pre_stops.push(instance);
        }
    }

    /// Whether a preStop hook runs in this instance.
    pub(crate) fn runs_pre_stop(&self, container: ContainerIndex, instance: InstanceId) -> bool {
        self.get(container).is_some_and(|history| history.pre_stops.contains(&instance))
    }

    /// A preStop hook has ended.
    pub(crate) fn end_pre_stop(&mut self, container: ContainerIndex, instance: InstanceId) {
        if self.runs_pre_stop(container, instance)
            && let Some(history) = self.get_mut(container)
        {
            history.pre_stops.retain(|known| *known != instance);
        }
    }

    /// The spec has another image now; these instances were made with the old one.
    pub(crate) fn note_old_image(&mut self, container: ContainerIndex, old: &str, instances: &[InstanceId]) {
        let Some(history) = self.get_mut(container) else { return };
        history.images.retain(|(known, _)| instances.contains(known));
        for instance in instances {
            if history.images.iter().all(|(known, _)| known != instance) {
                history.images.push((*instance, old.into()));
            }
        }
    }

    /// An instance was made with an image that the spec has no more.
    pub(crate) fn record_image(&mut self, container: ContainerIndex, instance: InstanceId, image: &str) {
        if let Some(history) = self.get_mut(container) {
            history.images.push((instance, image.into()));
        }
    }

    /// The image of an instance, if the spec has had another one since.
    pub(crate) fn image_of(&self, container: ContainerIndex, instance: InstanceId) -> Option<&str> {
        let images = &self.get(container)?.images;
        images.iter().find(|(known, _)| *known == instance).map(|(_, image)| &**image)
    }

    /// Whether an instance was made with another image than the container has in this spec.
    pub(crate) fn has_other_image(
        &self,
        index: ContainerIndex,
        instance: InstanceId,
        container: &ContainerSpec,
    ) -> bool {
        self.image_of(index, instance).is_some_and(|image| image != container.image())
    }

    /// What a restarted kubelet finds: the logs, and what the runtime knows of its instances.
    pub(crate) fn forget(&mut self) {
        self.pulls.clear();
        for it in Arc::make_mut(&mut self.each) {
            let Some(History { after_logs, images, .. }) = it.history.take().map(|history| *history) else { continue };
            let is_worth_it = after_logs > 0 || !images.is_empty();
            it.history = is_worth_it.then(|| Box::new(History { after_logs, images, ..History::default() }));
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

    fn one_container() -> Containers {
        let manifest =
            serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#).unwrap();
        Containers::new(&PodSpec::from_admitted(&manifest).unwrap())
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_restart_is_let_go_and_the_second_is_held_back_for_ten_seconds() {
        let mut containers = one_container();
        assert_eq!(containers.let_go(APP, "nginx", &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(containers.let_go(APP, "nginx", &LIMITS, at(6), at(6)), Err((at(16), Duration::from_secs(10))));
    }

    #[test]
    fn another_image_has_a_back_off_of_its_own() {
        let mut containers = one_container();
        assert_eq!(containers.let_go(APP, "nginx:1", &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(containers.let_go(APP, "nginx:2", &LIMITS, at(6), at(6)), Ok(()));
        assert_eq!(containers.let_go(APP, "nginx:1", &LIMITS, at(7), at(7)), Err((at(17), Duration::from_secs(10))));
    }

    #[test]
    fn two_hooks_of_one_container_end_one_by_one() {
        let mut containers = one_container();
        containers.begin_pre_stop(APP, InstanceId::nth(0));
        containers.begin_pre_stop(APP, InstanceId::nth(1));
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
        containers.note_failed_pull("nginx", &BackOffLimits::IMAGE_PULL, failure.clone(), at(0));
        assert_eq!(containers.held_pull("nginx", &BackOffLimits::IMAGE_PULL, at(9)), Some(failure));
        assert_eq!(containers.held_pull("nginx", &BackOffLimits::IMAGE_PULL, at(10)), None);
        assert_eq!(containers.held_pull("redis", &BackOffLimits::IMAGE_PULL, at(9)), None);
    }

    #[test]
    fn a_restarted_kubelet_counts_restarts_on_from_the_logs() {
        let mut containers = one_container();
        containers.keep_logs(APP, 3);
        containers.forget();
        assert_eq!(containers.count_by_logs(APP), 4);
    }
}
