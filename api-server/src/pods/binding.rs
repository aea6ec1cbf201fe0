//! The subresource `binding`: a Pod gets its node.

use serde_json::{Value, json};

use super::super::{
    object::Object,
    resource::GroupResource,
    state::{Call, State},
    status::{StatusError, success},
};

impl State {
    /// Binds the Pod that the path names to the node that the body names.
    ///
    /// Answers to `BindingREST.Create`.
    pub(in super::super) fn bind(&mut self, call: &Call) -> Result<Value, StatusError> {
        let binding = call.object()?;
        if !binding.name().is_empty() && binding.name() != call.name() {
            return Err(StatusError::bad_request("name in URL does not match name in Binding object"));
        }
        let node = binding.text("target.name");
        if node.is_empty() {
            return Err(StatusError::unclassified("target.name: Required value"));
        }
        let pod = self.existing(call)?;
        let refused = |why: String| {
            let resource = GroupResource { group: String::new(), resource: "pods/binding".into() };
            Err(StatusError::conflict(&resource, pod.name(), why))
        };
        let name = pod.name();
        if !binding.uid().is_empty() && binding.uid() != pod.uid() {
            let (asked, is) = (binding.uid(), pod.uid());
            return refused(format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {is}"));
        }
        if pod.is_being_deleted() {
            return refused(format!("pod {name} is being deleted, cannot be assigned to a host"));
        }
        if !pod.text("spec.nodeName").is_empty() {
            let other = pod.text("spec.nodeName");
            return refused(format!("pod {name} is already assigned to node {other:?}"));
        }
        if !pod.items("spec.schedulingGates").is_empty() {
            return refused(format!("pod {name} has non-empty .spec.schedulingGates"));
        }
        let bound = bound(&pod, &binding, node, call);
        self.commit(call, bound);
        Ok(success(Value::Null))
    }
}

fn bound(pod: &Object, binding: &Object, node: &str, call: &Call) -> Object {
    let mut bound = pod.clone();
    bound.set("spec.nodeName", node);
    bound.remove("status.nominatedNodeName");
    for list in ["metadata.annotations", "metadata.labels"] {
        for (key, value) in binding.get(list).and_then(Value::as_object).into_iter().flatten() {
            bound.insert(list, key, value.clone());
        }
    }
    let now = call.now.to_string();
    set_condition(&mut bound, json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": now}));
    bound
}

/// Puts a condition in the place of the one of its type; it has changed only if its status has.
///
/// Answers to `UpdatePodCondition`.
pub(super) fn set_condition(pod: &mut Object, mut condition: Value) {
    let is_of_type = |other: &Value| other.get("type") == condition.get("type");
    let mut conditions = pod.items("status.conditions").to_vec();
    if let Some(before) = conditions.iter_mut().find(|other| is_of_type(other)) {
        if before.get("status") == condition.get("status")
            && let (Some(new), Some(since)) = (condition.as_object_mut(), before.get("lastTransitionTime"))
        {
            new.insert("lastTransitionTime".into(), since.clone());
        }
        *before = condition;
    } else {
        conditions.push(condition);
    }
    pod.set("status.conditions", conditions);
}
