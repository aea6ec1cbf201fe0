//! What is reported of containers that nobody saw end, once their Pod has?
//!
//! Answers to `TerminatePod`, `hasPodInitialized` and `checkContainerStateTransition` in
//! `pkg/kubelet/status/status_manager.go`.
//!
//! ```
//! use pod_lifecycle::{api, rule::terminate_pod, spec::PodSpec};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"initContainers": [{"name": "setup"}], "containers": [{"name": "app"}]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let published = [None, None];
//! assert!(!terminate_pod::has_pod_initialized(&spec, &published), "nothing was ever said of its containers");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::sync::Arc;

use super::{container_status::LOST_MESSAGE, record_of, restart};
use crate::{
    api::RestartPolicy,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{ContainerRecord, RecordedState, Termination, TerminationReason},
};

/// Gives every container that must have ended an end: regular ones if the Pod had initialized, init ones up to the
/// last that ever started, and the first in any case. `has_initialized`: see [`has_pod_initialized`].
///
/// ```
/// use pod_lifecycle::{api, rule::terminate_pod, spec::PodSpec, state::{ContainerRecord, RecordedState}};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let mut records = [Some(ContainerRecord {
///     state: Some(RecordedState::Running { started_at: None }), last_state: None, restart_count: 0, instance: None,
///     started: Some(true), ready: true,
/// })];
/// assert!(terminate_pod::has_pod_initialized(&spec, &records));
/// terminate_pod::terminate_containers(&spec, &mut records, true);
/// let end = records[0].as_ref().and_then(|record| record.termination()).ok_or("still runs")?;
/// assert_eq!((end.exit_code, end.reason.as_str()), (137, "ContainerStatusUnknown"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn terminate_containers(spec: &PodSpec, records: &mut [Option<ContainerRecord>], has_initialized: bool) {
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
            let end = Termination::lost(TerminationReason::ContainerStatusUnknown, LOST_MESSAGE);
            record.state = Some(RecordedState::Terminated(Arc::new(end)));
        }
    }
}

/// Whether a container may be reported like this after that: one that has ended and is not to run again stays ended.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{api, rule::terminate_pod, spec::PodSpec};
/// use pod_lifecycle::state::{ContainerRecord, RecordedState, Termination, TerminationReason};
///
/// let manifest: api::PodManifest = serde_json::from_str(
///     r#"{"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let end = Arc::new(Termination::lost(TerminationReason::Error, ""));
/// let record = |state| {
///     [Some(ContainerRecord { state: Some(state), last_state: None, restart_count: 0, instance: None, started: None, ready: false })]
/// };
/// let (ended, runs) = (record(RecordedState::Terminated(end)), record(RecordedState::Running { started_at: None }));
/// assert!(terminate_pod::allows_transition(&spec, &runs, &ended));
/// assert!(!terminate_pod::allows_transition(&spec, &ended, &runs), "nothing of this PodMachine runs twice");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn allows_transition(
    spec: &PodSpec,
    before: &[Option<ContainerRecord>],
    after: &[Option<ContainerRecord>],
) -> bool {
    if spec.restart_policy() == RestartPolicy::Always || spec.all_containers_could_restart() {
        return true;
    }
    let is_revived = |(index, container): (ContainerIndex, &ContainerSpec)| {
        let Some(end) = record_of(before, index).and_then(ContainerRecord::termination) else { return false };
        let may_run_again = container.kind() == ContainerKind::Sidecar
            || end.exit_code != 0 && spec.restart_policy() == RestartPolicy::OnFailure
            || restart::restarts_after_exit(container.restart(), end.exit_code);
        !may_run_again && record_of(after, index).is_some_and(|record| record.termination().is_none())
    };
    !spec.init_and_regular_containers().any(is_revived)
}

/// Whether the published status shows that the Pod was ever initialized.
///
/// ```
/// use pod_lifecycle::{api, rule::terminate_pod, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"initContainers": [{"name": "setup"}], "containers": [{"name": "app"}]}}"#)?;
/// assert!(!terminate_pod::has_pod_initialized(&PodSpec::from_admitted(&manifest)?, &[None, None]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Whether a container has ever moved out of waiting.
fn has_moved(record: &ContainerRecord) -> bool {
    !record.is_waiting() || record.last_termination().is_some()
}
