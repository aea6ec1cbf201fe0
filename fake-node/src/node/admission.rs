//! Admission of Pods by the node: <https://kubernetes.io/docs/concepts/scheduling-eviction/>.

use std::collections::BTreeMap;

use pod_lifecycle::api::PodManifest;
use serde::Deserialize;

use super::{managed_pod::Refusal, node_info::NodeInfo, requests::Resources};

/// Returns why the node rejects a Pod with these requests; `used` is the sum of the other Pods' requests.
///
/// Answers to `generalFilter` in `pkg/kubelet/lifecycle/predicate.go`.
pub(super) fn refusal(
    pod: &PodManifest,
    node_info: &NodeInfo,
    wanted: &Resources,
    used: &Resources,
) -> Option<Refusal> {
    let short = wanted.0.iter().find(|(name, amount)| {
        // A resource that the node does not have at all is that of a device plugin or a scheduler extender.
        let capacity = node_info.allocatable.0.get(*name);
        **amount > 0 && capacity.is_some_and(|capacity| used.get(name).saturating_add(**amount) > *capacity)
    });
    if let Some((name, amount)) = short {
        let displayed =
            |amount: i128| amount.checked_div(if name == "cpu" { 1_000_000 } else { 1_000_000_000 }).unwrap_or(0);
        let (requested, used, capacity) =
            (displayed(*amount), displayed(used.get(name)), displayed(node_info.allocatable.get(name)));
        let message = format!(
            "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
        return Some(Refusal { reason: format!("OutOf{name}"), message });
    }
    (!matches_node(pod, node_info))
        .then(|| Refusal { reason: "NodeAffinity".into(), message: "Predicate NodeAffinity failed".into() })
}

/// True if the node matches the Pod's node selector and required node affinity.
fn matches_node(pod: &PodManifest, node_info: &NodeInfo) -> bool {
    let other = &pod.spec.other;
    if let Some(Ok(wanted)) = other.get("nodeSelector").map(BTreeMap::<String, String>::deserialize)
        && wanted.iter().any(|(label, value)| node_info.labels.get(label) != Some(value))
    {
        return false;
    }
    let Some(Ok(affinity)) = other.get("affinity").map(Affinity::deserialize) else { return true };
    let required = affinity.node_affinity.and_then(|affinity| affinity.required);
    required.is_none_or(|required| required.node_selector_terms.iter().any(|term| term.matches(node_info)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Affinity {
    node_affinity: Option<NodeAffinity>,
}

#[derive(Deserialize)]
struct NodeAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    required: Option<NodeSelector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeSelector {
    node_selector_terms: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Term {
    match_expressions: Vec<Requirement>,
    match_fields: Vec<Requirement>,
}

#[derive(Deserialize)]
struct Requirement {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
}

impl Term {
    // An empty term matches nothing.
    fn matches(&self, node_info: &NodeInfo) -> bool {
        let label = |it: &Requirement| it.is_met_by(node_info.labels.get(&it.key).map(String::as_str));
        let field = |it: &Requirement| it.is_met_by((it.key == "metadata.name").then_some(&*node_info.name));
        let is_empty = self.match_expressions.is_empty() && self.match_fields.is_empty();
        !is_empty && self.match_expressions.iter().all(label) && self.match_fields.iter().all(field)
    }
}

impl Requirement {
    fn is_met_by(&self, value: Option<&str>) -> bool {
        let is_listed = || value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        let compared = || {
            let limit: i64 = self.values.first()?.parse().ok()?;
            Some(value?.parse::<i64>().ok()?.cmp(&limit))
        };
        match &*self.operator {
            "In" => is_listed(),
            "NotIn" => !is_listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => compared().is_some_and(std::cmp::Ordering::is_gt),
            "Lt" => compared().is_some_and(std::cmp::Ordering::is_lt),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::node::settings::Settings;

    fn reason(spec: &Value, used: &Resources) -> Option<String> {
        let pod = serde_json::from_value(json!({"spec": spec})).unwrap();
        let labels = [("zone".into(), "a".into()), ("cores".into(), "64".into())].into();
        let node_info = NodeInfo::numbered(&Settings { labels, ..Settings::default() }, 0);
        refusal(&pod, &node_info, &Resources::requested(&pod), used).map(|refusal| refusal.message)
    }

    #[test]
    fn a_pod_that_exceeds_the_capacity_is_rejected() {
        let pod = json!({"containers": [{"name": "app", "resources": {"requests": {"cpu": "40"}}}]});
        assert_eq!(reason(&pod, &Resources::default()), None);
        let used = Resources([("cpu".into(), 30_000_000_000)].into());
        let message = "Node didn't have enough resource: cpu, requested: 40000, used: 30000, capacity: 64000";
        assert_eq!(reason(&pod, &used).as_deref(), Some(message));
        let gpu = json!({"containers": [{"name": "app", "resources": {"requests": {"example.com/gpu": "1"}}}]});
        assert_eq!(reason(&gpu, &used), None);
    }

    #[test]
    fn a_pod_whose_affinity_excludes_the_node_is_rejected() {
        let affine = |key: &str, operator: &str, values: &[&str]| {
            let term = json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
            let required = json!({"nodeSelectorTerms": [term]});
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
        };
        let field = json!({"key": "metadata.name", "operator": "In", "values": ["fake-node"]});
        let daemon = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchFields": [field]}]}}}});
        let cases = [
            (json!({"nodeSelector": {"zone": "a"}}), true),
            (json!({"nodeSelector": {"zone": "b"}}), false),
            (affine("zone", "In", &["a", "b"]), true),
            (affine("zone", "NotIn", &["a"]), false),
            (affine("gpu", "DoesNotExist", &[]), true),
            (affine("cores", "Gt", &["32"]), true),
            (affine("cores", "Lt", &["32"]), false),
            (daemon, true),
        ];
        for (spec, is_admitted) in cases {
            assert_eq!(reason(&spec, &Resources::default()).is_none(), is_admitted, "{spec}");
        }
    }
}
