//! Probes and the handlers that probes and hooks run.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Named, named::named, null_is_absent};

/// A probe of a container: what is asked, how often, and how many answers in a row count.
///
/// ```
/// use pod_lifecycle::api::Probe;
///
/// let probe: Probe = serde_json::from_str(r#"{"tcpSocket": {"port": 5432}, "periodSeconds": 5}"#)?;
/// assert_eq!((probe.period_seconds, probe.failure_threshold), (Some(5), None));
/// assert!(probe.handler().tcp_socket.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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
    /// Seconds after the container's start before it is probed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<i32>,
    /// Seconds after which an answer counts as a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Seconds between two probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i32>,
    /// Successes in a row that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<i32>,
    /// Failures in a row that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
    /// Liveness and startup only: the grace of the kill in seconds, over the Pod's.
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

/// What a probe or a hook does; one of them has to be set.
///
/// ```
/// use pod_lifecycle::api::Handler;
///
/// assert_eq!(serde_json::to_string(&Handler::sleep(5))?, r#"{"sleep":{"seconds":5}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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
///
/// ```
/// use pod_lifecycle::api::ExecAction;
///
/// let exec: ExecAction = serde_json::from_str(r#"{"command": ["cat", "/tmp/healthy"]}"#)?;
/// assert_eq!(exec.command, ["cat", "/tmp/healthy"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pod_lifecycle::api::{HttpGetAction, IntOrString};
///
/// let get: HttpGetAction = serde_json::from_str(r#"{"path": "/healthz", "port": "http"}"#)?;
/// assert_eq!((get.path.as_str(), get.port), ("/healthz", IntOrString::String("http".into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
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

impl HttpGetAction {
    /// Creates a request over plain HTTP to the Pod's own address.
    #[must_use]
    pub fn new(path: &str, port: impl Into<IntOrString>) -> HttpGetAction {
        HttpGetAction { path: path.into(), port: port.into(), ..HttpGetAction::default() }
    }
}

/// A header of an HTTP request.
///
/// ```
/// use pod_lifecycle::api::HttpHeader;
///
/// let header: HttpHeader = serde_json::from_str(r#"{"name": "X-Probe", "value": "yes"}"#)?;
/// assert_eq!(header.value, "yes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pod_lifecycle::api::{IntOrString, TcpSocketAction};
///
/// let socket: TcpSocketAction = serde_json::from_str(r#"{"port": 5432}"#)?;
/// assert_eq!(socket.port, IntOrString::Int(5432));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pod_lifecycle::api::GrpcAction;
///
/// let check: GrpcAction = serde_json::from_str(r#"{"port": 9090}"#)?;
/// assert_eq!((check.port, check.service), (9090, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrpcAction {
    /// The port.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub port: i32,
    /// The service asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// A hook that only sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SleepAction {
    /// Its length in seconds.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub seconds: i64,
}

/// A port by number or by name.
///
/// ```
/// use pod_lifecycle::api::IntOrString;
///
/// assert_eq!(serde_json::from_str::<IntOrString>("80")?, IntOrString::Int(80));
/// assert_eq!(serde_json::from_str::<IntOrString>(r#""http""#)?, IntOrString::String("http".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, UriScheme};
    ///
    /// assert_eq!(UriScheme::Https.name(), "HTTPS");
    /// ```
    pub enum UriScheme {
        /// Without encryption.
        Http = "HTTP",
        /// Over TLS; certificates are not checked.
        Https = "HTTPS",
    }
}
