//! `fake-node`: Kubernetes nodes without machines.

mod cli;

use std::{io, process::ExitCode};

use clap::Parser;
use fake_node::{Node, Running};
use kube::{Client, Config};
use pod_lifecycle::SystemClock;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use cli::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut config = Config::infer().await?;
    // The agent retries by itself, with its own delays.
    config.default_retry = false;
    let node = options.set_up(Node::new(Client::try_from(config)?).with_clock(SystemClock));
    let starting = async {
        let running = node.start().await?;
        Ok::<Running, Box<dyn std::error::Error>>(running)
    };
    let running = tokio::select! {
        running = starting => running?,
        _ = terminated.recv() => return Ok(()),
        _ = interrupted.recv() => return Ok(()),
    };
    if options.metrics_address != "0" {
        let address = running.serve_metrics(&options.metrics_address).await?;
        tracing::info!(%address, "serving health and metrics");
    }
    tracing::info!(nodes = options.count(), "ready");
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    tracing::info!("stopping; the Pods stay as they are");
    running.stop().await;
    Ok(())
}
