//! Objects as the rows of a table: the columns that `kubectl get` prints.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>

mod columns;
mod event;
mod node;
mod pod;

use std::sync::Arc;

use pod_lifecycle::{Timestamp, kubectl::age};
use serde_json::{Map, Value, json};

use super::{convert, object::Object, query::IncludeObject, resource::Resource, view};

/// A column: its name, and whether it is shown only if much is asked for (`-o wide`).
type Column = (&'static str, Shown);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Always,
    /// With `-o wide`.
    Wide,
}

/// What is shown of the objects of a resource.
struct Columns {
    columns: &'static [Column],
    cells: fn(&Object, Timestamp) -> Vec<Value>,
}

const PLAIN: Columns = Columns {
    columns: &[("Name", Shown::Always), ("Age", Shown::Always)],
    cells: |object, now| vec![object.name().into(), age_cell(object, "metadata.creationTimestamp", now)],
};

const NAMESPACE: Columns = Columns {
    columns: &[("Name", Shown::Always), ("Status", Shown::Always), ("Age", Shown::Always)],
    cells: |object, now| {
        let status = object.text("status.phase").into();
        vec![object.name().into(), status, age_cell(object, "metadata.creationTimestamp", now)]
    },
};

fn columns_of(resource: &Resource) -> Columns {
    if resource.is("", "pods") {
        pod::COLUMNS
    } else if resource.is("", "nodes") {
        node::COLUMNS
    } else if resource.is("", "namespaces") {
        NAMESPACE
    } else if resource.is("", "events") || resource.is("events.k8s.io", "events") {
        event::COLUMNS
    } else {
        PLAIN
    }
}

/// `meta.k8s.io/v1` `Table`: the columns, and a row for each object.
pub(super) fn table(
    resource: &Resource,
    objects: &[Arc<Object>],
    metadata: Map<String, Value>,
    include: IncludeObject,
    now: Timestamp,
) -> Value {
    let (definitions, cells) = rows_of(resource, now);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| match include {
            IncludeObject::Nothing => json!({"cells": cells(object), "object": null}),
            IncludeObject::Metadata => json!({"cells": cells(object), "object": view::metadata(object)}),
            IncludeObject::Object => {
                json!({"cells": cells(object), "object": convert::outgoing(resource, object).into_value()})
            }
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// Makes the cells of an object.
type Cells<'r> = Box<dyn Fn(&Object) -> Vec<Value> + 'r>;

/// Returns the column definitions, and what makes an object's cells.
fn rows_of(resource: &Resource, now: Timestamp) -> (Vec<Value>, Cells<'_>) {
    let added = columns::PrinterColumn::of(resource);
    if let Some(fields) = columns::of(resource) {
        let definitions = fields.iter().map(|(name, shown, _)| definition(name, *shown)).collect();
        let cells = move |object: &Object| fields.iter().map(|column| columns::cell(object, column.2, now)).collect();
        return (definitions, Box::new(cells));
    }
    if added.is_empty() {
        let Columns { columns, cells } = columns_of(resource);
        let definitions = columns.iter().map(|(name, shown)| definition(name, *shown)).collect();
        return (definitions, Box::new(move |object| cells(object, now)));
    }
    let named = added.iter().map(|column| definition(column.name(), column.shown()));
    let definitions = std::iter::once(definition("Name", Shown::Always)).chain(named).collect();
    let cells = move |object: &Object| {
        let own = added.iter().map(|column| column.cell(object, now));
        std::iter::once(object.name().into()).chain(own).collect()
    };
    (definitions, Box::new(cells))
}

fn definition(name: &str, shown: Shown) -> Value {
    let format = if name == "Name" { "name" } else { "" };
    let priority = u8::from(shown == Shown::Wide);
    json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority})
}

/// How long ago a time of an object was.
fn age_cell(object: &Object, field: &str, now: Timestamp) -> Value {
    age(object.text(field).parse().ok(), now).into()
}

fn text_or(object: &Object, field: &str, otherwise: &str) -> Value {
    let text = object.text(field);
    if text.is_empty() { otherwise.into() } else { text.into() }
}
