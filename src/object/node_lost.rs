//! Node loss and recovery (pkg/controller/util/node).
//!
//! <https://kubernetes.io/docs/concepts/architecture/nodes/#condition> and
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. While the node is lost its kubelet
//! goes on, but its statuses are refused, and the object shows what the node controller wrote.

use super::{NodeSight, ObjectError, PodObject, scheduling::record};
use crate::{
    action::{Change, EventReason, EventType, Transition},
    api::{ConditionStatus, Name},
    kubelet::Sink,
    state::ConditionType,
    time::Timestamp,
};

impl PodObject {
    /// Marks the Pod's node as lost, as the node controller does after its grace period.
    ///
    /// A Pod that is not terminal loses `Ready`, without a reason; phase and all else stay as the kubelet last wrote them.
    /// Answers to `MarkPodsNotReady` in `pkg/controller/util/node`. Its `SetPodTerminationReason`, which gave a Pod the
    /// reason `NodeLost`, is called by nothing any more; kubectl still knows the word.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NotBound`] or [`ObjectError::NodeLost`].
    ///
    /// ```
    /// use pod_lifecycle::{NoSink, Timestamp, api::PodPhase, object::PodObject};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// object.bind("node-1", now, &mut NoSink)?;
    /// object.lose_node(now, &mut NoSink)?;
    /// assert_eq!((object.phase(), object.node_lost_since()), (PodPhase::Pending, Some(now)));
    /// object.recover_node()?;
    /// assert!(!object.is_node_lost());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lose_node(&mut self, now: Timestamp, out: &mut dyn Sink) -> Result<(), ObjectError> {
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
        self.mark_not_ready(now, out);
        Ok(())
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
