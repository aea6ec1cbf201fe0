//! A length of time is a `Duration`; only what Kubernetes spells in seconds is a number, and is called so.

use std::{fs, path::Path};

use super::layers::files;

/// Words for a length of time.
const LENGTHS: &[&str] = &["delay", "grace", "timeout", "period", "deadline", "latency", "interval"];

/// What a number of them is called after.
const UNITS: &[&str] = &["_seconds", "_micros"];

/// Whole numbers, and those that may be left out.
const NUMBERS: &[&str] = &["u32", "u64", "i32", "i64", "Option<u32>", "Option<u64>", "Option<i32>", "Option<i64>"];

#[test]
fn no_length_of_time_is_a_bare_number() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut durations, mut seconds) = (0, 0);
    for file in files(&source) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        for (name, type_) in code.flat_map(names_and_types) {
            let is_length = LENGTHS.iter().any(|word| name.contains(word));
            let is_number = NUMBERS.contains(&type_.as_str());
            let is_called_so = UNITS.iter().any(|unit| name.ends_with(unit));
            durations += usize::from(is_length && type_.contains("Duration"));
            seconds += usize::from(is_length && is_number && is_called_so);
            assert!(!is_length || !is_number || is_called_so, "{}: {name}: {type_}", file.display());
        }
    }
    assert!(durations > 30 && seconds > 10, "{durations} and {seconds}: does this test still read the source?");
}

/// The fields, arguments and results of a line.
fn names_and_types(line: &str) -> Vec<(String, String)> {
    let result = || {
        let (before, type_) = line.split_once(" -> ")?;
        let (name, _) = before.split_once("fn ")?.1.split_once('(')?;
        Some((name.to_owned(), type_.trim_end_matches(" {").to_owned()))
    };
    let pairs = line.split([',', '(', ')', '{', '}']).filter_map(|part| {
        let (name, type_) = part.trim().split_once(": ")?;
        Some((name.rsplit(' ').next()?.to_owned(), type_.to_owned()))
    });
    pairs.chain(result()).collect()
}
