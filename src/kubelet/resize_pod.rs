//! Resize of a running Pod in a sync: memory check, the Pod's cgroup, and the containers, one call after the other.
//!
//! Answers to `doPodResizeAction` in `pkg/kubelet/kuberuntime/kuberuntime_manager.go`. The steps and their order are the
//! rule `rule::resize`; accepting a resize is the [`allocation_manager`](super::allocation_manager)'s.

use alloc::{boxed::Box, format, string::String};
use core::time::Duration;

use super::{
    allocation_manager::ResizeGates,
    components::Kubelet,
    sink::Step,
    sync_state::{PendingCall, Resize, Sync},
};
use crate::{
    action::{Action, SyncKind},
    event::SandboxUpdateError,
    rule::resize::{self, MemoryUsage, Resizable, ResizeActions, ResizeStep, ShrinkingLimits},
    state::SandboxId,
    time::Timestamp,
};

/// Offset of the generic PLEG's relists in each second, at which a Pod is looked at again after a resize that failed.
const INSPECTION_PHASE: Duration = Duration::from_millis(400);

/// Starts the resize that a sync has planned.
pub(super) fn start(sync: &mut Sync, actions: ResizeActions, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    // Before the first sync has made the cgroup there is nothing to resize.
    let Some(cgroup) = kubelet.allocation.as_ref().and_then(|manager| manager.cgroup()) else { return };
    sync.record_action();
    let shrinking = ShrinkingLimits::of(&sync.object().spec, &actions, cgroup);
    let has_to_measure = !shrinking.is_empty();
    sync.resize = Some(Box::new(Resize { actions, shrinking, ..Resize::default() }));
    if has_to_measure {
        step.out.action(step.now, Action::MeasureMemory);
        sync.pending_call = PendingCall::MeasuringMemory;
    } else {
        begin(sync, kubelet, step);
    }
}

/// Handles the memory in use: a limit below it ends the resize before anything was touched.
pub(super) fn handle_memory_measured(
    sync: &mut Sync,
    result: Result<MemoryUsage, Box<str>>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    sync.complete_call();
    let object = sync.object().clone();
    let Some(resize) = &sync.resize else { return };
    let checked = match &result {
        Ok(usage) => resize.shrinking.check(&object.spec, usage),
        Err(_) => Err(format!("unable to read memory usage for pod {:?}", pod_name(&object.spec))),
    };
    match checked {
        Ok(()) => begin(sync, kubelet, step),
        // No look at the Pod is requested: the next try is the retry of the failed sync.
        Err(error) => fail(sync, error.into()),
    }
}

/// Plans the steps and carries out the first.
fn begin(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let spec = sync.object().spec.clone();
    let gates = ResizeGates::of(kubelet.config.kubernetes);
    let Some(manager) = &mut kubelet.allocation else { return };
    // Whatever comes of it, the Pod is looked at again: with the next relist, unless something is noticed earlier.
    manager.plan_inspection(next_inspection(step.now));
    kubelet.pleg.request_inspection(step.now);
    let Some(cgroup) = manager.cgroup() else { return };
    let pod_level = manager.inputs(gates).resizes_pod_level;
    if let Some(resize) = &mut sync.resize {
        resize.steps = resize::steps(&spec, &core::mem::take(&mut resize.actions), cgroup, pod_level);
    }
    advance(sync, kubelet, step);
}

/// Carries out steps until one has to wait for its answer.
fn advance(sync: &mut Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    let spec = sync.object().spec.clone();
    let sandbox = sync.view().sandboxes.first().map_or(SandboxId(0), |sandbox| sandbox.id);
    while let Some(next) = sync.resize.as_ref().and_then(|resize| resize.steps.front()) {
        let (action, call) = match next {
            ResizeStep::Sandbox(_, resources) => {
                let resources = *resources;
                (Action::UpdatePodSandboxResources { sandbox, resources }, PendingCall::UpdatingSandbox(sandbox))
            }
            ResizeStep::Cgroup(resources, _) => {
                (Action::SetPodCgroup { resources: *resources }, PendingCall::SettingCgroup)
            }
            ResizeStep::Container(container, instance, resources, _) => {
                let (container, instance, resources) = (*container, *instance, *resources);
                let action = Action::UpdateContainerResources { container, instance, resources };
                (action, PendingCall::UpdatingContainer(container, instance))
            }
            ResizeStep::PodLevel(resource) => {
                let resource = *resource;
                if let Some(manager) = &mut kubelet.allocation {
                    manager.record_pod_level(&spec, resource);
                }
                take_step(sync);
                continue;
            }
        };
        step.out.action(step.now, action);
        sync.pending_call = call;
        return;
    }
    // An error stays until the end of the sync, where it becomes a condition.
    if sync.resize.as_ref().is_some_and(|resize| resize.error.is_none()) {
        sync.resize = None;
    }
}

/// Removes and returns the step that was answered.
fn take_step(sync: &mut Sync) -> Option<ResizeStep> {
    sync.complete_call();
    sync.resize.as_mut().and_then(|resize| resize.steps.pop_front())
}

/// Handles the runtime's answer about a sandbox's resources.
pub(super) fn handle_sandbox_updated(
    sync: &mut Sync,
    result: Result<(), SandboxUpdateError>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let Some(ResizeStep::Sandbox(resource, _)) = take_step(sync) else { return };
    let error = result.err().filter(|error| !resize::is_unimplemented(&error.message));
    // That the old resources stand again is only told; an error of that is only logged.
    if let (Some(error), Some(resource)) = (error, resource) {
        fail(sync, sandbox_error(&error, resource).into());
    }
    advance(sync, kubelet, step);
}

fn sandbox_error(SandboxUpdateError { id, message }: &SandboxUpdateError, resource: Resizable) -> String {
    let resource = resource.name();
    // "sanboxID" is the kubelet's spelling.
    format!(
        "failed to notify runtime for UpdatePodSandboxResources (resource={resource}); resize rejected: \
         updatePodSandboxResources failed for sanboxID {id:?}: {message}"
    )
}

/// Handles the answer about the Pod's cgroup; if it could not be written, the runtime is told that the old resources stand.
pub(super) fn handle_cgroup_set(
    sync: &mut Sync,
    result: Result<(), Box<str>>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let Some(ResizeStep::Cgroup(written, before)) = take_step(sync) else { return };
    match result {
        Ok(()) => {
            if let Some(manager) = &mut kubelet.allocation {
                manager.record_cgroup(written);
            }
        }
        Err(error) => {
            fail(sync, error);
            if let Some(resize) = &mut sync.resize {
                resize.steps.push_back(ResizeStep::Sandbox(None, before));
            }
        }
    }
    advance(sync, kubelet, step);
}

/// Handles the runtime's answer about a container's resources.
pub(super) fn handle_container_updated(
    sync: &mut Sync,
    result: Result<(), Box<str>>,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    let Some(ResizeStep::Container(container, instance, given, actuated)) = take_step(sync) else { return };
    match result {
        Ok(()) => {
            if let Some(manager) = &mut kubelet.allocation {
                manager.record_update(container, instance, given, actuated);
            }
        }
        // What was done so far stays, and is known as actuated.
        Err(error) => fail(sync, error),
    }
    advance(sync, kubelet, step);
}

/// Ends the resize with an error, which fails the sync; the rest of the sync goes on.
fn fail(sync: &mut Sync, error: Box<str>) {
    sync.fail();
    if let Some(resize) = &mut sync.resize {
        resize.steps.clear();
        resize.error = Some(error);
    }
}

/// Records the outcome of a sync's resize at the end of the sync.
pub(super) fn end(sync: &Sync, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if let Some(error) = sync.resize.as_ref().and_then(|resize| resize.error.as_deref()) {
        kubelet.record_resize_error(sync.object(), error, step);
    }
    // A sync that has acted well requests a relist at once, which looks at the Pod.
    let relists = sync.kind() == SyncKind::Sync && sync.has_acted() && !sync.has_failed();
    if relists && kubelet.pleg.is_ideal() {
        kubelet.inspect_after_resize();
    }
}

/// Returns the time of the next relist after `now`, of a node that sees changes of the runtime at once.
fn next_inspection(now: Timestamp) -> Timestamp {
    let in_this_second = now.whole_seconds() + INSPECTION_PHASE;
    if in_this_second > now { in_this_second } else { in_this_second + Duration::from_secs(1) }
}

fn pod_name(spec: &crate::spec::PodSpec) -> String {
    format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid())
}
