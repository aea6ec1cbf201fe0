//! Scheduling: gates, the scheduler's result and the binding (pkg/scheduler, pkg/registry/core/pod).

use alloc::{borrow::Cow, format, string::String};

use super::{ObjectError, PodObject};
use crate::{
    action::{EventReason, EventType, KubernetesEvent},
    api::{ConditionStatus, Name},
    kubelet::Sink,
    state::{ConditionReason, ConditionType},
    time::Timestamp,
};

/// Message of `PodScheduled` for a Pod with scheduling gates, as the API server words it.
const GATED: &str = "Scheduling is blocked due to non-empty scheduling gates";

impl PodObject {
    /// Sets `PodScheduled` to `SchedulingGated` on a new Pod with gates.
    ///
    /// Answers to `applySchedulingGatedCondition` in `pkg/registry/core/pod`. KEP-3521.
    pub(super) fn note_gates(&mut self, now: Timestamp) {
        let is_set = self.manifest.status.conditions.iter().any(|it| it.type_ == ConditionType::PodScheduled.name());
        // A stored object may have the condition already.
        if self.spec.is_scheduling_gated() && !is_set {
            let mut condition =
                self.condition(ConditionType::PodScheduled, false, ConditionReason::SchedulingGated, GATED, now);
            // The Pod's creation sets no observedGeneration.
            condition.observed_generation = 0;
            self.put(condition);
        }
    }

    /// Removes all scheduling gates.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Gone`].
    ///
    /// ```
    /// use pod_lifecycle::{NoSink, Timestamp, object::{ObjectError, PodObject}};
    ///
    /// let manifest = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
    ///     "schedulingGates": [{"name": "example.com/quota"}], "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// assert_eq!(object.bind("node-1", now, &mut NoSink), Err(ObjectError::Gated));
    /// object.remove_scheduling_gates()?;
    /// assert_eq!(object.bind("node-1", now, &mut NoSink), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_scheduling_gates(&mut self) -> Result<(), ObjectError> {
        self.change_spec(|spec| spec.scheduling_gates.clear())
    }

    fn check_schedulable(&self) -> Result<(), ObjectError> {
        self.check_present()?;
        if self.is_bound() {
            return Err(ObjectError::AlreadyBound);
        }
        if self.spec.is_scheduling_gated() {
            return Err(ObjectError::Gated);
        }
        Ok(())
    }

    /// Records that the scheduler found no node, with its message.
    ///
    /// Answers to `handleSchedulingFailure` in `pkg/scheduler`.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] if the Pod is bound, gated or gone.
    pub fn unschedulable(&mut self, message: &str, now: Timestamp, out: &mut dyn Sink) -> Result<(), ObjectError> {
        self.check_schedulable()?;
        // Each failed attempt is an event, but a condition that says the same is not written again.
        record(out, now, EventType::Warning, EventReason::FailedScheduling, || message.into());
        let (which, reason) = (ConditionType::PodScheduled, ConditionReason::Unschedulable);
        let condition = self.condition(which, false, reason, message, now);
        self.mark(which, reason, condition, now, out);
        Ok(())
    }

    /// Binds the Pod to a node.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] if the Pod may not be bound.
    pub fn bind(&mut self, node_name: &str, now: Timestamp, out: &mut dyn Sink) -> Result<(), ObjectError> {
        self.check_schedulable()?;
        let metadata = &self.manifest.metadata;
        let message = || format!("Successfully assigned {}/{} to {node_name}", metadata.namespace, metadata.name);
        record(out, now, EventType::Normal, EventReason::Scheduled, message);
        self.take_to_node(node_name, now);
        Ok(())
    }

    /// Binds the Pod to a node without a scheduler: no event, no checks.
    pub fn take_to_node(&mut self, node_name: &str, now: Timestamp) {
        self.manifest.spec.node_name = node_name.into();
        self.count_write();
        self.put(crate::api::PodCondition {
            type_: ConditionType::PodScheduled.name().into(),
            observed_generation: 0,
            status: ConditionStatus::True.into(),
            last_probe_time: None,
            last_transition_time: Some(now.whole_seconds()),
            reason: String::new(),
            message: String::new(),
        });
    }
}

/// Records a Kubernetes event.
pub(super) fn record(
    out: &mut dyn Sink,
    at: Timestamp,
    type_: EventType,
    reason: EventReason,
    message: impl FnOnce() -> String,
) {
    if out.wants_events() {
        let (reason, message) = (Cow::Borrowed(reason.name()), message());
        out.event(KubernetesEvent { at, type_, reason, container: None, message });
    }
}
