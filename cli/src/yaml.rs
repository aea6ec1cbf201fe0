//! YAML (and so JSON) with errors that name the field, what stands there, and what was expected.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_path_to_error::Path;
use serde_saphyr::{Error, Location, Options, from_multiple_with_options, with_deserializer_from_str_with_options};

/// How much of a wrong value is shown.
const SHOWN: usize = 40;

/// What messages call the text as a whole.
const DOCUMENT: &str = "the document";

/// What is wrong with a text.
#[derive(Debug)]
pub struct Problem {
    /// The path of the field that is wrong, or `the document`.
    field: String,
    /// What was expected, and what was found.
    says: String,
    /// Where: line and column, from 1 on.
    pub place: Option<(u64, u64)>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.says)?;
        self.place.map_or(Ok(()), |(line, column)| write!(f, " (line {line}, column {column})"))
    }
}

impl From<Problem> for String {
    fn from(problem: Problem) -> String {
        problem.to_string()
    }
}

/// Reads the one document of a text; `what` is its expected kind, for messages.
pub fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Problem> {
    let mut path = None;
    let result = with_deserializer_from_str_with_options(text, options(), |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            path = Some(error.path().clone());
            error.into_inner()
        })
    });
    let document: Option<T> = result.map_err(|error| problem(error.without_snippet(), path.as_ref(), text, what))?;
    document.ok_or_else(|| Problem { field: DOCUMENT.into(), says: format!("is empty; expected {what}"), place: None })
}

/// Reads every document of a text; empty ones are left out.
pub fn read_all<T: DeserializeOwned>(text: &str, what: &str) -> Result<Vec<T>, Problem> {
    let documents = from_multiple_with_options(text, options());
    documents.map_err(|error| problem(error.without_snippet(), None, text, what))
}

/// As strict as `kubectl`: a number or a boolean is no string.
fn options() -> Options {
    serde_saphyr::options! { no_schema: true, with_snippet: false }
}

fn problem(error: &Error, path: Option<&Path>, text: &str, what: &str) -> Problem {
    let field = path.map(Path::to_string).filter(|path| path != "." && !path.is_empty());
    Problem {
        field: field.unwrap_or_else(|| DOCUMENT.into()),
        says: format!("{}{}", wording(error, what), found(error, text)),
        place: error.location().map(|at| (at.line(), at.column())),
    }
}

/// What is wrong, in the words of people who write manifests.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other errors are worded well enough where they come from")]
fn wording(error: &Error, what: &str) -> String {
    match error {
        Error::Eof { .. } => format!("is empty; expected {what}"),
        Error::MultipleDocuments { .. } => format!("expected one document with {what}, found another one after it"),
        Error::Unexpected { expected: "mapping start", .. } => "expected a mapping".into(),
        Error::Unexpected { expected: "sequence start", .. } => "expected a list".into(),
        Error::Unexpected { expected: "scalar" | "string scalar", .. } => "expected a single value".into(),
        Error::InvalidScalar { ty, .. } => format!("expected {}", type_name(ty)),
        Error::QuotingRequired { .. } => "expected a string; it needs quotes here".into(),
        Error::NullIntoString { .. } => "expected a string".into(),
        Error::SerdeUnknownField { field, expected, .. } if field == "apiVersion" || field == "kind" => {
            format!("unknown field, expected one of {}; a bare manifest goes with --pod", expected.join(", "))
        }
        Error::SerdeUnknownField { expected, .. } => format!("unknown field, expected one of {}", expected.join(", ")),
        Error::Budget { .. } => "too much of it: no manifest is that large".into(),
        other => without_place(&other.to_string()),
    }
}

/// The value that is wrong, where the error is about a value.
fn found(error: &Error, text: &str) -> String {
    let is_about_value = matches!(
        error,
        Error::Unexpected { .. }
            | Error::InvalidScalar { .. }
            | Error::QuotingRequired { .. }
            | Error::NullIntoString { .. }
    );
    let value = error.location().filter(|_| is_about_value).and_then(|at| value_at(at, text));
    value.map_or_else(String::new, |value| {
        let shown: String = value.chars().take(SHOWN).collect();
        let more = if shown.len() < value.len() { "..." } else { "" };
        format!(", found {shown:?}{more}")
    })
}

fn value_at(at: Location, text: &str) -> Option<&str> {
    let span = at.span();
    let (from, len) = (usize::try_from(span.byte_offset()?).ok()?, usize::try_from(span.byte_len()?).ok()?);
    text.get(from..from.checked_add(len)?).filter(|value| !value.is_empty())
}

fn type_name(ty: &str) -> &str {
    match ty {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "a whole number",
        "floating point" | "f32" | "f64" => "a number",
        "bool" | "boolean" => "true or false",
        other => other,
    }
}

/// A message without the place, which stands at the end of every message here.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message).into()
}
