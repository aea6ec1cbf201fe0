//! A life lived one moment at a time.

use alloc::{sync::Arc, vec::Vec};

use super::{
    action::ScriptAction,
    agent::Restarts,
    error::ScenarioError,
    happening::SimEvent,
    recorder::Recorder,
    scenario::Scenario,
    script::seconds,
    timeline::{End, Entry, Timeline},
    world::FakeRuntime,
};
use crate::{
    config::KubeletConfig,
    explain::Explanation,
    kubelet::{PodMachine, WorkerState},
    object::PodObject,
    time::Timestamp,
};

/// How long a story is if its script does not say.
pub(super) const DEFAULT_END: f64 = 600.0;

/// 2026-03-01T12:00:00Z, when a story begins if its scenario does not say.
pub(super) const FIRST_OF_MARCH: i64 = 1_772_366_400;

/// A life that is being lived: it goes on when it is told to, and the Pod can be looked at, and acted upon, in between.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"containers": {"app": {"image": {"present": false, "pullSeconds": 20}}}}
/// }"#)?;
/// let mut life = scenario.life()?;
/// let pulled = life.now() + Duration::from_secs(20);
/// assert_eq!((life.object().phase(), life.next()), (PodPhase::Pending, Some(pulled)));
/// life.advance_to(pulled)?;
/// assert_eq!(life.object().phase(), PodPhase::Running);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Step by step, to the end:
///
/// ```
///
/// use pod_lifecycle::sim::Scenario;
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let mut life = Scenario::of(pod).delete_at(10.0).life()?;
/// while let Some(at) = life.step()? {
///     println!("{at}: {}", life.explain(at));
/// }
/// assert!(life.is_finished() && !life.entries().is_empty());
/// assert_eq!(life.play()?.removed().map(|after| after.as_secs()), Some(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    pub(super) scenario: Arc<Scenario>,
    pub(super) config: Arc<KubeletConfig>,
    pub(super) object: PodObject,
    /// The Pod on its node; `None` before a node has it.
    pub(super) pod: Option<PodMachine>,
    pub(super) world: FakeRuntime,
    pub(super) recorder: Recorder,
    end: Timestamp,
    /// The moment up to which things have happened.
    pub(super) now: Timestamp,
    /// The moment up to which the life was lived.
    lived_to: Timestamp,
    pub(super) removed_at: Option<Timestamp>,
    /// How many things have happened at this instant, without anybody's doing.
    pub(super) count: u32,
    /// Whether the timeline's object is older than what was seen of it.
    is_pod_outdated: bool,
    /// A restart of the kubelet that waits for the end of the sync under way.
    pub(super) restart: LateRestart,
    pub(super) restarts: Restarts,
    /// How many things have happened.
    #[cfg(feature = "snapshot")]
    pub(super) steps: u64,
    /// What was done to the life that its script does not say.
    #[cfg(feature = "snapshot")]
    pub(super) deeds: alloc::vec::Vec<super::snapshot::Deed>,
}

/// Whether a restart of the kubelet waits for the end of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LateRestart {
    None,
    Waits,
}

impl Simulation {
    /// Begins the life of a scenario.
    pub(super) fn begin(scenario: Arc<Scenario>) -> Result<Simulation, ScenarioError> {
        let start = scenario.config.start.unwrap_or(Timestamp::from_unix_seconds(FIRST_OF_MARCH));
        let object = scenario.object(start)?;
        scenario.check(object.spec())?;
        let mut life = Simulation {
            config: Arc::new(scenario.kubelet_config()),
            world: FakeRuntime::new(&scenario, object.spec(), start),
            recorder: Recorder::of(&object, start),
            object,
            pod: None,
            end: start + seconds(scenario.script.end_seconds.unwrap_or(DEFAULT_END)),
            now: start,
            lived_to: start,
            removed_at: None,
            count: 0,
            is_pod_outdated: false,
            restart: LateRestart::None,
            restarts: Restarts::InPlace,
            #[cfg(feature = "snapshot")]
            steps: 0,
            #[cfg(feature = "snapshot")]
            deeds: alloc::vec::Vec::new(),
            scenario,
        };
        life.first_moment()?;
        life.refresh();
        Ok(life)
    }

    fn first_moment(&mut self) -> Result<(), ScenarioError> {
        let mut actions = self.scenario.script.actions.iter();
        if self.object.spec().is_scheduling_gated() || actions.any(|action| action.kind.comes_before_node()) {
            self.recorder.status(self.now, self.object.status());
        } else {
            let node_name = self.config.node_name.clone();
            self.object.take_to_node(&node_name, self.now);
            self.take_to_node();
        }
        self.carry_out()
    }

    /// The kubelet sees the Pod.
    pub(super) fn take_to_node(&mut self) {
        let (object, config) = (self.object.manifest().clone(), self.config.clone());
        let outlet = &mut self.recorder.outlet(&mut self.object);
        // The object has been lowered before.
        self.pod = PodMachine::from_object(&object, config, self.now, outlet).ok();
    }

    /// The kubelet refuses the Pod.
    pub(super) fn refuse(&mut self, reason: &str, message: &str) {
        let node_name = self.config.node_name.clone();
        self.object.take_to_node(&node_name, self.now);
        let (spec, config) = (self.object.spec().clone(), self.config.clone());
        let outlet = &mut self.recorder.outlet(&mut self.object);
        self.pod = Some(PodMachine::rejected(spec, config, reason, message, self.now, outlet));
    }

    pub(super) fn node_name(&self) -> &str {
        &self.config.node_name
    }

    /// Lives up to and including this moment, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    pub fn advance_to(&mut self, at: Timestamp) -> Result<(), ScenarioError> {
        let at = at.min(self.end);
        while self.step_until(at)? {}
        self.live_to(at);
        Ok(())
    }

    /// Nothing more happens up to this moment.
    pub(super) fn live_to(&mut self, at: Timestamp) {
        self.lived_to = self.lived_to.max(at);
        self.refresh();
    }

    /// Lives to the next thing that happens, and says when that was; `None` once the Pod is finished or the script has
    /// ended.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    pub fn step(&mut self) -> Result<Option<Timestamp>, ScenarioError> {
        let Some(at) = self.next() else { return Ok(None) };
        self.advance_to(at)?;
        Ok(Some(at))
    }

    /// Lives to the end of the script, or until the Pod is finished, and writes it all down.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    pub fn play(mut self) -> Result<Timeline, ScenarioError> {
        while self.step_until(self.end)? {}
        if !self.is_finished() {
            self.arrive_at(self.end);
        }
        Ok(self.into_timeline())
    }

    /// What has happened so far, as if the story ended now.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let life = Scenario::of(pod).life()?;
    /// let start = life.now();
    /// assert_eq!(life.into_timeline().end.at, start);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_timeline(mut self) -> Timeline {
        self.refresh();
        self.recorder.timeline
    }

    /// What has happened so far, and questions about it.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).life()?;
    /// life.advance(Duration::from_secs(60))?;
    /// assert_eq!(life.timeline().time_in_phase(PodPhase::Running), Duration::from_secs(40));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.recorder.timeline
    }

    /// The timeline shows how things stand.
    pub(super) fn refresh(&mut self) {
        let now = self.now.max(self.lived_to);
        let end = End { at: now, is_finished: self.is_finished(), removed_at: self.removed_at };
        if self.recorder.watch(self.now, &self.object) || self.is_pod_outdated {
            self.recorder.timeline.refresh_pod();
            self.is_pod_outdated = false;
        }
        self.recorder.timeline.end = end;
    }

    /// Time passes, and with it what nobody can see any more.
    pub(super) fn arrive_at(&mut self, at: Timestamp) {
        if at > self.now {
            self.is_pod_outdated |= self.recorder.watch(self.now, &self.object);
            self.now = at;
        }
        self.count = 0;
    }

    /// The present moment.
    #[must_use]
    #[expect(clippy::misnamed_getters, reason = "the field `now` is the instant of what happened last")]
    pub fn now(&self) -> Timestamp {
        self.lived_to
    }

    /// When something happens next; `None` once the Pod is finished or the script has ended.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.upcoming().map(|(at, _)| at).filter(|at| *at <= self.end)
    }

    /// The Pod's object as the API server has it now.
    #[must_use]
    pub fn object(&self) -> &PodObject {
        &self.object
    }

    /// The Pod as its kubelet has it now; `None` before a node has it.
    #[must_use]
    pub fn pod(&self) -> Option<&PodMachine> {
        self.pod.as_ref()
    }

    /// Why the Pod is in its state at this moment, what happens next and when, and what would change it.
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        self.object.explain(self.pod.as_ref(), now)
    }

    /// What has happened so far.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.recorder.timeline.entries
    }

    /// When the object went, if it has.
    pub(super) fn removed_at(&self) -> Option<Timestamp> {
        self.removed_at
    }

    /// Takes away what was written down so far.
    pub(super) fn forget(&mut self) -> Vec<Entry> {
        self.recorder.timeline.watched.clear();
        core::mem::take(&mut self.recorder.timeline.entries)
    }

    /// Whether the kubelet is done with the Pod, or the object was gone before any kubelet saw it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.pod {
            Some(pod) => pod.worker_state() == WorkerState::Finished,
            None => self.object.is_gone(),
        }
    }

    /// The next thing that happens, unless it comes after `end`; says whether there was one.
    pub(super) fn step_until(&mut self, end: Timestamp) -> Result<bool, ScenarioError> {
        let Some((at, happening)) = self.upcoming().filter(|(at, _)| *at <= end) else { return Ok(false) };
        if at > self.now {
            self.arrive_at(at);
        }
        #[cfg(feature = "snapshot")]
        {
            self.steps = self.steps.saturating_add(1);
        }
        self.happen(happening)?;
        self.carry_out()?;
        if self.restart == LateRestart::Waits && self.pod.as_ref().is_some_and(PodMachine::is_idle) {
            self.restart = LateRestart::None;
            self.world.agenda.plan(self.now, SimEvent::LateRestart);
        }
        Ok(true)
    }

    /// What comes next, of the world or of the Pod, unless the Pod is finished.
    fn upcoming(&self) -> Option<(Timestamp, SimEvent)> {
        let wake = self.pod.as_ref().and_then(PodMachine::next_wake);
        let of_pod = wake.map(|(at, wake)| (at.max(self.now), SimEvent::of_wake(wake)));
        let next = [of_pod, self.world.agenda.first()].into_iter().flatten().min();
        let is_over = self.is_finished() && !self.object.is_node_lost();
        next.filter(|(at, _)| *at <= self.now || !is_over)
    }

    fn happen(&mut self, happening: SimEvent) -> Result<(), ScenarioError> {
        let is_of_world = self.world.agenda.first() == Some((self.now, happening));
        if !is_of_world {
            if let Some(pod) = &mut self.pod {
                pod.handle_first_timeout(self.now, &mut self.recorder.outlet(&mut self.object));
            }
            return Ok(());
        }
        self.world.agenda.pop();
        match happening {
            SimEvent::Action(place) => self.act_by_script(place)?,
            SimEvent::LateRestart => self.do_restart_kubelet(),
            SimEvent::Relist
            | SimEvent::KillTimeout
            | SimEvent::Stop(_)
            | SimEvent::SandboxDeath
            | SimEvent::OwnExit(..)
            | SimEvent::SigtermExit(..)
            | SimEvent::Sigkill(..)
            | SimEvent::StopReturn(..)
            | SimEvent::PullEnd(_)
            | SimEvent::HookEnd(..)
            | SimEvent::Answer(..)
            | SimEvent::Probe(_)
            | SimEvent::Sync(_) => {
                let spec = self.world_spec();
                if let Some(outcomes) = self.world.happen(happening, &spec, self.now) {
                    self.report(outcomes);
                }
            }
        }
        Ok(())
    }

    pub(super) fn world_spec(&self) -> Arc<crate::spec::PodSpec> {
        self.pod.as_ref().map_or_else(|| self.object.spec().clone(), |pod| pod.spec().clone())
    }

    /// The n-th action of the script.
    fn act_by_script(&mut self, place: usize) -> Result<(), ScenarioError> {
        let scenario = self.scenario.clone();
        let Some(ScriptAction { t, kind }) = scenario.script.actions.get(place) else { return Ok(()) };
        self.do_action(kind).map_err(|error| ScenarioError::Impossible { place, t: *t, error })
    }
}
