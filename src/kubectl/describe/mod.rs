//! `kubectl describe pod` (`PodDescriber` in k8s.io/kubectl/pkg/describe).

mod containers;
#[cfg(test)]
mod tests;

use alloc::{borrow::Cow, collections::BTreeMap, format, string::String, vec, vec::Vec};
use core::{fmt, iter};

use chrono::{DateTime, Utc};

use super::{
    age::{ZERO_TIME, age},
    tabwriter::Sheet,
};
use crate::{
    api::{PodCondition, PodManifest, PodManifestSpec, PodStatus},
    status::{RecordedEvent, is_terminal},
    time::Timestamp,
};

/// Returns what `kubectl describe pod` prints of a Pod and its events, as far as the lifecycle is concerned.
///
/// Pass a Pod with defaults, as the API server returns it. Times are in UTC. Fields that a [`PodManifest`] does not
/// contain are left out: priority, resources, environment, volumes, tolerations and the like.
///
/// <https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/>
///
/// Answers to `describePod` in `k8s.io/kubectl/pkg/describe`.
///
/// ```
/// use pod_lifecycle::{Timestamp, api::PodManifest, status::{EventType, RecordedEvent}, kubectl::describe};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "namespace": "prod"},
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
/// }"#)?;
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let evicted = RecordedEvent::once(EventType::Warning, "Evicted", None, "The node was low on memory.", noon);
/// let text = describe(&pod, &[evicted], "2026-03-01T12:05:00Z".parse()?);
/// assert!(text.contains("Status:       Failed\nReason:       Evicted\n"));
/// assert!(text.contains("  Warning  Evicted  5m    kubelet  The node was low on memory.\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn describe(pod: &PodManifest, events: &[RecordedEvent], now: Timestamp) -> String {
    let (spec, status) = (&pod.spec, &pod.status);
    let mut sheet = Sheet::default();
    identity(&mut sheet, pod);
    state(&mut sheet, pod, now);
    addresses(&mut sheet, status);
    if !spec.init_containers.is_empty() {
        containers::describe(&mut sheet, "Init Containers", &spec.init_containers, &status.init_container_statuses);
    }
    containers::describe(&mut sheet, "Containers", &spec.containers, &status.container_statuses);
    if !spec.ephemeral_containers.is_empty() {
        let (containers, statuses) = (&spec.ephemeral_containers, &status.ephemeral_container_statuses);
        containers::describe(&mut sheet, "Ephemeral Containers", containers, statuses);
    }
    readiness_gates(&mut sheet, pod);
    conditions(&mut sheet, "Conditions", status.conditions.iter().map(type_and_status));
    describe_events(&mut sheet, spec, events, now);
    sheet.finish()
}

/// Writes names, node, start time, labels and annotations.
fn identity(sheet: &mut Sheet, pod: &PodManifest) {
    let metadata = &pod.metadata;
    sheet.field(0, "Name", &metadata.name);
    sheet.field(0, "Namespace", &metadata.namespace);
    sheet.field_if_any(0, "Service Account", &pod.spec.service_account_name);
    match &*pod.spec.node_name {
        "" => sheet.field(0, "Node", "<none>"),
        // The slash stays if the kubelet has not reported the host's address yet.
        node => sheet.field(0, "Node", format_args!("{node}/{}", pod.status.host_ip)),
    }
    pod.status.start_time.iter().for_each(|start| sheet.field(0, "Start Time", time(Some(*start))));
    sheet.list("Labels", metadata.labels.iter().map(|(key, value)| format!("{key}={value}")));
    // Labels and annotations are sorted by key, as in kubectl.
    let annotations = metadata.annotations.iter().filter(|(key, _)| *key != LAST_APPLIED);
    sheet.list("Annotations", annotations.flat_map(|(key, value)| annotation(key, value)));
}

/// Annotation that `kubectl apply` keeps for itself.
// skipAnnotations in k8s.io/kubectl/pkg/describe: it repeats the whole manifest.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns an annotation in one line, or its value below its key if it is too long.
fn annotation(key: &str, value: &str) -> Vec<String> {
    // maxAnnotationLen in k8s.io/kubectl/pkg/describe.
    const LONGEST: usize = 140;
    let value = value.strip_suffix('\n').unwrap_or(value);
    let length = key.len().saturating_add(value.len()).saturating_add(": ".len());
    if length <= LONGEST && !value.contains('\n') {
        return vec![format!("{key}: {value}")];
    }
    let part = |line: &str| match beginning(line, LONGEST.saturating_sub("  ".len())) {
        whole if whole == line => format!("  {line}"),
        beginning => format!("  {beginning}..."),
    };
    iter::once(format!("{key}:")).chain(value.split('\n').map(part)).collect()
}

/// Returns at most so many bytes of a text, without splitting a character.
fn beginning(text: &str, bytes: usize) -> &str {
    // kubectl cuts between bytes; a Rust string has to be cut at the last whole character.
    (0..=bytes).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Writes phase or deletion, reason and message.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
fn state(sheet: &mut Sheet, pod: &PodManifest, now: Timestamp) {
    let (metadata, status) = (&pod.metadata, &pod.status);
    if metadata.deletion_timestamp.is_some() && !is_terminal(status) {
        // deletionTimestamp is the end of the grace period, not the time of the request: before it, kubectl prints
        // `lasts <invalid>`.
        sheet.field(0, "Status", format_args!("Terminating (lasts {})", age(metadata.deletion_timestamp, now)));
        let grace = metadata.deletion_grace_period_seconds.iter();
        grace.for_each(|grace| sheet.field(0, "Termination Grace Period", format_args!("{grace}s")));
    } else {
        sheet.field(0, "Status", status.phase.as_ref().map_or("", |phase| phase.as_str()));
    }
    sheet.field_if_any(0, "Reason", &status.reason);
    sheet.field_if_any(0, "Message", &status.message);
}

fn addresses(sheet: &mut Sheet, status: &PodStatus) {
    // kubectl prints the older field always, even if empty; only the list has a `<none>`.
    sheet.field(0, "IP", &status.pod_ip);
    if status.pod_ips.is_empty() {
        sheet.field(0, "IPs", "<none>");
        return;
    }
    sheet.line(0, "IPs:");
    status.pod_ips.iter().for_each(|address| sheet.field(1, "IP", &address.ip));
}

/// Writes the table of readiness gates with the statuses of their conditions.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>
fn readiness_gates(sheet: &mut Sheet, pod: &PodManifest) {
    let gates = pod.spec.readiness_gates.iter().map(|gate| {
        let condition = pod.status.conditions.iter().find(|condition| condition.type_ == gate.condition_type);
        (&*gate.condition_type, condition.map_or("<none>", |condition| condition.status.as_str()))
    });
    conditions(sheet, "Readiness Gates", gates);
}

/// Writes a table of types and statuses, if there are any.
fn conditions<'a>(sheet: &mut Sheet, label: &str, conditions: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut conditions = conditions.peekable();
    if conditions.peek().is_some() {
        sheet.line(0, format_args!("{label}:"));
        sheet.line(1, "Type\tStatus");
        // kubectl has blanks after both cells.
        conditions.for_each(|(type_, status)| sheet.line(1, format_args!("{type_} \t{status} ")));
    }
}

fn type_and_status(condition: &PodCondition) -> (&str, &str) {
    (&condition.type_, condition.status.as_str())
}

/// Formats a time as RFC 1123 does, in UTC; without one, Go's zero time.
fn time(time: Option<Timestamp>) -> impl fmt::Display {
    DateTime::<Utc>::from(time.unwrap_or(ZERO_TIME)).format("%a, %d %b %Y %H:%M:%S +0000")
}

/// Writes the table of events, sorted by their last occurrence.
///
/// Answers to `DescribeEvents` in `k8s.io/kubectl/pkg/describe`.
fn describe_events(sheet: &mut Sheet, spec: &PodManifestSpec, events: &[RecordedEvent], now: Timestamp) {
    if events.is_empty() {
        sheet.field(0, "Events", "<none>");
        return;
    }
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|event| event.last_seen);
    let lists = lists(spec);
    sheet.line(0, "Events:");
    sheet.line(1, "Type\tReason\tAge\tFrom\tMessage");
    sheet.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let (type_, reason, when) = (event.type_, &event.reason, when(event, now));
        let (path, message) = (field_path(event, &lists), event.message.trim());
        sheet.line(1, format_args!("{type_}\t{reason}\t{when}\tkubelet\t{path}{message}"));
    }
}

/// Returns `2m (x3 over 5m)`, or `5m` for a single occurrence.
fn when(event: &RecordedEvent, now: Timestamp) -> String {
    let first = age(Some(event.first_seen), now);
    match event.count {
        // The events.k8s.io API leaves the count of a single event at 0.
        0 | 1 => first,
        count => format!("{} (x{count} over {first})", age(Some(event.last_seen), now)),
    }
}

/// Returns `spec.containers{app}: `, or nothing for an event of the whole Pod.
///
/// Answers to `GenerateContainerRef` in `pkg/kubelet/container`.
fn field_path(event: &RecordedEvent, lists: &BTreeMap<&str, &str>) -> Cow<'static, str> {
    match event.container.as_deref() {
        None | Some("") => "".into(),
        // The form of `involvedObject.fieldPath`; a container that is not in the spec gets the kubelet's
        // ImplicitContainerPrefix.
        Some(name) => match lists.get(name) {
            Some(list) => format!("spec.{list}{{{name}}}: ").into(),
            None => format!("implicitly required container {name}: ").into(),
        },
    }
}

/// Returns the list of the spec that contains each container.
fn lists(spec: &PodManifestSpec) -> BTreeMap<&str, &'static str> {
    [
        // The last entry of a name wins, so the order is the reverse of `fieldPath` in pkg/kubelet/container/ref.go.
        ("ephemeralContainers", &spec.ephemeral_containers),
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
    ]
    .into_iter()
    .flat_map(|(list, containers)| containers.iter().map(move |container| (&*container.name, list)))
    .collect()
}
