//! The subresource `ephemeralcontainers`: containers to debug a Pod with.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/>

use pod_lifecycle::api::{FieldError, FieldErrorType};
use serde_json::Value;

use super::super::{object::Object, status::field_error};

pub(super) const FIELD: &str = "spec.ephemeralContainers";

/// Puts back everything else.
pub(in super::super) fn prepare(new: &mut Object, old: &Object) {
    let mut changed = old.clone();
    for field in [FIELD, "metadata.uid", "metadata.resourceVersion"] {
        changed.copy(field, new);
    }
    *new = changed;
}

/// They can be added, and no more than that. Answers to `ValidatePodEphemeralContainersUpdate`.
pub(in super::super) fn validate(new: &Object, old: &Object) -> Vec<FieldError> {
    let name = |container: &Value| container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut errors = Vec::new();
    for before in old.items(FIELD) {
        let after = new.items(FIELD).iter().find(|after| name(after) == name(before));
        let lost = match after {
            None => "removed",
            Some(after) if after != before => "changed",
            Some(_) => continue,
        };
        let detail = format!("existing ephemeral containers {:?} may not be {lost}\n", name(before));
        errors.push(field_error(FIELD, FieldErrorType::Forbidden, None, detail));
    }
    errors
}
