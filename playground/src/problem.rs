//! Problems of manifest and script, with their lines.

use pod_lifecycle::{api::WorkloadError, budget::Finding, sim::ScenarioError};
use serde::Serialize;

use podlife::yaml;

use crate::field_lines::FieldLines;

/// Problem at a line of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Text that has the problem.
    pub source: Source,
    /// Severity.
    pub severity: Severity,
    /// Line, from 1.
    pub line: u64,
    /// Description.
    pub message: String,
    /// Page of the Kubernetes documentation.
    pub see: Option<&'static str>,
}

/// Text that the user edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The manifest.
    Manifest,
    /// Script.
    Script,
}

/// Severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The scenario cannot be played.
    Error,
    /// The scenario can be played.
    Warning,
}

impl Problem {
    pub(crate) fn error(source: Source, line: u64, message: impl Into<String>) -> Problem {
        Problem { source, severity: Severity::Error, line, message: message.into(), see: None }
    }

    /// Creates the problem of a document that cannot be read, and that begins after `before` lines.
    pub(crate) fn unread(source: Source, problem: &yaml::Problem, before: u64) -> Problem {
        let line = problem.place.map_or(1, |(line, _)| line.max(1));
        Problem::error(source, line.saturating_add(before), problem.to_string())
    }
}

/// Manifest within the user's text.
pub(crate) struct ManifestLocation<'a> {
    pub(crate) text: &'a str,
    /// Number of lines before the document.
    pub(crate) before: u64,
    /// Path of the Pod within a workload: `spec.template.`.
    pub(crate) path: &'a str,
}

impl ManifestLocation<'_> {
    /// Returns a warning for each finding of the budget.
    pub(crate) fn findings(&self, findings: &[Finding]) -> Vec<Problem> {
        let lines = FieldLines::of(self.text);
        let marked = findings.iter().map(|finding| Problem {
            severity: Severity::Warning,
            see: Some(finding.see.url),
            ..self.at(&lines, &finding.field, &format!("{}: {}", finding.code, finding.message))
        });
        marked.collect()
    }

    /// Returns the problem of a workload without a valid Pod template.
    pub(crate) fn workload(&self, error: &WorkloadError) -> Problem {
        let path = if let WorkloadError::MissingTemplate { field, .. } = error {
            field
        } else if let WorkloadError::Invalid { error, .. } = error {
            error.field.as_str()
        } else {
            ""
        };
        Problem::error(Source::Manifest, self.line(&FieldLines::of(self.text), path), error.to_string())
    }

    /// Returns the problems of a scenario that cannot be played.
    pub(crate) fn unplayable(&self, script: &str, error: &ScenarioError) -> Vec<Problem> {
        let (of_manifest, of_script) = (FieldLines::of(self.text), FieldLines::of(script));
        let problems = bindings::problems_of_scenario(error);
        let marked = problems.iter().map(|problem| match problem.path.strip_prefix("pod.") {
            Some(field) => self.at(&of_manifest, field, &format!("{field}: {}", problem.text)),
            None => Problem::error(Source::Script, of_script.line_of(&problem.path), problem.to_string()),
        });
        marked.collect()
    }

    fn at(&self, lines: &FieldLines, field: &str, message: &str) -> Problem {
        let line = self.line(lines, &format!("{}{field}", self.path));
        Problem::error(Source::Manifest, line, message)
    }

    fn line(&self, lines: &FieldLines, path: &str) -> u64 {
        lines.line_of(path).saturating_add(self.before)
    }
}
