//! `podlife diagram`: the states of containers, Pods and workers, and what leads from one to another.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use pod_lifecycle::render::StateDiagram;

use crate::print;

/// Prints a state diagram for Mermaid: every transition that there is, with its cause.
///
/// Markdown on GitHub draws it in a block with the language `mermaid`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Whose states.
    #[arg(value_enum)]
    of: Subject,
    /// File to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: String,
}

/// Subject of a diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// States of a container: waiting, running, terminated.
    Container,
    /// Phases of a Pod.
    Phase,
    /// States of the kubelet's worker of a Pod.
    Worker,
}

/// Runs `podlife diagram`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let text = match arguments.of {
        Subject::Container => StateDiagram::Container,
        Subject::Phase => StateDiagram::Phase,
        Subject::Worker => StateDiagram::Worker,
    }
    .to_string();
    if arguments.output == "-" {
        return print::text(&text);
    }
    match print::to_file(&arguments.output, &text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => print::usage_error(&failure),
    }
}
