//! Builds the copy, and finds out from the compiler which mutants it cannot have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    baseline::is_left_out,
    copy::Copy,
    listed::{Genre, Number},
};

/// Why a mutant is not behind a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    /// Nothing can be said of it but by a build of its own.
    Switch,
    /// It is no program by itself either.
    Mutant,
}

/// A binary of tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Binary {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// What stands in the target folder.
#[derive(Serialize, Deserialize)]
pub(crate) struct Built {
    pub(crate) binaries: Vec<Binary>,
    pub(crate) on: BTreeSet<Number>,
    pub(crate) refused: BTreeMap<Number, Refused>,
}

/// Builds the tests with as many switches as compile: what the compiler refuses is left out, until it refuses nothing.
pub(crate) fn build(copy: &Copy, target: &Path, jobs: usize) -> Result<Built> {
    let known = target.with_file_name("refused.json");
    let mut refused = refused_before(copy, &known);
    let mut on = copy.placed();
    refused.extend(copy.mutants.keys().filter(|number| !on.contains(number)).map(|&number| (number, Refused::Switch)));
    on.retain(|number| !refused.contains_key(number));
    let tests = test_arguments(&copy.path)?;
    // The library alone is checked soonest.
    let check = ["check", "--package", MUTATED, "--lib"].map(String::from);
    let mut is_checked = false;
    loop {
        copy.write(&on)?;
        let arguments = if is_checked { &tests[..] } else { &check };
        let messages = cargo(copy, target, jobs, arguments)?;
        let blamed = blamed(copy, &messages)?;
        if blamed.is_empty() {
            if is_checked {
                remember(copy, &known, &refused)?;
                let binaries = messages.iter().filter_map(Message::binary).collect();
                return Ok(Built { binaries, on, refused });
            }
            is_checked = true;
        }
        let before = on.len();
        on.retain(|number| !blamed.contains_key(number));
        println!("cargo {}: {} of {before} switches stand", arguments[0], on.len());
        refused.extend(blamed);
    }
}

/// What the compiler refused in an earlier run: what is not tried again does not have all built again.
fn refused_before(copy: &Copy, known: &Path) -> BTreeMap<Number, Refused> {
    let text = fs::read_to_string(known).unwrap_or_default();
    let known: BTreeMap<String, Refused> = serde_json::from_str(&text).unwrap_or_default();
    copy.mutants.iter().filter_map(|(&number, mutant)| Some((number, *known.get(&mutant.name)?))).collect()
}

fn remember(copy: &Copy, known: &Path, refused: &BTreeMap<Number, Refused>) -> Result<()> {
    let names: BTreeMap<&str, Refused> =
        refused.iter().map(|(number, &why)| (&*copy.mutants[number].name, why)).collect();
    Ok(fs::write(known, serde_json::to_string(&names)?)?)
}

/// The package that is mutated.
const MUTATED: &str = "pod-lifecycle";

/// The packages whose tests are judges, and their folders.
const JUDGES: &[(&str, &str)] = &[
    (MUTATED, "."),
    ("pod-lifecycle-conformance", "tools/conformance"),
    ("pod-lifecycle-model-check", "tools/model-check"),
    ("pod-lifecycle-cli", "cli"),
];

/// Builds the binaries that have judges, and the programs that these run.
fn test_arguments(project: &Path) -> Result<Vec<String>> {
    let mut arguments = ["test", "--no-run", "--lib"].map(String::from).to_vec();
    for (package, folder) in JUDGES {
        arguments.extend(["--package".to_owned(), (*package).to_owned()]);
        for entry in fs::read_dir(project.join(folder).join("tests"))? {
            let path = entry?.path();
            let is_file = path.extension().is_some_and(|extension| extension == "rs");
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            if (is_file || path.join("main.rs").is_file()) && !is_left_out(&format!("{name}::")) {
                arguments.extend(["--test".to_owned(), name.into_owned()]);
            }
        }
    }
    Ok(arguments)
}

fn cargo(copy: &Copy, target: &Path, jobs: usize, arguments: &[String]) -> Result<Vec<Message>> {
    let mut command = Command::new("cargo");
    set_environment(&mut command, target);
    if arguments[0] == "check" {
        command.env("CARGO_INCREMENTAL", "1");
    }
    let output = command
        .args(arguments)
        .args(["--all-features", "--message-format=json", "--quiet", "--jobs", &jobs.to_string()])
        .current_dir(&copy.path)
        .stderr(Stdio::piped())
        .output()
        .context("running cargo")?;
    let messages: Vec<Message> =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !output.status.success() && !messages.iter().any(Message::is_error) {
        bail!("cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(messages)
}

/// Settings of every Cargo call.
pub(crate) fn set_environment(command: &mut Command, target: &Path) {
    command
        .env("CARGO_TARGET_DIR", target)
        // The lints are no judge of a fault.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "0");
}

#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Message {
    fn is_error(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.level == "error")
    }

    fn binary(&self) -> Option<Binary> {
        let (path, target) = (self.executable.clone()?, self.target.as_ref()?);
        let is_test = self.profile.as_ref()?.test && target.kind.iter().all(|kind| kind == "lib" || kind == "test");
        let is_lib = target.kind.iter().any(|kind| kind == "lib");
        // The other libraries have no tests that judge.
        let is_mutated = target.name == MUTATED.replace('-', "_");
        let name = if is_lib { "lib".to_owned() } else { target.name.clone() };
        (is_test && (is_mutated || !is_lib)).then_some(Binary { name, path })
    }
}

/// Whose fault the errors are.
fn blamed(copy: &Copy, messages: &[Message]) -> Result<BTreeMap<Number, Refused>> {
    let mut blamed = BTreeMap::new();
    let errors = messages.iter().filter(|message| message.is_error()).filter_map(|message| message.message.as_ref());
    let mut unexplained = String::new();
    for error in errors {
        let found = blamed_for(copy, error);
        if found.is_empty() && !error.spans.is_empty() {
            unexplained += error.rendered.as_deref().unwrap_or(&error.message);
        }
        blamed.extend(found);
    }
    if blamed.is_empty() && !unexplained.is_empty() {
        bail!("the copy does not compile, and no switch is to blame:\n{unexplained}");
    }
    Ok(blamed)
}

fn blamed_for(copy: &Copy, error: &Diagnostic) -> Vec<(Number, Refused)> {
    let code = error.code.as_ref().map_or("", |code| &code.code);
    // `const` was taken from a function that has a switch; here it is missed.
    if code == "E0015"
        && let Some(path) = error.message.split('`').nth(1)
    {
        let name = path.rsplit("::").next().unwrap_or(path);
        let name = name.split(['<', '(']).next().unwrap_or(name);
        let within = copy.within_const(name);
        if !within.is_empty() {
            return within.into_iter().map(|number| (number, Refused::Switch)).collect();
        }
    }
    let (primary, other): (Vec<&Span>, Vec<&Span>) = error.spans.iter().partition(|span| span.is_primary);
    primary
        .into_iter()
        .chain(other)
        .map(|span| at(copy, span, code))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// The innermost place or mutant around; for what a macro wrote, around the macro's call.
fn at(copy: &Copy, span: &Span, code: &str) -> Vec<(Number, Refused)> {
    let here = copy.text(&span.file_name).and_then(|text| innermost(&text, span.byte_start));
    match here {
        Some(Mark::Place(numbers)) => numbers.into_iter().map(|number| (number, Refused::Switch)).collect(),
        Some(Mark::Mutant(number)) => vec![(number, verdict(copy, number, code))],
        None => span.expansion.as_ref().map(|expansion| at(copy, &expansion.span, code)).unwrap_or_default(),
    }
}

/// What is returned early is checked like a body, and an operation like the one in its place: if they do not compile
/// here, they do not there. But `const` is not needed.
fn verdict(copy: &Copy, number: Number, code: &str) -> Refused {
    let mutant = &copy.mutants[&number];
    let is_alike = match mutant.genre {
        Genre::FnValue | Genre::BinaryOperator | Genre::UnaryOperator => true,
        Genre::MatchArm | Genre::MatchArmGuard | Genre::StructField => false,
    };
    if is_alike && code != "E0015" { Refused::Mutant } else { Refused::Switch }
}

enum Mark {
    Place(Vec<Number>),
    Mutant(Number),
}

/// The innermost of the marks, see [`switched`](crate::switch::switched), that the byte is in.
fn innermost(text: &str, at: usize) -> Option<Mark> {
    let before = text.get(..at)?;
    let mut open: Vec<&str> = Vec::new();
    for comment in before.split("/*").skip(1).filter_map(|rest| rest.split_once("*/")).map(|(comment, _)| comment) {
        if !comment.starts_with(['n', 'm']) || !comment[1..].chars().all(|c| c.is_ascii_digit() || ",.".contains(c)) {
            continue;
        }
        match comment.strip_suffix('.') {
            Some(begun) => {
                let last = open.iter().rposition(|mark| *mark == begun)?;
                open.truncate(last);
            }
            None => open.push(comment),
        }
    }
    let innermost = open.last()?;
    let mut numbers = innermost[1..].split(',').filter_map(|number| number.parse().ok());
    Some(if innermost.starts_with('m') { Mark::Mutant(numbers.next()?) } else { Mark::Place(numbers.collect()) })
}
