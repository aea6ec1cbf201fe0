//! Documented properties of phase and conditions.

use alloc::string::ToString;
use core::time::Duration;

use super::{
    super::{StepRecord, Violation, ensure},
    Observed,
    observed::{ObservedInstance, Run, name_of},
    probes::shown,
    start::lets_the_next_start,
};
use crate::{
    api::{ConditionStatus, Name, PodPhase},
    spec::{ContainerIndex, ContainerKind},
    state::{ConditionReason, ConditionType, is_owned_by_kubelet},
};

fn is_true(step: &StepRecord<'_>, which: ConditionType) -> bool {
    let conditions = step.after.published().conditions();
    conditions.iter().any(|(it, condition, _)| *it == which && condition.status == ConditionStatus::True)
}

/// Returns the last run of a container that has started.
fn last_run(seen: &Observed, container: ContainerIndex) -> Option<Run> {
    seen.instances_of(container).rev().find(|it| it.has_started()).map(|it| it.run)
}

/// Time after which a kubelet at rest has seen an exit: its PLEG asks once a second.
const LATENCY: Duration = Duration::from_secs(5);

/// A container that is shown as running has not exited.
///
/// A Pod that is being ended shows its containers as they were until the last has stopped; and a status is only as new as
/// the last look at the runtime.
pub(super) fn running_means_executing(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    let is_settled = step.event.is_none() && step.after.is_idle() && !seen.is_restarting && !seen.was_set_back;
    if !is_settled || seen.was_ended() || step.after.spec().active_deadline().is_some() {
        return Ok(());
    }
    for (container, record, instance) in shown(seen, step) {
        let is_old = instance.exited_at.is_some_and(|at| step.now > at + LATENCY);
        let name = container.name();
        ensure!(
            !record.is_running() || !is_old,
            "{name} is shown as running, and has exited at {:?}",
            instance.exited_at
        );
    }
    Ok(())
}

/// A container that is shown as terminated does not run, in another instance; with the exceptions of
/// [`running_means_executing`].
pub(super) fn terminated_means_ended(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    let is_settled = step.event.is_none() && step.after.is_idle() && !seen.is_restarting && !seen.was_set_back;
    if !is_settled || seen.was_ended() || step.after.spec().active_deadline().is_some() {
        return Ok(());
    }
    for ((index, container), record) in step.after.spec().containers().zip(step.after.published().containers()) {
        let is_terminated = record.as_ref().is_some_and(|record| record.termination().is_some());
        let runs = |it: &ObservedInstance| it.is_running() && it.started_at.is_some_and(|at| step.now > at + LATENCY);
        let runs = seen.instances_of(index).any(runs);
        ensure!(!is_terminated || !runs, "{} is shown as terminated, and runs", container.name());
    }
    Ok(())
}

/// In the phase Running every regular container has been created.
pub(super) fn running_means_that_all_containers_were_created(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    if step.after.phase() != PodPhase::Running || seen.was_ended_by_others {
        return Ok(());
    }
    for (index, container) in step.after.spec().regular_containers() {
        let was_created = seen.instances_of(index).any(|it| it.is_created);
        ensure!(was_created, "Running, and {} was never created", container.name());
    }
    Ok(())
}

/// In the phase Succeeded every regular container has exited with code 0, and none runs.
pub(super) fn succeeded_means_that_all_containers_have_succeeded(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    if step.after.phase() != PodPhase::Succeeded || seen.was_ended_by_others {
        return Ok(());
    }
    for (index, container) in step.after.spec().regular_containers() {
        let last = last_run(seen, index);
        let has_succeeded = matches!(last, Some(Run::Exited { code: 0, .. }));
        ensure!(has_succeeded, "Succeeded, and the last run of {} is {last:?}", container.name());
    }
    Ok(())
}

/// In the phase Failed no container runs, and one has failed: its exit code is not 0, it never ran, or the system ended
/// the Pod.
pub(super) fn failed_means_that_all_containers_have_ended(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    if step.after.phase() != PodPhase::Failed || seen.was_ended_by_others {
        return Ok(());
    }
    let spec = step.after.spec();
    for (index, container) in spec.init_and_regular_containers() {
        ensure!(!seen.is_running(index), "Failed, and {} runs", container.name());
    }
    let was_terminated_by_the_system = seen.was_ended() || spec.active_deadline().is_some();
    let has_failed = |(index, _)| {
        let newest = seen.instances_of(index).next_back();
        // One that failed to start ends without an exit of its own.
        newest.is_some_and(|newest| newest.has_failed_to_start)
            || !matches!(last_run(seen, index), Some(Run::Exited { code: 0, .. }))
    };
    let has_any_failed = spec.regular_containers().any(has_failed);
    ensure!(was_terminated_by_the_system || has_any_failed, "Failed, and every container has exited with code 0");
    Ok(())
}

/// `Ready` is True only if the conditions of all readiness gates are.
///
/// The kubelet reads a changed condition with its next sync, so the property asks once it is at rest and a second has
/// passed: it takes a bounded number of changes in each second.
pub(super) fn ready_means_that_the_gates_are_true(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    let is_settled = step.event.is_none() && step.after.is_idle() && !seen.is_restarting;
    if !is_settled || !step.after.published().is_ready() {
        return Ok(());
    }
    for gate in step.after.spec().readiness_gates().iter().filter(|gate| !is_owned_by_kubelet(gate)) {
        let known = seen.conditions.get(gate);
        let status = known.map(|(status, _)| *status);
        ensure!(status == Some(ConditionStatus::True), "Ready, and the readiness gate {gate} is {status:?}");
    }
    Ok(())
}

/// `ContainersReady` is True only if every regular container and every sidecar is ready in the same status.
pub(super) fn containers_ready_includes_sidecars(_: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    if !is_true(step, ConditionType::ContainersReady) {
        return Ok(());
    }
    let published = step.after.published();
    for ((_, container), record) in step.after.spec().containers().zip(published.containers()) {
        let counts = matches!(container.kind(), ContainerKind::Regular | ContainerKind::Sidecar);
        let is_ready = record.as_ref().is_some_and(|record| record.ready);
        ensure!(!counts || is_ready, "ContainersReady, and {} is not ready", container.name());
    }
    Ok(())
}

/// `Ready` is True only if every init container has succeeded, in some sandbox.
pub(super) fn ready_means_initialized(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    if !step.after.published().is_ready() || step.after.spec().all_containers_could_restart() {
        return Ok(());
    }
    for (index, container) in step.after.spec().init_containers() {
        let has_succeeded = seen.instances_of(index).any(lets_the_next_start);
        let is_init = container.kind() == ContainerKind::Init;
        ensure!(!is_init || has_succeeded, "Ready, and {} has not succeeded", container.name());
    }
    Ok(())
}

/// `PodReadyToStartContainers` is True only if a sandbox with a network was created.
pub(super) fn ready_to_start_containers_means_a_network(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    let which = ConditionType::PodReadyToStartContainers;
    // A node's own network needs no configuration.
    let needs_network = !step.after.spec().uses_host_network();
    ensure!(!is_true(step, which) || !needs_network || seen.has_had_sandbox, "{which}, and no sandbox was created");
    Ok(())
}

/// A condition whose status changes gets a transition time that is not before its former one.
pub(super) fn a_transition_is_not_older_than_the_one_before(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    if seen.was_set_back {
        return Ok(());
    }
    for (which, condition, at) in step.after.published().conditions() {
        let Some((status, since)) = seen.conditions.get(&name_of(which)) else { continue };
        let (Some(at), to) = (at, condition.status) else { continue };
        let is_older = *status != to && at < since.whole_seconds();
        ensure!(!is_older, "{which} went from {status} since {since:?} to {to} since {at:?}");
    }
    Ok(())
}

/// The kubelet sets `DisruptionTarget` only for an eviction, a preemption or a shutdown.
pub(super) fn a_disruption_has_a_cause(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    let published = step.after.published();
    let by_kubelet = published.external_conditions().iter().any(|condition| {
        condition.type_ == ConditionType::DisruptionTarget.name()
            && condition.reason == ConditionReason::TerminationByKubelet.name()
            && condition.status.to_string() == "True"
            && !seen.conditions.contains_key(&condition.type_)
    });
    ensure!(!by_kubelet || seen.was_disrupted, "DisruptionTarget, and the node has not ended the Pod");
    Ok(())
}
