//! Whose word counts in which part of a status.

use alloc::vec::Vec;

use crate::{
    api::{Name, PodCondition, PodStatus},
    state::{ConditionReason, ConditionType, is_owned_by_kubelet},
    status::has_ended,
};

/// Fields of a status that the kubelet does not own, whatever it has heard of them.
const NOT_THE_KUBELETS: [&str; 3] =
    ["resourceClaimStatuses", "extendedResourceClaimStatus", "nodeAllocatableResourceClaimStatuses"];

/// The status that the API ought to have when the kubelet publishes `ours` over `theirs`.
///
/// * Other owners' conditions are as in `theirs`, the kubelet's as in `ours`.
/// * `DisruptionTarget`, which every owner may set, is as in `theirs`, unless the kubelet itself ends the Pod
///   (`TerminationByKubelet`) and `ours` is the status that makes the phase terminal.
/// * `observedGeneration` and `qosClass` are never taken back: the API server would not have it.
/// * Fields that the crate has no name for are as in `ours` if they are there, and stay otherwise.
/// * All else is as in `ours`.
///
/// Answers to `mergePodStatus` in `pkg/kubelet/status` and to what `PrepareForUpdate` of the API server's
/// `podStatusStrategy` puts back. A terminal phase that has to wait for containers to stop has waited in
/// [`PodMachine::status`](crate::PodMachine::status) already.
///
/// ```
/// use pod_lifecycle::{api::PodStatus, status::merged_status};
///
/// let theirs: PodStatus = serde_json::from_str(
///     r#"{"phase": "Pending", "qosClass": "BestEffort", "conditions": [{"type": "Gate", "status": "True"}]}"#)?;
/// let ours: PodStatus =
///     serde_json::from_str(r#"{"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}"#)?;
/// let merged = merged_status(&theirs, &ours);
/// let types: Vec<_> = merged.conditions.iter().map(|condition| &*condition.type_).collect();
/// assert_eq!((merged.phase, merged.qos_class), (ours.phase, theirs.qos_class));
/// assert_eq!(types, ["Gate", "Ready"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn merged_status(theirs: &PodStatus, ours: &PodStatus) -> PodStatus {
    let mut other = theirs.other.clone();
    let own =
        ours.other.iter().filter(|(field, value)| !value.is_null() && !NOT_THE_KUBELETS.contains(&field.as_str()));
    other.extend(own.map(|(field, value)| (field.clone(), value.clone())));
    PodStatus {
        observed_generation: generation(theirs.observed_generation, ours.observed_generation),
        qos_class: ours.qos_class.clone().or_else(|| theirs.qos_class.clone()),
        conditions: conditions(theirs, ours),
        other,
        ..ours.clone()
    }
}

/// Others' conditions first, in the order of the API, then the kubelet's own in its order.
fn conditions(theirs: &PodStatus, ours: &PodStatus) -> Vec<PodCondition> {
    let (is_own, is_others) = (
        |condition: &&PodCondition| is_owned_by_kubelet(&condition.type_),
        |condition: &&PodCondition| !is_owned_by_kubelet(&condition.type_),
    );
    let mut merged: Vec<PodCondition> = theirs.conditions.iter().filter(is_others).cloned().collect();
    if let Some(disruption) = own_disruption(ours).filter(|_| has_ended(ours) && !has_ended(theirs)) {
        match merged.iter_mut().find(|condition| condition.type_ == disruption.type_) {
            Some(others) => others.clone_from(disruption),
            None => merged.push(disruption.clone()),
        }
    }
    merged.extend(ours.conditions.iter().filter(is_own).map(|condition| {
        let before = theirs.conditions.iter().find(|before| before.type_ == condition.type_);
        let observed = before.map_or(0, |before| before.observed_generation);
        PodCondition { observed_generation: generation(observed, condition.observed_generation), ..condition.clone() }
    }));
    merged
}

/// The mark of a Pod that the kubelet itself ends, told from those of others by its reason.
fn own_disruption(ours: &PodStatus) -> Option<&PodCondition> {
    ours.conditions.iter().find(|condition| {
        condition.type_ == ConditionType::DisruptionTarget.name()
            && condition.reason == ConditionReason::TerminationByKubelet.name()
    })
}

/// The API server keeps the generation that was observed if the new status does not say.
fn generation(theirs: i64, ours: i64) -> i64 {
    if ours == 0 { theirs } else { ours }
}
