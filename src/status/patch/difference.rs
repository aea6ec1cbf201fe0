//! What has to be said for one status to become another, as a strategic-merge patch says it.
//!
//! <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>

use alloc::{borrow::ToOwned, format, vec::Vec};

use serde_json::{Value, json};

use crate::api::OtherFields as Fields;

/// The lists of a status whose items are merged, each with the field that tells its items apart: the tags
/// `patchStrategy` and `patchMergeKey` of `v1.PodStatus`. All other lists are replaced as a whole.
const MERGED_LISTS: [(&str, &str, Owner); 3] =
    [("conditions", "type", Owner::Everybody), ("hostIPs", "ip", Owner::Kubelet), ("podIPs", "ip", Owner::Kubelet)];

/// Whose a list is.
enum Owner {
    /// The kubelet's alone: when it is empty it is cleared.
    Kubelet,
    /// Others', too: never cleared, since somebody may have added to it meanwhile.
    Everybody,
}

/// The patch of a whole status; neither has fields that are `null`.
///
/// Answers to `CreateTwoWayMergePatch` in `k8s.io/apimachinery/pkg/util/strategicpatch`.
pub(super) fn of_status(theirs: &Fields, merged: &Fields) -> Fields {
    let mut patch = of_fields(theirs, merged);
    for (field, key, owner) in MERGED_LISTS {
        let list = match (theirs.get(field), merged.get(field), owner) {
            (Some(Value::Array(theirs)), Some(Value::Array(merged)), _) => List { key, theirs, merged },
            (Some(Value::Array(theirs)), None, Owner::Everybody) => List { key, theirs, merged: &[] },
            _ => continue,
        };
        patch.remove(field);
        list.add_to(&mut patch, field);
    }
    patch
}

/// The patch of a map: what is new or different, and `null` for what went away; maps in maps are patched likewise.
fn of_fields(theirs: &Fields, merged: &Fields) -> Fields {
    let changed = merged.iter().filter(|(field, ours)| theirs.get(*field) != Some(ours));
    let changed = changed.map(|(field, ours)| match (theirs.get(field), ours) {
        (Some(Value::Object(theirs)), Value::Object(ours)) => (field.clone(), Value::Object(of_fields(theirs, ours))),
        (_, ours) => (field.clone(), ours.clone()),
    });
    let gone = theirs.keys().filter(|field| !merged.contains_key(*field));
    changed.chain(gone.map(|field| (field.clone(), Value::Null))).collect()
}

/// A list whose items are merged by a key.
struct List<'a> {
    key: &'a str,
    theirs: &'a [Value],
    merged: &'a [Value],
}

impl List<'_> {
    /// The items that changed, those that went away, and the order of all, if any of this is new.
    fn add_to(&self, patch: &mut Fields, field: &str) {
        let mut items: Vec<Value> = self.merged.iter().filter_map(|item| self.changed(item)).collect();
        items.extend(self.theirs.iter().filter_map(|item| self.deleted(item)));
        let is_other_order = self.keys(self.theirs).ne(self.keys(self.merged));
        if !self.merged.is_empty() && (!items.is_empty() || is_other_order) {
            let by_key = |key: &Value| json!({self.key: key});
            patch.insert(format!("$setElementOrder/{field}"), self.keys(self.merged).map(by_key).collect());
        }
        if !items.is_empty() {
            patch.insert(field.to_owned(), Value::Array(items));
        }
    }

    /// What is new in an item, with its key; all of it if the item is new.
    fn changed(&self, item: &Value) -> Option<Value> {
        let key = item.get(self.key)?;
        let (Some(Value::Object(theirs)), Value::Object(ours)) = (self.item(self.theirs, key), item) else {
            return Some(item.clone());
        };
        let mut patch = of_fields(theirs, ours);
        let has_changed = !patch.is_empty();
        patch.insert(self.key.to_owned(), key.clone());
        has_changed.then_some(Value::Object(patch))
    }

    /// That an item went away, if it did.
    fn deleted(&self, item: &Value) -> Option<Value> {
        let key = item.get(self.key)?;
        let is_gone = self.item(self.merged, key).is_none();
        is_gone.then(|| json!({"$patch": "delete", self.key: key}))
    }

    fn item<'a>(&self, items: &'a [Value], key: &Value) -> Option<&'a Value> {
        items.iter().find(|item| item.get(self.key) == Some(key))
    }

    fn keys<'a>(&'a self, items: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        items.iter().filter_map(|item| item.get(self.key))
    }
}
