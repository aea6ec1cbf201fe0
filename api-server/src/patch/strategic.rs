//! Strategic merge patches.
//!
//! Maps are merged key by key, `null` takes a key away. Lists are merged item by item, if their type says by which key.
//! Fields that begin with a dollar sign are orders: `$patch: replace` or `delete`, `$retainKeys`,
//! `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`.
//!
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md>

use serde_json::{Map, Value};

use super::{
    super::status::StatusError,
    order,
    schema::{Field, Schema, UNKNOWN},
};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

type Fields = Map<String, Value>;

/// Applies a patch to an object of a type.
pub(super) fn merge(object: &mut Value, patch: Fields, schema: &Schema) -> Result<(), StatusError> {
    match object {
        Value::Object(fields) => merge_fields(fields, patch, schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(StatusError::bad_request("only an object can be patched"))
        }
    }
}

/// What is ordered besides the values themselves.
#[derive(Default)]
struct Orders {
    sequences: Vec<(String, Vec<Value>)>,
    removals: Vec<(String, Vec<Value>)>,
}

fn merge_fields(fields: &mut Fields, mut patch: Fields, schema: &Schema) -> Result<(), StatusError> {
    match patch.remove(PATCH).as_ref().map(|order| order.as_str().unwrap_or_default()) {
        None => {}
        Some("replace") => {
            *fields = without_orders(patch);
            return Ok(());
        }
        Some("delete") => {
            fields.clear();
            return Ok(());
        }
        Some(other) => return Err(unknown_order(other, &patch)),
    }
    retain_keys(fields, &mut patch)?;
    let orders = take_orders(&mut patch)?;
    for (list, removed) in &orders.removals {
        if let Some(Value::Array(items)) = fields.get_mut(list) {
            items.retain(|item| !removed.contains(item));
        }
    }
    let before = fields.clone();
    for (name, value) in patch {
        let sequence = orders.sequences.iter().find(|(list, _)| *list == name).map(|(_, sequence)| sequence);
        if let (Some(sequence), Value::Array(items)) = (sequence, &value) {
            order::check(items, sequence, key_of(schema, &name))?;
        }
        merge_field(fields, name, value, schema)?;
    }
    for (list, sequence) in &orders.sequences {
        let old = before.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if let Some(Value::Array(items)) = fields.get_mut(list) {
            *items = order::arrange(std::mem::take(items), sequence, old, key_of(schema, list));
        }
    }
    Ok(())
}

/// The key of a list's items; none of single values.
fn key_of(schema: &Schema, list: &str) -> Option<&'static str> {
    match schema.field(list) {
        Some(Field::ByKey(key, _)) => Some(key),
        Some(Field::Set | Field::One(_)) | None => None,
    }
}

fn merge_field(fields: &mut Fields, name: String, value: Value, schema: &Schema) -> Result<(), StatusError> {
    let of_type = schema.field(&name);
    match (value, of_type) {
        (Value::Null, _) => {
            fields.remove(&name);
        }
        (Value::Object(patch), of_type) => {
            let inner = match of_type {
                Some(Field::One(schema)) => schema,
                Some(Field::ByKey(..) | Field::Set) => return Err(unfit(&name, "slice", "map")),
                None => &UNKNOWN,
            };
            if patch.contains_key(PATCH) && !fields.contains_key(&name) {
                return Ok(());
            }
            let field = fields.entry(name).or_insert(Value::Null);
            if !field.is_object() {
                *field = Value::Object(Map::new());
            }
            merge(field, patch, inner)?;
        }
        (Value::Array(patch), Some(Field::ByKey(key, schema))) => {
            let items = take_items(fields, &name);
            fields.insert(name, Value::Array(merge_items(items, patch, key, schema)?));
        }
        (Value::Array(patch), Some(Field::Set)) => {
            let old = take_items(fields, &name);
            let mut items = old.clone();
            items.extend(patch.iter().filter(|value| !old.contains(value)).cloned());
            fields.insert(name, Value::Array(order::arrange(items, &patch, &old, None)));
        }
        (value @ (Value::Bool(_) | Value::Number(_) | Value::String(_)), Some(of_type)) => {
            let expected = if matches!(of_type, Field::One(_)) { "struct" } else { "slice" };
            return Err(unfit(&name, expected, kind_of(&value)));
        }
        (value, None | Some(Field::One(_))) => {
            fields.insert(name, cleaned(value));
        }
    }
    Ok(())
}

fn take_items(fields: &mut Fields, list: &str) -> Vec<Value> {
    match fields.get_mut(list) {
        Some(Value::Array(items)) => std::mem::take(items),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

/// Merges a list whose items have a merge key.
fn merge_items(old: Vec<Value>, patch: Vec<Value>, key: &str, schema: &Schema) -> Result<Vec<Value>, StatusError> {
    let mut old = old;
    let (mut merging, mut is_replaced) = (Vec::new(), false);
    for item in patch {
        let Value::Object(fields) = &item else { return Err(unfit(key, "map", kind_of(&item))) };
        match fields.get(PATCH).map(|order| order.as_str().unwrap_or_default()) {
            None => merging.push(item),
            Some("replace") => is_replaced = true,
            Some("delete") => {
                let Some(value) = fields.get(key) else { return Err(keyless(fields, key)) };
                old.retain(|other| other.get(key) != Some(value));
            }
            Some(other) => return Err(unknown_order(other, fields)),
        }
    }
    if is_replaced {
        return Ok(merging.into_iter().map(cleaned).collect());
    }
    let mut items = old.clone();
    for item in &merging {
        merge_item(&mut items, item, key, schema)?;
    }
    Ok(order::arrange(items, &merging, &old, Some(key)))
}

fn merge_item(items: &mut Vec<Value>, item: &Value, key: &str, schema: &Schema) -> Result<(), StatusError> {
    let Value::Object(item) = item.clone() else { return Err(unfit(key, "map", kind_of(item))) };
    let Some(value) = item.get(key).cloned() else { return Err(keyless(&item, key)) };
    if let Some(found) = items.iter_mut().find(|other| other.get(key) == Some(&value)) {
        return merge(found, item, schema);
    }
    let mut new = Map::new();
    merge_fields(&mut new, item, schema)?;
    items.push(Value::Object(new));
    Ok(())
}

/// `$retainKeys`: of what is there only these stay.
fn retain_keys(fields: &mut Fields, patch: &mut Fields) -> Result<(), StatusError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(keys) = keys else {
        return Err(StatusError::bad_request("invalid patch format of retainKeys"));
    };
    let is_retained = |name: &String| keys.iter().any(|key| key.as_str() == Some(name));
    if patch.iter().any(|(name, value)| !value.is_null() && !name.starts_with('$') && !is_retained(name)) {
        return Err(StatusError::unfit_patch());
    }
    fields.retain(|name, _| is_retained(name));
    Ok(())
}

fn take_orders(patch: &mut Fields) -> Result<Orders, StatusError> {
    let mut orders = Orders::default();
    let names: Vec<String> = patch.keys().filter(|name| name.starts_with('$')).cloned().collect();
    for name in names {
        let value = patch.remove(&name);
        let (list, kind) = match (name.strip_prefix(ELEMENT_ORDER), name.strip_prefix(DELETE_FROM)) {
            (Some(list), _) => (list, &mut orders.sequences),
            (None, Some(list)) => (list, &mut orders.removals),
            (None, None) => return Err(unknown_order(&name, patch)),
        };
        let Some(Value::Array(items)) = value else {
            return Err(StatusError::bad_request(format!("invalid patch format of {name}: a list was expected")));
        };
        kind.push((list.into(), items));
    }
    Ok(orders)
}

/// A value without what a patch means by `null` and by dollar signs.
fn cleaned(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(without_orders(fields)),
        Value::Array(items) => Value::Array(items.into_iter().map(cleaned).collect()),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => value,
    }
}

fn without_orders(fields: Fields) -> Fields {
    let kept = fields.into_iter().filter(|(name, value)| !value.is_null() && !name.starts_with('$'));
    kept.map(|(name, value)| (name, cleaned(value))).collect()
}

fn unknown_order(order: &str, patch: &Fields) -> StatusError {
    let patch = order::go_text(&Value::Object(patch.clone()));
    StatusError::unclassified(format!("unknown patch type found: {order} in {patch}"))
}

fn keyless(item: &Fields, key: &str) -> StatusError {
    let item = order::go_text(&Value::Object(item.clone()));
    StatusError::unclassified(format!("map: {item} does not contain declared merge key: {key}"))
}

/// A value of another type than the field has.
fn unfit(field: &str, expected: &str, found: &str) -> StatusError {
    let error = super::super::status::field_error(
        "patch",
        pod_lifecycle::api::FieldErrorType::Invalid,
        Some(field),
        format!("cannot restore {expected} from {found}"),
    );
    let nothing = super::super::resource::GroupKind { group: String::new(), kind: String::new() };
    StatusError::invalid(&nothing, "", &[error])
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

#[cfg(test)]
mod tests;
