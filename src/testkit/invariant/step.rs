//! What must hold of every step.
//!
//! ```
//! use std::sync::Arc;
//! use pod_lifecycle::{PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, spec::PodSpec};
//! use pod_lifecycle::testkit::invariant::*;
//!
//! # let manifest: PodManifest = serde_json::from_str(
//! #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
//! let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
//! let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
//! let pod = PodMachine::new(spec, config, now, &mut out);
//! let begins = Step { before: &pod, after: &pod, now, event: None, out: &out };
//! let all: [Invariant; 14] = [
//!     poll_timeout_is_the_next_wake, a_terminal_phase_stays, transitions_stand_in_their_tables,
//!     restart_counts_never_fall, conditions_follow_from_one_another, a_finished_pod_only_clears_up,
//!     a_deleted_pod_that_has_terminated_starts_nothing, nobody_probes_before_the_start, stops_leave_time,
//!     crash_loop_delays_lie_in_their_bounds, what_is_gone_is_published_no_more, wont_wait_for_nothing,
//!     no_sandbox_is_known_twice, the_start_time_is_kept,
//! ];
//! assert_eq!(all.len(), OF_A_STEP.len());
//! for holds in all {
//!     holds(&begins)?;
//! }
//!
//! let late = Step { now: now + core::time::Duration::from_secs(1), ..begins };
//! assert!(transitions_stand_in_their_tables(&late).is_err(), "what came out is of another moment");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::{format, vec::Vec};

use super::{Invariant, Step, Violation, hold};
use crate::{
    action::{Action, Change, Transition},
    api::ConditionStatus,
    event::{Event, RuntimeEvent},
    kubelet::{CONTAINER_MOVES, Output, PHASE_MOVES, PodMachine, Wake, WorkerState},
    rule::{probe::ProbeOutcome, termination::MINIMUM_GRACE},
    spec::ProbeKind,
    state::{ConditionType, ContainerRecord, FailureMessage, RecordedState, Waiting},
};

/// All that must hold of every step, by name.
pub const OF_A_STEP: &[(&str, Invariant)] = &[
    ("poll_timeout is the next wake", poll_timeout_is_the_next_wake),
    ("a terminal phase stays", a_terminal_phase_stays),
    ("transitions stand in their tables", transitions_stand_in_their_tables),
    ("restart counts never fall", restart_counts_never_fall),
    ("conditions follow from one another", conditions_follow_from_one_another),
    ("a finished Pod only clears up", a_finished_pod_only_clears_up),
    ("a Pod that has terminated starts nothing", a_deleted_pod_that_has_terminated_starts_nothing),
    ("nobody probes before the start", nobody_probes_before_the_start),
    ("stops leave time", stops_leave_time),
    ("crash-loop delays lie in their bounds", crash_loop_delays_lie_in_their_bounds),
    ("what is gone is published no more", what_is_gone_is_published_no_more),
    ("nobody waits for nothing", wont_wait_for_nothing),
    ("no sandbox is known twice", no_sandbox_is_known_twice),
    ("the start time is kept", the_start_time_is_kept),
];

pub(super) fn actions<'a>(step: &Step<'a>) -> impl Iterator<Item = &'a Action> {
    step.out.iter().filter_map(|output| if let Output::Action(action) = output { Some(action) } else { None })
}

pub(super) fn changes<'a>(step: &Step<'a>) -> impl Iterator<Item = &'a Transition> {
    step.out.iter().filter_map(|output| if let Output::Transition(told) = output { Some(told) } else { None })
}

fn records(pod: &PodMachine) -> impl Iterator<Item = (usize, &ContainerRecord)> {
    let all = pod.published().containers().iter().enumerate();
    all.filter_map(|(place, record)| Some((place, record.as_ref()?)))
}

/// [`PodMachine::poll_timeout`] and [`PodMachine::next_wake`] say the same.
pub fn poll_timeout_is_the_next_wake(step: &Step<'_>) -> Result<(), Violation> {
    let (poll, next) = (step.after.poll_timeout(), step.after.next_wake());
    hold!(poll == next.map(|(at, _)| at), "poll_timeout is {poll:?}, next_wake {next:?}");
    Ok(())
}

/// A Pod that has succeeded or failed stays so.
pub fn a_terminal_phase_stays(step: &Step<'_>) -> Result<(), Violation> {
    let (was, is) = (step.before.phase(), step.after.phase());
    hold!(!was.is_terminal() || was == is, "{was} became {is}");
    Ok(())
}

/// Phases and containers make no move that their table does not have, and at no other moment than now.
pub fn transitions_stand_in_their_tables(step: &Step<'_>) -> Result<(), Violation> {
    for told in changes(step) {
        hold!(told.at == step.now, "{told:?} at {:?}", step.now);
        match told.change {
            Change::Phase { from: Some(from), to } => {
                hold!(PHASE_MOVES.contains(&(from, to)), "{told:?} is no move of a phase");
            }
            Change::Container { from: Some(from), to, .. } => {
                hold!(from == to || CONTAINER_MOVES.contains(&(from, to)), "{told:?} is no move of a container");
            }
            Change::Condition { from: Some(from), to, .. } => hold!(from != to, "{told:?} is no change"),
            Change::Phase { from: None, .. }
            | Change::Container { from: None, .. }
            | Change::Condition { from: None, .. } => {}
        }
    }
    Ok(())
}

/// The restart count of a container never gets smaller.
pub fn restart_counts_never_fall(step: &Step<'_>) -> Result<(), Violation> {
    for (place, is) in records(step.after) {
        let was = records(step.before).find(|(other, _)| *other == place).map_or(0, |(_, was)| was.restart_count);
        let is = is.restart_count;
        hold!(was <= is, "container {place}: {was} restarts became {is}");
    }
    Ok(())
}

/// `Ready` implies `ContainersReady`, and that implies that every regular container is ready.
pub fn conditions_follow_from_one_another(step: &Step<'_>) -> Result<(), Violation> {
    let published = step.after.published();
    let conditions = published.conditions();
    let is_true =
        |which| conditions.iter().any(|(it, condition, _)| *it == which && condition.status == ConditionStatus::True);
    hold!(!is_true(ConditionType::Ready) || is_true(ConditionType::ContainersReady), "Ready, but not its containers");
    if is_true(ConditionType::ContainersReady) {
        for (index, container) in published.spec().regular_containers() {
            let record = published.containers().get(index.get()).and_then(Option::as_ref);
            let is_ready = record.is_some_and(|record| record.ready);
            hold!(is_ready, "ContainersReady, but {} is not", container.name());
        }
    }
    Ok(())
}

/// A finished Pod wakes for nothing but to have removed what is dead.
pub fn a_finished_pod_only_clears_up(step: &Step<'_>) -> Result<(), Violation> {
    let next = step.after.next_wake();
    let clears_up = matches!(next, None | Some((_, Wake::GarbageCollection | Wake::RemoveDead)));
    hold!(step.after.worker_state() != WorkerState::Finished || clears_up, "a finished Pod wakes: {next:?}");
    Ok(())
}

/// Once the containers of a Pod have terminated for good, nothing is started any more.
pub fn a_deleted_pod_that_has_terminated_starts_nothing(step: &Step<'_>) -> Result<(), Violation> {
    let is_over = |pod: &PodMachine| matches!(pod.worker_state(), WorkerState::Terminated | WorkerState::Finished);
    if is_over(step.before) && is_over(step.after) {
        let starts = |action: &&Action| {
            matches!(
                action,
                Action::RunPodSandbox { .. } | Action::CreateContainer { .. } | Action::StartContainer { .. }
            )
        };
        let started = actions(step).find(starts);
        hold!(started.is_none(), "the Pod has terminated, and {started:?} is asked for");
    }
    Ok(())
}

/// No readiness or liveness probe runs in a container that has not started, in the eyes of its startup probe.
/// A probe that has broken is repeated without another look.
pub fn nobody_probes_before_the_start(step: &Step<'_>) -> Result<(), Violation> {
    if let Some(Event::Runtime(RuntimeEvent::ProbeFinished { outcome: ProbeOutcome::Error, .. })) = step.event {
        return Ok(());
    }
    for action in actions(step) {
        let Action::Probe { container, kind: ProbeKind::Readiness | ProbeKind::Liveness, .. } = action else {
            continue;
        };
        let has_started = |pod: &PodMachine| {
            let record = pod.published().containers().get(container.get()).and_then(Option::as_ref);
            record.is_some_and(|record| record.started == Some(true))
        };
        hold!(has_started(step.before) || has_started(step.after), "{action:?}, and the container has not started");
    }
    Ok(())
}

/// Whoever is told to stop has at least the time that the kubelet always leaves.
pub fn stops_leave_time(step: &Step<'_>) -> Result<(), Violation> {
    for action in actions(step) {
        let Action::StopContainer { timeout, .. } = action else { continue };
        hold!(*timeout >= MINIMUM_GRACE, "{action:?} leaves no time");
    }
    Ok(())
}

/// A container in `CrashLoopBackOff` waits no longer than its node's maximum, and no shorter than the first delay.
pub fn crash_loop_delays_lie_in_their_bounds(step: &Step<'_>) -> Result<(), Violation> {
    let limits = step.after.config().crash_loop;
    for (place, record) in records(step.after) {
        let Some(RecordedState::Waiting(Waiting::Failed(failure))) = &record.state else { continue };
        let FailureMessage::RestartBackOff { delay } = failure.message else { continue };
        let is_within = (limits.initial..=limits.max.max(limits.initial)).contains(&delay);
        hold!(is_within, "container {place} is held back for {delay:?}, and the limits are {limits:?}");
    }
    Ok(())
}

/// Of a Pod whose object is gone nothing more is published.
pub fn what_is_gone_is_published_no_more(step: &Step<'_>) -> Result<(), Violation> {
    let said = step.out.iter().find(|it| matches!(it, Output::Transition(_) | Output::Published));
    hold!(!step.before.is_gone() || said.is_none(), "the object is gone, and {said:?} is published");
    Ok(())
}

/// A Pod that no timer wakes is finished, or a sync waits for an answer.
pub fn wont_wait_for_nothing(step: &Step<'_>) -> Result<(), Violation> {
    let pod = step.after;
    let rests = pod.poll_timeout().is_none() && pod.is_idle() && pod.worker_state() != WorkerState::Finished;
    hold!(!rests, "nothing will ever happen, and the worker is {}", pod.worker_state());
    Ok(())
}

/// No sandbox is known twice.
pub fn no_sandbox_is_known_twice(step: &Step<'_>) -> Result<(), Violation> {
    let mut ids: Vec<_> = step.after.runtime().sandboxes.iter().map(|sandbox| sandbox.id).collect();
    ids.sort_unstable();
    let is_unique = ids.is_sorted_by(|one, other| one < other);
    hold!(is_unique, "sandboxes {}", format!("{ids:?}"));
    Ok(())
}

/// `startTime`, once it is published, stays as it is.
pub fn the_start_time_is_kept(step: &Step<'_>) -> Result<(), Violation> {
    let (was, is) = (step.before.published().start_time(), step.after.published().start_time());
    hold!(was.is_none() || was == is, "startTime {was:?} became {is:?}");
    Ok(())
}
