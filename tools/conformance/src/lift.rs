//! From answers of the rules to JSON.

use pod_lifecycle::{
    api,
    rule::pod_actions::KillReason,
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType},
    status,
};
use serde_json::{Value, json};

/// A condition without its times.
pub(crate) fn condition(spec: &PodSpec, condition_type: ConditionType, condition: &Condition) -> Value {
    json!(status::pod_condition(spec, condition_type, condition, spec.generation(), None))
}

/// The kubelet's word for the reason of a kill.
pub(crate) fn kill_reason(reason: KillReason) -> &'static str {
    match reason {
        KillReason::DefinitionChanged => "",
        KillReason::LivenessProbe => "LivenessProbe",
        KillReason::StartupProbe => "StartupProbe",
        KillReason::Unknown => "Unknown",
        KillReason::Resize | _ => unreachable!("{reason:?} is new here"),
    }
}

/// Places in the lists of the manifest.
pub(crate) fn places(spec: &PodSpec, containers: &[ContainerIndex]) -> Value {
    json!(containers.iter().map(|&index| spec.index_in_list(index)).collect::<Vec<_>>())
}

/// A Pod status as the kubelet hands it to its status manager, which sets the generation and the start time.
pub(crate) fn computed_status(mut status: api::PodStatus) -> Value {
    (status.observed_generation, status.start_time) = (0, None);
    json!(status)
}
