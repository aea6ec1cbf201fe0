//! Report of the mutants, for people and for programs.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    compile::Refused,
    listed::{Genre, Mutant},
    trial::Outcome,
};

/// One mutant and its verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) folder: String,
    #[serde(rename = "fate")]
    pub(crate) verdict: Verdict,
    /// The binary that caught it, or how many tests reach what was missed.
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Verdict {
    Caught,
    TimedOut,
    Missed,
    /// Missed, and the source says at that place why it makes no difference.
    Equivalent,
    NotSwitched,
    Unviable,
}

impl Line {
    pub(crate) fn of_trial(mutant: &Mutant, outcome: Outcome, source: &str) -> Line {
        let is_explained = is_explained(mutant, source);
        let (verdict, detail) = match outcome {
            Outcome::Caught { binary } => (Verdict::Caught, binary),
            Outcome::TimedOut => (Verdict::TimedOut, String::new()),
            Outcome::Missed { reached_by } if is_explained => {
                (Verdict::Equivalent, format!("{reached_by} tests reach it"))
            }
            Outcome::Missed { reached_by: 0 } => (Verdict::Missed, "no test reaches it".to_owned()),
            Outcome::Missed { reached_by } => (Verdict::Missed, format!("{reached_by} tests reach it")),
        };
        Line::new(mutant, verdict, detail)
    }

    pub(crate) fn of_refused(mutant: &Mutant, refused: Refused) -> Line {
        let verdict = match refused {
            Refused::Switch => Verdict::NotSwitched,
            Refused::Mutant => Verdict::Unviable,
        };
        Line::new(mutant, verdict, String::new())
    }

    fn new(mutant: &Mutant, verdict: Verdict, detail: String) -> Line {
        let (name, file) = (mutant.name.clone(), mutant.file.clone());
        Line { name, file, folder: mutant.folder().to_owned(), verdict, detail }
    }
}

/// Does the comment right above the mutated line, or at its end, say that the mutant is equivalent? It does so with the
/// words ``Equivalent with `…` or `…`: …``, or ``Equivalent without `…`: …`` where something is deleted.
fn is_explained(mutant: &Mutant, source: &str) -> bool {
    let lines: Vec<&str> = source.lines().collect();
    let Some((above, rest)) = lines.split_at_checked(mutant.span.start.line.saturating_sub(1)) else { return false };
    let comment = |line: &&str| line.trim_start().starts_with("//");
    let first = above.len() - above.iter().rev().take_while(|line| comment(line)).count();
    let own = rest.first().and_then(|line| line.split_once("// ")).map(|(_, said)| said);
    let said = above[first..].iter().map(|line| line.trim_start().trim_start_matches('/').trim()).chain(own);
    let said = said.collect::<Vec<_>>().join(" ");
    let (words, what) = match mutant.genre {
        Genre::UnaryOperator | Genre::MatchArm | Genre::StructField => ("Equivalent without ", "`".to_owned()),
        Genre::FnValue | Genre::BinaryOperator | Genre::MatchArmGuard => {
            ("Equivalent with ", format!("`{}`", mutant.replacement))
        }
    };
    // The reason comes after a colon that no backtick encloses.
    let named = |said: &str| said.split(": ").next().is_some_and(|named| named.contains(&what));
    said.split(words).skip(1).any(named)
}

/// Writes the lines down as JSON.
pub(crate) fn write(path: &Path, lines: &[Line]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(lines)?).with_context(|| format!("writing {}", path.display()))
}

/// What an earlier run wrote down.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))
}

/// By folder, what was caught; then by name, what was not.
pub(crate) fn summary(lines: &[Line]) -> String {
    let mut folders: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        folders.entry(&line.folder).or_default().push(line);
    }
    let mut text = format!(
        "\n{:<12}{:>8}{:>10}{:>8}{:>12}{:>14}{:>10}{:>9}\n",
        "folder", "caught", "timed out", "missed", "equivalent", "not switched", "unviable", "rate"
    );
    let all: Vec<&Line> = lines.iter().collect();
    for (folder, lines) in folders.into_iter().chain([("src", all)]) {
        let [caught, timed_out, missed, equivalent, not_switched, unviable] =
            [Verdict::Caught, Verdict::TimedOut, Verdict::Missed, Verdict::Equivalent, Verdict::NotSwitched, Verdict::Unviable]
                .map(|verdict| lines.iter().filter(|line| line.verdict == verdict).count());
        let rate = rate(caught + timed_out, missed);
        let _ = writeln!(
            text,
            "{folder:<12}{caught:>8}{timed_out:>10}{missed:>8}{equivalent:>12}{not_switched:>14}{unviable:>10}{rate:>9}"
        );
    }
    for (verdict, heading) in [
        (Verdict::Missed, "Missed"),
        (Verdict::Equivalent, "Equivalent, as the source explains"),
        (Verdict::NotSwitched, "Could not be switched: not tried"),
    ] {
        let of_verdict: Vec<&Line> = lines.iter().filter(|line| line.verdict == verdict).collect();
        if !of_verdict.is_empty() {
            let _ = writeln!(text, "\n{heading}:");
        }
        for line in of_verdict {
            let _ = writeln!(text, "  {}{}", line.name, in_brackets(&line.detail));
        }
    }
    text
}

pub(crate) fn in_brackets(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn rate(caught: usize, missed: usize) -> String {
    let tried = caught + missed;
    if tried == 0 { "-".to_owned() } else { format!("{:.1} %", 100.0 * caught as f64 / tried as f64) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mutant(genre: &str, line: usize, replacement: &str) -> Mutant {
        let span = json!({"start": {"line": line, "column": 1}});
        let file = json!({"name": "", "file": "", "function": {}, "span": span});
        let mut mutant = file.as_object().unwrap().clone();
        mutant.extend([("genre".to_owned(), json!(genre)), ("replacement".to_owned(), json!(replacement))]);
        serde_json::from_value(mutant.into()).unwrap()
    }

    #[test]
    fn the_comment_above_says_with_what_the_code_is_equivalent() {
        let source = "fn f() {\n    // Equivalent with `>=` or\n    // `==`: why `<` is not.\n    a > b\n}";
        let is = |replacement| is_explained(&mutant("BinaryOperator", 4, replacement), source);
        assert_eq!([is(">="), is("=="), is("<")], [true, true, false]);
        assert!(!is_explained(&mutant("BinaryOperator", 5, ">="), source), "it is not right above");
        assert!(!is_explained(&mutant("UnaryOperator", 4, ""), source), "nothing is deleted");
    }
}
