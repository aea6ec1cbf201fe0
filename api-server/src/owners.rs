//! Garbage collection by owner references (pkg/controller/garbagecollector), at once with each deletion.
//!
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/>

use std::{cell::RefCell, sync::Arc};

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    delete::DeleteOptions,
    metadata,
    object::Object,
    path::Target,
    query::{Effect, Query},
    resource::{Origin, Resource},
    state::{Call, State},
};

/// Finalizer of an owner that waits for its dependents.
const FOREGROUND: &str = "foregroundDeletion";

/// Treatment of dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Propagation {
    /// Deleted after the owner.
    Background,
    /// Deleted before the owner.
    Foreground,
    /// Kept without the owner.
    Orphan,
}

impl Propagation {
    /// Returns the policy of a deletion that names none. Answers to `DefaultGarbageCollectionPolicy`.
    pub(super) fn default_of(resource: &Resource) -> Propagation {
        // The two that had no garbage collection once.
        if resource.is("", "replicationcontrollers") || resource.is("batch", "jobs") {
            Propagation::Orphan
        } else {
            Propagation::Background
        }
    }
}

/// Returns the references of an object to its owners.
pub(super) fn references(object: &Object) -> impl Iterator<Item = &str> {
    object.items("metadata.ownerReferences").iter().filter_map(|owner| owner.get("uid")?.as_str())
}

fn without_owner(object: &Object, uid: &str) -> Object {
    let mut freed = object.clone();
    let owners = object.items("metadata.ownerReferences").iter();
    let others: Vec<Value> =
        owners.filter(|owner| owner.get("uid").and_then(Value::as_str) != Some(uid)).cloned().collect();
    if others.is_empty() {
        freed.remove("metadata.ownerReferences");
    } else {
        freed.set("metadata.ownerReferences", others);
    }
    freed
}

/// True if an object keeps an owner that is deleted in the foreground.
fn blocks(object: &Object, uid: &str) -> bool {
    object.items("metadata.ownerReferences").iter().any(|owner| {
        owner.get("uid").and_then(Value::as_str) == Some(uid)
            && owner.get("blockOwnerDeletion") == Some(&Value::Bool(true))
    })
}

impl State {
    /// Returns the objects that name an owner, each with its resource.
    fn dependents(&self, uid: &str) -> Vec<(Arc<Resource>, Arc<Object>)> {
        let found = self.store.dependents(uid);
        found.filter_map(|(storage, object)| Some((self.resources.of_storage(storage)?, object))).collect()
    }

    /// Takes an owner from its dependents, which stay.
    pub(super) fn orphan_dependents(&mut self, owner: &Object) {
        for (resource, dependent) in self.dependents(owner.uid()) {
            self.store.put(&resource.storage(), without_owner(&dependent, owner.uid()));
        }
    }

    /// Deletes the dependents of an owner that have no other one.
    pub(super) fn collect_dependents(&mut self, owner: &Object, now: Timestamp) {
        for (resource, dependent) in self.dependents(owner.uid()) {
            if dependent.is_being_deleted() {
                continue;
            }
            let has_another = references(&dependent).any(|uid| uid != owner.uid() && self.store.has_uid(uid));
            if has_another {
                self.store.put(&resource.storage(), without_owner(&dependent, owner.uid()));
                continue;
            }
            let call = call(&resource, &dependent, now);
            // Namespaces that may not be deleted are the only ones that refuse, and they have no owners.
            let _ = self.delete_object(&call, &dependent, &DeleteOptions::default());
        }
    }

    /// Returns the object marked so that it waits for its dependents; `None` if none keeps it.
    pub(super) fn waiting_for_dependents(&self, owner: &Object) -> Option<Object> {
        let is_kept = self.dependents(owner.uid()).iter().any(|(_, dependent)| blocks(dependent, owner.uid()));
        if !is_kept || owner.finalizers().contains(&FOREGROUND.into()) {
            return None;
        }
        let mut marked = owner.clone();
        let finalizers = owner.finalizers().iter().cloned().chain([FOREGROUND.into()]);
        marked.set("metadata.finalizers", finalizers.collect::<Vec<Value>>());
        Some(marked)
    }

    /// Lets go of owners that waited for an object that is gone.
    pub(super) fn release_owners(&mut self, gone: &Object, now: Timestamp) {
        let owners: Vec<String> = references(gone).map(Into::into).collect();
        for uid in owners {
            let Some((storage, owner)) = self.store.by_uid(&uid) else { continue };
            let waits = owner.is_being_deleted() && owner.finalizers().contains(&FOREGROUND.into());
            let is_kept = || self.dependents(&uid).iter().any(|(_, dependent)| blocks(dependent, &uid));
            let Some(resource) = self.resources.of_storage(&storage).filter(|_| waits && !is_kept()) else { continue };
            let mut freed = Object::clone(&owner);
            let others = owner.finalizers().iter().filter(|one| one.as_str() != Some(FOREGROUND)).cloned();
            freed.set("metadata.finalizers", others.collect::<Vec<Value>>());
            if freed.finalizers().is_empty() {
                freed.remove("metadata.finalizers");
            }
            let call = call(&resource, &owner, now);
            if metadata::is_ready_to_go(&freed) {
                self.withdraw(&call, &owner);
            } else {
                self.store.put(&storage, freed);
            }
        }
    }
}

/// Returns a request of the garbage collector for one object.
fn call(resource: &Arc<Resource>, object: &Object, now: Timestamp) -> Call {
    let namespace = Some(object.namespace().to_owned()).filter(|namespace| !namespace.is_empty());
    Call {
        resource: Arc::clone(resource),
        target: Target {
            group: resource.group.clone(),
            version: resource.version.clone(),
            namespace,
            plural: resource.plural.clone(),
            name: Some(object.name().into()),
            subresource: None,
        },
        query: Query { effect: Effect::Stored, ..Query::default() },
        content_type: String::new(),
        body: Vec::new(),
        user_agent: "kube-controller-manager".into(),
        warnings: RefCell::default(),
        now,
    }
}

impl super::resource::Resources {
    /// Returns a resource by the name under which its objects are stored.
    fn of_storage(&self, storage: &super::resource::GroupResource) -> Option<Arc<Resource>> {
        self.find_by(|resource| {
            resource.storage() == *storage && (resource.origin == Origin::Custom || resource.group == storage.group)
        })
    }
}
