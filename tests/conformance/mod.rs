//! Recordings of the real kubelet, asked again.
//!
//! A recording is a file of JSON Lines; a line holds `in`, what was asked, and `out`, what was answered. The line's
//! `suite` (or else the file's name) says which [`Check`] of [`SUITES`] asks it. Other fields are ignored.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "test, example and benchmarks use different parts")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "these are tests, wherever they are run"
)]

pub mod actions;
mod backoff;
mod compare;
mod conditions;
mod grace;
mod lift;
pub mod lower;
pub mod phase;
pub mod probes;
mod read;
mod restart;
pub mod statuses;
mod table;

pub use compare::{Difference, told};
pub use read::{ReadError, lines, recordings};
pub use table::{Differences, Table, Tally};

use std::path::Path;

use serde_json::Value;

/// Asks one line again.
pub type Check = fn(&Value) -> Result<(), Difference>;

/// The suites that are implemented.
const SUITES: &[(&str, Check)] = &[
    ("restart", restart::check),
    ("phase", phase::check),
    ("conditions", conditions::check),
    ("actions", actions::check),
    ("probes", probes::check),
    ("statuses", statuses::check),
    ("backoff", backoff::check),
    ("grace", grace::check),
];

/// Asks every line of every recording in a directory, and counts suite by suite, in the order of [`SUITES`].
pub fn run(directory: &Path) -> Result<Vec<Tally>, ReadError> {
    let mut tallies: Vec<Tally> = Vec::new();
    for recording in recordings(directory)? {
        for line in lines(&recording)? {
            let line = line?;
            let suite = line["suite"].as_str().unwrap_or(&recording.name);
            let place = match tallies.iter().position(|tally| tally.suite == suite) {
                Some(place) => place,
                None => {
                    tallies.push(Tally::new(suite, is_implemented(suite)));
                    tallies.len() - 1
                }
            };
            tallies[place].add(&line, check_of(suite));
        }
    }
    tallies.sort_by_key(|tally| SUITES.iter().position(|(name, _)| *name == tally.suite).unwrap_or(SUITES.len()));
    Ok(tallies)
}

fn check_of(suite: &str) -> Option<Check> {
    SUITES.iter().find(|(name, _)| *name == suite).map(|(_, check)| *check)
}

fn is_implemented(suite: &str) -> bool {
    check_of(suite).is_some()
}
