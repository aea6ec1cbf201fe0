//! What is particular to the objects of one resource when they are written.
//!
//! Kubernetes calls it so, too: `rest.RESTCreateStrategy` and its like.

use pod_lifecycle::{Timestamp, api::FieldError};

use super::{
    definitions::Definitions,
    namespaces::Namespaces,
    nodes::Nodes,
    object::Object,
    pods::Pods,
    resource::{Origin, Resource, StatusSubresource},
    status::StatusError,
};

/// How the objects of a resource are prepared and checked.
pub(super) trait Strategy {
    /// Fills in what nobody wrote. An object that cannot be of its kind is refused.
    fn default(&self, _object: &mut Object) -> Result<(), StatusError> {
        Ok(())
    }

    /// Makes an object as one that has just come to be.
    fn prepare_for_create(&self, _object: &mut Object, _now: Timestamp) {}

    /// What is wrong with an object.
    fn validate(&self, _object: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// What is wrong with a change of an object.
    fn validate_update(&self, _new: &Object, _old: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Puts back what the subresource `status` can not change.
    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        let status = new.remove("status");
        let version = new.remove("metadata.resourceVersion");
        let uid = new.remove("metadata.uid");
        *new = old.clone();
        for (field, value) in [("status", status), ("metadata.resourceVersion", version), ("metadata.uid", uid)] {
            match value {
                Some(value) => new.set(field, value),
                None => {
                    new.remove(field);
                }
            }
        }
    }

    /// What is wrong with a new status.
    fn validate_status_update(&self, _new: &Object, _old: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// How many seconds an object has until it is to be gone; none if it goes without grace.
    fn grace_period_seconds(&self, _object: &Object, _asked: Option<i64>) -> Option<i64> {
        None
    }
}

/// What nothing is particular about.
struct Plain;

impl Strategy for Plain {}

/// The strategy of a resource.
pub(super) fn of(resource: &Resource) -> &'static dyn Strategy {
    if resource.origin == Origin::Custom {
        return &Plain;
    }
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => &Pods,
        ("", "nodes") => &Nodes,
        ("", "namespaces") => &Namespaces,
        ("apiextensions.k8s.io", "customresourcedefinitions") => &Definitions,
        _ => &Plain,
    }
}

/// Takes from a new object the status that its creator may not write.
pub(super) fn drop_status(resource: &Resource, object: &mut Object) {
    match resource.status {
        StatusSubresource::Only => {
            object.remove("status");
        }
        StatusSubresource::AlsoCreation | StatusSubresource::Absent => {}
    }
}

/// Whether the two differ in what `metadata.generation` counts: everything but metadata and status.
pub(super) fn differs_in_spec(resource: &Resource, new: &Object, old: &Object) -> bool {
    let counts = |field: &str| field != "metadata" && (field != "status" || !resource.has_status());
    let fields = |object: &Object| -> Vec<(String, serde_json::Value)> {
        object
            .fields()
            .iter()
            .filter(|(field, _)| counts(field))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    fields(new) != fields(old)
}
