//! Invariants of a single step.

use alloc::{format, vec::Vec};

use super::{Invariant, StepRecord, Violation, ensure};
use crate::{
    action::{Action, Change, Transition},
    api::ConditionStatus,
    kubelet::{CONTAINER_MOVES, Output, PodMachine, Wake, WorkerState},
    rule::grace::MINIMUM_GRACE,
    state::{ConditionType, ContainerRecord, FailureMessage, RecordedState, Waiting},
};

/// All invariants of a single step, with their names.
pub const STEP_INVARIANTS: &[(&str, Invariant)] = &[
    ("poll_timeout is the next wake", poll_timeout_is_the_next_wake),
    ("transitions are in their tables", transitions_are_in_their_tables),
    ("Ready implies ContainersReady", ready_implies_containers_ready),
    ("a finished Pod only collects garbage", a_finished_pod_only_collects_garbage),
    ("a terminated Pod starts nothing", a_terminated_pod_starts_nothing),
    ("stops leave the minimum grace", stops_leave_the_minimum_grace),
    ("crash-loop delays are within limits", crash_loop_delays_are_within_limits),
    ("nothing is published after the object is removed", nothing_is_published_after_the_object_is_removed),
    ("an unfinished Pod has a timer or waits for an answer", an_unfinished_pod_has_a_timer_or_waits_for_an_answer),
    ("sandbox IDs are unique", sandbox_ids_are_unique),
    ("the start time never changes", the_start_time_never_changes),
];

pub(super) fn actions<'a>(step: &StepRecord<'a>) -> impl Iterator<Item = &'a Action> {
    step.out.iter().filter_map(|output| if let Output::Action(action) = output { Some(action) } else { None })
}

pub(super) fn transitions<'a>(step: &StepRecord<'a>) -> impl Iterator<Item = &'a Transition> {
    step.out.iter().filter_map(|output| if let Output::Transition(it) = output { Some(it) } else { None })
}

/// Reasons of a refusal by the node, beside `OutOfcpu` and its like.
const REFUSALS: [&str; 7] = [
    "PodOSNotSupported",
    "UnexpectedAdmissionError",
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "TaintToleration",
    "VolumeAttachmentLimitExceeded",
];

/// True if the node refuses the Pod in this step or has done so before it, when it came or after a restart of the kubelet.
///
/// A Pod that is also being deleted is no longer `Rejected` when the step ends: the event alone shows the refusal.
pub(super) fn is_refused(step: &StepRecord<'_>) -> bool {
    let says_so = |output: &Output| {
        matches!(output, Output::Event(event)
            if event.reason.starts_with("OutOf") || REFUSALS.contains(&event.reason.as_ref()))
    };
    step.after.worker_state() == WorkerState::Rejected || step.out.iter().any(says_so)
}

pub(super) fn records(pod: &PodMachine) -> impl Iterator<Item = (usize, &ContainerRecord)> {
    let all = pod.published().containers().iter().enumerate();
    all.filter_map(|(index, record)| Some((index, record.as_ref()?)))
}

/// [`PodMachine::poll_timeout`] returns the time of [`PodMachine::next_wake`].
fn poll_timeout_is_the_next_wake(step: &StepRecord<'_>) -> Result<(), Violation> {
    let (poll, next) = (step.after.poll_timeout(), step.after.next_wake());
    ensure!(poll == next.map(|(at, _)| at), "poll_timeout is {poll:?}, next_wake {next:?}");
    Ok(())
}

/// Each transition of a container state is in [`CONTAINER_MOVES`], and each transition happens now.
fn transitions_are_in_their_tables(step: &StepRecord<'_>) -> Result<(), Violation> {
    for transition in transitions(step) {
        ensure!(transition.at == step.now, "{transition:?} at {:?}", step.now);
        match transition.change {
            Change::Container { from: Some(from), to, .. } => {
                // The same state again is that of another instance.
                ensure!(
                    from == to || CONTAINER_MOVES.contains(&(from, to)),
                    "{transition:?} is not in CONTAINER_MOVES"
                );
            }
            Change::Condition { from: Some(from), to, .. } => ensure!(from != to, "{transition:?} changes nothing"),
            Change::Phase { .. } | Change::Container { from: None, .. } | Change::Condition { from: None, .. } => {}
        }
    }
    Ok(())
}

/// If `Ready` is true, then so is `ContainersReady`; and if that is true, every regular container is ready.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>
fn ready_implies_containers_ready(step: &StepRecord<'_>) -> Result<(), Violation> {
    let published = step.after.published();
    let conditions = published.conditions();
    let is_true =
        |which| conditions.iter().any(|(it, condition, _)| *it == which && condition.status == ConditionStatus::True);
    ensure!(
        !is_true(ConditionType::Ready) || is_true(ConditionType::ContainersReady),
        "Ready, but not ContainersReady"
    );
    if is_true(ConditionType::ContainersReady) {
        for (index, container) in published.spec().regular_containers() {
            let record = published.containers().get(index.get()).and_then(Option::as_ref);
            let is_ready = record.is_some_and(|record| record.ready);
            ensure!(is_ready, "ContainersReady, but {} is not ready", container.name());
        }
    }
    Ok(())
}

/// The only timers of a finished Pod are those that remove dead containers and sandboxes, and those of its volumes: a
/// mount that ends late is undone.
fn a_finished_pod_only_collects_garbage(step: &StepRecord<'_>) -> Result<(), Violation> {
    let next = step.after.next_wake();
    let only_garbage = next.is_none_or(|(_, wake)| match wake {
        Wake::GarbageCollection | Wake::RemoveDead | Wake::PopulateVolumes | Wake::ReconcileVolumes => true,
        // As long as the object is there, the status manager compares it with its own status.
        Wake::StatusWrite => !step.after.is_gone(),
        Wake::VolumeWait
        | Wake::Relist
        | Wake::Stop(_)
        | Wake::HookSlept(_)
        | Wake::Probe(..)
        | Wake::KillTimeout
        | Wake::Retry
        | Wake::Deadline
        | Wake::Housekeeping
        | Wake::ResizeRetry
        | Wake::StatusSync => false,
    });
    ensure!(step.after.worker_state() != WorkerState::Finished || only_garbage, "a finished Pod wakes: {next:?}");
    Ok(())
}

/// Once all containers of a Pod have terminated for good, no sandbox or container is started.
fn a_terminated_pod_starts_nothing(step: &StepRecord<'_>) -> Result<(), Violation> {
    let is_terminated =
        |pod: &PodMachine| matches!(pod.worker_state(), WorkerState::Terminated | WorkerState::Finished);
    if is_terminated(step.before) && is_terminated(step.after) {
        let is_start = |action: &&Action| {
            matches!(
                action,
                Action::RunPodSandbox { .. } | Action::CreateContainer { .. } | Action::StartContainer { .. }
            )
        };
        let started = actions(step).find(is_start);
        ensure!(started.is_none(), "the Pod has terminated, and starts {started:?}");
    }
    Ok(())
}

/// Every `StopContainer` leaves at least the kubelet's minimum grace period of two seconds
/// (`minimumGracePeriodInSeconds`).
fn stops_leave_the_minimum_grace(step: &StepRecord<'_>) -> Result<(), Violation> {
    for action in actions(step) {
        let Action::StopContainer { timeout, .. } = action else { continue };
        ensure!(*timeout >= MINIMUM_GRACE, "{action:?} leaves less than {MINIMUM_GRACE:?}");
    }
    Ok(())
}

/// The delay of a `CrashLoopBackOff` is between the configured initial and maximum delays.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
fn crash_loop_delays_are_within_limits(step: &StepRecord<'_>) -> Result<(), Violation> {
    let limits = step.after.config().crash_loop;
    for (index, record) in records(step.after) {
        let Some(RecordedState::Waiting(Waiting::Failed(failure))) = &record.state else { continue };
        let FailureMessage::RestartBackOff { delay } = failure.message else { continue };
        // A maximum below the initial delay is legal; the initial delay then applies.
        let is_within = (limits.initial..=limits.max.max(limits.initial)).contains(&delay);
        ensure!(is_within, "container {index} backs off for {delay:?}, and the limits are {limits:?}");
    }
    Ok(())
}

/// No status or transition is published for a Pod whose API object is removed.
fn nothing_is_published_after_the_object_is_removed(step: &StepRecord<'_>) -> Result<(), Violation> {
    let published = step.out.iter().find(|it| matches!(it, Output::Transition(_) | Output::Published));
    ensure!(!step.before.is_gone() || published.is_none(), "the object is removed, and {published:?} is published");
    Ok(())
}

/// A Pod without a timer is finished, or its worker waits for the answer to an action: no Pod gets stuck.
fn an_unfinished_pod_has_a_timer_or_waits_for_an_answer(step: &StepRecord<'_>) -> Result<(), Violation> {
    let pod = step.after;
    // A rejected Pod has no worker: it waits for its object.
    let has_worker = !matches!(pod.worker_state(), WorkerState::Rejected | WorkerState::Finished);
    let is_stuck = pod.poll_timeout().is_none() && pod.is_idle() && has_worker;
    ensure!(!is_stuck, "no timer and no pending action, and the worker is {}", pod.worker_state());
    Ok(())
}

/// The Pod's sandboxes have different IDs.
fn sandbox_ids_are_unique(step: &StepRecord<'_>) -> Result<(), Violation> {
    let mut ids: Vec<_> = step.after.runtime().sandboxes.iter().map(|sandbox| sandbox.id).collect();
    ids.sort_unstable();
    let are_unique = ids.is_sorted_by(|one, other| one < other);
    ensure!(are_unique, "sandboxes {}", format!("{ids:?}"));
    Ok(())
}

/// `startTime` of the status does not change once it is set.
fn the_start_time_never_changes(step: &StepRecord<'_>) -> Result<(), Violation> {
    let (before, after) = (step.before.published().start_time(), step.after.published().start_time());
    ensure!(before.is_none() || before == after, "startTime {before:?} became {after:?}");
    Ok(())
}
