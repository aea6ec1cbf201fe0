//! What a decision costs, on the first 500 lines of each public recording, lowered outside the timed loop.
//!
//! With `--count SUITE ROUNDS` it asks all questions of a suite so often, for callgrind, and prints how many they are.
//!
//! Criterion's throughput is in cases; a summary in nanoseconds per case follows at the end.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::{hint::black_box, path::PathBuf, time::Instant};

use criterion::{Criterion, Throughput};
use pod_lifecycle_conformance::{self as recordings, actions, phase, probes, statuses};
use serde_json::Value;

const LINES: usize = 500;

fn main() {
    let phases = lowered("phase", phase::Question::of);
    let actions = lowered("actions", actions::Question::of);
    let statuses = lowered("statuses", statuses::Question::of);
    let scripts = lowered("probes", probes::Script::of);
    let ticks = scripts.iter().map(probes::Script::ticks).sum();
    let run = |script: &probes::Script| script.run(|answer| _ = black_box(answer));
    let mut arguments = std::env::args().skip_while(|it| it != "--count").skip(1);
    if let (Some(suite), Some(rounds)) = (arguments.next(), arguments.next()) {
        for _ in 0..rounds.parse().unwrap() {
            match &*suite {
                "phase" => ask_all(&phases, phase::Question::ask),
                "actions" => ask_all(&actions, actions::Question::ask),
                "statuses" => ask_all(&statuses, statuses::Question::ask),
                _ => ask_all(&scripts, run),
            }
        }
        println!("{}", if suite == "probes" { ticks } else { LINES });
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    let summary = [
        time(&mut criterion, "phase", phases.len(), || ask_all(&phases, phase::Question::ask)),
        time(&mut criterion, "actions", actions.len(), || ask_all(&actions, actions::Question::ask)),
        time(&mut criterion, "statuses", statuses.len(), || ask_all(&statuses, statuses::Question::ask)),
        time(&mut criterion, "probes", ticks, || ask_all(&scripts, run)),
    ];
    criterion.final_summary();
    println!("\n{}", summary.join("\n"));
}

fn ask_all<T, A>(questions: &[T], ask: impl Fn(&T) -> A) {
    for question in questions {
        black_box(ask(question));
    }
}

/// The first lines of a recording, lowered.
fn lowered<T>(suite: &str, lower: impl Fn(&Value) -> Result<T, String>) -> Vec<T> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/decisions");
    let recordings = recordings::recordings(&directory).unwrap();
    let recording = recordings.iter().find(|recording| recording.name == suite).unwrap();
    let lines = recordings::lines(recording).unwrap().take(LINES);
    lines.map(|line| lower(line.unwrap().get("in").unwrap()).unwrap()).collect()
}

/// Times all cases of a suite; gives the line for the summary.
fn time(criterion: &mut Criterion, suite: &str, cases: usize, ask_all: impl Fn()) -> String {
    let mut group = criterion.benchmark_group("decisions");
    group.throughput(Throughput::Elements(cases as u64));
    let mut samples = Vec::new();
    group.bench_function(suite, |bencher| {
        bencher.iter_custom(|rounds| {
            let start = now();
            (0..rounds).for_each(|_| ask_all());
            let spent = start.elapsed();
            let of_case = spent.as_nanos() as f64 / (rounds as f64 * cases as f64);
            samples.push(of_case);
            spent
        });
    });
    group.finish();
    samples.sort_by(f64::total_cmp);
    let [fastest, median] = [0, samples.len() / 2].map(|place| samples.get(place).copied().unwrap_or(f64::NAN));
    format!("{suite}: {median:.1} ns per case (fastest sample {fastest:.1})")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}
