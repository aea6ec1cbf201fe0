//! Image manager: makes sure that the node has the images of containers and image volumes.
//!
//! Answers to `EnsureImageExists` in `pkg/kubelet/images` and to `getImageVolumes` in `pkg/kubelet/kuberuntime`. The
//! back-offs of pulls are advanced in [`back_offs`](super::back_offs), by the rule `rule::back_off`.

use alloc::{boxed::Box, format, string::String, sync::Arc};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    components::Kubelet,
    sink::Step,
    start_container,
    sync_state::{PendingCall, Sync},
};
use crate::{
    action::{Action, EventReason, EventType},
    api::{ImagePullPolicy, ImageReference},
    config::FeatureGate,
    event::Failure,
    spec::{ContainerIndex, PodSpec, VolumeIndex, VolumeSpec},
    state::{FailureMessage, StartError, StartFailure},
    time::go_duration,
};

/// User of an image: a container, or an image volume of the Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum ImageUser {
    Container(ContainerIndex),
    Volume(VolumeIndex),
}

impl ImageUser {
    /// Returns the container; `None` for a volume.
    pub(crate) fn container(self) -> Option<ContainerIndex> {
        match self {
            ImageUser::Container(container) => Some(container),
            ImageUser::Volume(_) => None,
        }
    }

    /// Returns the reference and the pull policy.
    fn image(self, spec: &PodSpec) -> Option<(&str, ImagePullPolicy)> {
        match self {
            ImageUser::Container(container) => {
                spec.container(container).map(|container| (container.image(), container.image_pull_policy()))
            }
            ImageUser::Volume(volume) => {
                let image = spec.volume(volume).and_then(VolumeSpec::image)?;
                Some((image.reference(), image.pull_policy()))
            }
        }
    }

    fn reference(self, sync: &Sync) -> String {
        self.image(&sync.object().spec).map_or_else(String::new, |(reference, _)| reference.into())
    }
}

/// Makes sure that the node has the image of a container, whose start then goes on, or of an image volume.
pub(super) fn ensure_image_exists(sync: &mut Sync, user: ImageUser, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let spec = sync.object().spec.clone();
    let Some((reference, policy)) = user.image(&spec) else { return };
    // The default tag is applied before the pull policy is looked at. The spec has the error of a container's image.
    let error = match user {
        ImageUser::Container(container) => spec.container(container).and_then(|it| it.image_error().cloned()),
        ImageUser::Volume(_) => ImageReference::parse(reference).err(),
    };
    if let Some(error) = error {
        let message = format!("Failed to apply default image tag {reference:?}: {error}");
        step.record_event(EventType::Warning, EventReason::InspectFailed, user.container(), || message.clone());
        return fail(sync, user, StartError::InvalidImageName, text(&message), kubelet, step);
    }
    match policy {
        ImagePullPolicy::Always => pull(sync, user, kubelet, step),
        ImagePullPolicy::IfNotPresent | ImagePullPolicy::Never => {
            let action = match user {
                ImageUser::Container(container) => Action::InspectImage { container },
                ImageUser::Volume(volume) => Action::InspectVolumeImage { volume },
            };
            step.out.action(step.now, action);
            sync.pending_call = PendingCall::Inspecting(user);
        }
    }
}

/// Handles the answer whether the node has the image.
pub(super) fn handle_inspected(
    sync: &mut Sync,
    user: ImageUser,
    result: Result<bool, Box<str>>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let image = user.reference(sync);
    let policy = user.image(&sync.object().spec).map(|(_, policy)| policy);
    match result {
        Ok(true) => {
            let is_verified = kubelet.config.kubernetes.is_enabled(FeatureGate::KubeletEnsureSecretPulledImages);
            let verdict = if is_verified { " and can be accessed by the pod" } else { "" };
            let message = || format!("Container image {image:?} already present on machine{verdict}");
            step.record_event(EventType::Normal, EventReason::Pulled, user.container(), message);
            go_on(sync, user, kubelet, step);
        }
        Ok(false) if policy == Some(ImagePullPolicy::Never) => {
            let message = format!("Container image {image:?} is not present with pull policy of Never");
            step.record_event(EventType::Warning, EventReason::ErrImageNeverPull, user.container(), || message.clone());
            fail(sync, user, StartError::ErrImageNeverPull, text(&message), kubelet, step);
        }
        Ok(false) => pull(sync, user, kubelet, step),
        Err(error) => {
            // imagePullPrecheck names the reference that the failed call returned, which is empty.
            let message = format!("Failed to inspect image \"\": {error}");
            step.record_event(EventType::Warning, EventReason::InspectFailed, user.container(), || message.clone());
            fail(sync, user, StartError::ImageInspectError, text(&message), kubelet, step);
        }
    }
}

/// Pulls the image, unless the back-off of its failed pulls holds that back.
fn pull(sync: &mut Sync, user: ImageUser, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let image = user.reference(sync);
    let pulls = kubelet.runtime_manager.pulls();
    if let Some(last) = pulls.failure_in_back_off(&image, &kubelet.config.image_pull, step.now) {
        let message = || format!("Back-off pulling image {image:?}");
        step.record_event(EventType::Normal, EventReason::BackOff, user.container(), message);
        let message = FailureMessage::PullBackOff { image: image.as_str().into(), last: Some(last) };
        return fail(sync, user, StartError::ImagePullBackOff, message, kubelet, step);
    }
    step.record_event(EventType::Normal, EventReason::Pulling, user.container(), || format!("Pulling image {image:?}"));
    let action = match user {
        ImageUser::Container(container) => Action::PullImage { container },
        ImageUser::Volume(volume) => Action::PullVolumeImage { volume },
    };
    step.out.action(step.now, action);
    sync.pending_call = PendingCall::Pulling(user, step.now);
}

/// Handles the end of a pull; a failure advances the back-off of the image.
pub(super) fn handle_pulled(
    sync: &mut Sync,
    user: ImageUser,
    result: Result<u64, Failure>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let image = user.reference(sync);
    let failure = match result {
        Ok(size) => {
            let PendingCall::Pulling(_, since) = sync.pending_call else { return };
            // The kubelet truncates the duration to milliseconds.
            let millis = u64::try_from(step.now.since(since).as_millis()).unwrap_or(u64::MAX);
            let took = go_duration(Duration::from_millis(millis));
            let message = || {
                format!(
                    "Successfully pulled image {image:?} in {took} ({took} including waiting). Image size: {size} bytes."
                )
            };
            step.record_event(EventType::Normal, EventReason::Pulled, user.container(), message);
            return go_on(sync, user, kubelet, step);
        }
        Err(failure) => failure,
    };
    let message = || format!("Failed to pull image {image:?}: {}", failure.message);
    step.record_event(EventType::Warning, EventReason::Failed, user.container(), message);
    let message = FailureMessage::Text(failure.message.clone());
    let last = Arc::new(StartFailure { error: failure.error.clone(), message });
    kubelet.runtime_manager.pulls_mut().record_failure(&image, &kubelet.config.image_pull, last, step.now);
    fail(sync, user, failure.error, FailureMessage::Text(failure.message), kubelet, step);
}

/// Goes on with the image on the node: a container is created, a volume has all that it needs.
fn go_on(sync: &mut Sync, user: ImageUser, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    match user {
        ImageUser::Container(container) => start_container::create(sync, container, kubelet, step),
        ImageUser::Volume(_) => sync.complete_call(),
    }
}

/// Fails for want of the image: the start of a container, or of each container that mounts the volume.
fn fail(
    sync: &mut Sync,
    user: ImageUser,
    error: StartError,
    message: FailureMessage,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    match user {
        ImageUser::Container(container) => {
            start_container::fail_image(sync, container, error, message, kubelet, step);
        }
        ImageUser::Volume(volume) => sync.fail_image_volume(volume, StartFailure { error, message }),
    }
}

fn text(message: &str) -> FailureMessage {
    FailureMessage::Text(message.into())
}
