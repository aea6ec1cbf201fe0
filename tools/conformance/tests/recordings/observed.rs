//! The statuses that a real kubelet published, as recorded in `tests/vectors/lives`.

use std::{fs::File, io::Read, path::Path, time::Duration};

use flate2::read::MultiGzDecoder;
use pod_lifecycle::{Timestamp, api::PodManifest};
use serde_json::{Value, json};

/// When the recorded lives begin.
const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// A moment of a recorded life.
pub(crate) struct Moment {
    /// Which life it is of.
    pub(crate) name: String,
    /// When it was.
    pub(crate) at: Timestamp,
    /// The object that an API server had.
    pub(crate) object: PodManifest,
    /// The containers that were started later, and when.
    pub(crate) starts: Vec<(String, Timestamp)>,
}

/// Every moment of the recorded lives at which something was published.
pub(crate) fn moments() -> Vec<Moment> {
    let lives = ["named", "traces", "kubelet-restart"].into_iter().flat_map(lives_of);
    lives.flat_map(|(name, life)| moments_of(&name, &life)).collect()
}

/// Every object that an API server had during the recorded lives: the life it is from, and the object.
pub(crate) fn objects() -> Vec<(String, PodManifest)> {
    moments().into_iter().map(|moment| (moment.name, moment.object)).collect()
}

fn lives_of(recording: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/lives/{recording}.jsonl.gz"));
    let mut text = String::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let lives = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lives.map(|life| (format!("{recording} {} {}", life["id"], life["name"]), life)).collect()
}

fn moments_of(name: &str, life: &Value) -> Vec<Moment> {
    let statuses = life["out"]["statuses"].as_array().unwrap();
    // What follows at the same instant is there before anybody can look.
    let is_last = |place: &usize| statuses.get(place + 1).is_none_or(|next| next["t"] != statuses[*place]["t"]);
    let seen = (0..statuses.len()).filter(is_last).map(|place| &statuses[place]);
    let objects = seen.map(|published| {
        let mut object = life["in"]["pod"].clone();
        object["spec"]["nodeName"] = json!("node-1");
        object["status"] = dated(&published["status"]);
        if let Some(deletion) = deletion(life, &published["t"]) {
            object["metadata"]["deletionTimestamp"] = json!(deletion);
        }
        let at = time(&published["t"]);
        let calls = life["out"]["cri"].as_array().unwrap().iter();
        let starts = calls.filter(|call| call["op"] == "StartContainer" && time(&call["t"]) > at);
        let starts = starts.map(|call| (call["container"].as_str().unwrap().to_owned(), time(&call["t"])));
        let name = format!("{name} at {}", published["t"]);
        Moment { name, at, object: serde_json::from_value(object).unwrap(), starts: starts.collect() }
    });
    objects.collect()
}

fn time(second: &Value) -> Timestamp {
    START + Duration::from_secs_f64(second.as_f64().unwrap())
}

/// When the Pod is to be gone, if it was deleted by then.
fn deletion(life: &Value, by: &Value) -> Option<Timestamp> {
    let actions = life["in"]["script"]["actions"].as_array()?.iter();
    let mut deletions = actions.filter(|action| action["op"] == "delete" && action["t"].as_f64() <= by.as_f64());
    let last = deletions.next_back()?;
    Some(START + Duration::from_secs_f64(last["t"].as_f64()? + last["graceSeconds"].as_f64()?))
}

/// Seconds of the recording's clock become points in time.
fn dated(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| {
                let is_time = key.ends_with("At") || key.ends_with("Time");
                let second = value.as_f64().filter(|_| is_time).map(|second| second.floor() as i64);
                let time = second.map(|second| json!(Timestamp::from_unix_seconds(START.unix_seconds() + second)));
                (key.clone(), time.unwrap_or_else(|| dated(value)))
            });
            Value::Object(fields.collect())
        }
        Value::Array(values) => values.iter().map(dated).collect(),
        other => other.clone(),
    }
}
