//! Arguments of `podlife fleet`.

use std::time::Duration;

use clap::Args;

use crate::play::time;

/// Simulates many Pods in virtual time, over threads, processes and hosts.
///
/// The same scenario and seed give the same lives, however they are spread; the digest says so. Several processes are
/// started one by one, each with its number: `podlife fleet -n 2 -p 0 FILE` and `podlife fleet -n 2 -p 1 FILE`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Scenario of the fleet, in YAML; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) scenario: String,
    /// Number of Pods.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) pods: u64,
    /// Simulated time: 90s, 10m, 1h.
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = time)]
    pub(crate) length: Duration,
    /// Time between two counts; by default 200 counts in all, but no more than one a second.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) every: Option<Duration>,
    /// Seed, instead of the scenario's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Draws the chart of Pods by STATUS; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) svg: Option<String>,
    /// Writes the counts, a line for each time.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) csv: Option<String>,
    /// Writes everything.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) json: Option<String>,
    /// Number of threads of each process.
    #[arg(short, long, value_name = "THREADS", default_value_t = 1, help_heading = "Threads and processes")]
    pub(crate) workers: u64,
    /// Number of processes.
    #[arg(short = 'n', long, default_value_t = 1, help_heading = "Threads and processes")]
    pub(crate) processes: u64,
    /// Number of this process, counted from 0.
    #[arg(short, long, default_value_t = 0, help_heading = "Threads and processes")]
    pub(crate) process: u64,
    /// File with the address of each process, a line each; by default this machine's ports from 2101 on.
    #[arg(long, value_name = "FILE", help_heading = "Threads and processes")]
    pub(crate) hosts: Option<String>,
}

impl Arguments {
    /// Returns the time between two counts.
    pub(crate) fn step(&self) -> Duration {
        let usual = || self.length.checked_div(200).unwrap_or_default().max(Duration::from_secs(1));
        self.every.unwrap_or_else(usual).max(Duration::from_millis(1))
    }

    /// Returns the arguments of timely.
    pub(crate) fn of_timely(&self) -> Vec<String> {
        let mut all = vec!["-w".into(), self.workers.to_string()];
        if self.processes > 1 {
            all.extend(["-n".into(), self.processes.to_string(), "-p".into(), self.process.to_string()]);
            all.extend(self.hosts.iter().flat_map(|file| ["-h".into(), file.clone()]));
        }
        all
    }

    /// Returns the files that are written, each with its option.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("--svg", &self.svg), ("--csv", &self.csv), ("--json", &self.json)];
        all.into_iter().filter_map(|(option, file)| Some((option, file.as_deref()?)))
    }
}
