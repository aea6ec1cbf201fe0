//! Scripts for the Pods that a label selector matches, in the language of [`pod_lifecycle::sim`].

use std::collections::BTreeMap;

use pod_lifecycle::{api::PodManifest, sim::Script};
use serde::Deserialize;

/// Script for the containers of the Pods with certain labels.
///
/// ```
/// use fake_node::PodScript;
///
/// let flaky: PodScript = serde_json::from_str(r#"{
///     "selector": {"app": "worker"},
///     "script": {"containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}, {}]}}}
/// }"#)?;
/// flaky.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodScript {
    /// Namespace of the Pods; all if absent.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Labels that a Pod must have; matches all Pods if empty.
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    /// Script of their containers and their node.
    pub script: Script,
}

/// Script with an action that a node cannot carry out.
///
/// ```
/// use fake_node::PodScript;
///
/// let script: PodScript = serde_json::from_str(r#"{"script": {"actions": [{"t": 30, "op": "delete"}]}}"#)?;
/// let error = script.check().unwrap_err();
/// assert_eq!(error.to_string(), "script.actions[0]: delete is not an action of a node");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script.actions[{index}]: {name} is not an action of a node")]
pub struct PodScriptError {
    index: usize,
    name: &'static str,
}

impl PodScript {
    /// Checks that a node can carry out every action.
    ///
    /// # Errors
    ///
    /// [`PodScriptError`] names the action that is not a node's.
    pub fn check(&self) -> Result<(), PodScriptError> {
        for (index, action) in self.script.actions.iter().enumerate() {
            action.kind.node_event().ok_or(PodScriptError { index, name: action.kind.name() })?;
        }
        Ok(())
    }

    /// True if it applies to a Pod.
    pub(in crate::node) fn selects(&self, pod: &PodManifest) -> bool {
        let metadata = &pod.metadata;
        self.namespace.as_ref().is_none_or(|namespace| *namespace == metadata.namespace)
            && self.selector.iter().all(|(key, value)| metadata.labels.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pod_lifecycle::{Timestamp, event::NodeEvent};
    use serde_json::json;

    use super::*;
    use crate::node::script::node_events;

    #[test]
    fn labels_and_the_namespace_select() {
        let script: PodScript =
            serde_json::from_value(json!({"namespace": "shop", "selector": {"app": "web"}, "script": {}})).unwrap();
        let pod = |namespace: &str, app: &str| {
            serde_json::from_value(json!({"metadata": {"namespace": namespace, "labels": {"app": app}}})).unwrap()
        };
        assert!(script.selects(&pod("shop", "web")));
        assert!(!script.selects(&pod("shop", "db")) && !script.selects(&pod("default", "web")));
        assert!(PodScript::default().selects(&pod("any", "any")));
    }

    #[test]
    fn actions_of_the_node_are_played_in_order() {
        let script: PodScript = serde_json::from_value(json!({"script": {
            "actions": [{"t": 40, "op": "preempt"}, {"t": 30, "op": "evict"}],
        }}))
        .unwrap();
        assert_eq!(script.check(), Ok(()));
        let start = Timestamp::UNIX_EPOCH;
        let mut events = node_events(&script.script, start);
        assert!(matches!(events.pop(), Some((at, NodeEvent::Evicted { .. })) if at == start + Duration::from_secs(30)));
        assert_eq!(events, [(start + Duration::from_secs(40), NodeEvent::Preempted)]);
    }
}
