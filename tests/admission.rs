//! Defaults and validation against what the API server answered.

#[path = "conformance/validation.rs"]
mod validation;

use std::{
    fs::File,
    io::{BufRead, BufReader},
};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

#[test]
fn every_recorded_pod_gets_the_api_servers_verdict_and_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/decisions/validation.jsonl.gz");
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let mut total = 0;
    let mut differences = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        total += 1;
        if let Err(difference) = validation::check(&line) {
            differences.push(format!("line {}: {difference}", line["id"]));
        }
    }
    let first = differences.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {total} lines differ:\n{first}", differences.len());
    assert_eq!(total, 2000);
}

#[test]
fn the_comparison_sees_a_difference() {
    let line = |out: Value| json!({"in": {"pod": {"spec": {}}}, "out": out});
    let errors = json!([
        {"field": "metadata.name", "type": "FieldValueRequired"},
        {"field": "spec.containers", "type": "FieldValueRequired"},
    ]);
    assert_eq!(validation::check(&line(json!({"valid": false, "errors": errors, "unknown": 1}))), Ok(()));
    assert_eq!(validation::check(&line(json!({}))), Ok(()));
    for wrong in [
        json!({"valid": true}),
        json!({"errors": []}),
        json!({"errors": [errors[1], errors[0]]}),
        json!({"defaulted": {"restartPolicy": "Never"}}),
        json!({"defaulted": {"terminationGracePeriodSeconds": 31}}),
    ] {
        assert!(validation::check(&line(wrong.clone())).is_err(), "{wrong} was taken for ours");
    }
}
