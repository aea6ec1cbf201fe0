//! Decoder of Kubernetes' protobuf bodies (apimachinery `runtime/serializer/protobuf`) into JSON.
//!
//! `kubectl create` and controller-runtime send them for Kubernetes' own kinds. Answers are JSON, which those clients
//! accept. The wire format: <https://protobuf.dev/programming-guides/encoding/>

use base64::prelude::{BASE64_STANDARD, Engine};
use pod_lifecycle::Timestamp;
use serde_json::{Map, Value};

use super::types::{self, Definition, Field, Shape};

/// First bytes of every body.
const MAGIC: &[u8] = b"k8s\0";

/// Nesting at which a body is refused.
const MAX_DEPTH: usize = 64;

/// Body that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("the body does not begin as Kubernetes' protobuf does")]
    Magic,
    #[error("the body ends within a value")]
    Truncated,
    #[error("the body is nested too deeply")]
    Depth,
    #[error("the field {0} has a value of another type")]
    Type(String),
    #[error("the kind {kind} of {api_version} is not known as protobuf; send JSON")]
    Kind { api_version: String, kind: String },
}

/// Value on the wire.
enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Double(f64),
    /// A 32-bit value, of which Kubernetes has none.
    Skipped,
}

/// Decodes a body: an envelope (`runtime.Unknown`) with the kind and the object.
pub(super) fn decode(body: &[u8]) -> Result<Value, DecodeError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(DecodeError::Magic)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for item in Reader(envelope) {
        match item? {
            (1, Wire::Bytes(types)) => {
                for item in Reader(types) {
                    match item? {
                        (1, Wire::Bytes(text)) => api_version = text_of(text),
                        (2, Wire::Bytes(text)) => kind = text_of(text),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let definition = match &*kind {
        // Each group has these options as a kind of its own.
        "DeleteOptions" => types::definition("meta.DeleteOptions"),
        kind => types::of_kind(group, version, kind),
    };
    let Some(definition) = definition else { return Err(DecodeError::Kind { api_version, kind }) };
    let mut fields = message(raw, definition, 0)?;
    fields.insert("apiVersion".into(), api_version.into());
    fields.insert("kind".into(), kind.into());
    Ok(Value::Object(fields))
}

fn message(bytes: &[u8], definition: &'static Definition, depth: usize) -> Result<Map<String, Value>, DecodeError> {
    if depth > MAX_DEPTH {
        return Err(DecodeError::Depth);
    }
    let mut fields = Map::new();
    for item in Reader(bytes) {
        let (number, wire) = item?;
        let Some(field) = definition.wire.get(&number) else { continue };
        match (&field.shape, wire) {
            (Shape::Object(name), Wire::Bytes(bytes)) if field.name == "+" => {
                if let Some(inner) = types::definition(name) {
                    fields.extend(message(bytes, inner, depth.saturating_add(1))?);
                }
            }
            (Shape::List(item), wire) => {
                let value = value(wire, item, field, depth)?;
                if let Value::Array(items) = fields.entry(field.name).or_insert_with(|| Value::Array(Vec::new())) {
                    items.push(value);
                }
            }
            (Shape::Map(inner), Wire::Bytes(entry)) => {
                let (key, value) = map_entry(entry, inner, field, depth)?;
                if let Value::Object(map) = fields.entry(field.name).or_insert_with(|| Value::Object(Map::new())) {
                    map.insert(key, value);
                }
            }
            (shape, wire) => {
                let value = value(wire, shape, field, depth)?;
                // Go writes zeros of fields that its JSON omits.
                let is_omitted = !field.is_pointer && !field.is_always_there && is_zero(&value);
                if !is_omitted && !value.is_null() {
                    fields.insert(field.name.into(), value);
                }
            }
        }
    }
    Ok(fields)
}

fn map_entry(entry: &[u8], inner: &Shape, field: &Field, depth: usize) -> Result<(String, Value), DecodeError> {
    let (mut key, mut found) = (String::new(), None);
    for item in Reader(entry) {
        match item? {
            (1, Wire::Bytes(text)) => key = text_of(text),
            (2, wire) => found = Some(value(wire, inner, field, depth)?),
            _ => {}
        }
    }
    Ok((key, found.unwrap_or_else(|| Value::String(String::new()))))
}

fn value(wire: Wire<'_>, shape: &Shape, field: &Field, depth: usize) -> Result<Value, DecodeError> {
    let next = depth.saturating_add(1);
    Ok(match (shape, wire) {
        (Shape::String, Wire::Bytes(text)) => text_of(text).into(),
        (Shape::Bool, Wire::Number(number)) => (number != 0).into(),
        // Negative numbers are sign-extended to 64 bits.
        (Shape::Int32 | Shape::Int64, Wire::Number(number)) => number.cast_signed().into(),
        (Shape::Double, Wire::Double(number)) => number.into(),
        (Shape::Bytes, Wire::Bytes(bytes)) => BASE64_STANDARD.encode(bytes).into(),
        (Shape::Quantity, Wire::Bytes(bytes)) => first(bytes, 1)?.map_or(Value::Null, |text| text_of(text).into()),
        (Shape::Time | Shape::MicroTime, Wire::Bytes(bytes)) => time(bytes, shape)?,
        (Shape::Duration, Wire::Bytes(bytes)) => {
            let nanoseconds = numbers(bytes)?.first().map_or(0, |(_, number)| number.cast_signed());
            format!("{}ms", nanoseconds / 1_000_000).into()
        }
        (Shape::IntOrString, Wire::Bytes(bytes)) => int_or_string(bytes)?,
        (Shape::Raw, Wire::Bytes(bytes)) => match first(bytes, 1)? {
            Some(json) if !json.is_empty() => {
                serde_json::from_slice(json).map_err(|_| DecodeError::Type(field.name.into()))?
            }
            Some(_) | None => Value::Null,
        },
        (Shape::Strings, Wire::Bytes(bytes)) => strings(bytes)?,
        (Shape::Object(name), Wire::Bytes(bytes)) => match types::definition(name) {
            Some(definition) => Value::Object(message(bytes, definition, next)?),
            None => Value::Null,
        },
        (Shape::SchemaOrArray | Shape::SchemaOrBool | Shape::SchemaOrStrings, Wire::Bytes(bytes)) => {
            schema_or_other(bytes, next)?
        }
        _ => return Err(DecodeError::Type(field.name.into())),
    })
}

/// Decodes a schema or what may stand for it: a flag, schemas, names.
fn schema_or_other(bytes: &[u8], depth: usize) -> Result<Value, DecodeError> {
    let Some(schema) = types::definition("apiextensions.JSONSchemaProps") else { return Ok(Value::Null) };
    let mut items = Vec::new();
    for item in Reader(bytes) {
        match item? {
            // `JSONSchemaPropsOrBool` has the flag first and the schema second.
            (1, Wire::Number(flag)) => items = vec![Value::Bool(flag != 0)],
            (_, Wire::Bytes(bytes)) => items = vec![Value::Object(message(bytes, schema, depth)?)],
            _ => {}
        }
    }
    Ok(items.pop().unwrap_or(Value::Null))
}

/// Returns a time; an empty message is Go's zero time, which JSON shows as null.
fn time(bytes: &[u8], shape: &Shape) -> Result<Value, DecodeError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let numbers = numbers(bytes)?;
    let number = |wanted: u32| numbers.iter().find(|(number, _)| *number == wanted).map_or(0, |(_, value)| *value);
    let seconds = Timestamp::from_unix_seconds(number(1).cast_signed()).to_string();
    if *shape == Shape::Time {
        return Ok(seconds.into());
    }
    Ok(format!("{}.{:06}Z", seconds.trim_end_matches('Z'), number(2) / 1_000).into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, DecodeError> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for item in Reader(bytes) {
        match item? {
            (1, Wire::Number(kind)) => is_text = kind == 1,
            (2, Wire::Number(value)) => number = value.cast_signed(),
            (3, Wire::Bytes(value)) => text = text_of(value),
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

fn strings(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut items = Vec::new();
    for item in Reader(bytes) {
        if let (1, Wire::Bytes(text)) = item? {
            items.push(Value::String(text_of(text)));
        }
    }
    Ok(Value::Array(items))
}

fn first(bytes: &[u8], wanted: u32) -> Result<Option<&[u8]>, DecodeError> {
    for item in Reader(bytes) {
        match item? {
            (number, Wire::Bytes(found)) if number == wanted => return Ok(Some(found)),
            _ => {}
        }
    }
    Ok(None)
}

fn numbers(bytes: &[u8]) -> Result<Vec<(u32, u64)>, DecodeError> {
    let mut numbers = Vec::new();
    for item in Reader(bytes) {
        if let (field, Wire::Number(number)) = item? {
            numbers.push((field, number));
        }
    }
    Ok(numbers)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reader of a message: field numbers and values.
struct Reader<'b>(&'b [u8]);

impl<'b> Iterator for Reader<'b> {
    type Item = Result<(u32, Wire<'b>), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let item = self.item();
        if item.is_err() {
            // Nothing after a broken value can be read.
            self.0 = &[];
        }
        Some(item)
    }
}

impl<'b> Reader<'b> {
    fn item(&mut self) -> Result<(u32, Wire<'b>), DecodeError> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| DecodeError::Truncated)?;
        let wire = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => {
                let bytes = self.take(8)?;
                Wire::Double(f64::from_le_bytes(bytes.try_into().map_err(|_| DecodeError::Truncated)?))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::Truncated)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Skipped
            }
            _ => return Err(DecodeError::Truncated),
        };
        Ok((number, wire))
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or(DecodeError::Truncated)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DecodeError, decode};

    fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let types = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
        [b"k8s\0".to_vec(), bytes(1, &types), bytes(2, raw)].concat()
    }

    #[test]
    fn an_object_is_decoded_as_its_json_would_be() {
        let label = [bytes(1, b"app"), bytes(2, b"web")].concat();
        let metadata = [bytes(1, b"web"), bytes(4, b""), bytes(11, &label), bytes(8, b"")].concat();
        let spec = [&[8_u8, 0][..], &bytes(4, &bytes(1, b"RollingUpdate"))].concat();
        let deployment = [bytes(1, &metadata), bytes(2, &spec)].concat();
        assert_eq!(
            decode(&body("apps/v1", "Deployment", &deployment)),
            Ok(json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {"replicas": 0, "strategy": {"type": "RollingUpdate"}}}))
        );
    }

    #[test]
    fn values_of_their_own_kind_are_decoded() {
        let secret = [bytes(1, &bytes(1, b"s")), bytes(2, &[bytes(1, b"key"), bytes(2, b"value")].concat())].concat();
        assert_eq!(decode(&body("v1", "Secret", &secret)).unwrap()["data"], json!({"key": "dmFsdWU="}));
        let port = [&bytes(1, b"http")[..], &[24, 80], &bytes(4, &[8, 0, 16, 0x90, 0x3f])].concat();
        let service = [bytes(1, b""), bytes(2, &bytes(1, &port))].concat();
        let service = decode(&body("v1", "Service", &service)).unwrap();
        assert_eq!(service["spec"]["ports"], json!([{"name": "http", "port": 80, "targetPort": 8080}]));
    }

    #[test]
    fn a_broken_body_is_refused() {
        assert_eq!(decode(b"{}"), Err(DecodeError::Magic));
        let whole = body("v1", "Secret", &bytes(1, &bytes(1, b"s")));
        for end in 4..whole.len() {
            let _ = decode(&whole[..end]);
        }
        assert_eq!(decode(&whole[..whole.len() - 1]), Err(DecodeError::Truncated));
        assert!(matches!(decode(&body("example.com/v1", "Widget", b"")), Err(DecodeError::Kind { .. })));
    }
}
