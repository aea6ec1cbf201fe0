//! The subresource `status` of Pods: what a kubelet writes.

use std::collections::BTreeMap;

use pod_lifecycle::{
    api::{ContainerStatus, FieldError, FieldErrorType, PodManifest},
    rule::restart,
    spec::PodSpec,
};
use serde_json::Value;

use super::super::{metadata::immutable, object::Object, state, status::field_error};

/// Puts back what no kubelet may change: the spec, the owners, a QoS class once given, generations once observed.
///
/// Answers to `podStatusStrategy.PrepareForUpdate`.
pub(super) fn prepare(new: &mut Object, old: &Object) {
    for field in ["spec", "metadata.ownerReferences", "metadata.deletionTimestamp"] {
        new.copy(field, old);
    }
    for field in ["status.qosClass", "status.observedGeneration"] {
        if !new.has(field) {
            new.copy(field, old);
        }
    }
    keep_observed_generations(new, old);
}

fn keep_observed_generations(new: &mut Object, old: &Object) {
    let type_of = |condition: &Value| condition.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let observed = |condition: &Value| Some((type_of(condition), condition.get("observedGeneration")?.clone()));
    let before: BTreeMap<String, Value> = old.items("status.conditions").iter().rev().filter_map(observed).collect();
    for condition in new.items_mut("status.conditions") {
        let before = before.get(&type_of(condition));
        if let (Some(before), Some(condition)) = (before, condition.as_object_mut()) {
            condition.entry("observedGeneration").or_insert_with(|| before.clone());
        }
    }
}

/// Answers to `ValidatePodStatusUpdate`.
pub(super) fn validate(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if new.text("status.qosClass") != old.text("status.qosClass") {
        errors.push(immutable("status.qosClass", new.get("status.qosClass")));
    }
    if new.number("status.observedGeneration").is_some_and(|generation| generation < 0) {
        let detail = "must be a non-negative integer";
        errors.push(field_error("status.observedGeneration", FieldErrorType::Invalid, None, detail));
    }
    match (state::read::<PodManifest>(new), state::read::<PodManifest>(old)) {
        (Ok(new), Ok(old)) => errors.extend(transitions(&new, &old)),
        (Err(error), _) => errors.push(field_error("status", FieldErrorType::Invalid, None, error.to_string())),
        // What was stored in some other way is not held against its successor.
        (Ok(_), Err(_)) => {}
    }
    errors
}

/// A container that has ended, and is not to be restarted, does not run again.
///
/// Answers to `ValidateContainerStateTransition` and its like.
fn transitions(new: &PodManifest, old: &PodManifest) -> Vec<FieldError> {
    let Ok(spec) = PodSpec::from_admitted(old) else { return Vec::new() };
    if spec.all_containers_could_restart() {
        return Vec::new();
    }
    let lists = [
        ("containerStatuses", &new.status.container_statuses, &old.status.container_statuses),
        ("initContainerStatuses", &new.status.init_container_statuses, &old.status.init_container_statuses),
    ];
    let mut errors = Vec::new();
    for (list, new, old) in lists {
        for (index, before) in old.iter().enumerate() {
            if !may_become(&spec, before, new.iter().find(|after| after.name == before.name)) {
                let detail = "may not be transitioned to non-terminated state";
                errors.push(field_error(
                    format!("status.{list}[{index}].state"),
                    FieldErrorType::Forbidden,
                    None,
                    detail,
                ));
            }
        }
    }
    errors
}

fn may_become(spec: &PodSpec, before: &ContainerStatus, after: Option<&ContainerStatus>) -> bool {
    let (Some(end), Some(after)) = (&before.state.terminated, after) else { return true };
    if after.state.terminated.is_some() {
        return true;
    }
    let container = spec.index_of(&before.name).and_then(|index| spec.container(index));
    container.is_some_and(|container| restart::restarts_after_exit(container.restart(), end.exit_code))
}
