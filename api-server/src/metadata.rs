//! `metadata`: server-set fields and validation.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>

use pod_lifecycle::{
    Timestamp,
    api::{self, FieldError, FieldErrorType, ObjectMeta, PodManifest},
};
use serde_json::Value;

use super::{
    object::Object,
    resource::{Generation, Resource, Scope},
    status::field_error,
};

const IMMUTABLE: &str = "field is immutable";

/// Sets the server's fields of a new object.
pub(super) fn begin(resource: &Resource, object: &mut Object, uid: String, now: Timestamp) {
    for field in ["selfLink", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
        object.remove(&format!("metadata.{field}"));
    }
    object.set("metadata.uid", uid);
    object.set("metadata.creationTimestamp", now.to_string());
    if resource.generation == Generation::Counted {
        object.set("metadata.generation", 1);
    }
}

/// Restores the fields that an update cannot change.
pub(super) fn keep(new: &mut Object, old: &Object) {
    for field in ["creationTimestamp", "generation"] {
        new.copy(&format!("metadata.{field}"), old);
    }
    for field in ["uid", "resourceVersion"] {
        if new.text(&format!("metadata.{field}")).is_empty() {
            new.copy(&format!("metadata.{field}"), old);
        }
    }
    if old.is_being_deleted() {
        new.copy("metadata.deletionTimestamp", old);
    }
    if !new.has("metadata.deletionGracePeriodSeconds") {
        new.copy("metadata.deletionGracePeriodSeconds", old);
    }
    new.remove("metadata.selfLink");
}

/// Validates names, labels, annotations and finalizers.
///
/// Answers to `ValidateObjectMeta`.
pub(super) fn validate(resource: &Resource, object: &Object) -> Vec<FieldError> {
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    let mut metadata: ObjectMeta = match serde_json::from_value(metadata) {
        Ok(metadata) => metadata,
        Err(error) => return vec![field_error("metadata", FieldErrorType::Invalid, None, error.to_string())],
    };
    if resource.scope == Scope::Cluster {
        metadata.namespace = "default".into();
    }
    let may_have_any_letter = resource.group == "rbac.authorization.k8s.io";
    let mut pod = PodManifest::default();
    pod.metadata = metadata;
    // The mirror of a static Pod has a node; whether this one has is asked elsewhere.
    pod.spec.node_name = "node".into();
    let errors = api::validate(&pod).err().map(|invalid| invalid.errors().to_vec()).unwrap_or_default();
    let of_metadata = errors.into_iter().filter(|error| error.field.starts_with("metadata."));
    let of_metadata = of_metadata.filter(|error| !(may_have_any_letter && error.field == "metadata.name"));
    of_metadata.chain(object.finalizers().iter().filter_map(finalizer)).collect()
}

/// Validates a finalizer: a qualified name, like a label's key.
fn finalizer(finalizer: &Value) -> Option<FieldError> {
    let name = finalizer.as_str().unwrap_or_default();
    let mut pod = PodManifest::default();
    pod.metadata.labels.insert(name.into(), String::new());
    let errors = api::validate(&pod).err()?;
    let error = errors.errors().iter().find(|error| error.field == "metadata.labels")?;
    let mut error = error.clone();
    error.field = "metadata.finalizers".into();
    Some(error)
}

/// Validates an update of the metadata.
///
/// Answers to `ValidateObjectMetaUpdate`.
pub(super) fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let field = format!("metadata.{field}");
        if new.get(&field) != old.get(&field) {
            errors.push(immutable(&field, new.get(&field)));
        }
    }
    let added: Vec<&str> = new
        .finalizers()
        .iter()
        .filter(|finalizer| !old.finalizers().contains(finalizer))
        .filter_map(Value::as_str)
        .collect();
    if old.is_being_deleted() && !added.is_empty() {
        let names: Vec<String> = added.iter().map(|name| format!("{name:?}")).collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            names.join(", ")
        );
        errors.push(field_error("metadata.finalizers", FieldErrorType::Forbidden, None, detail));
    }
    errors
}

/// Returns the error of a change of an immutable field.
pub(super) fn immutable(field: &str, value: Option<&Value>) -> FieldError {
    let text = match value {
        None => "null".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    field_error(field, FieldErrorType::Invalid, Some(&text), IMMUTABLE)
}

/// True if nothing keeps a deleted object: no finalizer and no grace left.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/>
pub(super) fn is_ready_to_go(object: &Object) -> bool {
    object.is_being_deleted()
        && object.finalizers().is_empty()
        && !(object.text("kind") == "Namespace" && object.has("spec.finalizers"))
        && object.number("metadata.deletionGracePeriodSeconds").unwrap_or_default() == 0
}

/// Increments the generation.
pub(super) fn count_generation(object: &mut Object) {
    if let Some(generation) = object.number("metadata.generation").filter(|generation| *generation > 0) {
        object.set("metadata.generation", generation.saturating_add(1));
    }
}
