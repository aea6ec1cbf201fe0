//! The crate answers as the real kubelet did: every line of every recording is asked again.
//!
//! The recordings are those of `tests/vectors/decisions`, or of the directory that `POD_LIFECYCLE_VECTORS` names.

#[path = "conformance/mod.rs"]
mod recordings;

use std::{env, path::PathBuf};

#[test]
fn every_recorded_answer_of_the_kubelet_is_ours_too() {
    let directory = env::var_os("POD_LIFECYCLE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/decisions"), PathBuf::from);
    let tallies = recordings::run(&directory).unwrap();
    print!("{}", recordings::Table(&tallies));
    assert!(tallies.iter().any(|tally| tally.total > 0), "no recordings in {}", directory.display());
    assert!(tallies.iter().all(recordings::Tally::is_clean), "{}", recordings::Differences(&tallies));
}
