//! The conditions that are not met, and what is in their way.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::fact;
use crate::{
    api::{ConditionStatus, Name, Named, PodCondition},
    kubelet::PodMachine,
    spec::PodSpec,
    state::{ConditionMessage, ConditionType},
    status,
    time::Timestamp,
};

/// A condition that is not as one would like it, and why.
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
    /// Its type: `Ready`.
    pub condition: String,
    /// Its status; for `DisruptionTarget` and `AllContainersRestarting` it is `True` that is unwelcome.
    pub status: ConditionStatus,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, in one word: `ContainersNotReady`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The containers that are in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Why, for people, in Kubernetes' words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The conditions that are not as one would like them, in the order of the API status.
pub(super) fn unmet(pod: &PodMachine) -> Vec<UnmetCondition> {
    let published = pod.published();
    let foreign = published.external_conditions().iter().filter_map(|condition| {
        let status = condition.status.known()?;
        let is_gate = pod.spec().readiness_gates().contains(&condition.type_);
        let is_scheduled = condition.type_ == ConditionType::PodScheduled.name();
        let is_disruption = condition.type_ == ConditionType::DisruptionTarget.name();
        let is_unwelcome = match status {
            ConditionStatus::True => is_disruption,
            ConditionStatus::False | ConditionStatus::Unknown => is_gate || is_scheduled,
        };
        is_unwelcome.then(|| UnmetCondition {
            condition: condition.type_.clone(),
            status,
            since: condition.last_transition_time,
            reason: condition.reason.clone(),
            containers: Vec::new(),
            message: condition.message.clone(),
        })
    });
    let own = published.conditions();
    let own = own.iter().filter(|(which, condition, _)| condition.is_true() == is_unwelcome(*which));
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
    foreign.chain(own).collect()
}

/// The published conditions that are not as one would like them; `in_the_way` names the containers that one is about.
pub(super) fn unmet_of(
    conditions: &[PodCondition],
    spec: &PodSpec,
    in_the_way: impl Fn(&PodCondition, ConditionStatus) -> Vec<String>,
) -> Vec<UnmetCondition> {
    let unmet = conditions.iter().filter_map(|condition| {
        let status = condition.status.known().filter(|status| is_unmet(condition, *status, spec))?;
        Some(UnmetCondition {
            condition: condition.type_.clone(),
            status,
            since: condition.last_transition_time,
            reason: condition.reason.clone(),
            containers: in_the_way(condition, status),
            message: condition.message.clone(),
        })
    });
    unmet.collect()
}

fn is_unmet(condition: &PodCondition, status: ConditionStatus, spec: &PodSpec) -> bool {
    let is_true = status == ConditionStatus::True;
    match Named::<ConditionType>::from(&*condition.type_).known() {
        Some(which) => is_true == is_unwelcome(which),
        None if condition.type_ == "PodResizePending" => is_true,
        // What others' conditions mean only their owners know, unless the Pod waits for one.
        None => !is_true && spec.readiness_gates().contains(&condition.type_),
    }
}

/// Whether it is bad news that a condition holds.
fn is_unwelcome(which: ConditionType) -> bool {
    match which {
        ConditionType::AllContainersRestarting | ConditionType::DisruptionTarget => true,
        ConditionType::PodReadyToStartContainers
        | ConditionType::Initialized
        | ConditionType::Ready
        | ConditionType::ContainersReady
        | ConditionType::PodScheduled => false,
    }
}
