//! The life of a Pod in a browser.
//!
//! All that the page shows is worked out here, in plain Rust that is tested without a browser: a [`Session`] plays a
//! manifest and a story, and then answers for any instant. [`web`] hands that to JavaScript, as JSON.

mod copy;
mod events;
mod form;
mod gallery;
mod instant;
mod manifest;
mod places;
mod problem;
mod session;
mod story;
mod waits;
pub mod web;

pub use form::{Deed, DeedKind, Form, FormContainer, FormRun};
pub use gallery::{Exhibit, gallery};
pub use instant::Instant;
pub use problem::{Problem, Severity, Source};
pub use session::{Answer, LifeView, Session};
