//! May the container be started now, or is it held back?

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use pod_lifecycle::{
    api,
    config::BackOffLimits,
    rule::back_off::BackOff,
    spec::PodSpec,
    state::{ContainerRecord, FailureMessage, RecordedState, StartError, StartFailure, Waiting},
    status::{NumberedInstances, container_status},
};
use serde_json::{Value, json};

use crate::{
    Difference,
    compare::{Extent, compare},
    lower::{Lowered, read, second},
};

/// Asks one line again.
pub(crate) fn check(line: &Value) -> Result<(), Difference> {
    compare(line, answer(&line["in"]), Extent::Partial)
}

fn answer(question: &Value) -> Lowered<Value> {
    let seconds = |field: &str| read(&question[field], field).map(Duration::from_secs);
    let limits = BackOffLimits {
        initial: seconds("initialSeconds")?,
        max: seconds("maxSeconds")?,
        reset_after: seconds("expireSeconds")?,
    };
    let spec = the_pod()?;
    let mut counters: BTreeMap<&str, BackOff> = BTreeMap::new();
    let mut steps = Vec::new();
    for step in question["steps"].as_array().ok_or("no steps")? {
        let now = second(&step["now"]).ok_or("a step without a time")?;
        if step["action"] == "gc" {
            counters.retain(|_, counter| !counter.is_forgotten(&limits, now));
            steps.push(Value::Null);
            continue;
        }
        let image = step["image"].as_str().unwrap_or_default();
        let mut until = None;
        if let Some(finished_at) = second(&step["finishedAt"]) {
            let counter = counters.get(image).copied();
            until = counter.and_then(|counter| counter.holds_until(&limits, finished_at, now));
            if until.is_none() {
                counters.insert(image, BackOff::advanced(counter, &limits, finished_at, now));
            }
        }
        let delay = counters.get(image).map_or(Duration::ZERO, BackOff::delay);
        let failure =
            StartFailure { error: StartError::CrashLoopBackOff, message: FailureMessage::RestartBackOff { delay } };
        let message = until.map(|_| message(&spec, failure));
        steps.push(json!({
            "inBackOff": until.is_some(),
            "currentDelay": delay.as_secs(),
            "message": message.unwrap_or_default(),
            "backoffUntil": until.map(|until| until.unix_micros() as f64 / 1e6),
        }));
    }
    Ok(json!({ "steps": steps }))
}

/// The message of the first container, waiting since its last start failed.
fn message(spec: &PodSpec, failure: StartFailure) -> String {
    let record = ContainerRecord {
        state: Some(RecordedState::Waiting(Waiting::Failed(Arc::new(failure)))),
        last_state: None,
        restart_count: 0,
        instance: None,
        started: None,
        ready: false,
    };
    let status = container_status(spec, 0.into(), &record, &NumberedInstances(spec));
    status.state.waiting.unwrap_or_default().message
}

/// The Pod that all scripts are about.
fn the_pod() -> Lowered<PodSpec> {
    let pod: api::PodManifest = read(
        &json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "uid-1"},
            "spec": {"containers": [{"name": "app", "image": "img:1"}]},
        }),
        "pod",
    )?;
    PodSpec::from_admitted(&pod).map_err(|error| error.to_string())
}
