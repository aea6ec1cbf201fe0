//! Simulation: one Pod in virtual time, advanced step by step.

mod actions;
mod kubelet_restart;
mod node;
#[cfg(feature = "snapshot")]
mod snapshot;

#[cfg(feature = "snapshot")]
pub use snapshot::{SimulationSnapshot, SimulationSnapshotError};

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    driver::{Driver, Host as _, Instant, Livelock, Turn},
    error::ScenarioError,
    fake_runtime::{FakeRuntime, LoweredScript, SimEvent},
    recorder::{ApiSide, Recorder},
    scenario::Scenario,
    status_matcher::StatusMatcher,
    timeline::{Timeline, TimelineEnd, TimelineEntry, restarts_of},
};
use crate::{
    api::PodPhase,
    config::KubeletConfig,
    event::{ApiEvent, Event},
    explain::Explanation,
    kubectl::{self, Row},
    kubelet::{PodMachine, WorkerState},
    object::PodObject,
    time::Timestamp,
};

/// End of a simulation whose script has none.
pub(super) const DEFAULT_END: Duration = Duration::from_secs(600);

/// 2026-03-01T12:00:00Z, the start of a simulation whose scenario has none.
pub(super) const DEFAULT_START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// A running simulation of one Pod, advanced step by step: in between, the Pod can be inspected and acted upon.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::Scenario};
///
/// let mut simulation = Scenario::example().container("app", |app| app.pulled_in(20)).simulate()?;
/// let pulled = simulation.now() + Duration::from_secs(20);
/// assert_eq!((simulation.phase(), simulation.next()), (PodPhase::Pending, Some(pulled)));
/// simulation.advance_to(pulled)?;
/// assert_eq!(simulation.phase(), PodPhase::Running);
///
/// simulation.delete(None)?;
/// while let Some(at) = simulation.step()? {
///     println!("{at}: {}", simulation.explain(at));
/// }
/// assert!(simulation.is_finished());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    // --- Setup ---
    scenario: Arc<Scenario>,
    config: Arc<KubeletConfig>,
    end: Timestamp,
    // --- State ---
    object: PodObject,
    driver: Driver,
    recorder: Recorder,
    /// The instant of the last event.
    instant: Instant,
    /// The time up to which the simulation was advanced.
    advanced_to: Timestamp,
    removed_at: Option<Timestamp>,
    /// True if the timeline's object is older than the last observed one.
    is_pod_outdated: bool,
    // --- Restarts of the kubelet ---
    /// True if a restart of the kubelet waits for the end of the sync under way.
    restart_is_pending: bool,
    /// True if the kubelet was done with the Pod when it was last looked at running.
    was_finished: bool,
    /// True if the object has changed while the kubelet was away: it sees that after its restart.
    has_unseen_object: bool,
    /// True if a scripted restart resumes the Pod from its object instead of telling it to forget.
    restarts_resume: bool,
    // --- Snapshot ---
    /// Number of events so far.
    #[cfg(feature = "snapshot")]
    steps: u64,
    /// Actions beyond the script.
    #[cfg(feature = "snapshot")]
    interventions: Vec<snapshot::Intervention>,
}

impl Simulation {
    /// Starts the simulation of a scenario.
    pub(super) fn start(scenario: Arc<Scenario>) -> Result<Simulation, ScenarioError> {
        let start = scenario.config.start.unwrap_or(DEFAULT_START);
        let object = scenario.object(start)?;
        scenario.check(object.spec())?;
        let config = Arc::new(scenario.kubelet_config()?);
        let mut simulation = Simulation {
            driver: Driver::new(scripted_runtime(&scenario, &object, start)),
            recorder: Recorder::new(&object, start, config.volume_manager),
            config,
            object,
            end: start + scenario.script.end.unwrap_or(DEFAULT_END),
            instant: Instant::new(start),
            advanced_to: start,
            removed_at: None,
            is_pod_outdated: false,
            restart_is_pending: false,
            was_finished: false,
            has_unseen_object: false,
            restarts_resume: false,
            #[cfg(feature = "snapshot")]
            steps: 0,
            #[cfg(feature = "snapshot")]
            interventions: Vec::new(),
            scenario,
        };
        simulation.first_instant()?;
        simulation.refresh();
        Ok(simulation)
    }

    /// Binds the Pod and starts its first sync, unless the script has something to happen before.
    fn first_instant(&mut self) -> Result<(), ScenarioError> {
        let mut actions = self.scenario.script.actions.iter();
        if self.object.spec().is_scheduling_gated() || actions.any(|action| action.kind.comes_before_node()) {
            // A Pod that waits for its node is visible as Pending; its first status is the API server's.
            self.recorder.status(self.instant.at, self.object.status());
        } else {
            // A Pod that is created with a node has no `PodScheduled` before its kubelet writes one.
            if !self.object.is_bound() {
                let node_name = self.config.node_name.clone();
                self.object.take_to_node(&node_name, self.instant.at);
            }
            self.start_pod();
        }
        self.carry_out()
    }

    /// Has the kubelet start the Pod.
    fn start_pod(&mut self) {
        let (object, config, now) = (self.object.manifest().clone(), self.config.clone(), self.instant.at);
        // The object has been lowered before, so it is valid.
        let started = PodMachine::from_object(&object, config, now, &mut self.api_side().sink());
        self.driver.pod = started.ok();
    }

    fn api_side(&mut self) -> ApiSide<'_> {
        ApiSide { recorder: &mut self.recorder, object: &mut self.object }
    }

    // --- Advancing ---

    /// Advances up to and including a time, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn advance_to(&mut self, at: Timestamp) -> Result<(), ScenarioError> {
        // The script says nothing about later times.
        let at = at.min(self.end);
        while self.step_until(at)? {}
        self.reach(at);
        Ok(())
    }

    /// Advances by a duration, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn advance(&mut self, by: Duration) -> Result<(), ScenarioError> {
        self.advance_to(self.now() + by)
    }

    /// Advances until a condition holds at the end of an instant, and returns that instant; `None` if the simulation ended
    /// before.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Simulation, Scenario};
    /// let mut simulation = Scenario::example().container("app", |app| app.pulled_in(20)).simulate()?;
    /// let start = simulation.now();
    /// let ready = simulation.advance_until(Simulation::is_ready)?;
    /// assert_eq!(ready, Some(start + Duration::from_secs(20)));
    /// assert_eq!(simulation.advance_until(|simulation| simulation.restarts("app") > Some(0))?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance_until(&mut self, holds: impl Fn(&Simulation) -> bool) -> Result<Option<Timestamp>, ScenarioError> {
        // Looked at between instants only: a condition that holds for part of an instant is seen by no client either.
        while !holds(self) {
            if self.step()?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(self.now()))
    }

    /// Advances to the next event, and returns its time; `None` once the Pod is finished or the script has ended.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn step(&mut self) -> Result<Option<Timestamp>, ScenarioError> {
        let Some(at) = self.next() else { return Ok(None) };
        self.advance_to(at)?;
        Ok(Some(at))
    }

    /// Advances to the end of the script, or until the Pod is finished, and returns the timeline.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if an action of the script is not possible.
    pub fn play(mut self) -> Result<Timeline, ScenarioError> {
        while self.step_until(self.end)? {}
        // A finished Pod's timeline ends with its last event, any other with the script.
        if !self.is_finished() {
            self.arrive_at(self.end);
        }
        Ok(self.into_timeline())
    }

    /// Returns the timeline so far.
    #[must_use]
    pub fn into_timeline(mut self) -> Timeline {
        self.refresh();
        self.recorder.timeline
    }

    // --- Inspecting ---

    /// Returns the timeline so far.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.recorder.timeline
    }

    /// Returns what happened so far.
    #[must_use]
    pub fn entries(&self) -> &[TimelineEntry] {
        &self.recorder.timeline.entries
    }

    /// Returns the present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.advanced_to
    }

    /// Returns the time of the next event; `None` once the Pod is finished or the script has ended.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.upcoming().map(|(at, _)| at).filter(|at| *at <= self.end)
    }

    /// Returns the Pod's object as the API server has it.
    #[must_use]
    pub fn object(&self) -> &PodObject {
        &self.object
    }

    /// Returns the Pod as its kubelet has it; `None` before it is bound.
    #[must_use]
    pub fn pod(&self) -> Option<&PodMachine> {
        self.driver.pod.as_ref()
    }

    /// Explains the Pod's state: why it is in it, what happens next, and what would change it.
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        self.object.explain(self.driver.pod.as_ref(), now)
    }

    /// True if the kubelet is done with the Pod, or the object was removed before any kubelet saw it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.driver.pod {
            Some(_) if self.driver.is_kubelet_stopped => self.was_finished,
            Some(pod) => pod.worker_state() == WorkerState::Finished,
            None => self.object.is_gone(),
        }
    }

    /// Returns the phase; `Pending` before there is one.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.object().phase()
    }

    /// True if the status matches.
    #[must_use]
    pub fn matches<'a>(&self, matcher: impl Into<StatusMatcher<'a>>) -> bool {
        !self.object().is_gone() && matcher.into().matches(self.object().status())
    }

    /// True if the Pod is `Ready`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.matches(StatusMatcher::ready())
    }

    /// Returns the restart count of a container; `None` if the Pod has no container of this name.
    #[must_use]
    pub fn restarts(&self, container: &str) -> Option<i32> {
        restarts_of(&self.timeline().pod, container)
    }

    /// Returns the row that `kubectl get pods` prints; `None` once the object is removed.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        (!self.object().is_gone()).then(|| kubectl::row(&self.timeline().pod, self.now()))
    }

    /// Returns when the object was removed, if it was.
    pub(super) fn removed_at(&self) -> Option<Timestamp> {
        self.removed_at
    }

    /// Takes the entries of the timeline so far, and forgets the objects that were seen: a long simulation that is drained
    /// so needs no more memory than a short one.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let mut simulation = Scenario::example().container("app", |app| app.exits_after(5)).simulate()?;
    /// let mut entries = simulation.take_entries().len();
    /// while simulation.step()?.is_some() {
    ///     entries += simulation.take_entries().len();
    /// }
    /// assert!(entries > 100 && simulation.entries().is_empty());
    /// # Ok::<(), pod_lifecycle::sim::ScenarioError>(())
    /// ```
    pub fn take_entries(&mut self) -> Vec<TimelineEntry> {
        self.recorder.timeline.observed.clear();
        core::mem::take(&mut self.recorder.timeline.entries)
    }

    // --- The loop ---

    /// Handles the next event, unless it comes after `end`; returns true if there was one.
    fn step_until(&mut self, end: Timestamp) -> Result<bool, ScenarioError> {
        let Some((at, turn)) = self.upcoming().filter(|(at, _)| *at <= end) else { return Ok(false) };
        // Several events at one instant share the livelock guard's count.
        if at > self.instant.at {
            self.arrive_at(at);
        }
        #[cfg(feature = "snapshot")]
        {
            self.steps = self.steps.saturating_add(1);
        }
        let host = &mut ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        match self.driver.take_turn(turn, self.instant.at, host) {
            Some(SimEvent::ScriptAction(index)) => self.act_by_script(index)?,
            Some(SimEvent::TaintEviction) => self.evict_by_taint()?,
            // The driver returns no other event than a restart.
            Some(_) => self.restart_kubelet_when_idle(),
            None => {}
        }
        self.carry_out()?;
        // Queued, not performed: what else is due at this instant, the next sync apart, comes first.
        if self.restart_is_pending && self.driver.pod.as_ref().is_some_and(PodMachine::is_idle) {
            self.restart_is_pending = false;
            self.driver.runtime.queue.schedule(self.instant.at, SimEvent::KubeletRestart);
        }
        Ok(true)
    }

    /// Returns the next event, unless the Pod is finished and nothing more is to happen to its object. A lost node may still
    /// come back, and a stopped kubelet.
    fn upcoming(&self) -> Option<(Timestamp, Turn)> {
        let now = self.instant.at;
        let next = self.driver.next(now)?;
        // A finished Pod still handles the events of the present instant, and what others do to it later.
        let is_over = self.is_finished()
            && !self.object.is_node_lost()
            // The recordings end with their kubelet's work; their scripts may go on.
            && (self.object.is_gone()
                || self.scenario.config.admitted
                || !self.driver.runtime.queue.has_script_actions());
        Some(next).filter(|(at, _)| *at <= now || !is_over)
    }

    /// Carries out the actions of the Pod, and removes the object if the kubelet asks for it.
    fn carry_out(&mut self) -> Result<(), ScenarioError> {
        self.drain()?;
        self.was_finished = self.is_finished();
        if self.api_side().take_deletion() {
            // Grace 0 with the uid as a precondition; finalizers may keep the object.
            self.object.delete_for_good(self.instant.at);
            self.recorder.object_may_have_changed = true;
            self.deliver();
            self.drain()?;
        }
        if self.object.is_gone() {
            // Only the first time counts: each later event of a Pod that still stops gets here, too.
            self.removed_at.get_or_insert(self.instant.at);
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), ScenarioError> {
        let host = &mut ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        let drained = self.driver.carry_out(&mut self.instant, host);
        drained.map_err(|Livelock| ScenarioError::Endless { at: self.instant.at.since(self.recorder.timeline.start) })
    }

    /// Delivers the object to the kubelet as a watch does, unless the node is lost.
    fn deliver(&mut self) {
        if self.object.is_node_lost() || self.driver.is_kubelet_stopped {
            return;
        }
        let (now, is_gone) = (self.instant.at, self.object.is_gone());
        let Some(pod) = &mut self.driver.pod else { return };
        let manifest = self.object.manifest().clone();
        let mut api_side = ApiSide { recorder: &mut self.recorder, object: &mut self.object };
        if is_gone {
            // A kubelet that knows it already refuses the event, and nothing changes.
            let _ = pod.handle_event(now, Event::Api(ApiEvent::Removed), &mut api_side.sink());
            return;
        }
        // The object was validated when it was changed.
        let _ = pod.observe(now, &manifest, &mut api_side.sink());
        let (scenario, spec) = (&self.scenario, self.object.spec());
        if self.driver.runtime.container_count() < spec.container_count() {
            // An ephemeral container was added, for which the script may have a run.
            self.driver.runtime.set_script(Arc::new(LoweredScript::of(&scenario.script, self.object.manifest(), spec)));
        }
    }

    /// Moves the clock. Before it moves, the object is noted as clients saw it at the end of the instant.
    fn arrive_at(&mut self, at: Timestamp) {
        if at > self.instant.at {
            self.is_pod_outdated |= self.recorder.observe(self.instant.at, &self.object);
        }
        self.instant = Instant::new(at.max(self.instant.at));
    }

    /// Advances to a time up to which no more events are due.
    fn reach(&mut self, at: Timestamp) {
        self.advanced_to = self.advanced_to.max(at);
        self.refresh();
    }

    /// Updates the timeline's object and end.
    fn refresh(&mut self) {
        let at = self.instant.at.max(self.advanced_to);
        let end = TimelineEnd { at, is_finished: self.is_finished(), removed_at: self.removed_at };
        // The timeline's whole copy of the object is made once an advance, not at each instant.
        if self.recorder.observe(self.instant.at, &self.object) || self.is_pod_outdated {
            self.recorder.timeline.refresh_pod();
            self.is_pod_outdated = false;
        }
        self.recorder.timeline.end = end;
    }
}

/// Creates the runtime of a scenario, with its sandbox deaths and script actions queued.
fn scripted_runtime(scenario: &Scenario, object: &PodObject, start: Timestamp) -> FakeRuntime {
    let script = Arc::new(LoweredScript::of(&scenario.script, object.manifest(), object.spec()));
    let mut runtime = FakeRuntime::new(script, start).with_seed(scenario.script.seed);
    let (sandbox, start_time) = (scenario.config.sandbox_time, scenario.config.start_time);
    let update = scenario.config.update_time.unwrap_or_default();
    runtime = runtime.with_latencies(sandbox.unwrap_or_default(), start_time.unwrap_or_default(), update);
    for &death in &scenario.script.sandbox_deaths {
        runtime.kill_sandbox_at(start + death);
    }
    for (index, action) in scenario.script.every_action().enumerate() {
        runtime.queue.schedule(start + action.at, SimEvent::ScriptAction(index));
    }
    runtime
}
