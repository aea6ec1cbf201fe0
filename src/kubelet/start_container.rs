//! Starting one container: back-off, image, creation, start, postStart hook.

use alloc::{boxed::Box, format, string::String, sync::Arc};
use core::time::Duration;

use super::{
    Step,
    components::Kubelet,
    sync::{PendingCall, Sync},
    sync_loop_queue::PlegEvent,
    write::pod_name,
};
use crate::{
    action::{Action, EventReason, EventType},
    api::ImagePullPolicy,
    event::{Failure, HookKind},
    spec::{ContainerIndex, LifecycleHook},
    state::{FailureMessage, Instance, InstanceId, InstanceState, StartError, StartFailure},
    time::{Timestamp, go_duration},
};

impl Sync {
    /// Starts a container unless it is held back after its last exit.
    pub(super) fn begin_start(&mut self, container: ContainerIndex, parts: &mut Kubelet, step: &mut Step<'_>) {
        if self.is_held_back(container, parts, step) {
            return self.fail_start(container);
        }
        let spec = self.object.spec.clone();
        let Some(of_container) = spec.container(container) else { return };
        self.has_acted = true;
        if let Some(error) = of_container.image_error() {
            let message = format!("Failed to apply default image tag {:?}: {error}", of_container.image());
            step.record(EventType::Warning, EventReason::InspectFailed, Some(container), || message.clone());
            return self.fail_image(container, StartError::InvalidImageName, text(&message), parts, step);
        }
        match of_container.image_pull_policy() {
            ImagePullPolicy::Always => self.begin_pull(container, parts, step),
            ImagePullPolicy::IfNotPresent | ImagePullPolicy::Never => {
                step.out.action(step.now, Action::InspectImage { container });
                self.doing = PendingCall::Inspecting(container);
            }
        }
    }

    /// Answers to `doBackOff`: measured from the newest exit that the sync sees; advanced when the start is let go.
    fn is_held_back(&mut self, container: ContainerIndex, parts: &mut Kubelet, step: &mut Step<'_>) -> bool {
        let last_exit = self.view.instances_of(container).find_map(Instance::termination);
        let Some(last_exit) = last_exit else { return false };
        let finished_at = last_exit.finished_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let image = self.object.spec.container(container).map_or("", |container| container.image());
        let limits = parts.config.crash_loop;
        let Err((until, delay)) = parts.containers.let_go(container, image, &limits, finished_at, step.now) else {
            return false;
        };
        self.earliest_release = Some(self.earliest_release.map_or(until, |earliest| earliest.min(until)));
        parts.note_failure(container, StartError::CrashLoopBackOff, FailureMessage::RestartBackOff { delay });
        let spec = &self.object.spec;
        let message = || {
            let name = spec.container_name(container);
            format!("Back-off restarting failed container {name} in pod {}", pod_name(spec))
        };
        step.record(EventType::Warning, EventReason::BackOff, Some(container), message);
        true
    }

    pub(super) fn on_image_inspected(
        &mut self,
        container: ContainerIndex,
        result: Result<bool, Box<str>>,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        let image = self.image_of(container);
        let policy = self.object.spec.container(container).map(|container| container.image_pull_policy());
        match result {
            Ok(true) => {
                let message =
                    || format!("Container image {image:?} already present on machine and can be accessed by the pod");
                step.record(EventType::Normal, EventReason::Pulled, Some(container), message);
                self.begin_creation(container, parts, step);
            }
            Ok(false) if policy == Some(ImagePullPolicy::Never) => {
                let message = format!("Container image {image:?} is not present with pull policy of Never");
                step.record(EventType::Warning, EventReason::ErrImageNeverPull, Some(container), || message.clone());
                self.fail_image(container, StartError::ErrImageNeverPull, text(&message), parts, step);
            }
            Ok(false) => self.begin_pull(container, parts, step),
            Err(error) => {
                let message = format!("Failed to inspect image {image:?}: {error}");
                step.record(EventType::Warning, EventReason::InspectFailed, Some(container), || message.clone());
                self.fail_image(container, StartError::ImageInspectError, text(&message), parts, step);
            }
        }
    }

    fn begin_pull(&mut self, container: ContainerIndex, parts: &mut Kubelet, step: &mut Step<'_>) {
        let image = self.image_of(container);
        if let Some(last) = parts.containers.held_pull(&image, &parts.config.image_pull, step.now) {
            let message = || format!("Back-off pulling image {image:?}");
            step.record(EventType::Normal, EventReason::BackOff, Some(container), message);
            let message = FailureMessage::PullBackOff { image: image.as_str().into(), last: Some(last) };
            return self.fail_image(container, StartError::ImagePullBackOff, message, parts, step);
        }
        step.record(EventType::Normal, EventReason::Pulling, Some(container), || format!("Pulling image {image:?}"));
        step.out.action(step.now, Action::PullImage { container });
        self.doing = PendingCall::Pulling(container, step.now);
    }

    pub(super) fn on_image_pulled(
        &mut self,
        container: ContainerIndex,
        result: Result<u64, Failure>,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        let image = self.image_of(container);
        let failure = match result {
            Ok(size) => {
                let PendingCall::Pulling(_, since) = self.doing else { return };
                let took = go_duration(Duration::from_millis(
                    u64::try_from(step.now.since(since).as_millis()).unwrap_or(u64::MAX),
                ));
                let message = || {
                    format!(
                        "Successfully pulled image {image:?} in {took} ({took} including waiting). Image size: {size} bytes."
                    )
                };
                step.record(EventType::Normal, EventReason::Pulled, Some(container), message);
                return self.begin_creation(container, parts, step);
            }
            Err(failure) => failure,
        };
        let message = || format!("Failed to pull image {image:?}: {}", failure.message);
        step.record(EventType::Warning, EventReason::Failed, Some(container), message);
        let told = FailureMessage::Text(failure.message.clone());
        let last = Arc::new(StartFailure { error: failure.error.clone(), message: told });
        parts.containers.note_failed_pull(&image, &parts.config.image_pull, last, step.now);
        self.fail_image(container, failure.error, FailureMessage::Text(failure.message), parts, step);
    }

    fn begin_creation(&mut self, container: ContainerIndex, parts: &mut Kubelet, step: &mut Step<'_>) {
        let restart_count = self.next_restart_count(container, parts);
        let instance = parts.containers.next_instance(container);
        step.out.action(step.now, Action::CreateContainer { container, instance, restart_count });
        self.doing = PendingCall::Creating(container, instance);
    }

    pub(super) fn on_created(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        result: Result<(), Failure>,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        if let Err(failure) = result {
            return self.fail_runtime(container, failure, parts, step);
        }
        // A relist may have shown it before.
        let is_new = parts.runtime.actual().instances_of(container).all(|known| known.id != instance);
        if let Some(sandbox) = parts.runtime.actual().sandboxes.first().map(|sandbox| sandbox.id).filter(|_| is_new) {
            let restart_count = self.next_restart_count(container, parts);
            let (state, container) = (InstanceState::Created, Some(container));
            let created = Instance { id: instance, container, sandbox, restart_count, spec_changed: false, state };
            let instances = &mut parts.runtime.change(step.now).instances;
            // There are seldom more than two of a container.
            instances.reserve_exact(1);
            instances.insert(0, created);
        }
        step.record(EventType::Normal, EventReason::Created, Some(container), || "Container created".into());
        step.out.action(step.now, Action::StartContainer { container, instance });
        self.doing = PendingCall::Starting(container, instance);
    }

    pub(super) fn on_started(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        started_at: Timestamp,
        result: Result<(), Failure>,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        if let Err(failure) = result {
            return self.fail_runtime(container, failure, parts, step);
        }
        // A short process may have ended before the answer: news of that came first, and stays.
        if let Some(created) = parts.runtime.change(step.now).instance_mut(container, instance)
            && matches!(created.state, InstanceState::Created | InstanceState::Unknown)
        {
            created.state = InstanceState::Running { started_at: Some(started_at) };
            parts.notice(PlegEvent::Started);
        }
        self.on_running(container, instance, parts, step);
    }

    /// The instance runs: its postStart hook is next, if it has one.
    pub(super) fn on_running(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        step.record(EventType::Normal, EventReason::Started, Some(container), || "Container started".into());
        self.doing = match self.object.spec.container(container).and_then(|container| container.post_start()) {
            None => return self.succeed_start(container, parts),
            Some(LifecycleHook::Sleep(time)) => PendingCall::PostStart(container, instance, Some(step.now + *time)),
            Some(LifecycleHook::Run(_)) => {
                step.out.action(step.now, Action::RunHook { container, instance, hook: HookKind::PostStart });
                PendingCall::PostStart(container, instance, None)
            }
        };
    }

    pub(super) fn on_post_start_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        result: Result<(), Box<str>>,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        let Err(message) = result else { return self.succeed_start(container, parts) };
        parts.note_failure(container, StartError::PostStartHookError, FailureMessage::Text(message));
        let told = || "PostStartHook failed".into();
        step.record(EventType::Warning, EventReason::FailedPostStartHook, Some(container), told);
        step.record(EventType::Normal, EventReason::Killing, Some(container), || "FailedPostStartHook".into());
        self.doing = PendingCall::StoppingFailed(container);
        let grace = self.grace_of(container, None);
        self.begin_single_stop(container, instance, grace, parts, step);
    }

    fn succeed_start(&mut self, container: ContainerIndex, parts: &mut Kubelet) {
        self.doing = PendingCall::Nothing;
        parts.containers.set_failure(container, None);
    }

    fn fail_image(
        &mut self,
        container: ContainerIndex,
        error: StartError,
        message: FailureMessage,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        let told = || format!("Error: {error}");
        step.record(EventType::Warning, EventReason::Failed, Some(container), told);
        parts.note_failure(container, error, message);
        self.fail_start(container);
    }

    fn fail_runtime(&mut self, container: ContainerIndex, failure: Failure, parts: &mut Kubelet, step: &mut Step<'_>) {
        let told = || format!("Error: {}", failure.message);
        step.record(EventType::Warning, EventReason::Failed, Some(container), told);
        parts.note_failure(container, failure.error, FailureMessage::Text(failure.message));
        self.fail_start(container);
    }

    fn image_of(&self, container: ContainerIndex) -> String {
        self.object.spec.container(container).map_or_else(String::new, |container| container.image().into())
    }
}

impl Kubelet {
    fn note_failure(&mut self, container: ContainerIndex, error: StartError, message: FailureMessage) {
        self.containers.set_failure(container, Some(Arc::new(StartFailure { error, message })));
    }
}

fn text(message: &str) -> FailureMessage {
    FailureMessage::Text(message.into())
}
