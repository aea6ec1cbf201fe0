//! A probe in one line.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};

use crate::api::{HttpGetAction, IntOrString, Probe};

/// A probe in one line: what it does, then its numbers; one that is not set counts as 0.
///
/// Answers to `DescribeProbe` in `k8s.io/kubectl/pkg/describe`.
pub(super) fn line(probe: &Probe) -> String {
    format!(
        "{} delay={}s timeout={}s period={}s #success={} #failure={}",
        handler(probe),
        probe.initial_delay_seconds.unwrap_or(0),
        probe.timeout_seconds.unwrap_or(0),
        probe.period_seconds.unwrap_or(0),
        probe.success_threshold.unwrap_or(0),
        probe.failure_threshold.unwrap_or(0),
    )
}

fn handler(probe: &Probe) -> String {
    match probe {
        Probe { exec: Some(exec), .. } => format!("exec [{}]", exec.command.join(" ")),
        Probe { http_get: Some(http_get), .. } => format!("http-get {}", url(http_get)),
        Probe { tcp_socket: Some(tcp), .. } => format!("tcp-socket {}:{}", tcp.host, port(&tcp.port)),
        Probe { grpc: Some(grpc), .. } => {
            format!("grpc <pod>:{} {}", grpc.port, grpc.service.as_deref().unwrap_or_default())
        }
        _ => "unknown".into(),
    }
}

/// The URL that is asked, without a host if that is the Pod's own address.
fn url(request: &HttpGetAction) -> String {
    let scheme = request.scheme.as_ref().map_or(String::new(), |scheme| scheme.as_str().to_lowercase() + ":");
    let host = percent_encoded(&authority(&request.host, &port(&request.port)), "!$&'()*+,;=:[]<>\"");
    let path = percent_encoded(&request.path, "$&+,/:;=@");
    let (slashes, slash) = match (&*host, &*path) {
        ("", "") => ("", ""),
        ("", _) if scheme.is_empty() => ("", ""),
        ("", _) | (_, "") => ("//", ""),
        (_, path) if path.starts_with('/') => ("//", ""),
        _ => ("//", "/"),
    };
    format!("{scheme}{slashes}{host}{slash}{path}")
}

fn authority(host: &str, port: &str) -> String {
    match (host, port) {
        (host, "") => host.into(),
        (host, port) if host.contains(':') => format!("[{host}]:{port}"),
        (host, port) => format!("{host}:{port}"),
    }
}

fn port(port: &IntOrString) -> Cow<'_, str> {
    match port {
        IntOrString::Int(number) => number.to_string().into(),
        IntOrString::String(name) => name.into(),
    }
}

/// Letters, digits, `-_.~` and the characters of `kept` as they are, other bytes as `%XX`.
fn percent_encoded(text: &str, kept: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c) || kept.contains(c);
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if is_kept(c) => encoded.push(c),
            c => encoded.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}"))),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(probe: &str) -> String {
        line(&serde_json::from_str(probe).unwrap())
    }

    #[test]
    fn each_handler_has_its_own_form() {
        const NUMBERS: &str = "delay=0s timeout=0s period=0s #success=0 #failure=0";
        for (probe, said) in [
            (r#"{"exec": {"command": ["cat", "/tmp/x"]}}"#, "exec [cat /tmp/x]"),
            (r#"{"tcpSocket": {"port": 80}}"#, "tcp-socket :80"),
            (r#"{"tcpSocket": {"port": "web", "host": "db"}}"#, "tcp-socket db:web"),
            (r#"{"grpc": {"port": 9090, "service": "svc"}}"#, "grpc <pod>:9090 svc"),
            (r#"{"grpc": {"port": 9090}}"#, "grpc <pod>:9090 "),
            (r#"{"httpGet": {"port": "", "scheme": "HTTP"}}"#, "http-get http:"),
            (r#"{"httpGet": {"port": ""}}"#, "http-get "),
            ("{}", "unknown"),
        ] {
            assert_eq!(shown(probe), format!("{said} {NUMBERS}"));
        }
    }

    #[test]
    fn numbers_follow_the_handler() {
        let probe = r#"{
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
            "initialDelaySeconds": 5, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
            "failureThreshold": 3
        }"#;
        assert_eq!(shown(probe), "http-get http://:8080/healthz delay=5s timeout=1s period=10s #success=1 #failure=3");
    }

    #[test]
    fn urls_are_written_as_urls() {
        let url = |request: &str| url(&serde_json::from_str(request).unwrap());
        assert_eq!(url(r#"{"scheme": "HTTPS", "host": "::1", "port": "web", "path": "x"}"#), "https://[::1]:web/x");
        assert_eq!(url(r#"{"scheme": "HTTP", "port": 80, "path": "/ä b?c=d"}"#), "http://:80/%C3%A4%20b%3Fc=d");
        assert_eq!(url(r#"{"port": 80}"#), "//:80");
        assert_eq!(url(r#"{"port": "", "path": "/"}"#), "/");
        assert_eq!(url(r#"{"scheme": "HTTP", "port": "", "path": "/"}"#), "http:///");
    }
}
