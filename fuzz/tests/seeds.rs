//! The fuzz targets, with the cases that are kept in `fuzz/seeds`: one file a case, one folder a target.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

use std::{fs, path::Path};

use pod_lifecycle_fuzz as bodies;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "{} has no seeds", folder.display());
    for seed in seeds {
        body(&fs::read(seed).unwrap());
    }
}

#[test]
fn kept_manifests_are_admitted_or_refused() {
    replay("manifest", bodies::manifest);
}

#[test]
fn kept_lives_are_sound() {
    replay("events", bodies::events);
}

#[test]
fn kept_scenarios_are_played_or_refused() {
    replay("scenario", bodies::scenario);
}

#[test]
fn kept_snapshots_are_restored_or_refused() {
    replay("snapshot", bodies::snapshot);
}

#[test]
fn kept_runtimes_are_taken_in_or_refused() {
    replay("relist", bodies::relist);
}

#[test]
fn kept_objects_are_taken_up_or_refused() {
    replay("object", bodies::object);
}
