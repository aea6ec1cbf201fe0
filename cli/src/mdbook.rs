//! `podlife mdbook`: a preprocessor for mdBook, which plays the scenarios of a book and checks what the book says of them.
//!
//! <https://rust-lang.github.io/mdBook/for_developers/preprocessors.html>

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use pulldown_cmark::{CodeBlockKind, Event, Parser as Markdown, Tag, TagEnd};
use serde_json::Value;

use crate::{
    failure::Failure,
    manifest,
    play::{self, Page},
    print,
};

/// Turns the scenarios of an mdBook into pictures; mdBook runs it.
///
/// In `book.toml`: `[preprocessor.podlife]` with `command = "podlife mdbook"`. A block with the language `podlife` holds a
/// scenario or a manifest, and may have options of `podlife play` behind the language: it becomes the picture of that life,
/// the row of `kubectl get pods` at its end, and the explanation. A block `podlife-expect` after it holds lines that the row
/// and the explanation must have; if one is missing, the book fails with file and line.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    asked: Option<Asked>,
}

/// Question of mdBook before it sends the book.
#[derive(Debug, Subcommand)]
enum Asked {
    /// Says whether the book may be for this renderer: it may be for any.
    Supports {
        /// Name of the renderer.
        renderer: String,
    },
}

/// Options of a block.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct BlockOptions {
    #[command(flatten)]
    play: play::Arguments,
}

/// Runs `podlife mdbook`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    if let Some(Asked::Supports { .. }) = arguments.asked {
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(book) => print::text(&book),
        Err(failure) => print::usage_error(&failure),
    }
}

/// Reads the context and the book, and returns the book.
fn run() -> Result<String, Failure> {
    let text = manifest::text("-")?;
    let expected = "expected what mdBook sends to a preprocessor, `[context, book]`";
    let mut sent: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new("-", format!("{expected}: {error}")))?;
    let book = sent.get_mut(1).filter(|book| book.is_object()).ok_or_else(|| Failure::new("-", expected))?;
    let mut problems = Vec::new();
    process(book, &mut problems);
    if problems.is_empty() { Ok(book.to_string()) } else { Err(Failure::of("the book", problems)) }
}

/// Processes every chapter below a value; where the chapters are has changed between versions of mdBook.
fn process(value: &mut Value, problems: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| process(item, problems)),
        Value::Object(fields) => {
            let path = fields.get("path").and_then(Value::as_str).unwrap_or("a chapter without a file").to_owned();
            if fields.contains_key("sub_items")
                && let Some(Value::String(content)) = fields.get_mut("content")
            {
                *content = chapter(content, &path, problems);
            }
            fields.values_mut().for_each(|field| process(field, problems));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fenced block of a chapter.
struct Block {
    range: std::ops::Range<usize>,
    info: String,
    text: String,
}

/// Returns the fenced blocks of a chapter.
fn blocks(content: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Markdown::new(content).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = &event {
            open = Some(Block { range, info: info.to_string(), text: String::new() });
        } else if let Event::Text(text) = &event {
            if let Some(block) = &mut open {
                block.text.push_str(text);
            }
        } else if let Event::End(TagEnd::CodeBlock) = &event {
            blocks.extend(open.take());
        }
    }
    blocks
}

/// Returns the chapter with its blocks played.
fn chapter(content: &str, path: &str, problems: &mut Vec<String>) -> String {
    let (mut written, mut from) = (String::new(), 0);
    // What the newest block says, against which the expectations after it are checked.
    let mut said: Option<String> = None;
    for block in blocks(content) {
        let line = content.get(..block.range.start).unwrap_or_default().lines().count().saturating_add(1);
        let place = format!("{path}:{line}");
        let (language, options) = block.info.split_once(char::is_whitespace).unwrap_or((&block.info, ""));
        let replacement = match language {
            "podlife" => match page(block.text, options, &place) {
                Ok(page) => {
                    said = Some(format!("{}\n{}", page.row, page.explanation));
                    markdown(&page)
                }
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            },
            "podlife-expect" => {
                problems.extend(missing(&block.text, said.as_deref(), &place));
                String::new()
            }
            _ => continue,
        };
        written.push_str(content.get(from..block.range.start).unwrap_or_default());
        written.push_str(&replacement);
        from = block.range.end;
    }
    written.push_str(content.get(from..).unwrap_or_default());
    written
}

fn page(text: String, options: &str, place: &str) -> Result<Page, String> {
    // The file is only a name in messages.
    let words = options.split_whitespace().chain([place]);
    let options = BlockOptions::try_parse_from(words).map_err(|error| format!("{place}: {}", error.render()))?;
    play::page(text, &options.play).map_err(|failure| failure.to_string())
}

fn markdown(page: &Page) -> String {
    // A blank line would end the block of HTML.
    let svg: Vec<&str> = page.svg.lines().filter(|line| !line.trim().is_empty()).collect();
    let (svg, row, explanation) = (svg.join("\n"), page.row.trim_end(), page.explanation.trim_end());
    format!("<div class=\"podlife\">\n{svg}\n</div>\n\n```console\n{row}\n```\n\n```text\n{explanation}\n```\n")
}

/// Returns a problem for each expected line that nothing says.
fn missing(expected: &str, said: Option<&str>, place: &str) -> Vec<String> {
    let Some(said) = said else { return vec![format!("{place}: no block `podlife` stands before it")] };
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = said.lines().map(squeezed).collect();
    let is_missing = |line: &String| !line.is_empty() && !lines.iter().any(|said| said.contains(line.as_str()));
    let missing = expected.lines().map(squeezed).filter(is_missing);
    missing.map(|line| format!("{place}: expected `{line}`; it says now:\n{}", said.trim_end())).collect()
}
