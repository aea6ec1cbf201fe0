//! Pods as real processes: a starting point for embedders with a runtime.
//!
//! `cargo run -p embed-tokio -- examples/embed-tokio/sample.yaml`
//!
//! There are no images and no isolation: a container is its `command` and `args`, run on this machine. All else is as a
//! kubelet has it: exec, TCP, HTTP and gRPC probes are asked on loopback, hooks run, SIGTERM is sent, and SIGKILL when the
//! grace is over. The table is that of `kubectl get pods`; below it each Pod says why it is as it is.
//!
//! * [`agent`]: one Pod's run loop. Actions go to the [`runtime`], its events come back, and time passes.
//! * [`node`]: the agents of all Pods, and the end of them.
//! * [`runtime`]: processes, hooks and probes, one file each.
//! * [`screen`]: the table and the explanations.
//!
//! What it does not do, it refuses: `envFrom` and `valueFrom` (`CreateContainerConfigError`), a container without
//! a command (`CreateContainerError`), and HTTPS probes. Volumes are not mounted.

mod agent;
mod arguments;
mod input;
mod node;
mod runtime;
mod screen;

use std::{error::Error, process::ExitCode};

use arguments::Arguments;
use node::Node;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::from_command_line()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs Pods until they have ended or a signal comes; then stops those that still run.
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut node = Node::start(input::pods(&arguments.files)?, &arguments.logs)?;
    let screen = tokio::spawn(screen::show(node.watch(), arguments.explain));
    tokio::select! {
        () = node.all_have_ended() => {}
        stopped = arguments.until_stopped() => stopped?,
    }
    node.delete_all();
    node.all_are_gone().await?;
    screen.await??;
    Ok(())
}
