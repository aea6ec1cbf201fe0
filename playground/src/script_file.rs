//! Script file: a scenario without its Pod.

use pod_lifecycle::{
    api::PodManifest,
    sim::{Script, Settings},
};
use podlife::yaml;
use serde::{Deserialize, Serialize};

use crate::{
    field_lines::FieldLines,
    problem::{Problem, Severity, Source},
};

/// Scenario without its Pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScriptFile {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    pub(crate) script: Script,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) config: Settings,
}

fn is_default(settings: &Settings) -> bool {
    *settings == Settings::default()
}

impl ScriptFile {
    /// Reads a script. With an empty one all containers start at once, stay healthy and never exit.
    pub(crate) fn read(text: &str) -> Result<ScriptFile, Problem> {
        if is_blank(text) {
            return Ok(ScriptFile::default());
        }
        yaml::read(text, "a script").map_err(|problem| Problem::unread(Source::Script, &problem, 0))
    }

    /// Removes scripts of containers that the Pod does not have, and returns a warning for each: a pasted manifest
    /// should play with the script of an example.
    pub(crate) fn remove_unknown_containers(&mut self, pod: &PodManifest, text: &str) -> Vec<Problem> {
        let spec = &pod.spec;
        let is_there = |name: &str| {
            let mut named = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
            named.any(|container| container.name == name)
        };
        let adds = self.script.actions.iter().any(|action| action.kind.name() == "addEphemeralContainer");
        let mut unknown = Vec::new();
        self.script.containers.retain(|name, _| {
            let is_kept = adds || is_there(name);
            if !is_kept {
                unknown.push(format!("script.containers.{name}"));
            }
            is_kept
        });
        let lines = if unknown.is_empty() { None } else { Some(FieldLines::of(text)) };
        let problems = unknown.into_iter().map(|path| Problem {
            severity: Severity::Warning,
            ..Problem::error(
                Source::Script,
                lines.as_ref().map_or(1, |lines| lines.line_of(&path)),
                format!("{path}: the Pod has no container of this name, so this is ignored"),
            )
        });
        problems.collect()
    }

    /// Returns the script as YAML.
    pub(crate) fn to_text(&self) -> Result<String, String> {
        serde_saphyr::to_string(self).map_err(|error| error.to_string())
    }
}

/// True if a text has no content except comments.
pub(crate) fn is_blank(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_script_is_the_default() {
        assert_eq!(ScriptFile::read("# nothing\n\n"), Ok(ScriptFile::default()));
    }

    #[test]
    fn a_mistake_is_reported_with_its_line() {
        let problem = ScriptFile::read("script:\n  containers:\n    app:\n      run: []\n").unwrap_err();
        assert_eq!((problem.source, problem.line), (Source::Script, 4));
        assert!(problem.message.contains("unknown field"), "{}", problem.message);
    }

    #[test]
    fn a_written_script_is_read_as_the_same() {
        let text = "script: {endSeconds: 60, containers: {app: {runs: [{exitsAfterSeconds: 5, exitCode: 1}]}}}";
        let file = ScriptFile::read(text).unwrap();
        assert_eq!(ScriptFile::read(&file.to_text().unwrap()), Ok(file));
    }
}
