//! Per-resource rules of writes, as `rest.RESTCreateStrategy` and its relatives.
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
    workloads,
};

/// Preparation and validation of a resource's objects.
pub(super) trait Strategy {
    /// Sets defaults; refuses an object that does not fit its kind.
    fn default(&self, _object: &mut Object) -> Result<(), StatusError> {
        Ok(())
    }

    /// Prepares a new object.
    fn prepare_for_create(&self, _object: &mut Object, _now: Timestamp) {}

    /// Validates an object.
    fn validate(&self, _object: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Validates an update.
    fn validate_update(&self, _new: &Object, _old: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Restores what the subresource `status` cannot change.
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

    /// Validates a new status.
    fn validate_status_update(&self, _new: &Object, _old: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Returns the grace in seconds; `None` without graceful deletion.
    fn grace_period_seconds(&self, _object: &Object, _asked: Option<i64>) -> Option<i64> {
        None
    }
}

/// Strategy without rules of its own.
struct Plain;

impl Strategy for Plain {}

/// Returns the strategy of a resource.
pub(super) fn of(resource: &Resource) -> &'static dyn Strategy {
    if resource.origin == Origin::Custom {
        return &Plain;
    }
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => &Pods,
        ("", "nodes") => &Nodes,
        ("", "namespaces") => &Namespaces,
        ("apps", "deployments") => &workloads::DEPLOYMENT,
        ("apps", "replicasets") => &workloads::REPLICA_SET,
        ("apps", "statefulsets") => &workloads::STATEFUL_SET,
        ("apps", "daemonsets") => &workloads::DAEMON_SET,
        ("batch", "jobs") => &workloads::JOB,
        ("batch", "cronjobs") => &workloads::CRON_JOB,
        ("", "replicationcontrollers") => &workloads::REPLICATION_CONTROLLER,
        ("apiextensions.k8s.io", "customresourcedefinitions") => &Definitions,
        _ => &Plain,
    }
}

/// Drops the status of a new object where its creator may not write it.
pub(super) fn drop_status(resource: &Resource, object: &mut Object) {
    match resource.status {
        StatusSubresource::Only => {
            object.remove("status");
        }
        StatusSubresource::AlsoCreation | StatusSubresource::Absent => {}
    }
}

/// True if the objects differ outside of metadata and status, which increments `metadata.generation`.
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
