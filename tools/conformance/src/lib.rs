//! Recordings of the real kubelet, asked again.
//!
//! A recording is a file of JSON Lines; a line holds `in`, what was asked, and `out`, what was answered. The line's
//! `suite` (or else the file's name) says which check of `SUITES` asks it. Other fields are ignored.

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
mod kubectl;
mod lift;
pub mod lives;
mod lower;
pub mod phase;
pub mod probes;
mod read;
pub mod realnode;
mod restart;
pub mod statuses;
mod table;
mod validation;

pub use compare::{Difference, in_words};
pub use read::{ReadError, Recording, lines, recordings};
pub use table::{Counters, Differences, Table};

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
    ("kubectl", |line| in_words(line, kubectl::check(line))),
    ("validation", |line| in_words(line, validation::check(line))),
];

/// Asks every line of every recording in a directory, and counts suite by suite, in the order of `SUITES`.
pub fn run(directory: &Path) -> Result<Vec<Counters>, ReadError> {
    let mut tallies: Vec<Counters> = Vec::new();
    for recording in recordings(directory)? {
        // Cases and lives of a real node belong together: `realnode` compares them.
        if realnode::is_part(&recording) {
            if recording.name == "cases" {
                tallies.push(realnode::run(&recording)?);
            }
            continue;
        }
        for line in lines(&recording)? {
            let line = line?;
            if lives::is_life(&line) {
                // Lives of the usual version stand under their file's name alone.
                let version = line["version"].as_str().map(|version| format!("{version}/")).unwrap_or_default();
                for ((_, level), verdict) in lives::LEVELS.iter().zip(lives::check(&line)) {
                    tally_of(&mut tallies, &format!("{version}{} {level}", recording.name), true)
                        .add(&line, Some(verdict));
                }
            } else {
                let suite = line["suite"].as_str().unwrap_or(&recording.name);
                let verdict = check_of(suite).map(|check| check(&line));
                tally_of(&mut tallies, suite, verdict.is_some()).add(&line, verdict);
            }
        }
    }
    tallies.sort_by_key(|tally| SUITES.iter().position(|(name, _)| *name == tally.suite).unwrap_or(SUITES.len()));
    Ok(tallies)
}

/// Whether one line of a suite of decisions is answered as recorded.
pub fn check(line: &Value) -> bool {
    let check = line["suite"].as_str().and_then(check_of);
    check.is_some_and(|check| check(line).is_ok())
}

fn tally_of<'a>(tallies: &'a mut Vec<Counters>, suite: &str, is_implemented: bool) -> &'a mut Counters {
    let place = tallies.iter().position(|tally| tally.suite == suite).unwrap_or_else(|| {
        tallies.push(Counters::new(suite, is_implemented));
        tallies.len() - 1
    });
    &mut tallies[place]
}

fn check_of(suite: &str) -> Option<Check> {
    SUITES.iter().find(|(name, _)| *name == suite).map(|(_, check)| *check)
}
