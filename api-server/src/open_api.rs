//! `/openapi/v3`: one document for each group and version, as far as `kubectl explain` and `apply` need it.
//!
//! The schemas have names, types, and merge keys of lists; descriptions they have only where a definition gives some.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    discovery::version_path,
    resource::{Resource, Resources, Scope},
    status::StatusError,
    types::{self, Definition, Field, ListType, Shape},
};

/// Returns the paths below `/openapi/v3`.
pub(super) fn paths(resources: &Resources) -> Value {
    let paths: Map<String, Value> = resources
        .iter()
        .map(|resource| {
            let path = version_path(resource);
            let url = json!({"serverRelativeURL": format!("/openapi/v3/{path}")});
            (path, url)
        })
        .collect();
    json!({"paths": paths})
}

/// Returns the document of one group and version.
pub(super) fn document(resources: &Resources, asked: &str) -> Result<Value, StatusError> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for resource in resources.iter().filter(|resource| version_path(resource) == asked) {
        let (path, item) = path(resource, asked);
        paths.insert(path, item);
        add_schemas(resource, &mut schemas);
    }
    if paths.is_empty() {
        return Err(StatusError::no_such_path());
    }
    let info = json!({"title": "Kubernetes in memory", "version": "v1.36.0"});
    Ok(json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}))
}

/// A patch is all that `kubectl` looks for before it writes: that it can be validated.
fn path(resource: &Resource, asked: &str) -> (String, Value) {
    let namespace = if resource.scope == Scope::Namespaced { "namespaces/{namespace}/" } else { "" };
    let path = format!("/{asked}/{namespace}{}/{{name}}", resource.plural);
    let parameters = ["fieldValidation", "dryRun", "fieldManager"].map(|name| json!({"name": name, "in": "query"}));
    let kind = kind_of(resource);
    (path, json!({"patch": {"parameters": parameters, "x-kubernetes-group-version-kind": kind, "responses": {}}}))
}

fn kind_of(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": resource.kind})
}

/// Adds the schema of a resource's kind, and those that it refers to.
fn add_schemas(resource: &Resource, schemas: &mut Map<String, Value>) {
    let (name, mut schema, mut wanted) = match types::of(resource) {
        Some(definition) => {
            let (schema, wanted) = object(definition);
            (full_name(definition.name), schema, wanted)
        }
        None => {
            let groups: Vec<&str> = resource.group.split('.').rev().collect();
            let name = format!("{}.{}.{}", groups.join("."), resource.version, resource.kind);
            let schema = resource.schema.as_deref().cloned().unwrap_or_else(|| json!({"type": "object"}));
            (name, schema, BTreeSet::from(["meta.ObjectMeta"]))
        }
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("x-kubernetes-group-version-kind".into(), json!([kind_of(resource)]));
        let properties = fields.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".into(), json!({"type": "string"}));
            properties.insert("kind".into(), json!({"type": "string"}));
            properties.insert("metadata".into(), reference("meta.ObjectMeta"));
        }
    }
    schemas.insert(name, schema);
    while let Some(next) = wanted.pop_first() {
        let name = full_name(next);
        let Some(definition) = types::definition(next).filter(|_| !schemas.contains_key(&name)) else { continue };
        let (schema, more) = object(definition);
        schemas.insert(name, schema);
        wanted.extend(more);
    }
}

/// Returns the schema of a type, and the types that it refers to.
fn object(definition: &'static Definition) -> (Value, BTreeSet<&'static str>) {
    let mut wanted = BTreeSet::new();
    let properties: Map<String, Value> =
        definition.fields().into_iter().map(|field| (field.name.into(), property(field, &mut wanted))).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let (true, Some(schema)) = (definition.is_atomic, schema.as_object_mut()) {
        schema.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    (schema, wanted)
}

fn property(field: &'static Field, wanted: &mut BTreeSet<&'static str>) -> Value {
    let mut schema = value(&field.shape, wanted);
    let extension = match (&field.shape, &field.list) {
        (Shape::List(_), ListType::Atomic) => json!({"x-kubernetes-list-type": "atomic"}),
        (Shape::List(_), ListType::Set) => json!({"x-kubernetes-list-type": "set"}),
        (Shape::List(_), ListType::Map(keys)) => {
            json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys})
        }
        _ if field.is_atomic => json!({"x-kubernetes-map-type": "atomic"}),
        _ => json!({}),
    };
    if let (Some(schema), Value::Object(extension)) = (schema.as_object_mut(), extension) {
        schema.extend(extension);
    }
    schema
}

fn value(shape: &'static Shape, wanted: &mut BTreeSet<&'static str>) -> Value {
    match shape {
        Shape::String | Shape::Quantity | Shape::Duration => json!({"type": "string"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Double => json!({"type": "number", "format": "double"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::IntOrString => json!({"type": "string", "format": "int-or-string"}),
        Shape::Time | Shape::MicroTime => json!({"type": "string", "format": "date-time"}),
        Shape::Strings => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Raw | Shape::SchemaOrArray | Shape::SchemaOrBool | Shape::SchemaOrStrings => json!({"type": "object"}),
        Shape::Object(name) => {
            wanted.insert(name);
            reference(name)
        }
        Shape::List(item) => json!({"type": "array", "items": value(item, wanted)}),
        Shape::Map(inner) => json!({"type": "object", "additionalProperties": value(inner, wanted)}),
    }
}

fn reference(name: &str) -> Value {
    json!({"allOf": [{"$ref": format!("#/components/schemas/{}", full_name(name))}]})
}

/// Returns the name of a type as Kubernetes' OpenAPI has it.
fn full_name(name: &str) -> String {
    let (package, kind) = name.rsplit_once('.').unwrap_or(("", name));
    let (group, version) = package.split_once('.').unwrap_or((package, "v1"));
    match group {
        "meta" => format!("io.k8s.apimachinery.pkg.apis.meta.{version}.{kind}"),
        "apiextensions" => format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.{version}.{kind}"),
        _ => format!("io.k8s.api.{group}.{version}.{kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::document;
    use crate::resource::Resources;

    #[test]
    fn every_reference_of_a_document_leads_to_a_schema() {
        for group in ["api/v1", "apis/apps/v1", "apis/apiextensions.k8s.io/v1"] {
            let document = document(&Resources::built_in(), group).unwrap();
            let schemas = document["components"]["schemas"].as_object().unwrap();
            let text = document.to_string();
            let references: Vec<&str> =
                text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
            assert!(!references.is_empty());
            assert!(references.iter().all(|name| schemas.contains_key(*name)), "{group}");
        }
    }
}
