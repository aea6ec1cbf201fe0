//! Every scenario of the crate, as the two texts that the page has.

use serde::Serialize;

use crate::story::Story;

/// Name and text of each.
static SCENARIOS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// A scenario to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exhibit {
    /// Its name, by which it is linked: `crash-loop`.
    pub name: &'static str,
    /// What it is called: `Crash loop`.
    pub title: String,
    /// What it shows.
    pub description: String,
    /// The manifest.
    pub manifest: String,
    /// What happens.
    pub story: String,
}

/// Every scenario, by name.
#[must_use]
pub fn gallery() -> Vec<Exhibit> {
    SCENARIOS.iter().map(|(name, text)| exhibit(name, text)).collect()
}

fn exhibit(name: &'static str, text: &str) -> Exhibit {
    let (manifest, story) = split(text);
    let description = Story::read(&story).map(|story| story.description).unwrap_or_default();
    let words = name.replace("-api", "-API").replace('-', " ");
    let mut letters = words.chars();
    let title = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.as_str().chars()).collect();
    Exhibit { name, title, description, manifest, story }
}

/// Takes the manifest out of a scenario, comments and all.
fn split(text: &str) -> (String, String) {
    let (mut manifest, mut story, mut is_in_pod) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        let begins_section = line.starts_with(|letter: char| letter.is_alphabetic());
        is_in_pod = if begins_section { line.trim_end() == "pod:" } else { is_in_pod };
        match (begins_section, is_in_pod) {
            (true, true) => {}
            (false, true) => manifest.push(line),
            (_, false) => story.push(line),
        }
    }
    let indent = manifest.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indent_of(line));
    let outdented = manifest.iter().map(|line| line.get(indent.min(indent_of(line))..).unwrap_or_default());
    (joined(outdented), joined(story))
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
    use crate::{copy, manifest::Manifest};
    use pod_lifecycle::sim::Scenario;

    #[test]
    fn a_scenario_is_split_into_what_is_and_what_happens() {
        let text =
            "description: d\n\n# Here:\npod:\n  kind: Pod # a Pod\n  spec:\n    x: 1\n\nscript:\n  endSeconds: 5\n";
        let (manifest, story) = split(text);
        assert_eq!(manifest, "kind: Pod # a Pod\nspec:\n  x: 1\n");
        assert_eq!(story, "description: d\n\n# Here:\nscript:\n  endSeconds: 5\n");
    }

    #[test]
    fn what_was_split_says_the_same_when_it_is_put_together_again() {
        for (exhibit, (name, text)) in gallery().iter().zip(SCENARIOS) {
            let manifest = Manifest::read(&exhibit.manifest, 0).unwrap();
            let again = copy::scenario(&manifest, &exhibit.story);
            let [before, after] = [text, again.as_str()].map(|text| serde_saphyr::from_str::<Scenario>(text).unwrap());
            assert_eq!(after, before, "{name}");
        }
    }

    #[test]
    fn every_scenario_says_what_it_shows() {
        let gallery = gallery();
        assert!(gallery.len() >= 29, "{}", gallery.len());
        assert!(gallery.iter().all(|exhibit| !exhibit.description.is_empty()));
        let crash_loop = gallery.iter().find(|exhibit| exhibit.name == "crash-loop").unwrap();
        assert_eq!(crash_loop.title, "Crash loop");
    }
}
