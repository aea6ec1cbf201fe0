//! The pictures of the documentation are those that the program draws.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::{fs, path::Path};

#[test]
fn the_pictures_and_diagrams_of_the_documentation_are_current() {
    for (file, content) in pod_lifecycle_pictures::files().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        let command = "cargo run --release -p pod-lifecycle-pictures";
        assert!(fs::read_to_string(path).unwrap() == content, "{file} is not current; draw it anew: {command}");
    }
}

#[test]
fn the_documentation_of_render_or_the_readme_shows_each_picture() {
    let pages = ["README.md", "src/render/mod.rs"].map(|page| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        fs::read_to_string(path).unwrap()
    });
    for (file, _) in pod_lifecycle_pictures::files().unwrap() {
        assert!(pages.iter().any(|page| page.contains(file)), "{file}");
    }
}
