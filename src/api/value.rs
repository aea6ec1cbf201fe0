//! Unknown JSON: fields that the crate does not name, kept as `serde_json` values.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// Fields that a type of this module does not name, as they were written: a flattened JSON object.
///
/// ```
/// use pod_lifecycle::api::Container;
///
/// let container: Container = serde_json::from_str(r#"{"name": "debug", "tty": true}"#)?;
/// assert_eq!(container.other["tty"], true);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub type OtherFields = Map<String, Value>;

/// Reads flattened fields. YAML keys that are no strings become strings, as in `sigs.k8s.io/yaml`; [`Value`] itself
/// refuses them here, because serde buffers flattened fields with the types that the format gave them.
pub(crate) fn other_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OtherFields, D::Error> {
    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = OtherFields;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<OtherFields, A::Error> {
            fields(entries)
        }
    }
    deserializer.deserialize_map(Fields)
}

fn fields<'de, A: MapAccess<'de>>(mut entries: A) -> Result<OtherFields, A::Error> {
    let mut fields = OtherFields::new();
    while let Some((name, AnyKeys(value))) = entries.next_entry::<AnyKeys, AnyKeys>()? {
        fields.insert(name.into_name().ok_or_else(|| de::Error::custom("expected a single value as a key"))?, value);
    }
    Ok(fields)
}

/// A value whose maps may have scalars of any type as their keys.
pub(crate) struct AnyKeys(pub(crate) Value);

impl AnyKeys {
    fn into_name(self) -> Option<String> {
        match self.0 {
            Value::String(text) => Some(text),
            // `80: http` has a number as its key, and `true: 1` a Boolean.
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(self.0.to_string()),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for AnyKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AnyKeys, D::Error> {
        deserializer.deserialize_any(AnyKeysVisitor).map(AnyKeys)
    }
}

struct AnyKeysVisitor;

impl<'de> Visitor<'de> for AnyKeysVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    // Options and newtypes, which some formats have, are values like any other here.
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(AnyKeys(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Value, A::Error> {
        fields(entries).map(Value::Object)
    }
}

/// Reads a value as a type; unlike `serde_json::from_value`, the error names the field.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, PathError> {
    T::deserialize(Located { step: "", value })
}

/// Error of a value that cannot be read as some type, with the field's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathError {
    /// `ports[1].containerPort`; empty for the value itself.
    pub(crate) path: String,
    pub(crate) problem: String,
}

impl PathError {
    /// Prepends the step from the value around this one: `name` or `[3]`.
    pub(crate) fn below(self, step: &str) -> PathError {
        let path = match self.path.as_str() {
            "" => step.into(),
            path if path.starts_with('[') || step.is_empty() => format!("{step}{path}"),
            path => format!("{step}.{path}"),
        };
        PathError { path, ..self }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{between}{}", self.path, self.problem)
    }
}

impl core::error::Error for PathError {}

impl de::Error for PathError {
    fn custom<T: fmt::Display>(problem: T) -> PathError {
        PathError { path: String::new(), problem: problem.to_string() }
    }

    // As `serde_json` words it: JSON has a null, and no unit.
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> PathError {
        if unexpected == Unexpected::Unit {
            return PathError::custom(format_args!("invalid type: null, expected {expected}"));
        }
        PathError::custom(format_args!("invalid type: {unexpected}, expected {expected}"))
    }
}

/// A value and the step that leads to it from the value around it: a field's name, or an index in brackets.
struct Located<'de, Step> {
    step: Step,
    value: &'de Value,
}

/// An index, formatted only if an error needs it.
struct Index(usize);

trait Step {
    fn prepend(self, error: PathError) -> PathError;
}

impl Step for &str {
    fn prepend(self, error: PathError) -> PathError {
        error.below(self)
    }
}

impl Step for Index {
    fn prepend(self, error: PathError) -> PathError {
        error.below(&format!("[{}]", self.0))
    }
}

impl<'de, S: Step> IntoDeserializer<'de, PathError> for Located<'de, S> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn entries(fields: &OtherFields) -> impl Iterator<Item = (&str, Located<'_, &str>)> {
    fields.iter().map(|(name, value)| (name.as_str(), Located { step: name.as_str(), value }))
}

impl<'de, S: Step> Deserializer<'de> for Located<'de, S> {
    type Error = PathError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        let read = match self.value {
            Value::Array(values) => {
                let items = values.iter().enumerate();
                let items = items.map(|(index, value)| Located { step: Index(index), value });
                visitor.visit_seq(SeqDeserializer::new(items))
            }
            Value::Object(fields) => visitor.visit_map(MapDeserializer::new(entries(fields))),
            // Not `self.value.deserialize_any`: for each visitor that would compile the arrays and maps of `Value`, too.
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => number.deserialize_any(visitor).map_err(de::Error::custom),
            Value::String(text) => visitor.visit_borrowed_str(text),
        };
        // The path of an error grows on its way out: each value prepends its own step.
        read.map_err(|error| self.step.prepend(error))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        // The same value again: a path's step must be prepended once only, by the innermost call.
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        let read = match self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Object(fields) => {
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(entries(fields))))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(de::Error::custom("expected the name of a variant, or a map with one field"))
            }
        };
        read.map_err(|error| self.step.prepend(error))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Container;

    #[test]
    fn unknown_fields_are_written_as_they_were_read() {
        let written = json!({
            "name": "app",
            "nothing": null, "yes": true, "below": -7, "most": u64::MAX, "half": 0.5, "text": "500m",
            "list": [1, "two", [], {}], "map": {"of": {"maps": null}},
        });
        let container: Container = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(container).unwrap(), written);
    }

    #[test]
    fn yaml_keys_that_are_no_strings_become_strings() {
        let text = "name: app\nunknown:\n  8080: web\n  true: yes\n  null: ~\nresources:\n  limits:\n    1: 2\n";
        let container: Container = serde_saphyr::from_str(text).unwrap();
        assert_eq!(container.other["unknown"], json!({"8080": "web", "true": true, "null": null}));
        assert_eq!(container.resources, Some(json!({"limits": {"1": 2}})));
    }

    #[test]
    fn a_yaml_key_that_is_a_list_is_refused() {
        let error = serde_saphyr::from_str::<Container>("name: app\nunknown:\n  ? [1]\n  : list\n").unwrap_err();
        assert!(error.to_string().contains("expected a single value as a key"), "{error}");
    }

    #[test]
    fn a_type_is_read_from_a_value() {
        let written = json!({"name": "app", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": "web"}}});
        let container: Container = read(&written).unwrap();
        assert_eq!(serde_json::to_value(container).unwrap(), written);
    }

    #[test]
    fn every_shape_of_an_enum_is_read() {
        #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
        enum Shape {
            Point,
            Circle(u8),
            Line(i8, i8),
            Box { width: u64 },
        }
        let shapes = ([Shape::Point, Shape::Circle(2)], Shape::Line(-1, 1), Shape::Box { width: 3 }, Some('x'), ());
        assert_eq!(read(&serde_json::to_value(&shapes).unwrap()), Ok(shapes));
        let error = read::<Vec<Shape>>(&json!(["Point", {"Circle": "two"}])).unwrap_err();
        assert_eq!(error.to_string(), "[1].Circle: invalid type: string \"two\", expected u8");
    }

    #[test]
    fn the_error_names_the_path_of_the_field() {
        let wrong = json!({"ports": [{"containerPort": 80}, {"containerPort": "http"}]});
        let error = read::<Container>(&wrong).unwrap_err();
        assert_eq!(error.path, "ports[1].containerPort");
        assert_eq!(error.to_string(), "ports[1].containerPort: invalid type: string \"http\", expected i32");
    }

    #[test]
    fn an_error_in_the_value_itself_has_no_path() {
        let error = read::<Container>(&json!(true)).unwrap_err();
        assert_eq!(error.path, "");
        assert!(error.to_string().starts_with("invalid type: boolean `true`"), "{error}");
    }
}
