//! Node selectors, taints and tolerations of `v1`, which the kubelet's admission reads.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::null_is_absent;

/// Taint of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Taint {
    /// The key: `node.kubernetes.io/not-ready`.
    #[serde(deserialize_with = "null_is_absent")]
    pub key: String,
    /// The value; often empty.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; the kubelet refuses Pods for `NoExecute` alone.
    #[serde(deserialize_with = "null_is_absent")]
    pub effect: String,
}

impl Taint {
    /// Creates a taint of this key, value and effect.
    #[must_use]
    pub fn new(key: &str, value: &str, effect: &str) -> Taint {
        Taint { key: key.into(), value: value.into(), effect: effect.into() }
    }
}

/// Toleration of a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Toleration {
    /// Key of the tolerated taints; empty for all.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// `Equal`, the default, or `Exists`, which takes any value.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Value of the tolerated taints.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Effect of the tolerated taints; empty for all.
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub effect: String,
    /// Seconds that a `NoExecute` taint is tolerated; `None`: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

impl Toleration {
    /// True if the Pod tolerates the taint.
    ///
    /// Answers to `ToleratesTaint` in `k8s.io/api/core/v1`.
    ///
    /// ```
    /// use pod_lifecycle::api::{Taint, Toleration};
    ///
    /// let toleration: Toleration = serde_json::from_str(r#"{"key": "gpu", "operator": "Exists"}"#)?;
    /// assert!(toleration.tolerates(&Taint::new("gpu", "a100", "NoExecute")));
    /// assert!(!toleration.tolerates(&Taint::new("spot", "", "NoExecute")));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let has_effect = self.effect.is_empty() || self.effect == taint.effect;
        let has_key = self.key.is_empty() || self.key == taint.key;
        has_effect
            && has_key
            && match self.operator.as_str() {
                "" | "Equal" => self.value == taint.value,
                operator => operator == "Exists",
            }
    }
}

/// `affinity` of a Pod, as far as a node is refused for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Affinity {
    pub(crate) node_affinity: Option<NodeAffinity>,
}

/// `nodeAffinity` of a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeAffinity {
    pub(crate) required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
}

/// Set of terms of which one has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeSelector {
    #[serde(deserialize_with = "null_is_absent")]
    pub(crate) node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Term of a node selector: all of its requirements have to match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeSelectorTerm {
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    match_expressions: Vec<NodeSelectorRequirement>,
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    match_fields: Vec<NodeSelectorRequirement>,
}

/// Requirement of a node selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
struct NodeSelectorRequirement {
    #[serde(deserialize_with = "null_is_absent")]
    key: String,
    #[serde(deserialize_with = "null_is_absent")]
    operator: String,
    #[serde(deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
}

impl NodeSelector {
    /// True if a node of this name, with these labels, matches one of the terms.
    ///
    /// Answers to `LazyErrorNodeSelector.Match` in `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`.
    pub(crate) fn matches(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        self.node_selector_terms.iter().any(|term| term.matches(name, labels))
    }
}

impl NodeSelectorTerm {
    fn matches(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        // A term without requirements matches no node.
        if self.match_expressions.is_empty() && self.match_fields.is_empty() {
            return false;
        }
        let label = |requirement: &NodeSelectorRequirement| labels.get(&requirement.key).map(String::as_str);
        // The only field that a selector may name.
        let field = |requirement: &NodeSelectorRequirement| (requirement.key == "metadata.name").then_some(name);
        self.match_expressions.iter().all(|it| it.matches(label(it)))
            && self.match_fields.iter().all(|it| it.matches(field(it)))
    }
}

impl NodeSelectorRequirement {
    fn matches(&self, value: Option<&str>) -> bool {
        let is_listed = || value.is_some_and(|value| self.values.iter().any(|it| it == value));
        let compared = |is: fn(&i64, &i64) -> bool| {
            let number = value.and_then(|value| value.parse::<i64>().ok());
            let bound = self.values.first().and_then(|value| value.parse::<i64>().ok());
            number.zip(bound).is_some_and(|(number, bound)| is(&number, &bound))
        };
        match self.operator.as_str() {
            "In" => is_listed(),
            "NotIn" => !is_listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => compared(i64::gt),
            "Lt" => compared(i64::lt),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> BTreeMap<String, String> {
        [("zone", "a"), ("cores", "8")].map(|(key, value)| (key.into(), value.into())).into()
    }

    fn matches(terms: &str) -> bool {
        let selector: NodeSelector =
            serde_json::from_str(&alloc::format!(r#"{{"nodeSelectorTerms": {terms}}}"#)).unwrap();
        selector.matches("node-1", &labels())
    }

    #[test]
    fn one_term_has_to_match_with_all_of_its_requirements() {
        assert!(matches(r#"[{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}]"#));
        assert!(!matches(
            r#"[{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]},
            {"key": "gpu", "operator": "Exists"}]}]"#
        ));
        assert!(matches(
            r#"[{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]},
            {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]}]"#
        ));
        assert!(!matches(r#"[{"matchExpressions": [{"key": "cores", "operator": "Lt", "values": ["8"]}]}]"#));
    }

    #[test]
    fn an_absent_label_is_in_no_list_and_not_in_every_list() {
        assert!(matches(r#"[{"matchExpressions": [{"key": "gpu", "operator": "NotIn", "values": ["a100"]}]}]"#));
        assert!(matches(r#"[{"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}]"#));
    }

    #[test]
    fn an_empty_term_matches_no_node_and_a_field_is_the_nodes_name() {
        assert!(!matches("[{}]") && !matches("[]"));
        assert!(matches(r#"[{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]"#));
        assert!(!matches(r#"[{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-2"]}]}]"#));
    }
}
