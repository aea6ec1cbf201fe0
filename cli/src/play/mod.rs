//! Plays the life of a Pod from its manifest and a script, and prints it.
//!
//! `cargo run -p pod-lifecycle-cli -- play examples/scenarios/crash-loop.yaml`
//!
//! One module reads what comes in ([`input`]), one adds what the command line says ([`story`]), one makes a [`life`] of it,
//! and each thing that can be printed is a section with a module of its own: [`steps`], [`watch`], [`description`],
//! [`budget`], [`document`], [`drawing`].

mod arguments;
mod bounded;
mod budget;
mod change;
mod description;
mod document;
mod drawing;
mod input;
mod life;
mod moment;
mod progress;
mod steps;
mod story;
mod watch;

use std::process::ExitCode;

use pod_lifecycle::budget::Budget;
#[cfg(feature = "mdbook")]
use pod_lifecycle::sim::ScenarioError;

pub(crate) use arguments::Arguments;
#[cfg(feature = "fleet")]
pub(crate) use arguments::time;

use crate::{
    failure::{Failure, file_name},
    print,
};
use arguments::{Format, Output, Printed};
use life::{Life, PlayError, Wanted};

/// How many of the first and of the last steps people read.
const READ: (usize, usize) = (200, 50);

/// How many of the first and of the last steps programs are given.
const GIVEN: (usize, usize) = (20_000, 2_000);

/// Runs `podlife play`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let outputs = arguments.outputs();
    match run(arguments, &outputs) {
        Ok(text) => print::text(&text),
        Err(failure) => print::usage_error(&failure),
    }
}

/// Plays what the arguments ask for; returns the text to print, once all files are written.
fn run(arguments: &Arguments, outputs: &[Output]) -> Result<String, Failure> {
    let file = arguments.file();
    let input = input::read(arguments)?;
    print::warnings(file_name(file), &input.warnings);
    print::notes(file_name(file), &input.notes);
    let scenario = &input.scenario;
    let has = |formats: &[Format]| outputs.iter().any(|output| formats.contains(&output.format));
    let wanted = Wanted {
        explanations: arguments.printed.explain,
        picture: has(&[Format::Svg, Format::Mermaid, Format::Lanes]),
        steps: match arguments.printed.all {
            true => (usize::MAX, 0),
            false if has(&[Format::Json, Format::Yaml]) => GIVEN,
            false => READ,
        },
    };
    let life = Life::play(scenario, wanted).map_err(|error| match error {
        PlayError::Scenario(error) => input.failure(file, &error),
        PlayError::TooLongToDraw => Failure::new(file, "too much happens to be drawn: end it earlier with --until"),
    })?;
    let budget = arguments.printed.budget.then(|| budget::of(scenario)).transpose();
    let budget = budget.map_err(|error| input.failure(file, &error.into()))?;
    let mut printed = Vec::new();
    for output in outputs {
        let text = text(output.format, &arguments.printed, &life, budget.as_ref())?;
        if output.file == "-" {
            printed.push(text);
        } else {
            print::to_file(&output.file, &text)?;
        }
    }
    Ok(printed.join("\n"))
}

/// What a book shows of a life.
#[cfg(feature = "mdbook")]
pub(crate) struct Page {
    pub(crate) svg: String,
    /// Row of `kubectl get pods` at the end, with its heading.
    pub(crate) row: String,
    /// Explanation at the end.
    pub(crate) explanation: String,
}

/// Plays the scenario of a text for a book; an unknown field is an error there.
#[cfg(feature = "mdbook")]
pub(crate) fn page(text: String, arguments: &Arguments) -> Result<Page, Failure> {
    let file = arguments.file();
    let input = input::read_text(text, arguments)?;
    if !input.warnings.is_empty() {
        return Err(Failure::of(file, input.warnings));
    }
    let failure = |error: ScenarioError| input.failure(file, &error);
    let wanted = Wanted { explanations: false, picture: true, steps: (0, 0) };
    let life = Life::play(&input.scenario, wanted).map_err(|error| match error {
        PlayError::Scenario(error) => failure(error),
        PlayError::TooLongToDraw => Failure::new(file, "too much happens to be drawn: end it earlier with --until"),
    })?;
    let mut simulation = input.scenario.simulate().map_err(failure)?;
    simulation.advance(life.end).map_err(failure)?;
    Ok(Page {
        svg: life.picture.as_ref().map(drawing::svg).unwrap_or_default(),
        row: watch::last(&life),
        explanation: simulation.explain(simulation.now()).to_string(),
    })
}

/// The life in one format.
fn text(format: Format, printed: &Printed, life: &Life, budget: Option<&Budget>) -> Result<String, Failure> {
    let drawn =
        |draw: fn(&pod_lifecycle::render::Picture) -> String| life.picture.as_ref().map(draw).unwrap_or_default();
    match format {
        Format::Json => document::json(life, budget),
        Format::Yaml => document::yaml(life, budget),
        Format::Text => Ok(sections(printed, life, budget).join("\n")),
        Format::Svg => Ok(drawn(drawing::svg)),
        Format::Mermaid => Ok(drawn(drawing::gantt)),
        Format::Lanes => Ok(drawn(drawing::lanes)),
    }
}

/// Everything that is to be printed as text, in its order.
fn sections(printed: &Printed, life: &Life, budget: Option<&Budget>) -> Vec<String> {
    let mut sections: Vec<String> = budget.iter().map(ToString::to_string).collect();
    sections.push(if printed.watch { watch::table(life) } else { steps::print(life, printed.all) });
    if printed.describe {
        sections.push(description::describe(life));
    }
    sections
}
