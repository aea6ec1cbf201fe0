//! Nothing points back: each room of the crate uses only rooms below it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The rooms from the ground up.
const LAYERS: &[&[&str]] = &[
    &["time"],
    &["api", "timer_queue"],
    &["spec"],
    &["state", "config"],
    &["rule"],
    &["event"],
    &["action"],
    &["kubelet"],
    // It reports to a kubelet's sink what the API server and the controllers did; nothing else is shared.
    &["object"],
    &["status"],
    &["kubectl"],
    &["explain", "budget"],
    &["sim"],
    &["testkit", "render", "convert"],
];

#[test]
fn each_room_uses_only_rooms_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = 0;
    for file in files(&source) {
        let room = room_of(&source, &file);
        if room == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for used in rooms_used(&code.join("\n")) {
            uses += 1;
            let is_below = used == room || layer(&used) < layer(&room);
            assert!(is_below, "{} uses `crate::{used}`, which is not below `{room}`", file.display());
        }
    }
    assert!(uses > 100, "only {uses} uses were found: does this test still read the source?");
}

#[test]
fn the_object_knows_of_the_kubelet_only_where_its_outputs_go() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/object");
    for file in files(&source) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let uses: Vec<&str> = code.filter(|line| line.contains("kubelet::")).map(str::trim).collect();
        assert!(uses.iter().all(|line| *line == "kubelet::Sink,"), "{}: {uses:?}", file.display());
    }
}

#[test]
fn only_conversions_know_the_types_of_others() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(&source).iter().filter(|file| room_of(&source, file) != "convert") {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("k8s_openapi::"), "{} uses `k8s_openapi`", file.display());
    }
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn room_of(source: &Path, file: &Path) -> String {
    let first = file.strip_prefix(source).unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn layer(room: &str) -> usize {
    let layer = LAYERS.iter().position(|rooms| rooms.contains(&room));
    layer.unwrap_or_else(|| panic!("the room `{room}` stands in no layer"))
}

/// The rooms that code names by `crate::`, alone or in a group.
fn rooms_used(code: &str) -> Vec<String> {
    let named = code.split("crate::").skip(1);
    let words = named.flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => outer_words(group),
        None => vec![first_word(rest)],
    });
    words.filter(|word| word.starts_with(char::is_lowercase)).collect()
}

/// The first words of the members of a `use` group, not of those within their own groups.
fn outer_words(group: &str) -> Vec<String> {
    let (mut depth, mut words, mut begins) = (0, Vec::new(), true);
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if depth == 0 && begins && !letter.is_whitespace() => {
                words.push(first_word(group.get(place..).unwrap()));
                begins = false;
            }
            _ => {}
        }
    }
    words
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn a_group_names_its_rooms() {
    let code =
        "use crate::{\n    action::{Action, Sink},\n    time::Timestamp,\n};\nlet x = crate::rule::phase::pod_phase();";
    assert_eq!(rooms_used(code), ["action", "time", "rule"]);
}
