//! The examples in the documentation as tests of one binary: rustdoc would compile them anew for each mutant.

use std::fmt::Write as _;

/// One example: the line on which it begins, and its code.
struct Example {
    line: usize,
    code: String,
}

/// What the file of tests begins with.
pub(crate) const HEAD: &str = r#"#![allow(warnings)]

fn well(ended: impl std::process::Termination) {
    assert_eq!(format!("{:?}", ended.report()), format!("{:?}", std::process::ExitCode::SUCCESS));
}
"#;

/// A test for each example of a file.
pub(crate) fn tests(file: &str, text: &str) -> String {
    let mut tests = String::new();
    for Example { line, code } in examples(text) {
        let name = file.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let body = if code.contains("fn main(") {
            format!("{code}\nwell(main());")
        } else if code.trim_end().ends_with("(())") {
            format!("fn example() -> Result<(), impl std::fmt::Debug> {{\n{code}}}\nwell(example());")
        } else {
            code
        };
        let _ = writeln!(tests, "\n#[test]\nfn {name}_{line}() {{\n{body}\n}}");
    }
    tests
}

fn examples(text: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut open: Option<Option<Example>> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let Some(said) = line.strip_prefix("///").or(line.strip_prefix("//!")) else {
            open = None;
            continue;
        };
        let said = said.strip_prefix(' ').unwrap_or(said);
        match (said.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let is_run = matches!(language.trim(), "" | "rust");
                open = Some(is_run.then(|| Example { line: index + 1, code: String::new() }));
            }
            (Some(_), Some(_)) => examples.extend(open.take().flatten()),
            (None, Some(Some(example))) => example.code += &format!("{}\n", shown(said)),
            (None, Some(None) | None) => {}
        }
    }
    examples
}

/// A line without the `#` that hides it.
fn shown(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed == "#" { "" } else { trimmed.strip_prefix("# ").unwrap_or(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_test_hidden_lines_and_all() {
        let text = "/// Adds.\n///\n/// ```\n/// # let a = 1;\n/// assert_eq!(a, 1);\n/// # Ok::<(), ()>(())\n/// ```\nfn f() {}";
        let code = "let a = 1;\nassert_eq!(a, 1);\nOk::<(), ()>(())\n";
        let body = format!("fn example() -> Result<(), impl std::fmt::Debug> {{\n{code}}}\nwell(example());");
        assert_eq!(tests("src/a.rs", text), format!("\n#[test]\nfn src_a_rs_3() {{\n{body}\n}}\n"));
    }

    #[test]
    fn what_is_not_run_is_no_test() {
        assert_eq!(tests("src/a.rs", "//! ```text\n//! a ─▶ b\n//! ```\n//! ```no_run\n//! loop {}\n//! ```\n"), "");
    }
}
