//! Asks the crate what the real kubelet was asked, and compares the answers.
//!
//! `scripts/conformance tests/vectors/decisions`

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use pod_lifecycle_conformance as recordings;

/// Asks the crate what the real kubelet was asked, and compares the answers, suite by suite.
///
/// Exits with 1 if any answer differs, with 2 if the recordings cannot be read.
#[derive(Parser)]
struct Arguments {
    /// The directory of the recordings: every `*.jsonl.gz` (or `*.jsonl`) in it and below it is run.
    directory: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { directory } = Arguments::parse();
    let tallies = match recordings::run(&directory) {
        Ok(tallies) => tallies,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    print!("{}", recordings::Table(&tallies));
    if tallies.iter().all(recordings::Counters::is_clean) {
        return ExitCode::SUCCESS;
    }
    eprint!("{}", recordings::Differences(&tallies));
    ExitCode::FAILURE
}
