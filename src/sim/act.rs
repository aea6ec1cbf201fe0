//! What others do to a Pod in a life: to its object, or on its node.

use alloc::string::{String, ToString};

use super::{action::ScriptActionKind, error::ScenarioError, life::Simulation, timeline::Happened, watch::Touched};
use crate::{
    api::PodCondition,
    event::{Event, EventError, NodeEvent},
    object::ObjectError,
};

/// The kubelet's words for memory pressure.
const LOW_ON_MEMORY: &str = "The node was low on resource: memory. ";

impl Simulation {
    /// Does something to the Pod now: deletes it, evicts it, sets a condition, changes its image.
    ///
    /// What comes too late has no effect: once the object is gone, or, for the node's own managers, once the Pod has
    /// terminated.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if it cannot be done to this Pod.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{api::PodPhase, sim::{Scenario, ScriptActionKind}};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let mut life = Scenario::healthy(pod).life()?;
    /// life.act(&ScriptActionKind::Evict { message: None, grace_seconds: None })?;
    /// life.advance_to(life.now() + Duration::from_secs(1))?;
    /// assert_eq!(life.object().phase(), PodPhase::Failed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn act(&mut self, action: &ScriptActionKind) -> Result<(), ScenarioError> {
        #[cfg(feature = "snapshot")]
        self.note_action(action);
        self.arrive_at(self.now());
        self.do_action(action).map_err(|error| ScenarioError::Refused { action: action.name(), error })?;
        self.carry_out()?;
        self.refresh();
        Ok(())
    }

    pub(super) fn do_action(&mut self, action: &ScriptActionKind) -> Result<(), String> {
        if self.object.is_gone() && *action != ScriptActionKind::NodeRecovered {
            return Ok(());
        }
        self.recorder.happened(self.now, Happened::Action(action.name().into()));
        self.recorder.touched = Touched::Object;
        match self.do_on_node(action) {
            // There is no Pod left that the node's managers would look at.
            Some(Ok(()) | Err(EventError::NotActive)) => return Ok(()),
            Some(Err(error)) => return Err(error.to_string()),
            None => self.do_to_object(action).map_err(|error| error.to_string())?,
        }
        self.deliver();
        Ok(())
    }

    /// What the node does; `None` if it is not the node's to do.
    fn do_on_node(&mut self, action: &ScriptActionKind) -> Option<Result<(), EventError>> {
        if *action == ScriptActionKind::KubeletRestart {
            self.do_restart_kubelet();
            return Some(Ok(()));
        }
        let event = on_node(action)?;
        if self.pod.is_none() {
            return Some(Err(EventError::NotOnNode));
        }
        Some(self.hand_on(Event::Node(event)))
    }

    fn do_to_object(&mut self, action: &ScriptActionKind) -> Result<(), ObjectError> {
        let of_spec = self.object.manifest().spec.termination_grace_period_seconds.unwrap_or(30);
        let now = self.now;
        match action {
            ScriptActionKind::Delete { grace_seconds } => {
                self.object.delete(grace_seconds.unwrap_or(of_spec), now);
                Ok(())
            }
            ScriptActionKind::ForceDelete => {
                self.object.force_delete();
                Ok(())
            }
            ScriptActionKind::RemoveFinalizer { finalizer } => {
                self.object.remove_finalizer(finalizer);
                Ok(())
            }
            ScriptActionKind::SetCondition { condition, status } => self.object.set_condition(PodCondition {
                type_: condition.clone(),
                observed_generation: 0,
                status: (*status).into(),
                last_probe_time: None,
                last_transition_time: Some(now.whole_seconds()),
                reason: "".into(),
                message: "".into(),
            }),
            ScriptActionKind::RemoveCondition { condition } => self.object.remove_condition(condition),
            ScriptActionKind::Disrupt { reason, message } => {
                self.on_object(|object, out| object.disrupt(*reason, message, now, out))
            }
            ScriptActionKind::Reject { reason, message } => self.do_reject(reason, message),
            ScriptActionKind::Unschedulable { message } => {
                self.on_object(|object, out| object.unschedulable(message, now, out))
            }
            ScriptActionKind::Bind => self.do_bind(),
            ScriptActionKind::RemoveSchedulingGates => self.object.remove_scheduling_gates(),
            ScriptActionKind::NodeLost => self.on_object(|object, out| object.lose_node(now, out)),
            ScriptActionKind::NodeRecovered => self.do_recover_node(),
            ScriptActionKind::SetImage { container, image } => {
                self.object.set_image(container, image)?;
                self.world.change_image(container, image, self.object.spec());
                Ok(())
            }
            ScriptActionKind::AddEphemeralContainer { container } => {
                self.object.add_ephemeral_container((**container).clone())
            }
            ScriptActionKind::KubeletRestart
            | ScriptActionKind::Evict { .. }
            | ScriptActionKind::EvictOverLimit { .. }
            | ScriptActionKind::Preempt
            | ScriptActionKind::Shutdown { .. } => Ok(()),
        }
    }

    fn do_bind(&mut self) -> Result<(), ObjectError> {
        let node_name = String::from(self.node_name());
        self.object.bind(&node_name, self.now, &mut self.recorder)?;
        self.take_to_node();
        Ok(())
    }

    fn do_reject(&mut self, reason: &str, message: &str) -> Result<(), ObjectError> {
        if self.object.spec().is_scheduling_gated() {
            return Err(ObjectError::Gated);
        }
        if self.pod.is_some() {
            return Err(ObjectError::AlreadyBound);
        }
        self.refuse(reason, message);
        Ok(())
    }

    /// The kubelet hears what it has missed, and what it has to say is published.
    fn do_recover_node(&mut self) -> Result<(), ObjectError> {
        self.object.recover_node()?;
        let before = self.object.status().clone();
        self.deliver();
        if let Some(pod) = self.pod.as_ref().filter(|_| !self.object.is_gone()) {
            self.recorder.record_difference(self.now, &before, self.object.status(), pod);
        }
        Ok(())
    }

    /// Does something to the object that is told of, and writes its status down if that has changed.
    fn on_object(
        &mut self,
        act: impl FnOnce(&mut crate::object::PodObject, &mut dyn crate::kubelet::Sink) -> Result<(), ObjectError>,
    ) -> Result<(), ObjectError> {
        act(&mut self.object, &mut self.recorder)?;
        self.recorder.status(self.now, self.object.status());
        Ok(())
    }
}

/// What the node's managers do to a Pod; `None` if it is not theirs to do.
pub(super) fn on_node(action: &ScriptActionKind) -> Option<NodeEvent> {
    Some(match action {
        ScriptActionKind::Evict { message, grace_seconds } => NodeEvent::Evicted {
            message: message.as_deref().unwrap_or(LOW_ON_MEMORY).into(),
            grace_seconds: *grace_seconds,
            is_disruption: true,
        },
        ScriptActionKind::EvictOverLimit { message } => {
            NodeEvent::Evicted { message: message.as_str().into(), grace_seconds: None, is_disruption: false }
        }
        ScriptActionKind::Preempt => NodeEvent::Preempted,
        ScriptActionKind::Shutdown { grace_seconds } => NodeEvent::ShutDown { grace_seconds: *grace_seconds },
        ScriptActionKind::KubeletRestart
        | ScriptActionKind::Delete { .. }
        | ScriptActionKind::ForceDelete
        | ScriptActionKind::SetCondition { .. }
        | ScriptActionKind::RemoveCondition { .. }
        | ScriptActionKind::Disrupt { .. }
        | ScriptActionKind::Reject { .. }
        | ScriptActionKind::Unschedulable { .. }
        | ScriptActionKind::Bind
        | ScriptActionKind::RemoveSchedulingGates
        | ScriptActionKind::NodeLost
        | ScriptActionKind::NodeRecovered
        | ScriptActionKind::SetImage { .. }
        | ScriptActionKind::AddEphemeralContainer { .. }
        | ScriptActionKind::RemoveFinalizer { .. } => return None,
    })
}
