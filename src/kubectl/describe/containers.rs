//! Containers and their probes: `describeContainers`, `DescribeProbe` (k8s.io/kubectl/pkg/describe).

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Sheet, time};
use crate::api::{
    Container, ContainerPort, ContainerState, ContainerStateTerminated, ContainerStatus, HttpGetAction, IntOrString,
    Probe,
};

/// Writes one list of containers, each with its status if it has one.
///
/// Answers to `describeContainers` in `k8s.io/kubectl/pkg/describe`.
pub(super) fn describe(sheet: &mut Sheet, label: &str, containers: &[Container], statuses: &[ContainerStatus]) {
    let statuses: BTreeMap<&str, &ContainerStatus> = statuses.iter().map(|status| (&*status.name, status)).collect();
    // A blank instead of a tab: this line opens no column.
    sheet.line(0, format_args!("{label}:{}", if containers.is_empty() { " <none>" } else { "" }));
    for container in containers {
        let status = statuses.get(&*container.name).copied();
        sheet.line(1, format_args!("{}:", container.name));
        basics(sheet, container, status);
        words(sheet, "Command", &container.command);
        words(sheet, "Args", &container.args);
        if let Some(status) = status {
            runtime_state(sheet, status);
        }
        for (label, probe) in [
            ("Liveness", &container.liveness_probe),
            ("Readiness", &container.readiness_probe),
            ("Startup", &container.startup_probe),
        ] {
            probe.iter().for_each(|probe| sheet.field(2, label, probe_line(probe)));
        }
        mounts(sheet, container);
    }
}

fn basics(sheet: &mut Sheet, container: &Container, status: Option<&ContainerStatus>) {
    status.iter().for_each(|status| sheet.field(2, "Container ID", &status.container_id));
    sheet.field(2, "Image", &container.image);
    status.iter().for_each(|status| sheet.field(2, "Image ID", &status.image_id));
    ports(sheet, "Port", &container.ports, |port| port.container_port);
    // A port that is not on the host has hostPort 0 and is printed as `0/TCP`.
    ports(sheet, "Host Port", &container.ports, |port| port.host_port);
}

fn ports(sheet: &mut Sheet, label: &str, ports: &[ContainerPort], number: fn(&ContainerPort) -> i32) {
    let describe_port = |port: &ContainerPort| {
        let protocol = port.protocol.as_ref().map_or("", |protocol| protocol.as_str());
        let name = if port.name.is_empty() { String::new() } else { format!(" ({})", port.name) };
        format!("{}/{protocol}{name}", number(port))
    };
    match ports {
        [] => sheet.field(2, label, "<none>"),
        [port] => sheet.field(2, label, describe_port(port)),
        ports => sheet.field(2, &format!("{label}s"), ports.iter().map(describe_port).collect::<Vec<_>>().join(", ")),
    }
}

/// Writes a command line, one word per line.
fn words(sheet: &mut Sheet, label: &str, words: &[String]) {
    if words.is_empty() {
        return;
    }
    sheet.line(2, format_args!("{label}:"));
    // A word with line ends, such as a script, would break the indent: kubectl splits it.
    words.iter().flat_map(|word| word.split('\n')).for_each(|line| sheet.line(3, line));
}

/// Writes state, last state, readiness and restarts.
fn runtime_state(sheet: &mut Sheet, status: &ContainerStatus) {
    state(sheet, "State", &status.state);
    if status.last_state.terminated.is_some() {
        state(sheet, "Last State", &status.last_state);
    }
    sheet.field(2, "Ready", if status.ready { "True" } else { "False" });
    sheet.field(2, "Restart Count", status.restart_count);
}

/// Writes a state in one word, with its details below.
///
/// Answers to `describeStatus` in `k8s.io/kubectl/pkg/describe`.
fn state(sheet: &mut Sheet, label: &str, state: &ContainerState) {
    match state {
        // describeStatus asks in this order, in case that a status has more than one member.
        ContainerState { running: Some(running), .. } => {
            sheet.field(2, label, "Running");
            sheet.field(3, "Started", time(running.started_at));
        }
        ContainerState { waiting: Some(waiting), .. } => {
            sheet.field(2, label, "Waiting");
            sheet.field_if_any(3, "Reason", &waiting.reason);
        }
        ContainerState { terminated: Some(end), .. } => {
            sheet.field(2, label, "Terminated");
            termination(sheet, end);
        }
        // A state without any member means waiting, by the API's definition.
        _ => sheet.field(2, label, "Waiting"),
    }
}

fn termination(sheet: &mut Sheet, end: &ContainerStateTerminated) {
    sheet.field_if_any(3, "Reason", &end.reason);
    sheet.field_if_any(3, "Message", &end.message);
    sheet.field(3, "Exit Code", end.exit_code);
    if end.signal > 0 {
        sheet.field(3, "Signal", end.signal);
    }
    // Both times are printed even if they are not set, as Go's zero time: ContainerStatusUnknown has none.
    sheet.field(3, "Started", time(end.started_at));
    sheet.field(3, "Finished", time(end.finished_at));
}

fn mounts(sheet: &mut Sheet, container: &Container) {
    let mut mounts: Vec<_> = container.volume_mounts.iter().collect();
    // SortableVolumeMounts: by path, not by name.
    mounts.sort_by_key(|mount| &mount.mount_path);
    sheet.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let access = if mount.read_only { "ro" } else { "rw" };
        sheet.line(3, format_args!("{} from {} ({access})", mount.mount_path, mount.name));
    }
}

/// Returns a probe in one line: handler, then numbers, 0 for those that are not set.
///
/// Answers to `DescribeProbe` in `k8s.io/kubectl/pkg/describe`.
fn probe_line(probe: &Probe) -> String {
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
        // Go's `%v` of a slice: brackets around, blanks between, no quotes.
        Probe { exec: Some(exec), .. } => format!("exec [{}]", exec.command.join(" ")),
        Probe { http_get: Some(http_get), .. } => format!("http-get {}", url(http_get)),
        Probe { tcp_socket: Some(tcp), .. } => format!("tcp-socket {}:{}", tcp.host, port(&tcp.port)),
        // `<pod>` is kubectl's placeholder for the Pod's address, and the blank after the port stays without a service.
        Probe { grpc: Some(grpc), .. } => {
            format!("grpc <pod>:{} {}", grpc.port, grpc.service.as_deref().unwrap_or_default())
        }
        _ => "unknown".into(),
    }
}

/// Returns the URL as Go's `url.URL` writes it, without a host if that is the Pod's own address.
fn url(request: &HttpGetAction) -> String {
    let scheme = request.scheme.as_ref().map_or(String::new(), |scheme| scheme.as_str().to_lowercase() + ":");
    // The kept characters are those of `shouldEscape` in net/url, for a host and then for a path. `?` is encoded, since
    // kubectl puts the whole path into `URL.Path`.
    let host = percent_encoded(&authority(&request.host, &port(&request.port)), "!$&'()*+,;=:[]<>\"");
    let path = percent_encoded(&request.path, "$&+,/:;=@");
    // As `URL.String`: two slashes only before a host, or before a path after a scheme.
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
    // net.JoinHostPort, which brackets IPv6 addresses.
    match (host, port) {
        // DescribeProbe leaves JoinHostPort out if the port is the empty string.
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

/// Encodes all bytes as `%XX` but letters, digits, `-_.~` and the characters of `kept`.
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
        probe_line(&serde_json::from_str(probe).unwrap())
    }

    #[test]
    fn each_handler_has_its_own_form() {
        const NUMBERS: &str = "delay=0s timeout=0s period=0s #success=0 #failure=0";
        for (probe, expected) in [
            (r#"{"exec": {"command": ["cat", "/tmp/x"]}}"#, "exec [cat /tmp/x]"),
            (r#"{"tcpSocket": {"port": 80}}"#, "tcp-socket :80"),
            (r#"{"tcpSocket": {"port": "web", "host": "db"}}"#, "tcp-socket db:web"),
            (r#"{"grpc": {"port": 9090, "service": "svc"}}"#, "grpc <pod>:9090 svc"),
            (r#"{"grpc": {"port": 9090}}"#, "grpc <pod>:9090 "),
            (r#"{"httpGet": {"port": "", "scheme": "HTTP"}}"#, "http-get http:"),
            (r#"{"httpGet": {"port": ""}}"#, "http-get "),
            ("{}", "unknown"),
        ] {
            assert_eq!(shown(probe), format!("{expected} {NUMBERS}"));
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
