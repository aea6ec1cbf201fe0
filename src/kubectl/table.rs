//! Tables of `kubectl get pods`.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    columns::{Row, row},
    tabwriter::{Columns, align, escape},
};
use crate::{api::PodManifest, time::Timestamp};

const HEADINGS: [&str; 9] =
    ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"];
// Columns of priority 0 in printPod's column definitions; wide output adds those of priority 1.
const NARROW: usize = 5;
const WIDE: usize = HEADINGS.len();

/// Widths of `kubectl get`: `GetNewTabWriter` in k8s.io/cli-runtime.
const COLUMNS: Columns = Columns { min_width: 6, padding: 3 };

/// Returns what `kubectl get pods` prints: a heading and a row for each Pod, or nothing without Pods.
///
/// ```
/// use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "creationTimestamp": "2026-03-01T12:00:00Z"},
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Pending"}
/// }"#)?;
/// let now: Timestamp = "2026-03-01T12:00:05Z".parse()?;
/// assert_eq!(
///     kubectl::table([&pod], now),
///     "NAME   READY   STATUS    RESTARTS   AGE\n\
///      web    0/1     Pending   0          5s\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn table<'a>(pods: impl IntoIterator<Item = &'a PodManifest>, now: Timestamp) -> String {
    table_of(pods, now, NARROW)
}

/// Returns what `kubectl get pods -o wide` prints: also address, node and readiness gates.
///
/// The nominated node is always `<none>`: a [`PodManifest`] does not contain it.
///
/// ```
/// use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "creationTimestamp": "2026-03-01T12:00:00Z"},
///     "spec": {
///         "containers": [{"name": "app", "image": "nginx"}], "nodeName": "node-1",
///         "readinessGates": [{"conditionType": "example.com/lb"}]
///     },
///     "status": {"phase": "Running", "podIP": "10.0.0.7"}
/// }"#)?;
/// let now: Timestamp = "2026-03-01T12:00:05Z".parse()?;
/// assert_eq!(
///     kubectl::wide_table([&pod], now),
///     "NAME   READY   STATUS    RESTARTS   AGE   IP         NODE     NOMINATED NODE   READINESS GATES\n\
///      web    0/1     Running   0          5s    10.0.0.7   node-1   <none>           0/1\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn wide_table<'a>(pods: impl IntoIterator<Item = &'a PodManifest>, now: Timestamp) -> String {
    table_of(pods, now, WIDE)
}

fn table_of<'a>(pods: impl IntoIterator<Item = &'a PodManifest>, now: Timestamp, columns: usize) -> String {
    let mut text = String::new();
    for pod in pods {
        // kubectl prints no heading without Pods; its "No resources found" goes to stderr.
        if text.is_empty() {
            push_line(&mut text, HEADINGS.into_iter().take(columns));
        }
        let Row { ready, status, restarts, age, readiness_gates } = row(pod, now);
        // kubectl prints `<none>` for addresses and nodes that are not set, but an empty STATUS as it is.
        let (name, ip, node) = (&*pod.metadata.name, or_none(address(pod)), or_none(&pod.spec.node_name));
        let cells = [name, &ready, &status, &restarts, &age, ip, node, "<none>", &readiness_gates];
        push_line(&mut text, cells.map(|cell| escape(&first_line(cell))).iter().map(String::as_str).take(columns));
    }
    align(&text, COLUMNS)
}

fn push_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        text.push_str(if index == 0 { "" } else { "\t" });
        text.push_str(cell);
    }
    text.push('\n');
}

/// Returns the first line of a cell, with dots for the others.
fn first_line(cell: &str) -> String {
    // TablePrinter in k8s.io/cli-runtime: a message in a cell must not break the row.
    match cell.split_once(['\u{c}', '\n', '\r']) {
        Some((first, _)) => format!("{first}..."),
        None => cell.to_string(),
    }
}

/// Returns `podIP`, or the first of `podIPs`.
fn address(pod: &PodManifest) -> &str {
    // printPod sees internal types, in which `podIP` has become the first of `podIPs`.
    let first = pod.status.pod_ips.first().map_or("", |address| &*address.ip);
    if pod.status.pod_ip.is_empty() { first } else { &pod.status.pod_ip }
}

fn or_none(cell: &str) -> &str {
    if cell.is_empty() { "<none>" } else { cell }
}
