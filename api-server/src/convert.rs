//! Conversion between the versions of a resource and its stored form.
//!
//! Versions of a custom resource differ in their name only (the strategy `None` of definitions). Of the resources
//! that Kubernetes has, only events and autoscalers have two forms.

use serde_json::json;

use super::{apply, object::Object, resource::Resource};

/// Fields of an event whose names differ: as stored, and in `events.k8s.io`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Converts a stored object to the resource's version.
pub(super) fn outgoing(resource: &Resource, object: &Object) -> Object {
    let mut shown = object.clone();
    apply::show_managers(&mut shown);
    if resource.storage() != resource.group_resource() {
        for (stored, new) in EVENT_FIELDS {
            rename(&mut shown, stored, new);
        }
    }
    if is_old_autoscaler(resource) {
        let metrics = shown.remove("spec.metrics");
        let utilization = metrics.as_ref().and_then(|metrics| metrics.pointer("/0/resource/target/averageUtilization"));
        if let Some(utilization) = utilization {
            shown.set("spec.targetCPUUtilizationPercentage", utilization.clone());
        }
    }
    shown.set("apiVersion", resource.api_version());
    shown.set("kind", &*resource.kind);
    shown
}

/// Converts an object to its stored form.
pub(super) fn incoming(resource: &Resource, mut object: Object) -> Object {
    object.set("apiVersion", resource.api_version());
    object.set("kind", &*resource.kind);
    if resource.storage() != resource.group_resource() {
        for (stored, new) in EVENT_FIELDS {
            rename(&mut object, new, stored);
        }
        object.set("apiVersion", "v1");
    }
    if is_old_autoscaler(resource)
        && let Some(utilization) = object.remove("spec.targetCPUUtilizationPercentage")
    {
        let target = json!({"type": "Utilization", "averageUtilization": utilization});
        object.set("spec.metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    object
}

/// True for version 1 of autoscalers, which knows one metric: the CPU.
fn is_old_autoscaler(resource: &Resource) -> bool {
    resource.is("autoscaling", "horizontalpodautoscalers") && resource.version == "v1"
}

fn rename(object: &mut Object, from: &str, to: &str) {
    if let Some(value) = object.remove(from) {
        object.set(to, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{incoming, outgoing};
    use crate::{builtin, object::Object};

    #[test]
    fn an_event_of_one_group_is_an_event_of_the_other() {
        let resource = |group| builtin::all().find(|one| one.group == group && one.plural == "events").unwrap();
        let new = json!({
            "metadata": {"name": "web.1"}, "regarding": {"kind": "Pod", "name": "web"}, "note": "Started container app",
            "reportingController": "kubelet", "reason": "Started", "eventTime": "2026-01-01T00:00:00.000000Z"
        });
        let stored = incoming(&resource("events.k8s.io"), Object::read(new).unwrap());
        let old = outgoing(&resource(""), &stored);
        assert_eq!(old.text("involvedObject.name"), "web");
        assert_eq!((old.text("message"), old.text("reportingComponent")), ("Started container app", "kubelet"));
        assert_eq!((old.text("apiVersion"), old.text("reason")), ("v1", "Started"));
        let again = outgoing(&resource("events.k8s.io"), &incoming(&resource(""), old));
        assert_eq!((again.text("apiVersion"), again.text("note")), ("events.k8s.io/v1", "Started container app"));
        assert!(!again.has("involvedObject"));
    }
}
