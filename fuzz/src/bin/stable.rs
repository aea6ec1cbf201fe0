//! Runs the fuzz bodies with random bytes, for those without a nightly compiler.
//!
//! `stable [SECONDS] [SEED] [TARGET…]`: how long each target is run, from which seed, and which. A case that panics is
//! written to `artifacts/`; one that takes longer than ten seconds counts as an endless loop. `stable show CASE`, with
//! a number or a file, writes down the scenario of a case and the life, move by move, for a look.

use std::{
    env, fs,
    panic::catch_unwind,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use pod_lifecycle_fuzz::{events, lived, manifest, object, relist, scenario, scenario_of, snapshot};

const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("manifest", manifest),
    ("events", events),
    ("scenario", scenario),
    ("snapshot", snapshot),
    ("relist", relist),
    ("object", object),
];

const LONGEST_CASE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "show") {
        let case = arguments.get(1).map_or("1", String::as_str);
        let bytes = case.parse().map(bytes_of).or_else(|_| fs::read(case)).unwrap_or_default();
        println!("{}", serde_json::to_string_pretty(&scenario_of(&bytes)).unwrap_or_default());
        let end = lived(&bytes, |moment| println!("{moment}"));
        println!("{}", end.err().unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<u64>().ok());
    let (seconds, seed) = (number(0).unwrap_or(60), number(1).unwrap_or(1));
    let chosen = arguments.get(2..).unwrap_or_default();
    let mut failures = 0;
    for (name, body) in TARGETS {
        if chosen.is_empty() || chosen.iter().any(|target| target == name) {
            failures += run(name, body, Duration::from_secs(seconds), seed);
        }
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one target for a while; says how many cases went wrong.
fn run(name: &'static str, body: fn(&[u8]), time: Duration, seed: u64) -> u64 {
    let (tell, told) = mpsc::channel::<(u64, bool)>();
    let start = Instant::now();
    thread::spawn(move || {
        let mut case = seed;
        while start.elapsed() < time {
            let bytes = bytes_of(case);
            let is_well = catch_unwind(|| body(&bytes)).is_ok();
            if tell.send((case, is_well)).is_err() {
                return;
            }
            case += 1;
        }
    });
    let (mut cases, mut failures, mut next) = (0_u64, 0_u64, seed);
    loop {
        match told.recv_timeout(LONGEST_CASE) {
            Ok((case, is_well)) => {
                (cases, next) = (cases + 1, case + 1);
                if !is_well {
                    failures += 1;
                    keep(name, case);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                println!("{name}: case {next} does not end");
                keep(name, next);
                failures += 1;
                break;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    println!("{name}: {cases} cases in {:.0} s, {failures} failed", start.elapsed().as_secs_f64());
    failures
}

fn keep(name: &str, case: u64) {
    let directory = format!("artifacts/{name}");
    let written =
        fs::create_dir_all(&directory).and_then(|()| fs::write(format!("{directory}/case-{case}"), bytes_of(case)));
    println!("{name}: case {case} failed{}", if written.is_ok() { ", kept in artifacts/" } else { "" });
}

/// The bytes of a case: the same number gives the same bytes.
fn bytes_of(case: u64) -> Vec<u8> {
    let mut state = case.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let length = 1 << (6 + next() % 10);
    (0..length / 8).flat_map(|_| next().to_le_bytes()).collect()
}
