//! Status patch: what the status manager sends to the API server (`syncPod` in pkg/kubelet/status, `PatchPodStatus` in
//! pkg/util/pod).
//!
//! <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>

#[cfg(test)]
#[cfg(feature = "proptest")]
mod properties;
#[cfg(test)]
mod tests;

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{RuntimeFacts, is_terminal};
use crate::{
    api::{Name, OtherFields, PodCondition, PodStatus},
    kubelet::PodMachine,
    state::{ConditionReason, ConditionType, is_owned_by_kubelet},
};

/// Strategic-merge patch of a Pod's status: the body of
/// `PATCH /api/v1/namespaces/NAMESPACE/pods/NAME/status` with the content type
/// `application/strategic-merge-patch+json`.
///
/// It contains only what changes, and of the conditions only the kubelet's, so conditions that other writers set
/// meanwhile are kept. A removed field is `null`, a removed condition is deleted by its type, and lists of container
/// statuses are replaced as a whole. The uid is a precondition: the API server refuses the patch for another Pod of the
/// same name.
///
/// Answers to `PatchPodStatus` in `pkg/util/pod`. Fields that the kubelet never sets are left out instead of being
/// written as `null` (`lastProbeTime`), and fields that this crate does not know stay as the API server has them.
///
/// ```
/// use pod_lifecycle::{api::PodStatus, status::StatusPatch};
///
/// let theirs: PodStatus = serde_json::from_str(r#"{"phase": "Running", "conditions": [
///     {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]"},
///     {"type": "example.com/load-balancer", "status": "True"}
/// ]}"#)?;
/// let ours: PodStatus = serde_json::from_str(r#"{"phase": "Running", "conditions": [
///     {"type": "Ready", "status": "True"}
/// ]}"#)?;
///
/// let patch = StatusPatch::between("5f0c", &theirs, &ours).ok_or("there is a difference")?;
/// assert_eq!(serde_json::to_value(&patch)?, serde_json::json!({
///     "metadata": {"uid": "5f0c"},
///     "status": {
///         "$setElementOrder/conditions": [{"type": "example.com/load-balancer"}, {"type": "Ready"}],
///         "conditions": [{"type": "Ready", "status": "True", "reason": null, "message": null}],
///     },
/// }));
/// assert_eq!(StatusPatch::between("5f0c", &ours, &ours), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusPatch {
    metadata: Precondition,
    status: OtherFields,
}

/// The only metadata of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Precondition {
    uid: String,
}

impl StatusPatch {
    /// Returns the patch from the API server's status (`theirs`) to the kubelet's (`ours`), merged as
    /// [`merged_status`] does; `None` if nothing changes. `uid` is the Pod's.
    #[must_use]
    pub fn between(uid: &str, theirs: &PodStatus, ours: &PodStatus) -> Option<StatusPatch> {
        let status = status_difference(&fields(theirs), &fields(&merged_status(theirs, ours)));
        let metadata = Precondition { uid: uid.to_owned() };
        (!status.is_empty()).then_some(StatusPatch { metadata, status })
    }

    /// Returns the uid of the Pod that the patch is for.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// Returns the changes, by field of the status; a cleared field is [`Value::Null`].
    #[must_use]
    pub fn status(&self) -> &OtherFields {
        &self.status
    }
}

impl PodMachine {
    /// Returns the patch from `theirs`, the status as the API server last showed it, to the published status with the
    /// embedder's facts; `None` if nothing changes.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec, status::NumberedInstances,
    /// };
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"uid": "5f0c"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    ///
    /// let facts = NumberedInstances(pod.spec());
    /// let patch = pod.status_patch(&manifest.status, &facts).ok_or("the API has no status yet")?;
    /// assert_eq!((patch.uid(), patch.status()["phase"].as_str()), ("5f0c", Some("Pending")));
    /// assert_eq!(pod.status_patch(&pod.status_with(&facts), &facts), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status_patch(&self, theirs: &PodStatus, facts: &dyn RuntimeFacts) -> Option<StatusPatch> {
        StatusPatch::between(self.spec().uid(), theirs, &self.status_with(facts))
    }
}

// --- Merge: who owns which field ---

/// Fields of a status that other controllers own, even if the kubelet has read them.
const NOT_THE_KUBELETS: [&str; 3] =
    ["resourceClaimStatuses", "extendedResourceClaimStatus", "nodeAllocatableResourceClaimStatuses"];

/// Returns the status that the API server has once the kubelet has published `ours` over `theirs`.
///
/// * External conditions are as in `theirs`, the kubelet's as in `ours`.
/// * `DisruptionTarget`, which several writers may set, is as in `theirs`, unless the kubelet itself terminates the Pod
///   (`TerminationByKubelet`) and `ours` is the status that makes the phase terminal.
/// * `observedGeneration` and `qosClass` are never cleared: the API server refuses that.
/// * Fields that this crate does not know are as in `ours` if set there, and as in `theirs` otherwise.
/// * All else is as in `ours`.
///
/// Answers to `mergePodStatus` in `pkg/kubelet/status` and to what `PrepareForUpdate` of the API server's
/// `podStatusStrategy` restores. A terminal phase is held back until the containers have stopped before this, in
/// [`PodMachine::status`].
///
/// ```
/// use pod_lifecycle::{api::PodStatus, status::merged_status};
///
/// let theirs: PodStatus = serde_json::from_str(
///     r#"{"phase": "Pending", "qosClass": "BestEffort", "conditions": [{"type": "Gate", "status": "True"}]}"#)?;
/// let ours: PodStatus =
///     serde_json::from_str(r#"{"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}"#)?;
/// let merged = merged_status(&theirs, &ours);
/// let types: Vec<_> = merged.conditions.iter().map(|condition| &*condition.type_).collect();
/// assert_eq!((merged.phase, merged.qos_class), (ours.phase, theirs.qos_class));
/// assert_eq!(types, ["Gate", "Ready"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn merged_status(theirs: &PodStatus, ours: &PodStatus) -> PodStatus {
    let mut other = theirs.other.clone();
    // Resources of the Pod, for example, which only the embedder knows.
    let own =
        ours.other.iter().filter(|(field, value)| !value.is_null() && !NOT_THE_KUBELETS.contains(&field.as_str()));
    other.extend(own.map(|(field, value)| (field.clone(), value.clone())));
    PodStatus {
        observed_generation: kept_generation(theirs.observed_generation, ours.observed_generation),
        qos_class: ours.qos_class.clone().or_else(|| theirs.qos_class.clone()),
        conditions: merged_conditions(theirs, ours),
        other,
        ..ours.clone()
    }
}

/// External conditions first, in the order of the API server, then the kubelet's in its order.
fn merged_conditions(theirs: &PodStatus, ours: &PodStatus) -> Vec<PodCondition> {
    let is_own = |condition: &&PodCondition| is_owned_by_kubelet(&condition.type_);
    let is_external = |condition: &&PodCondition| !is_owned_by_kubelet(&condition.type_);
    let mut merged: Vec<PodCondition> = theirs.conditions.iter().filter(is_external).cloned().collect();
    // The kubelet publishes its DisruptionTarget together with the terminal phase, not before.
    if let Some(disruption) = own_disruption(ours).filter(|_| is_terminal(ours) && !is_terminal(theirs)) {
        match merged.iter_mut().find(|condition| condition.type_ == disruption.type_) {
            Some(others) => others.clone_from(disruption),
            None => merged.push(disruption.clone()),
        }
    }
    merged.extend(ours.conditions.iter().filter(is_own).map(|condition| {
        // A condition of the kubelet that `ours` lacks is dropped: no other writer sets these.
        let before = theirs.conditions.iter().find(|before| before.type_ == condition.type_);
        let before = before.map_or(0, |before| before.observed_generation);
        let observed_generation = kept_generation(before, condition.observed_generation);
        PodCondition { observed_generation, ..condition.clone() }
    }));
    merged
}

/// Returns the kubelet's own `DisruptionTarget`; its reason distinguishes it from those of other writers.
fn own_disruption(ours: &PodStatus) -> Option<&PodCondition> {
    ours.conditions.iter().find(|condition| {
        condition.type_ == ConditionType::DisruptionTarget.name()
            && condition.reason == ConditionReason::TerminationByKubelet.name()
    })
}

/// Returns the observed generation: the API server keeps the old one if the new status leaves it out.
fn kept_generation(theirs: i64, ours: i64) -> i64 {
    if ours == 0 { theirs } else { ours }
}

// --- Difference: the strategic-merge patch from one status to another ---

/// Returns the fields of a status that are set.
fn fields(status: &PodStatus) -> OtherFields {
    let written = serde_json::to_value(status);
    debug_assert!(matches!(written, Ok(Value::Object(_))), "a status is a map whose keys are strings");
    let Ok(Value::Object(fields)) = written else { return OtherFields::new() };
    // `null` in a patch would clear a field: an unset one is left out, as Go's `omitempty` does.
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// The lists of a status that are merged item by item, each with its key and if the kubelet owns all of it: tags
/// `patchStrategy` and `patchMergeKey` of `v1.PodStatus`. All other lists are replaced as a whole.
const MERGED_LISTS: [(&str, &str, bool); 3] =
    [("conditions", "type", false), ("hostIPs", "ip", true), ("podIPs", "ip", true)];

/// Returns the patch of a whole status; neither side has fields that are `null`.
///
/// Answers to `CreateTwoWayMergePatch` in `k8s.io/apimachinery/pkg/util/strategicpatch`.
fn status_difference(theirs: &OtherFields, merged: &OtherFields) -> OtherFields {
    let mut patch = map_difference(theirs, merged);
    for (field, key, is_kubelets) in MERGED_LISTS {
        let list = match (theirs.get(field), merged.get(field)) {
            (Some(Value::Array(theirs)), Some(Value::Array(merged))) => MergedList { key, theirs, merged },
            // A shared list that became empty is cleared item by item: another writer may have added one meanwhile.
            (Some(Value::Array(theirs)), None) if !is_kubelets => MergedList { key, theirs, merged: &[] },
            _ => continue,
        };
        // The list as a whole, which `map_difference` has put there.
        patch.remove(field);
        list.add_to(&mut patch, field);
    }
    patch
}

/// Returns the patch of a map: new and changed fields, `null` for removed ones; nested maps are patched likewise.
fn map_difference(theirs: &OtherFields, merged: &OtherFields) -> OtherFields {
    // Lists are compared as a whole here; `status_difference` patches those that are merged item by item.
    let changed = merged.iter().filter(|(field, ours)| theirs.get(*field) != Some(ours));
    let changed = changed.map(|(field, ours)| match (theirs.get(field), ours) {
        (Some(Value::Object(theirs)), Value::Object(ours)) => {
            (field.clone(), Value::Object(map_difference(theirs, ours)))
        }
        (_, ours) => (field.clone(), ours.clone()),
    });
    let removed = theirs.keys().filter(|field| !merged.contains_key(*field));
    changed.chain(removed.map(|field| (field.clone(), Value::Null))).collect()
}

/// A list whose items are merged by a key.
struct MergedList<'a> {
    key: &'a str,
    theirs: &'a [Value],
    merged: &'a [Value],
}

impl MergedList<'_> {
    /// Adds changed and removed items to a patch, and the order of all items if that changes.
    fn add_to(&self, patch: &mut OtherFields, field: &str) {
        let mut items: Vec<Value> = self.merged.iter().filter_map(|item| self.change(item)).collect();
        items.extend(self.theirs.iter().filter_map(|item| self.removal(item)));
        let order_changes = self.keys(self.theirs).ne(self.keys(self.merged));
        // A changed order is a change, too; an empty list has none.
        if !self.merged.is_empty() && (!items.is_empty() || order_changes) {
            let by_key = |key: &Value| json!({self.key: key});
            patch.insert(format!("$setElementOrder/{field}"), self.keys(self.merged).map(by_key).collect());
        }
        if !items.is_empty() {
            patch.insert(field.to_owned(), Value::Array(items));
        }
    }

    /// Returns the changed fields of an item with its key, or the whole item if it is new.
    fn change(&self, item: &Value) -> Option<Value> {
        let key = item.get(self.key)?;
        let (Some(Value::Object(theirs)), Value::Object(ours)) = (self.item(self.theirs, key), item) else {
            return Some(item.clone());
        };
        let mut patch = map_difference(theirs, ours);
        let has_changed = !patch.is_empty();
        // The key is equal on both sides, so the difference lacks it; the API server finds the item by it.
        patch.insert(self.key.to_owned(), key.clone());
        has_changed.then_some(Value::Object(patch))
    }

    /// Returns the directive that deletes an item, if it was removed.
    fn removal(&self, item: &Value) -> Option<Value> {
        let key = item.get(self.key)?;
        let is_removed = self.item(self.merged, key).is_none();
        is_removed.then(|| json!({"$patch": "delete", self.key: key}))
    }

    fn item<'a>(&self, items: &'a [Value], key: &Value) -> Option<&'a Value> {
        items.iter().find(|item| item.get(self.key) == Some(key))
    }

    fn keys<'a>(&'a self, items: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        items.iter().filter_map(|item| item.get(self.key))
    }
}
