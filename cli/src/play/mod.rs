//! Plays the life of a Pod from its manifest and a script, and prints it.
//!
//! `cargo run -p pod-lifecycle-cli -- play examples/scenarios/crash-loop.yaml`
//!
//! One module reads what comes in ([`input`]), one makes a [`life`] of it, and each thing that can be printed is a
//! section with a module of its own: [`steps`], [`watch`], [`description`], [`budget`], [`document`]. The crate draws the
//! pictures; [`drawing`] writes them.

mod arguments;
mod budget;
mod change;
mod description;
mod document;
mod drawing;
mod explanation;
mod failure;
mod input;
mod life;
mod moment;
mod steps;
mod watch;

use std::process::ExitCode;

use pod_lifecycle::budget::Budget;

pub(crate) use arguments::Arguments;

use crate::print;
use arguments::Output;
use failure::Failure;
use life::Life;

/// Runs `podlife play`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    arguments.check_conflicts();
    match run(arguments) {
        Ok(text) => print::text(&text),
        Err(failure) => print::usage_error(&failure),
    }
}

/// Plays what the arguments ask for; returns the text to print.
fn run(arguments: &Arguments) -> Result<String, Failure> {
    let input = input::read(arguments)?;
    let (scenario, fail) = (&input.scenario, |error| Failure::of_scenario(arguments, &input, &error));
    let timeline = scenario.play().map_err(fail)?;
    let mut life = Life::of(scenario, timeline);
    if arguments.explain {
        explanation::add(scenario, &mut life).map_err(fail)?;
    }
    if let Some(file) = &arguments.svg {
        drawing::write_svg(&life, file)?;
    }
    let budget = arguments.budget.then(|| budget::of(scenario)).transpose();
    let budget = budget.map_err(|error| fail(error.into()))?;
    match arguments.output {
        Output::Json => document::json(&life, budget.as_ref()),
        Output::Yaml => document::yaml(&life, budget.as_ref()),
        Output::Text => Ok(sections(arguments, &life, budget.as_ref()).join("\n")),
    }
}

/// Everything that is to be printed as text, in its order.
fn sections(arguments: &Arguments, life: &Life, budget: Option<&Budget>) -> Vec<String> {
    let mut sections: Vec<String> = budget.iter().map(ToString::to_string).collect();
    sections.push(match arguments {
        Arguments { watch: true, .. } => watch::table(life),
        Arguments { mermaid: true, .. } => drawing::gantt(life),
        Arguments { lanes: true, .. } => drawing::lanes(life),
        Arguments { .. } => steps::print(life),
    });
    if arguments.describe {
        sections.push(description::describe(life));
    }
    sections
}
