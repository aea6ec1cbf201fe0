//! The quality of service that a Pod is promised.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::object::Object;
use crate::quantity::nanos;

/// Amounts of CPU (in nanocores) and memory (in billionths of a byte).
type Amounts = BTreeMap<&'static str, i128>;

/// `Guaranteed`, `Burstable` or `BestEffort`. Answers to `ComputePodQOS`.
pub(super) fn class(pod: &Object) -> &'static str {
    let of_pod = pod.get("spec.resources").filter(|resources| resources.is_object());
    let lists = [pod.items("spec.containers"), pod.items("spec.initContainers")];
    let of_containers = lists.into_iter().flatten().map(|container| container.get("resources"));
    let all: Vec<Option<&Value>> = match of_pod {
        Some(resources) => vec![Some(resources)],
        None => of_containers.collect(),
    };
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut everything_is_limited = true;
    for resources in all {
        let limited = amounts(resources, "limits");
        everything_is_limited &= limited.len() == 2;
        add(&mut limits, limited);
        add(&mut requests, amounts(resources, "requests"));
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if everything_is_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn add(to: &mut Amounts, more: Amounts) {
    for (name, amount) in more {
        let sum = to.entry(name).or_default();
        *sum = sum.saturating_add(amount);
    }
}

/// The CPU and the memory in a list of resources, where they are more than nothing.
fn amounts(resources: Option<&Value>, list: &str) -> Amounts {
    let list = resources.and_then(|resources| resources.get(list));
    let amount = |name| list?.get(name).and_then(quantity).filter(|amount| *amount > 0);
    ["cpu", "memory"].into_iter().filter_map(|name| Some((name, amount(name)?))).collect()
}

/// A quantity in billionths of its unit; a number counts as its text.
fn quantity(quantity: &Value) -> Option<i128> {
    match quantity.as_str() {
        Some(text) => nanos(text),
        None => nanos(&quantity.as_number()?.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::class;
    use crate::object::Object;

    fn class_of(resources: &[Value]) -> &'static str {
        let containers: Vec<Value> = resources.iter().map(|resources| json!({"resources": resources})).collect();
        class(&Object::read(json!({"spec": {"containers": containers}})).unwrap())
    }

    #[test]
    fn the_class_follows_from_requests_and_limits() {
        let full = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}});
        assert_eq!(class_of(std::slice::from_ref(&full)), "Guaranteed");
        assert_eq!(class_of(&[full, json!({})]), "Burstable");
        assert_eq!(class_of(&[json!({"requests": {"cpu": "1"}})]), "Burstable");
        assert_eq!(class_of(&[json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}})]), "Burstable");
        assert_eq!(class_of(&[json!({}), json!({"requests": {"cpu": "0", "example.com/gpu": 1}})]), "BestEffort");
    }
}
