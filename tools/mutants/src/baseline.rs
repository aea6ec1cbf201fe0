//! The tests without a fault: which pass, how long each takes, and which switches it reaches.

use std::{collections::BTreeSet, fs, path::Path, process::Command, sync::Mutex, time::Duration};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    compile::Binary,
    listed::Number,
    run::{End, Run},
    workers::in_parallel,
};

/// What is no judge of a mutant here: the beginnings of tests' full names, the binary's name in front.
///
/// `house` reads the text of the source, and `allocations` counts what the switches allocate too.
const LEFT_OUT: &[&str] = &["allocations::", "house::"];

/// Nothing takes longer when it is well.
const LIMIT: Duration = Duration::from_secs(600);

/// A test, and what it does when there is no fault.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Test {
    pub(crate) binary: usize,
    pub(crate) name: String,
    pub(crate) time: Duration,
    pub(crate) reaches: BTreeSet<Number>,
}

/// Runs each test by itself; the soonest is first. Those that fail here are no judges.
pub(crate) fn tests(copy: &Path, target: &Path, binaries: &[Binary], jobs: usize) -> Result<Vec<Test>> {
    let mut names = Vec::new();
    for (index, binary) in binaries.iter().enumerate() {
        names.extend(listed(copy, binary)?.into_iter().map(|name| (index, name)));
    }
    let tests = Mutex::new(Vec::new());
    in_parallel(jobs, &names, |worker, (index, name)| {
        let reached = target.join(format!("reached-{worker}"));
        fs::write(&reached, "")?;
        let run = Run { copy, target, mutant: 0, reached: Some(&reached), limit: LIMIT };
        let binary = &binaries[*index];
        let (end, time) = run.tests(binary, [&**name])?;
        if end == End::Passed {
            let reaches = fs::read_to_string(&reached)?.lines().filter_map(|line| line.parse().ok()).collect();
            lock(&tests).push(Test { binary: *index, name: name.clone(), time, reaches });
        } else {
            println!("without a fault, {}::{name} fails: it is left out", binary.name);
        }
        Ok(())
    })?;
    let mut tests = tests.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    tests.sort_by(|a, b| (a.time, &a.name).cmp(&(b.time, &b.name)));
    Ok(tests)
}

/// Whether no test whose full name begins so is a judge.
pub(crate) fn is_left_out(name: &str) -> bool {
    LEFT_OUT.iter().any(|beginning| name.starts_with(beginning))
}

fn listed(copy: &Path, binary: &Binary) -> Result<Vec<String>> {
    let output = Command::new(&binary.path)
        .args(["--list", "--format", "terse"])
        .current_dir(copy)
        .output()
        .with_context(|| format!("listing the tests of {}", binary.name))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let ignored = Command::new(&binary.path).args(["--list", "--format", "terse", "--ignored"]).output()?;
    let ignored: BTreeSet<String> = String::from_utf8_lossy(&ignored.stdout).lines().map(str::to_owned).collect();
    Ok(text
        .lines()
        .filter(|line| !ignored.contains(*line))
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| !is_left_out(&format!("{}::{name}", binary.name)))
        .map(str::to_owned)
        .collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
