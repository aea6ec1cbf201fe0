//! Lives of a real node: kubelet 1.36.2, containerd and real processes, played again by the fake runtime.
//!
//! A recorded life has, field by field, the values that it showed one after the other, each with its time. Where the
//! real node waits at random (a sync is 1 to 1.5 times late, the first probe after a restart comes within a period),
//! the seed of [`Timing::NodeLike`](pod_lifecycle::config::Timing::NodeLike) stands for its dice: a life agrees if one of
//! some forty seeds gives it.

mod case;
mod compare;
mod observe;

use std::{collections::BTreeMap, ops::Range};

pub use case::Case;
use serde_json::{Value, json};

use crate::{Counters, ReadError, Recording, in_words, lines};

/// Seeds with which a life is played until it agrees.
const SEEDS: Range<u64> = 0..40;

/// True if a recording is one of the two files of a real node: `cases` and `lives`, side by side.
pub fn is_part(recording: &Recording) -> bool {
    let has = |name: &str| recording.path.with_file_name(name).exists();
    ["cases", "lives"].contains(&&*recording.name)
        && (has("cases.jsonl.gz") || has("cases.jsonl"))
        && has("lives.jsonl.gz")
}

/// Plays every case of a file and compares it with the lives beside it.
pub fn run(cases: &Recording) -> Result<Counters, ReadError> {
    let path = cases.path.with_file_name("lives.jsonl.gz");
    let lives = lines(&Recording { path, name: "lives".to_owned() })?.collect::<Result<Vec<_>, _>>()?;
    let mut counters = Counters::new("realnode", true);
    for line in lines(cases)? {
        let line = line?;
        let verdict = serde_json::from_value(line.clone())
            .map_err(|error: serde_json::Error| error.to_string())
            .and_then(|case| differences(&case, &lives))
            .and_then(|differences| if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) });
        let line = json!({"id": line["name"], "in": line});
        let verdict = in_words(&line, verdict);
        counters.add(&line, Some(verdict));
    }
    Ok(counters)
}

/// Differences of a case: none if one of its recorded runs agrees, for each of its Pods.
pub fn differences(case: &Case, lives: &[Value]) -> Result<Vec<String>, String> {
    let mut by_pod: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for life in lives.iter().filter(|life| life["case"] == case.name.as_str()) {
        by_pod.entry(life["pod"].as_u64().unwrap_or_default()).or_default().push(life);
    }
    if by_pod.is_empty() {
        return Err(format!("{} was not recorded", case.name));
    }
    let mut all = Vec::new();
    for (pod, runs) in by_pod {
        all.extend(differences_of_pod(case, pod, &runs)?);
    }
    Ok(all)
}

/// Returns the fewest differences of any seed from any run.
fn differences_of_pod(case: &Case, pod: u64, runs: &[&Value]) -> Result<Vec<String>, String> {
    let mut fewest: Option<Vec<String>> = None;
    for seed in SEEDS {
        let ours = observe::observe(case, pod, seed)?;
        for run in runs {
            let differences = compare::differences(run, &ours);
            if differences.is_empty() {
                return Ok(differences);
            }
            if fewest.as_ref().is_none_or(|fewest| differences.len() < fewest.len()) {
                fewest = Some(differences);
            }
        }
    }
    Ok(fewest.unwrap_or_default())
}
