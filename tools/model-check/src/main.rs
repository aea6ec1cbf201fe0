//! Model check: explores every order of events of small Pods.
//!
//! `scripts/model-check --deep` goes on for an hour, or until there are 10^8
//! states; without `--deep` a minute. States, depth and time are printed every ten seconds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "it may stop, as a test may"
)]

use std::{
    collections::BTreeSet,
    io::{self, Write},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use pod_lifecycle::{
    CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES,
    api::{Name, PodPhase},
};
use pod_lifecycle_model::{Budget, SmallPods};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// Checks small Pods.
#[derive(Parser)]
struct Arguments {
    /// An hour and larger budgets, instead of a minute.
    #[arg(long)]
    deep: bool,
    /// Time limit in minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Upper bound of states.
    #[arg(long, default_value_t = 100_000_000)]
    states: usize,
    /// Number of threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let minutes = arguments.minutes.unwrap_or(if arguments.deep { 60 } else { 1 });
    let budget = if arguments.deep {
        Budget { exits: 3, failures: 2, anomalies: 1, disturbances: 2, wakes: 5 }
    } else {
        Budget { exits: 2, failures: 1, anomalies: 0, disturbances: 1, wakes: 3 }
    };
    let all = SmallPods::new(budget);
    let (start, pods) = (Instant::now(), all.one_by_one());
    let share = Share { states: arguments.states / pods.len(), seconds: minutes * 60 / pods.len() as u64 };
    let (mut states, mut depth, mut reached, mut is_well) = (0, 0, BTreeSet::new(), true);
    for (nth, pod) in pods.into_iter().enumerate() {
        say(&format!("Pod {nth}"));
        let near = check(pod.clone(), Search::Near, share, arguments.threads, start);
        let far = check(pod, Search::Far, share, arguments.threads, start);
        states += near.states.max(far.states);
        depth = depth.max(far.depth);
        is_well &= near.is_well && far.is_well;
        reached.extend(near.reached.into_iter().chain(far.reached));
    }
    let sometimes = all.properties().into_iter().filter(|property| property.expectation == Expectation::Sometimes);
    let never: Vec<&str> = sometimes.map(|property| property.name).filter(|name| !reached.contains(name)).collect();
    let seen = all.seen.lock().unwrap();
    let missing: Vec<String> = table().into_iter().filter(|entry| !seen.contains(entry)).collect();
    say(&format!("never reached: {never:?}; moves that were never seen: {missing:?}"));
    say(&format!("{states} unique states, depth {depth}, {:.0} s", start.elapsed().as_secs_f64()));
    if is_well && never.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Limits for each Pod.
#[derive(Clone, Copy)]
struct Share {
    states: usize,
    seconds: u64,
}

/// Search order.
#[derive(Clone, Copy)]
enum Search {
    /// Breadth first: reaches every required state within few steps.
    Near,
    /// Depth first: reaches long sequences.
    Far,
}

/// Upper bound of states of the breadth-first search.
const NEAR: usize = 300_000;

/// Average number of paths to a state; a search counts each of them towards its target.
const WAYS: usize = 3;

/// Result of one search.
struct Found {
    states: usize,
    depth: usize,
    reached: BTreeSet<&'static str>,
    is_well: bool,
}

/// Checks one Pod.
fn check(pod: SmallPods, search: Search, share: Share, threads: usize, start: Instant) -> Found {
    let checker = pod.checker().finish_when(HasDiscoveries::AnyFailures).threads(threads);
    let checker = checker.timeout(Duration::from_secs(share.seconds));
    match search {
        Search::Near => found(&checker.target_state_count(NEAR.min(share.states)).spawn_bfs(), share, start),
        Search::Far => found(&checker.target_state_count(share.states.saturating_mul(WAYS)).spawn_dfs(), share, start),
    }
}

/// Prints the progress of a search, and returns its result.
fn found(checker: &impl Checker<SmallPods>, share: Share, start: Instant) -> Found {
    let (began, mut printed) = (Instant::now(), 0);
    // The checker notices its timeout late; wait at most ten seconds longer.
    while !checker.is_done() && began.elapsed().as_secs() < share.seconds + 10 {
        thread::sleep(Duration::from_millis(200));
        if began.elapsed().as_secs() / 10 > printed {
            printed = began.elapsed().as_secs() / 10;
            let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
            say(&format!("  {unique} states, depth {depth}, {:.0} s", start.elapsed().as_secs_f64()));
        }
    }
    let (mut reached, mut is_well) = (BTreeSet::new(), true);
    for (name, path) in checker.discoveries() {
        let violation = path.last_state().violation.clone();
        reached.insert(name);
        if violation.is_some() {
            is_well = false;
            say(&format!("VIOLATED: {violation:?}: {:#?}", path.into_actions()));
        }
    }
    Found { states: checker.unique_state_count(), depth: checker.max_depth(), reached, is_well }
}

/// Returns the entries of the transition tables. `Unknown` is left out, since only the API server sets it.
fn table() -> Vec<String> {
    let phases = PHASE_MOVES.iter().filter(|(from, to)| *from != PodPhase::Unknown && *to != PodPhase::Unknown);
    let phases = phases.map(|(from, to)| format!("phase {from} -> {to}"));
    let workers = WORKER_MOVES.iter().map(|(from, to)| format!("worker {from} -> {to}"));
    let containers = CONTAINER_MOVES.iter().map(|(from, to)| format!("container {} -> {}", from.name(), to.name()));
    phases.chain(workers).chain(containers).collect()
}

fn say(line: &str) {
    // A closed stdout is no error.
    let _ = writeln!(io::stdout(), "{line}");
}
