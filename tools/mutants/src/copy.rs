//! The project's throw-away copy, in which the switches are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    examples,
    listed::{Mutant, Number, hash},
    place::{Form, Place, places},
    switch::{ROOT, switched},
};

/// The crate's root.
const ROOT_FILE: &str = "src/lib.rs";

/// The examples of the documentation.
const EXAMPLES_FILE: &str = "tests/documentation.rs";

pub(crate) struct Copy {
    pub(crate) path: PathBuf,
    pub(crate) mutants: BTreeMap<Number, Mutant>,
    /// What the files and the mutants are: another build is another number.
    pub(crate) mark: u64,
    sources: BTreeMap<String, Source>,
}

/// A file that has mutants: its text as it was written, and where they are.
struct Source {
    text: String,
    places: Vec<Place>,
}

impl Copy {
    /// Copies what git tracks, and what it would add. A file that has not changed keeps its time, so that only the
    /// rest is built again.
    pub(crate) fn new(from: &Path, path: PathBuf, mutants: BTreeMap<Number, Mutant>) -> Result<Copy> {
        let mut of_file: BTreeMap<String, BTreeMap<Number, Mutant>> = BTreeMap::new();
        for (number, mutant) in &mutants {
            of_file.entry(mutant.file.clone()).or_default().insert(*number, mutant.clone());
        }
        of_file.entry(ROOT_FILE.to_owned()).or_default();
        let mut files = files(from)?;
        let mark = mark(from, &files, &mutants)?;
        for file in files.iter().filter(|file| !of_file.contains_key(*file)) {
            let to = path.join(file);
            let bytes = fs::read(from.join(file)).with_context(|| format!("reading {file}"))?;
            write_if_other(&to, &bytes)?;
            fs::set_permissions(&to, fs::metadata(from.join(file))?.permissions())?;
        }
        let examples = examples_of(from, &files)?;
        write_if_other(&path.join(EXAMPLES_FILE), examples.as_bytes())?;
        files.insert(EXAMPLES_FILE.to_owned());
        remove_others(&path, &path, &files)?;
        let mut sources = BTreeMap::new();
        for (file, mutants) in of_file {
            let text = fs::read_to_string(from.join(&file)).with_context(|| format!("reading {file}"))?;
            let places = places(&text, &mutants).with_context(|| format!("in {file}"))?;
            sources.insert(file, Source { text, places });
        }
        Ok(Copy { path, mutants, mark, sources })
    }

    /// Those that have a place in the code where a switch could stand.
    pub(crate) fn placed(&self) -> BTreeSet<Number> {
        self.sources
            .values()
            .flat_map(|source| &source.places)
            .flat_map(|place| place.mutants.iter().copied())
            .collect()
    }

    /// Writes the files with the switches of these.
    pub(crate) fn write(&self, on: &BTreeSet<Number>) -> Result<()> {
        for (file, source) in &self.sources {
            let mut text = switched(&source.text, &source.places, &self.mutants, on);
            if file == ROOT_FILE {
                text += ROOT;
            }
            write_if_other(&self.path.join(file), text.as_bytes())?;
        }
        Ok(())
    }

    pub(crate) fn text(&self, file: &str) -> Option<String> {
        self.sources.contains_key(file).then(|| fs::read_to_string(self.path.join(file)).ok())?
    }

    /// Those for which a function of this name is not `const` any more.
    pub(crate) fn within_const(&self, function: &str) -> BTreeSet<Number> {
        let within = |source: &Source| -> Vec<Number> {
            let bodies = source.places.iter().filter_map(|place| match &place.form {
                Form::Const { body, name } if name == function => Some(body),
                _ => None,
            });
            bodies
                .flat_map(|body| source.places.iter().filter(|place| body.contains(&place.range.start)))
                .flat_map(|place| place.mutants.iter().copied())
                .collect()
        };
        self.sources.values().flat_map(within).collect()
    }
}

fn files(project: &Path) -> Result<BTreeSet<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(project)
        .output()
        .context("running git")?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
    Ok(listed.split('\0').filter(|file| project.join(file).is_file()).map(str::to_owned).collect())
}

fn examples_of(project: &Path, files: &BTreeSet<String>) -> Result<String> {
    let mut text = examples::HEAD.to_owned();
    for file in files.iter().filter(|file| file.starts_with("src/") && file.ends_with(".rs")) {
        text += &examples::tests(file, &fs::read_to_string(project.join(file))?);
    }
    Ok(text)
}

fn mark(project: &Path, files: &BTreeSet<String>, mutants: &BTreeMap<Number, Mutant>) -> Result<u64> {
    let mut mark = 0;
    for mutant in mutants.values() {
        mark = hash(mark, mutant.name.as_bytes());
    }
    // What tries them is no part of what is built.
    for file in files.iter().filter(|file| !file.starts_with("tools/mutants/") && !file.starts_with("scripts/")) {
        mark = hash(hash(mark, file.as_bytes()), &fs::read(project.join(file))?);
    }
    Ok(mark)
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// What was copied once, and is no file of the project any more.
fn remove_others(root: &Path, folder: &Path, files: &BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(root, &path, files)?;
        } else if !path.strip_prefix(root)?.to_str().is_some_and(|file| files.contains(file)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
