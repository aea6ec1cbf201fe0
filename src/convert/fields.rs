//! One type made of another by the fields that both have in the API.
//!
//! Both sides write and read what the API does. So their fields need no list here, which each version of Kubernetes
//! would have to change, and what ours keep in `other` finds its place by itself.

use alloc::{
    format,
    string::{String, ToString},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::ConvertError;
use crate::api::{PathError, read};

/// A type of ours, of one of theirs.
pub(super) fn ours_of<Theirs: Serialize, Ours: DeserializeOwned>(theirs: &Theirs) -> Result<Ours, ConvertError> {
    read_as(&written(theirs)?)
}

/// A type of theirs, of one of ours. They skip fields that they do not know; here that is an error.
pub(super) fn theirs_of<Ours: Serialize, Theirs: Serialize + DeserializeOwned>(
    ours: &Ours,
) -> Result<Theirs, ConvertError> {
    let said = written(ours)?;
    let theirs: Theirs = read_as(&said)?;
    match lost(&said, &written(&theirs)?) {
        Some(field) => Err(ConvertError::NoSuchField { field }),
        None => Ok(theirs),
    }
}

fn written<T: Serialize>(value: &T) -> Result<Value, ConvertError> {
    serde_json::to_value(value)
        .map_err(|error| ConvertError::Invalid { field: String::new(), problem: error.to_string() })
}

fn read_as<T: DeserializeOwned>(value: &Value) -> Result<T, ConvertError> {
    read(value).map_err(|PathError { path, problem }| ConvertError::Invalid { field: path, problem })
}

/// The first field that was said and that is not kept. `null` says nothing.
fn lost(said: &Value, kept: &Value) -> Option<String> {
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => {
            let mut said = said.iter().filter(|(_, value)| !value.is_null());
            said.find_map(|(name, value)| match kept.get(name) {
                Some(kept) => lost(value, kept).map(|below| path(name, &below)),
                None => Some(name.to_string()),
            })
        }
        (Value::Array(said), Value::Array(kept)) => {
            let mut items = said.iter().zip(kept).enumerate();
            items.find_map(|(place, (said, kept))| lost(said, kept).map(|below| path(&format!("[{place}]"), &below)))
        }
        _ => None,
    }
}

/// The path to a field below another, or below an item of a list.
fn path(step: &str, below: &str) -> String {
    let between = if below.starts_with('[') { "" } else { "." };
    format!("{step}{between}{below}")
}
