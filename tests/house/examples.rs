//! Everything public is shown: its own documentation has an example that runs, or one on its page uses it.

use std::{fs, path::Path};

use super::layers::files;

/// How many public items have no example of their own, since one on their page shows them: accessors in the example of
/// their type, types in that of the function that makes them. It may only shrink.
const SHOWN_ELSEWHERE: usize = 235;

/// Made by a macro for types that have examples.
const BY_MACRO: (&str, &str) = ("src/manifest/named.rs", "KNOWN");

/// Something public, as its source declares it. What cannot be reached is not `pub`: a lint holds that.
#[derive(Debug)]
struct Item {
    file: String,
    name: String,
    shown: Shown,
}

/// Where an example shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Itself,
    OnItsPage,
    Nowhere,
}

#[test]
fn everything_public_is_shown_by_an_example_that_runs() {
    let items = items();
    assert!(items.len() > 600, "only {} items were found: does this test still read the source?", items.len());
    let missing = items.iter().filter(|item| item.shown == Shown::Nowhere);
    let missing: Vec<String> = missing.map(|Item { file, name, .. }| format!("{file}: {name}")).collect();
    assert!(missing.is_empty(), "no example shows these {}: {missing:#?}", missing.len());
    let elsewhere = items.iter().filter(|item| item.shown == Shown::OnItsPage).count();
    assert!(elsewhere <= SHOWN_ELSEWHERE, "{elsewhere} items lean on another's example, not {SHOWN_ELSEWHERE}");
}

#[test]
fn every_page_of_a_module_opens_with_an_example() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules = files(&source).into_iter().flat_map(|file| public_modules(&file)).collect::<Vec<_>>();
    assert!(modules.len() > 20, "only {} modules were found", modules.len());
    for file in modules {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!examples(&text, "//!").is_empty(), "{} opens without an example", file.display());
    }
}

/// The files of the modules that a file makes public.
fn public_modules(file: &Path) -> Vec<std::path::PathBuf> {
    let text = fs::read_to_string(file).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let folder = file.parent().unwrap();
    names
        .map(|name| {
            let (leaf, room) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
            if leaf.exists() { leaf } else { room }
        })
        .collect()
}

fn items() -> Vec<Item> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = files(&house.join("src")).into_iter().filter(|file| !file.to_string_lossy().contains("/tests"));
    sources
        .flat_map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            items_of(&file.strip_prefix(house).unwrap().to_string_lossy(), &text)
        })
        .collect()
}

fn items_of(file: &str, text: &str) -> Vec<Item> {
    let page = examples(text, "//!") + &examples(text, "///");
    let (mut docs, mut found) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if line.starts_with("///") {
            docs += line;
            docs += "\n";
        } else if let Some(name) = declared(line) {
            let shown = if !examples(&docs, "///").is_empty() {
                Shown::Itself
            } else if uses(&page, name) || (file, name) == BY_MACRO {
                Shown::OnItsPage
            } else {
                Shown::Nowhere
            };
            found.push(Item { file: file.into(), name: name.into(), shown });
            docs.clear();
        } else if !line.starts_with("#[") && !line.starts_with(')') && !line.is_empty() {
            docs.clear();
        }
    }
    found
}

/// The name of what a line makes public, fields and variants apart: those are shown with their types.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let kinds = ["const fn ", "fn ", "struct ", "enum ", "trait ", "type ", "const "];
    let named = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    named.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

/// The lines of the examples in a documentation: code blocks in Rust.
fn examples(text: &str, mark: &str) -> String {
    let (mut is_in, mut is_code, mut all) = (false, false, String::new());
    for line in text.lines().filter_map(|line| line.trim().strip_prefix(mark)).map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) => {
                is_code = !is_in && (language.is_empty() || language == "rust");
                is_in = !is_in;
            }
            None if is_in && is_code => {
                all += line;
                all += "\n";
            }
            None => {}
        }
    }
    all
}

/// Whether a word stands in an example.
fn uses(examples: &str, word: &str) -> bool {
    examples.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|other| other == word)
}

#[test]
fn an_item_is_shown_by_its_own_example_or_by_one_on_its_page() {
    let text = "/// One.\n///\n/// ```\n/// two();\n/// ```\n#[must_use]\npub fn one() {}\n/// Two.\npub fn two() {}\n\
                /// Three.\n///\n/// ```text\n/// three();\n/// ```\npub const fn three() {}\n";
    let shown: Vec<Shown> = items_of("src/some.rs", text).iter().map(|item| item.shown).collect();
    assert_eq!(shown, [Shown::Itself, Shown::OnItsPage, Shown::Nowhere]);
}
