//! Each rule against its plain statement, said again in other words from Kubernetes' documentation.
//!
//! `POD_LIFECYCLE_CASES=20` asks twenty times as often as usual.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop"
)]

#[path = "rules_properties/backoff.rs"]
mod backoff;
#[path = "rules_properties/conditions.rs"]
mod conditions;
#[path = "rules_properties/given.rs"]
mod given;
#[path = "rules_properties/phase.rs"]
mod phase;
#[path = "rules_properties/order.rs"]
mod pod_actions;
#[path = "rules_properties/probes.rs"]
mod probes;
#[path = "rules_properties/restart.rs"]
mod restart;
#[path = "rules_properties/termination.rs"]
mod termination;
