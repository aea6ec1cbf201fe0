//! `podlife why`: explains the state of Pods from nothing but `kubectl get pod -o json`.
//!
//! Prints the row of `kubectl get pods`, the explanation, and where the status contradicts the rules.

use std::{error::Error, fmt::Write as _, fs, io, process::ExitCode};

use clap::Args;
use pod_lifecycle::{
    Clock, SystemClock, Timestamp,
    api::PodManifest,
    config::{KubeletConfig, KubernetesVersion},
    explain::ObservedPod,
    kubectl,
};
use serde::Deserialize;

use crate::print;

/// Explains why Pods are in their state, what happens next and when, from what `kubectl get pod -o json` prints.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A Pod or a list of Pods, in JSON; without it, or with `-`, standard input is read.
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// The time to explain the Pods at, such as 2026-03-01T12:10:00Z; now, if it is not given.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Version of the node's kubelet, such as 1.34, from 1.32 to 1.38.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes: KubernetesVersion,
}

/// Runs `podlife why`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match explain(arguments) {
        Ok(text) => print::text(&text),
        Err(error) => print::usage_error(&error),
    }
}

/// What `kubectl get -o json` prints: one Pod, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    List { items: Vec<PodManifest> },
    Pod(Box<PodManifest>),
}

fn explain(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let now = arguments.at.unwrap_or_else(|| SystemClock.now());
    let text = match arguments.file.as_deref() {
        None | Some("-") => io::read_to_string(io::stdin())?,
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
    };
    let pods = match serde_json::from_str(&text)? {
        Printed::List { items } => items,
        Printed::Pod(pod) => Vec::from([*pod]),
    };
    let node = KubeletConfig::default().with_kubernetes(arguments.kubernetes);
    let mut explained = kubectl::table(&pods, now);
    for pod in pods {
        let name = pod.metadata.name.clone();
        let pod = ObservedPod::from_manifest(pod).map_err(|error| format!("{name}: {error}"))?;
        writeln!(explained, "\n{}", pod.explain_on(&node, now))?;
        for inconsistency in pod.inconsistencies() {
            writeln!(explained, "! {inconsistency}")?;
        }
    }
    Ok(explained)
}
