//! Workloads: what makes Pods, explained by its template and by its own status.

use pod_lifecycle::api::{Name, Workload};
use serde_json::Value;

/// Explanation of an object that makes Pods.
#[derive(Debug)]
pub(super) struct Explained {
    /// Kind, namespace and name: `Deployment shop/web`.
    pub(super) name: String,
    /// What it makes, and how many.
    pub(super) makes: String,
    /// Conditions that say what keeps it from making Pods, or from having them ready.
    pub(super) troubles: Vec<String>,
}

/// Conditions of workloads that mean trouble, with the status that does.
const TROUBLES: &[(&str, &str)] = &[
    ("Available", "False"),
    ("Progressing", "False"),
    ("ReplicaFailure", "True"),
    ("Failed", "True"),
    ("FailureTarget", "True"),
    ("Suspended", "True"),
];

impl Explained {
    pub(super) fn of(workload: &Workload) -> Explained {
        let metadata = &workload.metadata;
        let namespace = if metadata.namespace.is_empty() { String::new() } else { format!("{}/", metadata.namespace) };
        let name = format!("{} {namespace}{}", workload.kind.name(), metadata.name);
        let makes = match workload.pod() {
            Ok(pod) => {
                let names: Vec<String> = pod.spec.containers.iter().map(|it| format!("`{}`", it.name)).collect();
                let containers = if names.len() == 1 { "container" } else { "containers" };
                format!("it makes Pods with the {containers} {}{}", names.join(", "), counts(workload))
            }
            Err(error) => format!("no Pod can be made of it: {error}"),
        };
        Explained { name, makes, troubles: troubles(workload) }
    }
}

/// Returns how many Pods it wants and has ready.
fn counts(workload: &Workload) -> String {
    let status =
        |field: &str| workload.other.get("status").and_then(|status| status.get(field)).and_then(Value::as_i64);
    let spec = |field: &str| workload.spec.other.get(field).and_then(Value::as_i64);
    let wanted = spec("replicas").or(status("desiredNumberScheduled")).or(spec("completions"));
    // A field that is 0 is left out of a status.
    let has_status = workload.other.get("status").is_some();
    let ready = status("readyReplicas").or(status("numberReady")).or(status("succeeded")).or(has_status.then_some(0));
    match (wanted, ready) {
        (Some(wanted), Some(ready)) => format!("; {ready} of {wanted} are ready or done"),
        (Some(wanted), None) => format!("; it wants {wanted}"),
        (None, _) => String::new(),
    }
}

/// Returns the conditions of its status that mean trouble.
fn troubles(workload: &Workload) -> Vec<String> {
    let conditions = workload.other.get("status").and_then(|status| status.get("conditions")).and_then(Value::as_array);
    let text =
        |condition: &Value, field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let troubles = conditions.into_iter().flatten().filter_map(|condition| {
        let (type_, status) = (text(condition, "type"), text(condition, "status"));
        let is_trouble = TROUBLES.iter().any(|(known, bad)| *known == type_ && *bad == status);
        is_trouble.then(|| {
            let (reason, message) = (text(condition, "reason"), text(condition, "message"));
            format!("{type_} is {status} ({reason}: {})", message.trim_end_matches('.'))
        })
    });
    troubles.collect()
}
