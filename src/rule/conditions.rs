//! What has come true of the Pod, and if not, why not?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>. The functions answer to those
//! of `pkg/kubelet/status/generate.go`. `records` are by container index; `None` as a whole means that nothing is
//! known of any container.
//!
//! ```
//! use pod_lifecycle::{api::{self, ConditionStatus}, rule::conditions, spec::PodSpec, state::Condition};
//!
//! let manifest: api::PodManifest = serde_json::from_str(
//!     r#"{"spec": {"readinessGates": [{"conditionType": "example.com/attached"}], "containers": []}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let ready = conditions::ready(&spec, &Condition::plain(true), |_, _| Some(ConditionStatus::False));
//! assert!(!ready.is_true(), "all containers are ready, and its gate is not true");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{record_of, restart, sandbox};
use crate::{
    api::{ConditionStatus, PodPhase},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{
        Condition, ConditionMessage, ConditionReason, ContainerRecord, GateFailure, RuntimeStatus, UnmetContainers,
    },
};

/// `ContainersReady`: every sidecar and regular container is ready.
///
/// ```
/// use pod_lifecycle::{api::{self, PodPhase}, rule::conditions, spec::PodSpec, state::ConditionReason};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let condition = conditions::containers_ready(&spec, None, PodPhase::Pending);
/// assert_eq!(condition.reason, Some(ConditionReason::UnknownContainerStatuses));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn containers_ready(spec: &PodSpec, records: Option<&[Option<ContainerRecord>]>, phase: PodPhase) -> Condition {
    let Some(records) = records else { return Condition::because(false, ConditionReason::UnknownContainerStatuses) };
    let lasting = || spec.sidecars().chain(spec.regular_containers());
    match phase {
        PodPhase::Succeeded if all_known(lasting(), records) => {
            Condition::because(false, ConditionReason::PodCompleted)
        }
        PodPhase::Failed => Condition::because(false, ConditionReason::PodFailed),
        PodPhase::Succeeded | PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => {
            let lacking = lacking(lasting(), records, |_, record| record.ready);
            unless(lacking, ConditionReason::ContainersNotReady)
        }
    }
}

/// `Ready`: the containers are ready and every readiness gate is true.
///
/// `status_of` is asked for the status of each readiness gate's condition, by the gate's place in the spec and its
/// condition type.
///
/// ```
/// use pod_lifecycle::{api::{self, ConditionStatus}, rule::conditions, spec::PodSpec};
/// use pod_lifecycle::state::{Condition, ConditionReason};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"readinessGates": [{"conditionType": "example.com/attached"}], "containers": []}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let all_are = Condition::plain(true);
/// assert!(conditions::ready(&spec, &all_are, |_, _| Some(ConditionStatus::True)).is_true());
/// let gated = conditions::ready(&spec, &all_are, |_, _| None);
/// assert_eq!(gated.reason, Some(ConditionReason::ReadinessGatesNotReady));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn ready(
    spec: &PodSpec,
    containers_ready: &Condition,
    status_of: impl Fn(usize, &str) -> Option<ConditionStatus>,
) -> Condition {
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

/// `Initialized`: every init container is done and every sidecar has started, or they once were.
///
/// ```
/// use pod_lifecycle::{api::{self, PodPhase}, rule::conditions, spec::PodSpec, state::ConditionReason};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
///     "initContainers": [{"name": "setup", "image": "busybox"}], "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let not_yet = conditions::initialized(&spec, Some(&[None, None]), PodPhase::Pending, false);
/// assert_eq!(not_yet.reason, Some(ConditionReason::ContainersNotInitialized));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    if phase == PodPhase::Succeeded && all_known(spec.init_containers(), records) {
        return Condition::because(true, ConditionReason::PodCompleted);
    }
    if was_initialized || has_any_regular_started(spec, records) {
        return Condition::plain(true);
    }
    let lacking = lacking(spec.init_containers(), records, |container, record| match container.kind() {
        ContainerKind::Sidecar => record.started == Some(true),
        ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => record.ready,
    });
    unless(lacking, ConditionReason::ContainersNotInitialized)
}

/// `PodReadyToStartContainers`: no new sandbox is needed. KEP-3085.
///
/// ```
/// use pod_lifecycle::{api, rule::conditions, spec::PodSpec};
/// use pod_lifecycle::state::{RuntimeStatus, Sandbox, SandboxId};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// let mut runtime = RuntimeStatus::default();
/// assert!(!conditions::pod_ready_to_start_containers(&spec, &runtime).is_true());
/// runtime.sandboxes.push(Sandbox {
///     id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true),
/// });
/// assert!(conditions::pod_ready_to_start_containers(&spec, &runtime).is_true());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn pod_ready_to_start_containers(spec: &PodSpec, runtime: &RuntimeStatus) -> Condition {
    Condition::plain(!sandbox::pod_sandbox_changed(spec, runtime).is_new)
}

/// `AllContainersRestarting`: from the exit that triggers it until every instance is removed. KEP-5532.
///
/// `is_due`: see [`restart::should_restart_all_containers`].
///
/// ```
/// use pod_lifecycle::{api::{self, PodPhase}, rule::conditions, spec::PodSpec, state::{ConditionReason, RuntimeStatus}};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// let nothing = RuntimeStatus::default();
/// let ended = conditions::all_containers_restarting(&spec, &nothing, PodPhase::Succeeded, true);
/// assert_eq!((ended.is_true(), ended.reason), (false, Some(ConditionReason::PodCompleted)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn all_containers_restarting(spec: &PodSpec, runtime: &RuntimeStatus, phase: PodPhase, is_due: bool) -> Condition {
    match phase {
        PodPhase::Succeeded => Condition::because(false, ConditionReason::PodCompleted),
        PodPhase::Failed => Condition::because(false, ConditionReason::PodFailed),
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown
            if is_due && !restart::all_containers_restart_cleaned_up(spec, runtime) =>
        {
            Condition {
                status: ConditionStatus::True,
                reason: Some(ConditionReason::RestartAllContainersStarted),
                message: ConditionMessage::RestartRule,
            }
        }
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => Condition::plain(false),
    }
}

fn all_known<'a>(
    mut containers: impl Iterator<Item = (ContainerIndex, &'a ContainerSpec)>,
    records: &[Option<ContainerRecord>],
) -> bool {
    containers.all(|(index, _)| record_of(records, index).is_some())
}

fn lacking<'a>(
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

fn unless(lacking: UnmetContainers, reason: ConditionReason) -> Condition {
    if lacking.is_empty() {
        return Condition::plain(true);
    }
    Condition {
        status: ConditionStatus::False,
        reason: Some(reason),
        message: ConditionMessage::Containers(Arc::new(lacking)),
    }
}

/// Answers to `HasAnyRegularContainerStarted` in `pkg/kubelet/container`.
fn has_any_regular_started(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> bool {
    spec.regular_containers()
        .filter_map(|(index, _)| record_of(records, index))
        .any(|record| record.is_running() || record.termination().is_some())
}
