//! Would the tests notice a small fault? Many are compiled into one build of a copy of the project, each behind a
//! switch, and the tests are run with one switched on at a time.

mod baseline;
mod compile;
mod copy;
mod examples;
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
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::{Deserialize, Serialize};

use crate::{
    baseline::Test,
    compile::{Binary, Built},
    copy::Copy,
    listed::{Mutant, Number},
    report::{Line, Verdict},
    trial::{Outcome, Place},
    workers::in_parallel,
};

/// So many switches one build may have.
const BATCH: usize = 500;

/// A test that takes no longer is quick.
const QUICK: Duration = Duration::from_secs(2);

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
    let is_well = lines.iter().all(|line| line.verdict != Verdict::Missed);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// How many have been run.
fn tried(lines: &[Line]) -> usize {
    lines.iter().filter(|line| !matches!(line.verdict, Verdict::NotSwitched | Verdict::Unviable)).count()
}

/// Lines may have moved since: a mutant is known by its file and by what it does.
fn missed(mutants: Vec<Mutant>, earlier: &[Line]) -> Vec<Mutant> {
    let is_missed = |mutant: &Mutant| {
        earlier
            .iter()
            .filter(|line| matches!(line.verdict, Verdict::Missed | Verdict::Equivalent) && line.file == mutant.file)
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
    let kept = work.join("ready.json");
    let Ready { built, tests, .. } = match ready(&kept, copy.mark) {
        Some(ready) => ready,
        None => {
            let built = compile::build(&copy, &target, arguments.jobs)?;
            let tests = baseline::tests(&copy.path, &target, &built.binaries, arguments.jobs)?;
            let ready = Ready { mark: copy.mark, built, tests };
            fs::write(&kept, serde_json::to_string(&ready)?)?;
            ready
        }
    };
    let numbers: Vec<Number> = built.on.into_iter().take(missing).collect();
    let last = if numbers.len() < missing { Number::MAX } else { numbers.last().copied().unwrap_or(Number::MAX) };
    let refused = built.refused.into_iter().filter(|&(number, _)| number <= last);
    lines.extend(refused.map(|(number, why)| Line::of_refused(&copy.mutants[&number], why)));
    println!("{} tests judge {} mutants", tests.len(), numbers.len());
    Trials { arguments, copy, target, binaries: built.binaries, tests }.run(&numbers, lines)
}

/// What was built, and how the tests did without a fault: kept for the same again.
#[derive(Serialize, Deserialize)]
struct Ready {
    mark: u64,
    built: Built,
    tests: Vec<Test>,
}

fn ready(kept: &Path, mark: u64) -> Option<Ready> {
    let ready: Ready = serde_json::from_str(&fs::read_to_string(kept).ok()?).ok()?;
    (ready.mark == mark && ready.built.binaries.iter().all(|binary| binary.path.is_file())).then_some(ready)
}

/// The mutants of one build, and their judges.
struct Trials<'a> {
    arguments: &'a Arguments,
    copy: Copy,
    target: PathBuf,
    binaries: Vec<Binary>,
    tests: Vec<Test>,
}

impl Trials<'_> {
    /// Tries all with the quick tests first; what these miss waits for the slow ones.
    fn run(&self, numbers: &[Number], lines: &mut Vec<Line>) -> Result<()> {
        let (quick, slow) = self.tests.split_at(self.tests.partition_point(|test| test.time <= QUICK));
        let place = Place { copy: &self.copy.path, target: &self.target };
        let shared = Mutex::new(lines);
        let missed = Mutex::new(Vec::new());
        in_parallel(self.arguments.jobs, numbers, |_, &number| {
            match trial::try_mutant(place, &self.binaries, quick, number)? {
                Outcome::Missed { reached_by } => lock(&missed).push((number, reached_by)),
                outcome => self.record(number, outcome, &shared)?,
            }
            Ok(())
        })?;
        let missed = missed.into_inner().unwrap_or_else(PoisonError::into_inner);
        println!("{} of them are missed by quick tests", missed.len());
        in_parallel(self.arguments.jobs, &missed, |_, &(number, before)| {
            let outcome = match trial::try_mutant(place, &self.binaries, slow, number)? {
                Outcome::Missed { reached_by } => Outcome::Missed { reached_by: before + reached_by },
                outcome => outcome,
            };
            self.record(number, outcome, &shared)
        })
    }

    fn record(&self, number: Number, outcome: Outcome, lines: &Mutex<&mut Vec<Line>>) -> Result<()> {
        let mutant = &self.copy.mutants[&number];
        let source = fs::read_to_string(self.arguments.project.join(&mutant.file))?;
        let line = Line::of_trial(mutant, outcome, &source);
        println!("{:?}: {}{}", line.verdict, line.name, report::in_brackets(&line.detail));
        let mut lines = lock(lines);
        lines.push(line);
        report::write(&self.arguments.results, &lines)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The binaries run in the copy, and Cargo builds there.
fn absolute(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path)?;
    path.canonicalize().with_context(|| format!("finding {}", path.display()))
}
