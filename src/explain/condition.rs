//! Conditions with an unwanted status, and the containers behind them.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::fact;
use crate::{
    api::{ConditionStatus, Name, Named, PodCondition},
    kubelet::PodMachine,
    spec::PodSpec,
    state::{ConditionMessage, ConditionType, is_resize_condition},
    status,
    time::Timestamp,
};

/// Condition with an unwanted status.
///
/// ```
/// use pod_lifecycle::explain::ObservedPod;
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/readiness-gate.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let unmet = pod.explain("2026-03-01T12:10:00Z".parse()?).unmet;
/// assert!(unmet.iter().any(|unmet| unmet.condition == "Ready" && unmet.reason == "ReadinessGatesNotReady"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnmetCondition {
    /// Type of the condition: `Ready`.
    pub condition: String,
    /// Status of the condition; of `DisruptionTarget` and `AllContainersRestarting`, `True` is the unwanted one.
    pub status: ConditionStatus,
    /// Last transition of the status.
    pub since: Option<Timestamp>,
    /// Reason of the condition: `ContainersNotReady`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Names of the containers behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Message of the condition.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Returns the unmet conditions of a machine, in the order of the API status.
pub(super) fn unmet(pod: &PodMachine) -> Vec<UnmetCondition> {
    let published = pod.published();
    // Written by the scheduler, by controllers and by the owners of readiness gates, not by this kubelet.
    let external = published.external_conditions().iter().filter_map(|condition| {
        // A status beyond True, False and Unknown has no meaning to explain.
        let status = condition.status.known()?;
        let is_gate = pod.spec().readiness_gates().contains(&condition.type_);
        let is_scheduled = condition.type_ == ConditionType::PodScheduled.name();
        let is_disruption = condition.type_ == ConditionType::DisruptionTarget.name();
        let is_unwanted = match status {
            ConditionStatus::True => is_disruption,
            ConditionStatus::False | ConditionStatus::Unknown => is_gate || is_scheduled,
        };
        is_unwanted.then(|| UnmetCondition {
            condition: condition.type_.clone(),
            status,
            since: condition.last_transition_time,
            reason: condition.reason.clone(),
            containers: Vec::new(),
            message: condition.message.clone(),
        })
    });
    let own = published.conditions();
    let own = own.iter().filter(|(which, condition, _)| {
        let is_well_under_way = *which == ConditionType::PodResizeInProgress && condition.reason.is_none();
        condition.is_true() == is_unwanted(*which) && !is_well_under_way
    });
    let own = own.map(|(which, condition, since)| UnmetCondition {
        condition: which.name().into(),
        status: condition.status,
        since: *since,
        reason: condition.reason.map(|reason| reason.name().into()).unwrap_or_default(),
        containers: match &condition.message {
            ConditionMessage::Containers(lacking) => {
                fact::names(pod, lacking.unknown.iter().chain(&lacking.unmet).copied())
            }
            ConditionMessage::None
            | ConditionMessage::Gates(_)
            | ConditionMessage::RestartRule
            | ConditionMessage::Text(_) => Vec::new(),
        },
        message: status::condition_message(pod.spec(), condition),
    });
    external.chain(own).collect()
}

/// Returns the unmet conditions of an API status; `containers_of` names the containers behind one.
pub(super) fn unmet_of(
    conditions: &[PodCondition],
    spec: &PodSpec,
    containers_of: impl Fn(&PodCondition, ConditionStatus) -> Vec<String>,
) -> Vec<UnmetCondition> {
    let unmet = conditions.iter().filter_map(|condition| {
        let status = condition.status.known().filter(|status| is_unmet(condition, *status, spec))?;
        Some(UnmetCondition {
            condition: condition.type_.clone(),
            status,
            since: condition.last_transition_time,
            reason: condition.reason.clone(),
            containers: containers_of(condition, status),
            message: condition.message.clone(),
        })
    });
    unmet.collect()
}

fn is_unmet(condition: &PodCondition, status: ConditionStatus, spec: &PodSpec) -> bool {
    let is_true = status == ConditionStatus::True;
    match Named::<ConditionType>::from(&*condition.type_).known() {
        // One in progress is unmet only while an error keeps it from its end.
        Some(ConditionType::PodResizeInProgress) => is_true && !condition.reason.is_empty(),
        Some(which) => is_true == is_unwanted(which),
        // Exist only while a resize waits or is in progress (KEP-1287).
        None if is_resize_condition(&condition.type_) => is_true,
        None if spec.readiness_gates().contains(&condition.type_) => !is_true,
        // Only the owner knows the wanted status of any other external condition: one that is not True, or has something
        // to say, is shown as it is.
        None => !is_true || !condition.reason.is_empty() || !condition.message.is_empty(),
    }
}

/// True if `True` is the unwanted status of a condition.
fn is_unwanted(which: ConditionType) -> bool {
    match which {
        // PodResizePending exists only while a resize waits, with reason Deferred or Infeasible (KEP-1287).
        ConditionType::AllContainersRestarting
        | ConditionType::DisruptionTarget
        | ConditionType::PodResizePending
        | ConditionType::PodResizeInProgress => true,
        ConditionType::PodReadyToStartContainers
        | ConditionType::Initialized
        | ConditionType::Ready
        | ConditionType::ContainersReady
        | ConditionType::PodScheduled => false,
    }
}
