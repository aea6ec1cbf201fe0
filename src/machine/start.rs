//! Starting one container: back-off, image, creation, start, postStart hook.

use alloc::{boxed::Box, format, string::String, sync::Arc};

use super::{
    Pod, Step,
    pass::{Doing, Pass},
    publish::pod_name,
};
use crate::{
    action::{Action, EventReason, EventType},
    event::{Failure, HookKind},
    manifest::ImagePullPolicy,
    rule::backoff::BackOff,
    spec::{ContainerIndex, LifecycleHook},
    state::{FailureMessage, Instance, InstanceId, InstanceState, StartError, StartFailure},
    time::{Timestamp, go_duration},
};
use core::time::Duration;

impl Pod {
    /// Starts a container unless it is held back after its last exit.
    pub(super) fn begin_start(&mut self, container: ContainerIndex, pass: &mut Pass, step: &mut Step<'_>) {
        if self.is_held_back(container, pass, step) {
            return self.fail_start(container, pass);
        }
        let spec = self.spec.clone();
        let Some(of_container) = spec.container(container) else { return };
        if let Some(error) = of_container.image_error() {
            let message = format!("Failed to apply default image tag {:?}: {error}", of_container.image());
            self.tell(step, EventType::Warning, EventReason::InspectFailed, Some(container), || message.clone());
            return self.fail_image(container, StartError::InvalidImageName, text(&message), pass, step);
        }
        match of_container.image_pull_policy() {
            ImagePullPolicy::Always => self.begin_pull(container, pass, step),
            ImagePullPolicy::IfNotPresent | ImagePullPolicy::Never => {
                step.out.action(step.now, Action::InspectImage { container });
                pass.doing = Doing::Inspecting(container);
            }
        }
    }

    /// Answers to `doBackOff`: measured from the newest exit that the pass sees; advanced when the start is let go.
    fn is_held_back(&mut self, container: ContainerIndex, pass: &mut Pass, step: &mut Step<'_>) -> bool {
        let last_exit = pass.view.instances_of(container).find_map(Instance::termination);
        let Some(last_exit) = last_exit else { return false };
        let finished_at = last_exit.finished_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let limits = self.config.crash_loop;
        let Some(slot) = self.record.slots.get_mut(container.get()) else { return false };
        let before = slot.restarts();
        let held = before.and_then(|before| Some((before, before.holds_until(&limits, finished_at, step.now)?)));
        let Some((BackOff { delay, .. }, until)) = held else {
            slot.trouble_mut().restarts = Some(BackOff::advanced(before, &limits, finished_at, step.now));
            return false;
        };
        pass.earliest_release = Some(pass.earliest_release.map_or(until, |earliest| earliest.min(until)));
        self.note_failure(container, StartError::CrashLoopBackOff, FailureMessage::RestartBackOff { delay });
        let spec = self.spec.clone();
        let message = || {
            format!(
                "Back-off restarting failed container {} in pod {}",
                spec.container_name(container),
                pod_name(&spec)
            )
        };
        self.tell(step, EventType::Warning, EventReason::BackOff, Some(container), message);
        true
    }

    pub(super) fn on_image_inspected(
        &mut self,
        container: ContainerIndex,
        result: Result<bool, Box<str>>,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        let image = self.image_of(container);
        let policy = self.spec.container(container).map(|container| container.image_pull_policy());
        match result {
            Ok(true) => {
                let message =
                    || format!("Container image {image:?} already present on machine and can be accessed by the pod");
                self.tell(step, EventType::Normal, EventReason::Pulled, Some(container), message);
                self.begin_creation(container, pass, step);
            }
            Ok(false) if policy == Some(ImagePullPolicy::Never) => {
                let message = format!("Container image {image:?} is not present with pull policy of Never");
                self.tell(step, EventType::Warning, EventReason::ErrImageNeverPull, Some(container), || {
                    message.clone()
                });
                self.fail_image(container, StartError::ErrImageNeverPull, text(&message), pass, step);
            }
            Ok(false) => self.begin_pull(container, pass, step),
            Err(error) => {
                let message = format!("Failed to inspect image {image:?}: {error}");
                self.tell(step, EventType::Warning, EventReason::InspectFailed, Some(container), || message.clone());
                self.fail_image(container, StartError::ImageInspectError, text(&message), pass, step);
            }
        }
    }

    fn begin_pull(&mut self, container: ContainerIndex, pass: &mut Pass, step: &mut Step<'_>) {
        let image = self.image_of(container);
        let limits = self.config.image_pull;
        let key = self.first_with_image(container);
        let slot = self.record.slots.get_mut(key.get());
        let is_held = slot
            .as_ref()
            .and_then(|slot| slot.pulls())
            .is_some_and(|pulls| pulls.holds_until(&limits, pulls.advanced_at, step.now).is_some());
        if is_held {
            let last = slot.and_then(|slot| slot.trouble_mut().last_pull_failure.clone());
            let message = || format!("Back-off pulling image {image:?}");
            self.tell(step, EventType::Normal, EventReason::BackOff, Some(container), message);
            let message = FailureMessage::PullBackOff { last };
            return self.fail_image(container, StartError::ImagePullBackOff, message, pass, step);
        }
        self.tell(step, EventType::Normal, EventReason::Pulling, Some(container), || {
            format!("Pulling image {image:?}")
        });
        step.out.action(step.now, Action::PullImage { container });
        pass.doing = Doing::Pulling(container, step.now);
    }

    pub(super) fn on_image_pulled(
        &mut self,
        container: ContainerIndex,
        since: Timestamp,
        result: Result<u64, Failure>,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        let image = self.image_of(container);
        let failure = match result {
            Ok(size) => {
                let took = go_duration(Duration::from_millis(
                    u64::try_from(step.now.since(since).as_millis()).unwrap_or(u64::MAX),
                ));
                let message = || {
                    format!(
                        "Successfully pulled image {image:?} in {took} ({took} including waiting). Image size: {size} bytes."
                    )
                };
                self.tell(step, EventType::Normal, EventReason::Pulled, Some(container), message);
                return self.begin_creation(container, pass, step);
            }
            Err(failure) => failure,
        };
        let message = || format!("Failed to pull image {image:?}: {}", failure.message);
        self.tell(step, EventType::Warning, EventReason::Failed, Some(container), message);
        let limits = self.config.image_pull;
        let key = self.first_with_image(container);
        if let Some(slot) = self.record.slots.get_mut(key.get()) {
            let trouble = slot.trouble_mut();
            trouble.pulls = Some(BackOff::advanced(trouble.pulls, &limits, step.now, step.now));
            let message = FailureMessage::Text(failure.message.clone());
            trouble.last_pull_failure = Some(Arc::new(StartFailure { error: failure.error.clone(), message }));
        }
        self.fail_image(container, failure.error, FailureMessage::Text(failure.message), pass, step);
    }

    fn begin_creation(&mut self, container: ContainerIndex, pass: &mut Pass, step: &mut Step<'_>) {
        let restart_count = self.next_restart_count(container, pass);
        let Some(slot) = self.record.slots.get_mut(container.get()) else { return };
        let instance = InstanceId::nth(slot.created);
        slot.created = slot.created.saturating_add(1);
        step.out.action(step.now, Action::CreateContainer { container, instance, restart_count });
        pass.doing = Doing::Creating(container, instance);
    }

    pub(super) fn on_created(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        result: Result<(), Failure>,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        if let Err(failure) = result {
            return self.fail_runtime(container, failure, pass, step);
        }
        let restart_count = self.next_restart_count(container, pass);
        if let Some(sandbox) = self.runtime.sandboxes.first().map(|sandbox| sandbox.id) {
            let state = InstanceState::Created;
            let container = Some(container);
            let created = Instance { id: instance, container, sandbox, restart_count, spec_changed: false, state };
            self.runtime.instances.insert(0, created);
        }
        self.tell(step, EventType::Normal, EventReason::Created, Some(container), || "Container created".into());
        step.out.action(step.now, Action::StartContainer { container, instance });
        pass.doing = Doing::Starting(container, instance);
    }

    pub(super) fn on_started(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        result: Result<(), Failure>,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        if let Err(failure) = result {
            return self.fail_runtime(container, failure, pass, step);
        }
        if let Some(created) = self.runtime.instance_mut(container, instance) {
            created.state = InstanceState::Running { started_at: Some(step.now) };
        }
        self.request_pass_by_runtime(step.now);
        self.on_running(container, instance, pass, step);
    }

    /// The instance runs: its postStart hook is next, if it has one.
    pub(super) fn on_running(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        self.tell(step, EventType::Normal, EventReason::Started, Some(container), || "Container started".into());
        pass.doing = match self.spec.container(container).and_then(|container| container.post_start()) {
            None => return self.succeed_start(container, pass),
            Some(LifecycleHook::Sleep(seconds)) => {
                Doing::PostStart(container, instance, Some(step.now + Duration::from_secs(u64::from(*seconds))))
            }
            Some(LifecycleHook::Run(_)) => {
                step.out.action(step.now, Action::RunHook { container, instance, hook: HookKind::PostStart });
                Doing::PostStart(container, instance, None)
            }
        };
    }

    pub(super) fn on_post_start_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        result: Result<(), Box<str>>,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        let Err(message) = result else { return self.succeed_start(container, pass) };
        self.note_failure(container, StartError::PostStartHookError, FailureMessage::Text(message));
        let told = || "PostStartHook failed".into();
        self.tell(step, EventType::Warning, EventReason::FailedPostStartHook, Some(container), told);
        self.tell(step, EventType::Normal, EventReason::Killing, Some(container), || "FailedPostStartHook".into());
        pass.doing = Doing::StoppingFailed(container);
        let grace = self.grace_of(container, None);
        self.begin_single_stop(container, instance, grace, pass, step);
    }

    fn succeed_start(&mut self, container: ContainerIndex, pass: &mut Pass) {
        pass.doing = Doing::Nothing;
        if let Some(trouble) = self.record.slots.get_mut(container.get()).and_then(|slot| slot.trouble.as_mut()) {
            trouble.failure = None;
        }
    }

    fn fail_image(
        &mut self,
        container: ContainerIndex,
        error: StartError,
        message: FailureMessage,
        pass: &mut Pass,
        step: &mut Step<'_>,
    ) {
        let told = || format!("Error: {error}");
        self.tell(step, EventType::Warning, EventReason::Failed, Some(container), told);
        self.note_failure(container, error, message);
        self.fail_start(container, pass);
    }

    fn fail_runtime(&mut self, container: ContainerIndex, failure: Failure, pass: &mut Pass, step: &mut Step<'_>) {
        let told = || format!("Error: {}", failure.message);
        self.tell(step, EventType::Warning, EventReason::Failed, Some(container), told);
        self.note_failure(container, failure.error, FailureMessage::Text(failure.message));
        self.fail_start(container, pass);
    }

    fn note_failure(&mut self, container: ContainerIndex, error: StartError, message: FailureMessage) {
        if let Some(slot) = self.record.slots.get_mut(container.get()) {
            slot.trouble_mut().failure = Some(Arc::new(StartFailure { error, message }));
        }
    }

    fn image_of(&self, container: ContainerIndex) -> String {
        self.spec.container(container).map_or_else(String::new, |container| container.image().into())
    }

    /// Containers of the same image share its back-off: it is kept with the first of them.
    fn first_with_image(&self, container: ContainerIndex) -> ContainerIndex {
        let image = self.spec.container(container).map(|container| container.image());
        let mut same = self.spec.containers().filter(|(_, other)| Some(other.image()) == image);
        same.next().map_or(container, |(index, _)| index)
    }
}

fn text(message: &str) -> FailureMessage {
    FailureMessage::Text(message.into())
}
