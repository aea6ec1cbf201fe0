//! From any format to a value, and from a value to any type.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, slice};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{Opaque, OpaqueFloat};

impl Opaque {
    /// Reads the value as a type of one's own.
    ///
    /// # Errors
    ///
    /// [`OpaqueError`] names the field that the type cannot hold.
    ///
    /// ```
    /// use pod_lifecycle::api::{Opaque, Probe};
    ///
    /// let written: Opaque = serde_json::from_str(r#"{"tcpSocket": {"port": 80}, "periodSeconds": 5}"#)?;
    /// assert_eq!(written.read::<Probe>()?.period_seconds, Some(5));
    ///
    /// let wrong: Opaque = serde_json::from_str(r#"{"periodSeconds": "5s"}"#)?;
    /// assert_eq!(wrong.read::<Probe>().unwrap_err().path(), "periodSeconds");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, OpaqueError> {
        T::deserialize(self)
    }
}

/// Why a value cannot be read as some type, or made of one.
///
/// ```
/// use pod_lifecycle::api::Opaque;
///
/// let ports: Opaque = serde_json::from_str(r#"[80, "http"]"#)?;
/// let error = ports.read::<Vec<u16>>().unwrap_err();
/// assert_eq!(error.to_string(), "[1]: invalid type: string \"http\", expected u16");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpaqueError {
    path: String,
    problem: String,
}

impl OpaqueError {
    /// The field, as a path from the value: `ports[1].containerPort`; empty for the value itself.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// assert_eq!(Opaque::Null.read::<String>().unwrap_err().path(), "");
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// let error = Opaque::from("5s").read::<i32>().unwrap_err();
    /// assert_eq!(error.problem(), "invalid type: string \"5s\", expected i32");
    /// ```
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    pub(super) fn new(problem: String) -> OpaqueError {
        OpaqueError { path: String::new(), problem }
    }

    /// The same error, of a value around this one.
    pub(in crate::api) fn below(self, step: &str) -> OpaqueError {
        let path = match self.path.as_str() {
            "" => step.into(),
            path if path.starts_with('[') => format!("{step}{path}"),
            path => format!("{step}.{path}"),
        };
        OpaqueError { path, ..self }
    }
}

impl fmt::Display for OpaqueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{between}{}", self.path, self.problem)
    }
}

impl core::error::Error for OpaqueError {}

impl de::Error for OpaqueError {
    fn custom<T: fmt::Display>(problem: T) -> OpaqueError {
        OpaqueError::new(problem.to_string())
    }
}

impl<'de> Deserialize<'de> for Opaque {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Opaque, D::Error> {
        deserializer.deserialize_any(OpaqueVisitor)
    }
}

impl<'de> Deserialize<'de> for OpaqueFloat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OpaqueFloat, D::Error> {
        f64::deserialize(deserializer).map(OpaqueFloat::from)
    }
}

struct OpaqueVisitor;

impl<'de> Visitor<'de> for OpaqueVisitor {
    type Value = Opaque;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Opaque, E> {
        // Equivalent with `Ok(Default::default())`: that is null.
        Ok(Opaque::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Opaque, E> {
        Ok(Opaque::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Opaque, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Opaque, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Opaque, E> {
        Ok(Opaque::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Opaque, E> {
        Ok(Opaque::Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Opaque, E> {
        Ok(Opaque::from(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Opaque, E> {
        Ok(Opaque::from(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Opaque, E> {
        Ok(Opaque::from(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Opaque, E> {
        Ok(Opaque::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Opaque, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Opaque::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Opaque, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = fields.next_entry::<Opaque, Opaque>()? {
            map.insert(key.into_key().map_err(A::Error::custom)?, value);
        }
        Ok(Opaque::Map(map))
    }
}

impl Opaque {
    /// The key that JSON has for a value: YAML's keys may be any single value.
    pub(super) fn into_key(self) -> Result<String, OpaqueError> {
        match self {
            Opaque::String(text) => Ok(text),
            Opaque::Bool(value) => Ok(value.to_string()),
            Opaque::Integer(number) => Ok(number.to_string()),
            Opaque::Float(number) => Ok(number.to_string()),
            Opaque::Null => Ok("null".into()),
            Opaque::List(_) | Opaque::Map(_) => Err(OpaqueError::new("expected a single value as a key".into())),
        }
    }
}

impl<'de> Deserializer<'de> for &'de Opaque {
    type Error = OpaqueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OpaqueError> {
        match self {
            Opaque::Null => visitor.visit_unit(),
            Opaque::Bool(value) => visitor.visit_bool(*value),
            Opaque::Integer(number) => visitor.visit_i64(*number),
            Opaque::Float(number) => visitor.visit_f64(number.get()),
            Opaque::String(text) => visitor.visit_borrowed_str(text),
            Opaque::List(values) => visitor.visit_seq(Items { values: values.iter(), place: 0 }),
            Opaque::Map(fields) => visitor.visit_map(Fields { fields: fields.iter(), entered: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OpaqueError> {
        match self {
            Opaque::Null => visitor.visit_none(),
            Opaque::Bool(_)
            | Opaque::Integer(_)
            | Opaque::Float(_)
            | Opaque::String(_)
            | Opaque::List(_)
            | Opaque::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, OpaqueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, OpaqueError> {
        match self {
            Opaque::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Opaque::Map(fields) => visitor
                .visit_enum(de::value::MapAccessDeserializer::new(Fields { fields: fields.iter(), entered: None })),
            Opaque::Null | Opaque::Bool(_) | Opaque::Integer(_) | Opaque::Float(_) | Opaque::List(_) => {
                Err(de::Error::custom("expected the name of a variant, or a map with one field"))
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OpaqueError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The values of a list, one after the other.
struct Items<'de> {
    values: slice::Iter<'de, Opaque>,
    place: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = OpaqueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, OpaqueError> {
        let place = self.place;
        self.place = place.saturating_add(1);
        let value = self.values.next().map(|value| seed.deserialize(value));
        value.transpose().map_err(|error| error.below(&format!("[{place}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        // Equivalent with `None`, `Some(0)` or `Some(1)`: it is but a hint how much room there should be.
        Some(self.values.len())
    }
}

/// The fields of a map, one after the other.
struct Fields<'de> {
    fields: alloc::collections::btree_map::Iter<'de, String, Opaque>,
    /// The field whose key was read, and whose value comes next.
    entered: Option<(&'de str, &'de Opaque)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = OpaqueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, OpaqueError> {
        self.entered = self.fields.next().map(|(key, value)| (key.as_str(), value));
        let key = self.entered.map(|(key, _)| seed.deserialize(de::value::BorrowedStrDeserializer::new(key)));
        key.transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, OpaqueError> {
        let (key, value) = self.entered.take().ok_or_else(|| de::Error::custom("a value was asked for twice"))?;
        seed.deserialize(value).map_err(|error| error.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len())
    }
}
