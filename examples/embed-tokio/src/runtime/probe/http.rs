//! An HTTP request: its status is the answer.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{HOST, LOCATION, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use pod_lifecycle::{
    api::{Container, HttpGetAction, UriScheme},
    rule::probe::ProbeOutcome,
};
use tokio::net::TcpStream;

use super::Answer;
use crate::runtime::address;

/// How much of an answer is kept.
const MAX_OUTPUT: usize = 10 * 1024;

/// Redirects are not followed: to the same host they count as success, to another one as success with a warning.
pub(super) async fn ask(container: &Container, get: &HttpGetAction) -> Result<Answer, String> {
    if get.scheme.as_ref().and_then(|scheme| scheme.known()) == Some(UriScheme::Https) {
        return Err("HTTPS is not spoken here".into());
    }
    let (host, port) = (address::host(&get.host), address::port(container, &get.port)?);
    let request = request(get, host, port)?;
    Ok(match response(host, port, request).await {
        Ok(response) => answer(response, host).await,
        Err(problem) => (ProbeOutcome::Failure, format!("Get \"http://{host}:{port}{}\": {problem}", get.path)),
    })
}

fn request(get: &HttpGetAction, host: &str, port: u16) -> Result<Request<Empty<Bytes>>, String> {
    let path = if get.path.starts_with('/') { get.path.clone() } else { format!("/{}", get.path) };
    let mut request = Request::get(path);
    let has = |name: &str| get.http_headers.iter().any(|header| header.name.eq_ignore_ascii_case(name));
    if !has(HOST.as_str()) {
        request = request.header(HOST, format!("{host}:{port}"));
    }
    if !has(USER_AGENT.as_str()) {
        request = request.header(USER_AGENT, "kube-probe/1.36");
    }
    for header in &get.http_headers {
        request = request.header(&header.name, &header.value);
    }
    request.body(Empty::new()).map_err(|problem| problem.to_string())
}

async fn response(
    host: &str,
    port: u16,
    request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The connection task ends with the answer, or with its caller.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

async fn answer(response: Response<Incoming>, host: &str) -> Answer {
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let elsewhere = location.is_some_and(|location| leads_elsewhere(location, host));
    let body = Limited::new(response.into_body(), MAX_OUTPUT).collect().await;
    let said = body.map_or_else(|_| String::new(), |body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
    let outcome = ProbeOutcome::of_http_status(status.as_u16(), elsewhere);
    let output = match outcome {
        ProbeOutcome::Failure => format!("HTTP probe failed with statuscode: {}", status.as_u16()),
        ProbeOutcome::Success | ProbeOutcome::Warning | ProbeOutcome::Unknown | ProbeOutcome::Error => said,
    };
    (outcome, output)
}

fn leads_elsewhere(location: &str, host: &str) -> bool {
    let uri = location.parse::<hyper::Uri>();
    uri.is_ok_and(|uri| uri.host().is_some_and(|there| there != host))
}
