//! Each rule against its statement in Kubernetes' documentation, implemented a second time.
//!
//! `POD_LIFECYCLE_CASES=20` runs twenty times as many cases.

mod back_off;
mod conditions;
mod given;
mod grace;
mod phase;
mod pod_actions;
mod probes;
mod restart;
