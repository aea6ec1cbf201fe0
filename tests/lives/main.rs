//! Whole lives in virtual time: scenarios, explanations, and properties of each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod disturbances;
mod explain;
mod explain_containers;
mod image_volumes;
#[cfg(feature = "proptest")]
mod invariants;
mod mistakes;
mod regressions;
mod start_failures;
#[cfg(feature = "proptest")]
mod tables;
mod timing;
mod versions;
mod volumes;
