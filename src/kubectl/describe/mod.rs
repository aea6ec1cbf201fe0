//! What `kubectl describe pod` prints.

mod container;
mod events;
mod probe;
mod sheet;

use alloc::{format, string::String, vec, vec::Vec};
use core::{fmt, iter};

use chrono::{DateTime, Utc};

use super::age::{ZERO_TIME, age};
use crate::{
    api::{PodCondition, PodManifest, PodStatus},
    status::{RecordedEvent, is_terminal},
    time::Timestamp,
};
use sheet::Sheet;

/// Describes a Pod and what was said about it as `kubectl describe pod` does, as far as its life is concerned.
///
/// The Pod is shown as it is: give one with defaults, as the API server would. Times are in UTC. Left out is what a
/// [`PodManifest`] does not hold: priority, owner, resources, environment, volumes, tolerations and the like.
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
        container::describe(&mut sheet, "Init Containers", &spec.init_containers, &status.init_container_statuses);
    }
    container::describe(&mut sheet, "Containers", &spec.containers, &status.container_statuses);
    if !spec.ephemeral_containers.is_empty() {
        let (containers, statuses) = (&spec.ephemeral_containers, &status.ephemeral_container_statuses);
        container::describe(&mut sheet, "Ephemeral Containers", containers, statuses);
    }
    readiness_gates(&mut sheet, pod);
    conditions(&mut sheet, "Conditions", status.conditions.iter().map(type_and_status));
    events::describe(&mut sheet, spec, events, now);
    sheet.finish()
}

/// Who the Pod is, where, and since when.
fn identity(sheet: &mut Sheet, pod: &PodManifest) {
    let metadata = &pod.metadata;
    sheet.field(0, "Name", &metadata.name);
    sheet.field(0, "Namespace", &metadata.namespace);
    sheet.field_if_any(0, "Service Account", &pod.spec.service_account_name);
    match &*pod.spec.node_name {
        "" => sheet.field(0, "Node", "<none>"),
        node => sheet.field(0, "Node", format_args!("{node}/{}", pod.status.host_ip)),
    }
    pod.status.start_time.iter().for_each(|start| sheet.field(0, "Start Time", time(Some(*start))));
    sheet.list("Labels", metadata.labels.iter().map(|(key, value)| format!("{key}={value}")));
    let annotations = metadata.annotations.iter().filter(|(key, _)| *key != LAST_APPLIED);
    sheet.list("Annotations", annotations.flat_map(|(key, value)| annotation(key, value)));
}

/// What `kubectl apply` leaves behind for itself.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An annotation in one line, or one that is too long for it below its key.
fn annotation(key: &str, value: &str) -> Vec<String> {
    const LONGEST: usize = 140;
    let value = value.strip_suffix('\n').unwrap_or(value);
    let length = key.len().saturating_add(value.len()).saturating_add(": ".len());
    if length <= LONGEST && !value.contains('\n') {
        return vec![format!("{key}: {value}")];
    }
    let in_part = |line: &str| match beginning(line, LONGEST.saturating_sub("  ".len())) {
        whole if whole == line => format!("  {line}"),
        beginning => format!("  {beginning}..."),
    };
    iter::once(format!("{key}:")).chain(value.split('\n').map(in_part)).collect()
}

/// At most so many bytes of a text, in whole characters.
fn beginning(text: &str, bytes: usize) -> &str {
    (0..=bytes).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// What the Pod is doing, and why.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
fn state(sheet: &mut Sheet, pod: &PodManifest, now: Timestamp) {
    let (metadata, status) = (&pod.metadata, &pod.status);
    if metadata.deletion_timestamp.is_some() && !is_terminal(status) {
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
    sheet.field(0, "IP", &status.pod_ip);
    if status.pod_ips.is_empty() {
        sheet.field(0, "IPs", "<none>");
        return;
    }
    sheet.line(0, "IPs:");
    status.pod_ips.iter().for_each(|address| sheet.field(1, "IP", &address.ip));
}

/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>
fn readiness_gates(sheet: &mut Sheet, pod: &PodManifest) {
    let gates = pod.spec.readiness_gates.iter().map(|gate| {
        let condition = pod.status.conditions.iter().find(|condition| condition.type_ == gate.condition_type);
        (&*gate.condition_type, condition.map_or("<none>", |condition| condition.status.as_str()))
    });
    conditions(sheet, "Readiness Gates", gates);
}

/// A table of types and statuses, if there are any.
fn conditions<'a>(sheet: &mut Sheet, label: &str, conditions: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut conditions = conditions.peekable();
    if conditions.peek().is_some() {
        sheet.line(0, format_args!("{label}:"));
        sheet.line(1, "Type\tStatus");
        conditions.for_each(|(type_, status)| sheet.line(1, format_args!("{type_} \t{status} ")));
    }
}

fn type_and_status(condition: &PodCondition) -> (&str, &str) {
    (&condition.type_, condition.status.as_str())
}

/// A point in time in RFC 1123's form, in UTC; one that is not set is the first moment of the year 1.
fn time(time: Option<Timestamp>) -> impl fmt::Display {
    DateTime::<Utc>::from(time.unwrap_or(ZERO_TIME)).format("%a, %d %b %Y %H:%M:%S +0000")
}

#[cfg(test)]
mod tests;
