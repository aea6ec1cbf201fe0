//! The columns of events.

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    Columns,
    Shown::{Always, Wide},
    age_cell,
};
use crate::object::Object;

/// Answers to `printEvent`.
pub(super) const COLUMNS: Columns = Columns {
    columns: &[
        ("Last Seen", Always),
        ("Type", Always),
        ("Reason", Always),
        ("Object", Always),
        ("Subobject", Wide),
        ("Source", Wide),
        ("Message", Always),
        ("First Seen", Wide),
        ("Count", Wide),
        ("Name", Wide),
    ],
    cells,
};

fn cells(event: &Object, now: Timestamp) -> Vec<Value> {
    let first = if event.has("firstTimestamp") { "firstTimestamp" } else { "eventTime" };
    let last = match () {
        () if event.has("series") => "series.lastObservedTime",
        () if event.has("lastTimestamp") => "lastTimestamp",
        () => first,
    };
    let count = event.number("series.count").or_else(|| event.number("count")).filter(|count| *count > 0);
    vec![
        age_cell(event, last, now),
        event.text("type").into(),
        event.text("reason").into(),
        target(event).into(),
        event.text("involvedObject.fieldPath").into(),
        source(event).into(),
        event.text("message").trim().into(),
        age_cell(event, first, now),
        count.unwrap_or(1).into(),
        event.name().into(),
    ]
}

fn target(event: &Object) -> String {
    let kind = event.text("involvedObject.kind").to_lowercase();
    let name = event.text("involvedObject.name");
    if name.is_empty() { kind } else { format!("{kind}/{name}") }
}

fn source(event: &Object) -> String {
    let first = |fields: [&str; 2]| fields.map(|field| event.text(field)).into_iter().find(|text| !text.is_empty());
    let component = first(["source.component", "reportingComponent"]).unwrap_or_default();
    match first(["source.host", "reportingInstance"]) {
        None => component.into(),
        Some(instance) => format!("{component}, {instance}"),
    }
}
