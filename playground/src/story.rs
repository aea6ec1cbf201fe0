//! What happens: a scenario without its Pod.

use pod_lifecycle::{
    api::PodManifest,
    sim::{Script, Settings},
};
use podlife::yaml;
use serde::{Deserialize, Serialize};

use crate::{
    places::Places,
    problem::{Problem, Severity, Source},
};

/// A scenario without its Pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Story {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    pub(crate) script: Script,
    #[serde(skip_serializing_if = "is_usual")]
    pub(crate) config: Settings,
}

fn is_usual(settings: &Settings) -> bool {
    *settings == Settings::default()
}

impl Story {
    /// Reads a text; where nothing is said, all containers start at once, run for ever and are well.
    pub(crate) fn read(text: &str) -> Result<Story, Problem> {
        if is_blank(text) {
            return Ok(Story::default());
        }
        yaml::read(text, "what happens: a script").map_err(|problem| Problem::unread(Source::Story, &problem, 0))
    }

    /// Leaves out what is said of containers that the Pod does not have: whoever pastes a manifest of their own should see
    /// it live.
    pub(crate) fn forget_strangers(&mut self, pod: &PodManifest, text: &str) -> Vec<Problem> {
        let spec = &pod.spec;
        let is_there = |name: &str| {
            let mut named = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
            named.any(|container| container.name == name)
        };
        let adds = self.script.actions.iter().any(|action| action.kind.name() == "addEphemeralContainer");
        let mut strangers = Vec::new();
        self.script.containers.retain(|name, _| {
            let is_kept = adds || is_there(name);
            if !is_kept {
                strangers.push(format!("script.containers.{name}"));
            }
            is_kept
        });
        let places = if strangers.is_empty() { None } else { Some(Places::of(text)) };
        let problems = strangers.into_iter().map(|path| Problem {
            severity: Severity::Warning,
            ..Problem::error(
                Source::Story,
                places.as_ref().map_or(1, |places| places.line_of(&path)),
                format!("{path}: the Pod has no container of this name, so this is left out"),
            )
        });
        problems.collect()
    }

    /// The text that says it.
    pub(crate) fn to_text(&self) -> Result<String, String> {
        serde_saphyr::to_string(self).map_err(|error| error.to_string())
    }
}

/// Whether a text says nothing.
pub(crate) fn is_blank(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_said_all_is_well() {
        assert_eq!(Story::read("# nothing\n\n"), Ok(Story::default()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let problem = Story::read("script:\n  containers:\n    app:\n      run: []\n").unwrap_err();
        assert_eq!((problem.source, problem.line), (Source::Story, 4));
        assert!(problem.message.contains("unknown field"), "{}", problem.message);
    }

    #[test]
    fn what_is_written_says_the_same() {
        let text = "script: {endSeconds: 60, containers: {app: {runs: [{exitsAfterSeconds: 5, exitCode: 1}]}}}";
        let story = Story::read(text).unwrap();
        assert_eq!(Story::read(&story.to_text().unwrap()), Ok(story));
    }
}
