//! The columns of nodes.

use std::collections::BTreeSet;

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    Columns,
    Shown::{Always, Wide},
    age_cell, text_or,
};
use crate::object::Object;

const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE_LABEL: &str = "kubernetes.io/role";

/// Answers to `printNode`.
pub(super) const COLUMNS: Columns = Columns {
    columns: &[
        ("Name", Always),
        ("Status", Always),
        ("Roles", Always),
        ("Age", Always),
        ("Version", Always),
        ("Internal-IP", Wide),
        ("External-IP", Wide),
        ("OS-Image", Wide),
        ("Kernel-Version", Wide),
        ("Container-Runtime", Wide),
    ],
    cells,
};

fn cells(node: &Object, now: Timestamp) -> Vec<Value> {
    let info = |field: &str, otherwise: &str| text_or(node, &format!("status.nodeInfo.{field}"), otherwise);
    vec![
        node.name().into(),
        status(node).into(),
        roles(node).into(),
        age_cell(node, "metadata.creationTimestamp", now),
        info("kubeletVersion", ""),
        address(node, "InternalIP").into(),
        address(node, "ExternalIP").into(),
        info("osImage", "<unknown>"),
        kernel(node),
        info("containerRuntimeVersion", "<unknown>"),
    ]
}

fn status(node: &Object) -> String {
    let text =
        |condition: &Value, field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ready = node.items("status.conditions").iter().rev().find(|condition| text(condition, "type") == "Ready");
    let ready = match ready.map(|ready| text(ready, "status")) {
        None => "Unknown",
        Some(status) if status == "True" => "Ready",
        Some(_) => "NotReady",
    };
    let is_cordoned = node.get("spec.unschedulable") == Some(&Value::Bool(true));
    if is_cordoned { format!("{ready},SchedulingDisabled") } else { ready.into() }
}

fn roles(node: &Object) -> String {
    let labels = node.get("metadata.labels").and_then(Value::as_object);
    let role = |(key, value): (&String, &Value)| match key.strip_prefix(ROLE_PREFIX) {
        Some(role) => Some(role.to_owned()),
        None => (key == ROLE_LABEL).then(|| value.as_str().unwrap_or_default().to_owned()),
    };
    let roles: BTreeSet<String> =
        labels.into_iter().flatten().filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { "<none>".into() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address(node: &Object, kind: &str) -> String {
    let text = |address: &Value, field: &str| address.get(field).and_then(Value::as_str).map(String::from);
    let addresses = node.items("status.addresses").iter();
    let mut of_kind = addresses.filter(|address| text(address, "type").as_deref() == Some(kind));
    of_kind.next().and_then(|address| text(address, "address")).unwrap_or_else(|| "<none>".into())
}

fn kernel(node: &Object) -> Value {
    let kernel = text_or(node, "status.nodeInfo.kernelVersion", "<unknown>");
    match (kernel.as_str(), node.text("status.nodeInfo.architecture")) {
        (_, "") | (None, _) => kernel,
        (Some(kernel), architecture) => format!("{kernel} ({architecture})").into(),
    }
}
