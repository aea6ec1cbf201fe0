//! The recorded rows of `kubectl get pods`.

use std::{
    fs::File,
    io::{BufRead, BufReader},
};

use flate2::read::GzDecoder;
use serde_json::Value;

#[path = "conformance/kubectl.rs"]
mod kubectl;

const LINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/decisions/kubectl.jsonl.gz");

#[test]
fn every_recorded_row_is_ours() {
    let (mut total, mut differences) = (0, Vec::new());
    for line in BufReader::new(GzDecoder::new(File::open(LINES).unwrap())).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        total += 1;
        if let Err(difference) = kubectl::check(&line) {
            differences.push(format!("line {}: input {}\n{difference}", line["id"], line["in"]));
        }
    }
    let first: Vec<_> = differences.iter().take(3).map(String::as_str).collect();
    assert!(total > 0 && differences.is_empty(), "{} of {total} differ\n{}", differences.len(), first.join("\n"));
}

#[test]
fn a_wrong_column_is_noticed_and_an_unrecorded_one_is_not_asked_for() {
    let line = |out: &str| -> Value {
        let text = r#"{"in": {"now": "2026-03-01T12:00:00Z", "pod": {}}, "out": OUT}"#;
        serde_json::from_str(&text.replace("OUT", out)).unwrap()
    };
    assert_eq!(kubectl::check(&line(r#"{"ready": "0/0", "extra": 1}"#)), Ok(()));
    let difference = kubectl::check(&line(r#"{"ready": "0/0", "age": "5s"}"#)).unwrap_err();
    assert_eq!(difference, r#"age: expected "5s", got "<unknown>""#);
    assert!(kubectl::check(&line("{}")).is_err());
}
