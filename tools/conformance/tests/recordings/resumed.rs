//! An agent restarts in the middle of a recorded life, and takes its Pod up from the object and the runtime.

use std::path::Path;

use pod_lifecycle_conformance::{self as recordings, Counters, Differences, Table, lives};
use serde_json::Value;

fn suite(kind: &str, name: &str) -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(kind);
    let of_name = |recording: &recordings::Recording| recording.name == name;
    let recording = recordings::recordings(&directory).unwrap().into_iter().find(of_name).unwrap();
    recordings::lines(&recording).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_pod_that_is_taken_up_goes_on_like_one_whose_kubelet_was_recorded_as_it_restarted() {
    let mut tallies = lives::LEVELS.map(|(_, level)| Counters::new(&format!("resumed {level}"), true));
    for line in suite("lives", "kubelet-restart") {
        let verdicts = lives::check_played(&line, &lives::replay_resumed(&line));
        for (tally, verdict) in tallies.iter_mut().zip(verdicts) {
            tally.add(&line, Some(verdict));
        }
    }
    print!("{}", Table(&tallies));
    assert!(tallies.iter().all(|tally| tally.total == 112), "some lives were not lived");
    assert!(tallies.iter().all(Counters::is_clean), "{}", Differences(&tallies));
}

#[test]
fn a_pod_with_volumes_that_is_taken_up_goes_on_like_one_whose_kubelet_was_recorded_as_it_restarted() {
    let restarts = |line: &Value| {
        let actions = line["in"]["script"]["actions"].as_array();
        actions.is_some_and(|actions| actions.iter().any(|action| action["op"] == "kubeletRestart"))
    };
    let lines: Vec<Value> =
        ["named.volumes", "volumes"].into_iter().flat_map(|name| suite("harder", name)).filter(restarts).collect();
    assert!(lines.len() > 40, "{} lives with a restart", lines.len());
    for line in lines {
        // Some lives differ from their recordings; none may differ from itself.
        assert_eq!(lives::replay_resumed(&line), lives::replay(&line), "{}", line["id"]);
    }
}
