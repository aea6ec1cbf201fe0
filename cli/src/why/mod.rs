//! `podlife why` and `kubectl why`: explain the state of Pods from what `kubectl get -o json` prints.
//!
//! `input` reads objects, each by its kind, `report` explains Pods and groups them, `kubectl` calls `kubectl` for the
//! objects.

mod input;
pub mod kubectl;
mod report;
mod workload;

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use anstream::{stderr, stdout};
use clap::{
    Args, ValueEnum,
    builder::styling::{AnsiColor, Style},
};
use pod_lifecycle::{
    Clock, SystemClock, Timestamp,
    config::{KubeletConfig, KubernetesVersion},
};

use input::Input;
use report::Report;

/// Exit code if something that was given cannot be read.
const UNREADABLE: u8 = 2;

/// Explains why Pods are in their state, what happens next and when, and what would change it, from what `kubectl get -o json`
/// prints.
///
/// One Pod is explained whole. Of several there is a table of those in trouble, first the worst, then one explanation for all
/// that are in trouble for the same reason; the others are counted.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Arguments {
    /// Pods, lists of Pods and of other objects, in JSON or YAML; without a file, or for `-`, standard input is read.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Events of the Pods, as `kubectl get events -o json` prints them: they say what could not be mounted, pulled or started.
    #[arg(long, value_name = "FILE")]
    events: Vec<String>,
    #[command(flatten)]
    shown: Shown,
}

const EXIT_CODES: &str = "Exit codes:\n  0  everything was read\n  1  the output could not be written\n  2  something could not be \
                          read; it is named, and the rest is explained all the same";

/// What is shown of Pods, and in which form.
#[derive(Debug, Args)]
pub struct Shown {
    /// The time to explain the Pods at, such as 2026-03-01T12:10:00Z; now, if it is not given.
    #[arg(long, visible_alias = "now", value_name = "TIME")]
    at: Option<Timestamp>,
    /// Version of the nodes' kubelets, such as 1.34, from 1.32 to 1.38.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes: KubernetesVersion,
    /// Explain every Pod, also those that are well.
    #[arg(long)]
    all: bool,
    /// Output format.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// Output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Runs `podlife why`.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let mut input = Input::default();
    for file in &arguments.events {
        input.read_file(file);
    }
    match &*arguments.files {
        [] => input.read_file("-"),
        files => files.iter().for_each(|file| input.read_file(file)),
    }
    finish(&input, &arguments.shown)
}

/// Explains what was read and prints it.
fn finish(input: &Input, shown: &Shown) -> ExitCode {
    let report = Report::of(input, shown);
    let text = match shown.output {
        Format::Text => report.text(),
        Format::Json => report.json(),
    };
    let written = write(&text);
    for error in report.errors() {
        complain("error: ", AnsiColor::Red, error);
    }
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain("error: ", AnsiColor::Red, &format_args!("cannot write: {error}"));
            ExitCode::FAILURE
        }
        _ if !report.errors().is_empty() => ExitCode::from(UNREADABLE),
        _ => ExitCode::SUCCESS,
    }
}

impl Shown {
    fn now(&self) -> Timestamp {
        self.at.unwrap_or_else(|| SystemClock.now())
    }

    fn node(&self) -> KubeletConfig {
        KubeletConfig::default().with_kubernetes(self.kubernetes)
    }
}

/// Writes to standard output; colours are left out where it is no terminal.
fn write(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes an error or a warning to standard error.
fn complain(word: &str, colour: AnsiColor, what: &dyn Display) {
    let style = colour.on_default().bold();
    // If standard error is closed, the exit code still says that it failed.
    let _ = writeln!(stderr(), "{style}{word}{style:#}{what}");
}

/// Returns a text in bold.
fn strong(text: impl Display) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}
