//! Probes: one question to a container, in one of four ways.

mod exec;
mod grpc;
mod http;
mod tcp;

use std::time::Duration;

use pod_lifecycle::{
    api::{Container, Handler, PodManifest, Probe},
    rule::probe::ProbeOutcome,
    spec::ProbeKind,
};
use tokio::time;

/// What came of it, and what is said of it.
pub(super) type Answer = (ProbeOutcome, String);

/// Runs a probe's handler once, for as long as it may take.
pub(super) async fn run(pod: &PodManifest, container: &Container, kind: ProbeKind) -> Answer {
    let Some(probe) = probe_of(container, kind) else { return error("the container has no such probe") };
    let timeout = Duration::from_secs(probe.timeout_seconds.and_then(|seconds| seconds.try_into().ok()).unwrap_or(1));
    let answer = time::timeout(timeout, ask(pod, container, &probe.handler())).await;
    answer.unwrap_or_else(|_| (ProbeOutcome::of_timeout(), format!("timeout: no answer within {timeout:?}")))
}

/// Runs a handler, be it a probe's or a hook's.
pub(super) async fn ask(pod: &PodManifest, container: &Container, handler: &Handler) -> Answer {
    let answer = match handler {
        Handler { exec: Some(exec), .. } => Ok(exec::ask(pod, container, exec).await),
        Handler { http_get: Some(get), .. } => http::ask(container, get).await,
        Handler { tcp_socket: Some(socket), .. } => tcp::ask(container, socket).await,
        Handler { grpc: Some(service), .. } => grpc::ask(service).await,
        Handler { .. } => Err("there is nothing to be done".into()),
    };
    answer.unwrap_or_else(error)
}

/// The question could not be put.
fn error(problem: impl Into<String>) -> Answer {
    (ProbeOutcome::Error, problem.into())
}

fn probe_of(container: &Container, kind: ProbeKind) -> Option<&Probe> {
    match kind {
        ProbeKind::Startup => container.startup_probe.as_ref(),
        ProbeKind::Readiness => container.readiness_probe.as_ref(),
        ProbeKind::Liveness => container.liveness_probe.as_ref(),
    }
}
