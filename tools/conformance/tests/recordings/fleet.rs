//! All recorded lives, lived as one fleet.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_lifecycle::{
    Transition,
    sim::{EntryKind, Fleet, FleetScenario, Scenario},
};
use pod_lifecycle_conformance as recordings;

#[test]
fn every_recorded_life_is_the_same_in_a_fleet_of_all_of_them() {
    let scenarios = recorded();
    let count = scenarios.len();
    assert!(count > 1_000, "only {count} lives were found");
    let mut fleet = Fleet::new(&FleetScenario::of_each(scenarios.clone()), count as u64).unwrap();
    let heard = Arc::new(Mutex::new(vec![Vec::<Transition>::new(); count]));
    let ears = heard.clone();
    fleet.listen(move |number, transition| ears.lock().unwrap()[number as usize].push(transition.clone()));
    let end = scenarios.iter().map(|scenario| scenario.script.end.unwrap_or(Duration::from_secs(600))).max().unwrap();
    // Spans that fit nothing in the scripts: a Pod is left and taken up again in the middle of its life.
    while fleet.now().since(fleet.start()) <= end {
        fleet.advance(Duration::from_millis(17_300)).unwrap();
    }
    let heard = heard.lock().unwrap();
    for (number, scenario) in scenarios.iter().enumerate() {
        let played = scenario.play().unwrap();
        let changes = played.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Transition(transition) => Some(transition.clone()),
            _ => None,
        });
        let name = &scenario.pod.metadata.name;
        assert_eq!(changes.collect::<Vec<_>>(), heard[number], "life {number}, {name}");
        if number % 16 == 0 {
            let again = fleet.timeline(number as u64).unwrap();
            assert_eq!(json(&again), json(&played), "life {number}, {name}");
        }
    }
}

fn json(timeline: &pod_lifecycle::sim::Timeline) -> String {
    serde_json::to_string(timeline).unwrap()
}

/// The scenarios of all recordings of lives; the packaged crate has none.
fn recorded() -> Vec<Scenario> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/lives");
    let mut scenarios = Vec::new();
    for recording in recordings::recordings(&directory).unwrap() {
        let lines = recordings::lines(&recording).unwrap().map(Result::unwrap);
        let lives = lines.filter(recordings::lives::is_life);
        scenarios.extend(lives.map(|line| recordings::lives::scenario(&line).unwrap()));
    }
    for scenario in &mut scenarios {
        // A fleet's run has no end of its own.
        scenario.script.end.get_or_insert(Duration::from_secs(600));
    }
    scenarios
}
