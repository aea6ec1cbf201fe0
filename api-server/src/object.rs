//! An API object as JSON.

use serde_json::{Map, Value};

use super::status::StatusError;

/// Object of any kind. Unknown fields are kept; `null` counts as absent.
///
/// Fields are addressed by path: `metadata.name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Reads an object.
    pub(super) fn read(value: Value) -> Result<Object, StatusError> {
        let Value::Object(mut fields) = value else {
            return Err(StatusError::bad_request("an object was expected: a JSON document in curly braces"));
        };
        drop_nulls(&mut fields);
        match fields.get("metadata") {
            None | Some(Value::Object(_)) => Ok(Object(fields)),
            Some(_) => Err(StatusError::bad_request("metadata has to be an object")),
        }
    }

    /// Reads the body of a request.
    pub(super) fn parse(bytes: &[u8]) -> Result<Object, StatusError> {
        let value = serde_json::from_slice(bytes).map_err(|error| {
            StatusError::bad_request(format!("the object provided is unrecognized (must be of type JSON): {error}"))
        })?;
        Object::read(value)
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.0.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    pub(super) fn get_mut(&mut self, path: &str) -> Option<&mut Value> {
        let mut keys = path.split('.');
        let first = self.0.get_mut(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get_mut(key))
    }

    /// Returns a string; empty if absent.
    pub(super) fn text(&self, path: &str) -> &str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.get(path).and_then(Value::as_i64)
    }

    /// Returns the items of a list; none if absent.
    pub(super) fn items(&self, path: &str) -> &[Value] {
        self.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Returns the items of a list, mutably.
    pub(super) fn items_mut(&mut self, path: &str) -> &mut [Value] {
        self.get_mut(path).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Sets a field and creates the objects on its path.
    pub(super) fn set(&mut self, path: &str, value: impl Into<Value>) {
        set_in(&mut self.0, path, value.into());
    }

    /// Sets a field if it is absent.
    pub(super) fn set_default(&mut self, path: &str, value: impl Into<Value>) {
        if !self.has(path) {
            self.set(path, value);
        }
    }

    /// Inserts into a map under a key that may contain dots.
    pub(super) fn insert(&mut self, map: &str, key: &str, value: impl Into<Value>) {
        if !self.get(map).is_some_and(Value::is_object) {
            self.set(map, Map::new());
        }
        if let Some(map) = self.get_mut(map).and_then(Value::as_object_mut) {
            map.insert(key.into(), value.into());
        }
    }

    pub(super) fn remove(&mut self, path: &str) -> Option<Value> {
        match path.rsplit_once('.') {
            Some((parents, last)) => self.get_mut(parents)?.as_object_mut()?.remove(last),
            None => self.0.remove(path),
        }
    }

    /// Copies a field, or its absence, from another object.
    pub(super) fn copy(&mut self, path: &str, from: &Object) {
        match from.get(path) {
            Some(value) => self.set(path, value.clone()),
            None => {
                self.remove(path);
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        self.text("metadata.name")
    }

    pub(super) fn namespace(&self) -> &str {
        self.text("metadata.namespace")
    }

    pub(super) fn uid(&self) -> &str {
        self.text("metadata.uid")
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.has("metadata.deletionTimestamp")
    }

    pub(super) fn finalizers(&self) -> &[Value] {
        self.items("metadata.finalizers")
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.get("metadata.labels")?.get(key)?.as_str()
    }

    pub(super) fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(super) fn into_fields(self) -> Map<String, Value> {
        self.0
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn set_in(fields: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((key, rest)) = path.split_once('.') else {
        fields.insert(path.into(), value);
        return;
    };
    let field = fields.entry(key).or_insert(Value::Null);
    if let Value::Object(inner) = field {
        set_in(inner, rest, value);
    } else {
        let mut inner = Map::new();
        set_in(&mut inner, rest, value);
        *field = Value::Object(inner);
    }
}

fn drop_nulls(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !value.is_null());
    fields.values_mut().for_each(drop_nulls_within);
}

fn drop_nulls_within(value: &mut Value) {
    match value {
        Value::Object(fields) => drop_nulls(fields),
        Value::Array(items) => items.iter_mut().for_each(drop_nulls_within),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
