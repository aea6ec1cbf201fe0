//! What passes between a life's kubelet, its world and its object.

use super::{
    agent::Restarts,
    error::ScenarioError,
    life::{LateRestart, Simulation},
    timeline::Happened,
    watch::Touched,
    world::Outcomes,
};
use crate::{
    event::{ApiEvent, Event, EventError, NodeEvent, RuntimeEvent},
    kubelet::WorkerState,
};

/// More things than this, for each container, do not happen at one instant, unless they never end.
pub(super) const MOST_AT_ONE_INSTANT: u32 = 1_000;

impl Simulation {
    /// Has the world carry out what the Pod asks for, until it asks for nothing more.
    pub(super) fn carry_out(&mut self) -> Result<(), ScenarioError> {
        self.count_one()?;
        while let Some(action) = self.recorder.actions.pop_front() {
            self.count_one()?;
            let spec = self.world_spec();
            let outcomes = self.world.carry_out(action, &spec, self.now);
            self.report(outcomes);
        }
        if core::mem::take(&mut self.recorder.may_go) {
            self.object.delete_for_good(self.now);
            self.recorder.touched = Touched::Object;
            self.deliver();
        }
        if self.object.is_gone() {
            self.removed_at.get_or_insert(self.now);
        }
        Ok(())
    }

    /// One thing more has happened at this instant.
    fn count_one(&mut self) -> Result<(), ScenarioError> {
        self.count = self.count.saturating_add(1);
        let containers = u32::try_from(self.object.spec().container_count()).unwrap_or(u32::MAX);
        // Equivalent with `>=`: what goes on for ever reaches either limit, and nothing else comes near.
        if self.count > MOST_AT_ONE_INSTANT.saturating_mul(containers.saturating_add(10)) {
            return Err(ScenarioError::Endless { t: self.now.since(self.recorder.timeline.start).as_secs_f64() });
        }
        Ok(())
    }

    pub(super) fn report(&mut self, (happened, news): Outcomes) {
        if let Some(happened) = happened {
            self.recorder.happened(self.now, happened);
        }
        let Some(news) = news else { return };
        if let RuntimeEvent::SandboxDied { .. } = news {
            for exit in self.world.kill_all(self.now) {
                self.recorder.happened(self.now, exit);
            }
        }
        // A Pod that has ended a worker meanwhile refuses its late answer: that is how it ought to be.
        let _ = self.hand_on(Event::Runtime(news));
    }

    /// Hands an event on to the kubelet, if one has the Pod.
    pub(super) fn hand_on(&mut self, event: Event) -> Result<(), EventError> {
        let Some(pod) = &mut self.pod else { return Ok(()) };
        Ok(pod.handle_event(self.now, event, &mut self.recorder.outlet(&mut self.object))?)
    }

    /// A watch delivers the object to the kubelet, unless its node is lost.
    pub(super) fn deliver(&mut self) {
        if self.object.is_node_lost() {
            return;
        }
        let Some(pod) = &mut self.pod else { return };
        if self.object.is_gone() {
            // A kubelet that knows it already does not mind.
            let removed = Event::Api(ApiEvent::Removed);
            let _ = pod.handle_event(self.now, removed, &mut self.recorder.outlet(&mut self.object));
            return;
        }
        let manifest = self.object.manifest().clone();
        // The object has been checked when it was changed.
        let _ = pod.observe(self.now, &manifest, &mut self.recorder.outlet(&mut self.object));
        self.world.fit(&self.scenario, self.object.spec(), self.recorder.timeline.start);
    }

    /// The kubelet restarts between two syncs; once the object is gone, nobody would notice.
    pub(super) fn do_restart_kubelet(&mut self) {
        let Some(pod) = &self.pod else { return };
        if !pod.is_idle() {
            self.restart = LateRestart::Waits;
        } else if !self.object.is_gone() && pod.worker_state() != WorkerState::Finished {
            self.recorder.happened(self.now, Happened::KubeletRestarted);
            match self.restarts {
                // A Pod on a node can always have its kubelet restarted.
                Restarts::InPlace => drop(self.hand_on(Event::Node(NodeEvent::KubeletRestarted))),
                Restarts::Resumed => self.resume(),
            }
        }
    }
}
