//! Is our answer the recorded one?

use serde_json::{Value, json};

/// Our answer and the recorded one.
#[derive(Debug)]
pub struct Difference {
    /// The recorded answer.
    pub expected: Value,
    /// Ours.
    pub got: Value,
    /// Where they differ.
    pub places: Vec<String>,
}

/// The verdict of a check that describes in words how its answer differs.
pub fn in_words(line: &Value, verdict: Result<(), String>) -> Result<(), Difference> {
    verdict.map_err(|words| Difference {
        expected: line["out"].clone(),
        got: json!({ "difference": words }),
        places: Vec::new(),
    })
}

/// How much of an answer has to be recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What the recording does not mention is not compared.
    Partial,
    /// What the recording does not mention has to be absent.
    Whole,
}

/// Compares our answer with the one that a line records; `Err` is an answer that we could not give.
pub(crate) fn compare(line: &Value, got: Result<Value, String>, extent: Extent) -> Result<(), Difference> {
    let expected = &line["out"];
    let differs = |got, places| Err(Difference { expected: expected.clone(), got, places });
    let got = match got {
        Ok(got) => got,
        Err(error) => return differs(json!({ "error": error }), Vec::new()),
    };
    if expected.as_object().is_none_or(|answers| answers.is_empty()) {
        return differs(got, vec!["out holds no answer".to_owned()]);
    }
    let mut places = Vec::new();
    walk(expected, &got, extent, &mut String::from("out"), &mut places);
    if places.is_empty() { Ok(()) } else { differs(got, places) }
}

/// Members of an answer, and those of a script's steps, may be left out; deeper down everything counts.
fn walk(expected: &Value, got: &Value, extent: Extent, path: &mut String, places: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (name, value) in wanted {
                let nothing = Value::Null;
                let inner = if name == "steps" { extent } else { Extent::Whole };
                at(path, &format!(".{name}"), |path| {
                    walk(value, given.get(name).unwrap_or(&nothing), inner, path, places);
                });
            }
            let surplus = given.iter().filter(|(name, value)| !wanted.contains_key(*name) && !value.is_null());
            places.extend(surplus.filter(|_| extent == Extent::Whole).map(|(name, _)| format!("{path}.{name}")));
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            for (place, (value, given)) in wanted.iter().zip(given).enumerate() {
                at(path, &format!("[{place}]"), |path| walk(value, given, extent, path, places));
            }
        }
        _ if is_same(expected, got) => {}
        _ => places.push(path.clone()),
    }
}

fn at(path: &mut String, step: &str, go: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(step);
    go(path);
    path.truncate(length);
}

/// Numbers are equal if their values are, however they are written.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}
