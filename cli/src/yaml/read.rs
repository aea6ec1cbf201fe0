//! From a tree to a type: a deserializer whose errors have a path and a place.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{Content, Key, Node, Problem};
use crate::spelling::closest;

/// How much of a wrong value is shown.
const SHOWN: usize = 40;

impl Node {
    /// Reads the node as a type.
    ///
    /// # Errors
    ///
    /// [`Problem`] names the field, what stands there and what was expected.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        T::deserialize(self)
    }

    /// Returns the problem of a node that is something else than expected.
    pub(super) fn is_not(&self, expected: &str) -> Problem {
        let found = self.shown().map(|found| format!(", found {found}")).unwrap_or_default();
        Problem::at("", format!("expected {expected}{found}"), self.place)
    }

    /// Returns a scalar as messages show it.
    fn shown(&self) -> Option<String> {
        let text = match &self.content {
            Content::Text(text) => text.clone(),
            Content::Bool(value) => value.to_string(),
            Content::Int(number) => number.to_string(),
            Content::Uint(number) => number.to_string(),
            Content::Float(number) => number.to_string(),
            Content::Null | Content::List(_) | Content::Map(_) => return None,
        };
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "..." } else { "" };
        Some(format!("{shown:?}{more}"))
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            match self.content {
                Content::Int(_) | Content::Uint(_) => self.deserialize_any(visitor),
                _ => Err(self.is_not("a whole number")),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            match self.content {
                Content::Text(_) => self.deserialize_any(visitor),
                Content::Null | Content::List(_) | Content::Map(_) => Err(self.is_not("a string")),
                // As strict as the API server: a number or a boolean is no string.
                _ => Err(self.is_not("a string; it needs quotes here")),
            }
        })*
    };
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a node is what is expected, or it is not")]
impl<'de> Deserializer<'de> for &'de Node {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let read = match &self.content {
            Content::Null => visitor.visit_unit(),
            Content::Bool(value) => visitor.visit_bool(*value),
            Content::Int(number) => visitor.visit_i64(*number),
            Content::Uint(number) => visitor.visit_u64(*number),
            Content::Float(number) => visitor.visit_f64(*number),
            Content::Text(text) => visitor.visit_borrowed_str(text),
            Content::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Content::Map(entries) => visitor.visit_map(Entries { entries, value: None }),
        };
        read.map_err(|problem| problem.or_at(self.place))
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    texts! { deserialize_str deserialize_string }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.content {
            Content::Bool(_) => self.deserialize_any(visitor),
            _ => Err(self.is_not("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.content {
            Content::Int(_) | Content::Uint(_) | Content::Float(_) => self.deserialize_any(visitor),
            _ => Err(self.is_not("a number")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.content {
            Content::List(_) => self.deserialize_any(visitor),
            _ => Err(self.is_not("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.content {
            Content::Map(_) => self.deserialize_any(visitor),
            _ => Err(self.is_not("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.content {
            Content::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let read = match &self.content {
            Content::Text(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Content::Map(entries) => match entries.as_slice() {
                [(key, value)] => visitor.visit_enum(Variant { key, value }),
                _ => visitor.visit_enum(MapAccessDeserializer::new(Entries { entries, value: None })),
            },
            _ => Err(self.is_not("a name")),
        };
        read.map_err(|problem| problem.or_at(self.place))
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The items of a list, in order.
struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let index = self.next;
        let Some(item) = self.items.get(index) else { return Ok(None) };
        self.next = index.saturating_add(1);
        seed.deserialize(item).map(Some).map_err(|problem| problem.below(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len().saturating_sub(self.next))
    }
}

/// The entries of a mapping, in order.
struct Entries<'de> {
    entries: &'de [(Key, Node)],
    value: Option<(&'de str, &'de Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(((key, value), rest)) = self.entries.split_first() else { return Ok(None) };
        self.entries = rest;
        self.value = Some((&key.name, value));
        // An unknown field is a problem of its key.
        let read = seed.deserialize(StrDeserializer::new(&key.name));
        read.map(Some).map_err(|problem: Problem| problem.or_at(key.place).below(&key.name))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let Some((name, value)) = self.value.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(value).map_err(|problem| problem.below(name))
    }
}

/// A variant with its value: a mapping with one entry.
struct Variant<'de> {
    key: &'de Key,
    value: &'de Node,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let read = seed.deserialize(StrDeserializer::new(&self.key.name));
        let variant = read.map_err(|problem: Problem| problem.or_at(self.key.place).below(&self.key.name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        Err(self.value.is_not("no value").below(&self.key.name))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self.value).map_err(|problem| problem.below(&self.key.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.value.deserialize_seq(visitor).map_err(|problem| problem.below(&self.key.name))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        self.value.deserialize_map(visitor).map_err(|problem| problem.below(&self.key.name))
    }
}

impl<'de> IntoDeserializer<'de, Problem> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(says: T) -> Problem {
        Problem::of_document(says.to_string())
    }

    // As JSON has it: a null, and no unit.
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        if unexpected == Unexpected::Unit {
            return Problem::of_document(format!("expected {expected}, found null"));
        }
        Problem::of_document(format!("expected {expected}, found {unexpected}"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Problem {
        Problem::of_document(format!(
            "unknown field, expected one of {}{}",
            expected.join(", "),
            meant(field, expected)
        ))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Problem {
        let (listed, meant) = (expected.join(", "), meant(variant, expected));
        Problem::of_document(format!("unknown variant `{variant}`, expected one of {listed}{meant}"))
    }
}

/// Returns `; did you mean …?`, if a word is close enough.
fn meant(word: &str, known: &[&str]) -> String {
    closest(word, known.iter().copied()).map(|known| format!("; did you mean {known}?")).unwrap_or_default()
}
