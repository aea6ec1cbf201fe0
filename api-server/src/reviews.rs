//! Access reviews (pkg/registry/authorization): questions whose answer is returned and not stored.
//!
//! This server has no access control, so every answer is yes, with a reason that says so.

use pod_lifecycle::api::{FieldError, FieldErrorType};
use serde_json::{Value, json};

use super::{
    object::Object,
    resource::Resource,
    state::Call,
    status::{StatusError, field_error, invalid_json},
};

const REASON: &str = "the in-memory API server has no access control: every request is allowed";

/// True if the resource is a review.
pub(super) fn is_review(resource: &Resource) -> bool {
    matches!(&*resource.group, "authorization.k8s.io" | "authentication.k8s.io")
}

/// Answers a review.
pub(super) fn answer(call: &Call) -> Result<Value, StatusError> {
    let mut review = call.admit(call.object()?)?;
    let status = match &*call.resource.plural {
        "selfsubjectreviews" => {
            json!({"userInfo": {"username": "system:admin", "groups": ["system:masters", "system:authenticated"]}})
        }
        "selfsubjectrulesreviews" => {
            if review.text("spec.namespace").is_empty() {
                return Err(StatusError::bad_request("no namespace on request"));
            }
            json!({
                "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                "incomplete": false,
            })
        }
        plural => {
            let errors = validate(&review, !plural.starts_with("self"));
            if !errors.is_empty() {
                return Err(StatusError::invalid(&call.resource.group_kind(), "", &errors));
            }
            json!({"allowed": true, "reason": REASON})
        }
    };
    review.set("status", status);
    Ok(review.into_value())
}

/// Answers to `ValidateSubjectAccessReviewSpec`.
fn validate(review: &Object, is_of_another: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match (review.get("spec.resourceAttributes"), review.get("spec.nonResourceAttributes")) {
        (Some(_), Some(paths)) => errors.push(invalid_json(
            "spec.nonResourceAttributes",
            paths,
            "cannot be specified in combination with resourceAttributes",
        )),
        (None, None) => errors.push(invalid_json(
            "spec.resourceAttributes",
            "null",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        (Some(_), None) | (None, Some(_)) => {}
    }
    if is_of_another && review.text("spec.user").is_empty() && review.items("spec.groups").is_empty() {
        let detail = "at least one of user or group must be specified";
        errors.push(field_error("spec.user", FieldErrorType::Invalid, Some(""), detail));
    }
    errors
}
