//! What must hold of every life: of a step, given all that came before.
//!
//! ```
//! use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, invariant::*}};
//! use proptest::{prelude::*, test_runner::TestRunner};
//!
//! let all: [SimulationInvariant; 10] = [
//!     transitions_follow_from_one_another, conditions_are_not_of_the_future, the_phase_changes_before_everybodys_eyes, the_worker_never_goes_back,
//!     no_instance_is_asked_for_twice, nothing_starts_once_the_end_is_decided, init_containers_go_first,
//!     nobody_is_killed_before_the_grace_is_over, memory_is_bounded, never_means_once,
//! ];
//! assert_eq!(all.len(), OF_A_LIFE.len());
//!
//! TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
//!     let (now, mut out, mut history) = (Timestamp::UNIX_EPOCH, Vec::new(), History::default());
//!     let pod = PodMachine::new(spec, config, now, &mut out);
//!     let begins = Step { before: &pod, after: &pod, now, event: None, out: &out };
//!     history.hear(&begins);
//!     for holds in all {
//!         holds(&history, &begins).map_err(TestCaseError::fail)?;
//!     }
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{
    History, Step, Violation,
    history::ContainerHistory,
    hold,
    step::{actions, changes},
};
use crate::{
    action::{Action, Change, ContainerStateKind, Transition},
    api::{ConditionStatus, PodPhase, RestartPolicy},
    kubelet::{WORKER_MOVES, WorkerState},
    spec::{ContainerIndex, ContainerSpec},
    state::{ConditionType, Instance, InstanceState},
};

/// Something that must hold of a step, given what came before.
pub type SimulationInvariant = fn(&History, &Step<'_>) -> Result<(), Violation>;

/// All that must hold of every life, by name.
pub const OF_A_LIFE: &[(&str, SimulationInvariant)] = &[
    ("transitions follow from one another", transitions_follow_from_one_another),
    ("conditions are not of the future", conditions_are_not_of_the_future),
    ("the phase changes before everybody's eyes", the_phase_changes_before_everybodys_eyes),
    ("the worker never goes back", the_worker_never_goes_back),
    ("no instance is asked for twice", no_instance_is_asked_for_twice),
    ("nothing starts once the end is decided", nothing_starts_once_the_end_is_decided),
    ("init containers go first", init_containers_go_first),
    ("nobody is killed before the grace is over", nobody_is_killed_before_the_grace_is_over),
    ("memory is bounded", memory_is_bounded),
    ("Never means once", never_means_once),
];

/// What changes was before as the last change left it.
pub fn transitions_follow_from_one_another(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    for (place, told) in changes(step).enumerate() {
        let earlier = || changes(step).take(place);
        match told.change {
            Change::Phase { from: Some(from), .. } => {
                let last = earlier().filter_map(phase_of).last().or(history.phase);
                hold!(Some(from) == last, "{told:?}, but it was {last:?}");
            }
            Change::Container { container, from: Some(from), .. } => {
                let known = || history.containers.get(&container).and_then(|known| known.state);
                let last = earlier().filter_map(|told| state_of(told, container)).last().or_else(known);
                hold!(Some(from) == last, "{told:?}, but it was {last:?}");
            }
            Change::Condition { condition, from: Some(from), .. } => {
                let known = || Some(history.conditions.iter().find(|(which, _)| *which == condition)?.1);
                let last = earlier().filter_map(|told| status_of(told, condition)).last().or_else(known);
                hold!(Some(from) == last, "{told:?}, but it was {last:?}");
            }
            Change::Phase { from: None, .. }
            | Change::Container { from: None, .. }
            | Change::Condition { from: None, .. } => {}
        }
    }
    Ok(())
}

/// No condition of the kubelet's has changed later than now.
pub fn conditions_are_not_of_the_future(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    if !changes(step).any(|told| matches!(told.change, Change::Condition { .. })) {
        return Ok(());
    }
    for (which, _, since) in step.after.published().conditions() {
        hold!(since.is_none_or(|since| Some(since) <= history.latest), "{which} since {since:?}, which is to come");
    }
    Ok(())
}

fn phase_of(told: &Transition) -> Option<PodPhase> {
    if let Change::Phase { to, .. } = told.change { Some(to) } else { None }
}

fn state_of(told: &Transition, of: ContainerIndex) -> Option<ContainerStateKind> {
    if let Change::Container { container, to, .. } = told.change { (container == of).then_some(to) } else { None }
}

fn status_of(told: &Transition, of: ConditionType) -> Option<ConditionStatus> {
    if let Change::Condition { condition, to, .. } = told.change { (condition == of).then_some(to) } else { None }
}

/// Whenever the phase has changed, a transition says so.
pub fn the_phase_changes_before_everybodys_eyes(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let told = changes(step).filter_map(phase_of).last().or(history.phase);
    let is = step.after.phase();
    hold!(step.after.is_gone() || told.is_none_or(|told| told == is), "the phase became {is}, and {told:?} was told");
    Ok(())
}

/// A worker goes from one state to the next, as its table says; only a kubelet that restarts makes a new one.
pub fn the_worker_never_goes_back(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let (from, to) = (step.before.worker_state(), step.after.worker_state());
    let begins_again = history.restarts && leads_to(WorkerState::Syncing, to);
    hold!(leads_to(from, to) || begins_again, "the worker went from {from} to {to}");
    Ok(())
}

/// Whether a worker gets from one state to another, step by step.
pub(super) fn leads_to(from: WorkerState, to: WorkerState) -> bool {
    from == to || WORKER_MOVES.iter().any(|&(a, b)| a == from && leads_to(b, to))
}

/// No instance's name is used twice.
pub fn no_instance_is_asked_for_twice(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    for (place, action) in actions(step).enumerate() {
        let Action::CreateContainer { container, instance, .. } = action else { continue };
        let knows = |known: &ContainerHistory| known.names.contains(instance);
        let was_asked = history.containers.get(container).is_some_and(knows)
            || actions(step).take(place).any(|earlier| {
                matches!(earlier, Action::CreateContainer { container: of, instance: it, .. }
                    if (of, it) == (container, instance))
            });
        hold!(!was_asked, "{instance:?} of {container:?} was asked for before");
    }
    Ok(())
}

/// Once the end of a Pod is decided, nothing is started any more, but for what the sync that was under way had begun:
/// one sandbox, and one instance of each container.
pub fn nothing_starts_once_the_end_is_decided(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let Some(end) = history.end.as_ref().filter(|_| step.before.worker_state() != WorkerState::Syncing) else {
        return Ok(());
    };
    for action in actions(step) {
        let what = if let Action::CreateContainer { container, .. } = action { Some(*container) } else { None };
        if what.is_none() && !matches!(action, Action::RunPodSandbox { .. }) {
            continue;
        }
        hold!(end.was_syncing, "{action:?}, and nothing was under way when the end was decided");
        hold!(!end.begun.contains(&what), "{action:?}, the second since the end was decided");
    }
    Ok(())
}

/// No container is created before every init container ahead of it has ended well, or runs if it is a sidecar; unless
/// the Pod has been initialized before.
pub fn init_containers_go_first(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let spec = step.after.spec();
    if history.has_regular || !spec.has_init_containers() {
        return Ok(());
    }
    for action in actions(step) {
        let Action::CreateContainer { container, .. } = action else { continue };
        if spec.ephemeral_containers().any(|(index, _)| index == *container) {
            continue;
        }
        for (index, ahead) in spec.init_containers().filter(|(index, _)| index < container) {
            let has_passed = history.containers.get(&index).is_some_and(|known| known.has_passed);
            hold!(has_passed, "{action:?}, and {} has not let it go on", ahead.name());
        }
    }
    Ok(())
}

/// Between when a container is to end, by word or by its preStop hook, and SIGKILL lies the grace that it was promised,
/// unless the clock was set back.
pub fn nobody_is_killed_before_the_grace_is_over(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    if history.was_set_back {
        return Ok(());
    }
    for action in actions(step) {
        let Action::StopContainer { container, instance, timeout } = action else { continue };
        let promised = history.promised(step.after, *container);
        let hook = history.containers.get(container).and_then(|known| known.hooks.get(instance).copied());
        let end = history.end.as_ref().map(|end| end.since);
        let since = [hook, end].into_iter().flatten().fold(step.now, core::cmp::Ord::min);
        let killed_at = step.now + *timeout;
        let earliest = since + promised;
        hold!(killed_at >= earliest, "{action:?} at {:?}: it was promised to live until {earliest:?}", step.now);
    }
    Ok(())
}

/// What a Pod knows of its runtime is what was listed and what it has asked for, and its status has one record for
/// each container.
pub fn memory_is_bounded(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let (known, most) = (step.after.runtime().instances.len(), history.most_listed.saturating_add(history.asked));
    hold!(known <= most, "{known} instances are known, and there cannot be more than {most}");
    let (records, containers) = (step.after.published().containers().len(), step.after.spec().container_count());
    hold!(records <= containers, "{records} records of {containers} containers");
    Ok(())
}

/// With `Never`, a container that the Pod has created and that has run is not created again in the same sandbox: only
/// another image, or a rule of the container's own, can do that; or a relist that loses it, or a
/// clock that was set back, by which the relist that would have seen it is late.
pub fn never_means_once(history: &History, step: &Step<'_>) -> Result<(), Violation> {
    let spec = step.after.spec();
    let is_blind = history.was_misled || history.was_set_back;
    if spec.restart_policy() != RestartPolicy::Never || spec.all_containers_could_restart() || is_blind {
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
        hold!(earlier.is_none(), "{action:?}, but {earlier:?} has run");
    }
    Ok(())
}
