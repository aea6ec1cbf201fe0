//! Invariants of a step, given all steps before it.

use super::{
    History, StepRecord, Violation, ensure,
    history::ContainerHistory,
    step::{actions, is_refused, records, transitions},
};
use crate::{
    action::{Action, Change, ContainerStateKind, Transition},
    api::{ConditionStatus, PodPhase, RestartPolicy},
    config::FeatureGate,
    kubelet::{PHASE_MOVES, WORKER_MOVES, WorkerState},
    spec::{ContainerIndex, ContainerSpec},
    state::{ConditionType, Instance, InstanceState},
};

/// Property of a step, given the history before it.
pub type HistoryInvariant = fn(&History, &StepRecord<'_>) -> Result<(), Violation>;

/// All history invariants, with their names.
pub const HISTORY_INVARIANTS: &[(&str, HistoryInvariant)] = &[
    ("a terminal phase is final", a_terminal_phase_is_final),
    ("each phase change is in its table", each_phase_change_is_in_its_table),
    ("each transition starts where the last one ended", each_transition_starts_where_the_last_one_ended),
    ("restart counts never decrease", restart_counts_never_decrease),
    ("condition times are not in the future", condition_times_are_not_in_the_future),
    ("each phase change is a transition", each_phase_change_is_a_transition),
    ("the worker state only advances", the_worker_state_only_advances),
    ("each instance is created once", each_instance_is_created_once),
    ("nothing starts once termination has begun", nothing_starts_once_termination_has_begun),
    ("init containers complete first", init_containers_complete_first),
    ("nothing starts before the volumes are mounted", nothing_starts_before_the_volumes_are_mounted),
    ("SIGKILL waits for the grace period", sigkill_waits_for_the_grace_period),
    ("memory is bounded", memory_is_bounded),
    ("restartPolicy Never runs a container once", restart_policy_never_runs_a_container_once),
];

/// Under a volume manager, a sandbox or container is created only when all volumes that containers mount have been mounted.
///
/// Answers to `WaitForAttachAndMount`, which comes before everything of the runtime in `SyncPod`.
fn nothing_starts_before_the_volumes_are_mounted(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    if !step.after.config().volume_manager {
        return Ok(());
    }
    let is_start = |action: &&Action| matches!(action, Action::RunPodSandbox { .. } | Action::CreateContainer { .. });
    if let Some(start) = actions(step).find(is_start) {
        for (index, volume) in step.after.spec().volumes().filter(|(_, volume)| volume.is_mounted()) {
            ensure!(history.mounted.contains(&index), "{start:?}, but {} is not mounted", volume.name());
        }
    }
    Ok(())
}

/// A Pod never leaves the phases `Succeeded` and `Failed`, unless another writer has set one: the kubelet writes its own over that.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
fn a_terminal_phase_is_final(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let (before, after) = (step.before.phase(), step.after.phase());
    let is_final = before.is_terminal() && !history.has_phase_of_others;
    ensure!(!is_final || before == after, "{before} became {after}");
    Ok(())
}

/// Each transition of a phase is in [`PHASE_MOVES`], unless another writer has set one.
fn each_phase_change_is_in_its_table(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    for transition in transitions(step).filter(|_| !history.has_phase_of_others) {
        if let Change::Phase { from: Some(from), to } = transition.change {
            ensure!(PHASE_MOVES.contains(&(from, to)), "{transition:?} is not in PHASE_MOVES");
        }
    }
    Ok(())
}

/// `from` of a transition is `to` of the last transition of the same phase, container or condition.
fn each_transition_starts_where_the_last_one_ended(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    for (index, transition) in transitions(step).enumerate() {
        let earlier = || transitions(step).take(index);
        match transition.change {
            Change::Phase { from: Some(from), .. } => {
                // The last one of this step, or of all steps before it.
                let last = earlier().filter_map(phase_of).last().or(history.phase);
                ensure!(Some(from) == last, "{transition:?}, but it was {last:?}");
            }
            Change::Container { container, from: Some(from), .. } => {
                let known = || history.containers.get(&container).and_then(|known| known.state);
                let last = earlier().filter_map(|it| state_of(it, container)).last().or_else(known);
                ensure!(Some(from) == last, "{transition:?}, but it was {last:?}");
            }
            Change::Condition { condition, from: Some(from), .. } => {
                let known = || Some(history.conditions.iter().find(|(which, _)| *which == condition)?.1);
                let last = earlier().filter_map(|it| status_of(it, condition)).last().or_else(known);
                ensure!(Some(from) == last, "{transition:?}, but it was {last:?}");
            }
            Change::Phase { from: None, .. }
            | Change::Container { from: None, .. }
            | Change::Condition { from: None, .. } => {}
        }
    }
    Ok(())
}

/// `lastTransitionTime` of the kubelet's conditions is never in the future.
fn condition_times_are_not_in_the_future(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    if !transitions(step).any(|it| matches!(it.change, Change::Condition { .. })) {
        return Ok(());
    }
    for (which, _, since) in step.after.published().conditions() {
        // Compared with the latest time ever: a clock that was set back leaves older times in the future.
        ensure!(since.is_none_or(|since| Some(since) <= history.latest), "{which} since {since:?} is in the future");
    }
    Ok(())
}

fn phase_of(transition: &Transition) -> Option<PodPhase> {
    if let Change::Phase { to, .. } = transition.change { Some(to) } else { None }
}

fn state_of(transition: &Transition, of: ContainerIndex) -> Option<ContainerStateKind> {
    if let Change::Container { container, to, .. } = transition.change { (container == of).then_some(to) } else { None }
}

fn status_of(transition: &Transition, of: ConditionType) -> Option<ConditionStatus> {
    if let Change::Condition { condition, to, .. } = transition.change { (condition == of).then_some(to) } else { None }
}

/// The last published phase is the Pod's phase: no change is skipped.
fn each_phase_change_is_a_transition(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let published = transitions(step).filter_map(phase_of).last().or(history.phase);
    let phase = step.after.phase();
    // A resumed Pod has published nothing yet.
    let is_published = published.is_none_or(|published| published == phase);
    ensure!(step.after.is_gone() || is_published, "the phase is {phase}, and {published:?} was published");
    Ok(())
}

/// The worker's state changes only as [`WORKER_MOVES`] allows; a kubelet that restarts creates a new worker, and its
/// admission may refuse a Pod that ran.
fn the_worker_state_only_advances(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let (from, to) = (step.before.worker_state(), step.after.worker_state());
    let is_new_worker = history.restarts && leads_to(WorkerState::Rejected, to);
    ensure!(leads_to(from, to) || is_new_worker, "the worker went from {from} to {to}");
    Ok(())
}

/// True if a worker can get from one state to another, in any number of moves.
pub(super) fn leads_to(from: WorkerState, to: WorkerState) -> bool {
    from == to || WORKER_MOVES.iter().any(|&(a, b)| a == from && leads_to(b, to))
}

/// Each `CreateContainer` has an instance ID that its container never had before.
fn each_instance_is_created_once(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    for (index, action) in actions(step).enumerate() {
        let Action::CreateContainer { container, instance, .. } = action else { continue };
        let has_created = |known: &ContainerHistory| known.created.contains(instance);
        let is_repeated = history.containers.get(container).is_some_and(has_created)
            || actions(step).take(index).any(|earlier| {
                matches!(earlier, Action::CreateContainer { container: of, instance: it, .. }
                    if (of, it) == (container, instance))
            });
        ensure!(!is_repeated, "{instance:?} of {container:?} was created before");
    }
    Ok(())
}

/// Once the worker terminates the Pod, no sandbox or container is created. A sync that was under way may complete what
/// it had begun: one sandbox, and one instance of each container.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
fn nothing_starts_once_termination_has_begun(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let is_terminating = step.before.worker_state() != WorkerState::Syncing;
    let Some(termination) = history.termination.as_ref().filter(|_| is_terminating) else { return Ok(()) };
    for action in actions(step) {
        let what = if let Action::CreateContainer { container, .. } = action { Some(*container) } else { None };
        if what.is_none() && !matches!(action, Action::RunPodSandbox { .. }) {
            continue;
        }
        ensure!(termination.was_syncing, "{action:?}, and no sync was under way when the termination began");
        ensure!(!termination.started.contains(&what), "{action:?}, the second since the termination began");
    }
    Ok(())
}

/// A container is created only after every init container before it has exited with code 0, or runs if it is a sidecar;
/// unless the Pod was initialized before.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior>
fn init_containers_complete_first(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let spec = step.after.spec();
    if history.has_regular || !spec.has_init_containers() {
        return Ok(());
    }
    for action in actions(step) {
        let Action::CreateContainer { container, .. } = action else { continue };
        // Ephemeral containers wait for no init container.
        if spec.ephemeral_containers().any(|(index, _)| index == *container) {
            continue;
        }
        for (index, ahead) in spec.init_containers().filter(|(index, _)| index < container) {
            let has_passed = history.containers.get(&index).is_some_and(|known| known.has_passed);
            ensure!(has_passed, "{action:?}, and {} has not completed", ahead.name());
        }
    }
    Ok(())
}

/// At least the grace period lies between the begin of a container's stop, with its preStop hook if it has one, and
/// SIGKILL; unless the clock was set back.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow>
fn sigkill_waits_for_the_grace_period(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    if history.was_set_back {
        return Ok(());
    }
    for action in actions(step) {
        let Action::StopContainer { container, instance, timeout } = action else { continue };
        let grace = history.minimum_grace(step.after, *container);
        let hook = history.containers.get(container).and_then(|known| known.pre_stop.get(instance).copied());
        let termination = history.termination.as_ref().map(|it| it.since);
        // The preStop hook runs within the grace period, so the period begins with it.
        let since = [hook, termination].into_iter().flatten().fold(step.now, core::cmp::Ord::min);
        let (killed_at, earliest) = (step.now + *timeout, since + grace);
        ensure!(killed_at >= earliest, "{action:?} at {:?}: its grace period lasts until {earliest:?}", step.now);
    }
    Ok(())
}

/// A Pod knows no more instances than were listed or created, and no more records than it has containers.
fn memory_is_bounded(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let (known, most) = (step.after.runtime().instances.len(), history.most_listed.saturating_add(history.created));
    ensure!(known <= most, "{known} instances are known, and there are at most {most}");
    let (records, containers) = (step.after.published().containers().len(), step.after.spec().container_count());
    ensure!(records <= containers, "{records} records of {containers} containers");
    Ok(())
}

/// With `restartPolicy: Never`, a container that has run is not created again in the same sandbox.
///
/// Exceptions: another image, a restart rule, a relist that loses the container, and a clock that was set back, which
/// delays the relist that would have shown it.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
fn restart_policy_never_runs_a_container_once(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let spec = step.after.spec();
    // A container that a relist has lost is created anew by a real kubelet, too.
    let may_miss_it = history.has_relist_differed || history.was_set_back;
    if spec.restart_policy() != RestartPolicy::Never || spec.all_containers_could_restart() || may_miss_it {
        return Ok(());
    }
    for action in actions(step) {
        let Action::CreateContainer { container, .. } = action else { continue };
        let restart = spec.container(*container).map(ContainerSpec::restart);
        if restart.is_none_or(|restart| restart.policy() != RestartPolicy::Never || !restart.rules().is_empty()) {
            continue;
        }
        let Some(known) = history.containers.get(container) else { continue };
        let active = step.before.runtime().active_sandbox().map(|sandbox| sandbox.id);
        let has_run = |instance: &&Instance| {
            let is_own = known.started.contains(&instance.id) && Some(instance.sandbox) == active;
            let ran = matches!(instance.state, InstanceState::Running { .. } | InstanceState::Exited(_));
            is_own && ran && !instance.spec_changed
        };
        let earlier = step.before.runtime().instances_of(*container).find(has_run);
        ensure!(earlier.is_none(), "{action:?}, but {earlier:?} has run");
    }
    Ok(())
}

/// `restartCount` of a container never decreases, since 1.36 has carried it over from the status, unless its Pod is
/// rejected: that replaces the whole status.
///
/// Before, it was the runtime's, which counts from 0 again once its dead containers are removed.
fn restart_counts_never_decrease(history: &History, step: &StepRecord<'_>) -> Result<(), Violation> {
    let carries_over = step.after.config().kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits);
    if !carries_over || history.was_refused || is_refused(step) {
        return Ok(());
    }
    for (index, record) in records(step.after) {
        let before = records(step.before).find(|(other, _)| *other == index).map_or(0, |(_, it)| it.restart_count);
        let after = record.restart_count;
        ensure!(before <= after, "container {index}: restartCount {before} became {after}");
    }
    Ok(())
}
