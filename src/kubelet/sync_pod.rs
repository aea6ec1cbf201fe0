//! Sync of a Pod: starts a sync, carries out its tasks and suspends it while it waits for a call.
//!
//! Answers to `SyncPod`, `SyncTerminatingPod` and `SyncTerminatedPod` in `pkg/kubelet/kubelet.go`, and to `SyncPod` in
//! `pkg/kubelet/kuberuntime`.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::{
    admission,
    allocation_manager::ResizeGates,
    api_pod::ApiPod,
    components::Kubelet,
    container_gc,
    generate_status::{self, StatusRequest},
    image_manager::{self, ImageUser},
    kill_container,
    pod_worker::StatusOverride,
    resize_pod,
    sink::Step,
    start_container,
    sync_state::{Dequeued, PendingCall, Sync, Task},
    volume_manager::Waited,
};
use crate::{
    action::{Action, EventReason, EventType, SyncKind, SyncProgress},
    api::Name,
    config::{FeatureGate, KubeletChange, Kubernetes},
    rule::pod_actions::{self, PodActions, SyncInputs},
    spec::{ContainerIndex, PodSpec, VolumeIndex},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId},
};

/// Start of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SyncStart {
    /// The sync goes on.
    Started(Sync),
    /// The sync ends at once: it has nothing to do, and has changed nothing.
    IsNoOp(Sync),
    /// The phase is terminal: SyncPod returns at once, and the Pod is terminated next.
    FoundTerminalPhase(Sync),
}

/// Progress of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poll {
    /// The sync waits for a call.
    Pending,
    /// The sync has ended.
    Done,
}

/// Starts a sync; in SyncTerminatingPod `status_override` overrides phase and reason.
pub(super) fn start_sync(
    dequeued: Dequeued,
    status_override: Option<&StatusOverride>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) -> SyncStart {
    let (kind, grace) = (dequeued.kind, dequeued.grace);
    kubelet.adopt_spec(&dequeued.request.object.spec);
    step.out.sync(step.now, SyncProgress::Began { kind, grace });
    // The view is the PLEG's cache: what no relist has seen is unknown to the sync.
    let mut sync = Sync::new(dequeued, kubelet.pleg.cache().clone());
    match kind {
        SyncKind::Sync => return start_sync_pod(sync, kubelet, step),
        SyncKind::Terminating => start_terminating(&mut sync, status_override, kubelet, step),
        SyncKind::Terminated => start_terminated(&mut sync, kubelet, step),
        SyncKind::TerminatingRuntime => plan_stop_of_running(&mut sync),
    }
    SyncStart::Started(sync)
}

/// Reconciles the Pod to its spec, unless its phase is terminal.
fn start_sync_pod(mut sync: Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) -> SyncStart {
    let (object, view) = (sync.object().clone(), sync.view().clone());
    let writes = kubelet.status_manager.writes();
    kubelet.check_resize_progress(&object, &view, step);
    let status = generate_status::update_status(kubelet, &view, status_request(&sync, false, None), step);
    // SyncPod returns before it adds probes or computes actions.
    if status.phase.is_terminal() {
        return SyncStart::FoundTerminalPhase(sync);
    }
    if let Some(message) = kubelet.network_not_ready().filter(|_| !object.spec.uses_host_network()) {
        step.record_event(EventType::Warning, EventReason::NetworkNotReady, None, || network_error(message));
        sync.fail_for_network();
        return SyncStart::Started(sync);
    }
    // "Create Cgroups for the pod" comes before the volumes.
    if let Some(manager) = &mut kubelet.allocation {
        manager.ensure_cgroup(&object.spec);
    }
    // "Wait for volumes to attach/mount" comes before the probe workers and everything of the runtime.
    if kubelet.volume_manager().is_some() && !start_wait(&mut sync, kubelet, step) {
        return SyncStart::Started(sync);
    }
    let has_added_workers = sync_runtime(&mut sync, &object, &view, kubelet, step);
    let has_changed_status = !status.is_unchanged || kubelet.status_manager.writes() != writes;
    let has_changed_probes = status.has_triggered_probe || has_added_workers;
    let has_sandbox = kubelet.status_manager.has_unpublished_sandbox();
    if sync.tasks.is_empty() && !has_changed_status && !has_changed_probes && !has_sandbox {
        return SyncStart::IsNoOp(sync);
    }
    SyncStart::Started(sync)
}

/// Adds probe workers and plans what is to be done in the runtime; true if it has added any worker.
fn sync_runtime(
    sync: &mut Sync,
    object: &ApiPod,
    view: &RuntimeStatus,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) -> bool {
    let has_added_workers = kubelet.add_probe_workers(object, step.now);
    let actions = pod_actions::compute_pod_actions(&SyncInputs {
        kubernetes: kubelet.config.kubernetes,
        spec: &object.spec,
        runtime: view,
        probes: &kubelet.prober_manager.facts(&object.spec, view, kubelet.config.kubernetes),
        is_deleting: object.is_deleting(),
        is_restarting_all: kubelet.status_manager.shows_restart_of_all(),
        resize: kubelet.allocation.as_ref().map(|manager| manager.inputs(ResizeGates::of(kubelet.config.kubernetes))),
    });
    plan(sync, actions, kubelet.config.kubernetes, step);
    has_added_workers
}

/// Returns the kubelet's error of a node whose network is not ready.
fn network_error(message: &str) -> String {
    let condition = "NetworkReady=false reason:NetworkPluginNotReady";
    format!("network is not ready: container runtime network not ready: {condition} message:{message}")
}

/// Stops all containers and sandboxes.
fn start_terminating(
    sync: &mut Sync,
    status_override: Option<&StatusOverride>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let view = sync.view().clone();
    generate_status::update_status(kubelet, &view, status_request(sync, false, status_override), step);
    // Readiness goes on, so that endpoints see the containers stop.
    kubelet.prober_manager.stop_liveness_and_startup(&sync.object().spec);
    plan_stop_of_all(sync);
    sync.tasks.push_back(Task::ReportStopped);
}

/// Publishes the last status, and waits until all volumes are unmounted.
fn start_terminated(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    generate_status::update_status(kubelet, sync.view(), status_request(sync, true, None), step);
    let Some(volume_manager) = kubelet.volume_manager_mut() else { return terminate_pod(sync, kubelet, step) };
    let waited = volume_manager.wait_for_unmount(&sync.object().spec, step.now);
    sync.tasks.push_back(Task::TerminatePod);
    sync.pending_call = PendingCall::WaitingForVolumes;
    handle_waited(sync, waited, kubelet, step);
}

fn terminate_pod(sync: &Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let (status_manager, mut context) = kubelet.status_manager(step);
    status_manager.terminate_pod(sync.object(), sync.shows_initialized(), &mut context);
}

// --- Volumes ---

/// Starts the wait of SyncPod for mounts; true if there is nothing to wait for.
fn start_wait(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) -> bool {
    let has_limit = kubelet.has_attachment_limit();
    let Some(volume_manager) = kubelet.volume_manager_mut() else { return true };
    let waited = volume_manager.wait_for_attach_and_mount(&sync.object().spec, step.now, has_limit);
    if waited == Waited::Done {
        return true;
    }
    sync.tasks.push_back(Task::SyncRuntime);
    sync.pending_call = PendingCall::WaitingForVolumes;
    handle_waited(sync, waited, kubelet, step);
    false
}

/// Polls the wait of a sync for volumes.
pub(super) fn poll_volumes(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let has_limit = kubelet.has_attachment_limit();
    if let Some(volume_manager) = kubelet.volume_manager_mut() {
        let waited = volume_manager.poll(&sync.object().spec, step.now, has_limit);
        handle_waited(sync, waited, kubelet, step);
    }
}

/// Interrupts the wait of a sync for mounts.
///
/// Answers to the cancellation of the context in `UpdatePod`.
pub(super) fn interrupt_wait(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if let Some(volume_manager) = kubelet.volume_manager_mut() {
        let waited = volume_manager.interrupt(&sync.object().spec);
        handle_waited(sync, waited, kubelet, step);
    }
}

fn handle_waited(sync: &mut Sync, waited: Waited, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    match waited {
        Waited::Pending => {}
        Waited::Done => sync.complete_call(),
        Waited::Failed(message) => {
            if let Some(message) = message {
                step.record_event(EventType::Warning, EventReason::FailedMount, None, || message);
            }
            sync.fail_wait();
        }
        Waited::Rejected(message) => {
            sync.reject();
            admission::reject_active(EventReason::VolumeAttachmentLimitExceeded.name(), &message, kubelet, step);
        }
    }
}

fn status_request<'a>(
    sync: &'a Sync,
    is_terminated: bool,
    status_override: Option<&'a StatusOverride>,
) -> StatusRequest<'a> {
    let could_have_running_containers = sync.could_have_running_containers();
    StatusRequest { object: sync.object(), could_have_running_containers, is_terminated, status_override }
}

// --- Plan ---

fn plan_stop_of_all(sync: &mut Sync) {
    sync.tasks.push_back(Task::StopAll);
    let view = sync.view().clone();
    sync.tasks.extend(view.sandboxes.iter().map(|sandbox| Task::StopSandbox(sandbox.id)));
}

/// Plans the stop of what runs, as a Pod that only the runtime knows is stopped.
///
/// Answers to `SyncTerminatingRuntimePod`.
fn plan_stop_of_running(sync: &mut Sync) {
    sync.tasks.push_back(Task::StopAll);
    let sandboxes = admission::running_sandboxes(&sync.view().instances);
    sync.tasks.extend(sandboxes.into_iter().map(Task::StopSandbox));
}

fn plan(sync: &mut Sync, mut actions: PodActions, kubernetes: Kubernetes, step: &mut Step<'_>) {
    let (object, view) = (sync.object().clone(), sync.view().clone());
    if actions.create_sandbox && actions.sandbox.is_some() {
        let message = "Pod sandbox changed, it will be killed and re-created.";
        step.record_event(EventType::Normal, EventReason::SandboxChanged, None, || message.into());
    }
    let pruned = superseded_init_instances(&object.spec, &view);
    if actions.kill_pod {
        let purged = actions.create_sandbox.then(|| init_instances(&object.spec, &view));
        plan_stop_of_all(sync);
        sync.tasks.extend(purged.into_iter().flatten());
    } else {
        // Go ranges over a map (ContainersToKill); the order of the spec is always the same.
        actions.kill.sort_by_key(|kill| kill.container);
        sync.tasks.extend(actions.kill.into_iter().map(Task::Kill));
        sync.tasks.extend(actions.reset.into_iter().map(Task::RestartInPlace));
    }
    sync.tasks.extend(pruned);
    if actions.create_sandbox {
        sync.tasks.push_back(Task::RunSandbox(SandboxId(actions.attempt)));
    }
    sync.tasks.extend(image_volumes(&object.spec, kubernetes).map(Task::EnsureVolumeImage));
    // SyncPod's last steps: ephemeral, init and regular containers.
    let first = actions.start_ephemeral.into_iter().chain(actions.start_init);
    sync.tasks.extend(first.map(Task::Start));
    // A Pod that is killed as a whole is not resized.
    if !actions.resize.is_empty() && !actions.kill_pod {
        sync.tasks.push_back(Task::Resize(Box::new(actions.resize)));
    }
    sync.tasks.extend(actions.start.into_iter().map(Task::Start));
}

/// Returns the volumes whose images the node needs, mounted or not.
///
/// Answers to `getImageVolumes`.
fn image_volumes(spec: &PodSpec, kubernetes: Kubernetes) -> impl Iterator<Item = VolumeIndex> {
    let of_image = spec.volumes().filter(|(_, volume)| volume.image().is_some());
    of_image.map(|(index, _)| index).filter(move |_| kubernetes.is_enabled(FeatureGate::ImageVolume))
}

/// Returns removals of the dead instances of init containers but the newest of each.
///
/// Answers to `pruneInitContainersBeforeStart`.
fn superseded_init_instances(spec: &PodSpec, view: &RuntimeStatus) -> Vec<Task> {
    let is_dead = |instance: &&Instance| matches!(instance.state, InstanceState::Exited(_) | InstanceState::Unknown);
    let mut tasks = Vec::new();
    for (index, _) in spec.init_containers() {
        let dead = view.instances_of(index).filter(is_dead).skip(1);
        tasks.extend(dead.map(|it| Task::Remove(index, it.id)));
    }
    tasks
}

/// Returns removals of all instances of init containers: those that run in the view have been stopped by then.
///
/// Answers to `purgeInitContainers`.
fn init_instances(spec: &PodSpec, view: &RuntimeStatus) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (index, _) in spec.init_containers() {
        tasks.extend(view.instances_of(index).map(|it| Task::Remove(index, it.id)));
    }
    tasks
}

// --- Tasks ---

/// Carries out tasks until one has to wait for a call.
pub(super) fn advance(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) -> Poll {
    while sync.pending_call == PendingCall::Nothing {
        let Some(task) = sync.tasks.pop_front() else { return Poll::Done };
        start_task(sync, task, kubelet, step);
    }
    if sync.is_blocked() {
        kubelet.remove_planned_older_dead(step);
        publish_sandbox(sync, kubelet, step);
    }
    Poll::Pending
}

/// Publishes a sandbox that the sync has created.
pub(super) fn publish_sandbox(sync: &Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    // Before the change, the condition turned True with the status of the next sync.
    if !kubelet.config.kubernetes.has(KubeletChange::SandboxPublishedAtOnce) {
        return;
    }
    let (status_manager, mut context) = kubelet.status_manager(step);
    status_manager.publish_sandbox(sync.object(), sync.could_have_running_containers(), &mut context);
}

fn start_task(sync: &mut Sync, task: Task, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    match task {
        Task::StopAll => kill_container::stop_all(sync, &mut kubelet.runtime_manager, step),
        Task::Kill(kill) => kill_container::kill(sync, kill, &mut kubelet.runtime_manager, step),
        Task::RestartInPlace(reset) => {
            kill_container::restart_in_place(sync, reset, &mut kubelet.runtime_manager, step);
        }
        Task::Remove(container, instance) => {
            container_gc::remove_container(&mut kubelet.pleg, container, instance, step);
        }
        Task::RemoveButLogs(container, instance) => {
            sync.record_action();
            record_logs(sync, container, instance, kubelet);
            container_gc::remove_container(&mut kubelet.pleg, container, instance, step);
        }
        Task::StopSandbox(sandbox) => {
            sync.record_action();
            step.out.action(step.now, Action::StopPodSandbox { sandbox });
            // The stop of a dead sandbox returns at once, and nothing answers it.
            if kubelet.pleg.runtime().sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                sync.pending_call = PendingCall::StoppingSandbox(sandbox);
            }
        }
        Task::RunSandbox(sandbox) => {
            sync.record_action();
            step.out.action(step.now, Action::RunPodSandbox { sandbox });
            sync.pending_call = PendingCall::RunningSandbox(sandbox);
        }
        Task::EnsureVolumeImage(volume) => {
            image_manager::ensure_image_exists(sync, ImageUser::Volume(volume), kubelet, step);
        }
        Task::Start(container) => start_container::start(sync, container, kubelet, step),
        Task::Resize(actions) => resize_pod::start(sync, *actions, kubelet, step),
        Task::ReportStopped => report_stopped(sync, kubelet, step),
        Task::SyncRuntime => {
            let (object, view) = (sync.object().clone(), sync.view().clone());
            sync_runtime(sync, &object, &view, kubelet, step);
        }
        Task::TerminatePod => terminate_pod(sync, kubelet, step),
    }
}

/// Publishes the final container statuses after everything was stopped, or fails the sync if a container still runs.
fn report_stopped(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    // SyncTerminatingPod asks the runtime itself here, not the PLEG's cache.
    let runtime = kubelet.pleg.runtime().clone();
    // RemovePod comes after killPod has returned, before the runtime is asked what still runs.
    kubelet.prober_manager.remove_pod();
    if runtime.instances.iter().any(Instance::is_running) {
        sync.fail();
        return;
    }
    let writes = kubelet.status_manager.writes();
    generate_status::update_status(kubelet, &runtime, status_request(sync, true, None), step);
    // preserveDataFromBeforeStopping keeps the addresses; the next status has none, so it is written and brings the phase.
    let has_address = |sandbox: &Sandbox| sandbox.is_ready && sandbox.has_ip != Some(false);
    let had_address = sync.view().sandboxes.first().is_some_and(has_address);
    if writes != kubelet.status_manager.writes() && had_address && kubelet.pleg.is_ideal() {
        kubelet.status_manager.hold_back_terminal_phase();
    }
}

fn record_logs(sync: &Sync, container: ContainerIndex, instance: InstanceId, kubelet: &mut Kubelet) {
    let mut known = sync.view().instances_of(container);
    if let Some(removed) = known.find(|known| known.id == instance) {
        kubelet.runtime_manager.record_logs(container, removed.restart_count);
    }
}
