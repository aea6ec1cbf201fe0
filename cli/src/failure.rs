//! What is wrong with what came in.

use std::fmt;

use pod_lifecycle::{sim::ScenarioError, spec::SpecError};
use podlife::yaml::{At, Node};

/// Most problems that are shown; the rest are counted.
const SHOWN: usize = 50;

/// One message on everything that is wrong with one file.
#[derive(Debug)]
pub(crate) struct Failure {
    file: String,
    /// Never empty; each names its field.
    problems: Vec<String>,
}

impl Failure {
    /// One problem; `-` is standard input.
    pub(crate) fn new(file: &str, problem: impl Into<String>) -> Failure {
        Failure::of(file, vec![problem.into()])
    }

    /// Several problems.
    pub(crate) fn of(file: &str, problems: Vec<String>) -> Failure {
        Failure { file: file_name(file).into(), problems }
    }

    /// Why a scenario cannot be played; `document` is what it was read from, in which `pod` is the path of its Pod.
    pub(crate) fn of_scenario(file: &str, document: &Node, pod: &str, error: &ScenarioError) -> Failure {
        let pod_path = |path: &str| podlife::yaml::join(pod, path);
        if let ScenarioError::Pod(SpecError::Invalid(invalid)) = error {
            let problems = invalid.errors().iter().map(|error| {
                let at = At(document.place_of(&pod_path(&error.field)));
                format!("{} {at}", pod_path(&error.to_string()))
            });
            return Failure::of(file, problems.collect());
        }
        let problem = error.to_string();
        let problem = problem.strip_prefix("pod.").map_or(problem.clone(), pod_path);
        // A message begins with its field, unless it is about the command line.
        let field = problem.split([':', ' ']).next().unwrap_or_default();
        match field.split(['.', '[']).next() {
            Some("script" | "config") if document.get("pod").is_some() => {
                let at = At(document.place_of(field));
                Failure::new(file, format!("{problem} {at}"))
            }
            _ => Failure::new(file, problem),
        }
    }
}

/// What messages call a file.
pub(crate) fn file_name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let [problem] = self.problems.as_slice() {
            return f.write_str(problem);
        }
        write!(f, "{} problems:", self.problems.len())?;
        for problem in self.problems.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.problems.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n  and {more} more"),
        }
    }
}
