//! The crate answers as the real kubelet did: every decision and every life that was recorded is asked for again.
//!
//! The recordings are those of `tests/vectors`, or of the one directory that `POD_LIFECYCLE_VECTORS` names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod explained;
mod fleet;
mod observed;
mod promises;
mod realnode;
mod restored;
mod resumed;
mod upgrading;

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use pod_lifecycle_conformance as recordings;
use serde_json::{Value, json};

/// Stride through the recorded lives in the slow tests (each moment explained, each step restored): one of five without
/// optimisation, all with it. `.ci/run` runs these tests in release.
const STRIDE: usize = if cfg!(debug_assertions) { 5 } else { 1 };

/// Divisor of the counts that the slow tests must reach: lives differ in length, so a fifth of them is allowed a tenth.
const FEWER: usize = if cfg!(debug_assertions) { 2 * STRIDE } else { 1 };

/// The recorded lives that differ, at which level, and why.
const DIFFERENCES: [(&str, &str, &str); 6] = [
    // The queued readiness verdict and the last words of the worker are one write there, two here.
    ("disturbed", "exact", "d1-0131"),
    // There the terminal phase is written once more before the last word on the waiting sidecar. The same Pod under the
    // default configuration (`s1-0327`) is recorded without that, and agrees.
    ("configured", "exact", "c1-0327"),
    // The grace of a termination that begins while a readiness gate's status is read back: the recorder's worker took
    // the request up after the echo, in all other lives before it.
    ("poll", "exact", "p1-0325"),
    ("poll-relist-after-pass", "exact", "p1-0325"),
    // A removal by the main loop and the first stop of a sync that waited for the relist: which goroutine came first.
    ("poll", "exact", "p1-0327"),
    ("poll-relist-after-pass", "exact", "p1-0327"),
];

/// The recorded lives of other versions that differ, at which levels, and why: files by their versions.
const DIFFERENCES_OF_VERSIONS: &[(&[&str], &str, &[&str], &str)] = &[
    // A restart of the kubelet waits for the end of a sync, and something else happens at that instant: which came first.
    (OLDER, "kubelet-restart", &["statuses", "events", "exact"], "s7-0071"),
    (OLDER, "kubelet-restart", &["exact"], "s7-0019"),
    (OLDER, "kubelet-restart", &["exact"], "s7-0087"),
    (OLDER, "kubelet-restart", &["exact"], "s7-0089"),
    // The recorder's API server counts a second deletion as a generation; the real one does not (`BeforeDelete`).
    (&["1.34", "1.35", "1.36"], "named.full", &["statuses", "exact"], "named-delete-shorten-grace"),
    // The recorder of the other lives of 1.36 removed dead containers before the sync that their end requests.
    (&["1.36"], "named.full", &["exact"], "named-crashloop-backoff-reset"),
];

const OLDER: &[&str] = &["1.32", "1.33", "1.34", "1.35"];

#[test]
fn every_recorded_decision_of_the_kubelet_is_ours_too() {
    assert_agreement("decisions", 10, &[]);
}

#[test]
fn every_recorded_life_is_lived_again_but_for_those_listed() {
    assert_agreement("lives", 8 * recordings::lives::LEVELS.len(), &DIFFERENCES);
}

#[test]
fn every_recorded_life_on_an_older_kubelet_is_lived_again_but_for_those_listed() {
    let mut known = Vec::new();
    for (versions, file, levels, id) in DIFFERENCES_OF_VERSIONS {
        for (version, level) in versions.iter().flat_map(|version| levels.iter().map(move |level| (version, level))) {
            known.push((format!("{version}/{file}"), *level, *id));
        }
    }
    let known: Vec<_> = known.iter().map(|(file, level, id)| (file.as_str(), *level, *id)).collect();
    assert_agreement("versions", (4 * 5 + 1) * recordings::lives::LEVELS.len(), &known);
}

/// The recorded lives of the harder kinds that differ, at which level, and why.
const DIFFERENCES_OF_HARDER: [(&str, &str, &str); 9] = [
    // A resize at the very instant at which the Pod ends: the recorder's life is over before it.
    ("named.resize", "events", "rz-terminal-pod"),
    ("named.resize", "exact", "rz-terminal-pod"),
    ("resize", "events", "rz1-0096"),
    ("resize", "exact", "rz1-0096"),
    // A resize of a memory request alone, beside a crash loop: the recorded status shows it one sync earlier.
    ("resize", "statuses", "rz1-0032"),
    ("resize", "events", "rz1-0032"),
    ("resize", "exact", "rz1-0032"),
    // A mount of the kubelet before its restart fails after it: the recorder's old kubelet still records the event.
    ("volumes", "events", "vl1-0129"),
    ("volumes", "exact", "vl1-0129"),
];

#[test]
fn every_recorded_life_with_failing_starts_resizes_and_volumes_is_lived_again() {
    assert_agreement("harder", 6 * recordings::lives::LEVELS.len(), &DIFFERENCES_OF_HARDER);
}

/// Every line agrees but those listed, and those do not; without a directory of the user's own there are as many suites as
/// were copied here.
fn assert_agreement(kind: &str, suites: usize, known: &[(&str, &str, &str)]) {
    let own = env::var_os("POD_LIFECYCLE_VECTORS").map(PathBuf::from);
    let directory =
        own.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(kind));
    let tallies = recordings::run(&directory).unwrap();
    print!("{}", recordings::Table(&tallies));
    assert!(tallies.iter().any(|tally| tally.total > 0), "no recordings in {}", directory.display());
    let of_tally = |tally: &recordings::Counters| {
        tally.differing.iter().map(|id| format!("{} {id}", tally.suite)).collect::<Vec<_>>()
    };
    let differing: BTreeSet<String> = tallies.iter().flat_map(of_tally).collect();
    let expected = known.iter().map(|(file, level, id)| format!("{file} {level} {id}"));
    let expected: BTreeSet<String> = expected.filter(|_| own.is_none()).collect();
    assert_eq!(differing, expected, "{}", recordings::Differences(&tallies));
    assert!(own.is_some() || tallies.len() == suites, "{} suites, not {suites}", tallies.len());
}

#[test]
fn a_wrong_answer_is_noticed_and_one_that_was_not_recorded_is_not_asked_for() {
    let row = |out: Value| json!({"suite": "kubectl", "in": {"now": "2026-03-01T12:00:00Z", "pod": {}}, "out": out});
    assert!(recordings::check(&row(json!({"ready": "0/0", "extra": 1}))));
    assert!(!recordings::check(&row(json!({"ready": "0/0", "age": "5s"}))));
    assert!(!recordings::check(&row(json!({}))));

    let errors = json!([
        {"field": "metadata.name", "type": "FieldValueRequired"},
        {"field": "spec.containers", "type": "FieldValueRequired"},
    ]);
    let verdict = |out: Value| json!({"suite": "validation", "in": {"pod": {"spec": {}}}, "out": out});
    assert!(recordings::check(&verdict(json!({"valid": false, "errors": errors, "unknown": 1}))));
    assert!(!recordings::check(&verdict(json!({"valid": true}))));
    assert!(!recordings::check(&json!({"suite": "astrology", "in": {}, "out": {}})));
}
