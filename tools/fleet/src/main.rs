//! A fleet of Pods in virtual time, over threads, processes and hosts.
//!
//! ```console
//! cargo run --release --all-features --example fleet -- --pods 1000000 --for 10m examples/fleet/scenarios/healthy.yaml
//! ```
//!
//! `-w` is how many threads each process has, `-n` how many processes there are, `-p` which this one is, and `-h` the file
//! with their addresses, as everywhere on timely dataflow. Each thread owns a shard of the fleet; virtual time is the
//! dataflow's timestamp, and what the shards count is summed up as its frontier moves.

mod arguments;
mod chart;
mod dataflow;
mod sample;
mod summary;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use pod_lifecycle::sim::{Fleet, FleetError, FleetScenario, Shard};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Everything that can be wrong with the input is found before anything is started.
fn run(arguments: &Arguments) -> Result<(), String> {
    let scenario = read(arguments)?;
    let (pods, shards) = (arguments.pods, arguments.workers.saturating_mul(arguments.processes));
    check_memory(arguments)?;
    Fleet::shard(&scenario, pods.min(1), Shard::WHOLE).map_err(|error| format!("{}: {error}", arguments.scenario))?;
    if arguments.process >= arguments.processes || shards == 0 {
        return Err(format!("-p {}: there are {} processes, counted from 0", arguments.process, arguments.processes));
    }
    let run = dataflow::run(&scenario, arguments)?;
    if arguments.process != 0 {
        return Ok(());
    }
    println!("{}", summary::text(arguments, &scenario.description, &run));
    if let Some(file) = &arguments.csv {
        std::fs::write(file, summary::csv(&run)).map_err(|error| format!("{file}: {error}"))?;
    }
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&run).map_err(|error| error.to_string())?;
        std::fs::write(file, json).map_err(|error| format!("{file}: {error}"))?;
    }
    if let Some(file) = &arguments.svg {
        chart::draw(file, &scenario.description, &run)?;
        println!("The chart is in {file}.");
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<FleetScenario, String> {
    let file = &arguments.scenario;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let options = serde_saphyr::options! { no_schema: true, with_snippet: false };
    let mut scenario: FleetScenario =
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| format!("{file}: {error}"))?;
    if let Some(seed) = arguments.seed {
        scenario.seed = seed;
    }
    Ok(scenario)
}

/// True if this process has room for its part of the Pods, or if the memory is unknown.
fn check_memory(arguments: &Arguments) -> Result<(), String> {
    let own = arguments.pods.checked_div(arguments.processes).unwrap_or(0);
    let bytes = Fleet::bytes_of(own);
    let Some(free) = free_bytes() else { return Ok(()) };
    if bytes <= free {
        return Ok(());
    }
    Err(FleetError::TooMany { pods: own, bytes }.to_string())
}

/// How much memory the system still has to give.
fn free_bytes() -> Option<u64> {
    let known = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = known.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
