//! Every state that the recorded lives reach is explained.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use pod_lifecycle::{
    Timestamp,
    api::ConditionStatus,
    explain::Explanation,
    object::PodObject,
    sim::{Scenario, Simulation},
};

use pod_lifecycle_conformance as recordings;

use crate::{
    FEWER, STRIDE,
    promises::{Counters, ExplainedLife},
};

/// The recorded lives.
fn recorded() -> Vec<(String, Scenario)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/lives");
    let mut all = Vec::new();
    for recording in recordings::recordings(&directory).unwrap() {
        for line in recordings::lines(&recording).unwrap() {
            let line = line.unwrap();
            let name = format!("{} {} {}", recording.name, line["id"], line["name"]);
            all.push((name, recordings::lives::scenario(&line).unwrap()));
        }
    }
    all
}

/// The scenarios of the examples: everything that ends or disturbs a Pod is among them.
fn examples() -> Vec<(String, Scenario)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.display().to_string(), serde_saphyr::from_str(&text).unwrap())
    };
    files.map(read).collect()
}

/// Every moment at which something happens, and one between it and the next.
fn explanations(
    life: &mut Simulation,
    mut look: impl FnMut(&Explanation, &PodObject),
) -> BTreeMap<Timestamp, Explanation> {
    let mut all = BTreeMap::new();
    loop {
        let now = life.now();
        let explanation = life.explain(now);
        look(&explanation, life.object());
        all.insert(now, explanation);
        let Some(next) = life.next() else { return all };
        let between = now + next.since(now) / 2;
        if between > now && between < next {
            let explanation = life.explain(between);
            look(&explanation, life.object());
            all.insert(between, explanation);
        }
        life.advance_to(next).unwrap();
    }
}

#[test]
fn every_state_is_explained_and_every_time_in_it_is_kept() {
    live_all(None);
}

#[test]
fn times_are_kept_on_a_node_that_is_not_punctual_either() {
    live_all(Some(7));
}

fn live_all(node_like_seed: Option<u64>) {
    let mut tallies: BTreeMap<String, Counters> = BTreeMap::new();
    let mut broken = Vec::new();
    for (name, mut scenario) in recorded().into_iter().step_by(STRIDE).chain(examples()) {
        scenario.config.node_like_seed = node_like_seed;
        let mut life = scenario.simulate().unwrap();
        let explanations = explanations(&mut life, |explanation, object| {
            if let Err(lack) = check(explanation, object) {
                broken.push(format!("{name}: {lack}\n{explanation}"));
            }
        });
        let spec = life.object().spec().clone();
        let life_explained = ExplainedLife::new(&spec, life.entries(), &explanations);
        if let Err(promise) = life_explained.judge(&mut tallies) {
            broken.push(format!("{name}: {promise}"));
        }
    }
    for (kind, tally) in &tallies {
        println!("{kind:>24} {tally:?}");
    }
    let few: Vec<_> = broken.iter().take(400).map(String::as_str).collect();
    assert!(broken.is_empty(), "{} broken\n{}", broken.len(), few.join("\n\n"));
    let kept: usize = tallies.values().map(|tally| tally.kept).sum();
    assert!(kept > 10_000 / FEWER, "only {kept} promises were kept");
}

/// Whether an explanation says what has to be said.
fn check(explanation: &Explanation, object: &PodObject) -> Result<(), String> {
    serde_json::to_value(explanation).map_err(|error| error.to_string())?;
    let text = explanation.to_string();
    let lines = text.lines().count();
    // A known bug that shows is one line more.
    let most = if explanation.quirks.is_empty() { 6 } else { 7 };
    if !(2..=most).contains(&lines) || text.lines().any(|line| line.trim().len() < 8) {
        return Err(format!("{lines} lines"));
    }
    if object.is_gone() {
        // What it showed last is history.
        return Ok(());
    }
    let status = object.status();
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let waiting = containers.filter_map(|container| container.state.waiting.as_ref());
    if let Some(unsaid) = waiting.map(|waiting| &waiting.reason).find(|reason| !text.contains(&***reason)) {
        return Err(format!("says nothing of {unsaid}"));
    }
    let is_false = |status: &str| status == ConditionStatus::False.to_string();
    let unmet = status.conditions.iter().filter(|it| is_false(it.status.as_str()));
    let mut unmet = unmet.filter(|it| it.type_ != "AllContainersRestarting");
    if let Some(unsaid) = unmet.find(|it| !text.contains(&*it.type_) || !text.contains(&*it.reason)) {
        return Err(format!("says nothing of {} ({})", unsaid.type_, unsaid.reason));
    }
    let phase = status.phase.as_ref().map(|phase| phase.as_str()).unwrap_or_default();
    if !text.contains(phase) {
        return Err(format!("says nothing of {phase}"));
    }
    let promised = |time: &str| explanation.next.iter().any(|next| clock(next.when.time()).ends_with(time));
    for (before, _) in text.match_indices(", in ") {
        let time = text[..before].rsplit("at ").next().unwrap_or_default();
        if !promised(time) {
            return Err(format!("speaks of {time:?}, which is promised nowhere"));
        }
    }
    Ok(())
}

/// A time as explanations write it.
fn clock(at: Timestamp) -> String {
    let micros = at.unix_micros().rem_euclid(1_000_000);
    let text = at.to_string().replace('T', " ").replace('Z', "");
    if micros == 0 { text } else { format!("{text}.{:03}", micros / 1_000) }
}
