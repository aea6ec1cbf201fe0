//! Findings for code scanning: SARIF 2.1.0.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use super::{Finding, Rule, rule::Level};

/// Where the pages of the rules are.
const PAGES: &str = "https://github.com/pod-lifecycle/pod-lifecycle/blob/main/cli/src/lint/rules.md";

/// One SARIF document.
pub(super) fn text(findings: &[Finding]) -> String {
    let rules: Vec<Rule> = Rule::all().collect();
    let descriptors: Vec<Value> = rules.iter().map(|rule| descriptor(*rule)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &rules)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "podlife",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/pod-lifecycle/pod-lifecycle",
                "rules": descriptors,
            }},
            // Columns are counted in characters.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // Texts and numbers alone cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn descriptor(rule: Rule) -> Value {
    let (title, text) = rule.section();
    let anchor: String = format!("{rule}-{title}")
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' => Some(c),
            _ => None,
        })
        .collect();
    json!({
        "id": rule.code(),
        "name": rule.code(),
        "shortDescription": {"text": title},
        "fullDescription": {"text": text.split("\n\n").next().unwrap_or_default().replace('\n', " ")},
        "help": {"text": text, "markdown": text},
        "helpUri": format!("{PAGES}#{anchor}"),
        "defaultConfiguration": {"level": level(rule.level())},
    })
}

fn result(finding: &Finding, rules: &[Rule]) -> Value {
    let uri = finding.file.replace('\\', "/");
    json!({
        "ruleId": finding.rule.code(),
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.level),
        "message": {"text": format!("{}: {}", finding.object, finding.message)},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri},
                "region": {"startLine": finding.line.max(1), "startColumn": finding.column.max(1)},
            },
            "logicalLocations": [{"fullyQualifiedName": finding.field}],
        }],
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Mistake => "warning",
        Level::Advice => "note",
    }
}
