//! Field validation (`fieldValidation`): fields that a type does not have, and values of another type.
//!
//! Unknown fields are dropped, as the API server does. `Strict` refuses them, `Warn` names them in a header.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>

use serde_json::{Map, Value};

use super::types::{self, Definition, Shape};

/// What was found in an object.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Paths of fields that were dropped.
    pub(super) unknown: Vec<String>,
    /// First value that has another type than its field.
    pub(super) mistyped: Option<String>,
}

impl Findings {
    /// Returns the unknown fields as the strict decoder names them.
    pub(super) fn messages(&self) -> Vec<String> {
        self.unknown.iter().map(|path| format!("unknown field {path:?}")).collect()
    }

    /// Checks an object of one of Kubernetes' types, and drops what it does not know.
    pub(super) fn of_object(fields: &mut Map<String, Value>, definition: &'static Definition) -> Findings {
        let mut findings = Findings::default();
        let types = take_types(fields);
        findings.object(fields, definition, "", "");
        fields.extend(types);
        findings
    }

    /// Checks a custom object by the OpenAPI schema of its definition, and drops what that does not know.
    pub(super) fn of_custom(fields: &mut Map<String, Value>, schema: &Value) -> Findings {
        let mut findings = Findings::default();
        let types = take_types(fields);
        let metadata = fields.remove("metadata");
        findings.prune(fields, schema, "");
        if let (Some(Value::Object(mut metadata)), Some(definition)) = (metadata, types::definition("meta.ObjectMeta"))
        {
            findings.object(&mut metadata, definition, "metadata", "metadata");
            fields.insert("metadata".into(), Value::Object(metadata));
        }
        fields.extend(types);
        findings
    }

    /// `path` has the indexes of lists, `names` are the fields alone, as Go's JSON names them.
    fn object(&mut self, fields: &mut Map<String, Value>, definition: &'static Definition, path: &str, names: &str) {
        fields.retain(|name, value| {
            let path = join(path, name);
            let Some(field) = definition.field(name) else {
                self.unknown.push(path);
                return false;
            };
            self.value(value, &field.shape, definition, &path, &join(names, name));
            true
        });
    }

    fn value(&mut self, value: &mut Value, shape: &Shape, owner: &Definition, path: &str, names: &str) {
        match (shape, &mut *value) {
            (_, Value::Null) | (Shape::Raw, _) => {}
            (Shape::Object(name), Value::Object(fields)) => {
                if let Some(definition) = types::definition(name) {
                    self.object(fields, definition, path, names);
                }
            }
            (Shape::List(item), Value::Array(items)) => {
                for (index, value) in items.iter_mut().enumerate() {
                    self.value(value, item, owner, &format!("{path}[{index}]"), names);
                }
            }
            (Shape::Map(inner), Value::Object(fields)) => {
                for (key, value) in fields {
                    self.value(value, inner, owner, &join(path, key), names);
                }
            }
            (Shape::SchemaOrArray | Shape::SchemaOrBool | Shape::SchemaOrStrings, _) => {}
            (
                Shape::String
                | Shape::Bytes
                | Shape::Time
                | Shape::MicroTime
                | Shape::Duration
                | Shape::Quantity
                | Shape::IntOrString,
                Value::String(_),
            )
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Double | Shape::Quantity, Value::Number(_))
            | (Shape::Strings, Value::Array(_)) => {}
            (Shape::Int64 | Shape::Int32 | Shape::IntOrString, Value::Number(number)) if is_integer(number, shape) => {}
            (shape, value) => {
                let found = match value {
                    Value::Bool(_) => "bool".into(),
                    Value::Number(number) if matches!(shape, Shape::Int32 | Shape::Int64 | Shape::IntOrString) => {
                        format!("number {number}")
                    }
                    Value::Number(_) => "number".into(),
                    Value::String(_) => "string".into(),
                    Value::Array(_) => "array".into(),
                    Value::Object(_) | Value::Null => "object".to_owned(),
                };
                let (struct_, type_) = (owner.kind(), go_type(shape));
                self.mistyped.get_or_insert_with(|| {
                    format!("json: cannot unmarshal {found} into Go struct field {struct_}.{names} of type {type_}")
                });
            }
        }
    }

    fn prune(&mut self, fields: &mut Map<String, Value>, schema: &Value, path: &str) {
        let keeps_unknown = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
        let properties = schema.get("properties");
        let additional = schema.get("additionalProperties").filter(|additional| **additional != Value::Bool(false));
        fields.retain(|name, value| {
            let path = join(path, name);
            match (properties.and_then(|properties| properties.get(name)), additional) {
                (Some(inner), _) | (None, Some(inner)) => self.prune_value(value, inner, &path),
                (None, None) if keeps_unknown => {}
                (None, None) => {
                    self.unknown.push(path);
                    return false;
                }
            }
            true
        });
    }

    fn prune_value(&mut self, value: &mut Value, schema: &Value, path: &str) {
        let is_embedded = schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
        match value {
            Value::Object(fields) if !is_embedded && schema.is_object() => self.prune(fields, schema, path),
            Value::Array(items) => {
                let Some(inner) = schema.get("items") else { return };
                for (index, item) in items.iter_mut().enumerate() {
                    self.prune_value(item, inner, &format!("{path}[{index}]"));
                }
            }
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Every object has these two besides its type's fields.
fn take_types(fields: &mut Map<String, Value>) -> Vec<(String, Value)> {
    ["apiVersion", "kind"].into_iter().filter_map(|name| Some((name.to_owned(), fields.remove(name)?))).collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

fn is_integer(number: &serde_json::Number, shape: &Shape) -> bool {
    let is_long = *shape == Shape::Int64;
    number.as_i64().is_some_and(|number| is_long || i32::try_from(number).is_ok())
}

/// Returns the type as Go writes it.
fn go_type(shape: &Shape) -> String {
    match shape {
        Shape::Bool => "bool".into(),
        Shape::Int32 => "int32".into(),
        Shape::Int64 => "int64".into(),
        Shape::Double => "float64".into(),
        Shape::Bytes => "[]uint8".into(),
        Shape::Object(name) => format!("v1.{}", name.rsplit('.').next().unwrap_or(name)),
        Shape::List(item) => format!("[]{}", go_type(item)),
        Shape::Map(value) => format!("map[string]{}", go_type(value)),
        Shape::String
        | Shape::Quantity
        | Shape::IntOrString
        | Shape::Time
        | Shape::MicroTime
        | Shape::Duration
        | Shape::Raw
        | Shape::Strings
        | Shape::SchemaOrArray
        | Shape::SchemaOrBool
        | Shape::SchemaOrStrings => "string".into(),
    }
}
