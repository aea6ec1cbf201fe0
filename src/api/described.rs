//! Serde adapter for types that only self-describing formats can read (flattened fields, externally named handlers).
//!
//! JSON and YAML get the value unchanged. A compact format such as postcard gets a flat list of tokens, so that no file
//! can nest values deeper than [`MAX_DEPTH`].

use alloc::{string::String, vec::Vec};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};
use serde_json::{Map, Number, Value};

/// Deepest nesting that is read: the recursion of `pull` is bounded, whatever the file contains.
const MAX_DEPTH: u8 = 64;

/// The start of a value, or a scalar, in the order of a depth-first walk.
///
/// A compact format writes the index of a variant: new ones come last, so that old files stay readable.
#[derive(Serialize, Deserialize)]
enum Token {
    Null,
    Bool(bool),
    Integer(i64),
    /// The bits of a floating-point number: as text it would not always be read back exactly.
    Float(u64),
    String(String),
    /// Number of values that follow.
    List(u32),
    /// Number of names that follow, each with its value.
    Map(u32),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
}

pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        return value.serialize(serializer);
    }
    // Through `Value`: a compact format writes no types, so the tokens have to say them.
    let mut tokens = Vec::new();
    push(serde_json::to_value(value).map_err(S::Error::custom)?, &mut tokens);
    tokens.serialize(serializer)
}

pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        return T::deserialize(deserializer);
    }
    let mut tokens = Vec::<Token>::deserialize(deserializer)?.into_iter();
    let value = pull(&mut tokens, MAX_DEPTH).map_err(D::Error::custom)?;
    // Left-over tokens are a damaged file, not a longer value.
    if tokens.next().is_some() {
        return Err(D::Error::custom("more than one value"));
    }
    serde_json::from_value(value).map_err(D::Error::custom)
}

fn push(value: Value, tokens: &mut Vec<Token>) {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    match value {
        Value::Null => tokens.push(Token::Null),
        Value::Bool(value) => tokens.push(Token::Bool(value)),
        Value::Number(number) => tokens.push(match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Token::Integer(number),
            (None, Some(number)) => Token::Unsigned(number),
            (None, None) => Token::Float(number.as_f64().unwrap_or_default().to_bits()),
        }),
        Value::String(text) => tokens.push(Token::String(text)),
        Value::Array(values) => {
            tokens.push(Token::List(count(values.len())));
            values.into_iter().for_each(|value| push(value, tokens));
        }
        Value::Object(fields) => {
            tokens.push(Token::Map(count(fields.len())));
            for (name, value) in fields {
                tokens.push(Token::String(name));
                push(value, tokens);
            }
        }
    }
}

fn pull(tokens: &mut impl Iterator<Item = Token>, depth_left: u8) -> Result<Value, &'static str> {
    let deeper = || depth_left.checked_sub(1).ok_or("values are nested too deep");
    Ok(match tokens.next().ok_or("a value is missing")? {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(value),
        Token::Integer(number) => number.into(),
        Token::Unsigned(number) => number.into(),
        Token::Float(bits) => Number::from_f64(f64::from_bits(bits)).map_or(Value::Null, Value::Number),
        Token::String(text) => Value::String(text),
        Token::List(count) => {
            let deeper = deeper()?;
            // No capacity is reserved: the count comes from the file.
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(pull(tokens, deeper)?);
            }
            Value::Array(values)
        }
        Token::Map(count) => {
            let deeper = deeper()?;
            let mut fields = Map::new();
            for _ in 0..count {
                let Some(Token::String(name)) = tokens.next() else { return Err("a name is missing") };
                fields.insert(name, pull(tokens, deeper)?);
            }
            Value::Object(fields)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Described(#[serde(with = "super")] Value);

    #[test]
    fn a_value_survives_a_format_without_names() {
        let value = json!({"a": [1, -2, 0.1, null, true], "b": {"c": "d", "e": {}}, "most": u64::MAX});
        let value = Described(value);
        let written = postcard::to_stdvec(&value).unwrap();
        assert_eq!(postcard::from_bytes::<Described>(&written).unwrap(), value);
        assert_eq!(serde_json::to_value(&value).unwrap(), value.0);
    }

    #[test]
    fn values_nested_without_end_are_refused_and_do_not_use_up_the_stack() {
        let nested: Vec<Token> = (0..1_000_000).map(|_| Token::List(1)).collect();
        let written = postcard::to_stdvec(&nested).unwrap();
        assert!(postcard::from_bytes::<Described>(&written).is_err());
    }

    #[test]
    fn a_list_that_promises_more_than_it_has_is_refused() {
        for promise in [Token::List(u32::MAX), Token::Map(u32::MAX)] {
            let written = postcard::to_stdvec(&[promise]).unwrap();
            assert!(postcard::from_bytes::<Described>(&written).is_err());
        }
    }
}
