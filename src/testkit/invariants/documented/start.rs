//! Documented properties of starts and restarts: policies, init containers, sidecars and postStart hooks.

use super::{
    super::{StepRecord, Violation, ensure},
    Observed,
    observed::{HookCall, ObservedInstance, Run, StopCall, is_run},
    probes::shown,
};
use crate::{
    action::Action,
    api::RestartPolicy,
    event::{Event, HookKind, RuntimeEvent},
    kubelet::Output,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind},
};

/// Returns the container that an action creates, if its own policy decides alone: no restart rule, no other image.
fn created_by_policy<'a>(
    seen: &Observed,
    step: &StepRecord<'a>,
    action: &Action,
    policy: RestartPolicy,
) -> Option<(ContainerIndex, &'a ContainerSpec)> {
    let Action::CreateContainer { container, .. } = action else { return None };
    let spec = step.after.spec();
    // A changed image restarts a container whatever its policy, which the documentation says elsewhere.
    if spec.all_containers_could_restart() || seen.has_spec_changed {
        return None;
    }
    let found = spec.container(*container)?;
    let restart = found.restart();
    (restart.policy() == policy && restart.rules().is_empty()).then_some((*container, found))
}

/// A container with the policy `OnFailure` that has exited with code 0 is not created again; an init container only in a
/// new sandbox.
///
/// A container that the kubelet has stopped for another reason than its probe, to replace the sandbox, has not ended of
/// its own accord: to say that it must not start again would be too strong.
pub(super) fn on_failure_restarts_only_failures(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Some((index, container)) = created_by_policy(seen, step, action, RestartPolicy::OnFailure) else {
        return Ok(());
    };
    let is_regular = container.kind() == ContainerKind::Regular;
    let last = seen.instances_of(index).rev().find(|it| it.has_started());
    let Some(last) = last.filter(|last| is_regular || last.sandbox == seen.sandbox) else { return Ok(()) };
    let has_failed_probe = last.liveness.has_failed || last.startup.has_failed;
    if last.stop != StopCall::None && !has_failed_probe {
        return Ok(());
    }
    // The kubelet counts an OOM kill of an init container as a failure whatever the exit code.
    let has_succeeded = if is_regular { last.has_succeeded() } else { lets_the_next_start(last) };
    ensure!(!has_succeeded, "{action:?}, and {} has exited with code 0", container.name());
    Ok(())
}

/// A regular container with the policy `Never` that has started is not created again.
pub(super) fn never_restarts_nothing(seen: &Observed, step: &StepRecord<'_>, action: &Action) -> Result<(), Violation> {
    let Some((index, container)) = created_by_policy(seen, step, action, RestartPolicy::Never) else { return Ok(()) };
    // With a clock that was set back the kubelet's cache counts as newer than the last sync, which Go's monotonic clock
    // prevents: the sync may not know of the instance.
    let is_regular = container.kind() == ContainerKind::Regular && !seen.was_set_back;
    let has_started = seen.instances_of(index).any(ObservedInstance::has_started);
    ensure!(!is_regular || !has_started, "{action:?}, and {} has run", container.name());
    Ok(())
}

/// Returns the init containers and sidecars before the container that an action creates.
fn ahead<'a>(step: &StepRecord<'a>, action: &Action) -> Vec<(ContainerIndex, &'a ContainerSpec)> {
    let Action::CreateContainer { container, .. } = action else { return Vec::new() };
    let spec: &PodSpec = step.after.spec();
    let kind = spec.container(*container).map(ContainerSpec::kind);
    // An ephemeral container waits for nothing.
    if kind == Some(ContainerKind::Ephemeral) || spec.all_containers_could_restart() {
        return Vec::new();
    }
    spec.init_containers().take_while(|(index, _)| index < container).collect()
}

/// A container is created only if every init container before it has succeeded.
pub(super) fn init_containers_succeed_one_after_the_other(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    for (index, container) in ahead(step, action).into_iter().filter(|(_, it)| it.kind() == ContainerKind::Init) {
        let has_succeeded = seen.instances_of(index).any(lets_the_next_start);
        ensure!(has_succeeded, "{action:?}, and {} has not succeeded", container.name());
    }
    Ok(())
}

/// In a sandbox, a container is created only if every init container before it has succeeded in this sandbox.
pub(super) fn all_init_containers_execute_again(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    for (index, container) in ahead(step, action).into_iter().filter(|(_, it)| it.kind() == ContainerKind::Init) {
        let mut here = seen.instances_of(index).filter(|it| it.sandbox == seen.sandbox);
        let (name, sandbox) = (container.name(), seen.sandbox);
        ensure!(here.any(lets_the_next_start), "{action:?}, and {name} has not succeeded in the sandbox {sandbox:?}");
    }
    Ok(())
}

/// In a sandbox, a container is created only if every sidecar before it has started there, and its startup probe, if it
/// has one, has succeeded.
pub(super) fn sidecars_start_before_the_next(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    for (index, container) in ahead(step, action).into_iter().filter(|(_, it)| it.kind() == ContainerKind::Sidecar) {
        let has_started = |it: &ObservedInstance| {
            let is_here = it.sandbox == seen.sandbox && it.has_started();
            is_here && (container.probe(ProbeKind::Startup).is_none() || it.startup.has_succeeded)
        };
        let has_started = seen.instances_of(index).any(has_started);
        ensure!(has_started, "{action:?}, and {} has not started", container.name());
    }
    Ok(())
}

/// The postStart hook is called once for each instance.
pub(super) fn a_post_start_hook_is_delivered_once(
    seen: &Observed,
    _: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Action::RunHook { container, instance, hook: HookKind::PostStart } = action else { return Ok(()) };
    let called = seen.instance(*container, *instance).is_some_and(|it| it.post_start != HookCall::None);
    ensure!(!called, "{action:?}, the second time");
    Ok(())
}

/// The failure of a postStart hook is followed by the stop of its instance, or by the preStop hook that comes before.
pub(super) fn a_failed_post_start_hook_kills_the_container(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    let Some(Event::Runtime(RuntimeEvent::HookFinished { container, instance, hook: HookKind::PostStart, result })) =
        step.event
    else {
        return Ok(());
    };
    let runs = seen.instance(*container, *instance).is_some_and(ObservedInstance::is_running);
    let spec = step.after.spec().container(*container);
    // A preStop hook that sleeps leaves no trace but the time.
    let sleeps = matches!(spec.and_then(ContainerSpec::pre_stop), Some(LifecycleHook::Sleep(_)));
    if result.is_ok() || !runs || sleeps {
        return Ok(());
    }
    let is_end = |output: &Output| {
        let Output::Action(action) = output else { return false };
        let is_about_it = (action.container(), action.instance()) == (Some(*container), Some(*instance));
        is_about_it && matches!(action, Action::StopContainer { .. } | Action::RunHook { hook: HookKind::PreStop, .. })
    };
    ensure!(step.out.iter().any(is_end), "the postStart hook of {container:?} has failed, and it goes on");
    Ok(())
}

/// The status shows a container as running only when its postStart hook has finished.
pub(super) fn running_means_that_the_post_start_hook_has_finished(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    for (container, record, instance) in shown(seen, step) {
        let is_due = record.is_running() && is_run(container.post_start());
        let has_finished = matches!(instance.post_start, HookCall::Finished | HookCall::Failed);
        ensure!(!is_due || has_finished, "{} is running, and its postStart hook has not finished", container.name());
    }
    Ok(())
}

/// True if an init container's instance lets the next one start.
pub(super) fn lets_the_next_start(instance: &ObservedInstance) -> bool {
    matches!(instance.run, Run::Exited { code: 0, is_oom: false })
}
