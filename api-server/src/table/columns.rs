//! Columns of kinds that are shown field by field (pkg/printers/internalversion), and of custom resources.

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    Shown::{self, Always, Wide},
    age_cell, text_or,
};
use crate::{object::Object, resource::Resource};

/// Content of a cell.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    Name,
    /// Time since a field.
    Age(&'static str),
    /// A text, or what stands for none.
    Text(&'static str, &'static str),
    /// A number, 0 if absent.
    Number(&'static str),
    /// Number of entries of maps or lists.
    Count(&'static [&'static str]),
    By(fn(&Object) -> Value),
}

use Cell::{Age, By, Count, Name, Number, Text};

pub(super) type FieldColumn = (&'static str, Shown, Cell);

const NAME: FieldColumn = ("Name", Always, Name);
const AGE: FieldColumn = ("Age", Always, Age("metadata.creationTimestamp"));
const CONTAINERS: FieldColumn = ("Containers", Wide, By(|object| template_texts(object, "name")));
const IMAGES: FieldColumn = ("Images", Wide, By(|object| template_texts(object, "image")));

/// Returns the columns of a resource that has some of its own.
pub(super) fn of(resource: &Resource) -> Option<&'static [FieldColumn]> {
    Some(match (&*resource.group, &*resource.plural) {
        ("apps", "deployments") => &[
            NAME,
            ("Ready", Always, By(|object| ready_of(object, "status.readyReplicas", "spec.replicas"))),
            ("Up-to-date", Always, Number("status.updatedReplicas")),
            ("Available", Always, Number("status.availableReplicas")),
            AGE,
            CONTAINERS,
            IMAGES,
        ],
        ("apps", "replicasets") | ("", "replicationcontrollers") => &[
            NAME,
            ("Desired", Always, Number("spec.replicas")),
            ("Current", Always, Number("status.replicas")),
            ("Ready", Always, Number("status.readyReplicas")),
            AGE,
            CONTAINERS,
            IMAGES,
        ],
        ("apps", "statefulsets") => &[
            NAME,
            ("Ready", Always, By(|object| ready_of(object, "status.readyReplicas", "spec.replicas"))),
            AGE,
            CONTAINERS,
            IMAGES,
        ],
        ("apps", "daemonsets") => &[
            NAME,
            ("Desired", Always, Number("status.desiredNumberScheduled")),
            ("Current", Always, Number("status.currentNumberScheduled")),
            ("Ready", Always, Number("status.numberReady")),
            ("Up-to-date", Always, Number("status.updatedNumberScheduled")),
            ("Available", Always, Number("status.numberAvailable")),
            AGE,
            CONTAINERS,
            IMAGES,
        ],
        ("batch", "jobs") => &[
            NAME,
            ("Status", Always, By(job_status)),
            ("Completions", Always, By(|job| ready_of(job, "status.succeeded", "spec.completions"))),
            AGE,
            CONTAINERS,
            IMAGES,
        ],
        ("batch", "cronjobs") => &[
            NAME,
            ("Schedule", Always, Text("spec.schedule", "")),
            ("Timezone", Always, Text("spec.timeZone", "<none>")),
            (
                "Suspend",
                Always,
                By(|job| (if job.get("spec.suspend") == Some(&true.into()) { "True" } else { "False" }).into()),
            ),
            ("Active", Always, Count(&["status.active"])),
            ("Last Schedule", Always, By(|job| text_or(job, "status.lastScheduleTime", "<none>"))),
            AGE,
        ],
        ("", "services") => &[
            NAME,
            ("Type", Always, Text("spec.type", "ClusterIP")),
            ("Cluster-IP", Always, Text("spec.clusterIP", "<none>")),
            ("External-IP", Always, Text("spec.externalName", "<none>")),
            ("Port(s)", Always, By(ports)),
            AGE,
        ],
        ("", "configmaps") => &[NAME, ("Data", Always, Count(&["data", "binaryData"])), AGE],
        ("", "secrets") => &[NAME, ("Type", Always, Text("type", "Opaque")), ("Data", Always, Count(&["data"])), AGE],
        ("", "serviceaccounts") => &[NAME, ("Secrets", Always, Count(&["secrets"])), AGE],
        ("", "persistentvolumeclaims") => &[
            NAME,
            ("Status", Always, Text("status.phase", "")),
            ("Volume", Always, Text("spec.volumeName", "")),
            ("Capacity", Always, Text("status.capacity.storage", "")),
            ("Access Modes", Always, By(|claim| joined(claim.items("status.accessModes")).into())),
            ("StorageClass", Always, Text("spec.storageClassName", "")),
            AGE,
        ],
        ("coordination.k8s.io", "leases") => &[NAME, ("Holder", Always, Text("spec.holderIdentity", "")), AGE],
        ("policy", "poddisruptionbudgets") => &[
            NAME,
            ("Min Available", Always, By(|budget| scalar_or(budget, "spec.minAvailable", "N/A"))),
            ("Max Unavailable", Always, By(|budget| scalar_or(budget, "spec.maxUnavailable", "N/A"))),
            ("Allowed Disruptions", Always, Number("status.disruptionsAllowed")),
            AGE,
        ],
        ("scheduling.k8s.io", "priorityclasses") => &[
            NAME,
            ("Value", Always, Number("value")),
            ("Global-Default", Always, By(|class| scalar_or(class, "globalDefault", "false"))),
            AGE,
        ],
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            &[NAME, ("Created At", Always, Text("metadata.creationTimestamp", ""))]
        }
        _ => return None,
    })
}

/// Returns a cell.
pub(super) fn cell(object: &Object, cell: Cell, now: Timestamp) -> Value {
    match cell {
        Name => object.name().into(),
        Age(field) => age_cell(object, field, now),
        Text(field, otherwise) => text_or(object, field, otherwise),
        Number(field) => object.number(field).unwrap_or_default().into(),
        Count(fields) => {
            fields.iter().fold(0, |count: usize, field| count.saturating_add(size(object.get(field)))).into()
        }
        By(compute) => compute(object),
    }
}

fn size(value: Option<&Value>) -> usize {
    value.map_or(0, |value| {
        let items = value.as_array().map(Vec::len);
        items.or_else(|| value.as_object().map(serde_json::Map::len)).unwrap_or_default()
    })
}

fn ready_of(object: &Object, ready: &str, all: &str) -> Value {
    let number = |field: &str| object.number(field).unwrap_or_default();
    format!("{}/{}", number(ready), number(all)).into()
}

fn scalar_or(object: &Object, field: &str, otherwise: &str) -> Value {
    match object.get(field) {
        Some(Value::String(text)) => text.clone().into(),
        Some(other) => other.to_string().into(),
        None => otherwise.into(),
    }
}

fn joined(items: &[Value]) -> String {
    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

fn template_texts(object: &Object, field: &str) -> Value {
    let containers = object.items("spec.template.spec.containers").iter();
    let texts: Vec<&str> = containers.filter_map(|container| container.get(field)?.as_str()).collect();
    texts.join(",").into()
}

fn job_status(job: &Object) -> Value {
    let has = |kind: &str| {
        job.items("status.conditions").iter().any(|condition| {
            condition.get("type").and_then(Value::as_str) == Some(kind)
                && condition.get("status").and_then(Value::as_str) == Some("True")
        })
    };
    let status = ["Complete", "Failed", "Suspended", "FailureTarget"].into_iter().find(|kind| has(kind));
    let terminating = job.is_being_deleted().then_some("Terminating");
    status.or(terminating).unwrap_or("Running").into()
}

fn ports(service: &Object) -> Value {
    let ports: Vec<String> = service
        .items("spec.ports")
        .iter()
        .map(|port| {
            let number = |field: &str| port.get(field).and_then(Value::as_i64);
            let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("TCP");
            let node = number("nodePort").map(|node| format!(":{node}")).unwrap_or_default();
            format!("{}{node}/{protocol}", number("port").unwrap_or_default())
        })
        .collect();
    if ports.is_empty() { "<none>".into() } else { ports.join(",").into() }
}

/// Column of a custom resource (`additionalPrinterColumns`).
pub(super) struct PrinterColumn<'a>(&'a Value);

impl PrinterColumn<'_> {
    /// Returns the columns that a resource's definition adds.
    pub(super) fn of(resource: &Resource) -> Vec<PrinterColumn<'_>> {
        resource.printer_columns.iter().map(PrinterColumn).collect()
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    pub(super) fn shown(&self) -> Shown {
        match self.0.get("priority").and_then(Value::as_i64) {
            Some(1..) => Wide,
            Some(_) | None => Always,
        }
    }

    pub(super) fn cell(&self, object: &Object, now: Timestamp) -> Value {
        let found = object.fields().get_path(self.text("jsonPath"));
        match (found, self.text("type")) {
            (Some(Value::String(time)), "date") => pod_lifecycle::kubectl::age(time.parse().ok(), now).into(),
            (Some(Value::Array(_) | Value::Object(_)), _) | (None, _) => Value::Null,
            (Some(value), "string") if !value.is_string() => value.to_string().into(),
            (Some(value), _) => value.clone(),
        }
    }
}

/// Evaluation of the JSON paths that printer columns have: fields, indexes, and a filter by one field.
trait JsonPath {
    fn get_path(&self, path: &str) -> Option<&Value>;
}

impl JsonPath for serde_json::Map<String, Value> {
    fn get_path(&self, path: &str) -> Option<&Value> {
        let (first, mut rest) = step(path)?;
        let mut value = self.get(first)?;
        while let Some((part, after)) = step(rest) {
            value = match part.strip_prefix("?(@.").and_then(|filter| filter.strip_suffix(')')) {
                Some(filter) => {
                    let (field, wanted) = filter.split_once("==")?;
                    let wanted = wanted.trim().trim_matches(['"', '\'']);
                    let mut items = value.as_array()?.iter();
                    items.find(|item| item.get(field.trim()).and_then(Value::as_str) == Some(wanted))?
                }
                None => match part.parse::<usize>() {
                    Ok(index) if value.is_array() => value.get(index)?,
                    Ok(_) | Err(_) => value.get(part)?,
                },
            };
            rest = after;
        }
        Some(value)
    }
}

/// Splits the first step off a path: `.field`, `[0]`, `['field']`, `[?(@.a=="b")]`.
fn step(path: &str) -> Option<(&str, &str)> {
    if let Some(inner) = path.strip_prefix('[') {
        let (part, rest) = inner.split_once(']')?;
        return Some((part.trim_matches(['"', '\'']), rest));
    }
    let path = path.strip_prefix('.').filter(|path| !path.is_empty())?;
    path.split_at_checked(path.find(['.', '[']).unwrap_or(path.len()))
}
