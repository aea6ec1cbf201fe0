//! Scripts for the Pods that a label selector matches, in the language of [`pod_lifecycle::sim`].

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{
    api::PodManifest,
    event::NodeEvent,
    sim::{Script, ScriptActionKind},
};
use serde::Deserialize;

use super::{Behaviour, Deed};

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
/// assert_eq!(error.to_string(), "script.actions[0]: delete is not for a node to do");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script.actions[{place}]: {name} is not for a node to do")]
pub struct PodScriptError {
    place: usize,
    name: &'static str,
}

impl PodScript {
    /// Checks that a node can carry out every action.
    ///
    /// # Errors
    ///
    /// [`PodScriptError`] names the action that is not a node's.
    pub fn check(&self) -> Result<(), PodScriptError> {
        for (place, action) in self.script.actions.iter().enumerate() {
            deed(&action.kind).ok_or(PodScriptError { place, name: action.kind.name() })?;
        }
        Ok(())
    }

    /// True if it applies to a Pod.
    pub(in crate::node) fn selects(&self, pod: &PodManifest) -> bool {
        let metadata = &pod.metadata;
        self.namespace.as_ref().is_none_or(|namespace| *namespace == metadata.namespace)
            && self.selector.iter().all(|(key, value)| metadata.labels.get(key) == Some(value))
    }

    pub(in crate::node) fn behaviour(&self) -> Behaviour {
        let script = &self.script;
        let deaths = script.sandbox_deaths.iter().map(|&after| (after, Deed::SandboxDeath));
        let actions = script.actions.iter().filter_map(|action| Some((action.at, deed(&action.kind)?)));
        Behaviour { containers: script.containers.clone(), seed: script.seed, deeds: deaths.chain(actions).collect() }
    }
}

/// Returns a grace period in whole seconds, as the node's managers have it.
fn seconds(grace: Duration) -> i64 {
    i64::try_from(grace.as_secs()).unwrap_or(i64::MAX)
}

/// Returns the node's action for one of a script; `None` if it is not a node's.
fn deed(action: &ScriptActionKind) -> Option<Deed> {
    let event = match action {
        ScriptActionKind::Evict { message, grace } => NodeEvent::Evicted {
            message: message.as_deref().unwrap_or("The node was low on resource: memory. ").into(),
            grace_seconds: grace.map(seconds),
            is_disruption: true,
        },
        ScriptActionKind::EvictOverLimit { message } => {
            NodeEvent::Evicted { message: message.as_str().into(), grace_seconds: None, is_disruption: false }
        }
        ScriptActionKind::Preempt => NodeEvent::Preempted,
        ScriptActionKind::Shutdown { grace } => NodeEvent::ShutDown { grace_seconds: grace.map(seconds) },
        ScriptActionKind::Delete { .. }
        | ScriptActionKind::ForceDelete
        | ScriptActionKind::SetCondition { .. }
        | ScriptActionKind::RemoveCondition { .. }
        | ScriptActionKind::RemoveFinalizer { .. }
        | ScriptActionKind::KubeletRestart
        | ScriptActionKind::Disrupt { .. }
        | ScriptActionKind::Reject { .. }
        | ScriptActionKind::Unschedulable { .. }
        | ScriptActionKind::Bind
        | ScriptActionKind::RemoveSchedulingGates
        | ScriptActionKind::NodeLost
        | ScriptActionKind::NodeRecovered
        | ScriptActionKind::SetImage { .. }
        | ScriptActionKind::AddEphemeralContainer { .. }
        | _ => return None,
    };
    Some(Deed::Node(event))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn what_a_node_does_to_its_pods_is_played() {
        let script: PodScript = serde_json::from_value(json!({"script": {
            "sandboxDeaths": [9], "actions": [{"t": 30, "op": "evict"}, {"t": 40, "op": "preempt"}],
        }}))
        .unwrap();
        assert_eq!(script.check(), Ok(()));
        let deeds = script.behaviour().deeds;
        assert_eq!((deeds.len(), &deeds[0]), (3, &(Duration::from_secs(9), Deed::SandboxDeath)));
        assert_eq!(deeds[2], (Duration::from_secs(40), Deed::Node(NodeEvent::Preempted)));
    }
}
