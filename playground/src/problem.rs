//! What is wrong with what somebody typed, and where.

use pod_lifecycle::{
    api::{FieldError, WorkloadError},
    budget::Finding,
    sim::ScenarioError,
    spec::SpecError,
};
use serde::Serialize;

use podlife::yaml;

use crate::places::Places;

/// Something to be marked at a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// In which text.
    pub source: Source,
    /// How grave it is.
    pub severity: Severity,
    /// The line, from 1 on.
    pub line: u64,
    /// What is wrong.
    pub message: String,
    /// The page of the Kubernetes documentation to read.
    pub see: Option<&'static str>,
}

/// One of the two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The manifest.
    Manifest,
    /// What happens.
    Story,
}

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// There is no life.
    Error,
    /// There is a life, and it will not be a happy one.
    Warning,
}

impl Problem {
    pub(crate) fn error(source: Source, line: u64, message: impl Into<String>) -> Problem {
        Problem { source, severity: Severity::Error, line, message: message.into(), see: None }
    }

    /// What could not be read; the text begins after so many lines.
    pub(crate) fn unread(source: Source, problem: &yaml::Problem, before: u64) -> Problem {
        let line = problem.place.map_or(1, |(line, _)| line.max(1));
        Problem::error(source, line.saturating_add(before), problem.to_string())
    }
}

/// A manifest as it stands in its text.
pub(crate) struct Standing<'a> {
    pub(crate) text: &'a str,
    /// How many lines of other documents come before.
    pub(crate) before: u64,
    /// What the path of a field of the Pod begins with: `spec.template.`.
    pub(crate) path: &'a str,
}

impl Standing<'_> {
    /// What the rules of budgets find.
    pub(crate) fn findings(&self, findings: &[Finding]) -> Vec<Problem> {
        let places = Places::of(self.text);
        let marked = findings.iter().map(|finding| Problem {
            severity: Severity::Warning,
            see: Some(finding.see.url),
            ..self.at(&places, &finding.field, &format!("{}: {}", finding.code, finding.message))
        });
        marked.collect()
    }

    /// Why no Pod can be made of a workload.
    pub(crate) fn workload(&self, error: &WorkloadError) -> Problem {
        let path = if let WorkloadError::MissingTemplate { field, .. } = error {
            field
        } else if let WorkloadError::Invalid { error, .. } = error {
            error.field.as_str()
        } else {
            ""
        };
        Problem::error(Source::Manifest, self.line(&Places::of(self.text), path), error.to_string())
    }

    /// Why a scenario cannot be played.
    pub(crate) fn unplayable(&self, story: &str, error: &ScenarioError) -> Vec<Problem> {
        if let ScenarioError::Pod(SpecError::Invalid(invalid)) = error {
            let places = Places::of(self.text);
            return invalid.errors().iter().map(|error| self.invalid(&places, error)).collect();
        }
        let says = error.to_string();
        let problem = match says.strip_prefix("pod.") {
            Some(says) => self.at(&Places::of(self.text), leading_path(says), says),
            None => Problem::error(Source::Story, Places::of(story).line_of(leading_path(&says)), says),
        };
        vec![problem]
    }

    fn invalid(&self, places: &Places, error: &FieldError) -> Problem {
        self.at(places, &error.field, &error.to_string())
    }

    fn at(&self, places: &Places, field: &str, says: &str) -> Problem {
        let line = self.line(places, &format!("{}{field}", self.path));
        Problem::error(Source::Manifest, line, says)
    }

    fn line(&self, places: &Places, path: &str) -> u64 {
        places.line_of(path).saturating_add(self.before)
    }
}

/// The path with which a message begins.
fn leading_path(message: &str) -> &str {
    message.split([':', ' ']).next().unwrap_or_default()
}
