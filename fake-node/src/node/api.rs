//! Requests to the API server.

use std::time::Duration;

use http::{Method, Request, header};
use kube::Client;
use pod_lifecycle::{Timestamp, status::StatusPatch};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::json;

use super::watched_pod::WatchedPod;

/// Client of the API server.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) client: Client,
}

/// Content type of a request body.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Json,
    Merge,
    Strategic,
}

/// Result of a request that writes a Pod.
pub(super) enum Written {
    /// Written; this is the object now.
    Stored(Box<WatchedPod>),
    /// Not written because of a conflict; to be repeated with what is newest.
    Conflict(Box<WatchedPod>),
    /// Deleted, or kept only by its finalizers.
    Deleted,
    /// The Pod does not exist any more.
    Gone,
    /// May succeed later; with the delay that the server asked for.
    Later(Option<Duration>, kube::Error),
    /// Will never succeed.
    Refused(kube::Error),
}

impl Kind {
    const fn content_type(self) -> &'static str {
        match self {
            Kind::Json => "application/json",
            Kind::Merge => "application/merge-patch+json",
            Kind::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> kube::Result<T> {
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request(request).await
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        kind: Kind,
        body: &impl Serialize,
    ) -> kube::Result<T> {
        let body = serde_json::to_vec(body).map_err(kube::Error::SerdeError)?;
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind.content_type());
        self.client.request(request.body(body).map_err(kube::Error::HttpError)?).await
    }

    /// Returns the API server's time from its `Date` header.
    pub(super) async fn time(&self) -> kube::Result<Option<Timestamp>> {
        let request = Request::get("/version").body(kube::client::Body::empty()).map_err(kube::Error::HttpError)?;
        let response = self.client.send(request).await?;
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let since = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(since.map(|since| Timestamp::UNIX_EPOCH + since))
    }

    /// Patches the status of a Pod.
    pub(super) async fn patch_status(&self, namespace: &str, name: &str, patch: &StatusPatch) -> Written {
        let path = format!("{}/status", pod_path(namespace, name));
        match self.send(Method::PATCH, &path, Kind::Strategic, patch).await {
            Ok(seen) => Written::Stored(Box::new(seen)),
            Err(error) => self.failed(error, namespace, name, patch.uid()).await,
        }
    }

    /// Deletes a Pod with grace 0 and its uid as precondition.
    pub(super) async fn delete_pod(&self, namespace: &str, name: &str, uid: &str) -> Written {
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": {"uid": uid},
        });
        match self.send::<IgnoredAny>(Method::DELETE, &pod_path(namespace, name), Kind::Json, &options).await {
            Ok(_) => Written::Deleted,
            Err(error) => self.failed(error, namespace, name, uid).await,
        }
    }

    /// Classifies a failed write. A conflict or an invalid patch may be about another Pod of that name, so the object is
    /// read.
    async fn failed(&self, error: kube::Error, namespace: &str, name: &str, uid: &str) -> Written {
        match code(&error) {
            Some(404) => Written::Gone,
            Some(refused @ (409 | 422)) => match self.get::<WatchedPod>(&pod_path(namespace, name)).await {
                Ok(seen) if seen.pod.metadata.uid != uid => Written::Gone,
                Ok(seen) if refused == 409 => Written::Conflict(Box::new(seen)),
                Ok(_) => Written::Refused(error),
                Err(error) if code(&error) == Some(404) => Written::Gone,
                Err(error) => Written::Later(retry_after(&error), error),
            },
            // An API server that has just restarted refuses requests until its authorizer is ready.
            Some(401 | 403 | 408 | 429) => Written::Later(retry_after(&error), error),
            Some(400..=499) => Written::Refused(error),
            Some(_) | None => Written::Later(retry_after(&error), error),
        }
    }
}

/// Returns the status code of an error.
pub(super) fn code(error: &kube::Error) -> Option<u16> {
    if let kube::Error::Api(status) = error { Some(status.code) } else { None }
}

/// Returns the delay of `Retry-After`.
fn retry_after(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else { return None };
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

fn pod_path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}
