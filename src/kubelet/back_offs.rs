//! Back-offs: those of a container's restarts, by image, and those of an image's pulls.
//!
//! Answers to the uses of `backOff` in `pkg/kubelet/kuberuntime` (`doBackOff`) and `pkg/kubelet/images`
//! (`EnsureImageExists`). Delays, their doubling and their start over are the rule: `rule::back_off`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::ResourceRequirements, config::BackOffLimits, rule::back_off::BackOff, state::StartFailure, time::Timestamp,
};

/// Crash-loop back-offs of one container, one for each image and each set of resources that it has had.
///
/// The kubelet's key is a hash of container, image and resources, so a container with others starts over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct CrashLoops(Vec<CrashLoop>);

/// Crash-loop back-off of a container with one image and one set of resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CrashLoop {
    image: Box<str>,
    /// `None` without any, and where they make no difference.
    resources: Option<Box<ResourceRequirements>>,
    back_off: BackOff,
}

/// Key of a crash-loop back-off: image and resources, of which `None` stands for any without difference.
///
/// Answers to `GetBackoffKey` in `pkg/kubelet/kuberuntime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CrashLoopKey<'a> {
    pub(super) image: &'a str,
    pub(super) resources: Option<&'a ResourceRequirements>,
}

impl CrashLoopKey<'_> {
    fn is_of(self, known: &CrashLoop) -> bool {
        *known.image == *self.image && known.resources.as_deref() == self.resources
    }
}

impl CrashLoops {
    /// Advances the back-off and lets the container start; `Err` with the end and the delay of the back-off if that
    /// still holds the container back after its exit at `finished_at`, and nothing changes then.
    ///
    /// Answers to `doBackOff`.
    pub(super) fn advance_or_hold(
        &mut self,
        key: CrashLoopKey<'_>,
        limits: &BackOffLimits,
        finished_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), (Timestamp, Duration)> {
        let before = self.of(key);
        if let Some(before) = before
            && let Some(until) = before.holds_until(limits, finished_at, now)
        {
            return Err((until, before.delay()));
        }
        // The counter moves when a start is let through, not when the container exits.
        let after = BackOff::advanced(before, limits, finished_at, now);
        match self.0.iter_mut().find(|known| key.is_of(known)) {
            Some(known) => known.back_off = after,
            None => {
                // As Backoff.GC does, which the kubelet runs with its housekeeping.
                self.0.retain(|known| !known.back_off.is_forgotten(limits, now));
                let (image, resources) = (key.image.into(), key.resources.cloned().map(Box::new));
                self.0.push(CrashLoop { image, resources, back_off: after });
            }
        }
        Ok(())
    }

    /// Returns the back-off of the container with this image and these resources.
    pub(super) fn of(&self, key: CrashLoopKey<'_>) -> Option<BackOff> {
        self.0.iter().find(|known| key.is_of(known)).map(|known| known.back_off)
    }
}

/// Failed pulls, one for each image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ImagePulls(Vec<FailedPulls>);

/// Failed pulls of one image.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedPulls {
    image: Box<str>,
    back_off: BackOff,
    last_failure: Arc<StartFailure>,
}

impl ImagePulls {
    /// Records a failed pull and advances the back-off of its image.
    pub(super) fn record_failure(
        &mut self,
        image: &str,
        limits: &BackOffLimits,
        failure: Arc<StartFailure>,
        now: Timestamp,
    ) {
        if let Some(pulls) = self.0.iter_mut().find(|pulls| *pulls.image == *image) {
            pulls.back_off = BackOff::advanced(Some(pulls.back_off), limits, now, now);
            pulls.last_failure = failure;
            return;
        }
        // As Backoff.GC does, which the image manager calls after successful pulls.
        self.0.retain(|pulls| !pulls.back_off.is_forgotten(limits, now));
        let back_off = BackOff::advanced(None, limits, now, now);
        self.0.push(FailedPulls { image: image.into(), back_off, last_failure: failure });
    }

    /// Returns the last failure of an image whose pulls are held back by their back-off.
    pub(super) fn failure_in_back_off(
        &self,
        image: &str,
        limits: &BackOffLimits,
        now: Timestamp,
    ) -> Option<Arc<StartFailure>> {
        let pulls = self.of(image)?;
        // A pull's back-off is measured from the last failed pull, a crash loop's from the exit.
        let is_held = pulls.back_off.holds_until(limits, pulls.back_off.advanced_at(), now).is_some();
        is_held.then(|| pulls.last_failure.clone())
    }

    /// Returns the back-off of an image's pulls.
    pub(super) fn of_image(&self, image: &str) -> Option<BackOff> {
        self.of(image).map(|pulls| pulls.back_off)
    }

    /// Returns the last failure of an image's pulls.
    pub(super) fn last_failure(&self, image: &str) -> Option<&StartFailure> {
        self.of(image).map(|pulls| &*pulls.last_failure)
    }

    fn of(&self, image: &str) -> Option<&FailedPulls> {
        self.0.iter().find(|pulls| *pulls.image == *image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::ResourceList,
        state::{FailureMessage, StartError},
    };

    const LIMITS: BackOffLimits = BackOffLimits::CRASH_LOOP;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn of(image: &str) -> CrashLoopKey<'_> {
        CrashLoopKey { image, resources: None }
    }

    #[test]
    fn other_resources_have_a_back_off_of_their_own_and_the_old_ones_come_back_to_theirs() {
        let [less, more] = ["1", "2"].map(|cpu| {
            let requests = ResourceList::from([("cpu".into(), cpu.parse().unwrap())]);
            ResourceRequirements::new(requests, ResourceList::new())
        });
        let key = |resources| CrashLoopKey { image: "nginx", resources: Some(resources) };
        let mut app = CrashLoops::default();
        assert_eq!(app.advance_or_hold(key(&less), &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(app.advance_or_hold(key(&more), &LIMITS, at(6), at(6)), Ok(()));
        assert_eq!(app.advance_or_hold(key(&less), &LIMITS, at(7), at(7)), Err((at(17), Duration::from_secs(10))));
    }

    #[test]
    fn the_first_restart_is_let_through_and_the_second_is_held_back_for_ten_seconds() {
        let mut app = CrashLoops::default();
        assert_eq!(app.advance_or_hold(of("nginx"), &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(app.advance_or_hold(of("nginx"), &LIMITS, at(6), at(6)), Err((at(16), Duration::from_secs(10))));
    }

    #[test]
    fn another_image_has_a_back_off_of_its_own() {
        let mut app = CrashLoops::default();
        assert_eq!(app.advance_or_hold(of("nginx:1"), &LIMITS, at(5), at(5)), Ok(()));
        assert_eq!(app.advance_or_hold(of("nginx:2"), &LIMITS, at(6), at(6)), Ok(()));
        assert_eq!(app.advance_or_hold(of("nginx:1"), &LIMITS, at(7), at(7)), Err((at(17), Duration::from_secs(10))));
    }

    #[test]
    fn a_failed_pull_holds_back_every_container_of_that_image() {
        let mut pulls = ImagePulls::default();
        let failure = Arc::new(StartFailure {
            error: StartError::ErrImagePull,
            message: FailureMessage::Text("no such tag".into()),
        });
        pulls.record_failure("nginx", &BackOffLimits::IMAGE_PULL, failure.clone(), at(0));
        assert_eq!(pulls.failure_in_back_off("nginx", &BackOffLimits::IMAGE_PULL, at(9)), Some(failure));
        assert_eq!(pulls.failure_in_back_off("nginx", &BackOffLimits::IMAGE_PULL, at(10)), None);
        assert_eq!(pulls.failure_in_back_off("redis", &BackOffLimits::IMAGE_PULL, at(9)), None);
    }
}
