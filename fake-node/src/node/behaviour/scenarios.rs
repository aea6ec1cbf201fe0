//! Scenarios: what the Pods that a label selector selects do, in the language of [`pod_lifecycle::sim`].

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{
    api::PodManifest,
    event::NodeEvent,
    sim::{Script, ScriptActionKind},
};
use serde::Deserialize;

use super::{Behaviour, Deed};

/// What the Pods with certain labels do.
///
/// ```
/// use fake_node::Scenario;
///
/// let flaky: Scenario = serde_json::from_str(r#"{
///     "selector": {"app": "worker"},
///     "script": {"containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}, {}]}}}
/// }"#)?;
/// flaky.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Only Pods of this namespace; of all if left out.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The labels that a Pod has to have; all Pods if left out.
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    /// What they do.
    pub script: Script,
}

/// Something that a node cannot do to a Pod.
///
/// ```
/// use fake_node::Scenario;
///
/// let scenario: Scenario = serde_json::from_str(r#"{"script": {"actions": [{"t": 30, "op": "delete"}]}}"#)?;
/// let error = scenario.check().unwrap_err();
/// assert_eq!(error.to_string(), "script.actions[0]: delete is not for a node to do");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script.actions[{place}]: {name} is not for a node to do")]
pub struct ScenarioError {
    place: usize,
    name: &'static str,
}

impl Scenario {
    /// Whether a node can play it.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names what others would have to do.
    pub fn check(&self) -> Result<(), ScenarioError> {
        for (place, action) in self.script.actions.iter().enumerate() {
            deed(&action.kind).ok_or(ScenarioError { place, name: action.kind.name() })?;
        }
        Ok(())
    }

    /// Whether it speaks of a Pod.
    pub(in crate::node) fn selects(&self, pod: &PodManifest) -> bool {
        let metadata = &pod.metadata;
        self.namespace.as_ref().is_none_or(|namespace| *namespace == metadata.namespace)
            && self.selector.iter().all(|(key, value)| metadata.labels.get(key) == Some(value))
    }

    pub(in crate::node) fn behaviour(&self) -> Behaviour {
        let script = &self.script;
        let after = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let deaths = script.sandbox_deaths.iter().map(|&seconds| (after(seconds), Deed::SandboxDeath));
        let actions = script.actions.iter().filter_map(|action| Some((after(action.t), deed(&action.kind)?)));
        Behaviour { containers: script.containers.clone(), seed: script.seed, deeds: deaths.chain(actions).collect() }
    }
}

/// What a node does of a script's actions; `None` for what is others' to do.
fn deed(action: &ScriptActionKind) -> Option<Deed> {
    let event = match action {
        ScriptActionKind::Evict { message, grace_seconds } => NodeEvent::Evicted {
            message: message.as_deref().unwrap_or("The node was low on resource: memory. ").into(),
            grace_seconds: *grace_seconds,
            is_disruption: true,
        },
        ScriptActionKind::EvictOverLimit { message } => {
            NodeEvent::Evicted { message: message.as_str().into(), grace_seconds: None, is_disruption: false }
        }
        ScriptActionKind::Preempt => NodeEvent::Preempted,
        ScriptActionKind::Shutdown { grace_seconds } => NodeEvent::ShutDown { grace_seconds: *grace_seconds },
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
        let scenario: Scenario =
            serde_json::from_value(json!({"namespace": "shop", "selector": {"app": "web"}, "script": {}})).unwrap();
        let pod = |namespace: &str, app: &str| {
            serde_json::from_value(json!({"metadata": {"namespace": namespace, "labels": {"app": app}}})).unwrap()
        };
        assert!(scenario.selects(&pod("shop", "web")));
        assert!(!scenario.selects(&pod("shop", "db")) && !scenario.selects(&pod("default", "web")));
        assert!(Scenario::default().selects(&pod("any", "any")));
    }

    #[test]
    fn what_a_node_does_to_its_pods_is_played() {
        let scenario: Scenario = serde_json::from_value(json!({"script": {
            "sandboxDeaths": [9], "actions": [{"t": 30, "op": "evict"}, {"t": 40, "op": "preempt"}],
        }}))
        .unwrap();
        assert_eq!(scenario.check(), Ok(()));
        let deeds = scenario.behaviour().deeds;
        assert_eq!((deeds.len(), &deeds[0]), (3, &(Duration::from_secs(9), Deed::SandboxDeath)));
        assert_eq!(deeds[2], (Duration::from_secs(40), Deed::Node(NodeEvent::Preempted)));
    }
}
