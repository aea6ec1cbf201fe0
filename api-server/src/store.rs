//! Store of objects and their recent changes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use super::{object::Object, owners, resource::GroupResource, status::StatusError};

/// All objects, under one resource version.
#[derive(Debug, Default)]
pub(super) struct Store {
    revision: u64,
    collections: BTreeMap<GroupResource, Collection>,
    history_limit: usize,
    /// Objects by uid.
    uids: BTreeMap<String, (GroupResource, Key)>,
    /// Objects that name an owner, by the owner's uid.
    owned: BTreeMap<String, BTreeSet<(GroupResource, Key)>>,
}

/// Key of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Empty for cluster-scoped objects.
    pub(super) namespace: String,
    pub(super) name: String,
}

/// Objects of a resource in list order.
pub(super) type Objects = BTreeMap<Key, Packed>;

/// Object as JSON text: a tenth of the memory of its many small maps.
#[derive(Clone, Debug)]
pub(super) struct Packed(Arc<str>);

impl Packed {
    pub(super) fn of(object: &Object) -> Packed {
        Packed(serde_json::to_string(object.fields()).unwrap_or_default().into())
    }

    /// Reads the object.
    pub(super) fn open(&self) -> Arc<Object> {
        // It was written by `of`, so it can be read.
        Arc::new(serde_json::from_str(&self.0).ok().and_then(|value| Object::read(value).ok()).unwrap_or_default())
    }
}

/// Objects of a resource and their recent changes.
#[derive(Debug)]
struct Collection {
    objects: Objects,
    history: VecDeque<Change>,
    /// Newest change that was dropped.
    forgotten: u64,
    latest: watch::Sender<u64>,
}

/// Change of an object.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) revision: u64,
    /// The object before; `None` for a creation.
    pub(super) before: Option<Packed>,
    /// The object after; for a deletion its last state with the deletion's version.
    pub(super) after: Packed,
    pub(super) key: Key,
    pub(super) kind: ChangeKind,
}

/// Existence of the object after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Stored,
    Deleted,
}

impl Key {
    pub(super) fn of(object: &Object) -> Key {
        Key { namespace: object.namespace().into(), name: object.name().into() }
    }
}

impl Store {
    pub(super) fn new(history_limit: usize) -> Store {
        Store { revision: 1, history_limit, ..Store::default() }
    }

    /// Returns the current resource version.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn get(&self, resource: &GroupResource, key: &Key) -> Option<Arc<Object>> {
        self.collections.get(resource)?.objects.get(key).map(Packed::open)
    }

    /// Returns the objects of a resource.
    pub(super) fn all(&self, resource: &GroupResource) -> impl Iterator<Item = Arc<Object>> {
        self.collections.get(resource).into_iter().flat_map(|collection| collection.objects.values().map(Packed::open))
    }

    /// Stores an object under a new resource version.
    pub(super) fn put(&mut self, resource: &GroupResource, mut object: Object) -> Arc<Object> {
        let revision = self.next_revision(&mut object);
        let (packed, key, limit) = (Packed::of(&object), Key::of(&object), self.history_limit);
        let collection = self.collection(resource);
        let before = collection.objects.insert(key.clone(), packed.clone());
        // The uid of a key changes only with a removal, so owners are all that can differ.
        let has_owners = |before: &&Packed| before.0.contains("\"ownerReferences\"");
        let replaced = before.as_ref().filter(has_owners).map(Packed::open);
        collection.record(Change { revision, before, after: packed, key, kind: ChangeKind::Stored }, limit);
        let after = Arc::new(object);
        if let Some(replaced) = replaced.filter(|replaced| !owners::references(replaced).eq(owners::references(&after)))
        {
            self.unlink(resource, &replaced);
        }
        self.link(resource, &after);
        after
    }

    /// Removes an object and returns its last state with the deletion's version.
    pub(super) fn remove(&mut self, resource: &GroupResource, key: &Key) -> Option<Arc<Object>> {
        let before = self.collections.get_mut(resource)?.objects.remove(key)?;
        let mut last = Object::clone(&before.open());
        self.unlink(resource, &last);
        let revision = self.next_revision(&mut last);
        let (after, key, limit) = (Packed::of(&last), key.clone(), self.history_limit);
        let change = Change { revision, before: Some(before), after, key, kind: ChangeKind::Deleted };
        self.collection(resource).record(change, limit);
        let after = Arc::new(last);
        Some(after)
    }

    fn link(&mut self, resource: &GroupResource, object: &Object) {
        let entry = || (resource.clone(), Key::of(object));
        if !self.uids.contains_key(object.uid()) {
            self.uids.insert(object.uid().into(), entry());
        }
        for owner in owners::references(object) {
            self.owned.entry(owner.into()).or_default().insert(entry());
        }
    }

    fn unlink(&mut self, resource: &GroupResource, object: &Object) {
        self.uids.remove(object.uid());
        for owner in owners::references(object) {
            if let Some(dependents) = self.owned.get_mut(owner) {
                dependents.remove(&(resource.clone(), Key::of(object)));
                if dependents.is_empty() {
                    self.owned.remove(owner);
                }
            }
        }
    }

    /// Returns the objects that name an owner.
    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = (&GroupResource, Arc<Object>)> {
        let owned = self.owned.get(uid).into_iter().flatten();
        owned.filter_map(|(resource, key)| Some((resource, self.get(resource, key)?)))
    }

    /// Returns an object by its uid.
    pub(super) fn by_uid(&self, uid: &str) -> Option<(GroupResource, Arc<Object>)> {
        let (resource, key) = self.uids.get(uid)?;
        Some((resource.clone(), self.get(resource, key)?))
    }

    /// True if an object of that uid exists.
    pub(super) fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains_key(uid)
    }

    /// Returns the objects of a resource at a resource version.
    pub(super) fn at(&self, resource: &GroupResource, revision: u64) -> Result<Cow<'_, Objects>, StatusError> {
        let Some(collection) = self.collections.get(resource) else { return Ok(Cow::Owned(Objects::new())) };
        collection.remembers(revision)?;
        // Nothing has changed since: most lists are of the present.
        if collection.history.back().is_none_or(|latest| latest.revision <= revision) {
            return Ok(Cow::Borrowed(&collection.objects));
        }
        let mut objects = collection.objects.clone();
        for change in collection.history.iter().rev().take_while(|change| change.revision > revision) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), before.clone()),
                None => objects.remove(&change.key),
            };
        }
        Ok(Cow::Owned(objects))
    }

    /// Returns the changes since a resource version.
    pub(super) fn changes_after(
        &self,
        resource: &GroupResource,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Change>, StatusError> {
        let collection = self.collections.get(resource);
        if let Some(collection) = collection {
            collection.remembers(revision)?;
        }
        // Changes are in the order of their versions.
        Ok(collection.into_iter().flat_map(move |collection| {
            let first = collection.history.partition_point(|change| change.revision <= revision);
            collection.history.range(first..)
        }))
    }

    /// Subscribes to the changes of a resource.
    pub(super) fn subscribe(&mut self, resource: &GroupResource) -> watch::Receiver<u64> {
        self.collection(resource).latest.subscribe()
    }

    /// Drops past changes, as a compaction of etcd does.
    pub(super) fn forget(&mut self) {
        for collection in self.collections.values_mut() {
            collection.trim(0);
        }
    }

    fn next_revision(&mut self, object: &mut Object) -> u64 {
        self.revision = self.revision.saturating_add(1);
        object.set("metadata.resourceVersion", self.revision.to_string());
        self.revision
    }

    fn collection(&mut self, resource: &GroupResource) -> &mut Collection {
        self.collections.entry(resource.clone()).or_insert_with(Collection::new)
    }
}

impl Collection {
    fn new() -> Collection {
        let latest = watch::Sender::new(0);
        Collection { objects: Objects::new(), history: VecDeque::new(), forgotten: 0, latest }
    }

    fn record(&mut self, change: Change, limit: usize) {
        let revision = change.revision;
        self.history.push_back(change);
        self.trim(limit);
        self.latest.send_replace(revision);
    }

    fn trim(&mut self, limit: usize) {
        while self.history.len() > limit {
            if let Some(forgotten) = self.history.pop_front() {
                self.forgotten = forgotten.revision;
            }
        }
    }

    /// True if all changes after a resource version are still kept.
    fn remembers(&self, revision: u64) -> Result<(), StatusError> {
        if revision >= self.forgotten {
            return Ok(());
        }
        let oldest = self.forgotten;
        Err(StatusError::expired(format!("too old resource version: {revision} ({oldest})")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Key, Packed, Store};
    use crate::{object::Object, resource::GroupResource};

    fn pods() -> GroupResource {
        GroupResource { group: String::new(), resource: "pods".into() }
    }

    fn pod(name: &str, phase: &str) -> Object {
        Object::read(json!({"metadata": {"name": name}, "status": {"phase": phase}})).unwrap()
    }

    fn phases(store: &Store, revision: u64) -> Vec<(String, String)> {
        let objects = store.at(&pods(), revision).unwrap();
        objects.values().map(Packed::open).map(|pod| (pod.name().into(), pod.text("status.phase").into())).collect()
    }

    #[test]
    fn the_past_can_be_read_as_long_as_it_is_remembered() {
        let mut store = Store::new(100);
        store.put(&pods(), pod("a", "Pending"));
        let early = store.revision();
        store.put(&pods(), pod("a", "Running"));
        store.put(&pods(), pod("b", "Pending"));
        let late = store.revision();
        store.remove(&pods(), &Key { namespace: String::new(), name: "a".into() }).unwrap();
        let pair = |name: &str, phase: &str| (name.to_string(), phase.to_string());
        assert_eq!(phases(&store, early), [pair("a", "Pending")]);
        assert_eq!(phases(&store, late), [pair("a", "Running"), pair("b", "Pending")]);
        assert_eq!(phases(&store, store.revision()), [pair("b", "Pending")]);
        store.forget();
        assert!(store.at(&pods(), late).is_err());
        assert_eq!(phases(&store, store.revision()), [pair("b", "Pending")]);
    }

    #[test]
    fn a_bounded_history_forgets_the_oldest_changes_first() {
        let mut store = Store::new(2);
        for phase in ["Pending", "Running", "Succeeded"] {
            store.put(&pods(), pod("a", phase));
        }
        let now = store.revision();
        assert_eq!(store.changes_after(&pods(), now - 2).unwrap().count(), 2);
        assert!(store.changes_after(&pods(), now - 3).is_err());
        assert_eq!(store.changes_after(&pods(), now).unwrap().count(), 0);
    }

    #[test]
    fn a_deleted_object_carries_the_version_of_its_end() {
        let mut store = Store::new(9);
        let stored = store.put(&pods(), pod("a", "Running"));
        let gone = store.remove(&pods(), &Key::of(&stored)).unwrap();
        assert_ne!(gone.text("metadata.resourceVersion"), stored.text("metadata.resourceVersion"));
        assert_eq!(store.all(&pods()).count(), 0);
    }
}
