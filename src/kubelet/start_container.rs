//! Start of a container: crash-loop back-off, image volumes, image, creation, start and postStart hook.
//!
//! Answers to `startContainer` in `pkg/kubelet/kuberuntime`. Its image is the [`image_manager`](super::image_manager)'s
//! task. The back-offs of crash loops are advanced in [`back_offs`](super::back_offs), by the rule `rule::back_off`.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, sync::Arc};

use super::{
    components::Kubelet,
    image_manager::{self, ImageUser},
    kill_container,
    pleg::PlegEvent,
    sink::Step,
    sync_state::{PendingCall, Sync},
};
use crate::{
    action::{Action, EventReason, EventType},
    config::KubeletChange,
    event::{Failure, HookKind},
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, PodSpec},
    state::{FailureMessage, Instance, InstanceId, InstanceState, StartError, StartFailure},
    time::Timestamp,
};

/// Starts a container unless its crash-loop back-off holds it back.
pub(super) fn start(sync: &mut Sync, container: ContainerIndex, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if hold_back(sync, container, kubelet, step) {
        return sync.fail_start(container);
    }
    let spec = sync.object().spec.clone();
    let Some(of_container) = spec.container(container) else { return };
    sync.record_action();
    if let Some(failure) = fail_image_volumes(sync, of_container, container, step) {
        kubelet.runtime_manager.set_start_failure(container, Some(failure));
        return sync.fail_start(container);
    }
    image_manager::ensure_image_exists(sync, ImageUser::Container(container), kubelet, step);
}

// --- Crash-loop back-off ---

/// True if the back-off holds the container back; otherwise the back-off is advanced for this start.
///
/// Answers to `doBackOff`, which counts from the newest exit in the sync's view.
fn hold_back(sync: &mut Sync, container: ContainerIndex, kubelet: &mut Kubelet, step: &mut Step<'_>) -> bool {
    let last_exit = sync.view().instances_of(container).find_map(Instance::termination);
    let Some(last_exit) = last_exit else { return false };
    // An exit without a time counts as long ago, so it holds nothing back.
    let finished_at = last_exit.finished_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let spec = sync.object().spec.clone();
    let Some(of_container) = spec.container(container) else { return false };
    let key = kubelet.crash_loop_key(of_container);
    let limits = kubelet.config.crash_loop;
    let Some(back_offs) = kubelet.runtime_manager.crash_loops_mut(container) else { return false };
    let held = back_offs.advance_or_hold(key, &limits, finished_at, step.now);
    let Err((until, delay)) = held else { return false };
    sync.record_back_off(until);
    record_failure(kubelet, container, StartError::CrashLoopBackOff, FailureMessage::RestartBackOff { delay });
    let message = || {
        let name = spec.container_name(container);
        format!("Back-off restarting failed container {name} in pod {}", pod_name(&spec))
    };
    step.record_event(EventType::Warning, EventReason::BackOff, Some(container), message);
    true
}

// --- Images ---

/// Records an event for each image volume of the container without its image, and returns the failure of the last.
///
/// Answers to `toKubeContainerImageVolumes`.
fn fail_image_volumes(
    sync: &Sync,
    of_container: &ContainerSpec,
    container: ContainerIndex,
    step: &mut Step<'_>,
) -> Option<Arc<StartFailure>> {
    let mut last = None;
    for failure in of_container.image_volumes().iter().filter_map(|volume| sync.image_volume_failure(*volume)) {
        let event = || format!("Error: {}", failure.error);
        step.record_event(EventType::Warning, EventReason::Failed, Some(container), event);
        last = Some(failure.clone());
    }
    last
}

/// Fails a start for want of its image; `error` becomes the waiting container's reason.
pub(super) fn fail_image(
    sync: &mut Sync,
    container: ContainerIndex,
    error: StartError,
    message: FailureMessage,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let event = || format!("Error: {error}");
    step.record_event(EventType::Warning, EventReason::Failed, Some(container), event);
    record_failure(kubelet, container, error, message);
    sync.fail_start(container);
}

// --- Creation and start ---

/// Creates the next instance of a container.
pub(super) fn create(sync: &mut Sync, container: ContainerIndex, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let restart_count = next_restart_count(sync, container, kubelet);
    // The id is used up even if the creation fails.
    let instance = kubelet.runtime_manager.next_instance(container);
    // Its resources count as actuated from here on, whether or not the creation succeeds.
    kubelet.record_given_resources(&sync.object().spec, container, instance);
    step.out.action(step.now, Action::CreateContainer { container, instance, restart_count });
    sync.pending_call = PendingCall::Creating(container, instance);
}

/// Returns the restart count of the next instance: one more than the newest in the sync's view, else by the logs.
fn next_restart_count(sync: &Sync, container: ContainerIndex, kubelet: &Kubelet) -> i32 {
    match sync.view().newest(container) {
        Some(newest) => newest.restart_count.saturating_add(1),
        None => kubelet.runtime_manager.restart_count_by_logs(container),
    }
}

/// Handles the creation of an instance, and starts it.
pub(super) fn handle_created(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    result: Result<(), Failure>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    match result {
        Ok(()) => {}
        // The internal hook before the start runs after the creation, so a created instance is left behind.
        Err(failure) if failure.error == StartError::PreStartHookError => {
            add_created(sync, container, instance, kubelet, step);
            return fail_runtime(sync, container, failure, kubelet, step);
        }
        Err(failure) => return fail_runtime(sync, container, failure, kubelet, step),
    }
    add_created(sync, container, instance, kubelet, step);
    record_progress(EventReason::Created, "Container created", "Created container:", container, kubelet, step);
    step.out.action(step.now, Action::StartContainer { container, instance });
    sync.pending_call = PendingCall::Starting(container, instance);
}

/// Adds an instance that was created to the runtime's, unless a relist has shown it.
fn add_created(sync: &Sync, container: ContainerIndex, instance: InstanceId, kubelet: &mut Kubelet, step: &Step<'_>) {
    // The embedder may have relisted the runtime between the creation and this answer.
    let runtime = kubelet.pleg.runtime();
    let is_new = runtime.instances_of(container).all(|known| known.id != instance);
    if let Some(sandbox) = runtime.sandboxes.first().map(|sandbox| sandbox.id).filter(|_| is_new) {
        let restart_count = next_restart_count(sync, container, kubelet);
        let (state, container) = (InstanceState::Created, Some(container));
        let created = Instance { id: instance, container, sandbox, restart_count, spec_changed: false, state };
        let instances = &mut kubelet.pleg.change(step.now).instances;
        // A container seldom has more than two instances: doubling the capacity would waste memory in a fleet.
        instances.reserve_exact(1);
        instances.insert(0, created);
    }
}

/// Records that an instance was created or started, in the words of the version.
fn record_progress(
    reason: EventReason,
    message: &str,
    former_message: &str,
    container: ContainerIndex,
    kubelet: &Kubelet,
    step: &mut Step<'_>,
) {
    let message = || {
        if kubelet.config.kubernetes.has(KubeletChange::StartEventsWithoutName) {
            return message.to_owned();
        }
        format!("{former_message} {}", kubelet.spec.container_name(container))
    };
    step.record_event(EventType::Normal, reason, Some(container), message);
}

/// Handles the start of an instance.
pub(super) fn handle_started(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    started_at: Timestamp,
    result: Result<(), Failure>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    if let Err(failure) = result {
        return fail_runtime(sync, container, failure, kubelet, step);
    }
    // A short process may have exited before this answer: its exit stays.
    if let Some(created) = kubelet.pleg.change(step.now).instance_mut(container, instance)
        && matches!(created.state, InstanceState::Created | InstanceState::Unknown)
    {
        created.state = InstanceState::Running { started_at: Some(started_at) };
        kubelet.post_pleg_event(PlegEvent::Started);
    }
    handle_running(sync, container, instance, kubelet, step);
}

/// Fails a start that the kubelet or the runtime refused.
fn fail_runtime(
    sync: &mut Sync,
    container: ContainerIndex,
    failure: Failure,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let failed = if failure.error == StartError::PreCreateHookError {
        "Internal PreCreateContainer hook failed"
    } else if failure.error == StartError::PreStartHookError {
        "Internal PreStartContainer hook failed"
    } else {
        "Error"
    };
    let event = || format!("{failed}: {}", failure.message);
    step.record_event(EventType::Warning, EventReason::Failed, Some(container), event);
    record_failure(kubelet, container, failure.error, FailureMessage::Text(failure.message));
    sync.fail_start(container);
}

// --- postStart hook ---

/// Runs the postStart hook of an instance that runs, if it has one.
pub(super) fn handle_running(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    record_progress(EventReason::Started, "Container started", "Started container", container, kubelet, step);
    // startContainer returns only after the hook, so a postStart hook holds up the whole Pod.
    sync.pending_call = match sync.object().spec.container(container).and_then(|container| container.post_start()) {
        None => return complete(sync, container, kubelet),
        Some(LifecycleHook::Sleep(time)) => PendingCall::PostStart(container, instance, Some(step.now + *time)),
        Some(LifecycleHook::Run(_)) => {
            step.out.action(step.now, Action::RunHook { container, instance, hook: HookKind::PostStart });
            PendingCall::PostStart(container, instance, None)
        }
    };
}

/// Handles the end of a postStart hook; a failure stops the instance.
pub(super) fn handle_post_start_finished(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    result: Result<(), Box<str>>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let Err(message) = result else { return complete(sync, container, kubelet) };
    record_failure(kubelet, container, StartError::PostStartHookError, FailureMessage::Text(message));
    let event = || "PostStartHook failed".into();
    step.record_event(EventType::Warning, EventReason::FailedPostStartHook, Some(container), event);
    step.record_event(EventType::Normal, EventReason::Killing, Some(container), || "FailedPostStartHook".into());
    // stop_one keeps this call, whose end fails the start.
    sync.pending_call = PendingCall::StoppingFailed(container);
    let grace = kill_container::grace_of(sync, container, None);
    kill_container::stop_one(sync, container, instance, grace, &mut kubelet.runtime_manager, step);
}

/// Completes the start of a container.
fn complete(sync: &mut Sync, container: ContainerIndex, kubelet: &mut Kubelet) {
    // Only a start that succeeded, its hook included, clears the last failure.
    sync.complete_call();
    kubelet.runtime_manager.set_start_failure(container, None);
}

fn record_failure(kubelet: &mut Kubelet, container: ContainerIndex, error: StartError, message: FailureMessage) {
    let failure = Arc::new(StartFailure { error, message });
    kubelet.runtime_manager.set_start_failure(container, Some(failure));
}

/// Returns the Pod's name in events: `name_namespace(uid)`.
fn pod_name(spec: &PodSpec) -> String {
    format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid())
}
