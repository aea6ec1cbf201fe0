//! Probes and the handlers that probes and hooks run.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Named, named::named, null_is_absent};

/// `v1.Probe`: an action, its timing and its thresholds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Probe {
    /// Runs a command in the container; exit code 0 is success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecAction>,
    /// Sends an HTTP GET request; a status of 200 to 399 is success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGetAction>,
    /// Opens a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_socket: Option<TcpSocketAction>,
    /// Calls the gRPC health service; `SERVING` is success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAction>,
    /// Delay before the first probe, in seconds after the container's start; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<i32>,
    /// Timeout of one probe in seconds; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Period in seconds; 10 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i32>,
    /// Successes in a row that make the result a success; 1 by default, and always 1 for liveness and startup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<i32>,
    /// Failures in a row that make the result a failure; 3 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
    /// Grace period in seconds of the kill after a failure, over the Pod's; liveness and startup only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
}

impl Probe {
    /// Creates a probe that sends a GET request to the container.
    #[must_use]
    pub fn http_get(path: &str, port: impl Into<IntOrString>) -> Probe {
        Probe { http_get: Some(HttpGetAction::new(path, port)), ..Probe::default() }
    }

    /// Creates a probe that opens a TCP connection to the container.
    #[must_use]
    pub fn tcp_socket(port: impl Into<IntOrString>) -> Probe {
        Probe { tcp_socket: Some(TcpSocketAction::new(port)), ..Probe::default() }
    }

    /// Creates a probe that runs a command in the container.
    #[must_use]
    pub fn exec<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Probe {
        Probe { exec: Some(ExecAction::new(command)), ..Probe::default() }
    }

    /// Creates a probe that calls the gRPC health service.
    #[must_use]
    pub fn grpc(port: i32) -> Probe {
        Probe { grpc: Some(GrpcAction { port, service: None }), ..Probe::default() }
    }

    /// Returns the action of the probe, without its timing.
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

/// Action of a probe or hook; exactly one field has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Handler {
    /// Runs a command in the container; exit code 0 is success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecAction>,
    /// Sends an HTTP GET request; a probe succeeds if the response has a status of 200 to 399.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGetAction>,
    /// Opens a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_socket: Option<TcpSocketAction>,
    /// Calls the gRPC health service (probes only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAction>,
    /// Sleeps (hooks only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sleep: Option<SleepAction>,
}

impl Handler {
    /// Creates a handler that runs a command in the container.
    #[must_use]
    pub fn exec<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Handler {
        Handler { exec: Some(ExecAction::new(command)), ..Handler::default() }
    }

    /// Creates a handler that sends a GET request to the container.
    #[must_use]
    pub fn http_get(path: &str, port: impl Into<IntOrString>) -> Handler {
        Handler { http_get: Some(HttpGetAction::new(path, port)), ..Handler::default() }
    }

    /// Creates a hook that sleeps.
    #[must_use]
    pub fn sleep(seconds: i64) -> Handler {
        Handler { sleep: Some(SleepAction { seconds }), ..Handler::default() }
    }
}

/// A command that a probe or a hook runs in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExecAction {
    /// The command and its arguments.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

impl ExecAction {
    /// Creates the action from a command and its arguments; no shell is involved.
    #[must_use]
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> ExecAction {
        ExecAction { command: command.into_iter().map(Into::into).collect() }
    }
}

/// An HTTP GET request that a probe or a hook makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpGetAction {
    /// Path of the request; `/` by default.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The port, by number or name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: IntOrString,
    /// The host; the Pod's address if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// HTTP (the default) or HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Named<UriScheme>>,
    /// Extra headers.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub http_headers: Vec<HttpHeader>,
}

impl HttpGetAction {
    /// Creates a request over plain HTTP to the Pod's own address.
    #[must_use]
    pub fn new(path: &str, port: impl Into<IntOrString>) -> HttpGetAction {
        HttpGetAction { path: path.into(), port: port.into(), ..HttpGetAction::default() }
    }
}

/// A header of an HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HttpHeader {
    /// The header's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// The header's value.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub value: String,
}

/// A TCP connection that a probe or a hook tries to open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TcpSocketAction {
    /// The port, by number or name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: IntOrString,
    /// The host; the Pod's address if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host: String,
}

impl TcpSocketAction {
    /// Creates a connection to the Pod's own address.
    #[must_use]
    pub fn new(port: impl Into<IntOrString>) -> TcpSocketAction {
        TcpSocketAction { port: port.into(), host: String::new() }
    }
}

/// A call of the gRPC health service that a probe makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrpcAction {
    /// The port.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: i32,
    /// Service name in the request; empty (the default) for the server as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// A hook that only sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SleepAction {
    /// Duration in seconds.
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

impl From<i32> for IntOrString {
    fn from(number: i32) -> IntOrString {
        IntOrString::Int(number)
    }
}

impl From<&str> for IntOrString {
    fn from(name: &str) -> IntOrString {
        IntOrString::String(name.into())
    }
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
