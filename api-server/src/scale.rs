//! The subresource `scale` (pkg/registry/apps/deployment/storage `ScaleREST`, and that of custom resources).
//!
//! A `Scale` of `autoscaling/v1` is a view of an object: its replicas, those that exist, and the selector of its Pods.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    apply::Writer,
    object::Object,
    patch::Patch,
    resource::GroupKind,
    state::{Call, State},
    status::{StatusError, invalid_json},
    update::Part,
};

/// Paths of an object's fields that its scale shows, without the leading dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScalePaths {
    pub(super) spec_replicas: String,
    pub(super) status_replicas: String,
    /// A label selector, or its text.
    pub(super) selector: Option<String>,
}

impl ScalePaths {
    /// Returns the paths of Kubernetes' own workloads.
    pub(super) fn built_in(group: &str, plural: &str) -> Option<ScalePaths> {
        let is_scaled = matches!(
            (group, plural),
            ("apps", "deployments" | "replicasets" | "statefulsets") | ("", "replicationcontrollers")
        );
        is_scaled.then(|| ScalePaths {
            spec_replicas: "spec.replicas".into(),
            status_replicas: "status.replicas".into(),
            selector: Some("spec.selector".into()),
        })
    }

    /// Returns the paths that a definition's version names.
    pub(super) fn defined(scale: &Value) -> Option<ScalePaths> {
        let path = |field: &str| Some(scale.get(field)?.as_str()?.trim_start_matches('.').to_owned());
        Some(ScalePaths {
            spec_replicas: path("specReplicasPath")?,
            status_replicas: path("statusReplicasPath")?,
            selector: path("labelSelectorPath"),
        })
    }

    /// Returns the `Scale` of an object.
    fn of(&self, object: &Object) -> Object {
        let mut scale = Object::default();
        scale.set("apiVersion", "autoscaling/v1");
        scale.set("kind", "Scale");
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            scale.copy(&format!("metadata.{field}"), object);
        }
        scale.set("spec", Map::new());
        // A count of zero is omitted in the spec and shown in the status.
        if let Some(replicas) = object.number(&self.spec_replicas).filter(|replicas| *replicas != 0) {
            scale.set("spec.replicas", replicas);
        }
        scale.set("status.replicas", object.number(&self.status_replicas).unwrap_or_default());
        let selector = self.selector.as_deref().and_then(|path| object.get(path)).map(selector_text);
        if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
            scale.set("status.selector", selector);
        }
        scale
    }
}

impl State {
    /// Handles the subresource: writing it changes the object's replicas.
    pub(super) fn about_scale(&mut self, method: &Method, call: &Call) -> Result<Value, StatusError> {
        let Some(paths) = &call.resource.scale else { return Err(StatusError::no_such_path()) };
        match method.as_str() {
            "GET" => Ok(paths.of(&*self.existing(call)?).into_value()),
            "PUT" => self.write_scale(call, paths, &call.object()?),
            "PATCH" => {
                let patch = Patch::read(&call.resource, &call.content_type, &call.body)?;
                let scale = paths.of(&*self.existing(call)?);
                self.write_scale(call, paths, &patch.apply(&call.resource, scale)?)
            }
            _ => Err(StatusError::method_not_allowed()),
        }
    }

    fn write_scale(&mut self, call: &Call, paths: &ScalePaths, scale: &Object) -> Result<Value, StatusError> {
        call.check_name(scale)?;
        let old = self.existing(call)?;
        let uid = scale.uid();
        if !uid.is_empty() && uid != old.uid() {
            let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
            return Err(StatusError::conflict(&call.resource.group_resource(), call.name(), why));
        }
        let replicas = scale.get("spec.replicas").map_or(Some(0), Value::as_i64);
        let error = match replicas {
            Some(0..=0x7fff_ffff) => None,
            Some(replicas) => Some((replicas.to_string(), "must be greater than or equal to 0")),
            None => Some((scale.get("spec.replicas").map(Value::to_string).unwrap_or_default(), "must be an integer")),
        };
        if let Some((value, detail)) = error {
            let error = invalid_json("spec.replicas", value, detail);
            let kind = GroupKind { group: "autoscaling".into(), kind: "Scale".into() };
            return Err(StatusError::invalid(&kind, call.name(), &[error]));
        }
        let mut new = Object::clone(&old);
        new.set(&paths.spec_replicas, replicas.unwrap_or_default());
        new.copy("metadata.resourceVersion", scale);
        let written: Arc<Object> = self.amend(call, Part::Main, &old, new, Writer::Update)?;
        Ok(paths.of(&written).into_value())
    }
}

/// Formats a label selector as `kubectl` and the query parameter have it: `app=web,tier in (a,b)`.
fn selector_text(selector: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let equals = |labels: &Map<String, Value>| {
        labels.iter().map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>()
    };
    let Some(fields) = selector.as_object() else { return text(selector) };
    let (labels, expressions) = (fields.get("matchLabels"), fields.get("matchExpressions"));
    // The selector of a replication controller is a plain map of labels.
    if labels.is_none() && expressions.is_none() {
        return equals(fields).join(",");
    }
    let mut all = labels.and_then(Value::as_object).map(equals).unwrap_or_default();
    for expression in expressions.and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| expression.get(name).unwrap_or(&Value::Null);
        let values: Vec<String> = part("values").as_array().into_iter().flatten().map(text).collect();
        let (key, values) = (text(part("key")), values.join(","));
        all.push(match part("operator").as_str().unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key,
        });
    }
    all.join(",")
}

/// Returns the entry of discovery.
pub(super) fn entry(plural: &str, is_namespaced: bool) -> Value {
    json!({"name": format!("{plural}/scale"), "singularName": "", "namespaced": is_namespaced, "group": "autoscaling",
        "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::selector_text;

    #[test]
    fn a_selector_is_written_as_it_is_asked_for() {
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"},
            {"key": "zone", "operator": "NotIn", "values": ["x"]}, {"key": "new", "operator": "Exists"},
        ]});
        assert_eq!(selector_text(&selector), "app=web,tier in (a,b),!old,zone notin (x),new");
        assert_eq!(selector_text(&json!({"app": "web", "tier": "a"})), "app=web,tier=a");
        assert_eq!(selector_text(&json!("app=web")), "app=web");
    }
}
