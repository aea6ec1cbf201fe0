//! Metamorphic checks: a copy of the Pod gets a related input and must react in a related way. Each costs about as much
//! as the step itself.

use alloc::vec::Vec;
use core::hash::{BuildHasher, BuildHasherDefault};
use std::hash::DefaultHasher;

use super::{Invariant, StepRecord, Violation, ensure};
use crate::{
    api::{ConditionStatus, Name},
    event::{Event, RuntimeEvent},
    kubelet::{Output, PodMachine},
    state::ConditionType,
};

/// All metamorphic checks, with their names.
pub const METAMORPHIC_CHECKS: &[(&str, Invariant)] = &[
    ("a restored snapshot behaves alike", a_restored_snapshot_behaves_alike),
    ("a second timeout is a no-op", a_second_timeout_is_a_no_op),
    ("relisting known state is a no-op", relisting_known_state_is_a_no_op),
    ("each runtime event is accepted once", each_runtime_event_is_accepted_once),
    ("the status matches the Pod", the_status_matches_the_pod),
];

/// A Pod restored from a snapshot is equal, and reacts to the same input with the same outputs.
fn a_restored_snapshot_behaves_alike(step: &StepRecord<'_>) -> Result<(), Violation> {
    let copy = PodMachine::restore(step.before.snapshot(), step.before.config().clone());
    let mut copy = copy.map_err(|error| alloc::format!("the snapshot of a Pod cannot be restored: {error}"))?;
    let mut out = Vec::new();
    match step.event {
        None => copy.handle_timeout(step.now, &mut out),
        Some(event) => {
            let result = copy.handle_event(step.now, event.clone(), &mut out);
            ensure!(result.is_ok(), "the Pod accepted {event:?}, and its copy refuses it: {result:?}");
        }
    }
    ensure!((&*out, &copy) == (step.out, step.after), "same input, other outputs: {out:?}");
    // A model checker finds visited states by their hash, so equal Pods need equal ones.
    let hash = |pod: &PodMachine| BuildHasherDefault::<DefaultHasher>::default().hash_one(pod);
    ensure!(hash(&copy) == hash(step.after), "equal Pods have different hashes");
    Ok(())
}

/// After `handle_timeout`, nothing is due at the same time.
fn a_second_timeout_is_a_no_op(step: &StepRecord<'_>) -> Result<(), Violation> {
    if step.event.is_some() {
        return Ok(());
    }
    let (mut copy, mut out) = (step.after.clone(), Vec::new());
    copy.handle_timeout(step.now, &mut out);
    ensure!(out.is_empty() && copy == *step.after, "a second timeout at {:?} emits {out:?}", step.now);
    Ok(())
}

/// A relist that shows exactly the known sandboxes and containers changes nothing.
fn relisting_known_state_is_a_no_op(step: &StepRecord<'_>) -> Result<(), Violation> {
    if step.event.is_none() {
        // After a timeout, a timer may be due at this very time.
        return Ok(());
    }
    let (mut copy, mut out) = (step.after.clone(), Vec::new());
    let relisted = Event::Runtime(RuntimeEvent::Relisted(copy.runtime().clone()));
    if copy.handle_event(step.now, relisted, &mut out).is_ok() {
        ensure!(out.is_empty() && copy == *step.after, "relisting the known state emits {out:?}");
    }
    Ok(())
}

/// A runtime event is refused the second time, unless the first has led to actions that it may answer.
fn each_runtime_event_is_accepted_once(step: &StepRecord<'_>) -> Result<(), Violation> {
    let Some(event @ Event::Runtime(runtime_event)) = step.event else { return Ok(()) };
    let has_actions = step.out.iter().any(|output| matches!(output, Output::Action(_)));
    // A sandbox is stopped more than once, and each stop is answered by SandboxDied; the others report a state.
    let is_report = matches!(
        runtime_event,
        RuntimeEvent::Relisted(_) | RuntimeEvent::SandboxDied { .. } | RuntimeEvent::VolumeAttachmentChanged { .. }
    );
    if has_actions || is_report {
        return Ok(());
    }
    let (mut copy, mut out) = (step.after.clone(), Vec::new());
    let result = copy.handle_event(step.now, event.clone(), &mut out);
    ensure!(result.is_err(), "{event:?} is accepted twice");
    ensure!(out.is_empty() && copy == *step.after, "{event:?} is refused the second time, and changes something");
    Ok(())
}

/// The status has the Pod's phase and each condition once, and no Pod in a terminal phase is ready.
fn the_status_matches_the_pod(step: &StepRecord<'_>) -> Result<(), Violation> {
    let (pod, status) = (step.after, step.after.status());
    let phase = status.phase.as_ref().and_then(|phase| phase.known());
    ensure!(phase == Some(pod.phase()), "the phase in the status is {phase:?}, that of the Pod {:?}", pod.phase());
    let ready = status.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.name());
    let is_ready = ready.is_some_and(|ready| ready.status.known() == Some(ConditionStatus::True));
    ensure!(!pod.phase().is_terminal() || !is_ready, "{} and ready", pod.phase());
    let mut types: Vec<&str> = status.conditions.iter().map(|condition| &*condition.type_).collect();
    types.sort_unstable();
    ensure!(types.is_sorted_by(|one, other| one < other), "the status has a condition twice: {types:?}");
    Ok(())
}
