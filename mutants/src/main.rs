//! Would the tests notice a small fault? Many are compiled into one build of a copy of the project, each behind a
//! switch, and the tests are run with one switched on at a time.

mod baseline;
mod compile;
mod copy;
mod listed;
mod place;
mod report;
mod run;
mod switch;
mod trial;
mod workers;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::{
    compile::Built,
    copy::Copy,
    listed::{Mutant, Number},
    report::{Fate, Line},
    workers::in_parallel,
};

/// So many switches one build may have.
const BATCH: usize = 500;

/// Tries mutants that cargo-mutants lists.
#[derive(Parser)]
struct Arguments {
    /// What `cargo mutants --list --json` printed.
    list: PathBuf,
    /// How many are tried; all, if it is not given.
    #[arg(long)]
    count: Option<usize>,
    /// The same seed picks the same mutants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only those that an earlier run, whose results these are, missed.
    #[arg(long, value_name = "RESULTS")]
    missed: Option<PathBuf>,
    /// The project.
    #[arg(long, default_value = ".")]
    project: PathBuf,
    /// Where the copy is made and built.
    #[arg(long, default_value = "target/mutants")]
    work: PathBuf,
    /// Where the results are written to, as JSON.
    #[arg(long, default_value = "mutants.out/switched.json")]
    results: PathBuf,
    /// How many processes run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let mut mutants = listed::shuffled(&arguments.list, arguments.seed)?;
    if let Some(earlier) = &arguments.missed {
        mutants = missed(mutants, &report::read(earlier)?);
    }
    ensure!(!mutants.is_empty(), "there is no mutant to try");
    let wanted = arguments.count.unwrap_or(mutants.len()).min(mutants.len());
    let mut lines: Vec<Line> = Vec::new();
    let mut mutants = mutants.into_iter();
    loop {
        let missing = wanted.saturating_sub(tried(&lines));
        // Some will not compile; they do not count.
        let some = if arguments.count.is_some() { missing + missing / 3 + 1 } else { BATCH };
        let batch: Vec<Mutant> = mutants.by_ref().take(some.min(BATCH)).collect();
        if missing == 0 || batch.is_empty() {
            break;
        }
        let numbered = (1..).zip(batch).collect();
        try_batch(&arguments, numbered, missing, &mut lines)?;
    }
    println!("{}", report::summary(&lines));
    println!("{} s; results are in {}", start.elapsed().as_secs(), arguments.results.display());
    let is_well = lines.iter().all(|line| line.fate != Fate::Missed);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// How many have been run.
fn tried(lines: &[Line]) -> usize {
    lines.iter().filter(|line| !matches!(line.fate, Fate::NotSwitched | Fate::Unviable)).count()
}

/// Lines may have moved since: a mutant is known by its file and by what it does.
fn missed(mutants: Vec<Mutant>, earlier: &[Line]) -> Vec<Mutant> {
    let is_missed = |mutant: &Mutant| {
        earlier
            .iter()
            .filter(|line| matches!(line.fate, Fate::Missed | Fate::Equivalent) && line.file == mutant.file)
            .any(|line| line.name.ends_with(mutant.what()))
    };
    mutants.into_iter().filter(is_missed).collect()
}

/// Builds these mutants, and tries the first that compile, so many as are missing.
fn try_batch(
    arguments: &Arguments,
    mutants: BTreeMap<Number, Mutant>,
    missing: usize,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let work = absolute(&arguments.work)?;
    let (tree, target) = (work.join("tree"), work.join("target"));
    fs::create_dir_all(&tree)?;
    let copy = Copy::new(&arguments.project, tree, mutants)?;
    let Built { binaries, on, refused } = compile::build(&copy, &target, arguments.jobs)?;
    let numbers: Vec<Number> = on.into_iter().take(missing).collect();
    let last = if numbers.len() < missing { Number::MAX } else { numbers.last().copied().unwrap_or(Number::MAX) };
    let refused = refused.into_iter().filter(|&(number, _)| number <= last);
    lines.extend(refused.map(|(number, why)| Line::of_refused(&copy.mutants[&number], why)));
    let tests = baseline::tests(&copy.path, &target, &binaries, arguments.jobs)?;
    println!("{} tests judge {} mutants", tests.len(), numbers.len());
    let (done, total) = (Mutex::new(lines), numbers.len());
    let counted = Mutex::new(0);
    in_parallel(arguments.jobs, &numbers, |_, &number| {
        let start = Instant::now();
        let mutant = &copy.mutants[&number];
        let outcome = trial::try_mutant(&copy.path, &binaries, &tests, number)?;
        let source = fs::read_to_string(arguments.project.join(&mutant.file))?;
        let line = Line::of_trial(mutant, outcome, &source);
        let mut lines = done.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted += 1;
        let (fate, detail, seconds) = (line.fate, report::in_brackets(&line.detail), start.elapsed().as_secs_f64());
        println!("{counted}/{total} {fate:?} {}{detail} {seconds:.1} s", line.name);
        lines.push(line);
        report::write(&arguments.results, &lines)
    })
}

/// The binaries run in the copy, and Cargo builds there.
fn absolute(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path)?;
    path.canonicalize().with_context(|| format!("finding {}", path.display()))
}
