//! The library of the program `podlife`: reads manifests and scenarios in YAML, with errors that name the field.

#![forbid(unsafe_code)]

#[cfg(feature = "program")]
pub mod why;
pub mod yaml;
