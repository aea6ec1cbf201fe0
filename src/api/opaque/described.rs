//! Types that say by their fields' names what they are, for formats that have no names.
//!
//! People's formats get the value as it stands. A compact format gets a flat list of what is in it, so that no file can
//! nest values without end.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};

use super::{Opaque, OpaqueError, OpaqueFloat};

/// Values are not nested deeper than that.
const DEEPEST: u8 = 64;

/// A value's start, or what is in it, in the order in which it is read.
#[derive(Serialize, Deserialize)]
enum Token {
    Null,
    Bool(bool),
    Integer(i64),
    /// The bits of a floating-point number.
    Float(u64),
    String(String),
    /// So many values follow.
    List(u32),
    /// So many names follow, each with its value.
    Map(u32),
}

pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        return value.serialize(serializer);
    }
    let mut tokens = Vec::new();
    push(Opaque::of(value).map_err(S::Error::custom)?, &mut tokens);
    tokens.serialize(serializer)
}

pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        return T::deserialize(deserializer);
    }
    let mut tokens = Vec::<Token>::deserialize(deserializer)?.into_iter();
    let value = pull(&mut tokens, DEEPEST).map_err(D::Error::custom)?;
    if tokens.next().is_some() {
        return Err(D::Error::custom("more than one value"));
    }
    value.read().map_err(D::Error::custom)
}

fn push(value: Opaque, tokens: &mut Vec<Token>) {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    match value {
        Opaque::Null => tokens.push(Token::Null),
        Opaque::Bool(value) => tokens.push(Token::Bool(value)),
        Opaque::Integer(number) => tokens.push(Token::Integer(number)),
        Opaque::Float(number) => tokens.push(Token::Float(number.get().to_bits())),
        Opaque::String(text) => tokens.push(Token::String(text)),
        Opaque::List(values) => {
            tokens.push(Token::List(count(values.len())));
            values.into_iter().for_each(|value| push(value, tokens));
        }
        Opaque::Map(fields) => {
            tokens.push(Token::Map(count(fields.len())));
            for (name, value) in fields {
                tokens.push(Token::String(name));
                push(value, tokens);
            }
        }
    }
}

fn pull(tokens: &mut impl Iterator<Item = Token>, deepest: u8) -> Result<Opaque, OpaqueError> {
    let wrong = |problem: &str| OpaqueError::new(problem.into());
    let deeper = || deepest.checked_sub(1).ok_or_else(|| wrong("values within values without end"));
    Ok(match tokens.next().ok_or_else(|| wrong("a value is missing"))? {
        Token::Null => Opaque::Null,
        Token::Bool(value) => Opaque::Bool(value),
        Token::Integer(number) => Opaque::Integer(number),
        Token::Float(bits) => Opaque::Float(OpaqueFloat::from(f64::from_bits(bits))),
        Token::String(text) => Opaque::String(text),
        Token::List(count) => {
            let deeper = deeper()?;
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(pull(tokens, deeper)?);
            }
            Opaque::List(values)
        }
        Token::Map(count) => {
            let deeper = deeper()?;
            let mut fields = BTreeMap::new();
            for _ in 0..count {
                let Some(Token::String(name)) = tokens.next() else { return Err(wrong("a name is missing")) };
                fields.insert(name, pull(tokens, deeper)?);
            }
            Opaque::Map(fields)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Described(#[serde(with = "super")] Opaque);

    #[test]
    fn a_value_survives_a_format_without_names() {
        let value = json!({"a": [1, -2, 0.1, null, true], "b": {"c": "d", "e": {}}});
        let value = Described(serde_json::from_value(value).unwrap());
        let written = postcard::to_stdvec(&value).unwrap();
        assert_eq!(postcard::from_bytes::<Described>(&written).unwrap(), value);
        assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::to_value(&value.0).unwrap());
    }

    #[test]
    fn values_within_values_without_end_are_refused_and_do_not_use_up_the_stack() {
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
