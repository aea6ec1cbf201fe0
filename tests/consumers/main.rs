//! Programs as newcomers write them from the docs alone, each by itself: what the crate has to be good for.
//!
//! The ninth, a program without an operating system, is a crate of its own: `tests/consumers/no_std`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod agent_restart;
#[cfg(feature = "explain")]
mod budget;
#[cfg(feature = "proptest")]
mod controller;
#[cfg(feature = "explain")]
mod explained_json;
#[cfg(feature = "sim")]
mod owner;
mod replay;
#[cfg(feature = "explain")]
mod rules_from_json;
mod run_loop;
mod runtime;
#[cfg(feature = "sim")]
mod scenario;
