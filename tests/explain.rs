//! A Pod says why it is in its state and what happens next, in words that people understand and times that it keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]
#![cfg(feature = "sim")]

#[path = "explain/lives.rs"]
mod lives;
#[path = "explain/promises.rs"]
mod promises;
#[path = "conformance/mod.rs"]
mod recordings;
#[path = "explain/scenarios.rs"]
mod scenarios;
