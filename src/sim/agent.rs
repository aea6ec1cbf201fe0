//! The node's agent restarts: what was in memory is lost, and the Pod is taken up from its object and the runtime.

use alloc::format;

use super::{error::ScenarioError, life::Simulation, timeline::Happened};
use crate::{
    api::{ContainerStatus, PodStatus},
    kubelet::{PodMachine, WorkerState},
    spec::PodSpec,
    state::{ContainerIds, InstanceId, RuntimeStatus},
};

/// How a scripted restart of the kubelet is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restarts {
    /// The Pod is told, and forgets.
    InPlace,
    /// The Pod is thrown away, and another is taken up.
    Resumed,
}

impl Simulation {
    /// Restarts the node's agent now, whatever it is doing: its memory is lost, and it takes the Pod up with
    /// [`PodMachine::resume`] from the object as the API has it and from what the runtime has. What was under way in the world,
    /// a pull or a stop, goes on, and nobody waits for it.
    ///
    /// Nothing happens before a node has the Pod, while the node is lost, once the object is gone, or once the kubelet is
    /// done with the Pod: there is nothing to take up.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if what comes of it cannot happen.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{api::PodPhase, sim::Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let mut life = Scenario::healthy(pod).life()?;
    /// life.advance_to(life.now() + Duration::from_secs(60))?;
    /// life.restart_agent()?;
    /// assert_eq!(life.object().phase(), PodPhase::Running);
    /// assert_eq!(life.object().status().container_statuses[0].restart_count, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart_agent(&mut self) -> Result<(), ScenarioError> {
        #[cfg(feature = "snapshot")]
        self.note_deed(super::snapshot::DeedKind::AgentRestarted);
        self.now = self.now.max(Simulation::now(self));
        if self.has_pod_to_take_up() {
            self.recorder.happened(self.now, Happened::KubeletRestarted);
            self.resume();
        }
        self.carry_out()
    }

    /// From now on a scripted restart of the kubelet is played with [`PodMachine::resume`], as an agent lives it: between two
    /// syncs, as in the script. The Pod's future is the same.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let scenario: Scenario = serde_json::from_str(r#"{
    ///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
    ///     "script": {"endSeconds": 60, "actions": [{"t": 30, "op": "kubeletRestart"}]}
    /// }"#)?;
    /// let resumed = scenario.life()?.with_resumed_restarts();
    /// assert_eq!(resumed.play()?, scenario.play()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_resumed_restarts(mut self) -> Simulation {
        #[cfg(feature = "snapshot")]
        self.note_deed(super::snapshot::DeedKind::RestartsAreResumed);
        self.restarts = Restarts::Resumed;
        self
    }

    fn has_pod_to_take_up(&self) -> bool {
        let is_finished = |pod: &PodMachine| pod.worker_state() == WorkerState::Finished;
        let pod = self.pod.as_ref().filter(|pod| !is_finished(pod));
        pod.is_some() && !self.object.is_gone() && !self.object.is_node_lost()
    }

    /// Takes the Pod up again from its object and from what the runtime has.
    pub(super) fn resume(&mut self) {
        let Some(pod) = &self.pod else { return };
        let (object, config) = (self.object.manifest().clone(), self.config.clone());
        let runtime = listed(pod, self.object.spec());
        let mut ids = published_ids(self.object.spec(), &object.status);
        let outlet = &mut self.recorder.outlet(&mut self.object);
        let resumed = PodMachine::resume(&object, runtime, &mut ids, config, self.now, outlet);
        debug_assert!(resumed.is_ok(), "the object and the runtime were a Pod's");
        self.pod = resumed.ok().or(self.pod.take());
    }
}

/// What the runtime lists: each instance differs from the spec if it was made for another image.
fn listed(pod: &PodMachine, spec: &PodSpec) -> RuntimeStatus {
    let mut runtime = pod.runtime().clone();
    for instance in &mut runtime.instances {
        let Some(container) = instance.container else { continue };
        let made_for = pod.published().former_image(container, instance.id);
        let made_for = made_for.or_else(|| pod.spec().container(container).map(|it| it.image()));
        instance.spec_changed = made_for != spec.container(container).map(|it| it.image());
    }
    runtime
}

/// The instances of which a status speaks, by the names that [`SimulatedInstances`](super::recorder::SimulatedInstances) gives.
fn published_ids(spec: &PodSpec, status: &PodStatus) -> ContainerIds {
    let mut ids = ContainerIds::default();
    for status in status.every_container() {
        let Some(index) = spec.index_of(&status.name) else { continue };
        let prefix = format!("c-{}-", status.name);
        for id in ids_in(status) {
            if let Some(number) = id.strip_prefix(&*prefix).and_then(|number| number.parse().ok()) {
                ids.record(index, InstanceId::nth(number), id);
            }
        }
    }
    ids
}

/// Every id in the status of a container.
fn ids_in(status: &ContainerStatus) -> impl Iterator<Item = &str> {
    let ends = [&status.state, &status.last_state].into_iter().filter_map(|state| state.terminated.as_ref());
    core::iter::once(&*status.container_id).chain(ends.map(|end| &*end.container_id))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::sim::{Scenario, ScriptActionKind, What};

    fn life() -> Simulation {
        let pod = serde_json::from_str(
            r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#,
        );
        let mut life = Scenario::of(pod.unwrap()).container("app", |app| app.after_sigterm(5.0, 0)).life().unwrap();
        life.advance(Duration::from_secs(30)).unwrap();
        life
    }

    /// Whether a restart of the agent takes up the Pod.
    fn takes_up(mut life: Simulation) -> bool {
        life.restart_agent().unwrap();
        life.timeline().entries.iter().any(|entry| matches!(entry.what, What::Happened(Happened::KubeletRestarted)))
    }

    #[test]
    fn a_restarted_agent_takes_up_a_pod_that_lives() {
        assert!(takes_up(life()));
    }

    #[test]
    fn a_restarted_agent_takes_up_nothing_of_a_pod_that_is_gone_or_done_with_or_whose_node_is_lost() {
        let mut gone = life();
        gone.act(&ScriptActionKind::ForceDelete).unwrap();
        assert!(!takes_up(gone), "its object is gone, while its container still stops");
        let mut done = life();
        done.evict("The node was low on resource: memory. ").unwrap();
        done.advance(Duration::from_secs(60)).unwrap();
        assert!(!takes_up(done), "the kubelet is done with it");
        let mut lost = life();
        lost.lose_node().unwrap();
        assert!(!takes_up(lost), "its node is lost");
    }
}
