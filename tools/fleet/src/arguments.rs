//! What is said on the command line.

use std::time::Duration;

use clap::{ArgAction, Parser};

/// Lives of many Pods in virtual time.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// The scenario of the fleet, in YAML.
    pub(crate) scenario: String,
    /// How many Pods there are.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) pods: u64,
    /// Simulated time: 90s, 10m, 1h.
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = time)]
    pub(crate) length: Duration,
    /// How often the Pods are counted; 200 times in all if left out, but no more than once a second.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) every: Option<Duration>,
    /// Another seed than the scenario's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where to draw the chart of Pods by STATUS.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<String>,
    /// Where to write the counts, a line each time.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<String>,
    /// Where to write everything.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<String>,
    /// How many threads each process has.
    #[arg(short, value_name = "THREADS", default_value_t = 1)]
    pub(crate) workers: u64,
    /// How many processes there are.
    #[arg(short = 'n', value_name = "PROCESSES", default_value_t = 1)]
    pub(crate) processes: u64,
    /// Which of them this is, counted from 0.
    #[arg(short, value_name = "PROCESS", default_value_t = 0)]
    pub(crate) process: u64,
    /// A file with the address of each process, a line each; this machine's ports from 2101 on if left out.
    #[arg(short = 'h', value_name = "FILE")]
    pub(crate) hosts: Option<String>,
    /// Says this.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

impl Arguments {
    /// How often the Pods are counted.
    pub(crate) fn step(&self) -> Duration {
        let usual = || self.length.checked_div(200).unwrap_or_default().max(Duration::from_secs(1));
        self.every.unwrap_or_else(usual).max(Duration::from_millis(1))
    }

    /// Those of timely.
    pub(crate) fn of_timely(&self) -> Vec<String> {
        let mut all = vec!["-w".into(), self.workers.to_string()];
        if self.processes > 1 {
            all.extend(["-n".into(), self.processes.to_string(), "-p".into(), self.process.to_string()]);
            all.extend(self.hosts.iter().flat_map(|file| ["-h".into(), file.clone()]));
        }
        all
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let seconds = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("is not a time: 90s, 10m, 1h".into()),
    };
    let number: f64 = number.parse().map_err(|_| "is not a time: 90s, 10m, 1h")?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}
