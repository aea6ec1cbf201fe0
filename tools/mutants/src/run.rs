//! One process of a test binary: how it ends, and how long it takes.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    compile::{Binary, set_environment},
    listed::Number,
};

/// What a process may have of memory, in KiB: a fault may make a list endless.
const MEMORY: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    Failed,
    TimedOut,
}

/// Folder, environment and arguments of the tests.
pub(crate) struct Run<'a> {
    pub(crate) copy: &'a Path,
    pub(crate) target: &'a Path,
    pub(crate) mutant: Number,
    /// Where the process writes down which switches it reached.
    pub(crate) reached: Option<&'a Path>,
    pub(crate) limit: Duration,
}

impl Run<'_> {
    /// Runs tests by their full names, one after the other.
    pub(crate) fn tests<'t>(
        &self,
        binary: &Binary,
        tests: impl IntoIterator<Item = &'t str>,
    ) -> Result<(End, Duration)> {
        let mut command = Command::new("bash");
        // Some tests ask Cargo for a program, and run it: they end together.
        set_environment(&mut command, self.target);
        command
            .process_group(0)
            .args(["-c", &format!("ulimit -v {MEMORY} -c 0; exec \"$0\" \"$@\"")])
            .arg(&binary.path)
            .args(["--quiet", "--test-threads=1", "--exact"])
            .args(tests)
            .current_dir(self.copy)
            .env("CARGO_MANIFEST_DIR", self.copy)
            .env("MUTANT", self.mutant.to_string())
            .env("INSTA_UPDATE", "no")
            .env("INSTA_WORKSPACE_ROOT", self.copy)
            // The same random input each time; a failure is not looked into, and not kept.
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(reached) = self.reached {
            command.env("MUTANTS_REACHED", reached);
        }
        let start = Instant::now();
        let mut child = command.spawn().context("running a test binary")?;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((if status.success() { End::Passed } else { End::Failed }, start.elapsed()));
            }
            if start.elapsed() > self.limit {
                let group = format!("-{}", child.id());
                Command::new("kill").args(["-KILL", "--", &group]).status()?;
                child.wait()?;
                return Ok((End::TimedOut, start.elapsed()));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}
