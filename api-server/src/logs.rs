//! Logs of Pods: asked of the kubelet whose port a node's status names (pkg/registry/core/pod/rest `LogREST`).

use futures_util::StreamExt;
use http::{Method, Request, Response, StatusCode, Uri, header, request::Parts};
use http_body_util::{BodyExt, BodyStream, Empty, StreamBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{
    ApiServer,
    answer::{Body, refusal},
    object::Object,
    path::{Route, Target},
    resource::GroupResource,
    state::State,
    status::StatusError,
    store::Key,
};

/// Address of a kubelet, and the path of a container's log there.
pub(super) struct LogLocation {
    authority: String,
    path: Uri,
}

impl ApiServer {
    /// Returns where the log that a request is about is to be had; `None` if the request is about something else.
    pub(super) fn log_location(&self, parts: &Parts) -> Option<Result<LogLocation, StatusError>> {
        let Route::Objects(target) = Route::read(parts.uri.path()) else { return None };
        let is_log = target.group.is_empty() && target.plural == "pods" && target.subresource.as_deref() == Some("log");
        (is_log && parts.method == Method::GET)
            .then(|| self.state().log_location(&target, parts.uri.query().unwrap_or_default()))
    }
}

impl State {
    /// Answers to `LogLocation`.
    fn log_location(&self, target: &Target, query: &str) -> Result<LogLocation, StatusError> {
        let core = |resource: &str| GroupResource { group: String::new(), resource: resource.into() };
        let namespace = target.namespace.clone().unwrap_or_default();
        let key = Key { namespace: namespace.clone(), name: target.name.clone().unwrap_or_default() };
        let pod =
            self.store.get(&core("pods"), &key).ok_or_else(|| StatusError::not_found(&core("pods"), &key.name))?;
        let container = container(&pod, query)?;
        let node = pod.text("spec.nodeName");
        if node.is_empty() {
            return Err(StatusError::bad_request(format!("pod {} does not have a host assigned", key.name)));
        }
        let found = self.store.get(&core("nodes"), &Key { namespace: String::new(), name: node.into() });
        let node_object = found.ok_or_else(|| StatusError::not_found(&core("nodes"), node))?;
        let port = node_object.number("status.daemonEndpoints.kubeletEndpoint.Port").filter(|port| *port > 0);
        let addresses = node_object.items("status.addresses").iter();
        let internal = addresses.filter(|one| one.get("type").and_then(Value::as_str) == Some("InternalIP"));
        let address = internal.filter_map(|one| one.get("address")?.as_str()).next();
        let (Some(port), Some(address)) = (port, address) else {
            return Err(StatusError::not_done_here(&format!(
                "the logs of {} are with the kubelet of node {node}, whose status.daemonEndpoints names no port",
                key.name
            )));
        };
        let rest = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "container");
        let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
        let path = format!("/containerLogs/{namespace}/{}/{container}?{rest}", key.name);
        let path = path.parse().map_err(|_| StatusError::bad_request("the names of the Pod make no path"))?;
        Ok(LogLocation { authority: format!("{address}:{port}"), path })
    }
}

/// Returns the container that is asked for, or the only one.
fn container(pod: &Object, query: &str) -> Result<String, StatusError> {
    let named = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "container");
    let lists = ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"];
    let names = |list: &'static str| pod.items(list).iter().filter_map(|one| one.get("name")?.as_str());
    match (named, pod.items("spec.containers")) {
        (Some((_, name)), _) if lists.into_iter().flat_map(names).any(|one| one == name) => Ok(name.into_owned()),
        (Some((_, name)), _) => {
            Err(StatusError::bad_request(format!("container {name} is not valid for pod {}", pod.name())))
        }
        (None, [_]) => Ok(names("spec.containers").next().unwrap_or_default().into()),
        (None, _) => {
            let all: Vec<&str> = names("spec.containers").collect();
            Err(StatusError::bad_request(format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                pod.name(),
                all.join(" ")
            )))
        }
    }
}

/// Fetches a log from its kubelet and passes it on as it comes.
pub(super) async fn fetch(location: LogLocation) -> Response<Body> {
    match request(&location).await {
        Ok(response) => response,
        Err(error) => refusal(&StatusError::unclassified(format!(
            "Get \"http://{}{}\": {error}",
            location.authority, location.path
        ))),
    }
}

async fn request(location: &LogLocation) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(&location.authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(location.path.clone())
        .header(header::HOST, &location.authority)
        .body(Empty::<bytes::Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = if response.status().is_success() { StatusCode::OK } else { response.status() };
    // A kubelet that goes away ends the log.
    let frames = BodyStream::new(response.into_body()).filter_map(|frame| async move { frame.ok().map(Ok) });
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    Ok(answer)
}
