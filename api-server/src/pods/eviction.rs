//! The subresource `eviction`: a deletion that disruption budgets can refuse.
//!
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::{
        delete::DeleteOptions,
        object::Object,
        query::Effect,
        state::{Call, State},
        status::{StatusError, success},
    },
    binding::set_condition,
    has_ended,
};

impl State {
    /// Evicts the Pod that the path names. Answers to `EvictionREST.Create`.
    pub(in super::super) fn evict(&mut self, call: &mut Call) -> Result<Value, StatusError> {
        let eviction = call.object()?;
        if !eviction.name().is_empty() && eviction.name() != call.name() {
            return Err(StatusError::bad_request("name in URL does not match name in Eviction object"));
        }
        let options = eviction.get("deleteOptions").cloned().unwrap_or_else(|| json!({}));
        let options: DeleteOptions = serde_json::from_value(options)
            .map_err(|error| StatusError::bad_request(format!("deleteOptions: {error}")))?;
        let options = options.check()?;
        if options.effect()? == Effect::DryRun {
            call.query.effect = Effect::DryRun;
        }
        let pod = self.existing(call)?;
        if !needs_no_budget(&pod) {
            self.spend_budget(call, &pod)?;
        }
        self.disrupt(call, &pod, options)?;
        Ok(success(Value::Null))
    }

    /// Says on the Pod who wants it gone, and deletes it.
    fn disrupt(&mut self, call: &Call, pod: &Arc<Object>, mut options: DeleteOptions) -> Result<(), StatusError> {
        if let Some(preconditions) = &mut options.preconditions {
            preconditions.check(&call.resource, pod)?;
            // The version that was asked for is this one; the condition makes it another.
            preconditions.resource_version = None;
        }
        let mut disrupted = Object::clone(pod);
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting", "lastTransitionTime": call.now.to_string(),
        });
        set_condition(&mut disrupted, condition);
        let disrupted = self.conclude(call, pod, disrupted);
        self.delete_object(call, &disrupted, &options).map(|_| ())
    }
}

/// Evicting a Pod that has ended, has not begun or is being deleted is no disruption.
fn needs_no_budget(pod: &Object) -> bool {
    has_ended(pod) || pod.text("status.phase") == "Pending" || pod.is_being_deleted()
}
