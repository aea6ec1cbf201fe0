//! Many Pods at once: fleets of recorded lives and of random ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod example;
mod light;
mod mistakes;
mod random;
mod recorded;
