//! The playground: the life of a Pod in a browser.
//!
//! Everything that the page shows is computed here, in plain Rust that is tested without a browser. A [`Session`] plays
//! a manifest and a script, and returns the Pod's state at any time. [`web`] passes that to JavaScript as JSON.

mod export;
mod field_lines;
mod form;
mod gallery;
mod instant;
mod manifest;
mod problem;
mod script_file;
mod session;
pub mod web;
pub use form::{Form, FormAction, FormActionKind, FormContainer, FormRun};
pub use gallery::{ExampleScenario, gallery};
pub use instant::{EventRow, InstantView, KubectlRow, Upcoming};
pub use problem::{Problem, Severity, Source};
pub use session::{Answer, LifeView, Session};
