//! Changes of a simulation's node: its room, its labels and its other Pods.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};

use super::Simulation;
use crate::{
    config::{AdmittedPod, NodeInfo},
    event::{Event, NodeEvent},
    kubelet::WorkerState,
    rule::admission,
    sim::{
        action::ScriptActionKind,
        node::{self, OtherPod},
        recorder::ApiSide,
        timeline::Occurrence,
    },
};

impl Simulation {
    /// Performs an action on the node itself; `None` if it is none.
    pub(super) fn change_node(&mut self, action: &ScriptActionKind) -> Option<Result<(), String>> {
        let changed = if let ScriptActionKind::NodeAllocatable { allocatable } = action {
            self.node_info().map(|node| NodeInfo { allocatable: allocatable.clone(), ..node }.with_default_pods())
        } else if let ScriptActionKind::NodeLabels { labels } = action {
            let labels = node::labels(&self.config.node_name, labels);
            self.node_info().map(|node| NodeInfo { labels, ..node })
        } else if let ScriptActionKind::OtherPodLeaves { name } = action {
            self.node_info().and_then(|node| without_pod(node, name))
        } else if let ScriptActionKind::OtherPodArrives { pod } = action {
            self.node_info().map(|node| self.take_arriving(node, pod))
        } else {
            return None;
        };
        Some(changed.and_then(|node| {
            let node = Arc::new(node);
            // A Pod that comes later, or is resumed, finds the node as it is now.
            Arc::make_mut(&mut self.config).node = Some(node.clone());
            self.report_node(node)
        }))
    }

    /// Returns the node as it is now.
    fn node_info(&self) -> Result<NodeInfo, String> {
        let node = self.config.node.as_deref().cloned();
        node.ok_or_else(|| "config.node: the scenario's node has nothing that could change".to_string())
    }

    /// Returns the node with another Pod, if the kubelet admits that beside this one.
    fn take_arriving(&mut self, node: NodeInfo, pod: &OtherPod) -> NodeInfo {
        let arriving = pod.admitted();
        let mut seen = node.clone();
        seen.pods.extend(self.admitted_pod());
        let Some(rejection) = admission::lack_of_room(&arriving, &seen) else { return node.with_pod(arriving) };
        let (name, reason) = (pod.name.clone(), rejection.reason.into());
        self.recorder.occurrence(self.instant.at, Occurrence::OtherPodRejected { name, reason });
        node
    }

    /// Returns the simulated Pod as its node has admitted it; `None` if it takes no room.
    fn admitted_pod(&self) -> Option<AdmittedPod> {
        let pod = self.driver.pod.as_ref()?;
        let is_active = matches!(pod.worker_state(), WorkerState::Syncing | WorkerState::Terminating);
        is_active.then(|| AdmittedPod::of(&pod.allocated_spec()))
    }

    /// Reports the changed node to the Pod's kubelet.
    fn report_node(&mut self, node: Arc<NodeInfo>) -> Result<(), String> {
        if self.driver.pod.is_none() {
            return Ok(());
        }
        let host = &mut ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        let event = Event::Node(NodeEvent::InfoChanged(node));
        self.driver.handle(event, self.instant.at, host).map_err(|error| error.to_string())
    }
}

/// Returns the node without one of its Pods.
fn without_pod(mut node: NodeInfo, name: &str) -> Result<NodeInfo, String> {
    let before = node.pods.len();
    node.pods.retain(|pod| *pod.name != *name);
    if node.pods.len() < before { Ok(node) } else { Err(format!("the node has no Pod {name:?}")) }
}
