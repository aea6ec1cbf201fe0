//! Generators of Pods, events and scenarios.

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
