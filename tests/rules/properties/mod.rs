//! Each rule against its plain statement, said again in other words from Kubernetes' documentation.
//!
//! `POD_LIFECYCLE_CASES=20` asks twenty times as often as usual.

mod back_off;
mod conditions;
mod given;
mod phase;
mod pod_actions;
mod probes;
mod restart;
mod termination;
