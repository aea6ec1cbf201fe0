//! One line of suite `validation`: what the API server says to a new Pod, and the defaults it fills in.

use pod_lifecycle::api::{Invalid, PodManifest, validate};
use serde_json::{Value, json};

/// Compares our answer with the recorded one, as far as that goes; the error says where they differ.
pub(crate) fn check(line: &Value) -> Result<(), String> {
    let manifest = line.pointer("/in/pod").cloned().unwrap_or_default();
    let pod: PodManifest = serde_json::from_value(manifest).map_err(|error| format!("in.pod: {error}"))?;
    let pod = pod.with_defaults();
    let verdict = validate(&pod);
    if let Some(valid) = line.pointer("/out/valid") {
        same("valid", &json!(verdict.is_ok()), valid)?;
    }
    if let Some(errors) = line.pointer("/out/errors").and_then(Value::as_array) {
        same("errors", &json!(ours(&verdict)), &json!(theirs(errors)))?;
    }
    if let Some(recorded) = line.pointer("/out/defaulted").and_then(Value::as_object) {
        let ours = defaulted(&pod);
        for (field, value) in recorded {
            let ours = ours.get(field).unwrap_or(&Value::Null);
            same(&format!("defaulted.{field}"), ours, &none_is_empty(value))?;
        }
    }
    Ok(())
}

/// `field: type` of each problem, in our order.
fn ours(verdict: &Result<(), Invalid>) -> Vec<String> {
    let errors = verdict.as_ref().map_or_else(Invalid::errors, |()| &[]);
    errors.iter().map(|error| format!("{}: {}", error.field, error.kind)).collect()
}

/// `field: type` of each recorded problem, in the recorded order.
fn theirs(errors: &[Value]) -> Vec<String> {
    let text = |error: &Value, key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    errors.iter().map(|error| format!("{}: {}", text(error, "field"), text(error, "type"))).collect()
}

/// The part of the spec that a recording shows after defaulting.
fn defaulted(pod: &PodManifest) -> Value {
    json!({
        "restartPolicy": pod.spec.restart_policy,
        "terminationGracePeriodSeconds": pod.spec.termination_grace_period_seconds,
        "initContainers": pod.spec.init_containers,
        "containers": pod.spec.containers,
    })
}

/// Go writes a list without items as null.
fn none_is_empty(value: &Value) -> Value {
    if value.is_null() { json!([]) } else { value.clone() }
}

fn same(what: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}\n    ours:   {ours}\n    theirs: {theirs}")) }
}
