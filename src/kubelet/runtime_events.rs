//! Runtime events: applies answers to actions, and changes of the runtime, to the PLEG and to the sync under way.

use alloc::{format, sync::Arc, vec::Vec};

use super::{
    components::Kubelet,
    image_manager::{self, ImageUser},
    kill_container,
    pleg::PlegEvent,
    pod_worker::{PodWorker, WorkerState},
    resize_pod,
    sink::Step,
    start_container, sync_pod,
    sync_state::{PendingCall, StopStage, Sync},
};
use crate::{
    action::{EventReason, EventType},
    event::{ContainerExit, HookKind, RuntimeEvent},
    spec::ContainerIndex,
    state::{
        Instance, InstanceId, InstanceState, RuntimeStatus, SIGKILL_EXIT_CODE, Sandbox, SandboxId, Termination,
        TerminationReason,
    },
};

/// Applies an event that was validated; answers of probes are the sync loop's.
pub(super) fn handle(event: RuntimeEvent, worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let is_terminating = worker.state() != WorkerState::Syncing;
    let sync = worker.sync_mut();
    match event {
        RuntimeEvent::SandboxCreated { sandbox, has_ip } => add_sandbox(sandbox, has_ip, sync, kubelet, step),
        RuntimeEvent::SandboxFailed { message, .. } => fail_sandbox(&message, is_terminating, sync, step),
        RuntimeEvent::SandboxDied { sandbox } => kill_sandbox(sandbox, sync, kubelet, step),
        RuntimeEvent::ContainerExited { container, instance, exit } => {
            end_instance(container, instance, exit, kubelet, step);
        }
        RuntimeEvent::HookFinished { container, instance, hook: HookKind::PreStop, result } => {
            kubelet.runtime_manager.end_pre_stop(container, instance);
            if result.is_err() {
                let message = || "PreStopHook failed".into();
                step.record_event(EventType::Warning, EventReason::FailedPreStopHook, Some(container), message);
            }
            if let Some(sync) = sync {
                kill_container::handle_pre_stop_finished(sync, container, instance, step);
            }
        }
        RuntimeEvent::Relisted(runtime) => relist(runtime, sync, kubelet, step),
        RuntimeEvent::ClaimFetched { .. }
        | RuntimeEvent::VolumeAttachmentChanged { .. }
        | RuntimeEvent::VolumeSetUp { .. }
        | RuntimeEvent::VolumeTornDown { .. } => handle_volume_event(event, kubelet, step),
        RuntimeEvent::ContainerResourcesUpdated { .. }
        | RuntimeEvent::SandboxResourcesUpdated { .. }
        | RuntimeEvent::PodCgroupSet { .. }
        | RuntimeEvent::MemoryMeasured { .. }
        | RuntimeEvent::ImageInspected { .. }
        | RuntimeEvent::ImagePulled { .. }
        | RuntimeEvent::VolumeImageInspected { .. }
        | RuntimeEvent::VolumeImagePulled { .. }
        | RuntimeEvent::ContainerCreated { .. }
        | RuntimeEvent::ContainerStarted { .. }
        | RuntimeEvent::ContainerStopped { .. }
        | RuntimeEvent::HookFinished { hook: HookKind::PostStart, .. }
        | RuntimeEvent::ProbeFinished { .. } => {
            if let Some(sync) = sync {
                answer_call(event, sync, kubelet, step);
            }
        }
    }
}

/// Answers the call that a sync waits for.
fn answer_call(event: RuntimeEvent, sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    match event {
        RuntimeEvent::ImageInspected { container, result } => {
            image_manager::handle_inspected(sync, ImageUser::Container(container), result, kubelet, step);
        }
        RuntimeEvent::ImagePulled { container, result } => {
            image_manager::handle_pulled(sync, ImageUser::Container(container), result, kubelet, step);
        }
        RuntimeEvent::VolumeImageInspected { volume, result } => {
            image_manager::handle_inspected(sync, ImageUser::Volume(volume), result, kubelet, step);
        }
        RuntimeEvent::VolumeImagePulled { volume, result } => {
            image_manager::handle_pulled(sync, ImageUser::Volume(volume), result, kubelet, step);
        }
        RuntimeEvent::ContainerCreated { container, instance, result } => {
            start_container::handle_created(sync, container, instance, result, kubelet, step);
        }
        RuntimeEvent::ContainerStarted { container, instance, started_at, result } => {
            let at = started_at.unwrap_or(step.now);
            start_container::handle_started(sync, container, instance, at, result, kubelet, step);
        }
        RuntimeEvent::ContainerStopped { container, instance } => {
            kill_container::handle_stopped(sync, container, instance, step);
        }
        RuntimeEvent::HookFinished { container, instance, hook: HookKind::PostStart, result } => {
            start_container::handle_post_start_finished(sync, container, instance, result, kubelet, step);
        }
        RuntimeEvent::ContainerResourcesUpdated { result, .. } => {
            resize_pod::handle_container_updated(sync, result, kubelet, step);
        }
        RuntimeEvent::SandboxResourcesUpdated { result, .. } => {
            resize_pod::handle_sandbox_updated(sync, result, kubelet, step);
        }
        RuntimeEvent::PodCgroupSet { result } => resize_pod::handle_cgroup_set(sync, result, kubelet, step),
        RuntimeEvent::MemoryMeasured { result } => resize_pod::handle_memory_measured(sync, result, kubelet, step),
        RuntimeEvent::HookFinished { hook: HookKind::PreStop, .. }
        | RuntimeEvent::SandboxCreated { .. }
        | RuntimeEvent::SandboxFailed { .. }
        | RuntimeEvent::SandboxDied { .. }
        | RuntimeEvent::ContainerExited { .. }
        | RuntimeEvent::ProbeFinished { .. }
        | RuntimeEvent::ClaimFetched { .. }
        | RuntimeEvent::VolumeAttachmentChanged { .. }
        | RuntimeEvent::VolumeSetUp { .. }
        | RuntimeEvent::VolumeTornDown { .. }
        | RuntimeEvent::Relisted(_) => {}
    }
}

/// Passes an event of a volume to the volume manager.
fn handle_volume_event(event: RuntimeEvent, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let spec = kubelet.object.spec.clone();
    let Some(volume_manager) = kubelet.volume_manager_mut() else { return };
    match event {
        RuntimeEvent::ClaimFetched { volume, result } => volume_manager.handle_claim_fetched(volume, result, &spec),
        RuntimeEvent::VolumeAttachmentChanged { volume, attachment } => {
            volume_manager.set_attachment(volume, attachment);
        }
        RuntimeEvent::VolumeSetUp { volume, result } => volume_manager.handle_set_up(volume, result, &spec, step),
        RuntimeEvent::VolumeTornDown { volume, result } => {
            volume_manager.handle_torn_down(volume, result, step.now);
        }
        RuntimeEvent::SandboxCreated { .. }
        | RuntimeEvent::SandboxFailed { .. }
        | RuntimeEvent::SandboxDied { .. }
        | RuntimeEvent::ImageInspected { .. }
        | RuntimeEvent::ImagePulled { .. }
        | RuntimeEvent::VolumeImageInspected { .. }
        | RuntimeEvent::VolumeImagePulled { .. }
        | RuntimeEvent::ContainerCreated { .. }
        | RuntimeEvent::ContainerStarted { .. }
        | RuntimeEvent::ContainerExited { .. }
        | RuntimeEvent::ContainerStopped { .. }
        | RuntimeEvent::HookFinished { .. }
        | RuntimeEvent::ProbeFinished { .. }
        | RuntimeEvent::ContainerResourcesUpdated { .. }
        | RuntimeEvent::SandboxResourcesUpdated { .. }
        | RuntimeEvent::PodCgroupSet { .. }
        | RuntimeEvent::MemoryMeasured { .. }
        | RuntimeEvent::Relisted(_) => {}
    }
}

// --- Sandboxes ---

/// Records a new sandbox, and completes the call that created it.
fn add_sandbox(
    sandbox: SandboxId,
    has_ip: Option<bool>,
    sync: Option<&mut Sync>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let uses_host_network = kubelet.spec.uses_host_network();
    let created = Sandbox { id: sandbox, attempt: sandbox.0, is_ready: true, uses_host_network, has_ip };
    // The embedder may have relisted the runtime between the creation and this answer.
    if kubelet.pleg.runtime().sandboxes.iter().all(|known| known.id != sandbox) {
        let sandboxes = &mut kubelet.pleg.change(step.now).sandboxes;
        // A Pod seldom has a second sandbox: doubling the capacity would waste memory in a fleet.
        sandboxes.reserve_exact(1);
        sandboxes.insert(0, created);
        kubelet.post_pleg_event(PlegEvent::Started);
    }
    kubelet.status_manager.record_sandbox();
    if let Some(sync) = sync {
        sync.complete_call();
        // OnPodSandboxReady sets the status beside the sync, which still has to start containers.
        if !kubelet.config.write_time().is_zero() {
            sync_pod::publish_sandbox(sync, kubelet, step);
        }
    }
}

/// Fails the creation of a sandbox. "If the pod has been deleted then it's not a real error": the sync ends well, and no
/// event is recorded.
fn fail_sandbox(message: &str, is_terminating: bool, sync: Option<&mut Sync>, step: &mut Step<'_>) {
    if !is_terminating {
        let event = || format!("Failed to create pod sandbox: {message}");
        step.record_event(EventType::Warning, EventReason::FailedCreatePodSandBox, None, event);
    }
    if let Some(sync) = sync {
        sync.end_without_sandbox();
        if !is_terminating {
            sync.fail();
        }
    }
}

/// Handles the death of a sandbox, by itself or by a stop; to stop a dead one again is a success.
fn kill_sandbox(sandbox: SandboxId, sync: Option<&mut Sync>, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if kubelet.pleg.runtime().sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
        let runtime = kubelet.pleg.change(step.now);
        runtime.sandboxes.iter_mut().filter(|known| known.id == sandbox).for_each(|known| known.is_ready = false);
        let in_it = |instance: &&Instance| instance.sandbox == sandbox && instance.is_running();
        // The list is newest first; containers die in the order of their creation.
        let killed = runtime.instances.iter().rev().filter(in_it);
        let killed: Vec<_> = killed.filter_map(|it| Some((it.container?, it.id))).collect();
        for (container, instance) in killed {
            end_instance(container, instance, ContainerExit::with_code(SIGKILL_EXIT_CODE), kubelet, step);
        }
        kubelet.post_pleg_event(PlegEvent::Died(None));
    }
    if let Some(sync) = sync
        && sync.pending_call == PendingCall::StoppingSandbox(sandbox)
    {
        sync.complete_call();
    }
}

// --- Containers ---

/// Records the exit of an instance, and posts its death.
fn end_instance(
    container: ContainerIndex,
    instance: InstanceId,
    exit: ContainerExit,
    kubelet: &mut Kubelet,
    step: &Step<'_>,
) {
    let ContainerExit { code, reason, message, signal, started_at, finished_at } = exit;
    let has_no_reason = reason == TerminationReason::Other("".into());
    if let Some(ended) = kubelet.pleg.change(step.now).instance_mut(container, instance) {
        // A runtime that reports an exit without a start time leaves the known one.
        let known_start = if let InstanceState::Running { started_at } = ended.state { started_at } else { None };
        ended.state = InstanceState::Exited(Arc::new(Termination {
            exit_code: code,
            reason: if has_no_reason { TerminationReason::of_exit(code) } else { reason },
            message,
            signal,
            started_at: started_at.or(known_start),
            finished_at: Some(finished_at.unwrap_or(step.now)),
            instance: Some(instance),
        }));
    }
    kubelet.post_pleg_event(PlegEvent::Died(Some(container)));
}

// --- Relists ---

/// Takes over the whole runtime; a call that the sync waits for counts as answered if the relist shows its result.
fn relist(runtime: RuntimeStatus, sync: Option<&mut Sync>, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if runtime == *kubelet.pleg.runtime() {
        return;
    }
    for instance in &runtime.instances {
        if let Some(container) = instance.container {
            kubelet.runtime_manager.record_instance(container, instance.id);
        }
    }
    let before = core::mem::replace(kubelet.pleg.change(step.now), runtime);
    // One event for all that runs now; each death follows with its container.
    kubelet.post_pleg_event(PlegEvent::Started);
    post_deaths_since(&before, kubelet);
    if let Some(sync) = sync {
        answer_by_relist(sync, kubelet, step);
    }
}

/// Posts the deaths of instances that have terminated since.
fn post_deaths_since(before: &RuntimeStatus, kubelet: &mut Kubelet) {
    let was_dead = |ended: &Instance| {
        let mut known = before.instances.iter().filter(|known| known.termination().is_some());
        known.any(|known| (known.container, known.id) == (ended.container, ended.id))
    };
    let dead = kubelet.pleg.runtime().instances.iter().filter(|instance| instance.termination().is_some());
    let died: Vec<_> = dead.filter(|ended| !was_dead(ended)).filter_map(|ended| ended.container).collect();
    for container in died {
        kubelet.post_pleg_event(PlegEvent::Died(Some(container)));
    }
}

/// Completes the pending call of a sync as far as the runtime shows that it is done.
fn answer_by_relist(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let runtime = kubelet.pleg.runtime();
    match sync.pending_call {
        PendingCall::RunningSandbox(sandbox) => {
            if runtime.sandboxes.first().is_some_and(|newest| newest.id == sandbox && newest.is_ready) {
                kubelet.status_manager.record_sandbox();
                sync.complete_call();
            }
        }
        PendingCall::StoppingSandbox(sandbox) => {
            if !runtime.sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                sync.complete_call();
            }
        }
        PendingCall::Creating(container, instance) | PendingCall::Starting(container, instance) => {
            let has_run = |known: &Instance| known.is_running() || known.termination().is_some();
            if runtime.instances_of(container).any(|it| it.id == instance && has_run(it)) {
                start_container::handle_running(sync, container, instance, kubelet, step);
            }
        }
        PendingCall::Stopping | PendingCall::StoppingFailed(_) => {
            for stop in sync.stops.iter_mut().filter(|stop| stop.stage == StopStage::SigtermSent) {
                let mut known = runtime.instances_of(stop.container);
                if !known.any(|known| known.id == stop.instance && known.termination().is_none()) {
                    stop.stage = StopStage::Gone;
                }
            }
            kill_container::continue_stops(sync, step);
        }
        // The runtime's list shows neither images nor hooks, nor resources.
        PendingCall::WaitingForVolumes
        | PendingCall::MeasuringMemory
        | PendingCall::UpdatingContainer(..)
        | PendingCall::UpdatingSandbox(_)
        | PendingCall::SettingCgroup
        | PendingCall::Nothing
        | PendingCall::Inspecting(_)
        | PendingCall::Pulling(..)
        | PendingCall::PostStart(..) => {}
    }
}
