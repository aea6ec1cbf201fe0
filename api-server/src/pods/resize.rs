//! The subresource `resize`: other resources for containers that run.
//!
//! <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>

use pod_lifecycle::api::{FieldError, FieldErrorType};
use serde_json::Value;

use super::{
    super::{object::Object, status::field_error},
    qos,
};

const LISTS: [&str; 2] = ["spec.containers", "spec.initContainers"];

/// Puts back everything but resources and resize policies. If the containers are others, that is for [`validate`] to say.
pub(in super::super) fn prepare(new: &mut Object, old: &Object) {
    if !LISTS.iter().all(|list| names(new, list) == names(old, list)) {
        return;
    }
    let mut changed = old.clone();
    for field in ["metadata.uid", "metadata.resourceVersion", "spec.resources"] {
        changed.copy(field, new);
    }
    for list in LISTS {
        for (container, resized) in changed.items_mut(list).iter_mut().zip(new.items(list)) {
            resize(container, resized);
        }
    }
    *new = changed;
}

fn resize(container: &mut Value, resized: &Value) {
    let Some(container) = container.as_object_mut() else { return };
    for field in ["resources", "resizePolicy"] {
        match resized.get(field) {
            Some(value) => container.insert(field.into(), value.clone()),
            None => container.remove(field),
        };
    }
}

fn names(pod: &Object, list: &str) -> Vec<Option<Value>> {
    pod.items(list).iter().map(|container| container.get("name").cloned()).collect()
}

/// A resize changes no container's name and no QoS class. Answers to `ValidatePodResize`.
pub(in super::super) fn validate(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !LISTS.iter().all(|list| names(new, list) == names(old, list)) {
        let detail = "only cpu and memory resources are mutable";
        errors.push(field_error("spec", FieldErrorType::Forbidden, None, detail));
    } else if qos::class(new) != old.text("status.qosClass") {
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.push(field_error("spec", FieldErrorType::Invalid, Some(qos::class(new)), detail));
    }
    errors
}
