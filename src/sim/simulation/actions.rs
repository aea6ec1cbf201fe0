//! Actions of a simulation: what users, controllers, the scheduler and the node do to its Pod.

use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use super::Simulation;
use crate::{
    api::{ConditionStatus, PodCondition},
    event::{Event, EventError},
    kubelet::{PodMachine, Sink},
    object::{ObjectError, PodObject, PodResize},
    sim::{
        action::{ScriptAction, ScriptActionKind},
        duration::to_grace_seconds,
        error::ScenarioError,
        fake_runtime::SimEvent,
        recorder::ApiSide,
        timeline::Occurrence,
    },
    state::ConditionReason,
    time::Timestamp,
};

/// Reason of a refusal while the kubelet is stopped.
const KUBELET_AWAY: &str = "the kubelet is stopped";

/// Actions on the Pod, at the present time.
///
/// An action that is not possible is a [`ScenarioError::Refused`], and nothing changes. One that comes too late has no
/// effect: once the object is removed, or, for those of the node, once the Pod is terminated.
impl Simulation {
    /// Performs an action on the Pod.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if it is not possible for this Pod.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{api::PodPhase, sim::{Scenario, ScriptActionKind}};
    ///
    /// let mut simulation = Scenario::example().simulate()?;
    /// simulation.act(&ScriptActionKind::Preempt)?;
    /// simulation.advance(Duration::from_secs(1))?;
    /// assert_eq!(simulation.phase(), PodPhase::Failed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn act(&mut self, action: &ScriptActionKind) -> Result<(), ScenarioError> {
        #[cfg(feature = "snapshot")]
        self.note_action(action);
        // The simulation may have been advanced beyond its last event.
        self.arrive_at(self.now());
        self.perform(action).map_err(|error| ScenarioError::Refused { action: action.name(), error })?;
        self.carry_out()?;
        self.refresh();
        Ok(())
    }

    /// Deletes the Pod through the API, with this grace period or with that of its spec.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn delete(&mut self, grace: Option<Duration>) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::Delete { grace })
    }

    /// Has the node evict the Pod under pressure, with this message and without a grace period.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the Pod is not bound.
    pub fn evict(&mut self, message: &str) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::Evict { message: Some(message.into()), grace: None })
    }

    /// Sets a condition, for example that of a readiness gate.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    ///
    /// ```
    /// # use pod_lifecycle::{api::ConditionStatus, sim::Scenario};
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
    ///     "readinessGates": [{"conditionType": "example.com/in-rotation"}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27"}]
    /// }}"#)?;
    /// let mut simulation = Scenario::of(pod).simulate()?;
    /// assert!(!simulation.is_ready());
    /// simulation.set_condition("example.com/in-rotation", ConditionStatus::True)?;
    /// assert!(simulation.is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_condition(&mut self, type_: &str, status: ConditionStatus) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::SetCondition { condition: type_.into(), status })
    }

    /// Changes the image of a container, which restarts it.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the Pod has no container of this name.
    pub fn set_image(&mut self, container: &str, image: &str) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::SetImage { container: container.into(), image: image.into() })
    }

    /// Restarts the kubelet once the sync under way has ended; the containers keep running.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn restart_kubelet(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::KubeletRestart)
    }

    /// Makes the network of the node not ready: the Pod starts nothing, unless it uses the node's network.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn lose_network(&mut self, message: &str) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NetworkNotReady { message: message.into() })
    }

    /// Makes the network of the node ready again.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn recover_network(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NetworkReady)
    }

    /// Makes the node unreachable: the control plane has not seen it for too long. The containers keep running, unseen.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the Pod is not bound, or the node is lost already.
    pub fn lose_node(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NodeLost)
    }

    /// Makes the node reachable again.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the node is not lost.
    pub fn recover_node(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NodeRecovered)
    }

    /// Performs the n-th action of the script.
    pub(super) fn act_by_script(&mut self, index: usize) -> Result<(), ScenarioError> {
        let scenario = self.scenario.clone();
        let Some(action) = scenario.script.every_action().nth(index) else { return Ok(()) };
        let ScriptAction { at, kind } = &*action;
        self.perform(kind).map_err(|error| ScenarioError::Impossible { index, at: *at, error })
    }

    fn perform(&mut self, action: &ScriptActionKind) -> Result<(), String> {
        // Scripts are written without knowing when the object goes; a late action is no error.
        let is_of_node = matches!(action, ScriptActionKind::NodeRecovered | ScriptActionKind::KubeletStart);
        if self.object.is_gone() && !is_of_node {
            return Ok(());
        }
        if let ScriptActionKind::Resize { resize, unseen } = action {
            return self.resize(resize, *unseen);
        }
        self.recorder.occurrence(self.instant.at, Occurrence::Action(action.name().into()));
        self.recorder.object_may_have_changed = true;
        // The node's actions reach the kubelet directly; all others change the object, and the watch delivers it.
        match self.act_on_node(action) {
            Some(result) => return result,
            None => self.act_on_object(action).map_err(|error| error.to_string())?,
        }
        self.deliver();
        Ok(())
    }

    /// Performs an action of the node; `None` if it is none.
    fn act_on_node(&mut self, action: &ScriptActionKind) -> Option<Result<(), String>> {
        if *action == ScriptActionKind::KubeletStop {
            return Some(self.stop_kubelet());
        }
        if *action == ScriptActionKind::KubeletStart {
            return Some(self.start_kubelet());
        }
        if *action == ScriptActionKind::KubeletRestart && !self.driver.is_kubelet_stopped {
            self.restart_kubelet_when_idle();
            return Some(Ok(()));
        }
        if *action == ScriptActionKind::KubeletRestart {
            return Some(Err(KUBELET_AWAY.into()));
        }
        if let Some(changed) = self.change_node(action) {
            return Some(changed);
        }
        let event = action.node_event()?;
        if self.driver.is_kubelet_stopped {
            return Some(Err(KUBELET_AWAY.into()));
        }
        if let Some(message) = action.network_message() {
            // A Pod that comes later, or is resumed, finds the network as it is now.
            Arc::make_mut(&mut self.config).network_not_ready = message.map(Into::into);
        } else if self.driver.pod.is_none() {
            return Some(Err("the Pod is on no node".into()));
        }
        let host = &mut ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        Some(match self.driver.handle(Event::Node(event), self.instant.at, host) {
            // The node's managers no longer look at a Pod that has terminated.
            Ok(()) | Err(EventError::NotActive) => Ok(()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Performs an action on the object.
    fn act_on_object(&mut self, action: &ScriptActionKind) -> Result<(), ObjectError> {
        let now = self.instant.at;
        match action {
            ScriptActionKind::Delete { grace } => {
                // 30 s is the default of the API server.
                let of_spec = self.object.manifest().spec.termination_grace_period_seconds.unwrap_or(30);
                self.object.delete(grace.map_or(of_spec, to_grace_seconds), now);
                Ok(())
            }
            ScriptActionKind::ForceDelete => {
                self.object.force_delete(now);
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
                self.change_status(|object, out| object.disrupt(*reason, message, now, out))
            }
            ScriptActionKind::Reject { reason, message } => self.reject(reason, message),
            ScriptActionKind::Unschedulable { message } => {
                self.change_status(|object, out| object.unschedulable(message, now, out))
            }
            ScriptActionKind::Bind => self.bind(),
            ScriptActionKind::RemoveSchedulingGates => self.object.remove_scheduling_gates(),
            ScriptActionKind::NodeLost => self.lose_contact(now),
            ScriptActionKind::NodeRecovered => self.bring_node_back(),
            ScriptActionKind::SetImage { container, image } => {
                self.object.set_image(container, image)?;
                // The runtime has to know the new image before the kubelet asks to pull it.
                self.driver.runtime.change_image(container, image, self.object.spec());
                Ok(())
            }
            ScriptActionKind::SetDeadline { after } => {
                let seconds = to_grace_seconds(*after);
                self.object.change_spec(|spec| spec.active_deadline_seconds = Some(seconds))
            }
            ScriptActionKind::SetPhase { phase } => {
                self.change_status(|object, out| object.patch_phase(*phase, now, out))
            }
            ScriptActionKind::AddEphemeralContainer { container } => {
                self.object.add_ephemeral_container((**container).clone())
            }
            // Performed by `resize` and `act_on_node`.
            ScriptActionKind::Resize { .. }
            | ScriptActionKind::KubeletRestart
            | ScriptActionKind::KubeletStop
            | ScriptActionKind::KubeletStart
            | ScriptActionKind::Evict { .. }
            | ScriptActionKind::EvictOverLimit { .. }
            | ScriptActionKind::Preempt
            | ScriptActionKind::Shutdown { .. }
            | ScriptActionKind::NetworkNotReady { .. }
            | ScriptActionKind::NetworkReady
            | ScriptActionKind::NodeAllocatable { .. }
            | ScriptActionKind::NodeLabels { .. }
            | ScriptActionKind::OtherPodLeaves { .. }
            | ScriptActionKind::OtherPodArrives { .. } => Ok(()),
        }
    }

    /// Has the node be lost, and the taint manager delete the Pod when it no longer tolerates that.
    fn lose_contact(&mut self, now: Timestamp) -> Result<(), ObjectError> {
        let report = self.scenario.config.node_loss;
        self.change_status(|object, out| object.lose_node(report, now, out))?;
        if let Some(tolerated) = self.object.toleration_of_node_loss() {
            self.driver.runtime.queue.schedule(now + tolerated, SimEvent::TaintEviction);
        }
        Ok(())
    }

    /// Deletes the Pod as the taint manager does, unless its node has reported since it was lost.
    pub(super) fn evict_by_taint(&mut self) -> Result<(), ScenarioError> {
        let (since, tolerated) = (self.object.node_lost_since(), self.object.toleration_of_node_loss());
        let is_due = since.zip(tolerated).is_some_and(|(since, tolerated)| since + tolerated <= self.instant.at);
        if !is_due {
            return Ok(());
        }
        let reason = ConditionReason::DeletionByTaintManager;
        let disrupted = ScriptActionKind::Disrupt { reason, message: String::new() };
        for action in [disrupted, ScriptActionKind::Delete { grace: None }] {
            self.perform(&action).map_err(|error| ScenarioError::Refused { action: action.name(), error })?;
        }
        Ok(())
    }

    /// Resizes the Pod through the API server, whose refusal is no mistake of the script.
    fn resize(&mut self, resize: &PodResize, unseen: bool) -> Result<(), String> {
        let before = self.object.clone();
        let (generation, refusals) = match self.object.resize(resize, self.config.kubernetes) {
            Ok(has_changed) => (has_changed.then_some(self.object.manifest().metadata.generation), Vec::new()),
            Err(ObjectError::Refused(invalid)) => (None, invalid.errors().iter().map(ToString::to_string).collect()),
            Err(error) => return Err(error.to_string()),
        };
        self.recorder.occurrence(self.instant.at, Occurrence::ResizeAnswered { generation, refusals });
        self.recorder.object_may_have_changed = self.object != before;
        if unseen {
            self.has_unseen_object = true;
        } else if generation.is_some() {
            self.deliver();
        }
        Ok(())
    }

    fn bind(&mut self) -> Result<(), ObjectError> {
        let node_name = self.config.node_name.clone();
        self.object.bind(&node_name, self.instant.at, &mut self.recorder)?;
        self.start_pod();
        Ok(())
    }

    fn reject(&mut self, reason: &str, message: &str) -> Result<(), ObjectError> {
        // The scheduler does not even look at a gated Pod, so it reaches no node.
        if self.object.spec().is_scheduling_gated() {
            return Err(ObjectError::Gated);
        }
        if self.driver.pod.is_some() {
            return Err(ObjectError::AlreadyBound);
        }
        let (node_name, now) = (self.config.node_name.clone(), self.instant.at);
        self.object.take_to_node(&node_name, now);
        let (spec, config) = (self.object.spec().clone(), self.config.clone());
        let out = &mut self.api_side();
        // The scheduler has bound it; only the kubelet's admission fails it.
        let rejected = PodMachine::rejected(spec, config, reason, message, now, &mut out.sink());
        self.driver.pod = Some(rejected);
        Ok(())
    }

    /// Delivers to the kubelet what it has missed, and publishes its status.
    fn bring_node_back(&mut self) -> Result<(), ObjectError> {
        self.object.recover_node()?;
        // The kubelet emitted its transitions while the node was lost: what clients see is the difference.
        let before = self.object.status().clone();
        self.deliver();
        if let Some(pod) = self.driver.pod.as_ref().filter(|_| !self.object.is_gone()) {
            self.recorder.record_difference(self.instant.at, &before, self.object.status(), pod);
        }
        Ok(())
    }

    /// Has the control plane change the status, and records it.
    fn change_status(
        &mut self,
        change: impl FnOnce(&mut PodObject, &mut dyn Sink) -> Result<(), ObjectError>,
    ) -> Result<(), ObjectError> {
        change(&mut self.object, &mut self.recorder)?;
        self.recorder.status(self.instant.at, self.object.status());
        Ok(())
    }
}
