//! Suite `kubectl`: the row that `kubectl get pods` shows.

use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Line {
    r#in: Input,
    out: Columns,
}

#[derive(Deserialize)]
struct Input {
    pod: PodManifest,
    now: Timestamp,
}

#[derive(Deserialize)]
struct Columns {
    ready: Option<String>,
    status: Option<String>,
    restarts: Option<String>,
    age: Option<String>,
}

/// Compares one recorded line with what the library answers; an `out` that holds only some columns is compared on those.
pub(crate) fn check(line: &Value) -> Result<(), String> {
    let Line { r#in, out } = Line::deserialize(line).map_err(|error| error.to_string())?;
    let row = kubectl::row(&r#in.pod, r#in.now);
    let columns = [
        ("ready", out.ready, row.ready),
        ("status", out.status, row.status),
        ("restarts", out.restarts, row.restarts),
        ("age", out.age, row.age),
    ];
    let recorded: Vec<_> =
        columns.into_iter().filter_map(|(name, expected, got)| Some((name, expected?, got))).collect();
    if recorded.is_empty() {
        return Err("out holds no column".into());
    }
    let different: Vec<_> = recorded
        .iter()
        .filter(|(_, expected, got)| expected != got)
        .map(|(name, expected, got)| format!("{name}: expected {expected:?}, got {got:?}"))
        .collect();
    if different.is_empty() { Ok(()) } else { Err(different.join("\n")) }
}
