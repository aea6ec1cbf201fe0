//! HTTP responses.

use std::{convert::Infallible, time::UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{status::StatusError, watch::Watch};

/// Response body: one document, or the lines of a watch.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Response before it becomes HTTP.
pub(super) enum Answer {
    /// A JSON document.
    Json(StatusCode, Value),
    /// A JSON document that is text already.
    JsonText(String),
    /// Plain text.
    Text(&'static str),
    /// A watch.
    Watch(Box<Watch>),
    /// An answer with warnings.
    Warned(Box<Answer>, Vec<String>),
}

impl Answer {
    pub(super) fn ok(document: Value) -> Answer {
        Answer::Json(StatusCode::OK, document)
    }

    pub(super) fn created(document: Value) -> Answer {
        Answer::Json(StatusCode::CREATED, document)
    }

    /// Adds texts for the header `Warning`.
    pub(super) fn with_warnings(self, warnings: Vec<String>) -> Answer {
        if warnings.is_empty() { self } else { Answer::Warned(Box::new(self), warnings) }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let (code, kind, body) = match self {
            Answer::Json(code, document) => (code, "application/json", full(document.to_string())),
            Answer::JsonText(text) => (StatusCode::OK, "application/json", full(text)),
            Answer::Text(text) => (StatusCode::OK, "text/plain; charset=utf-8", full(text.into())),
            Answer::Watch(watch) => {
                let frames = watch.into_lines().map(|line| Ok(Frame::data(line)));
                (StatusCode::OK, "application/json", StreamBody::new(frames).boxed_unsync())
            }
            Answer::Warned(answer, warnings) => {
                let mut response = answer.into_response();
                // 299 is a persistent warning of RFC 7234, whose text is a quoted string.
                let headers = warnings.iter().filter_map(|text| format!("299 - {text:?}").try_into().ok());
                headers.for_each(|header: HeaderValue| {
                    response.headers_mut().append(header::WARNING, header);
                });
                return response;
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = code;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

/// Returns a `metav1.Status` as an HTTP response.
pub(super) fn refusal(error: &StatusError) -> Response<Body> {
    let mut response = Answer::Json(error.code(), error.to_value()).into_response();
    if let Some(seconds) = error.retry_after_seconds().filter(|seconds| *seconds > 0) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Sets the `Date` header.
pub(super) fn set_date(response: &mut Response<Body>, now: Timestamp) {
    let date = UNIX_EPOCH.checked_add(now.since(Timestamp::UNIX_EPOCH)).map(httpdate::fmt_http_date);
    if let Some(Ok(date)) = date.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::DATE, date);
    }
}

fn full(text: String) -> Body {
    Full::new(Bytes::from(text)).boxed_unsync()
}
