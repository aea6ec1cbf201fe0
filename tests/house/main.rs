//! The house itself: how its rooms stand, and how much room its things take.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod durations;
mod layers;
mod openness;
mod sizes;
mod traits;
