//! Pods: defaulted, validated and deleted as the core crate says.

mod binding;
mod budget;
mod defaults;
pub(super) mod ephemeral;
mod eviction;
mod qos;
pub(super) mod resize;
mod status;
mod update;

use pod_lifecycle::{
    Timestamp,
    api::{self, FieldError, FieldErrorType, PodManifest, PodPhase},
};
use serde_json::json;

use super::{
    object::Object,
    state,
    status::{StatusError, field_error},
    strategy::Strategy,
};

pub(super) use defaults::fill_in;

/// The strategy of Pods.
pub(super) struct Pods;

impl Strategy for Pods {
    fn default(&self, pod: &mut Object) -> Result<(), StatusError> {
        defaults::fill_in(pod)
    }

    /// Answers to `podStrategy.PrepareForCreate`, and the admission of priority and tolerations.
    fn prepare_for_create(&self, pod: &mut Object, _now: Timestamp) {
        defaults::admit(pod);
        pod.set("status", json!({"phase": "Pending", "qosClass": qos::class(pod)}));
        if !pod.items("spec.schedulingGates").is_empty() {
            pod.set(
                "status.conditions",
                json!([{
                    "type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastProbeTime": null,
                    "lastTransitionTime": null, "message": "Scheduling is blocked due to non-empty scheduling gates"
                }]),
            );
        }
    }

    fn validate(&self, pod: &Object) -> Vec<FieldError> {
        let errors = match state::read::<PodManifest>(pod) {
            Ok(pod) => api::validate(&pod).err().map(|invalid| invalid.errors().to_vec()),
            Err(error) => Some(vec![field_error("spec", FieldErrorType::Invalid, None, error.to_string())]),
        };
        let is_new = !pod.has("metadata.resourceVersion");
        errors.unwrap_or_default().into_iter().filter(|error| concerns(error, is_new)).collect()
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        update::validate(new, old)
    }

    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        status::prepare(new, old);
    }

    fn validate_status_update(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        status::validate(new, old)
    }

    /// No grace for what no node has, or what has ended.
    ///
    /// Answers to `podStrategy.CheckGracefulDelete`.
    fn grace_period_seconds(&self, pod: &Object, asked: Option<i64>) -> Option<i64> {
        if pod.text("spec.nodeName").is_empty() || has_ended(pod) {
            return Some(0);
        }
        let seconds = asked.or_else(|| pod.number("spec.terminationGracePeriodSeconds")).unwrap_or_default();
        Some(if seconds < 0 { 1 } else { seconds })
    }
}

/// Whether an error is said of this Pod here: those of metadata are said of all objects alike, and what may not be set
/// by the creation may be there later.
fn concerns(error: &FieldError, is_new: bool) -> bool {
    let only_of_new = error.field == ephemeral::FIELD && error.kind == FieldErrorType::Forbidden;
    let is_of_all = error.field.starts_with("metadata.") && !error.field.starts_with("metadata.annotations[");
    !is_of_all && (is_new || !only_of_new)
}

/// Whether all containers have ended for good.
pub(super) fn has_ended(pod: &Object) -> bool {
    let phase = pod.text("status.phase");
    [PodPhase::Succeeded, PodPhase::Failed].iter().any(|ended| api::Name::name(*ended) == phase)
}
