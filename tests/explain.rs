//! A Pod says why it is in its state and what happens next, in words that people understand and times that it keeps.
#![cfg(feature = "sim")]

#[path = "explain/lives.rs"]
mod lives;
#[path = "explain/promises.rs"]
mod promises;
#[path = "conformance/mod.rs"]
mod recordings;
#[path = "explain/scenarios.rs"]
mod scenarios;
