//! Checks small Pods in every order of what can happen to them.
//!
//! `cargo run --release --all-features --example model_check -- --deep` goes on for an hour, or until there are 10^8
//! states; without `--deep` a minute. States, depth and time are told every ten seconds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    dead_code,
    reason = "it may stop, as a test may"
)]

#[path = "../tests/model/model.rs"]
mod model;

use std::{
    io::{self, Write},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use model::{Budget, SmallPods};
use pod_lifecycle::{
    CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES,
    manifest::{Name, PodPhase},
};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// Checks small Pods.
#[derive(Parser)]
struct Arguments {
    /// An hour and larger budgets, instead of a minute.
    #[arg(long)]
    deep: bool,
    /// How long, in minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// How many states are enough.
    #[arg(long, default_value_t = 100_000_000)]
    states: usize,
    /// How many threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let minutes = arguments.minutes.unwrap_or(if arguments.deep { 60 } else { 1 });
    let budget = if arguments.deep {
        Budget { exits: 3, failures: 2, doubts: 1, blows: 2, wakes: 5 }
    } else {
        Budget { exits: 2, failures: 1, doubts: 0, blows: 1, wakes: 3 }
    };
    let model = SmallPods::new(budget);
    let seen = model.seen.clone();
    let start = Instant::now();
    let checker = model
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(arguments.states)
        .timeout(Duration::from_secs(minutes * 60))
        .threads(arguments.threads)
        .spawn_dfs();
    while !checker.is_done() {
        thread::sleep(Duration::from_secs(if start.elapsed().as_secs() < 10 { 1 } else { 10 }));
        let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
        say(&format!(
            "{unique} states of {} made, depth {depth}, {:.0} s",
            checker.state_count(),
            start.elapsed().as_secs_f64()
        ));
    }
    let mut is_well = true;
    for property in checker.model().properties() {
        let path = checker.discovery(property.name);
        match property.expectation {
            Expectation::Always if path.is_some() => {
                is_well = false;
                let path = path.map(|path| (path.last_state().broken.clone(), path.into_actions()));
                say(&format!("BROKEN: {}: {path:#?}", property.name));
            }
            Expectation::Sometimes if path.is_none() => {
                is_well = false;
                say(&format!("never reached: {}", property.name));
            }
            Expectation::Always | Expectation::Sometimes | Expectation::Eventually => {}
        }
    }
    let seen = seen.lock().unwrap();
    let missing: Vec<String> = table().into_iter().filter(|entry| !seen.contains(entry)).collect();
    say(&format!("moves that were not made: {missing:?}"));
    let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
    say(&format!("{unique} unique states, depth {depth}, {:.0} s", start.elapsed().as_secs_f64()));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The entries of the tables; a Pod becomes `Unknown` only in the eyes of the API server.
fn table() -> Vec<String> {
    let phases = PHASE_MOVES.iter().filter(|(from, to)| *from != PodPhase::Unknown && *to != PodPhase::Unknown);
    let phases = phases.map(|(from, to)| format!("phase {from} -> {to}"));
    let workers = WORKER_MOVES.iter().map(|(from, to)| format!("worker {from} -> {to}"));
    let containers = CONTAINER_MOVES.iter().map(|(from, to)| format!("container {} -> {}", from.name(), to.name()));
    phases.chain(workers).chain(containers).collect()
}

fn say(line: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stdout(), "{line}");
}
