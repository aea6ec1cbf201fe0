//! What of a Pod can still be changed once it is there.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement>

use pod_lifecycle::api::{FieldError, FieldErrorType};
use serde_json::Value;

use super::super::{object::Object, status::field_error};

const ALLOWED: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Answers to `ValidatePodUpdate`.
pub(super) fn validate(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for list in ["spec.containers", "spec.initContainers"] {
        if new.items(list).len() != old.items(list).len() {
            let detail = "pod updates may not add or remove containers";
            return vec![field_error(list, FieldErrorType::Forbidden, None, detail)];
        }
    }
    errors.extend(active_deadline(new, old));
    errors.extend(tolerations(new, old));
    errors.extend(scheduling_gates(new, old));
    if !is_gated(old) && rest(new, old) != rest(old, old) || is_gated(old) && rest_of_gated(new, old) != rest(old, old)
    {
        errors.push(field_error("spec", FieldErrorType::Forbidden, None, ALLOWED));
    }
    errors
}

/// A deadline can be set, and brought forward.
fn active_deadline(new: &Object, old: &Object) -> Option<FieldError> {
    let field = "spec.activeDeadlineSeconds";
    let error = |detail| Some(field_error(field, FieldErrorType::Invalid, new.get(field).map(|_| "later"), detail));
    match (new.number(field), old.number(field)?) {
        (None, _) => error("must not update from a positive integer to nil value"),
        (Some(later), earlier) if later > earlier => error("must be less than or equal to previous value"),
        (Some(_), _) => None,
    }
}

/// Tolerations can be added.
fn tolerations(new: &Object, old: &Object) -> Option<FieldError> {
    let field = "spec.tolerations";
    let is_kept = |toleration: &Value| {
        new.items(field)
            .iter()
            .any(|other| without(other, "tolerationSeconds") == without(toleration, "tolerationSeconds"))
    };
    let lost = old.items(field).iter().any(|toleration| !is_kept(toleration));
    let detail = "existing toleration can not be modified except its tolerationSeconds";
    lost.then(|| field_error(field, FieldErrorType::Forbidden, None, detail))
}

/// Gates can be taken away.
fn scheduling_gates(new: &Object, old: &Object) -> Vec<FieldError> {
    let field = "spec.schedulingGates";
    let added = new.items(field).iter().enumerate().filter(|(_, gate)| !old.items(field).contains(gate));
    let error = |(index, gate): (usize, &Value)| {
        let name = gate.get("name").and_then(Value::as_str).unwrap_or_default();
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        field_error(format!("{field}[{index}].name"), FieldErrorType::Forbidden, None, detail)
    };
    added.map(error).collect()
}

fn is_gated(pod: &Object) -> bool {
    !pod.items("spec.schedulingGates").is_empty()
}

/// The spec without what may change: that is as it was.
fn rest(new: &Object, old: &Object) -> Option<Value> {
    let mut rest = new.clone();
    for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        rest.copy(&format!("spec.{field}"), old);
    }
    for list in ["spec.containers", "spec.initContainers"] {
        for (container, before) in rest.items_mut(list).iter_mut().zip(old.items(list)) {
            if let (Some(container), Some(image)) = (container.as_object_mut(), before.get("image")) {
                container.insert("image".into(), image.clone());
            }
        }
    }
    rest.remove("spec")
}

/// As long as a Pod is gated, where it may run can be narrowed down as well.
///
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/#mutable-pod-scheduling-directives>
fn rest_of_gated(new: &Object, old: &Object) -> Option<Value> {
    let mut narrowed = new.clone();
    let selector = |pod: &Object| pod.get("spec.nodeSelector").and_then(Value::as_object).cloned().unwrap_or_default();
    let (after, before) = (selector(new), selector(old));
    if before.iter().all(|(key, value)| after.get(key) == Some(value)) {
        narrowed.copy("spec.nodeSelector", old);
    }
    if !old.has("spec.affinity.nodeAffinity") {
        narrowed.remove("spec.affinity.nodeAffinity");
        if !old.has("spec.affinity")
            && narrowed.get("spec.affinity").and_then(Value::as_object).is_some_and(|one| one.is_empty())
        {
            narrowed.remove("spec.affinity");
        }
    }
    rest(&narrowed, old)
}

fn without(value: &Value, field: &str) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.remove(field);
    }
    value
}
