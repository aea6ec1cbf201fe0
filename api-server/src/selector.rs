//! Label selectors and field selectors.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api>

use std::str::FromStr;

use super::status::StatusError;

/// Label selector: all requirements must be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    /// Also met by objects without the label.
    NotIn(Vec<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if the labels match.
    pub(super) fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| requirement.operator.is_met_by(label(&requirement.key)))
    }

    /// Reads a `LabelSelector`: `{"matchLabels": …, "matchExpressions": …}`.
    pub(super) fn of_object(selector: &serde_json::Value) -> LabelSelector {
        let labels = selector.get("matchLabels").and_then(serde_json::Value::as_object);
        let equal = labels.into_iter().flatten().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: Operator::In(value.as_str().map(String::from).into_iter().collect()),
        });
        let expressions = selector.get("matchExpressions").and_then(serde_json::Value::as_array);
        LabelSelector(equal.chain(expressions.into_iter().flatten().filter_map(expression)).collect())
    }
}

/// One of the `matchExpressions`.
fn expression(expression: &serde_json::Value) -> Option<Requirement> {
    let values = expression.get("values").and_then(serde_json::Value::as_array);
    let values = values.into_iter().flatten().filter_map(|value| value.as_str().map(String::from)).collect();
    let operator = match expression.get("operator")?.as_str()? {
        "In" => Operator::In(values),
        "NotIn" => Operator::NotIn(values),
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        _ => return None,
    };
    Some(Requirement { key: expression.get("key")?.as_str()?.into(), operator })
}

impl Operator {
    fn is_met_by(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
            Operator::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Operator::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

impl FromStr for LabelSelector {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<LabelSelector, StatusError> {
        let unreadable =
            || StatusError::bad_request(format!("unable to parse requirement: {text:?} is no label selector"));
        if text.trim().is_empty() {
            return Ok(LabelSelector::default());
        }
        let requirements: Option<Vec<Requirement>> =
            split_outside_brackets(text).into_iter().map(requirement).collect();
        requirements.map(LabelSelector).ok_or_else(unreadable)
    }
}

/// Splits at commas outside of brackets.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    text.split(|letter| {
        is_inside = match letter {
            '(' => true,
            ')' => false,
            _ => is_inside,
        };
        letter == ',' && !is_inside
    })
    .map(str::trim)
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let (key, operator) = if let Some((left, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values = values.split(',').map(|value| value.trim().into()).collect();
        match left.split_whitespace().collect::<Vec<_>>().as_slice() {
            [key, "in"] => (*key, Operator::In(values)),
            [key, "notin"] => (*key, Operator::NotIn(values)),
            _ => return None,
        }
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Operator::NotIn(vec![value.trim().into()]))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Operator::In(vec![value.trim().into()]))
    } else if let Some((key, value)) = text.split_once('>') {
        (key, Operator::GreaterThan(value.trim().parse().ok()?))
    } else if let Some((key, value)) = text.split_once('<') {
        (key, Operator::LessThan(value.trim().parse().ok()?))
    } else if let Some(key) = text.strip_prefix('!') {
        (key, Operator::DoesNotExist)
    } else {
        (text, Operator::Exists)
    };
    let key = key.trim();
    let is_label = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let values_are_labels = match &operator {
        Operator::In(values) | Operator::NotIn(values) => values.iter().all(|value| is_label(value)),
        Operator::Exists | Operator::DoesNotExist | Operator::GreaterThan(_) | Operator::LessThan(_) => true,
    };
    (!key.is_empty() && is_label(key) && values_are_labels).then(|| Requirement { key: key.into(), operator })
}

/// Field selector: each field must be equal, or must differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSelector(Vec<FieldRequirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    field: String,
    comparison: Comparison,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
}

impl FieldSelector {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the selected fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|requirement| &*requirement.field)
    }

    /// True if the fields match.
    pub(super) fn matches(&self, field: impl Fn(&str) -> String) -> bool {
        self.0.iter().all(|requirement| {
            let is_equal = field(&requirement.field) == requirement.value;
            is_equal == (requirement.comparison == Comparison::Equal)
        })
    }
}

impl FromStr for FieldSelector {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<FieldSelector, StatusError> {
        let parts = split_unescaped(text).into_iter().filter(|part| !part.is_empty());
        let requirements: Option<Vec<FieldRequirement>> = parts.map(|part| field_requirement(&part)).collect();
        let unreadable = || StatusError::bad_request(format!("invalid selector: {text:?}; can't understand it"));
        requirements.map(FieldSelector).ok_or_else(unreadable)
    }
}

fn field_requirement(text: &str) -> Option<FieldRequirement> {
    let (field, comparison, value) = if let Some((field, value)) = text.split_once("!=") {
        (field, Comparison::Different, value)
    } else {
        let (field, value) = text.split_once("==").or_else(|| text.split_once('='))?;
        (field, Comparison::Equal, value)
    };
    Some(FieldRequirement { field: field.into(), comparison, value: unescape(value)? })
}

/// Splits at commas that are not escaped.
fn split_unescaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_escaped = false;
    for letter in text.chars() {
        if letter == ',' && !is_escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts
}

fn unescape(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => letters.next().filter(|escaped| matches!(escaped, '\\' | ',' | '='))?,
            '=' => return None,
            _ => letter,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::{FieldSelector, LabelSelector};

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels: std::collections::BTreeMap<_, _> = labels.iter().copied().collect();
        selector.parse::<LabelSelector>().unwrap().matches(|key| labels.get(key).copied())
    }

    #[test]
    fn labels_are_selected_by_equality_and_by_sets() {
        let labels = [("app", "web"), ("tier", "front"), ("weight", "3")];
        for selector in [
            "",
            "app",
            "app=web",
            "app==web",
            "app = web",
            "app!=db",
            "gone!=x",
            "!gone",
            "app in (db, web)",
            "app notin (db)",
            "gone notin (db)",
            "app=web,tier in (front,back),!gone",
            "weight>2",
            "weight<4",
        ] {
            assert!(selects(selector, &labels), "{selector}");
        }
        for selector in ["gone", "app=db", "app!=web", "!app", "app in (db)", "app notin (web)", "weight>3", "app>1"] {
            assert!(!selects(selector, &labels), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in ["=web", "app=web=db", "app in web", "app within (a)", "a b", ",", "app=we b", "weight>heavy"] {
            assert!(selector.parse::<LabelSelector>().is_err(), "{selector}");
        }
        for selector in ["metadata.name", "a=b=c", r"a=b\x"] {
            assert!(selector.parse::<FieldSelector>().is_err(), "{selector}");
        }
    }

    #[test]
    fn the_selector_of_an_object_says_the_same() {
        let selector = serde_json::json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]
        });
        assert_eq!(LabelSelector::of_object(&selector), "app=web,tier notin (back)".parse().unwrap());
    }

    #[test]
    fn fields_are_equal_or_differ_and_may_hold_commas() {
        let selector: FieldSelector = r"metadata.name=a\,b,status.phase!=Failed".parse().unwrap();
        let field =
            |phase: &'static str| move |field: &str| if field == "status.phase" { phase.into() } else { "a,b".into() };
        assert!(selector.matches(field("Running")));
        assert!(!selector.matches(field("Failed")));
        assert_eq!(selector.fields().collect::<Vec<_>>(), ["metadata.name", "status.phase"]);
    }
}
