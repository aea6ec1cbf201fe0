//! Errors of scenarios.

use alloc::string::String;
use core::time::Duration;

use super::duration::{MAX, to_seconds};
use crate::{config::FeatureGateError, spec::SpecError};

/// Error of a scenario that cannot be simulated; it names the path of the wrong field.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let error = Scenario::example().container("ap", |ap| ap.exits_after(5)).play().unwrap_err();
/// assert_eq!(error.to_string(), r#"script.containers.ap: the Pod has no container "ap", it has app"#);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The manifest is invalid.
    #[error("pod.{0}")]
    Pod(#[from] SpecError),
    /// The Pod has no container of this name.
    #[error("{field}: the Pod has no container {name:?}, it has {there}")]
    NoSuchContainer {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// The name in the script.
        name: String,
        /// Names of the Pod's containers, separated by commas.
        there: String,
    },
    /// No container mounts a volume of this name.
    #[error("{field}: the Pod mounts no volume {name:?}, it mounts {there}")]
    NoSuchVolume {
        /// Path of the field, as in `script.volumes.data`.
        field: String,
        /// The name in the script.
        name: String,
        /// Names of the Pod's volumes, separated by commas.
        there: String,
    },
    /// The container has no such probe or hook, so the script's would never run.
    #[error("{field}: container {container:?} has no {handler}")]
    NoSuchHandler {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// Name of the container.
        container: String,
        /// The missing field of the manifest: `readinessProbe`, `lifecycle.preStop`.
        handler: &'static str,
    },
    /// The Pod has no such finalizer.
    #[error("{field}: the Pod has no finalizer {name:?}")]
    NoSuchFinalizer {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// The finalizer in the script.
        name: String,
    },
    /// No environment variable of the Pod refers to the config map or secret.
    #[error("{field}: no environment variable of the Pod refers to {name:?}")]
    NotReferenced {
        /// Path of the field, as in `script.secrets.late`.
        field: String,
        /// Name of the config map or secret.
        name: String,
    },
    /// No kubelet of this version has these feature gates.
    #[error("config.featureGates: {0}")]
    FeatureGates(#[from] FeatureGateError),
    /// A number of seconds is negative, not a number, or too large.
    #[error("{field}: {value} is not a number of seconds from 0 to {}", MAX.as_secs())]
    BadSeconds {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// The number of seconds as it was given, NaN included.
        value: f64,
    },
    /// A step of a probe does not come after the one before it, so it would never apply.
    #[error("{field}: {} s does not come after the step before it, at {} s", to_seconds(*at), to_seconds(*before))]
    OutOfOrder {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// Time of the step, since the start of its run.
        at: Duration,
        /// Time of the step before it.
        before: Duration,
    },
    /// Something would happen after the end of the simulation.
    #[error(
        "{field}: {} s comes after the end of the simulation, at {} s (script.endSeconds)",
        to_seconds(*at),
        to_seconds(*end)
    )]
    AfterEnd {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// Time at which it would happen.
        at: Duration,
        /// End of the simulation, since its start.
        end: Duration,
    },
    /// A probability, a weight or a parameter of a distribution is invalid.
    #[error("{field}: {value} {wrong}")]
    BadChance {
        /// Path of the field, as in `script.actions[0].t`.
        field: String,
        /// The number as it was given.
        value: f64,
        /// Its mistake, as the end of a sentence: `is not a probability from 0 to 1`.
        wrong: &'static str,
    },
    /// The Pod and its containers keep reacting to each other while no time passes.
    #[error("script: endless loop at {} s: events keep coming and no time passes", to_seconds(*at))]
    Endless {
        /// Time since the start of the simulation.
        at: Duration,
    },
    /// An action is not possible for this Pod.
    #[error("{action}: {error}")]
    Refused {
        /// Name of the action: its `op` in a script.
        action: &'static str,
        /// Reason for which it is not possible, in plain English.
        error: String,
    },
    /// An action of the script is not possible for this Pod.
    #[error("script.actions[{index}] (at {} s): {error}", to_seconds(*at))]
    Impossible {
        /// Index of the action in `script.actions`, from 0.
        index: usize,
        /// Time of the action, since the start of the simulation.
        at: Duration,
        /// Reason for which it is not possible, in plain English.
        error: String,
    },
}
