//! Bindings: what other languages ask of pod-lifecycle, JSON in, JSON out.
//!
//! [`ask`] answers every question that needs no memory; a [`Simulation`] is advanced step by step and acted upon; a [`Life`]
//! is one that was played, and drawn. The packages for JavaScript and Python and the playground are built on these, so that
//! they give the same answers: `tests/answers.jsonl.gz` has them, byte by byte.

#![forbid(unsafe_code)]

mod ask;
mod input;
#[cfg(feature = "simulate")]
mod life;
mod lint;
#[cfg(feature = "simulate")]
mod moment;
mod problem;
mod row;
#[cfg(feature = "simulate")]
mod scenario;
#[cfg(feature = "simulate")]
mod simulation;
mod status;
#[cfg(feature = "simulate")]
mod timeline;
mod why;

pub use ask::{Function, Versions, ask, json, versions};
pub use input::Options;
#[cfg(feature = "simulate")]
pub use life::{Drawing, Format, Life, duration, life};
pub use lint::{Finding, Level, Lint, budget_of, defaults, lint, validate};
#[cfg(feature = "simulate")]
pub use moment::{EventRow, Moment, Upcoming};
#[cfg(feature = "simulate")]
pub use problem::problems_of_scenario;
pub use problem::{InputError, Problem, problems_of_spec};
pub use row::Row;
#[cfg(feature = "simulate")]
pub use scenario::scenario_of;
#[cfg(feature = "simulate")]
pub use simulation::Simulation;
pub use status::{Condition, Published, Status};
#[cfg(feature = "simulate")]
pub use timeline::{EventAt, StatusAt, Timeline};
pub use why::{Counts, Explained, Why};
