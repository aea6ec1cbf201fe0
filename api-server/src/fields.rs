//! Field selectors: fields by which a resource's objects can be selected.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>

use serde_json::Value;

use super::{
    object::Object,
    resource::{Resource, Scope},
    selector::FieldSelector,
    status::StatusError,
};

const POD: &[&str] = &[
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];
const EVENT: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
const NEW_EVENT: &[&str] = &[
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
];

/// Checks that the resource supports the selector's fields.
pub(super) fn check(resource: &Resource, selector: &FieldSelector) -> Result<(), StatusError> {
    let supported = supported(resource);
    let is_known = |field: &&str| match *field {
        "metadata.name" => true,
        "metadata.namespace" => resource.scope == Scope::Namespaced || resource.is("", "namespaces"),
        field => supported.contains(&field),
    };
    match selector.fields().find(|field| !is_known(field)) {
        None => Ok(()),
        Some(unknown) => Err(StatusError::bad_request(format!("field label not supported: {unknown}"))),
    }
}

fn supported(resource: &Resource) -> &'static [&'static str] {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => POD,
        ("", "events") => EVENT,
        ("events.k8s.io", "events") => NEW_EVENT,
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") | ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    }
}

/// True if a stored object matches.
pub(super) fn matches(selector: &FieldSelector, object: &Object) -> bool {
    selector.matches(|field| text(object, field))
}

/// Returns a field as text; an absent one as its zero value: empty, `0`, or `false`.
fn text(object: &Object, field: &str) -> String {
    match object.get(&stored_field(object, field)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Array(_) | Value::Object(_) | Value::Null) => String::new(),
        None => match field {
            "spec.unschedulable" | "spec.hostNetwork" => "false".into(),
            "status.replicas" | "status.successful" => "0".into(),
            _ => String::new(),
        },
    }
}

/// Where a field is in the object as it is stored: events are, as the older of their two groups has them.
fn stored_field(object: &Object, field: &str) -> String {
    match (field, field.strip_prefix("regarding.")) {
        (_, Some(of_involved)) => format!("involvedObject.{of_involved}"),
        ("reportingController", None) => "reportingComponent".into(),
        ("source", None) if object.has("source.component") => "source.component".into(),
        ("source", None) => "reportingComponent".into(),
        (field, None) => field.into(),
    }
}
