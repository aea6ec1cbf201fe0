//! Error responses, in the API server's words.

use std::fmt::Display;

use http::StatusCode;
use pod_lifecycle::api::{FieldError, FieldErrorType};
use serde_json::{Value, json};

use super::resource::{GroupKind, GroupResource};

/// Refused request, returned as a `metav1.Status`.
///
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/>
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(super) struct StatusError {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Value,
}

impl StatusError {
    pub(super) fn not_found(resource: &GroupResource, name: &str) -> StatusError {
        let message = format!("{resource} {name:?} not found");
        StatusError::of(StatusCode::NOT_FOUND, "NotFound", resource, name, message)
    }

    /// Unknown path.
    pub(super) fn no_such_path() -> StatusError {
        let message = "the server could not find the requested resource";
        StatusError::bare(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn already_exists(resource: &GroupResource, name: &str) -> StatusError {
        let message = format!("{resource} {name:?} already exists");
        StatusError::of(StatusCode::CONFLICT, "AlreadyExists", resource, name, message)
    }

    pub(super) fn conflict(resource: &GroupResource, name: &str, why: impl Display) -> StatusError {
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        StatusError::of(StatusCode::CONFLICT, "Conflict", resource, name, message)
    }

    /// Server-side apply of fields that others own.
    pub(super) fn apply_conflict(message: String, causes: Value) -> StatusError {
        StatusError {
            details: json!({"causes": causes}),
            ..StatusError::plain(StatusCode::CONFLICT, "Conflict", message)
        }
    }

    /// Conflict: the object was changed meanwhile.
    pub(super) fn modified(resource: &GroupResource, name: &str) -> StatusError {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        StatusError::conflict(resource, name, why)
    }

    /// Invalid object, with a cause for each invalid field.
    pub(super) fn invalid(kind: &GroupKind, name: &str, errors: &[FieldError]) -> StatusError {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let all = match all.as_slice() {
            [one] => one.clone(),
            _ => format!("[{}]", all.join(", ")),
        };
        let causes: Vec<Value> = errors.iter().map(cause).collect();
        StatusError {
            code: StatusCode::UNPROCESSABLE_ENTITY,
            reason: "Invalid",
            message: format!("{kind} {name:?} is invalid: {all}"),
            details: json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}),
        }
    }

    pub(super) fn forbidden(resource: &GroupResource, name: &str, why: impl Display) -> StatusError {
        let message = format!("{resource} {name:?} is forbidden: {why}");
        StatusError::of(StatusCode::FORBIDDEN, "Forbidden", resource, name, message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> StatusError {
        StatusError::plain(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Patch that does not fit the object.
    pub(super) fn unfit_patch() -> StatusError {
        let message = "the server rejected our request due to an error in our request";
        StatusError::bare(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    /// Patch whose result has fields that the type does not have.
    pub(super) fn strictly_invalid_patch(patch: &str, error: &str) -> StatusError {
        let kind = GroupKind { group: String::new(), kind: String::new() };
        StatusError::invalid(&kind, "", &[field_error("patch", FieldErrorType::Invalid, Some(patch), error)])
    }

    /// Invalid parameter; the kind is that of its options.
    pub(super) fn invalid_option(options: &str, error: FieldError) -> StatusError {
        let kind = GroupKind { group: "meta.k8s.io".into(), kind: options.into() };
        StatusError::invalid(&kind, "", &[error])
    }

    /// Expired resource version.
    pub(super) fn expired(message: impl Into<String>) -> StatusError {
        StatusError::plain(StatusCode::GONE, "Expired", message)
    }

    /// Resource version in the future.
    pub(super) fn too_large_resource_version(asked: u64, current: u64) -> StatusError {
        StatusError {
            details: json!({"causes": [
                {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            ], "retryAfterSeconds": 1}),
            ..StatusError::plain(
                StatusCode::GATEWAY_TIMEOUT,
                "Timeout",
                format!("Timeout: Too large resource version: {asked}, current: {current}"),
            )
        }
    }

    pub(super) fn method_not_allowed() -> StatusError {
        let message = "the server does not allow this method on the requested resource";
        StatusError::bare(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    pub(super) fn unsupported_media_type(message: impl Into<String>) -> StatusError {
        StatusError::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    pub(super) fn not_acceptable() -> StatusError {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json";
        StatusError::bare(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    /// Eviction that a disruption budget forbids now.
    pub(super) fn too_many_requests(message: impl Into<String>, cause: &str, retry_after_seconds: u32) -> StatusError {
        StatusError {
            details: json!({
                "causes": [{"reason": "DisruptionBudget", "message": cause}],
                "retryAfterSeconds": retry_after_seconds,
            }),
            ..StatusError::plain(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
        }
    }

    /// Failure of a plan; clients may try again after a second where the real API server says so.
    pub(super) fn chaos(code: StatusCode, reason: &'static str, message: &str) -> StatusError {
        let retries = matches!(code, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let details = if retries { json!({"retryAfterSeconds": 1}) } else { Value::Null };
        StatusError { details, ..StatusError::plain(code, reason, message) }
    }

    /// Client error that the real API server answers with 500.
    pub(super) fn unclassified(message: impl Into<String>) -> StatusError {
        StatusError::plain(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    /// Feature of the real API server that this one lacks.
    pub(super) fn not_done_here(what: &str) -> StatusError {
        let message = format!("the in-memory API server does not do this: {what}");
        StatusError::plain(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(super) fn code(&self) -> StatusCode {
        self.code
    }

    /// Returns `Retry-After` in seconds.
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        self.details.get("retryAfterSeconds").and_then(Value::as_u64)
    }

    /// Returns the `metav1.Status`.
    pub(super) fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code.as_u16(),
        });
        if let (false, Some(status)) = (self.reason.is_empty(), status.as_object_mut()) {
            status.insert("reason".into(), self.reason.into());
        }
        if let (Value::Object(details), Value::Object(status)) = (&self.details, &mut status) {
            let details = details.iter().filter(|(_, value)| value.as_str() != Some(""));
            status.insert("details".into(), details.map(|(key, value)| (key.clone(), value.clone())).collect());
        }
        status
    }

    fn plain(code: StatusCode, reason: &'static str, message: impl Into<String>) -> StatusError {
        StatusError { code, reason, message: message.into(), details: Value::Null }
    }

    fn bare(code: StatusCode, reason: &'static str, message: &str) -> StatusError {
        StatusError { details: json!({}), ..StatusError::plain(code, reason, message) }
    }

    fn of(code: StatusCode, reason: &'static str, on: &GroupResource, name: &str, message: String) -> StatusError {
        let details = json!({"name": name, "group": on.group, "kind": on.resource});
        StatusError { code, reason, message, details }
    }
}

/// Returns an invalid field as a `StatusCause`.
fn cause(error: &FieldError) -> Value {
    let text = error.to_string();
    let message = text.strip_prefix(&format!("{}: ", error.field)).unwrap_or(&text);
    json!({"reason": error.kind.to_string(), "message": message, "field": error.field})
}

/// Returns a `Status` of success.
pub(super) fn success(details: Value) -> Value {
    let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    if let (Some(status), false) = (status.as_object_mut(), details.is_null()) {
        status.insert("details".into(), details);
    }
    status
}

/// Invalid field and its error.
pub(super) fn field_error(
    field: impl Into<String>,
    kind: FieldErrorType,
    bad_value: Option<&str>,
    detail: impl Into<String>,
) -> FieldError {
    let mut error = FieldError::new(field, kind, detail);
    error.bad_value = bad_value.map(Into::into);
    error
}

/// Invalid field whose value is shown as JSON: a number, `null`, an object.
pub(super) fn invalid_json(field: &str, value: impl Display, detail: &str) -> FieldError {
    // A `FieldError` quotes its value, so this one goes into the detail.
    FieldError::new(field, FieldErrorType::Invalid, format!("{value}: {detail}"))
}
