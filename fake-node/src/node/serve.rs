//! HTTP server of `/healthz`, `/readyz` and `/metrics`.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    task::JoinHandle,
};

use super::metrics::Metrics;

/// Serves `/healthz`, `/readyz` and `/metrics` until the task is ended.
pub(super) async fn serve(
    address: impl ToSocketAddrs,
    metrics: Arc<Metrics>,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let metrics = metrics.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer(request.uri().path(), &metrics);
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok((address, task))
}

fn answer(path: &str, metrics: &Metrics) -> Response<Full<Bytes>> {
    let (code, text) = match path {
        "/healthz" | "/readyz" | "/livez" => (StatusCode::OK, "ok".into()),
        "/metrics" => (StatusCode::OK, metrics.to_string()),
        _ => (StatusCode::NOT_FOUND, "there are /healthz, /readyz, /livez and /metrics".into()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = code;
    response
}
