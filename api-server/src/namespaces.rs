//! Namespaces.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/>

use std::sync::Arc;

use pod_lifecycle::Timestamp;
use serde_json::json;

use super::{
    metadata,
    names::Names,
    object::Object,
    resource::GroupResource,
    state::{Call, State},
    status::StatusError,
    store::Store,
    strategy::Strategy,
};

/// Namespaces of every cluster.
const INITIAL: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Strategy of namespaces.
pub(super) struct Namespaces;

impl Strategy for Namespaces {
    /// Answers to `namespaceStrategy.PrepareForCreate`.
    fn prepare_for_create(&self, namespace: &mut Object, _now: Timestamp) {
        namespace.set("spec.finalizers", json!(["kubernetes"]));
        namespace.set("status", json!({"phase": "Active"}));
        let name = namespace.name().to_owned();
        namespace.insert("metadata.labels", "kubernetes.io/metadata.name", name);
    }

    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        new.copy("spec", old);
    }
}

pub(super) fn resource() -> GroupResource {
    GroupResource { group: String::new(), resource: "namespaces".into() }
}

/// Creates the default namespaces.
pub(super) fn begin(store: &mut Store, names: &mut Names, now: Timestamp) {
    let Some(kind) = super::builtin::all().find(|one| one.is("", "namespaces")) else { return };
    for name in INITIAL {
        let mut namespace = Object::default();
        namespace.set("apiVersion", "v1");
        namespace.set("kind", "Namespace");
        namespace.set("metadata.name", name);
        metadata::begin(&kind, &mut namespace, names.uid(), now);
        Namespaces.prepare_for_create(&mut namespace, now);
        store.put(&resource(), namespace);
    }
}

/// Refuses the deletion of a permanent namespace.
pub(super) fn check_deletion(namespace: &Object) -> Result<(), StatusError> {
    if ["default", "kube-system", "kube-public"].contains(&namespace.name()) {
        let why = "this namespace may not be deleted";
        return Err(StatusError::forbidden(&resource(), namespace.name(), why));
    }
    Ok(())
}

impl State {
    /// Handles the subresource `finalize`: the namespace is empty.
    pub(super) fn finalize_namespace(&mut self, call: &Call) -> Result<Arc<Object>, StatusError> {
        let said = call.object()?;
        call.check_name(&said)?;
        let old = self.existing(call)?;
        let mut new = Object::clone(&old);
        new.copy("spec.finalizers", &said);
        if new.items("spec.finalizers").is_empty() {
            new.remove("spec.finalizers");
        }
        Ok(self.conclude(call, &old, new))
    }
}
