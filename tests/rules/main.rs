//! Each rule by itself: examples and properties.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod back_off;
mod conditions;
mod container_status;
mod deadline;
mod final_statuses;
mod given;
mod grace;
mod phase;
mod pod_actions;
mod pod_status;
mod probe;
#[cfg(feature = "proptest")]
mod properties;
mod restart;
mod sandbox;
mod spec_change;
mod started_and_ready;
