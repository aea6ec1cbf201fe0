//! `podlife`: plays the life of a Pod, and explains the state of a real one.
//!
//! ```sh
//! podlife play examples/scenarios/crash-loop.yaml
//! kubectl get pod web-0 -o json | podlife why
//! ```

#![forbid(unsafe_code)]

mod failure;
mod manifest;
mod paint;
mod play;
mod print;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use podlife::why;

/// Plays the lives of Kubernetes Pods, and explains the states of real ones.
#[derive(Debug, Parser)]
#[command(name = "podlife", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What podlife does.
#[derive(Debug, Subcommand)]
enum Command {
    Play(play::Arguments),
    Why(why::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Play(arguments) => play::main(&arguments),
        Command::Why(arguments) => why::main(&arguments),
    }
}
