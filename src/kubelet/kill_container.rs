//! Stop of containers: Killing event, preStop hook, sidecar order, SIGTERM and at last SIGKILL.
//!
//! Answers to `killContainer` and `killContainersWithSyncResult` in `pkg/kubelet/kuberuntime`. Graces and the least
//! time before SIGKILL are the rule `rule::grace`, the order of sidecars is `rule::termination_order`.

use alloc::format;
use core::time::Duration;

use super::{
    runtime_manager::RuntimeManager,
    sink::Step,
    sync_state::{PendingCall, Stop, StopStage, Sync, Task},
};
use crate::{
    action::{Action, EventReason, EventType, SyncKind},
    event::HookKind,
    rule::{
        grace,
        pod_actions::{Kill, Reset},
        termination_order,
    },
    spec::{ContainerIndex, LifecycleHook, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// Stops every container that runs in the sync's view, together.
pub(super) fn stop_all(sync: &mut Sync, runtime_manager: &mut RuntimeManager, step: &mut Step<'_>) {
    // Only SyncTerminatingPod passes an override to killPod; SyncPod leaves each container its own grace.
    let override_grace = sync.grace().filter(|_| sync.kind() != SyncKind::Sync);
    let spec = sync.object().spec.clone();
    // killContainersWithSyncResult makes a terminationOrdering only for Pods with sidecars whose spec it knows.
    let is_ordered = spec.has_sidecars() && sync.kind() != SyncKind::TerminatingRuntime;
    let view = sync.view().clone();
    for (container, container_spec) in spec.containers() {
        for running in view.instances_of(container).filter(|instance| instance.is_running()) {
            let message = || format!("Stopping container {}", container_spec.name());
            step.record_event(EventType::Normal, EventReason::Killing, Some(container), message);
            let grace = override_grace.unwrap_or_else(|| grace_of(sync, container, None));
            let stage = StopStage::Pending;
            sync.stops.push(Stop { container, instance: running.id, grace, stage, is_ordered });
        }
    }
    sync.record_action();
    sync.pending_call = PendingCall::Stopping;
    // The kubelet stops each container in a goroutine: those without a hook get SIGTERM before a hook can end.
    for with_hook in [false, true] {
        for place in 0..sync.stops.len() {
            begin_stop(sync, place, with_hook, runtime_manager, step);
        }
        continue_stops(sync, step);
    }
}

/// Stops one container for a reason of its own.
pub(super) fn kill(sync: &mut Sync, kill: Kill, runtime_manager: &mut RuntimeManager, step: &mut Step<'_>) {
    let message = || format!("{}", kill.message(&sync.object().spec));
    step.record_event(EventType::Normal, EventReason::Killing, Some(kill.container), message);
    let grace = grace_of(sync, kill.container, kill.reason.failed_probe());
    stop_one(sync, kill.container, kill.instance, grace, runtime_manager, step);
}

/// Removes an instance so that its container restarts in place; a running one is stopped first, without grace.
pub(super) fn restart_in_place(
    sync: &mut Sync,
    reset: Reset,
    runtime_manager: &mut RuntimeManager,
    step: &mut Step<'_>,
) {
    sync.record_restart_in_place();
    // In front, so that the instance is removed before the next one is stopped.
    sync.tasks.push_front(Task::RemoveButLogs(reset.container, reset.instance));
    if reset.kill {
        step.record_event(EventType::Normal, EventReason::Killing, Some(reset.container), || "killing".into());
        stop_one(sync, reset.container, reset.instance, Duration::ZERO, runtime_manager, step);
    }
}

/// Stops one instance; the sync waits for its end.
pub(super) fn stop_one(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    grace: Duration,
    runtime_manager: &mut RuntimeManager,
    step: &mut Step<'_>,
) {
    sync.record_action();
    // A container that is stopped by itself gets no terminationOrdering.
    sync.stops.push(Stop { container, instance, grace, stage: StopStage::Pending, is_ordered: false });
    // After a failed postStart hook the call stays: its end fails the start.
    if !matches!(sync.pending_call, PendingCall::StoppingFailed(_)) {
        sync.pending_call = PendingCall::Stopping;
    }
    let place = sync.stops.len().saturating_sub(1);
    // Only one of the two applies: the container has a hook to run or it has none.
    begin_stop(sync, place, false, runtime_manager, step);
    begin_stop(sync, place, true, runtime_manager, step);
    continue_stops(sync, step);
}

/// Returns the grace of a container, which a failed probe may override.
pub(super) fn grace_of(sync: &Sync, container: ContainerIndex, failed_probe: Option<ProbeKind>) -> Duration {
    let object = sync.object();
    let grace = |container| grace::container_grace(&object.spec, object.deletion_grace(), container, failed_probe);
    object.spec.container(container).map_or(grace::MINIMUM_GRACE, grace)
}

/// Runs the preStop hook of a container if there is one and time for it; otherwise the container waits for its order.
///
/// `with_hook` selects the containers that this call is for: those with a hook to run, or those without.
fn begin_stop(
    sync: &mut Sync,
    place: usize,
    with_hook: bool,
    runtime_manager: &mut RuntimeManager,
    step: &mut Step<'_>,
) {
    let spec = sync.object().spec.clone();
    // SyncTerminatingRuntimePod knows no spec, and so no hook.
    let has_spec = sync.kind() != SyncKind::TerminatingRuntime;
    let Some(stop) = sync.stops.get_mut(place) else { return };
    let (container, instance) = (stop.container, stop.instance);
    let hook = spec.container(container).and_then(|container| container.pre_stop());
    // killContainer runs the hook only if the grace is more than 0.
    let hook = hook.filter(|_| grace::has_time_left(stop.grace) && has_spec);
    let Some(hook) = hook.filter(|_| with_hook) else {
        if hook.is_none() && !with_hook {
            wait_for_order(stop, step.now);
        }
        return;
    };
    let longest = match hook {
        // The kubelet itself sleeps: no action is needed, and no event ends it.
        LifecycleHook::Sleep(time) => stop.grace.min(*time),
        LifecycleHook::Run(_) => {
            runtime_manager.record_pre_stop(container, instance);
            step.out.action(step.now, Action::RunHook { container, instance, hook: HookKind::PreStop });
            stop.grace
        }
    };
    stop.stage = StopStage::PreStop { since: step.now, until: step.now + longest };
}

/// Continues every stop whose hook is over or whose order has come; the sync goes on when all instances are gone.
pub(super) fn continue_stops(sync: &mut Sync, step: &mut Step<'_>) {
    if !matches!(sync.pending_call, PendingCall::Stopping | PendingCall::StoppingFailed(_)) {
        return;
    }
    for place in 0..sync.stops.len() {
        continue_stop(sync, place, step);
    }
    if sync.stops.iter().all(|stop| stop.stage == StopStage::Gone) {
        sync.stops.clear();
        if let PendingCall::StoppingFailed(container) = sync.pending_call {
            sync.fail_start(container);
        } else {
            sync.complete_call();
        }
    }
}

/// Continues one stop: from the hook to the wait for the sidecar order, and on to SIGTERM.
fn continue_stop(sync: &mut Sync, place: usize, step: &mut Step<'_>) {
    let Some(stop) = sync.stops.get(place) else { return };
    let spec = &sync.object().spec;
    let has_turn = !sync.stops.iter().any(|other| {
        other.stage != StopStage::Gone && termination_order::waits_for(spec, stop.container, other.container)
    });
    let Some(stop) = sync.stops.get_mut(place) else { return };
    if let StopStage::PreStop { since, until } = stop.stage
        && until <= step.now
    {
        // The hook's time counts against the grace, of which the kubelet always leaves a minimum.
        stop.grace = grace::remaining_grace(stop.grace, step.now.since(since));
        wait_for_order(stop, step.now);
    }
    if let StopStage::WaitingForSidecarOrder { since, until } = stop.stage
        && (has_turn || !stop.is_ordered || until <= step.now)
    {
        stop.grace = grace::remaining_grace(stop.grace, step.now.since(since));
        // The wait for other containers eats grace as the hook does; at least 2 s are left until SIGKILL.
        stop.stage = StopStage::SigtermSent;
        let timeout = grace::stop_timeout(stop.grace);
        let (container, instance) = (stop.container, stop.instance);
        step.out.action(step.now, Action::StopContainer { container, instance, timeout });
    }
}

/// Handles the end of a preStop hook, in time or late.
pub(super) fn handle_pre_stop_finished(
    sync: &mut Sync,
    container: ContainerIndex,
    instance: InstanceId,
    step: &mut Step<'_>,
) {
    let mut stops = sync.stops.iter_mut();
    let stop = stops.find(|stop| stop.container == container && stop.instance == instance);
    if let Some(Stop { stage: StopStage::PreStop { until, .. }, .. }) = stop {
        // Due now: continue_stop takes the time that the hook ran from the grace.
        *until = step.now;
    }
    continue_stops(sync, step);
}

/// Handles the return of `StopContainer`.
pub(super) fn handle_stopped(sync: &mut Sync, container: ContainerIndex, instance: InstanceId, step: &mut Step<'_>) {
    let is_it = |stop: &&mut Stop| {
        stop.container == container && stop.instance == instance && stop.stage == StopStage::SigtermSent
    };
    if let Some(stop) = sync.stops.iter_mut().find(is_it) {
        stop.stage = StopStage::Gone;
    }
    continue_stops(sync, step);
}

/// Lets a container wait for the sidecar order, at most as long as its grace.
fn wait_for_order(stop: &mut Stop, now: Timestamp) {
    stop.stage = StopStage::WaitingForSidecarOrder { since: now, until: now + stop.grace };
}
