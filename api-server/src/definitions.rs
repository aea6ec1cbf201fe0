//! CustomResourceDefinitions: served as soon as they are stored.
//!
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>

use std::sync::Arc;

use pod_lifecycle::{
    Timestamp,
    api::{FieldError, FieldErrorType},
};
use serde_json::{Value, json};

use super::{
    object::Object,
    resource::{Generation, GroupResource, Origin, Resource, Resources, Scope, StatusSubresource},
    scale::ScalePaths,
    state::State,
    status::{StatusError, field_error},
    store::Key,
    strategy::Strategy,
};

/// Strategy of CustomResourceDefinitions.
pub(super) struct Definitions;

impl Strategy for Definitions {
    fn default(&self, definition: &mut Object) -> Result<(), StatusError> {
        let kind = definition.text("spec.names.kind").to_owned();
        definition.set_default("spec.names.singular", kind.to_lowercase());
        definition.set_default("spec.names.listKind", format!("{kind}List"));
        definition.set_default("spec.conversion", json!({"strategy": "None"}));
        Ok(())
    }

    /// Marks the names as accepted and established at once.
    fn prepare_for_create(&self, definition: &mut Object, now: Timestamp) {
        let condition = |type_: &str, reason: &str, message: &str| {
            json!({"type": type_, "status": "True", "reason": reason, "message": message,
                "lastTransitionTime": now.to_string()})
        };
        definition.set(
            "status.conditions",
            json!([
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ]),
        );
        definition.set("status.acceptedNames", definition.get("spec.names").cloned().unwrap_or_default());
        let versions = definition.items("spec.versions").iter();
        let stored = versions.filter(|version| version.get("storage") == Some(&Value::Bool(true)));
        let stored: Vec<Value> = stored.filter_map(|version| version.get("name").cloned()).collect();
        definition.set("status.storedVersions", stored);
    }

    fn validate(&self, definition: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for field in ["spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"] {
            if definition.text(field).is_empty() {
                errors.push(field_error(field, FieldErrorType::Required, None, ""));
            }
        }
        let expected = format!("{}.{}", definition.text("spec.names.plural"), definition.text("spec.group"));
        if definition.name() != expected {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.push(field_error("metadata.name", FieldErrorType::Invalid, Some(definition.name()), detail));
        }
        if definition.items("spec.versions").is_empty() {
            errors.push(field_error("spec.versions", FieldErrorType::Required, None, ""));
        }
        errors
    }
}

/// Starts serving a definition.
pub(super) fn establish(resources: &mut Resources, resource: &Resource, stored: &Object) {
    if !is_definition(resource) {
        return;
    }
    let group = stored.text("spec.group");
    resources.remove(group, stored.text("spec.names.plural"));
    for version in stored.items("spec.versions") {
        if version.get("served") == Some(&Value::Bool(true)) {
            resources.add(defined(stored, version));
        }
    }
}

/// Stops serving a definition and drops its objects.
pub(super) fn abolish(state: &mut State, resource: &Resource, gone: &Object) {
    if !is_definition(resource) {
        return;
    }
    let (group, plural) = (gone.text("spec.group"), gone.text("spec.names.plural"));
    state.resources.remove(group, plural);
    let defined = GroupResource { group: group.into(), resource: plural.into() };
    let keys: Vec<Key> = state.store.all(&defined).map(|object| Key::of(&object)).collect();
    for key in keys {
        state.store.remove(&defined, &key);
    }
}

fn is_definition(resource: &Resource) -> bool {
    resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

/// One version of a defined resource.
fn defined(definition: &Object, version: &Value) -> Resource {
    let text = |field: &str| definition.text(field).to_owned();
    let has_status = version.get("subresources").and_then(|one| one.get("status")).is_some();
    let short_names = definition.items("spec.names.shortNames").iter();
    Resource {
        group: text("spec.group"),
        version: version.get("name").and_then(Value::as_str).unwrap_or_default().into(),
        plural: text("spec.names.plural"),
        singular: text("spec.names.singular"),
        kind: text("spec.names.kind"),
        short_names: short_names.filter_map(|name| name.as_str().map(Into::into)).collect(),
        scope: if definition.text("spec.scope") == "Cluster" { Scope::Cluster } else { Scope::Namespaced },
        generation: Generation::Counted,
        status: if has_status { StatusSubresource::Only } else { StatusSubresource::Absent },
        scale: version.get("subresources").and_then(|one| one.get("scale")).and_then(ScalePaths::defined),
        printer_columns: version.get("additionalPrinterColumns").and_then(Value::as_array).cloned().unwrap_or_default(),
        schema: version.get("schema").and_then(|schema| schema.get("openAPIV3Schema")).cloned().map(Arc::new),
        origin: Origin::Custom,
    }
}
