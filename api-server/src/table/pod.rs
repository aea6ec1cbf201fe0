//! The columns of Pods, as the core reads them off.

use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
use serde_json::Value;

use super::{
    Columns,
    Shown::{Always, Wide},
    text_or,
};
use crate::{object::Object, state};

pub(super) const COLUMNS: Columns = Columns {
    columns: &[
        ("Name", Always),
        ("Ready", Always),
        ("Status", Always),
        ("Restarts", Always),
        ("Age", Always),
        ("IP", Wide),
        ("Node", Wide),
        ("Nominated Node", Wide),
        ("Readiness Gates", Wide),
    ],
    cells,
};

fn cells(pod: &Object, now: Timestamp) -> Vec<Value> {
    // A status that the core cannot read is shown as if there were none.
    let manifest: PodManifest = state::read(pod).unwrap_or_default();
    let row = kubectl::row(&manifest, now);
    let ip = manifest.status.pod_ips.first().map_or("", |address| &address.ip);
    let ip = if ip.is_empty() { text_or(pod, "status.podIP", "<none>") } else { ip.into() };
    vec![
        pod.name().into(),
        row.ready.into(),
        row.status.into(),
        row.restarts.into(),
        row.age.into(),
        ip,
        text_or(pod, "spec.nodeName", "<none>"),
        text_or(pod, "status.nominatedNodeName", "<none>"),
        row.readiness_gates.into(),
    ]
}
