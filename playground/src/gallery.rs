//! Gallery: the example scenarios, each as a manifest and a script.

use serde::Serialize;

use crate::script_file::ScriptFile;

/// Names and texts.
static SCENARIOS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// Example scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExampleScenario {
    /// Name in links: `crash-loop`.
    pub name: &'static str,
    /// Title: `Crash loop`.
    pub title: String,
    /// Description.
    pub description: String,
    /// Manifest.
    pub manifest: String,
    /// Script.
    pub script: String,
}

/// Returns all example scenarios, by name.
#[must_use]
pub fn gallery() -> Vec<ExampleScenario> {
    SCENARIOS.iter().map(|(name, text)| example(name, text)).collect()
}

fn example(name: &'static str, text: &str) -> ExampleScenario {
    let (manifest, script) = split(text);
    let description = ScriptFile::read(&script).map(|file| file.description).unwrap_or_default();
    let words = name.replace("-api", "-API").replace('-', " ");
    let mut letters = words.chars();
    let title = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.as_str().chars()).collect();
    ExampleScenario { name, title, description, manifest, script }
}

/// Splits a scenario into manifest and script, with their comments.
fn split(text: &str) -> (String, String) {
    let (mut manifest, mut script, mut is_in_pod) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        let begins_section = line.starts_with(|letter: char| letter.is_alphabetic());
        is_in_pod = if begins_section { line.trim_end() == "pod:" } else { is_in_pod };
        match (begins_section, is_in_pod) {
            (true, true) => {}
            (false, true) => manifest.push(line),
            (_, false) => script.push(line),
        }
    }
    let indent = manifest.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indent_of(line));
    let outdented = manifest.iter().map(|line| line.get(indent.min(indent_of(line))..).unwrap_or_default());
    (joined(outdented), joined(script))
}

fn indent_of(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches(' ').len())
}

fn joined<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let text = lines.into_iter().collect::<Vec<_>>().join("\n");
    format!("{}\n", text.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{export, manifest::Manifest};
    use pod_lifecycle::sim::Scenario;

    #[test]
    fn a_scenario_is_split_into_manifest_and_script() {
        let text =
            "description: d\n\n# Here:\npod:\n  kind: Pod # a Pod\n  spec:\n    x: 1\n\nscript:\n  endSeconds: 5\n";
        let (manifest, script) = split(text);
        assert_eq!(manifest, "kind: Pod # a Pod\nspec:\n  x: 1\n");
        assert_eq!(script, "description: d\n\n# Here:\nscript:\n  endSeconds: 5\n");
    }

    #[test]
    fn a_split_scenario_can_be_combined_again() {
        for (example, (name, text)) in gallery().iter().zip(SCENARIOS) {
            let manifest = Manifest::read(&example.manifest, 0).unwrap();
            let again = export::scenario(&manifest, &example.script);
            let [before, after] = [text, again.as_str()].map(|text| serde_saphyr::from_str::<Scenario>(text).unwrap());
            assert_eq!(after, before, "{name}");
        }
    }

    #[test]
    fn every_scenario_has_a_description() {
        let gallery = gallery();
        assert!(gallery.len() >= 29, "{}", gallery.len());
        assert!(gallery.iter().all(|example| !example.description.is_empty()));
        let crash_loop = gallery.iter().find(|example| example.name == "crash-loop").unwrap();
        assert_eq!(crash_loop.title, "Crash loop");
    }
}
