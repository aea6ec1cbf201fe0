//! `podlife mdbook`: scenarios of a book become pictures, and a book that says something else fails.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::podlife;

/// A chapter with a Pod that crashes, and lines that are expected of it.
fn content(expected: &str) -> String {
    format!(
        "# Crashes\n\nBefore.\n\n```podlife --exit app=5:1 --until 5m\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  \
         containers: [{{name: app, image: nginx:1.27}}]\n```\n\n```podlife-expect\n{expected}\n```\n\nAfter.\n"
    )
}

fn preprocess(content: &str) -> Output {
    let chapter = json!({"Chapter": {"name": "Crashes", "content": content, "path": "crashes.md", "sub_items": []}});
    let book = json!([{"root": ".", "renderer": "html"}, {"items": [chapter], "__non_exhaustive": null}]);
    let mut command = podlife("mdbook");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(book.to_string().as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn chapter(content: &str) -> String {
    let output = preprocess(content);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let book: Value = serde_json::from_slice(&output.stdout).unwrap();
    book["items"][0]["Chapter"]["content"].as_str().unwrap().to_owned()
}

fn complaint(content: &str) -> String {
    let output = preprocess(content);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_block_becomes_the_picture_the_row_and_the_explanation() {
    let written = chapter(&content("web 0/1 CrashLoopBackOff\n`app` exited with code 1"));
    let (picture, rest) = written.split_once("</div>").unwrap();
    assert!(picture.starts_with("# Crashes\n\nBefore.\n\n<div class=\"podlife\">\n<svg"), "{picture}");
    assert!(!picture.split_once("<div").unwrap().1.contains("\n\n"), "a blank line would end the HTML");
    assert!(rest.contains("```console\nNAME") && rest.contains("CrashLoopBackOff"), "{rest}");
    assert!(rest.contains("restartPolicy Always"), "{rest}");
    assert!(rest.ends_with("\n\nAfter.\n") && !rest.contains("podlife-expect"), "{rest}");
}

#[test]
fn a_book_that_says_something_else_fails_with_file_and_line() {
    let said = complaint(&content("web 1/1 Running"));
    assert!(said.contains("crashes.md:12: expected `web 1/1 Running`; it says now:"), "{said}");
    assert!(said.contains("CrashLoopBackOff"), "{said}");
}

#[test]
fn an_expectation_without_a_scenario_and_a_scenario_with_a_mistake_fail_the_book() {
    let said = complaint("```podlife-expect\nweb\n```\n");
    assert!(said.contains("crashes.md:1: no block `podlife` stands before it"), "{said}");
    let said = complaint("Text.\n\n```podlife\nkind: Pod\nspec: {contaners: []}\n```\n");
    assert!(said.contains("crashes.md:3: ") && said.contains("contaners"), "{said}");
    let said = complaint("```podlife --exits app=1:1\nkind: Pod\n```\n");
    assert!(said.contains("crashes.md:1: ") && said.contains("--exits"), "{said}");
}

#[test]
fn every_other_block_stays_as_it_is() {
    let content = "```yaml\nkind: Pod\n```\n\n    podlife\n\n```\npodlife\n```\n";
    assert_eq!(chapter(content), content);
}

#[test]
fn any_renderer_is_supported_and_something_else_than_a_book_is_refused() {
    assert!(podlife("mdbook").args(["supports", "epub"]).stdin(Stdio::null()).status().unwrap().success());
    let output = podlife("mdbook").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected what mdBook sends"));
}
