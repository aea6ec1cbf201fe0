//! The pictures of the documentation are those that the program draws.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::{fs, path::Path};

use pod_lifecycle::{config::KnownBug, sim::Timeline};

#[test]
fn the_pictures_and_diagrams_of_the_documentation_are_current() {
    for (file, content) in pod_lifecycle_pictures::files().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&file);
        let command = "cargo run -p pod-lifecycle-pictures";
        assert!(fs::read_to_string(path).unwrap() == content, "{file} is not current; draw it anew: {command}");
    }
}

#[test]
fn a_page_of_the_documentation_shows_each_picture() {
    let pages = ["README.md", "src/render/mod.rs", pod_lifecycle_pictures::QUIRKS_PAGE].map(|page| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        fs::read_to_string(path).unwrap()
    });
    let is_picture = |(file, _): &(String, String)| file.ends_with(".svg");
    for (file, _) in pod_lifecycle_pictures::files().unwrap().into_iter().filter(is_picture) {
        assert!(pages.iter().any(|page| page.contains(file.trim_start_matches("docs/pictures/quirks/"))), "{file}");
    }
}

#[test]
fn the_page_of_quirks_has_each_known_bug_once() {
    let lives = pod_lifecycle_pictures::lives_with_and_without_quirks().unwrap();
    let mut on_page: Vec<KnownBug> = lives.iter().map(|(bug, _)| *bug).collect();
    on_page.sort();
    assert_eq!(on_page, KnownBug::ALL);
}

#[test]
fn each_quirk_shows_in_the_statuses_of_its_scenario_and_not_without_the_bug() {
    let statuses = |life: &Timeline| -> Vec<String> { life.statuses().map(|status| format!("{status:?}")).collect() };
    let lives = pod_lifecycle_pictures::lives_with_and_without_quirks().unwrap();
    let is_unseen = |(with, without): &(Timeline, Timeline)| statuses(with) == statuses(without);
    let unseen = lives.iter().filter(|(_, lives)| lives.as_ref().is_none_or(is_unseen)).map(|(bug, _)| *bug);
    // The page has the reasons.
    assert_eq!(
        unseen.collect::<Vec<_>>(),
        [KnownBug::ReadinessOfFormerInstance, KnownBug::OldTransitionTime, KnownBug::LateProbeSuccess]
    );
}
