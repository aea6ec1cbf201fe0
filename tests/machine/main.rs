//! Tests of a single `PodMachine`, driven by events and timeouts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod events_out_of_order;
mod hostile;
mod level_triggered;
mod observed_object;
mod open_reasons;
mod regressions;
mod resume;
#[cfg(feature = "snapshot")]
mod snapshot;
