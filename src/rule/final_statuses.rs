//! Final statuses: container statuses of a terminated Pod (`TerminatePod` in pkg/kubelet/status/status_manager.go).
//!
//! A container whose exit the kubelet has not seen gets exit code 137 and reason `ContainerStatusUnknown`.
//!
//! ```
//! use pod_lifecycle::{api, rule::final_statuses, spec::PodSpec};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"initContainers": [{"name": "setup"}], "containers": [{"name": "app"}]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let published = [None, None];
//! assert!(!final_statuses::has_pod_initialized(&spec, &published), "no container has a status");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: `kubelet::status_manager`.

use alloc::sync::Arc;

use super::{container_status::LOST_MESSAGE, record_of, restart};
use crate::{
    api::RestartPolicy,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{ContainerRecord, RecordedState, Termination, TerminationReason},
};

/// Terminates the status of every container that must have ended: regular ones if the Pod had initialized, init ones up
/// to the last that ever started, and the first init container in any case.
///
/// `has_initialized`: see [`has_pod_initialized`]. Answers to `TerminatePod` in `pkg/kubelet/status`.
///
/// ```
/// use pod_lifecycle::{api, rule::final_statuses, spec::PodSpec, state::{ContainerRecord, RecordedState}};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let mut records = [Some(ContainerRecord {
///     state: Some(RecordedState::Running { started_at: None }), last_state: None, restart_count: 0, instance: None,
///     started: Some(true), ready: true,
/// })];
/// assert!(final_statuses::has_pod_initialized(&spec, &records));
/// final_statuses::terminate_containers(&spec, &mut records, true);
/// let end = records[0].as_ref().and_then(|record| record.termination()).ok_or("still runs")?;
/// assert_eq!((end.exit_code, end.reason.as_str()), (137, "ContainerStatusUnknown"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn terminate_containers(spec: &PodSpec, records: &mut [Option<ContainerRecord>], has_initialized: bool) {
    // What follows an init container that never started has never started either: its status stays as it is.
    let init_started = |index: ContainerIndex| record_of(records, index).is_some_and(has_moved);
    let last_started = spec.init_containers().rev().map(|(index, _)| index).find(|&index| init_started(index));
    let last_init = last_started.or_else(|| spec.init_containers().next().map(|(index, _)| index));
    for (index, container) in spec.init_and_regular_containers() {
        let must_have_ended = match container.kind() {
            ContainerKind::Init | ContainerKind::Sidecar => last_init.is_some_and(|last| index <= last),
            ContainerKind::Regular | ContainerKind::Ephemeral => has_initialized,
        };
        let Some(record) = records.get_mut(index.get()).and_then(Option::as_mut).filter(|_| must_have_ended) else {
            continue;
        };
        if record.termination().is_none() {
            // It may have exited with 0: the kubelet cannot know, and never reports a success that it has not seen.
            let end = Termination::lost(TerminationReason::ContainerStatusUnknown, LOST_MESSAGE);
            record.state = Some(RecordedState::Terminated(Arc::new(end)));
        }
    }
}

/// True if container statuses may change from `before` to `after`: a container that has terminated and may not restart
/// stays terminated.
///
/// Answers to `checkContainerStateTransition` in `pkg/kubelet/status`.
#[must_use]
pub fn allows_transition(
    spec: &PodSpec,
    before: &[Option<ContainerRecord>],
    after: &[Option<ContainerRecord>],
) -> bool {
    allows_transition_in(spec, before, after, false)
}

/// As [`allows_transition`]; with `init_containers_run_again`, an init container may leave its success, as it does in a
/// new sandbox.
pub(crate) fn allows_transition_in(
    spec: &PodSpec,
    before: &[Option<ContainerRecord>],
    after: &[Option<ContainerRecord>],
    init_containers_run_again: bool,
) -> bool {
    if spec.restart_policy() == RestartPolicy::Always || spec.all_containers_could_restart() {
        return true;
    }
    let is_revived = |(index, container): (ContainerIndex, &ContainerSpec)| {
        let Some(end) = record_of(before, index).and_then(ContainerRecord::termination) else { return false };
        let may_run_again = container.kind() == ContainerKind::Sidecar
            || init_containers_run_again && container.kind() == ContainerKind::Init
            || end.exit_code != 0 && spec.restart_policy() == RestartPolicy::OnFailure
            || restart::restarts_after_exit(container.restart(), end.exit_code);
        !may_run_again && record_of(after, index).is_some_and(|record| record.termination().is_none())
    };
    !spec.init_and_regular_containers().any(is_revived)
}

/// True if the published status shows that the Pod was ever initialized.
///
/// Answers to `hasPodInitialized` in `pkg/kubelet/status`. Not to be confused with
/// [`has_active_regular_container`](super::phase::has_active_regular_container), which reads the runtime.
#[must_use]
pub fn has_pod_initialized(spec: &PodSpec, published: &[Option<ContainerRecord>]) -> bool {
    let Some((last, last_spec)) = spec.init_containers().next_back() else { return true };
    let mut regular = spec.regular_containers().filter_map(|(index, _)| record_of(published, index));
    if regular.any(has_moved) {
        return true;
    }
    let Some(record) = record_of(published, last) else { return false };
    if last_spec.kind() == ContainerKind::Sidecar {
        return record.is_running() && record.started == Some(true);
    }
    [record.termination(), record.last_termination()].into_iter().flatten().any(|end| end.exit_code == 0)
}

/// True if a container has ever left the state waiting.
///
/// Answers to `initializedContainers` in `pkg/kubelet/status`.
fn has_moved(record: &ContainerRecord) -> bool {
    !record.is_waiting() || record.last_termination().is_some()
}
