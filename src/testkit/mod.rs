//! Generators for property tests: manifests, specs, scenarios, and what may happen to a Pod; and [what must hold of
//! every Pod](invariant).
//!
//! Feature `proptest`. Everything that is generated shrinks, so a failing test ends with a small Pod and a short story.
//!
//! ```
//! use pod_lifecycle::{api::validate, testkit};
//! use proptest::{prop_assert_eq, test_runner::TestRunner};
//!
//! let mut runner = TestRunner::deterministic();
//! runner.run(&testkit::manifest(), |pod| {
//!     prop_assert_eq!(validate(&pod.with_defaults()), Ok(()));
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod container;
mod event;
pub mod invariant;
mod life;
mod pod;
mod probe;
#[cfg(test)]
mod quiet_syncs;
mod scenario;
mod watched;

pub use answer::answer;
pub use container::{container, ephemeral_container, init_container, sidecar};
pub use event::{event, exit, runtime_status};
pub use life::{Meaning, Move, RandomDriver, Relisting, Reply, moves, one_move};
pub use pod::{config, manifest, spec};
pub use probe::{liveness_probe, outcome, readiness_probe, startup_probe};
pub use scenario::scenario;
pub use watched::{Reached, WatchedDriver};
