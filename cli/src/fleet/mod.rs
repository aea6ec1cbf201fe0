//! `podlife fleet`: many Pods in virtual time, over threads, processes and hosts.
//!
//! ```console
//! podlife fleet --pods 1000000 --for 10m examples/fleet/healthy.yaml
//! ```
//!
//! Each thread owns a shard of the fleet; virtual time is the timestamp of a dataflow, and the counts of the shards are
//! summed up as its frontier moves.

mod arguments;
mod chart;
mod dataflow;
mod output;
mod sample;
mod summary;

use std::{io::Read as _, process::ExitCode};

use pod_lifecycle::sim::{Fleet, FleetError, FleetScenario, Shard};

pub(crate) use self::arguments::Arguments;
use self::{output::Outputs, sample::Run};
use crate::{failure::Failure, print};

/// Simulates the fleet, and prints what became of its Pods.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match run(arguments) {
        Ok(code) => code,
        Err(failure) => print::usage_error(&failure),
    }
}

/// Runs the fleet. Everything that can be wrong with the input is found before anything is started.
fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    check_processes(arguments)?;
    let outputs = Outputs::check(arguments)?;
    let scenario = read(arguments)?;
    check_memory(arguments)?;
    Fleet::shard(&scenario, arguments.pods.min(1), Shard::WHOLE)
        .map_err(|error| Failure::new(&arguments.scenario, error.to_string()))?;
    let run = dataflow::run(&scenario, arguments).map_err(|error| Failure::new(&arguments.scenario, error))?;
    // The first process has the sums.
    if arguments.process != 0 {
        return Ok(ExitCode::SUCCESS);
    }
    outputs.write(arguments, &scenario.description, &run)
}

fn check_processes(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { workers, processes, process, .. } = arguments;
    if *workers == 0 {
        return Err(Failure::new("--workers", "expected at least 1 thread"));
    }
    if process >= processes {
        return Err(Failure::new("--process", format!("{process}: there are {processes} processes, counted from 0")));
    }
    if let Some(hosts) = &arguments.hosts {
        std::fs::metadata(hosts).map_err(|error| Failure::new(hosts, error.to_string()))?;
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<FleetScenario, Failure> {
    let file = &arguments.scenario;
    let failed = |error: &dyn std::fmt::Display| Failure::new(file, error.to_string());
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| failed(&error))?;
    let options = serde_saphyr::options! { no_schema: true, with_snippet: false };
    let mut scenario: FleetScenario =
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| failed(&error))?;
    if let Some(seed) = arguments.seed {
        scenario.seed = seed;
    }
    Ok(scenario)
}

/// Refuses more Pods than this process has room for; where the free memory is unknown it refuses none.
fn check_memory(arguments: &Arguments) -> Result<(), Failure> {
    let own = arguments.pods.checked_div(arguments.processes).unwrap_or(0);
    let bytes = Fleet::bytes_of(own);
    let Some(free) = free_bytes() else { return Ok(()) };
    if bytes <= free {
        return Ok(());
    }
    Err(Failure::new("--pods", FleetError::TooMany { pods: own, bytes }.to_string()))
}

/// Returns the memory that the system still has to give.
fn free_bytes() -> Option<u64> {
    let known = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = known.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
