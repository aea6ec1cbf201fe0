//! The library of the program `podlife`: reads manifests and scenarios in YAML, with errors that name the field, and
//! knows the fields of Pods and workloads.

#![forbid(unsafe_code)]

pub mod fields;
pub mod spelling;
#[cfg(feature = "program")]
pub mod why;
pub mod yaml;
