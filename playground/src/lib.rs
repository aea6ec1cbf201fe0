//! The playground: the life of a Pod in a browser.
//!
//! Everything that the page shows is computed in plain Rust that is tested without a browser. A [`Session`] plays a
//! manifest and a script, and returns the Pod's state at any time: both by the [`bindings`], which other languages use,
//! too. [`web`] passes that to JavaScript as JSON.

mod export;
mod field_lines;
mod form;
mod gallery;
mod manifest;
mod problem;
mod script_file;
mod session;
pub mod web;
pub use form::{Form, FormAction, FormActionKind, FormContainer, FormRun};
pub use gallery::{ExampleScenario, gallery};
pub use problem::{Problem, Severity, Source};
pub use session::{Answer, InstantView, LifeView, Session};
