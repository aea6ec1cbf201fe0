//! Replies of the handlers of probes and hooks, and the kubelet's texts for them (pkg/probe,
//! pkg/kubelet/lifecycle/handlers.go).

use alloc::{borrow::ToOwned, boxed::Box, format, string::String};
use core::time::Duration;

use super::HookKind;
use crate::{
    api::{Handler, UriScheme},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    time::go_duration,
};

/// Reply of a probe's or a hook's handler, as an embedder has seen it. The outcome of the probe, and the text that users
/// read, are then the kubelet's.
///
/// ```
/// use pod_lifecycle::{api, event::HandlerReply, rule::probe::ProbeOutcome, spec::{PodSpec, ProbeKind}};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx:1", "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let output = |reply: HandlerReply<'_>| reply.probe_output(&spec, 0.into(), ProbeKind::Readiness, "10.0.0.7:8080");
///
/// let busy = HandlerReply::Responded { status: 503, body: "warming up" };
/// assert_eq!((busy.outcome(), output(busy)), (ProbeOutcome::Failure, "HTTP probe failed with statuscode: 503".into()));
/// let closed = HandlerReply::Unreachable { error: "connect: connection refused" };
/// assert_eq!(output(closed), r#"Get "http://10.0.0.7:8080/ready": dial tcp 10.0.0.7:8080: connect: connection refused"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerReply<'a> {
    /// `exec`: the command ended.
    Exited {
        /// Exit code; 0 is success.
        code: i32,
        /// What it wrote to its standard output.
        stdout: &'a str,
        /// What it wrote to its standard error.
        stderr: &'a str,
    },
    /// `httpGet`: there was a response; redirects to the same host were followed.
    Responded {
        /// Status code; a probe succeeds with 200 to 399, a hook with any.
        status: u16,
        /// Body, of which a probe shows that of a redirect to another host.
        body: &'a str,
    },
    /// `tcpSocket`: the connection was opened.
    Connected,
    /// `grpc`: the health service answered.
    Health {
        /// Its status by name; `SERVING` is success.
        status: &'a str,
    },
    /// `httpGet`, `tcpSocket` and `grpc`: there is no connection.
    Unreachable {
        /// Error as Go names it: `connect: connection refused`, `connect: no route to host`.
        error: &'a str,
    },
    /// There was no reply within `timeoutSeconds`.
    TimedOut,
    /// The handler could not be carried out at all, for example since the runtime refuses the `exec`: a probe tries again,
    /// and counts it for nothing.
    NotRun {
        /// Error of the runtime.
        error: &'a str,
    },
}

impl HandlerReply<'_> {
    /// Returns the outcome of a probe with this reply.
    #[must_use]
    pub fn outcome(&self) -> ProbeOutcome {
        match self {
            HandlerReply::Exited { code: 0, .. } | HandlerReply::Connected => ProbeOutcome::Success,
            HandlerReply::Responded { status: 200..=299, .. } => ProbeOutcome::Success,
            HandlerReply::Responded { status: 300..=399, .. } => ProbeOutcome::Warning,
            HandlerReply::Health { status: "SERVING" } => ProbeOutcome::Success,
            HandlerReply::NotRun { .. } => ProbeOutcome::Error,
            HandlerReply::Exited { .. }
            | HandlerReply::Responded { .. }
            | HandlerReply::Health { .. }
            | HandlerReply::Unreachable { .. }
            | HandlerReply::TimedOut => ProbeOutcome::Failure,
        }
    }

    /// Returns the output of a probe, which the event `Unhealthy` shows; `address`: host and port that it was sent to, of
    /// no use for a command.
    ///
    /// Answers to `Probe` in `pkg/probe/{exec,http,tcp,grpc}`.
    #[must_use]
    pub fn probe_output(&self, spec: &PodSpec, container: ContainerIndex, kind: ProbeKind, address: &str) -> String {
        let Some(probe) = spec.container(container).and_then(|container| container.probe(kind)) else {
            return String::new();
        };
        let timeout = probe.timeout();
        match self {
            // The runtime's stdout and stderr are one after the other.
            HandlerReply::Exited { stdout, stderr, .. } => format!("{stdout}{stderr}"),
            HandlerReply::Responded { status: 300..=399, body } => {
                format!("Probe terminated redirects, Response body: {body}")
            }
            HandlerReply::Responded { status: 200..=299, body } => (*body).to_owned(),
            HandlerReply::Responded { status, .. } => format!("HTTP probe failed with statuscode: {status}"),
            HandlerReply::Connected => String::new(),
            HandlerReply::Health { status: "SERVING" } => "service healthy".to_owned(),
            HandlerReply::Health { status } => format!("service unhealthy (responded with {status:?})"),
            HandlerReply::Unreachable { error } => unreachable_output(probe, address, error),
            HandlerReply::TimedOut => timeout_output(probe, address, timeout),
            HandlerReply::NotRun { error } => (*error).to_owned(),
        }
    }

    /// Returns the result of a hook, with the message that a container shows which waits for its postStart hook.
    ///
    /// Answers to `Run` in `pkg/kubelet/lifecycle/handlers.go`, and for a command to `execSyncV1` in
    /// `k8s.io/cri-client/pkg/remote_runtime.go`.
    ///
    /// # Errors
    ///
    /// The message, if the hook has failed.
    ///
    /// ```
    /// use pod_lifecycle::{api, event::{HandlerReply, HookKind}, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(r#"{
    ///     "metadata": {"name": "web", "namespace": "shop", "uid": "5f0c"},
    ///     "spec": {"containers": [{"name": "app", "image": "nginx:1",
    ///         "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 9}}}}]}}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let closed = HandlerReply::Unreachable { error: "connect: connection refused" };
    /// let message = closed.hook_result(&spec, 0.into(), HookKind::PreStop, "10.0.0.7:9").unwrap_err();
    /// assert_eq!(&*message, "HTTP lifecycle hook (/drain) for Container \"app\" in Pod \"web_shop(5f0c)\" failed - \
    ///     error: Get \"http://10.0.0.7:9/drain\": dial tcp 10.0.0.7:9: connect: connection refused");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hook_result(
        &self,
        spec: &PodSpec,
        container: ContainerIndex,
        hook: HookKind,
        address: &str,
    ) -> Result<(), Box<str>> {
        let of_container = spec.container(container);
        let hook = of_container.and_then(|container| match hook {
            HookKind::PostStart => container.post_start(),
            HookKind::PreStop => container.pre_stop(),
        });
        let (LifecycleHook::Run(handler), Some(error)) = (hook.unwrap_or(NO_HOOK), self.hook_error(hook, address))
        else {
            return Ok(());
        };
        let name = spec.container_name(container);
        // `format.Pod` of `pkg/kubelet/util/format/pod.go`, quoted by `%q`.
        let pod = format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid());
        let place = format!("for Container {name:?} in Pod {pod:?} failed - error: {error}");
        Err(match (&handler.exec, &handler.http_get) {
            (Some(exec), _) => {
                let output = if let HandlerReply::Exited { stdout, stderr, .. } = self {
                    format!("{stdout}{stderr}")
                } else {
                    String::new()
                };
                // Go prints the command as a slice: its words with spaces between them.
                format!("Exec lifecycle hook ([{}]) {place}, message: {output:?}", exec.command.join(" "))
            }
            (None, Some(http)) => format!("HTTP lifecycle hook ({}) {place}", http.path),
            (None, None) => format!("Cannot run handler: {error}"),
        }
        .into())
    }

    /// Returns the error of a hook; `None` if it has succeeded.
    fn hook_error(&self, hook: Option<&LifecycleHook>, address: &str) -> Option<String> {
        let Some(LifecycleHook::Run(handler)) = hook else { return None };
        let command = || handler.exec.as_ref().map_or_else(String::new, |exec| exec.command.join(" "));
        match self {
            HandlerReply::Exited { code: 0, .. }
            | HandlerReply::Responded { .. }
            | HandlerReply::Connected
            | HandlerReply::Health { .. } => None,
            HandlerReply::Exited { code, stderr, .. } => {
                Some(format!("command '{}' exited with {code}: {stderr}", command()))
            }
            HandlerReply::Unreachable { error } => Some(dial_error(handler, address, error)),
            HandlerReply::TimedOut => Some("context deadline exceeded".to_owned()),
            HandlerReply::NotRun { error } => Some((*error).to_owned()),
        }
    }
}

const NO_HOOK: &LifecycleHook = &LifecycleHook::Sleep(Duration::ZERO);

fn unreachable_output(probe: &ProbeSpec, address: &str, error: &str) -> String {
    let handler = probe.handler();
    if handler.grpc.is_some() {
        // grpc.WithBlock tries again until the timeout, whatever the error.
        return format!(
            "timeout: failed to connect service {address:?} within {}: context deadline exceeded",
            go_duration(probe.timeout())
        );
    }
    dial_error(handler, address, error)
}

/// Returns the error of Go's HTTP client or dialer.
fn dial_error(handler: &Handler, address: &str, error: &str) -> String {
    let dialled = format!("dial tcp {address}: {error}");
    if handler.http_get.is_some() { format!("{}: {dialled}", get(handler, address)) } else { dialled }
}

/// Returns the beginning of an error of Go's HTTP client: `Get "http://10.0.0.7:8080/ready"`.
fn get(handler: &Handler, address: &str) -> String {
    let Some(http) = &handler.http_get else { return String::new() };
    let is_https = http.scheme.as_ref().and_then(|scheme| scheme.known()) == Some(UriScheme::Https);
    let scheme = if is_https { "https" } else { "http" };
    // `url.URL` puts a slash before a path that has none.
    let slash = if http.path.starts_with('/') { "" } else { "/" };
    format!("Get \"{scheme}://{address}{slash}{}\"", http.path)
}

fn timeout_output(probe: &ProbeSpec, address: &str, timeout: Duration) -> String {
    let (handler, time) = (probe.handler(), go_duration(timeout));
    if handler.http_get.is_some() {
        let late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        return format!("{}: {late}", get(handler, address));
    }
    if handler.tcp_socket.is_some() {
        return format!("dial tcp {address}: i/o timeout");
    }
    match &handler.exec {
        Some(exec) => format!("command timed out: {:?} timed out after {time}", exec.command.join(" ")),
        None => format!("timeout: health rpc did not complete within {time}"),
    }
}
