//! Rules of the lint, and their pages.

use std::{fmt, str::FromStr};

use pod_lifecycle::{
    api::Name as _,
    budget::{FindingCode, Severity},
};
use serde::{Serialize, Serializer};

/// The pages: a section for each rule.
const PAGES: &str = include_str!("rules.md");

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The API server refuses the object.
    Invalid,
    /// The API does not have the field.
    UnknownField,
    /// A rule on settings.
    Budget(FindingCode),
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// It is refused.
    Error,
    /// It does not do what it is for.
    Mistake,
    /// It has a price.
    Advice,
}

/// Codes of the rules that are none of the budget's.
const INVALID: &str = "PL000";
const UNKNOWN_FIELD: &str = "PL100";

impl Rule {
    /// Every rule, in the order of its code.
    pub(crate) fn all() -> impl Iterator<Item = Rule> {
        let budget = FindingCode::ALL.iter().map(|code| Rule::Budget(*code));
        std::iter::once(Rule::Invalid).chain(budget).chain([Rule::UnknownField])
    }

    pub(crate) fn level(self) -> Level {
        match self {
            Rule::Invalid => Level::Error,
            Rule::UnknownField => Level::Mistake,
            Rule::Budget(code) if code.severity() == Severity::Advice => Level::Advice,
            Rule::Budget(_) => Level::Mistake,
        }
    }

    /// Returns the code: `PL003`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Rule::Invalid => INVALID,
            Rule::UnknownField => UNKNOWN_FIELD,
            Rule::Budget(code) => code.name(),
        }
    }

    /// Returns title and text of its page.
    pub(crate) fn section(self) -> (&'static str, &'static str) {
        let sections = PAGES.split("\n## ").skip(1);
        let mut titled = sections.filter_map(|section| section.split_once('\n'));
        let found =
            titled.find_map(|(title, text)| Some((title.strip_prefix(self.code())?.trim_start_matches(": "), text)));
        found.map(|(title, text)| (title, text.trim())).unwrap_or_default()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(code: &str) -> Result<Rule, String> {
        let rule = Rule::all().find(|rule| rule.code().eq_ignore_ascii_case(code));
        rule.ok_or_else(|| format!("expected a rule: {}", Rule::all().map(Rule::code).collect::<Vec<_>>().join(", ")))
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Returns the page of a rule, or of all.
pub(crate) fn page(rule: &str) -> Result<String, String> {
    if rule == "all" {
        return Ok(PAGES.into());
    }
    let rule: Rule = rule.parse().map_err(|error| format!("{error}, or all"))?;
    let (title, text) = rule.section();
    Ok(format!("{rule}: {title}\n\n{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page() {
        for rule in Rule::all() {
            let (title, text) = rule.section();
            assert!(!title.is_empty() && text.len() > 200, "{rule}: {title}");
            assert!(text.contains("https://kubernetes.io/"), "{rule} has no page of Kubernetes");
        }
    }
}
