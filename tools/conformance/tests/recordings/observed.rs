//! Statuses that a real kubelet published: they are read, explained and printed again as they were.

use std::{fs::File, io::Read, path::Path, time::Duration};

use flate2::read::MultiGzDecoder;
use pod_lifecycle::{
    Timestamp,
    api::{ContainerStatus, PodManifest},
    explain::{NextStep, ObservedPod, Situation, When},
    status::container_status,
};
use serde_json::{Value, json};

/// When the recorded lives begin.
const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// A moment of a recorded life.
struct Moment {
    /// Which life it is of.
    name: String,
    /// When it was.
    at: Timestamp,
    /// The object that an API server had.
    object: PodManifest,
    /// The containers that were started later, and when.
    starts: Vec<(String, Timestamp)>,
}

/// Every moment of the recorded lives at which something was published.
fn moments() -> Vec<Moment> {
    let lives = ["named", "traces", "kubelet-restart"].into_iter().flat_map(lives_of);
    lives.flat_map(|(name, life)| moments_of(&name, &life)).collect()
}

/// Every object that an API server had during the recorded lives: the life it is from, and the object.
fn objects() -> Vec<(String, PodManifest)> {
    moments().into_iter().map(|moment| (moment.name, moment.object)).collect()
}

fn lives_of(recording: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/vectors/lives/{recording}.jsonl.gz"));
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

/// What is printed again of a Pod's containers.
fn printed(pod: &ObservedPod) -> Vec<ContainerStatus> {
    let index = |status: &ContainerStatus| pod.spec().index_of(&status.name).unwrap();
    let statuses = pod.status().every_container().map(|status| {
        let record = pod.records()[index(status).get()].as_ref().unwrap();
        container_status(pod.spec(), index(status), record, pod.ids())
    });
    statuses.collect()
}

#[test]
fn a_recorded_status_is_printed_again_as_it_was() {
    let mut count = 0;
    for (name, mut object) in objects() {
        // The recordings leave images out.
        for status in &mut object.status.container_statuses {
            let container = object.spec.containers.iter().find(|container| container.name == status.name).unwrap();
            status.image.clone_from(&container.image);
        }
        object.status.init_container_statuses.clear();
        let pod = ObservedPod::from_manifest(object).unwrap();
        assert_eq!(printed(&pod), pod.status().container_statuses, "{name}");
        count += 1;
    }
    assert!(count > 4_000, "{count}");
}

#[test]
fn a_kubelets_own_statuses_contradict_nothing() {
    let objects = objects();
    assert!(objects.len() > 4_000, "{}", objects.len());
    for (name, object) in objects {
        assert_eq!(ObservedPod::from_manifest(object).unwrap().inconsistencies(), [], "{name}");
    }
}

#[test]
fn every_recorded_status_is_explained_in_full_sentences() {
    for Moment { name, at, object, .. } in moments() {
        let pod = ObservedPod::from_manifest(object).unwrap();
        let explanation = pod.explain(at);
        let text = explanation.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!((2..=7).contains(&lines.len()), "{name}: {text}");
        assert!(lines.iter().all(|line| line.ends_with('.') && !line.contains("  ")), "{name}: {text}");
        assert_eq!(explanation.containers.len(), pod.spec().container_count(), "{name}");
        assert_eq!(explanation.ready, pod.status().condition("Ready").unwrap().status.as_str() == "True", "{name}");
    }
}

#[test]
fn no_container_is_started_before_it_is_said_to_be() {
    let (mut exact, mut within, mut late) = (0, 0, 0);
    for Moment { name, at, object, starts } in moments() {
        let pod = ObservedPod::from_manifest(object).unwrap();
        // An exit that restarts all containers ends every back-off, and a kubelet that restarts forgets them.
        if pod.spec().all_containers_could_restart() || name.starts_with("kubelet-restart") {
            continue;
        }
        let explanation = pod.explain(at);
        for next in &explanation.next {
            let NextStep::Start { container } = &next.what else { continue };
            let Some((_, start)) = starts.iter().find(|(started, _)| started == container) else { continue };
            assert!(next.when.time() <= *start, "{name}: started at {start}, said\n{explanation}");
            match next.when {
                When::At(_) => panic!("{name}: a status has no exact time\n{explanation}"),
                When::NotBefore(_) => exact += 1,
                When::Between { latest, .. } => {
                    within += 1;
                    // The API drops what is less than a second; and another container may hold up the whole Pod.
                    late += usize::from(*start > latest + Duration::from_secs(1));
                }
            }
        }
    }
    assert!(exact > 400 && within > 300, "{exact} exact and {within} within bounds");
    assert!(late * 20 < within, "{late} of {within} were late");
}

#[test]
fn the_delay_that_the_kubelet_tells_lies_within_the_bounds_of_the_restart_count() {
    let mut count = 0;
    for Moment { name, at, object, .. } in moments() {
        let mut silent = object.clone();
        let strip = |status: &mut ContainerStatus| {
            if let Some(waiting) = &mut status.state.waiting {
                waiting.message.clear();
            }
        };
        silent.status.container_statuses.iter_mut().for_each(strip);
        silent.status.init_container_statuses.iter_mut().for_each(strip);
        let explained = ObservedPod::from_manifest(object).unwrap().explain(at);
        let guessed = ObservedPod::from_manifest(silent).unwrap().explain(at);
        for (explained, guessed) in explained.containers.iter().zip(&guessed.containers) {
            let Situation::HeldBack { delay, until, .. } = explained.situation else { continue };
            count += 1;
            match &guessed.situation {
                Situation::HeldBack { delay: guess, .. } => assert_eq!(*guess, delay, "{name}"),
                Situation::HeldBackBetween { least_delay, most_delay, exit, .. } => {
                    let bounds = *least_delay..=*most_delay;
                    assert!(bounds.contains(&delay), "{name}: {delay:?}, said {bounds:?}");
                    let exit = exit.as_ref().unwrap().at.unwrap();
                    assert_eq!(until.since(exit), delay, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(count > 300, "{count}");
}
