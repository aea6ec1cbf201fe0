//! What must hold of every moment, tried out on a twin of the Pod: each lives a piece of another life, and costs as much.
//!
//! ```
//! use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, invariant::*}};
//! use proptest::{prelude::*, test_runner::TestRunner};
//!
//! let all: [Invariant; 5] = [
//!     a_snapshot_goes_on_alike, a_second_timeout_does_nothing, relisting_what_is_known_changes_nothing,
//!     news_are_taken_in_once, the_status_says_what_the_pod_is,
//! ];
//! assert_eq!(all.len(), TRIALS.len());
//!
//! TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
//!     let now = Timestamp::UNIX_EPOCH;
//!     let before = PodMachine::new(spec, config, now, &mut Vec::new());
//!     let (mut pod, mut out) = (before.clone(), Vec::new());
//!     pod.handle_timeout(now, &mut out);
//!     let step = Step { before: &before, after: &pod, now, event: None, out: &out };
//!     for holds in all {
//!         holds(&step).map_err(TestCaseError::fail)?;
//!     }
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::vec::Vec;
use core::hash::{BuildHasher, BuildHasherDefault};
use std::hash::DefaultHasher;

use super::{Invariant, Step, Violation, hold};
use crate::{
    api::{ConditionStatus, Name},
    event::{Event, RuntimeEvent},
    kubelet::{Output, PodMachine},
    state::ConditionType,
};

/// All that is tried out after a step, by name.
pub const TRIALS: &[(&str, Invariant)] = &[
    ("a snapshot goes on alike", a_snapshot_goes_on_alike),
    ("a second time-out does nothing", a_second_timeout_does_nothing),
    ("relisting what is known changes nothing", relisting_what_is_known_changes_nothing),
    ("news are taken in once", news_are_taken_in_once),
    ("the status says what the Pod is", the_status_says_what_the_pod_is),
];

/// The same inputs lead to the same outputs, and a Pod that was written down and read again is the same Pod.
pub fn a_snapshot_goes_on_alike(step: &Step<'_>) -> Result<(), Violation> {
    let twin = PodMachine::restore(step.before.snapshot(), step.before.config().clone());
    let mut twin = twin.map_err(|error| alloc::format!("a Pod that lives cannot be restored: {error}"))?;
    let mut out = Vec::new();
    match step.event {
        None => twin.handle_timeout(step.now, &mut out),
        Some(event) => {
            let result = twin.handle_event(step.now, event.clone(), &mut out);
            hold!(result.is_ok(), "{event:?} was taken in once, and now it is refused: {result:?}");
        }
    }
    hold!((&*out, &twin) == (step.out, step.after), "same inputs, another outcome: {out:?}");
    let hash = |pod: &PodMachine| BuildHasherDefault::<DefaultHasher>::default().hash_one(pod);
    hold!(hash(&twin) == hash(step.after), "equal, with other hashes");
    Ok(())
}

/// What was due at an instant is done at once.
pub fn a_second_timeout_does_nothing(step: &Step<'_>) -> Result<(), Violation> {
    if step.event.is_some() {
        return Ok(());
    }
    let (mut twin, mut out) = (step.after.clone(), Vec::new());
    twin.handle_timeout(step.now, &mut out);
    hold!(out.is_empty() && twin == *step.after, "a second time-out at {:?} led to {out:?}", step.now);
    Ok(())
}

/// To relist exactly what is known changes nothing.
pub fn relisting_what_is_known_changes_nothing(step: &Step<'_>) -> Result<(), Violation> {
    if step.event.is_none() {
        // What is due later may be due now.
        return Ok(());
    }
    let (mut twin, mut out) = (step.after.clone(), Vec::new());
    let relisted = Event::Runtime(RuntimeEvent::Relisted(twin.runtime().clone()));
    if twin.handle_event(step.now, relisted, &mut out).is_ok() {
        hold!(out.is_empty() && twin == *step.after, "relisting what is known led to {out:?}");
    }
    Ok(())
}

/// News of the runtime that were taken in once are refused the second time, unless they were asked for again. A sandbox
/// is stopped more than once, and each of these stops is answered.
pub fn news_are_taken_in_once(step: &Step<'_>) -> Result<(), Violation> {
    let Some(event @ Event::Runtime(news)) = step.event else { return Ok(()) };
    let is_asked_again = step.out.iter().any(|output| matches!(output, Output::Action(_)));
    if is_asked_again || matches!(news, RuntimeEvent::Relisted(_) | RuntimeEvent::SandboxDied { .. }) {
        return Ok(());
    }
    let (mut twin, mut out) = (step.after.clone(), Vec::new());
    let result = twin.handle_event(step.now, event.clone(), &mut out);
    hold!(result.is_err(), "{event:?} was taken in twice");
    hold!(out.is_empty() && twin == *step.after, "{event:?} was refused the second time, and changed something");
    Ok(())
}

/// The status that is published has the Pod's phase, each condition once, and no Pod that is over is ready.
pub fn the_status_says_what_the_pod_is(step: &Step<'_>) -> Result<(), Violation> {
    let (pod, status) = (step.after, step.after.status());
    let phase = status.phase.as_ref().and_then(|phase| phase.known());
    hold!(phase == Some(pod.phase()), "the status says {phase:?}, the Pod {:?}", pod.phase());
    let ready = status.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.name());
    let is_ready = ready.is_some_and(|ready| ready.status.known() == Some(ConditionStatus::True));
    hold!(!pod.phase().is_terminal() || !is_ready, "{} and ready", pod.phase());
    let mut types: Vec<&str> = status.conditions.iter().map(|condition| &*condition.type_).collect();
    types.sort_unstable();
    hold!(types.is_sorted_by(|one, other| one < other), "a condition is there twice: {types:?}");
    Ok(())
}
