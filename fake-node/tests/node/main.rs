//! Fake nodes against the API server in memory, by tokio's paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod binder;
mod cluster;
mod commands;
mod ends;
mod events;
mod faults;
mod lives;
mod node;
mod refusals;
mod restarts;
