//! Generators of Pods, events and scenarios.
//!
//! Each is boxed: a strategy that contains its parts by value, and they theirs, has a value tree of many kilobytes, which
//! an unoptimised build copies on a test thread's stack of 2 MiB until it overflows. It also compiles much longer.

mod container;
mod event;
mod pod;
mod scenario;

pub use container::{
    container, ephemeral_container, init_container, liveness_probe, outcome, readiness_probe, sidecar, startup_probe,
};
pub use event::{event, exit, runtime_status};
pub use pod::{config, manifest, spec};
pub use scenario::scenario;
