//! Conversion of one type to another by their JSON: both sides read and write what the API does.
//!
//! No list of fields has to follow the versions of Kubernetes, and the fields kept in `other` are converted, too.

use alloc::{
    format,
    string::{String, ToString},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::ConvertError;
use crate::api::{PathError, read};

/// Converts a type of `k8s-openapi` to one of this crate.
pub(super) fn ours_of<Theirs: Serialize, Ours: DeserializeOwned>(theirs: &Theirs) -> Result<Ours, ConvertError> {
    read_as(&written(theirs)?)
}

/// Converts a type of this crate to one of `k8s-openapi`. That skips unknown fields; here one is an error.
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

/// Returns the first field that was set and is lost; `null` counts as unset.
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

/// Returns the path to a field below another, or below an item of a list.
fn path(step: &str, below: &str) -> String {
    let between = if below.starts_with('[') { "" } else { "." };
    format!("{step}{between}{below}")
}
