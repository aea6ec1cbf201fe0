//! External conditions: those that the kubelet does not compute, such as the conditions of readiness gates.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>. Answers to what
//! `generateAPIPodStatus` in `pkg/kubelet/kubelet_pods.go` preserves.
//!
//! Asked by: `kubelet::api_pod`.

use alloc::{string::String, vec::Vec};

use crate::{
    api::{ConditionStatus, Name, PodCondition},
    spec::PodSpec,
    state::{ConditionType, is_owned_by_kubelet},
};

/// Returns the external conditions of the next status: those of the API server (`api`) that the kubelet does not own,
/// and the `DisruptionTarget` of the kubelet's previous status.
///
/// ```
/// use pod_lifecycle::{api::PodCondition, rule::external_conditions};
///
/// let api: Vec<PodCondition> = serde_json::from_str(
///     r#"[{"type": "Ready", "status": "True"}, {"type": "example.com/attached", "status": "True"}]"#)?;
/// let external = external_conditions::external_conditions(&api, &[]);
/// assert_eq!(external.iter().map(|it| it.type_.as_str()).collect::<Vec<_>>(), ["example.com/attached"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn external_conditions(api: &[PodCondition], previous: &[PodCondition]) -> Vec<PodCondition> {
    let external = api.iter().filter(|condition| !is_owned_by_kubelet(&condition.type_));
    let mut external: Vec<PodCondition> = external.cloned().collect();
    // Evictions and node shutdowns set it in the kubelet's status before the API server has it.
    let disruption = ConditionType::DisruptionTarget.name();
    if let Some(reported) = previous.iter().find(|condition| condition.type_ == disruption) {
        match external.iter_mut().find(|condition| condition.type_ == disruption) {
            Some(stale) => stale.clone_from(reported),
            None => external.push(reported.clone()),
        }
    }
    external
}

/// Returns the status of each readiness gate's condition, in the order of `spec.readinessGates`; `None` if there is no
/// such condition.
///
/// ```
/// use pod_lifecycle::{api::{ConditionStatus, self}, rule::external_conditions, spec::PodSpec};
///
/// let pod: api::PodManifest = serde_json::from_str(r#"{
///     "spec": {"readinessGates": [{"conditionType": "a.example/x"}, {"conditionType": "a.example/y"}], "containers": []},
///     "status": {"conditions": [{"type": "a.example/y", "status": "False"}]}
/// }"#)?;
/// let spec = PodSpec::from_admitted(&pod)?;
/// let gates = external_conditions::readiness_gates(&spec, &pod.status.conditions);
/// assert_eq!(gates, [None, Some(ConditionStatus::False)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn readiness_gates(spec: &PodSpec, conditions: &[PodCondition]) -> Vec<Option<ConditionStatus>> {
    let status_of = |gate: &String| {
        let condition = conditions.iter().find(|condition| condition.type_ == *gate)?;
        // Any writer of the API may have written a status that Kubernetes does not know.
        Some(condition.status.known().unwrap_or(ConditionStatus::Unknown))
    };
    spec.readiness_gates().iter().map(status_of).collect()
}
