//! `podlife`: plays the life of a Pod, lints manifests, and explains the state of a real Pod.
//!
//! ```sh
//! podlife play examples/scenarios/crash-loop.yaml
//! podlife lint deployment.yaml
//! kubectl get pod web-0 -o json | podlife why
//! ```

#![forbid(unsafe_code)]

mod diagram;
mod failure;
#[cfg(feature = "fleet")]
mod fleet;
mod lint;
mod manifest;
#[cfg(feature = "mdbook")]
mod mdbook;
mod pages;
mod paint;
mod play;
mod print;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use podlife::why;

/// Plays the lives of Kubernetes Pods, lints manifests, and explains the states of real Pods.
#[derive(Debug, Parser)]
#[command(
    name = "podlife",
    version,
    after_help = "Exit codes: 0 done, 1 a finding is denied or cannot write, 2 bad input or usage.\n\
                  `-` is standard input or output. NO_COLOR switches colours off."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What podlife does.
#[derive(Debug, Subcommand)]
enum Command {
    Play(Box<play::Arguments>),
    Lint(lint::Arguments),
    Why(why::Arguments),
    #[cfg(feature = "fleet")]
    Fleet(fleet::Arguments),
    #[cfg(not(feature = "fleet"))]
    #[command(about = "Simulates many Pods: not in this build; it needs `--features fleet`", disable_help_flag = true)]
    Fleet {
        #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    Diagram(diagram::Arguments),
    #[cfg(feature = "mdbook")]
    Mdbook(mdbook::Arguments),
    Completions(pages::Completions),
    Man(pages::Man),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Play(arguments) => play::main(&arguments),
        Command::Lint(arguments) => lint::main(&arguments),
        Command::Why(arguments) => why::main(&arguments),
        #[cfg(feature = "fleet")]
        Command::Fleet(arguments) => fleet::main(&arguments),
        #[cfg(not(feature = "fleet"))]
        Command::Fleet { .. } => print::usage_error(
            &"this podlife is built without fleets; `cargo install --path cli --features fleet` builds one with them",
        ),
        Command::Diagram(arguments) => diagram::main(&arguments),
        #[cfg(feature = "mdbook")]
        Command::Mdbook(arguments) => mdbook::main(&arguments),
        Command::Completions(arguments) => pages::completions::<Arguments>(&arguments),
        Command::Man(arguments) => pages::man::<Arguments>(&arguments),
    }
}
