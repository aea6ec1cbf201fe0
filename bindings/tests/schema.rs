//! JSON schemas of the answers, of which the types for Python are made.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::{env, fs};

use schemars::{JsonSchema, generate::SchemaSettings};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/types.schema.json");

/// Everything that is answered.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Answers {
    status: bindings::Status,
    row: bindings::Row,
    why: bindings::Why,
    lint: bindings::Lint,
    play: bindings::Timeline,
    moment: bindings::Moment,
    problem: bindings::Problem,
    versions: bindings::Versions,
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Answers>();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if env::var_os("UPDATE").is_some() {
        fs::write(FILE, &text).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    assert_eq!(written, text, "UPDATE=1 cargo test -p pod-lifecycle-bindings --all-features --test schema writes it");
}
