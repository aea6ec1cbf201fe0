//! Property tests of Pods: proptest generators, a random driver, and invariants.
//!
//! Feature `proptest`. Every generated value shrinks, so a failing test ends with a small Pod and few steps.
//!
//! - Generators: [`manifest`], [`spec`], [`config`], [`scenario`], [`event`] and the parts that they are made of.
//! - [`RandomDriver`]: runs a [`PodMachine`](crate::PodMachine) through random [`Step`]s, and answers its actions.
//! - [`invariants`]: properties that hold for every Pod after every step.
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

mod checked_driver;
mod driver;
#[cfg(test)]
mod fast_path;
mod generators;
pub mod invariants;

pub use checked_driver::{CheckedDriver, Coverage};
pub use driver::{AnswerKind, RandomDriver, RelistChange, ResolvedStep, Step, answer, one_step, steps};
pub use generators::{
    config, container, ephemeral_container, event, exit, init_container, liveness_probe, manifest, outcome,
    readiness_probe, runtime_status, scenario, sidecar, spec, startup_probe,
};
