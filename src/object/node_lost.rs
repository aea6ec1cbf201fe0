//! Node loss and recovery (pkg/controller/util/node).
//!
//! <https://kubernetes.io/docs/concepts/architecture/nodes/#condition> and
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. While the node is lost its kubelet
//! goes on, but its statuses are refused, and the object shows what the node controller wrote.

use alloc::format;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{NodeSight, ObjectError, PodObject, scheduling::record};
use crate::{
    action::{Change, EventReason, EventType, Transition},
    api::{ConditionStatus, Name, PodPhase},
    kubelet::Sink,
    rule::taint_eviction,
    state::ConditionType,
    time::Timestamp,
};

/// What the control plane writes into a Pod whose node is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NodeLossReport {
    /// `Ready` False without a reason, and nothing else, as the controllers of every supported version do.
    #[default]
    NotReady,
    /// The phase `Unknown` and the reason `NodeLost`, too, as the documentation of the phase says. No controller of a
    /// supported version writes them; a client that is to cope with them can be tried.
    UnknownPhase,
}

impl PodObject {
    /// Marks the Pod's node as lost, as the node controller does after its grace period.
    ///
    /// A Pod that is not terminal loses `Ready`, without a reason; phase and all else stay as the kubelet last wrote them,
    /// unless `report` says otherwise. Answers to `MarkPodsNotReady` in `pkg/controller/util/node`. Its
    /// `SetPodTerminationReason`, which gave a Pod the reason `NodeLost`, is called by nothing any more; kubectl still knows
    /// the word. The taint manager deletes the Pod after [`toleration_of_node_loss`](PodObject::toleration_of_node_loss).
    ///
    /// # Errors
    ///
    /// [`ObjectError::NotBound`] or [`ObjectError::NodeLost`].
    ///
    /// ```
    /// use pod_lifecycle::{NoSink, Timestamp, api::PodPhase, object::{NodeLossReport, PodObject}};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// object.bind("node-1", now, &mut NoSink)?;
    /// object.lose_node(NodeLossReport::NotReady, now, &mut NoSink)?;
    /// assert_eq!((object.phase(), object.node_lost_since()), (PodPhase::Pending, Some(now)));
    /// object.recover_node()?;
    /// assert!(!object.is_node_lost());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lose_node(&mut self, report: NodeLossReport, now: Timestamp, out: &mut dyn Sink) -> Result<(), ObjectError> {
        self.check_present()?;
        if !self.is_bound() {
            return Err(ObjectError::NotBound);
        }
        if self.is_node_lost() {
            return Err(ObjectError::NodeLost);
        }
        // Also for a terminal Pod: its kubelet's writes are lost all the same, and the object stays as it is.
        self.node = NodeSight::Lost { since: now.whole_seconds() };
        if self.phase().is_terminal() {
            return Ok(());
        }
        if report == NodeLossReport::UnknownPhase {
            let (node, pod) = (&self.manifest.spec.node_name, &self.manifest.metadata.name);
            let message = format!("Node {node} which was running pod {pod} is unresponsive");
            let status = &mut self.manifest.status;
            // `NodeUnreachablePodReason` and `NodeUnreachablePodMessage` of pkg/util/node.
            (status.reason, status.message) = ("NodeLost".into(), message);
            self.set_phase(PodPhase::Unknown, now, out);
        }
        self.mark_not_ready(now, out);
        Ok(())
    }

    /// Returns how long the Pod tolerates that its node is unreachable; `None` for ever.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{Timestamp, object::PodObject};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
    /// assert_eq!(object.toleration_of_node_loss(), Some(Duration::from_secs(300)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn toleration_of_node_loss(&self) -> Option<Duration> {
        taint_eviction::tolerated_unreachable(self.manifest(), taint_eviction::DEFAULT_TOLERATION)
    }

    fn mark_not_ready(&mut self, now: Timestamp, out: &mut dyn Sink) {
        let conditions = &mut self.manifest.status.conditions;
        let ready = conditions.iter_mut().find(|it| it.type_ == ConditionType::Ready.name());
        // Only a condition that was `True` changes, and only then is the event recorded.
        let Some(ready) = ready.filter(|it| it.status.known() == Some(ConditionStatus::True)) else { return };
        ready.status = ConditionStatus::False.into();
        ready.last_transition_time = Some(now.whole_seconds());
        self.count_write();
        let (from, to) = (Some(ConditionStatus::True), ConditionStatus::False);
        let change = Change::Condition { condition: ConditionType::Ready, from, to, reason: None };
        out.transition(Transition { at: now, change });
        record(out, now, EventType::Warning, EventReason::NodeNotReady, || "Node is not ready".into());
    }

    /// Ends the loss of the node: statuses of its kubelet are accepted again.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NodeNotLost`].
    pub fn recover_node(&mut self) -> Result<(), ObjectError> {
        if !self.is_node_lost() {
            return Err(ObjectError::NodeNotLost);
        }
        // `Ready` stays until the kubelet's next status replaces them.
        self.node = NodeSight::Reachable;
        Ok(())
    }
}
