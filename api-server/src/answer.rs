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
    /// Plain text.
    Text(&'static str),
    /// A watch.
    Watch(Box<Watch>),
}

impl Answer {
    pub(super) fn ok(document: Value) -> Answer {
        Answer::Json(StatusCode::OK, document)
    }

    pub(super) fn created(document: Value) -> Answer {
        Answer::Json(StatusCode::CREATED, document)
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let (code, kind, body) = match self {
            Answer::Json(code, document) => (code, "application/json", full(document.to_string())),
            Answer::Text(text) => (StatusCode::OK, "text/plain; charset=utf-8", full(text.into())),
            Answer::Watch(watch) => {
                let frames = watch.into_lines().map(|line| Ok(Frame::data(line)));
                (StatusCode::OK, "application/json", StreamBody::new(frames).boxed_unsync())
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
