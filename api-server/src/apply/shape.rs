//! How values are merged: by the types of Kubernetes, by the schema of a custom resource, or by what they are.

use serde_json::Value;

use super::super::{
    resource::Resource,
    types::{self, Definition, Field, ListType, Shape},
};

/// Type of a value, as far as merging goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type<'a> {
    /// Object of Kubernetes' own types.
    Object(&'static Definition),
    /// Field of such an object, with its merge rules.
    Field(&'static Field),
    /// Item of a list or value of a map of such a type.
    Shape(&'static Shape),
    /// OpenAPI schema of a custom resource.
    Schema(&'a Value),
    /// The same, of the whole object, whose metadata are Kubernetes'.
    Root(&'a Value),
    /// Nothing is known: maps are merged, lists are replaced.
    Deduced,
}

/// Merge rule of a value.
#[derive(Clone, Debug)]
pub(super) enum Rule<'a> {
    /// Owned as a whole.
    Atomic,
    /// Object with named fields.
    Object(Type<'a>),
    /// Map whose values are of one type.
    Map(Type<'a>),
    /// List whose items are known by these fields, which may have defaults.
    Items(Vec<(&'a str, Option<&'a str>)>, Type<'a>),
    /// List of single values.
    Set,
    /// As the value itself is.
    Deduced,
}

impl<'a> Type<'a> {
    /// Returns the type of a resource's objects.
    pub(super) fn of(resource: &'a Resource) -> Type<'a> {
        match (types::of(resource), &resource.schema) {
            (Some(definition), _) => Type::Object(definition),
            (None, Some(schema)) => Type::Root(schema),
            (None, None) => Type::Deduced,
        }
    }

    pub(super) fn rule(self) -> Rule<'a> {
        match self {
            Type::Object(definition) if definition.is_atomic => Rule::Atomic,
            Type::Object(_) | Type::Root(_) => Rule::Object(self),
            Type::Field(field) if field.is_atomic => Rule::Atomic,
            Type::Field(field) => match (&field.shape, &field.list) {
                (Shape::Object(name), _) => match types::definition(name) {
                    Some(definition) if !definition.is_atomic || field.is_granular => {
                        Rule::Object(Type::Object(definition))
                    }
                    Some(_) | None => Rule::Atomic,
                },
                (Shape::List(_), ListType::Set) => Rule::Set,
                (Shape::List(item), ListType::Map(keys)) => {
                    let default = |key: &str| {
                        let Shape::Object(name) = &**item else { return None };
                        types::definition(name)?.field(key)?.default
                    };
                    Rule::Items(keys.iter().map(|key| (*key, default(key))).collect(), Type::Shape(item))
                }
                (shape, _) => Type::Shape(shape).rule(),
            },
            Type::Shape(Shape::Object(name)) => {
                types::definition(name).map_or(Rule::Atomic, |one| Type::Object(one).rule())
            }
            Type::Shape(Shape::Map(value)) => Rule::Map(Type::Shape(value)),
            Type::Shape(_) => Rule::Atomic,
            Type::Schema(schema) => by_schema(schema),
            Type::Deduced => Rule::Deduced,
        }
    }

    /// Returns the type of a named field; `None` for a field that the type does not have.
    pub(super) fn field(self, name: &str) -> Option<Type<'a>> {
        match self {
            Type::Object(definition) => definition.field(name).map(Type::Field),
            Type::Root(_) if name == "metadata" => types::definition("meta.ObjectMeta").map(Type::Object),
            Type::Schema(schema) | Type::Root(schema) => schema.get("properties")?.get(name).map(Type::Schema),
            Type::Field(_) | Type::Shape(_) | Type::Deduced => None,
        }
    }
}

fn by_schema(schema: &Value) -> Rule<'_> {
    let text = |field: &str| schema.get(field).and_then(Value::as_str).unwrap_or_default();
    let inner = |field: &str| schema.get(field).filter(|inner| inner.is_object()).map_or(Type::Deduced, Type::Schema);
    match text("type") {
        "object" if text("x-kubernetes-map-type") == "atomic" => Rule::Atomic,
        "object" if schema.get("properties").is_some() => Rule::Object(Type::Schema(schema)),
        "object" if schema.get("additionalProperties").is_some() => Rule::Map(inner("additionalProperties")),
        "array" => match text("x-kubernetes-list-type") {
            "set" => Rule::Set,
            "map" => {
                let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array).into_iter().flatten();
                let default = |key: &str| schema.get("items")?.get("properties")?.get(key)?.get("default")?.as_str();
                Rule::Items(keys.filter_map(Value::as_str).map(|key| (key, default(key))).collect(), inner("items"))
            }
            _ => Rule::Atomic,
        },
        "object" | "" => Rule::Deduced,
        _ => Rule::Atomic,
    }
}
