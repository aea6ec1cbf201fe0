//! `fake-node`: Kubernetes nodes without machines.

mod cli;
mod clock;
mod serve;

use std::{
    fs, io,
    path::Path,
    process::{self, ExitCode},
};

use clap::Parser;
use fake_node::{Binder, Node, Running};
use kube::{Client, Config};
use pod_lifecycle::SystemClock;
use serde_json::{Value, json};
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use cli::{Command, CommandLine};

/// Error that ends the program.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    // The clock of tokio can be stopped only on one thread.
    let mut runtime = if line.command.is_some() { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let ended = runtime.enable_all().build().map_err(Failure::from).and_then(|runtime| {
        let ended = runtime.block_on(async {
            match line.command {
                Some(Command::Serve(options)) => serve::serve(options).await,
                None => run(line).await,
            }
        });
        // A stopped clock is held by a blocking task, which nothing ends.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|error| {
        tracing::error!("{error}");
        ExitCode::FAILURE
    })
}

/// Signals that end the program.
struct Signals {
    terminated: Signal,
    interrupted: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals { terminated: signal(SignalKind::terminate())?, interrupted: signal(SignalKind::interrupt())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}

async fn run(CommandLine { options, bind, .. }: CommandLine) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new()?;
    let mut config = Config::infer().await?;
    // The agent retries by itself, with its own delays.
    config.default_retry = false;
    let client = Client::try_from(config)?;
    let node = options.set_up(Node::new(client.clone()).with_clock(SystemClock));
    let starting = async {
        let running = node.start().await?;
        Ok::<Running, Failure>(running)
    };
    let running = tokio::select! {
        running = starting => running?,
        () = signals.any() => return Ok(ExitCode::SUCCESS),
    };
    let binder = bind.then(|| Binder::new(client).start());
    let metrics_address = options.metrics_address.as_deref().unwrap_or("127.0.0.1:10248");
    if metrics_address != "0" {
        let address = running.serve_metrics(metrics_address).await?;
        tracing::info!(%address, "serving health and metrics");
    }
    tracing::info!(nodes = options.count(), "ready");
    ready(&json!({"nodes": options.count(), "pid": process::id()}), options.ready_file.as_deref(), true)?;
    signals.any().await;
    tracing::info!("stopping; the Pods stay as they are");
    drop(binder);
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Writes the line of JSON that says that the nodes are ready: to the file, and to standard output if wanted.
fn ready(line: &Value, file: Option<&Path>, is_printed: bool) -> Result<(), Failure> {
    if is_printed {
        use io::Write as _;
        writeln!(io::stdout(), "{line}")?;
    }
    if let Some(file) = file {
        // Renamed into place, so that a reader never sees half of it.
        let partial = file.with_extension("partial");
        fs::write(&partial, format!("{line}\n"))
            .and_then(|()| fs::rename(&partial, file))
            .map_err(|error| format!("--ready-file {}: {error}", file.display()))?;
    }
    Ok(())
}
