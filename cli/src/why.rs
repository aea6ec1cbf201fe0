//! Why is this Pod in its state, and what happens next? Asked of nothing but `kubectl get pod -o json`.
//!
//! ```sh
//! kubectl get pod web-0 -o json | cargo run --example why
//! kubectl get pods -A -o json | cargo run --example why -- -
//! cargo run --example why -- examples/pods/crash-loop.json --at 2026-03-01T12:10:00Z
//! ```
//!
//! Prints the row of `kubectl get pods`, the explanation, and where the status contradicts the rules.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use pod_lifecycle::{Clock, SystemClock, Timestamp, api::PodManifest, explain::ObservedPod, kubectl};
use serde::Deserialize;

/// What `kubectl get -o json` prints: one Pod, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    List { items: Vec<PodManifest> },
    Pod(Box<PodManifest>),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (path, now) = arguments()?;
    let text = match path.as_deref() {
        None | Some("-") => io::read_to_string(io::stdin())?,
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
    };
    let pods = match serde_json::from_str(&text)? {
        Printed::List { items } => items,
        Printed::Pod(pod) => Vec::from([*pod]),
    };
    let mut said = kubectl::table(&pods, now);
    for pod in pods {
        let name = pod.metadata.name.clone();
        let pod = ObservedPod::from_manifest(pod).map_err(|error| format!("{name}: {error}"))?;
        writeln!(said, "\n{}", pod.explain(now))?;
        for contradiction in pod.inconsistencies() {
            writeln!(said, "! {contradiction}")?;
        }
    }
    match io::stdout().write_all(said.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

const USAGE: &str = "why [FILE | -] [--at TIME]";

/// The file, if one is named, and the present moment, which `--at` sets.
fn arguments() -> Result<(Option<String>, Timestamp), Box<dyn Error>> {
    let (mut path, mut now) = (None, SystemClock.now());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--at" => now = arguments.next().ok_or("--at needs a time, such as 2026-03-01T12:10:00Z")?.parse()?,
            "--help" => return Err(USAGE.into()),
            unknown if unknown.starts_with("--") => return Err(format!("{unknown} is not known: {USAGE}").into()),
            _ => path = Some(argument),
        }
    }
    Ok((path, now))
}
