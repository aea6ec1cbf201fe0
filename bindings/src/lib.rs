//! Bindings: what other languages ask of pod-lifecycle, JSON in, JSON out.
//!
//! [`ask`] answers every question that needs no memory; a [`Simulation`] is advanced step by step and acted upon; a [`Life`]
//! is one that was played, and drawn. The packages for JavaScript and Python and the playground are built on these, so that
//! they give the same answers: `tests/answers.jsonl.gz` has them, byte by byte.

#![forbid(unsafe_code)]

mod ask;
mod input;
mod life;
mod lint;
mod moment;
mod problem;
mod row;
mod simulation;
mod status;
mod timeline;
mod why;

pub use ask::{Function, Versions, ask, json, life, versions};
pub use input::{Options, scenario_of};
pub use life::{Drawing, Format, Life, duration};
pub use lint::{Finding, Level, Lint, budget_of, defaults, lint, validate};
pub use moment::{EventRow, Moment, Upcoming};
pub use problem::{InputError, Problem, problems_of_scenario, problems_of_spec};
pub use row::Row;
pub use simulation::Simulation;
pub use status::{Condition, Published, Status};
pub use timeline::{EventAt, StatusAt, Timeline};
pub use why::{Counts, Explained, Why};
