//! One mutant: do the tests notice?

use std::{path::Path, time::Duration};

use anyhow::Result;

use crate::{
    baseline::Test,
    compile::Binary,
    listed::Number,
    run::{End, Run},
};

/// A process may take so many times as long as without the fault, and then some.
const SLOWER: u32 = 5;
const AT_LEAST: Duration = Duration::from_secs(5);

/// The tests of one round take about so long together; the next round takes four times as long.
const FIRST_ROUND: Duration = Duration::from_millis(100);

/// The copy, and where it is built.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) copy: &'a Path,
    pub(crate) target: &'a Path,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A test failed; one of those that ran in that process.
    Caught { binary: String },
    /// The tests did not end.
    TimedOut,
    /// All tests that reach it passed; so many there are.
    Missed { reached_by: usize },
}

/// Runs the tests that reach the mutant, the soonest first, until one fails.
pub(crate) fn try_mutant(place: Place<'_>, binaries: &[Binary], tests: &[Test], mutant: Number) -> Result<Outcome> {
    let reaching: Vec<&Test> = tests.iter().filter(|test| test.reaches.contains(&mutant)).collect();
    let mut rest = &reaching[..];
    let mut round = FIRST_ROUND;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(how_many(rest, round));
        for (index, binary) in binaries.iter().enumerate() {
            let of_binary: Vec<&Test> = now.iter().filter(|test| test.binary == index).copied().collect();
            match run(place, binary, &of_binary, mutant)? {
                End::Passed => {}
                End::Failed => return Ok(Outcome::Caught { binary: binary.name.clone() }),
                End::TimedOut => return Ok(Outcome::TimedOut),
            }
        }
        (rest, round) = (later, round * 4);
    }
    Ok(Outcome::Missed { reached_by: reaching.len() })
}

fn run(place: Place<'_>, binary: &Binary, tests: &[&Test], mutant: Number) -> Result<End> {
    if tests.is_empty() {
        return Ok(End::Passed);
    }
    let time: Duration = tests.iter().map(|test| test.time).sum();
    let Place { copy, target } = place;
    let run = Run { copy, target, mutant, reached: None, limit: time * SLOWER + AT_LEAST };
    Ok(run.tests(binary, tests.iter().map(|test| &*test.name))?.0)
}

/// How many of the tests fit into the time; one at least.
fn how_many(tests: &[&Test], time: Duration) -> usize {
    let mut sum = Duration::ZERO;
    let fitting = tests.iter().take_while(|test| {
        sum += test.time;
        sum <= time
    });
    fitting.count().max(1)
}
