//! Resources of a resize: those in force and those that the spec asks for (KEP-1287).

use alloc::{format, string::String, vec::Vec};

use serde_json::Value;

use crate::api::{Container, PodManifest, Quantity};

/// Returns where the resources in force differ from those of the spec: ``limits.cpu of `app` is 1, wanted is 2``.
pub(super) fn changes(pod: &PodManifest) -> Vec<String> {
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    containers.flat_map(|container| of_container(pod, container)).collect()
}

fn of_container(pod: &PodManifest, container: &Container) -> Vec<String> {
    let status = pod.status.every_container().find(|status| status.name == container.name);
    let Some(actual) = status.and_then(|status| status.resources.as_ref()) else { return Vec::new() };
    let mut changes = Vec::new();
    // Limits first: they are what a container feels.
    for list in ["limits", "requests"] {
        let wanted = container.resources.as_ref().and_then(|resources| resources.get(list)).and_then(Value::as_object);
        for (resource, wanted) in wanted.into_iter().flatten() {
            let actual = actual.get(list).and_then(|list| list.get(resource));
            let (Some(actual), Some(wanted)) = (actual.and_then(text), text(wanted)) else { continue };
            if !is_same(&actual, &wanted) {
                changes.push(format!("{list}.{resource} of `{}` is {actual}, wanted is {wanted}", container.name));
            }
        }
    }
    changes
}

fn text(quantity: &Value) -> Option<String> {
    match quantity {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("{number}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// True if two quantities are equal, in whatever unit.
fn is_same(one: &str, other: &str) -> bool {
    let amount = |text: &str| text.parse::<Quantity>().ok();
    one == other || amount(one).zip(amount(other)).is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_their_amount() {
        for (one, other) in [("1", "1000m"), ("1Gi", "1024Mi"), ("0.5", "500m"), ("1G", "1000M"), ("1.5Gi", "1536Mi")] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for (one, other) in [("1", "2"), ("1Gi", "1G"), ("100m", "100"), ("1e3", "1001")] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }
}
