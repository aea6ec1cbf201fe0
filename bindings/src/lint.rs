//! Lint: what in manifests is wrong, does not do what it is for, or has a price; and what the API server makes of them.

use pod_lifecycle::{
    Timestamp,
    api::{Name, PodManifest},
    budget::{self, Assumptions, Budget, Severity},
    config::KubernetesVersion,
    object::PodObject,
    spec::PodSpec,
};
use serde::Serialize;

use crate::{
    input::{self, Kind, Object, Options},
    problem::{InputError, Problem, problems_of_spec},
};

/// Findings on the objects of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Lint {
    /// Number of objects that were looked at.
    pub objects: usize,
    /// Findings, in the order of the objects.
    pub findings: Vec<Finding>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Code of the rule: `PL003`.
    pub rule: String,
    /// Level.
    pub level: Level,
    /// The object that has it: `Deployment/web`.
    pub object: String,
    /// Field, and what is to say on it.
    #[serde(flatten)]
    pub problem: Problem,
    /// Page of the Kubernetes documentation.
    pub see: Option<String>,
}

/// Level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// The API server refuses it.
    Error,
    /// It does not do what it is for.
    Mistake,
    /// It has a price.
    Advice,
}

/// Codes of the rules that are none of the budget's, as in `podlife lint`.
const INVALID: &str = "PL000";
const UNKNOWN_FIELD: &str = "PL100";

/// Lints every Pod and workload of a manifest.
///
/// # Errors
///
/// [`InputError`] if the text cannot be read.
pub fn lint(text: &str, options: &Options) -> Result<Lint, InputError> {
    let input = input::value(text)?;
    let objects = input::objects(&input)?;
    let mut lint = Lint::default();
    for object in objects.iter().filter(|object| matches!(object.kind, Kind::Pod | Kind::Workload(_))) {
        lint.objects = lint.objects.saturating_add(1);
        lint.findings.extend(findings(object, options.kubernetes()));
    }
    Ok(lint)
}

fn findings(object: &Object<'_>, kubernetes: KubernetesVersion) -> Vec<Finding> {
    let finding = |rule: &str, level: Level, problem: Problem, see: Option<&str>| Finding {
        rule: rule.into(),
        level,
        object: object.called(),
        problem,
        see: see.map(String::from),
    };
    let unknown = object.unknown_fields().into_iter();
    let mut found: Vec<Finding> = unknown.map(|it| finding(UNKNOWN_FIELD, Level::Mistake, it, None)).collect();
    match admit(object, kubernetes) {
        Err(problems) => {
            found.extend(problems.into_iter().map(|problem| finding(INVALID, Level::Error, problem, None)));
        }
        Ok(admitted) => found.extend(budget_of(admitted.spec()).findings.iter().map(|it| {
            let problem = object.locate_in_pod(Problem::at(&it.field, &it.message));
            finding(it.code.name(), Level::of(it), problem, Some(it.see.url))
        })),
    }
    found
}

impl Level {
    fn of(finding: &budget::Finding) -> Level {
        if finding.code.severity() == Severity::Advice { Level::Advice } else { Level::Mistake }
    }
}

/// Admits the Pod of an object as the API server of a version does.
fn admit(object: &Object<'_>, kubernetes: KubernetesVersion) -> Result<PodObject, Vec<Problem>> {
    let pod = object.pod().map_err(|problem| vec![problem])?;
    // The object is only made to be checked; no time matters.
    let admitted = PodObject::admit_by(pod, kubernetes.into(), Timestamp::UNIX_EPOCH);
    admitted.map_err(|error| {
        let problems = problems_of_spec(&error).into_iter();
        problems.map(|problem| object.locate_in_pod(problem)).collect()
    })
}

/// Returns the budget of a spec: how long its stages take at most, and findings on its settings.
#[must_use]
pub fn budget_of(spec: &PodSpec) -> Budget {
    Budget::of(spec, &Assumptions::default())
}

/// Returns the problems for which the API server refuses a manifest; none if it takes it.
///
/// # Errors
///
/// [`InputError`] if the text cannot be read as objects.
pub fn validate(text: &str, options: &Options) -> Result<Vec<Problem>, InputError> {
    let input = input::value(text)?;
    let objects = input::objects(&input)?;
    let chosen = match &options.name {
        Some(name) => vec![input::choose(&objects, Some(name))?],
        None => objects.iter().filter(|object| matches!(object.kind, Kind::Pod | Kind::Workload(_))).collect(),
    };
    if chosen.is_empty() {
        // Its error says what is there instead.
        input::choose(&objects, None)?;
    }
    Ok(chosen.iter().filter_map(|object| admit(object, options.kubernetes()).err()).flatten().collect())
}

/// Returns the Pod that a manifest is or makes, with the defaults of the API server.
///
/// # Errors
///
/// [`InputError`] if the text cannot be read as one Pod or workload.
pub fn defaults(text: &str, options: &Options) -> Result<PodManifest, InputError> {
    Ok(input::pod_of(&input::value(text)?, options)?.with_defaults())
}
