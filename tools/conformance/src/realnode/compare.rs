//! Comparison of a played life with a recorded one: sequences field by field, times within a tolerance.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::observe::Observed;

/// Seconds by which a time may differ.
const TOLERANCE: f64 = 3.0;

/// Fields that are not compared: by the recordings' own advice, and because no simulation has them.
fn is_left_out(field: &str) -> bool {
    let last = field.rsplit('.').next().unwrap_or_default();
    // User, addresses of the node, pod-level resources and what a probe printed: by the advice.
    let by_advice = ["user", "hostIP", "hostIPs", "resources"].contains(&last) || field == "allocatedResources";
    // The runtime's and the API server's own: digests, mounts, the class of service, the second spelling of an address.
    by_advice || ["imageID", "volumeMounts", "qosClass", "podIPs", "allocatedResources"].contains(&last)
}

/// Returns what differs, in words.
pub(super) fn differences(recorded: &Value, ours: &Observed) -> Vec<String> {
    let mut all = Vec::new();
    let recorded_seqs = recorded["seqs"].as_object();
    let names = recorded_seqs.into_iter().flatten().map(|(field, _)| field).chain(ours.seqs.keys());
    for field in names.filter(|field| !is_left_out(field)).collect::<BTreeSet<_>>() {
        let theirs = pairs(&recorded["seqs"][field], |value| serde_json::from_str(value.as_str()?).ok());
        let ours = ours.seqs.get(field).cloned().unwrap_or_default();
        all.extend(sequence_difference(field, &theirs, &ours));
    }
    all.extend(sequence_difference("rows", &pairs(&recorded["rows"], |value| Some(value.clone())), &ours.rows));
    for (field, times) in recorded["times"].as_object().into_iter().flatten() {
        let theirs: Vec<f64> = times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let ours = ours.times.get(field).cloned().unwrap_or_default();
        // Several changes within a second show one time.
        let is_near = |one: &f64, others: &[f64]| others.iter().any(|other| (one - other).abs() <= TOLERANCE);
        if !theirs.iter().all(|one| is_near(one, &ours)) || !ours.iter().all(|one| is_near(one, &theirs)) {
            all.push(format!("times of {field}: {theirs:?}, ours {ours:?}"));
        }
    }
    all.extend(event_differences(recorded, ours));
    all
}

/// Returns a list of times with values.
fn pairs(list: &Value, read: impl Fn(&Value) -> Option<Value>) -> Vec<(f64, Value)> {
    let pair = |pair: &Value| Some((pair[0].as_f64()?, read(&pair[1])?));
    list.as_array().into_iter().flatten().filter_map(pair).collect()
}

fn sequence_difference(field: &str, theirs: &[(f64, Value)], ours: &[(f64, Value)]) -> Option<String> {
    let values = |list: &[(f64, Value)]| list.iter().map(|(_, value)| without_names(value)).collect::<Vec<_>>();
    let is_near = |((one, _), (other, _)): (&(f64, Value), &(f64, Value))| (one - other).abs() <= TOLERANCE;
    if values(theirs) == values(ours) && theirs.iter().zip(ours).all(is_near) {
        return None;
    }
    let show = |list: &[(f64, Value)]| {
        let shown: Vec<String> = list.iter().map(|(at, value)| format!("\n      {at:.1} {value}")).collect();
        shown.concat()
    };
    Some(format!("{field}:{}\n    ours:{}", show(theirs), show(ours)))
}

/// Returns a value with the Pod's own names as the recordings have them.
fn without_names(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(plain(text)),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), without_names(value))).collect(),
        Value::Array(values) => values.iter().map(without_names).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.clone(),
    }
}

/// Returns a text in which whatever the normalisation has replaced is left out.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in [(" pod=", ""), ("in pod ", ""), ("in Pod ", ""), ("(pod: ", "")] {
        // The Pod's name, namespace and uid follow.
        if let Some(place) = text.find(from) {
            let rest = &text[place + from.len()..];
            let end = rest.find(')').map_or(rest.len(), |end| end + 1);
            text = format!("{}{to}{}", &text[..place], rest[end..].trim_start_matches('"'));
        }
    }
    // What a hook printed.
    if let Some(place) = text.find(", message: \"") {
        text.truncate(place);
    }
    // The recorder took a Pod named `deadline` out of a message with that word.
    let text = text.replace("than the specified deadline", "than the specified POD");
    // And Pods named `resize` out of the events of resizes.
    text.replace("Pod resize ", "Pod POD ")
}

// --- Events ---

struct Event {
    key: Vec<String>,
    count: usize,
    at: Vec<f64>,
}

/// Returns a key without what a probe printed.
fn event_key(key: &[String]) -> Vec<String> {
    let mut key: Vec<String> = key.iter().map(|text| plain(text)).collect();
    if key.get(1).is_some_and(|reason| reason == "Unhealthy")
        && let Some(message) = key.get_mut(2)
    {
        *message = message.split(": ").next().unwrap_or_default().to_owned();
    }
    if key.get(1).is_some_and(|reason| reason == "Scheduled")
        && let Some(message) = key.get_mut(2)
    {
        message.clear();
    }
    key
}

fn fold(events: impl Iterator<Item = (Vec<String>, usize, Vec<f64>)>) -> Vec<Event> {
    let mut folded: Vec<Event> = Vec::new();
    for (key, count, at) in events {
        let key = event_key(&key);
        match folded.iter_mut().find(|known| known.key == key) {
            Some(known) => {
                known.count += count;
                known.at.extend(at);
            }
            None => folded.push(Event { key, count, at }),
        }
    }
    for event in &mut folded {
        event.at.sort_by(f64::total_cmp);
    }
    folded
}

fn event_differences(recorded: &Value, ours: &Observed) -> Vec<String> {
    let list = recorded["events"].as_array();
    let theirs = fold(list.into_iter().flatten().map(|event| {
        let texts = event[1].as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default().to_owned());
        let at: Vec<f64> = event[3].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        (texts.collect(), event[2].as_u64().unwrap_or(1) as usize, at)
    }));
    let ours = fold(ours.events.iter().map(|event| (event.key.clone(), event.at.len(), event.at.clone())));
    let mut all = Vec::new();
    for event in &theirs {
        match ours.iter().find(|our| our.key == event.key) {
            None => all.push(format!("event {:?} at {:?}: not ours", event.key, event.at)),
            Some(our) if !are_alike(event, our) => all.push(format!(
                "event {:?}: {} times, at {:?}; ours {} times, at {:?}",
                event.key, event.count, event.at, our.count, our.at
            )),
            Some(_) => {}
        }
    }
    let surplus = ours.iter().filter(|our| theirs.iter().all(|event| event.key != our.key));
    all.extend(surplus.map(|our| format!("event {:?} at {:?}: ours alone", our.key, our.at)));
    all
}

/// True if two events were recorded as often and at the same times; retries come at random times, so that one of those
/// more or less is allowed.
fn are_alike(theirs: &Event, ours: &Event) -> bool {
    let is_retry = theirs.key.get(1).is_some_and(|reason| ["BackOff", "Unhealthy", "Failed"].contains(&&**reason));
    let slack = usize::from(is_retry);
    let first = theirs.at.first().zip(ours.at.first());
    theirs.count.abs_diff(ours.count) <= slack && first.is_none_or(|(one, other)| (one - other).abs() <= TOLERANCE)
}
