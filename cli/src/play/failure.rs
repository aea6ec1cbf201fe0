//! What is wrong with what came in.

use std::fmt;

use pod_lifecycle::{api::Invalid, sim::ScenarioError, spec::SpecError};

use crate::play::{arguments::Arguments, input::Input};

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
    /// One problem.
    pub(crate) fn new(file: &str, problem: impl Into<String>) -> Failure {
        Failure { file: file.into(), problems: vec![problem.into()] }
    }

    /// Why a scenario cannot be played.
    pub(crate) fn of_scenario(arguments: &Arguments, input: &Input, error: &ScenarioError) -> Failure {
        let (file, path) = (arguments.file(), &input.pod_path);
        if let ScenarioError::Pod(SpecError::Invalid(invalid)) = error {
            return Failure { file, problems: problems(path, invalid) };
        }
        let problem = error.to_string();
        match problem.strip_prefix("pod.") {
            Some(problem) => Failure::new(&file, format!("{path}{problem}")),
            None => Failure::new(&file, problem),
        }
    }
}

/// Every problem of a manifest, with its path from the top of the file.
fn problems(path: &str, invalid: &Invalid) -> Vec<String> {
    invalid.errors().iter().map(|error| format!("{path}{error}")).collect()
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
