//! Disruption budgets, as an eviction spends them. What they allow is written by a controller, or by a test.
//!
//! <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>

use std::sync::Arc;

use serde_json::Value;

use super::super::{
    object::Object,
    query::Effect,
    resource::GroupResource,
    selector::LabelSelector,
    state::{Call, State},
    status::StatusError,
};

const VIOLATED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

impl State {
    /// Takes one disruption from the budget that protects a Pod, if there is one.
    pub(super) fn spend_budget(&mut self, call: &Call, pod: &Object) -> Result<(), StatusError> {
        let budgets = GroupResource { group: "policy".into(), resource: "poddisruptionbudgets".into() };
        let protecting: Vec<Arc<Object>> = self.store.all(&budgets).filter(|budget| protects(budget, pod)).collect();
        let budget = match protecting.as_slice() {
            [] => return Ok(()),
            [budget] => budget,
            _ => {
                return Err(StatusError::unclassified(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        };
        if !is_ready(pod) && may_go_unhealthy(budget) {
            return Ok(());
        }
        check(budget)?;
        if call.query.effect == Effect::Stored {
            let mut spent = Object::clone(budget);
            let allowed = spent.number("status.disruptionsAllowed").unwrap_or_default();
            spent.set("status.disruptionsAllowed", allowed.saturating_sub(1));
            spent.insert("status.disruptedPods", pod.name(), call.now.to_string());
            self.store.put(&budgets, spent);
        }
        Ok(())
    }
}

/// A budget without a selector protects nothing; an empty selector is every Pod of the namespace.
fn protects(budget: &Object, pod: &Object) -> bool {
    let Some(selector) = budget.get("spec.selector") else { return false };
    budget.namespace() == pod.namespace() && LabelSelector::of_object(selector).matches(|key| pod.label(key))
}

fn is_ready(pod: &Object) -> bool {
    let is = |condition: &Value, field: &str, text: &str| condition.get(field).and_then(Value::as_str) == Some(text);
    pod.items("status.conditions").iter().any(|one| is(one, "type", "Ready") && is(one, "status", "True"))
}

/// Whether a Pod that is not ready may go whatever the budget has left.
fn may_go_unhealthy(budget: &Object) -> bool {
    let healthy = |field: &str| budget.number(&format!("status.{field}")).unwrap_or_default();
    let enough = healthy("currentHealthy") >= healthy("desiredHealthy") && healthy("desiredHealthy") > 0;
    enough || budget.text("spec.unhealthyPodEvictionPolicy") == "AlwaysAllow"
}

/// Answers to `checkAndDecrement`.
fn check(budget: &Object) -> Result<(), StatusError> {
    let number = |field: &str| budget.number(field).unwrap_or_default();
    let name = budget.name();
    if number("status.observedGeneration") < number("metadata.generation") {
        let cause = format!("The disruption budget {name} is still being processed by the server.");
        return Err(StatusError::too_many_requests(VIOLATED, &cause, 10));
    }
    if number("status.disruptionsAllowed") > 0 {
        return Ok(());
    }
    let (desired, current) = (number("status.desiredHealthy"), number("status.currentHealthy"));
    let cause = if current <= desired {
        format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently")
    } else {
        format!("The disruption budget {name} does not allow evicting pods currently")
    };
    Err(StatusError::too_many_requests(VIOLATED, &cause, 0))
}
