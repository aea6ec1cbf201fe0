//! Problems of an input: each with the path of its field.

use std::fmt;

#[cfg(feature = "simulate")]
use pod_lifecycle::sim::ScenarioError;
use pod_lifecycle::{
    api::{FieldError, WorkloadError},
    explain::ObserveError,
    spec::SpecError,
};
use podlife::yaml;
use serde::Serialize;

/// Something that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Path of the field: `spec.containers[0].image`; empty for the input as a whole.
    pub path: String,
    /// Description.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

impl Problem {
    /// Creates the problem of a field.
    #[must_use]
    pub fn at(path: impl Into<String>, text: impl Into<String>) -> Problem {
        Problem { path: path.into(), text: text.into() }
    }

    /// Creates the problem that a sentence states; the sentence may begin with the path.
    #[must_use]
    pub fn stated(sentence: &str) -> Problem {
        let (mut path, mut text) = (String::new(), sentence);
        while let Some((step, rest)) = text.split_once(": ").filter(|(step, _)| is_path(step)) {
            path = yaml::join(&path, step);
            text = rest;
        }
        Problem::at(path, text)
    }

    /// Prepends the path of the object that has the field.
    #[must_use]
    pub fn below(self, path: &str) -> Problem {
        Problem { path: yaml::join(path, &self.path), ..self }
    }

    pub(crate) fn of_yaml(problem: &yaml::Problem) -> Problem {
        let sentence = problem.clone().without_place().to_string();
        // The words of the reader for the text as a whole.
        Problem::stated(sentence.strip_prefix("the document: ").unwrap_or(&sentence))
    }

    pub(crate) fn of_field(error: &FieldError) -> Problem {
        let sentence = error.to_string();
        let text = sentence.strip_prefix(&format!("{}: ", error.field)).unwrap_or(&sentence);
        Problem::at(&error.field, text)
    }

    pub(crate) fn of_workload(error: &WorkloadError) -> Problem {
        if let WorkloadError::Invalid { error, .. } = error {
            return Problem::of_field(error);
        }
        if let WorkloadError::MissingTemplate { field, .. } = error {
            return Problem::at(*field, "Required value");
        }
        Problem::stated(&error.to_string())
    }
}

/// True for `spec.containers[0]`, and not for a word with which a sentence begins.
fn is_path(step: &str) -> bool {
    let mut letters = step.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '[')
        && !step.contains(|letter: char| letter.is_whitespace() || letter == '"' || letter == '`')
}

/// Returns the problems of a spec that no API server admits.
#[must_use]
pub fn problems_of_spec(error: &SpecError) -> Vec<Problem> {
    if let SpecError::Invalid(invalid) = error {
        return invalid.errors().iter().map(Problem::of_field).collect();
    }
    vec![Problem::stated(&error.to_string())]
}

/// Returns the problems of an object that is no Pod of any API server.
pub(crate) fn problems_of_observation(error: &ObserveError) -> InputError {
    match error {
        ObserveError::Spec(error) => problems_of_spec(error).into(),
        error => Problem::stated(&error.to_string()).into(),
    }
}

/// Returns the problems of a scenario that cannot be played. The paths of the Pod's fields begin with `pod`.
#[cfg(feature = "simulate")]
#[must_use]
pub fn problems_of_scenario(error: &ScenarioError) -> Vec<Problem> {
    if let ScenarioError::Pod(error) = error {
        return problems_of_spec(error).into_iter().map(|problem| problem.below("pod")).collect();
    }
    if let ScenarioError::Refused { error, .. } = error {
        return vec![Problem::at("op", error)];
    }
    vec![Problem::stated(&error.to_string())]
}

/// Input that cannot be used: at least one problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputError {
    /// Problems.
    pub problems: Vec<Problem>,
}

impl InputError {
    /// Prepends the path of the object that has the fields.
    #[must_use]
    pub fn below(self, path: &str) -> InputError {
        InputError { problems: self.problems.into_iter().map(|problem| problem.below(path)).collect() }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InputError {}

impl From<Problem> for InputError {
    fn from(problem: Problem) -> InputError {
        InputError { problems: vec![problem] }
    }
}

impl From<Vec<Problem>> for InputError {
    fn from(problems: Vec<Problem>) -> InputError {
        InputError { problems }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_begins_with_a_path_is_split() {
        for (sentence, path, text) in [
            ("spec.containers[0].name: Required value", "spec.containers[0].name", "Required value"),
            ("pod: spec.containers: invalid type: integer", "pod.spec.containers", "invalid type: integer"),
            ("Job \"a\": spec.template: Required value", "", "Job \"a\": spec.template: Required value"),
            ("no document makes Pods", "", "no document makes Pods"),
            ("spec.x: Forbidden: not here", "spec.x", "Forbidden: not here"),
        ] {
            let problem = Problem::stated(sentence);
            assert_eq!((&*problem.path, &*problem.text), (path, text), "{sentence}");
        }
    }
}
