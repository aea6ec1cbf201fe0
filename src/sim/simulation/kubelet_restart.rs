//! Restarts of the kubelet: in place, or with the Pod resumed from its object and the runtime.

use alloc::{format, string::String};

use super::Simulation;
use crate::{
    api::{ContainerStatus, PodStatus},
    event::{Event, NodeEvent},
    kubelet::{PodMachine, WorkerState},
    sim::{error::ScenarioError, recorder::ApiSide, timeline::Occurrence},
    spec::PodSpec,
    state::{ContainerIds, InstanceId, RuntimeStatus},
};

impl Simulation {
    /// Restarts the embedder now, whatever it is doing: its memory is lost, and it resumes the Pod with
    /// [`PodMachine::resume`] from the object in the API and from the containers in the runtime. Pulls and stops under way
    /// continue in the runtime, but their results are ignored.
    ///
    /// Nothing happens before the Pod is bound, while its node is lost, once the object is removed, or once the kubelet is
    /// done with the Pod.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn restart_agent(&mut self) -> Result<(), ScenarioError> {
        #[cfg(feature = "snapshot")]
        self.note_intervention(super::snapshot::InterventionKind::AgentRestarted);
        // The simulation may have been advanced beyond its last event.
        self.instant.at = self.instant.at.max(self.now());
        let is_active = self.driver.pod.as_ref().is_some_and(|pod| pod.worker_state() != WorkerState::Finished);
        if is_active && !self.driver.is_kubelet_stopped && !self.object.is_gone() && !self.object.is_node_lost() {
            self.recorder.occurrence(self.instant.at, Occurrence::KubeletRestarted);
            self.resume();
        }
        self.carry_out()
    }

    /// Has every scripted restart of the kubelet resume the Pod with [`PodMachine::resume`] from now on, between two
    /// syncs. The Pod's future is the same.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Scenario, ScriptActionKind};
    ///
    /// let scenario = Scenario::example().at(30, ScriptActionKind::KubeletRestart).until(60);
    /// assert_eq!(scenario.simulate()?.with_resumed_restarts().play()?, scenario.play()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_resumed_restarts(mut self) -> Simulation {
        #[cfg(feature = "snapshot")]
        self.note_intervention(super::snapshot::InterventionKind::RestartsAreResumed);
        self.restarts_resume = true;
        self
    }

    /// Restarts the kubelet, once no sync is under way. Without an object it would make no difference.
    pub(super) fn restart_kubelet_when_idle(&mut self) {
        let now = self.instant.at;
        let mut api_side = ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        let Some(pod) = &mut self.driver.pod else { return };
        // A wait for mounts ends with the kubelet; `step_until` restarts it once any other sync has ended.
        pod.interrupt_wait(now, &mut api_side.sink());
        if !pod.is_idle() {
            self.restart_is_pending = true;
        } else if !self.object.is_gone() && pod.worker_state() != WorkerState::Finished {
            self.recorder.occurrence(self.instant.at, Occurrence::KubeletRestarted);
            if core::mem::take(&mut self.has_unseen_object) && !self.restarts_resume {
                self.show_to_restarting_kubelet();
            }
            if self.restarts_resume {
                self.resume();
            } else {
                let host = &mut ApiSide { recorder: &mut self.recorder, object: &mut self.object };
                // It is never refused.
                let _ = self.driver.handle(Event::Node(NodeEvent::KubeletRestarted), self.instant.at, host);
            }
        }
    }

    /// Stops the kubelet, whatever it is doing.
    pub(super) fn stop_kubelet(&mut self) -> Result<(), String> {
        if self.driver.is_kubelet_stopped {
            return Err("the kubelet is stopped already".into());
        }
        if self.driver.pod.is_none() {
            return Err("the Pod is on no node".into());
        }
        self.driver.is_kubelet_stopped = true;
        self.restart_is_pending = false;
        Ok(())
    }

    /// Starts the kubelet again: it resumes the Pod, unless it was finished before, or the object is gone.
    pub(super) fn start_kubelet(&mut self) -> Result<(), String> {
        if !core::mem::take(&mut self.driver.is_kubelet_stopped) {
            return Err("the kubelet is not stopped".into());
        }
        self.recorder.occurrence(self.instant.at, Occurrence::KubeletRestarted);
        if self.object.is_gone() {
            // A kubelet kills containers of a Pod that it does not know; nothing of that is seen in the API.
            self.driver.pod = None;
        } else if !self.was_finished {
            self.resume();
        } else {
            self.deliver();
        }
        Ok(())
    }

    /// Has the kubelet that restarts list the object, which has changed while it was away.
    fn show_to_restarting_kubelet(&mut self) {
        let manifest = self.object.manifest().clone();
        if let Some(pod) = &mut self.driver.pod {
            // The object was validated when it was changed.
            let _ = pod.replace_object(&manifest);
        }
    }

    /// Resumes the Pod from its object and the containers in the runtime.
    fn resume(&mut self) {
        let Some(pod) = &self.driver.pod else { return };
        let (object, config, now) = (self.object.manifest().clone(), self.config.clone(), self.instant.at);
        // Read from the old Pod, as the fake runtime keeps no instances beyond the newest; a real embedder lists the
        // runtime's.
        let runtime = relisted(pod, self.object.spec());
        let mut ids = published_ids(self.object.spec(), &object.status);
        let mut api_side = ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        let resumed = PodMachine::resume(&object, runtime, &mut ids, config, now, &mut api_side.sink());
        // In a release build a Pod that cannot be resumed goes on as if the kubelet had not restarted.
        debug_assert!(resumed.is_ok(), "the object and the runtime were a Pod's");
        self.driver.pod = resumed.ok().or(self.driver.pod.take());
    }
}

/// Returns what a relist of the runtime shows: an instance differs from the spec if it was created for another image.
fn relisted(pod: &PodMachine, spec: &PodSpec) -> RuntimeStatus {
    let mut runtime = pod.runtime().clone();
    for instance in &mut runtime.instances {
        // An instance of a container that the spec does not have is never compared with it.
        let Some(container) = instance.container else { continue };
        // Only instances of before a change of the image have a former one.
        let made_for = pod.published().former_image(container, instance.id);
        let made_for = made_for.or_else(|| pod.spec().container(container).map(|it| it.image()));
        instance.spec_changed = made_for != spec.container(container).map(|it| it.image());
    }
    runtime
}

/// Returns the instances in a status, by the ids of [`SimulatedInstances`](crate::sim::recorder::SimulatedInstances).
fn published_ids(spec: &PodSpec, status: &PodStatus) -> ContainerIds {
    let mut ids = ContainerIds::default();
    for status in status.every_container() {
        let Some(index) = spec.index_of(&status.name) else { continue };
        // The form of `SimulatedInstances::container_id`.
        let prefix = format!("c-{}-", status.name);
        for id in ids_in(status) {
            if let Some(number) = id.strip_prefix(&*prefix).and_then(|number| number.parse().ok()) {
                ids.record(index, InstanceId::nth(number), id);
            }
        }
    }
    ids
}

/// Returns every id in the status of a container.
fn ids_in(status: &ContainerStatus) -> impl Iterator<Item = &str> {
    let ends = [&status.state, &status.last_state].into_iter().filter_map(|state| state.terminated.as_ref());
    core::iter::once(&*status.container_id).chain(ends.map(|end| &*end.container_id))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::sim::{EntryKind, Scenario, ScriptActionKind};

    fn simulation() -> Simulation {
        let scenario = Scenario::example().container("app", |app| app.after_sigterm(5, 0));
        let mut simulation = scenario.simulate().unwrap();
        simulation.advance(Duration::from_secs(30)).unwrap();
        simulation
    }

    fn is_resumed_after_restart(mut simulation: Simulation) -> bool {
        simulation.restart_agent().unwrap();
        let restarted = EntryKind::Occurrence(Occurrence::KubeletRestarted);
        simulation.timeline().entries.iter().any(|entry| entry.kind == restarted)
    }

    #[test]
    fn a_restarted_agent_resumes_an_active_pod() {
        assert!(is_resumed_after_restart(simulation()));
    }

    #[test]
    fn a_restarted_agent_resumes_no_pod_that_is_removed_or_finished_or_on_a_lost_node() {
        let mut removed = simulation();
        removed.act(&ScriptActionKind::ForceDelete).unwrap();
        assert!(!is_resumed_after_restart(removed), "its object is removed, while its container still stops");
        let mut finished = simulation();
        finished.evict("The node was low on resource: memory. ").unwrap();
        finished.advance(Duration::from_secs(60)).unwrap();
        assert!(!is_resumed_after_restart(finished), "the kubelet is done with it");
        let mut lost = simulation();
        lost.lose_node().unwrap();
        assert!(!is_resumed_after_restart(lost), "its node is lost");
    }
}
