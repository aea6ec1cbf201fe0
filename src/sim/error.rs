//! Why a scenario cannot be played.

use alloc::string::String;

use super::script::MAX_SECONDS;
use crate::spec::SpecError;

/// Why a scenario cannot be played; each names the path of the field that is wrong.
///
/// ```
/// use pod_lifecycle::sim::{Scenario, ScenarioError};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}},
///     "script": {"containers": {"ap": {}}}
/// }"#)?;
/// let error = scenario.play().unwrap_err();
/// assert_eq!(error.to_string(), r#"script.containers.ap: the PodMachine has no container "ap", it has app"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The manifest cannot run.
    #[error("pod.{0}")]
    Pod(#[from] SpecError),
    /// The script names a container that the Pod does not have.
    #[error("{field}: the Pod has no container {name:?}, it has {there}")]
    NoSuchContainer {
        /// The path of the field.
        field: String,
        /// The name.
        name: String,
        /// The names that there are, with commas between them.
        there: String,
    },
    /// The script says what a probe finds or a hook does that the manifest does not have: nobody would ever ask.
    #[error("{field}: container {container:?} has no {handler}")]
    NoSuchHandler {
        /// The path of the field.
        field: String,
        /// The container's name.
        container: String,
        /// What it would have to have: `readinessProbe`, `lifecycle.preStop`.
        handler: &'static str,
    },
    /// The script takes away a finalizer that the Pod does not have.
    #[error("{field}: the Pod has no finalizer {name:?}")]
    NoSuchFinalizer {
        /// The path of the field.
        field: String,
        /// The name.
        name: String,
    },
    /// Kubernetes has no feature gate of this name that would make a difference to a Pod's life.
    #[error("{field}: no feature gate of this name makes a difference here, those that do: {there}")]
    NoSuchFeatureGate {
        /// The path of the field.
        field: String,
        /// The names that there are, with commas between them.
        there: String,
    },
    /// A time that is none.
    #[error("{field}: {value} is not a number of seconds from 0 to {MAX_SECONDS}")]
    BadSeconds {
        /// The path of the field.
        field: String,
        /// What stands there.
        value: f64,
    },
    /// A step that does not come after the one before it: it could never be taken.
    #[error("{field}: {value} s does not come after the step before it, at {before} s")]
    OutOfOrder {
        /// The path of the field.
        field: String,
        /// When the step begins, in seconds.
        value: f64,
        /// When the one before it begins.
        before: f64,
    },
    /// Something that would happen after the end of the story: it never would.
    #[error("{field}: {value} s comes after the end of the story, at {end} s (script.endSeconds)")]
    AfterEnd {
        /// The path of the field.
        field: String,
        /// When it was to happen, in seconds.
        value: f64,
        /// When the story ends.
        end: f64,
    },
    /// Something that is left to chance makes no sense.
    #[error("{field}: {value} {wrong}")]
    BadChance {
        /// The path of the field.
        field: String,
        /// What stands there.
        value: f64,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// Something goes on for ever without any time passing.
    #[error("script: at {t} s things go on for ever and no time passes")]
    Endless {
        /// When, in seconds.
        t: f64,
    },
    /// Something cannot be done to this Pod.
    #[error("{action}: {error}")]
    Refused {
        /// The action.
        action: &'static str,
        /// Why it cannot.
        error: String,
    },
    /// Something in the script cannot happen.
    #[error("script.actions[{place}] (at {t} s): {error}")]
    Impossible {
        /// Its place.
        place: usize,
        /// When it was to happen.
        t: f64,
        /// Why it cannot.
        error: String,
    },
}
