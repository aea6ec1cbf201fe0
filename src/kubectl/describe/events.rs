//! The table of events.

use alloc::{borrow::Cow, collections::BTreeMap, format, string::String, vec::Vec};

use super::sheet::Sheet;
use crate::{api::PodManifestSpec, kubectl::age::age, status::RecordedEvent, time::Timestamp};

/// The events, the one that was said last at the end.
///
/// Answers to `DescribeEvents` in `k8s.io/kubectl/pkg/describe`.
pub(super) fn describe(sheet: &mut Sheet, spec: &PodManifestSpec, events: &[RecordedEvent], now: Timestamp) {
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
        let (about, message) = (about(event, &lists), event.message.trim());
        sheet.line(1, format_args!("{type_}\t{reason}\t{when}\tkubelet\t{about}{message}"));
    }
}

/// `2m (x3 over 5m)`, or `5m` for what was said once.
fn when(event: &RecordedEvent, now: Timestamp) -> String {
    let first = age(Some(event.first_seen), now);
    match event.count {
        0 | 1 => first,
        count => format!("{} (x{count} over {first})", age(Some(event.last_seen), now)),
    }
}

/// `spec.containers{app}: `, or nothing if the event is about the whole Pod.
///
/// Answers to `GenerateContainerRef` in `pkg/kubelet/container`.
fn about(event: &RecordedEvent, lists: &BTreeMap<&str, &str>) -> Cow<'static, str> {
    match event.container.as_deref() {
        None | Some("") => "".into(),
        Some(name) => match lists.get(name) {
            Some(list) => format!("spec.{list}{{{name}}}: ").into(),
            None => format!("implicitly required container {name}: ").into(),
        },
    }
}

/// The list of the spec in which each container stands.
fn lists(spec: &PodManifestSpec) -> BTreeMap<&str, &'static str> {
    [
        ("ephemeralContainers", &spec.ephemeral_containers),
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
    ]
    .into_iter()
    .flat_map(|(list, containers)| containers.iter().map(move |container| (&*container.name, list)))
    .collect()
}
