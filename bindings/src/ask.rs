//! Questions: a function's name and JSON in, JSON out. Python and JavaScript ask through this alone.

use pod_lifecycle::config::KubernetesVersion;
use serde::Serialize;

use crate::{
    input::{self, Options},
    lint::{defaults, lint, validate},
    problem::{InputError, Problem},
    row::Row,
    status::Status,
    why::Why,
};
#[cfg(feature = "simulate")]
use crate::{
    life::{Format, life},
    timeline::Timeline,
};

/// Versions of this package and of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// Version of this package.
    pub package: String,
    /// Versions of Kubernetes whose kubelets are known, the oldest first.
    pub kubernetes: Vec<String>,
    /// The version that is meant if none is named.
    pub default_kubernetes: String,
}

/// Function that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// Phase, conditions and STATUS of an observed Pod as they should be, and its contradictions: a [`Status`].
    Status,
    /// Row of `kubectl get pods`: a [`Row`].
    Row,
    /// Explanations of a Pod or of a list of Pods: a [`Why`].
    Why,
    /// Findings on manifests: a [`Lint`](crate::Lint).
    Lint,
    /// A scenario's [`Timeline`].
    Play,
    /// A scenario's picture, as a string.
    Picture,
    /// A Pod with the defaults of the API server.
    Defaults,
    /// A list of the [`Problem`]s for which the API server refuses a manifest.
    Validate,
    /// The [`Versions`]; takes no input.
    Versions,
}

impl Function {
    /// Every function with its name.
    pub const ALL: [(&str, Function); 9] = [
        ("status", Function::Status),
        ("row", Function::Row),
        ("why", Function::Why),
        ("lint", Function::Lint),
        ("play", Function::Play),
        ("picture", Function::Picture),
        ("defaults", Function::Defaults),
        ("validate", Function::Validate),
        ("versions", Function::Versions),
    ];
}

/// Answers a question. The input is JSON, the options are JSON or empty; the answer is JSON.
///
/// # Errors
///
/// [`InputError`] has the path of each field that is wrong.
///
/// ```
/// let pod = r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#;
/// let row = bindings::ask("row", pod, r#"{"at": "2026-03-01T12:00:00Z"}"#)?;
/// assert!(row.contains(r#""name":"web","ready":"0/1""#), "{row}");
///
/// let error = bindings::ask("play", r#"{"pod": {"spec": {"containers": 1}}}"#, "").unwrap_err();
/// assert_eq!(error.problems[0].path, "pod.spec.containers");
/// # Ok::<(), bindings::InputError>(())
/// ```
pub fn ask(function: &str, input: &str, options: &str) -> Result<String, InputError> {
    let known = Function::ALL.iter().find(|(name, _)| *name == function);
    let (_, function) = known.ok_or_else(|| {
        let names: Vec<&str> = Function::ALL.iter().map(|(name, _)| *name).collect();
        Problem::at("function", format!("expected one of {}, found {function:?}", names.join(", ")))
    })?;
    let options = Options::read(options)?;
    match function {
        Function::Status => json(&Status::of(input::observed_pod(input, &options)?)?),
        Function::Row => json(&Row::of(&input::observed_pod(input, &options)?, options.now()?)),
        Function::Why => json(&Why::of(input, &options)?),
        Function::Lint => json(&lint(input, &options)?),
        #[cfg(feature = "simulate")]
        Function::Play => {
            let life = life(input, &options)?;
            json(&Timeline::of(life.timeline(), life.notice()))
        }
        #[cfg(feature = "simulate")]
        Function::Picture => {
            let format = Format::named(options.format.as_deref().unwrap_or("svg"))?;
            json(&format.draw(life(input, &options)?.timeline(), options.width))
        }
        #[cfg(not(feature = "simulate"))]
        Function::Play | Function::Picture => Err(Problem::at("function", "this build plays no scenarios").into()),
        Function::Defaults => json(&defaults(input, &options)?),
        Function::Validate => json(&validate(input, &options)?),
        Function::Versions => json(&versions()),
    }
}

/// Returns the versions of this package and of Kubernetes.
#[must_use]
pub fn versions() -> Versions {
    Versions {
        package: env!("CARGO_PKG_VERSION").into(),
        kubernetes: KubernetesVersion::ALL.iter().map(ToString::to_string).collect(),
        default_kubernetes: KubernetesVersion::default().to_string(),
    }
}

/// Writes an answer as JSON.
///
/// # Errors
///
/// [`InputError`] for an answer that has no JSON, which none has: all keys are strings.
pub fn json(answer: &impl Serialize) -> Result<String, InputError> {
    serde_json::to_string(answer).map_err(|error| Problem::at("", error.to_string()).into())
}
