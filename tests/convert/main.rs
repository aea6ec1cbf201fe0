//! The types of `k8s-openapi` from ours, and ours from them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod full;
mod objects;
mod properties;
mod refused;
mod times;
