//! Pod conditions computed by the kubelet (pkg/kubelet/status/generate.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>. The parameter
//! `records` holds one status for each container index; `records: None` means that no status is known at all.
//!
//! A deletion by itself changes no condition: `Ready` stays True until a container stops or its readiness probe fails
//! ([`started_and_ready`](super::started_and_ready)). Endpoints are drained by other controllers, which look at
//! `deletionTimestamp`. When the Pod ends, `override_ready` sets `Ready` to False.
//!
//! ```
//! use pod_lifecycle::{api::{self, ConditionStatus}, rule::conditions, spec::PodSpec, state::Condition};
//!
//! let manifest: api::PodManifest = serde_json::from_str(
//!     r#"{"spec": {"readinessGates": [{"conditionType": "example.com/attached"}], "containers": []}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let ready = conditions::ready(&spec, &Condition::plain(true), |_, _| Some(ConditionStatus::False));
//! assert!(!ready.is_true(), "all containers are ready, and the gate is not true");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: [`pod_status`](super::pod_status); `kubelet::status_manager`, between two syncs; `kubelet::status_view`,
//! for a terminal phase.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{record_of, restart, sandbox};
use crate::{
    api::{ConditionStatus, PodPhase},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{
        Condition, ConditionMessage, ConditionReason, ConditionType, ContainerRecord, GateFailure, RuntimeStatus,
        UnmetContainers,
    },
};

/// Returns `ContainersReady`: true if every sidecar and regular container is ready.
///
/// Answers to `GenerateContainersReadyCondition` in `pkg/kubelet/status`.
#[must_use]
pub fn containers_ready(spec: &PodSpec, records: Option<&[Option<ContainerRecord>]>, phase: PodPhase) -> Condition {
    let Some(records) = records else { return Condition::because(false, ConditionReason::UnknownContainerStatuses) };
    // Init containers are done by the time it matters. Ephemeral ones never count.
    let counted = || spec.sidecars().chain(spec.regular_containers());
    match phase {
        PodPhase::Succeeded if all_known(counted(), records) => {
            Condition::because(false, ConditionReason::PodCompleted)
        }
        PodPhase::Failed => Condition::because(false, ConditionReason::PodFailed),
        PodPhase::Succeeded | PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => {
            let unmet = unmet_containers(counted(), records, |_, record| record.ready);
            true_unless(unmet, ConditionReason::ContainersNotReady)
        }
    }
}

/// Returns `Ready`: true if the containers are ready and every readiness gate is true.
///
/// `status_of` returns the status of a readiness gate's condition, given the gate's place in the spec and its condition
/// type. Answers to `GeneratePodReadyCondition` in `pkg/kubelet/status`; KEP-580 (readiness gates).
#[must_use]
pub fn ready(
    spec: &PodSpec,
    containers_ready: &Condition,
    status_of: impl Fn(usize, &str) -> Option<ConditionStatus>,
) -> Condition {
    // Reason and message are those of the containers: gates are only read once these are ready.
    if !containers_ready.is_true() {
        return containers_ready.clone();
    }
    let failures: Box<[GateFailure]> = (0..)
        .zip(spec.readiness_gates())
        .map(|(gate, condition_type)| GateFailure { gate, status: status_of(usize::from(gate), condition_type) })
        .filter(|failure| failure.status != Some(ConditionStatus::True))
        .collect();
    if failures.is_empty() {
        return Condition::plain(true);
    }
    Condition {
        status: ConditionStatus::False,
        reason: Some(ConditionReason::ReadinessGatesNotReady),
        message: ConditionMessage::Gates(failures),
    }
}

/// Overrides `Ready` and `ContainersReady` if the phase is terminal: they become false, with `PodCompleted` or
/// `PodFailed`.
///
/// Answers to `generatePodReadyConditionForTerminalPhase` and its like for the containers in `pkg/kubelet/status`.
pub(crate) fn override_ready(phase: PodPhase, which: ConditionType, condition: &mut Condition) {
    let is_readiness = matches!(which, ConditionType::Ready | ConditionType::ContainersReady);
    // One that is false already keeps its own reason.
    if let Some(reason) = terminal_reason(phase).filter(|_| is_readiness && condition.is_true()) {
        *condition = Condition::because(false, reason);
    }
}

/// Returns the reason why a Pod in a terminal phase is not ready.
fn terminal_reason(phase: PodPhase) -> Option<ConditionReason> {
    match phase {
        PodPhase::Succeeded => Some(ConditionReason::PodCompleted),
        PodPhase::Failed => Some(ConditionReason::PodFailed),
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => None,
    }
}

/// Returns `Initialized`: true if every init container has succeeded and every sidecar has started, now or once before.
///
/// Answers to `GeneratePodInitializedCondition` in `pkg/kubelet/status`.
#[must_use]
pub fn initialized(
    spec: &PodSpec,
    records: Option<&[Option<ContainerRecord>]>,
    phase: PodPhase,
    was_initialized: bool,
) -> Condition {
    let records = match records {
        Some(records) => records,
        None if spec.has_init_containers() => {
            return Condition::because(false, ConditionReason::UnknownContainerStatuses);
        }
        None => &[],
    };
    // The reason tells a Pod that is over from one that is ready to go on.
    if phase == PodPhase::Succeeded && all_known(spec.init_containers(), records) {
        return Condition::because(true, ConditionReason::PodCompleted);
    }
    // A sidecar that restarts later does not make the Pod uninitialized.
    if was_initialized || has_any_regular_started(spec, records) {
        return Condition::plain(true);
    }
    let unmet = unmet_containers(spec.init_containers(), records, |container, record| match container.kind() {
        ContainerKind::Sidecar => record.started == Some(true),
        // An init container is ready once it has succeeded (`started_and_ready`).
        ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => record.ready,
    });
    true_unless(unmet, ConditionReason::ContainersNotInitialized)
}

/// Returns `PodReadyToStartContainers`: true if the Pod has a sandbox with a network (KEP-3085).
///
/// Answers to `GeneratePodReadyToStartContainersCondition` in `pkg/kubelet/status`.
#[must_use]
pub fn pod_ready_to_start_containers(spec: &PodSpec, runtime: &RuntimeStatus) -> Condition {
    Condition::plain(!sandbox::pod_sandbox_changed(spec, runtime).must_create)
}

/// Returns `AllContainersRestarting`: true from the exit that triggers the restart until every instance is removed
/// (KEP-5532).
///
/// `should_restart`: see [`restart::should_restart_all_containers`].
#[must_use]
pub fn all_containers_restarting(
    spec: &PodSpec,
    runtime: &RuntimeStatus,
    phase: PodPhase,
    should_restart: bool,
) -> Condition {
    if let Some(reason) = terminal_reason(phase) {
        return Condition::because(false, reason);
    }
    if !should_restart || restart::all_containers_restart_cleaned_up(spec, runtime) {
        return Condition::plain(false);
    }
    Condition {
        status: ConditionStatus::True,
        reason: Some(ConditionReason::RestartAllContainersStarted),
        message: ConditionMessage::RestartRule,
    }
}

fn all_known<'a>(
    mut containers: impl Iterator<Item = (ContainerIndex, &'a ContainerSpec)>,
    records: &[Option<ContainerRecord>],
) -> bool {
    containers.all(|(index, _)| record_of(records, index).is_some())
}

fn unmet_containers<'a>(
    containers: impl Iterator<Item = (ContainerIndex, &'a ContainerSpec)>,
    records: &[Option<ContainerRecord>],
    is_met: impl Fn(&ContainerSpec, &ContainerRecord) -> bool,
) -> UnmetContainers {
    let (mut unknown, mut unmet) = (Vec::new(), Vec::new());
    for (index, container) in containers {
        match record_of(records, index) {
            None => unknown.push(index),
            Some(record) if !is_met(container, record) => unmet.push(index),
            Some(_) => {}
        }
    }
    UnmetContainers { unknown, unmet }
}

fn true_unless(unmet: UnmetContainers, reason: ConditionReason) -> Condition {
    if unmet.is_empty() {
        return Condition::plain(true);
    }
    Condition {
        status: ConditionStatus::False,
        reason: Some(reason),
        message: ConditionMessage::Containers(Arc::new(unmet)),
    }
}

/// Answers to `HasAnyRegularContainerStarted` in `pkg/kubelet/container`.
fn has_any_regular_started(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> bool {
    spec.regular_containers()
        .filter_map(|(index, _)| record_of(records, index))
        .any(|record| record.is_running() || record.termination().is_some())
}
