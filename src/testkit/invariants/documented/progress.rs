//! Documented properties that hold in the end: a Pod that is left alone gets on.

use alloc::{format, vec::Vec};
use core::time::Duration;

use super::super::{Violation, ensure, termination::IdealRuntime};
use crate::{
    action::Action,
    api::RestartPolicy,
    kubelet::{PodMachine, WorkerState},
    rule::restart,
    spec::{ContainerKind, ContainerSpec},
    state::RecordedState,
    time::Timestamp,
};

/// Pages and quotations behind [`a_pod_that_is_left_alone_gets_on`].
pub const PROGRESS_QUOTES: &[(&str, &str)] = &[
    (
        "concepts/workloads/pods/pod-lifecycle/#pod-lifetime",
        "Once a Pod has been scheduled and is bound to a node, Kubernetes tries to run that Pod on the node.",
    ),
    (
        "concepts/workloads/pods/pod-lifecycle/#restart-policy",
        "Always: Automatically restarts the container after any termination.",
    ),
    (
        "concepts/workloads/pods/sidecar-containers/#jobs-with-sidecar-containers",
        "the sidecar container in each Pod does not prevent the Job from completing after the main container has finished",
    ),
];

/// Time in which a Pod gets on: two of the longest back-offs, one of an image and one of a container, and a resync.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// A Pod whose runtime answers everything with success from now on, whose init containers succeed, and whose other
/// containers run on, gets on: in the end each
/// regular container runs and has started, or has ended for good; and if all have ended, the phase is terminal.
///
/// A Pod with an init container that a rule restarts after exit code 0 starts again and again: it is left out.
///
/// A Pod that was ended by its node or by the API has [`a_deleted_pod_terminates_in_time`] instead. `pending` holds the
/// actions that have not been answered yet.
///
/// [`a_deleted_pod_terminates_in_time`]: super::super::a_deleted_pod_terminates_in_time
///
/// ```
/// use pod_lifecycle::testkit::{self, RandomDriver, invariants::a_pod_that_is_left_alone_gets_on};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let driver = RandomDriver::new(spec, config, &mut Vec::new());
///     a_pod_that_is_left_alone_gets_on(driver.pod, driver.pending, driver.now).map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns the violation: the containers that do not get on.
pub fn a_pod_that_is_left_alone_gets_on(
    pod: PodMachine,
    pending: Vec<Action>,
    now: Timestamp,
) -> Result<(), Violation> {
    let starts_again = |container: &ContainerSpec| {
        container.kind() == ContainerKind::Init && restart::matching_rule(container.restart(), 0).is_some()
    };
    if pod.spec().containers().any(|(_, container)| starts_again(container)) {
        return Ok(());
    }
    let until = now + PATIENCE;
    let mut runtime = IdealRuntime::new(pod, pending, now);
    runtime.remove_unknown_instances();
    loop {
        runtime.answer_all()?;
        if runtime.complete_init_containers() {
            continue;
        }
        let waiting = waiting(&runtime.pod);
        if waiting.is_empty() {
            return Ok(());
        }
        let next = runtime.pod.poll_timeout().filter(|next| *next <= until);
        let quotes: Vec<_> = PROGRESS_QUOTES.iter().map(|(page, quote)| format!("\"{quote}\" ({page})")).collect();
        let phase = runtime.pod.phase();
        ensure!(next.is_some(), "{}: {phase} for ever, and {}", quotes.join(", "), waiting.join(", "));
        runtime.wait(next.unwrap_or(until));
    }
}

/// Returns a phrase for each thing that is still to come.
fn waiting(pod: &PodMachine) -> Vec<alloc::string::String> {
    if pod.worker_state() != WorkerState::Syncing || pod.phase().is_terminal() || pod.is_gone() {
        return Vec::new();
    }
    let mut waiting = Vec::new();
    let (mut have_all_ended, mut is_any_regular) = (true, false);
    for ((index, container), record) in pod.spec().containers().zip(pod.published().containers()) {
        if !pod.spec().is_regular(index) {
            continue;
        }
        is_any_regular = true;
        let state = record.as_ref().and_then(|record| record.state.as_ref());
        let has_ended = match state {
            Some(RecordedState::Terminated(end)) => !restarts(pod, index, end.exit_code),
            Some(RecordedState::Running { .. } | RecordedState::Waiting(_)) | None => false,
        };
        have_all_ended &= has_ended;
        let has_started = record.as_ref().is_some_and(|record| record.is_running() && record.started == Some(true));
        if !has_ended && !has_started {
            waiting.push(format!("{} has not started", container.name()));
        }
    }
    if pod.published().containers().is_empty() {
        waiting.push("there is no status".into());
    } else if is_any_regular && have_all_ended {
        waiting.push("every container has ended for good".into());
    }
    waiting
}

fn restarts(pod: &PodMachine, index: crate::spec::ContainerIndex, exit_code: i32) -> bool {
    let Some(container) = pod.spec().container(index) else { return false };
    let by_rule = restart::restarts_after_exit(container.restart(), exit_code);
    // Any exit may restart all containers.
    by_rule || pod.spec().all_containers_could_restart() && container.restart().policy() != RestartPolicy::Never
}
