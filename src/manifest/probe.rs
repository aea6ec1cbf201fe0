//! Probes and the handlers that probes and hooks run.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Named, named::named, null_is_absent};

/// A periodic question to a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Run a command in the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecAction>,
    /// Ask by HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGetAction>,
    /// Open a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_socket: Option<TcpSocketAction>,
    /// Ask the gRPC health service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAction>,
    /// Seconds after the container's start before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<i32>,
    /// Seconds after which an answer counts as a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Seconds between two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i32>,
    /// Successes in a row that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<i32>,
    /// Failures in a row that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
    /// Liveness and startup only: the grace of the kill, over the Pod's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
}

impl Probe {
    /// How the question is asked.
    #[must_use]
    pub fn handler(&self) -> Handler {
        Handler {
            exec: self.exec.clone(),
            http_get: self.http_get.clone(),
            tcp_socket: self.tcp_socket.clone(),
            grpc: self.grpc.clone(),
            sleep: None,
        }
    }
}

/// What a probe or a hook does; one of them has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handler {
    /// Run a command in the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecAction>,
    /// Ask by HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGetAction>,
    /// Open a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_socket: Option<TcpSocketAction>,
    /// Ask the gRPC health service (probes only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAction>,
    /// Wait (hooks only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sleep: Option<SleepAction>,
}

/// A command run in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExecAction {
    /// The command and its arguments.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// An HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpGetAction {
    /// The path.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The port, by number or name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: IntOrString,
    /// The host; the Pod's address if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// HTTP or HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Named<UriScheme>>,
    /// Extra headers.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub http_headers: Vec<HttpHeader>,
}

/// A header of an HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HttpHeader {
    /// The header's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// The header's value.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub value: String,
}

/// A TCP connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TcpSocketAction {
    /// The port, by number or name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: IntOrString,
    /// The host; the Pod's address if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host: String,
}

/// A call of the gRPC health service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrpcAction {
    /// The port.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: i32,
    /// The service asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// A pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SleepAction {
    /// Its length in seconds.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub seconds: i64,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// By number.
    Int(i32),
    /// By name.
    String(String),
}

impl Default for IntOrString {
    fn default() -> IntOrString {
        IntOrString::Int(0)
    }
}

named! {
    /// The scheme of an HTTP request.
    pub enum UriScheme {
        /// Without encryption.
        Http = "HTTP",
        /// Over TLS; certificates are not checked.
        Https = "HTTPS",
    }
}
