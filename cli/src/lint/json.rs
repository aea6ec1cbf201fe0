//! Findings for programs.

use serde::Serialize;

use super::Finding;

#[derive(Serialize)]
struct Document<'a> {
    objects: usize,
    findings: &'a [Finding],
}

/// One JSON document.
pub(super) fn text(findings: &[Finding], objects: usize) -> String {
    // Texts and numbers alone cannot fail.
    serde_json::to_string_pretty(&Document { objects, findings }).unwrap_or_default() + "\n"
}
