//! What of a life is compared, and how two of them differ.

use serde_json::{Value, json};

use crate::Difference;

/// What of a life is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The last status of each instant.
    Statuses,
    /// The calls of the runtime, without probes, hooks and removals.
    Runtime,
    /// The Kubernetes events.
    Events,
    /// Everything.
    Exact,
}

/// All levels, from the most visible to the strictest.
pub const LEVELS: [(Level, &str); 4] =
    [(Level::Statuses, "statuses"), (Level::Runtime, "runtime"), (Level::Events, "events"), (Level::Exact, "exact")];

/// The parts of a life that a level compares, each a list of entries.
fn parts(out: &Value, level: Level) -> Vec<(&'static str, Vec<Value>)> {
    let list = |name: &str| out[name].as_array().cloned().unwrap_or_default();
    let end = out["end"]["t"].as_f64();
    match level {
        Level::Statuses => vec![("statuses", last_of_each_instant(list("statuses")))],
        Level::Runtime => vec![("cri", list("cri").into_iter().filter(is_visible_call).collect())],
        Level::Events => vec![("events", list("events"))],
        Level::Exact => {
            let is_late_removal = |call: &Value| call["op"] == "RemoveContainer" && call["t"].as_f64() == end;
            vec![
                ("statuses", without_repeats(list("statuses"))),
                ("cri", list("cri").into_iter().filter(|call| !is_late_removal(call)).collect()),
                ("events", list("events")),
                ("syncs", list("syncs")),
            ]
        }
    }
}

fn is_visible_call(call: &Value) -> bool {
    let op = call["op"].as_str().unwrap_or_default();
    !op.starts_with('~') && op != "ExecSync" && op != "RemoveContainer"
}

/// A status equal to the one before it counts as none.
fn without_repeats(mut statuses: Vec<Value>) -> Vec<Value> {
    statuses.dedup_by(|after, before| normal(&after["status"]) == normal(&before["status"]));
    statuses
}

fn last_of_each_instant(statuses: Vec<Value>) -> Vec<Value> {
    let mut last: Vec<Value> = Vec::new();
    for status in statuses {
        match last.last_mut() {
            Some(before) if before["t"].as_f64() == status["t"].as_f64() => *before = status,
            _ => last.push(status),
        }
    }
    // An instant that ends as the one before it did shows nothing new.
    without_repeats(last)
}

/// The first entry that differs, with those before it.
pub(crate) fn compare(expected: &Value, ours: &Value, level: Level) -> Result<(), Difference> {
    for ((name, expected), (_, ours)) in parts(expected, level).into_iter().zip(parts(ours, level)) {
        let count = expected.len().max(ours.len());
        let differs = |place: &usize| match (expected.get(*place), ours.get(*place)) {
            (Some(one), Some(other)) => normal(one) != normal(other),
            _ => true,
        };
        let Some(place) = (0..count).find(differs) else { continue };
        let around = expected.iter().take(place).skip(place.saturating_sub(3));
        let or_end = |entries: &[Value]| entries.get(place).cloned().unwrap_or_else(|| json!("nothing more"));
        return Err(Difference {
            expected: or_end(&expected),
            got: or_end(&ours),
            places: std::iter::once(format!("{name}[{place}], after"))
                .chain(around.map(|entry| format!("  {entry}")))
                .collect(),
        });
    }
    Ok(())
}

/// Numbers by value, members that are nothing left out.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), normal(value)));
            Value::Object(members.filter(|(name, value)| !value.is_null() && !is_unset(name, value)).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(normal).collect()),
        Value::Number(number) => json!(number.as_f64()),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// A last state that says nothing is left out, and so is what does not come from the machine: the class of service is the
/// API server's, the others are the recorder's own runtime and node.
fn is_unset(name: &str, value: &Value) -> bool {
    const OF_OTHERS: [&str; 5] = ["qosClass", "podIP", "hostIP", "imageID", "resize"];
    OF_OTHERS.contains(&name)
        || ["lastState", "resources"].contains(&name) && *value == json!({})
        || name == "conditions" && *value == json!([])
}
