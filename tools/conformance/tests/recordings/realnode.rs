//! The lives of a real node, played with the fake runtime.

use std::{env, path::Path};

use pod_lifecycle_conformance::{
    self as recordings,
    realnode::{self, Case},
};
use serde_json::Value;

/// Cases that differ, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    // The event of the first probe is missing in the recording: its kubelet ended before it had sent it.
    ("u-never-ready", "an event that was never sent"),
    ("u-ready", "the first probe after the restart"),
    // The recording ends before the second restart that the second change of the image makes.
    ("image-twice", "cut off"),
];

#[test]
fn a_real_nodes_lives_are_lived_again_but_for_those_listed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/realnode");
    let [cases, lives] = ["cases", "lives"].map(|name| lines(&directory, name));
    let only = env::var("CASE").ok();
    let (mut differing, mut agreed) = (Vec::new(), 0);
    for case in cases {
        let case: Case = serde_json::from_value(case).unwrap();
        if only.as_ref().is_some_and(|only| !only.split(',').any(|only| only == case.name)) {
            continue;
        }
        let differences = realnode::differences(&case, &lives).unwrap_or_else(|error| vec![error]);
        if differences.is_empty() {
            agreed += 1;
            continue;
        }
        println!("{}:\n    {}", case.name, differences.join("\n    "));
        differing.push(case.name);
    }
    println!("{agreed} agree; {} differ: {differing:?}", differing.len());
    let known: Vec<&str> = DIFFERENCES.iter().map(|(name, _)| *name).collect();
    assert!(only.is_some() || differing == known, "{differing:?} differ, and not {known:?}");
}

fn lines(directory: &Path, name: &str) -> Vec<Value> {
    let all = recordings::recordings(directory).unwrap();
    let recording = all.into_iter().find(|recording| recording.name == name).unwrap();
    recordings::lines(&recording).unwrap().map(Result::unwrap).collect()
}
