//! Patches: JSON patch, JSON merge patch, strategic merge patch.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply>

mod order;
mod schema;
mod strategic;

use serde_json::Value;

use super::{
    object::Object,
    resource::{Origin, Resource},
    status::StatusError,
};

/// Patch in one of three formats.
#[derive(Clone, Debug)]
pub(super) enum Patch {
    /// RFC 6902
    Json(json_patch::Patch),
    /// RFC 7386
    Merge(Value),
    /// Strategic merge patch: lists are merged by the keys of their items.
    StrategicMerge(serde_json::Map<String, Value>),
}

impl Patch {
    /// Reads the body by its content type.
    pub(super) fn read(resource: &Resource, content_type: &str, body: &[u8]) -> Result<Patch, StatusError> {
        match content_type {
            "application/json-patch+json" => read_json_patch(body),
            "application/merge-patch+json" => Ok(Patch::Merge(Value::Object(read_fields(body)?))),
            "application/strategic-merge-patch+json" if resource.origin == Origin::BuiltIn => {
                Ok(Patch::StrategicMerge(read_fields(body)?))
            }
            "application/strategic-merge-patch+json" => Err(StatusError::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json",
            )),
            _ => Err(StatusError::unsupported_media_type("415: Unsupported Media Type")),
        }
    }

    /// Applies the patch.
    pub(super) fn apply(self, resource: &Resource, object: Object) -> Result<Object, StatusError> {
        let mut value = object.into_value();
        match self {
            Patch::Json(patch) => json_patch::patch(&mut value, &patch).map_err(|_| StatusError::unfit_patch())?,
            Patch::Merge(patch) => json_patch::merge(&mut value, &patch),
            Patch::StrategicMerge(patch) => strategic::merge(&mut value, patch, schema::of(resource))?,
        }
        Object::read(value)
    }
}

fn read_json_patch(body: &[u8]) -> Result<Patch, StatusError> {
    let value: Value = serde_json::from_slice(body).map_err(undecodable)?;
    if !value.is_array() {
        return Err(StatusError::bad_request("error decoding patch: a JSON patch is a list of operations"));
    }
    serde_json::from_value(value).map(Patch::Json).map_err(|_| StatusError::unfit_patch())
}

fn read_fields(body: &[u8]) -> Result<serde_json::Map<String, Value>, StatusError> {
    serde_json::from_slice(body).map_err(undecodable)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn undecodable(error: serde_json::Error) -> StatusError {
    StatusError::bad_request(format!("error decoding patch: {error}"))
}
