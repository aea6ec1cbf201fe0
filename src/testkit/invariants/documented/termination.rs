//! Documented properties of terminations: sidecars, preStop hooks, and the end of the object.

use super::{
    super::{StepRecord, Violation, ensure},
    Observed,
    observed::{HookCall, ObservedInstance, is_run},
};
use crate::{
    action::Action,
    spec::{ContainerIndex, ContainerKind, ContainerSpec},
};

/// Returns the sidecar that an action stops because the Pod was deleted, while its grace period lasts.
///
/// "If the grace period expires before the termination process is complete", all are stopped at once; and a sidecar that
/// has failed its probe is stopped for its own sake. Only a deletion says when the grace period began.
fn sidecar_stopped_in_time<'a>(
    seen: &Observed,
    step: &StepRecord<'a>,
    action: &Action,
) -> Option<(ContainerIndex, &'a ContainerSpec)> {
    let Action::StopContainer { container, instance, .. } = action else { return None };
    let deletion = seen.deletion.as_ref()?;
    let spec = step.after.spec();
    let found = spec.container(*container).filter(|it| it.kind() == ContainerKind::Sidecar)?;
    let stopped = seen.instance(*container, *instance).filter(|it| it.is_running())?;
    let has_failed_hook = stopped.post_start == HookCall::Failed;
    let has_failed = stopped.liveness.has_failed || stopped.startup.has_failed || has_failed_hook;
    let is_for_its_own_sake = has_failed || seen.has_spec_changed;
    let is_by_others = seen.was_ended_by_node || seen.is_removed || spec.all_containers_could_restart();
    let is_over = step.now >= deletion.at + deletion.grace.min(seen.shortest_grace(spec, found));
    let is_unknown = seen.has_restarted || seen.was_set_back || spec.active_deadline().is_some();
    (!is_for_its_own_sake && !is_by_others && !is_over && !is_unknown).then_some((*container, found))
}

/// While the grace period lasts, a sidecar is stopped only if no regular container runs.
pub(super) fn sidecars_stop_after_the_main_containers(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Some((_, sidecar)) = sidecar_stopped_in_time(seen, step, action) else { return Ok(()) };
    for (index, container) in step.after.spec().regular_containers() {
        let runs = runs_unstopped(seen, index);
        ensure!(!runs, "{} is stopped, and {} runs", sidecar.name(), container.name());
    }
    Ok(())
}

/// While the grace period lasts, a sidecar is stopped only if no later sidecar runs.
pub(super) fn sidecars_stop_in_reverse_order(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Some((stopped, sidecar)) = sidecar_stopped_in_time(seen, step, action) else { return Ok(()) };
    for (index, later) in step.after.spec().sidecars().filter(|(index, _)| *index > stopped) {
        let runs = runs_unstopped(seen, index);
        ensure!(!runs, "{} is stopped, and the later {} runs", sidecar.name(), later.name());
    }
    Ok(())
}

/// True if an instance runs whose stop has not returned: one that has counts as stopped, whatever its process does.
fn runs_unstopped(seen: &Observed, container: ContainerIndex) -> bool {
    use super::observed::StopCall;
    seen.instances_of(container).any(|it| it.is_running() && it.stop != StopCall::Returned)
}

/// A running regular container with a preStop hook is stopped only after the hook was called.
pub(super) fn a_pre_stop_hook_runs_before_the_stop(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Some((container, stopped)) = stopped_regular(seen, step, action) else { return Ok(()) };
    // Housekeeping kills what is left of a refused Pod without its hooks.
    let has_grace = step.after.spec().termination_grace().is_none_or(|grace| !grace.is_zero()) && !seen.was_refused;
    let is_due = has_grace && is_run(container.pre_stop());
    let was_called = stopped.pre_stop != HookCall::None;
    ensure!(!is_due || was_called, "{} is stopped, and its preStop hook was not called", container.name());
    Ok(())
}

/// A running regular container is stopped only when its preStop hook has finished, or its grace period is over.
pub(super) fn a_stop_waits_for_the_pre_stop_hook(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Some((container, stopped)) = stopped_regular(seen, step, action) else { return Ok(()) };
    let HookCall::Running(since) = stopped.pre_stop else { return Ok(()) };
    let is_over = seen.was_set_back || step.now >= since + seen.shortest_grace(step.after.spec(), container);
    ensure!(is_over, "{} is stopped, and its preStop hook runs since {since:?}", container.name());
    Ok(())
}

/// Returns the regular container that an action stops, if it runs; a restart of all containers skips hooks.
fn stopped_regular<'a>(
    seen: &'a Observed,
    step: &StepRecord<'a>,
    action: &Action,
) -> Option<(&'a ContainerSpec, &'a ObservedInstance)> {
    let Action::StopContainer { container, instance, .. } = action else { return None };
    let spec = step.after.spec();
    let found = spec.container(*container).filter(|it| it.kind() == ContainerKind::Regular)?;
    let stopped = seen.instance(*container, *instance).filter(|it| it.is_running())?;
    (!spec.all_containers_could_restart()).then_some((found, stopped))
}

/// The kubelet deletes the object for good only when the phase is terminal and no container runs.
pub(super) fn a_deleted_pod_is_terminal_first(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    let (phase, spec) = (step.after.phase(), step.after.spec());
    ensure!(phase.is_terminal() || spec.is_static(), "the object is deleted, and the phase is {phase}");
    for (index, container) in spec.init_and_regular_containers() {
        ensure!(!seen.is_running(index), "the object is deleted, and {} runs", container.name());
    }
    Ok(())
}
