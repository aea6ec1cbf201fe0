//! Fleet: many Pods in virtual time, each from its own seed, with nothing kept but what clients see.

mod group_template;
mod histogram;
mod member;
mod observers;
mod plan;
mod sample;
mod scenario;
mod schedule;

pub use histogram::Histogram;
pub use observers::{FleetDigest, InvalidFleetDigest};
pub use sample::{FleetSample, Histograms, PodCounts};
pub use scenario::{Choice, FleetAction, FleetError, FleetScenario, Group};

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use self::{
    group_template::GroupTemplate,
    member::{Advance, Context, Member, visible},
    observers::Observers,
    plan::{Plan, in_pod},
    sample::{Counters, VisiblePod},
    schedule::Schedule,
};
use super::{Scenario, ScenarioError, Timeline};
use crate::{action::Action, action::Transition, kubelet::Interner, time::Timestamp};

/// Memory that a Pod is estimated to need, in bytes: an upper estimate, with one container and two probes.
const BYTES_PER_POD: u64 = 1_024;

/// Any number of Pods in virtual time: each is simulated from its own seed, and only what clients see of it is kept.
///
/// A Pod's behaviour depends on the scenario, the fleet's seed and the Pod's number, and on nothing else. So a fleet
/// can be
/// cut into shards for threads, processes or machines, whose [`PodCounts`], [`Histograms`] and [`FleetDigest`]s are
/// merged. And any one Pod can be [simulated again](Fleet::timeline), with its whole timeline.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::{Fleet, FleetScenario, Scenario}};
///
/// let scenario = Scenario::example().container("app", |app| app.pulled_in(20));
/// let mut fleet = Fleet::new(&FleetScenario::of(scenario), 1_000)?;
/// fleet.advance(Duration::from_secs(10))?;
/// assert_eq!(fleet.counts().of_status("ContainerCreating"), 1_000);
/// fleet.advance(Duration::from_secs(10))?;
/// assert_eq!((fleet.counts().of_phase(PodPhase::Running), fleet.counts().ready), (1_000, 1_000));
/// assert_eq!(fleet.histograms().millis_to_ready.percentile(99.0), Some(20_223), "to within 1.6 %");
/// assert_eq!(fleet.timeline(7)?.first_ready(), Some(Duration::from_secs(20)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fleet {
    // --- Setup ---
    plan: Plan,
    templates: Vec<GroupTemplate>,
    shard: Shard,
    // --- Pods, by their index in the shard ---
    members: Vec<Member>,
    visible: Vec<Option<VisiblePod>>,
    schedule: Schedule,
    // --- State ---
    now: Timestamp,
    counters: Counters,
    observers: Observers,
    // --- Buffers and caches ---
    actions: VecDeque<Action>,
    interner: Interner,
}

/// One of several equal parts of a fleet: the Pods with `number % of == index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shard {
    /// Index of the shard, counted from 0.
    pub index: u64,
    /// Number of shards, at least 1.
    pub of: u64,
}

impl Shard {
    /// The whole fleet: the only shard of one.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };
}

impl Fleet {
    /// Creates a fleet to which nothing has happened yet; `pods` is the number of Pods without those of rollouts.
    ///
    /// # Errors
    ///
    /// [`FleetError`] names the wrong field of the scenario.
    pub fn new(scenario: &FleetScenario, pods: u64) -> Result<Fleet, FleetError> {
        Fleet::shard(scenario, pods, Shard::WHOLE)
    }

    /// Creates a part of a fleet; `pods` is the number of Pods of the whole.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Fleet, FleetDigest, FleetScenario, PodCounts, Scenario, Shard};
    ///
    /// let scenario = FleetScenario::of(Scenario::example());
    /// let mut whole = Fleet::new(&scenario, 100)?;
    /// whole.advance(Duration::from_secs(60))?;
    ///
    /// let (mut counts, mut digest) = (PodCounts::default(), FleetDigest::default());
    /// for index in 0..3 {
    ///     let mut part = Fleet::shard(&scenario, 100, Shard { index, of: 3 })?;
    ///     part.advance(Duration::from_secs(60))?;
    ///     counts.merge(&part.counts());
    ///     digest.merge(part.digest());
    /// }
    /// assert_eq!((counts, digest), (whole.counts(), whole.digest()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError`] names the wrong field of the scenario.
    pub fn shard(scenario: &FleetScenario, pods: u64, shard: Shard) -> Result<Fleet, FleetError> {
        if shard.index >= shard.of {
            return Err(FleetError::NoSuchShard { index: shard.index, of: shard.of });
        }
        let plan = Plan::new(scenario, pods)?;
        let templates = plan.groups().iter().map(|group| GroupTemplate::new(&plan, group)).collect::<Result<_, _>>()?;
        // Numbers `index`, `index + of`, `index + 2 * of` and so on: neighbours are spread, so shards are equally busy.
        let of_shard = plan.pods().saturating_sub(shard.index).div_ceil(shard.of);
        let mut fleet = Fleet {
            members: reserved(of_shard)?,
            visible: reserved(of_shard)?,
            schedule: Schedule::new(reserved(of_shard)?),
            now: plan.start,
            templates,
            shard,
            counters: Counters::default(),
            observers: Observers::default(),
            actions: VecDeque::new(),
            interner: Interner::default(),
            plan,
        };
        for index in 0..of_shard {
            let begins_at = fleet.plan.pod(fleet.number(index)).begins_at;
            fleet.members.push(Member::Waiting);
            fleet.visible.push(None);
            fleet.schedule.push(begins_at);
        }
        Ok(fleet)
    }

    /// Returns about how many bytes so many Pods need, with one container and two probes each.
    #[must_use]
    pub fn bytes_of(pods: u64) -> u64 {
        pods.saturating_mul(BYTES_PER_POD)
    }

    /// Calls a listener with every transition from now on, and with the number of its Pod.
    pub fn listen(&mut self, listener: impl FnMut(u64, &Transition) + Send + 'static) {
        self.observers.listeners.push(Box::new(listener));
    }

    /// Returns the number of a Pod.
    fn number(&self, index: u64) -> u64 {
        index.saturating_mul(self.shard.of).saturating_add(self.shard.index)
    }

    // --- Advancing ---

    /// Advances every Pod up to and including a time.
    ///
    /// Pods are advanced one after another, each up to that time: a listener gets the transitions of one Pod in the order
    /// of time, but those of two Pods in any order.
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if an action of a Pod's script is not possible.
    pub fn advance_to(&mut self, until: Timestamp) -> Result<(), FleetError> {
        let advanced = self.advance_through_ordered(&[until]);
        // Settled also after an error, as the Pods before it have advanced.
        self.counters.settle(|_| ());
        advanced
    }

    /// Advances every Pod by a duration.
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if an action of a Pod's script is not possible.
    pub fn advance(&mut self, by: Duration) -> Result<(), FleetError> {
        self.advance_to(self.now + by)
    }

    /// Advances every Pod up to the last of several times, and returns a sample at each.
    ///
    /// The samples are the same as after advancing to one time after the other. But each Pod is visited once for all of
    /// them, which is faster if the Pods do not fit into the processor's cache. A time before the one before it, or in the
    /// past, counts as that one, or as the present.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let scenario = Scenario::example().container("app", |app| app.pulled_in(20));
    /// let mut fleet = Fleet::new(&FleetScenario::of(scenario), 1_000)?;
    /// let times = [10, 20, 30].map(|seconds| fleet.start() + Duration::from_secs(seconds));
    /// let samples = fleet.advance_through(&times)?;
    /// assert_eq!(samples.iter().map(|sample| sample.counts.ready).collect::<Vec<_>>(), [0, 1_000, 1_000]);
    /// assert_eq!(samples[2], fleet.sample());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if an action of a Pod's script is not possible.
    pub fn advance_through(&mut self, times: &[Timestamp]) -> Result<Vec<FleetSample>, FleetError> {
        let mut latest = self.now;
        let in_order = times.iter().map(|at| {
            latest = latest.max(*at);
            latest
        });
        let (times, mut sample): (Vec<Timestamp>, FleetSample) = (in_order.collect(), self.sample());
        let advanced = self.advance_through_ordered(&times);
        let (mut times, mut samples) = (times.iter(), Vec::with_capacity(times.len()));
        self.counters.settle(|counters| {
            let (events, digest) = counters.events();
            sample.events = sample.events.wrapping_add(events);
            sample.digest.merge(digest);
            sample.at = times.next().copied().unwrap_or(sample.at);
            samples.push(FleetSample { counts: counters.counts(), ..sample.clone() });
        });
        advanced.map(|()| samples)
    }

    /// Advances every Pod up to the last of several times in ascending order.
    fn advance_through_ordered(&mut self, times: &[Timestamp]) -> Result<(), FleetError> {
        self.counters.begin(times.len());
        let Some(last) = times.last().copied() else { return Ok(()) };
        let mut from = 0;
        while let Some((index, due)) = self.schedule.next_due(from, last) {
            let next = self.advance_pod_through(index, due, times)?;
            self.schedule.set(index, next);
            // Each Pod is advanced up to `last` at once, so one pass over the schedule is enough.
            from = index.saturating_add(1);
        }
        self.now = self.now.max(last);
        Ok(())
    }

    /// Advances a Pod up to the last of several times, and returns when its next event is due.
    fn advance_pod_through(
        &mut self,
        index: usize,
        mut due: Timestamp,
        times: &[Timestamp],
    ) -> Result<Option<Timestamp>, FleetError> {
        for (sample, until) in times.iter().enumerate() {
            if due > *until {
                continue;
            }
            // The observers count over all samples, a sample only its own: hence the differences.
            let (events, digest) = (self.observers.events, self.observers.digest);
            self.counters.select(sample);
            let next = self.advance_pod(index, due, *until)?;
            self.counters.add_events(self.observers.events.wrapping_sub(events), self.observers.digest.since(digest));
            match next {
                Some(next) => due = next,
                None => return Ok(None),
            }
        }
        Ok(Some(due))
    }

    /// Advances a Pod up to a time, and returns when its next event is due.
    fn advance_pod(&mut self, index: usize, due: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, FleetError> {
        let number = self.number(u64::try_from(index).unwrap_or(u64::MAX));
        let (Some(member), Some(visible)) = (self.members.get_mut(index), self.visible.get_mut(index)) else {
            return Ok(None);
        };
        let (plan, templates) = (&self.plan, &mut self.templates);
        let script_actions = || plan.actions(number, &plan.pod(number));
        let context = &mut Context {
            number,
            observers: &mut self.observers,
            actions: &mut self.actions,
            end: plan.end(number),
            script_actions: &script_actions,
        };
        let advance = advance_member(member, plan, templates, (due, until), context).map_err(in_pod(number))?;
        if advance.is_visible() {
            let was_ready = visible.is_some_and(|before| before.was_ready);
            advance.add_to_histograms(plan, number, was_ready, &mut self.counters);
            let mut after = visible_member(member, &mut self.counters);
            if let Some(after) = &mut after {
                after.was_ready = was_ready || advance.ready.is_some();
            }
            self.counters.change(*visible, after);
            *visible = after;
            if let Member::Fast(fast) = member
                && let Some(pod) = fast.pod()
            {
                // Only after a change: a Pod that did nothing shares its records already.
                pod.share_with(&mut self.interner);
            }
        }
        // No event to come and no object: the memory is given back. A removed Pod whose containers still stop has
        // events.
        if advance.next.is_none() && visible.is_none() {
            *member = Member::Removed;
        }
        Ok(advance.next)
    }

    // --- Inspecting ---

    /// Returns the present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns when the next event is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.schedule.first()
    }

    /// Returns the start of the simulation.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.plan.start
    }

    /// Returns the number of Pods of the whole fleet, including those of rollouts.
    #[must_use]
    pub fn pods(&self) -> u64 {
        self.plan.pods()
    }

    /// Returns the counts of this shard's Pods.
    #[must_use]
    pub fn counts(&self) -> PodCounts {
        self.counters.counts()
    }

    /// Returns the histograms of this shard so far.
    #[must_use]
    pub fn histograms(&self) -> &Histograms {
        &self.counters.histograms
    }

    /// Returns the digest of all transitions of this shard so far.
    #[must_use]
    pub fn digest(&self) -> FleetDigest {
        self.observers.digest
    }

    /// Returns the number of events of this shard so far: wake-ups of Pods, their actions, and events of the runtime.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.observers.events
    }

    /// Returns a sample of this shard.
    #[must_use]
    pub fn sample(&self) -> FleetSample {
        FleetSample { at: self.now(), counts: self.counts(), events: self.events(), digest: self.digest() }
    }

    /// Returns the scenario of one Pod, of any shard, up to now.
    ///
    /// # Errors
    ///
    /// [`FleetError::NoSuchPod`].
    pub fn scenario(&self, number: u64) -> Result<Scenario, FleetError> {
        if number >= self.plan.pods() {
            return Err(FleetError::NoSuchPod { number, pods: self.plan.pods() });
        }
        Ok(self.plan.scenario(number, self.now.since(self.plan.pod(number).begins_at)))
    }

    /// Simulates one Pod, of any shard, again up to now, and returns its timeline.
    ///
    /// # Errors
    ///
    /// [`FleetError`] if there is no such Pod, or an action of its script is not possible.
    pub fn timeline(&self, number: u64) -> Result<Timeline, FleetError> {
        self.scenario(number)?.play().map_err(in_pod(number))
    }
}

/// Advances a Pod, or starts it.
fn advance_member(
    member: &mut Member,
    plan: &Plan,
    templates: &mut [GroupTemplate],
    (due, until): (Timestamp, Timestamp),
    context: &mut Context<'_>,
) -> Result<Advance, ScenarioError> {
    match member {
        Member::Removed => Ok(Advance::default()),
        Member::Fast(fast) => fast.advance(due, until, Advance::default(), context),
        Member::Full(simulation) => Advance::full(simulation, until, context),
        Member::Waiting => {
            let pod = plan.pod(context.number);
            let Some(template) = templates.get_mut(pod.group) else { return Ok(Advance::default()) };
            let (started, advance) = template.start(plan, &pod, until, context)?;
            *member = started;
            Ok(advance)
        }
    }
}

/// Returns what clients see of a Pod.
fn visible_member(member: &Member, counters: &mut Counters) -> Option<VisiblePod> {
    match member {
        Member::Waiting | Member::Removed => None,
        Member::Full(simulation) => visible(simulation, counters),
        Member::Fast(fast) => fast.visible(counters),
    }
}

/// Reserves memory for so many Pods; an error if there is not enough.
fn reserved<T>(count: u64) -> Result<Vec<T>, FleetError> {
    let too_many = || FleetError::TooMany { pods: count, bytes: Fleet::bytes_of(count) };
    let mut reserved = Vec::new();
    reserved.try_reserve_exact(usize::try_from(count).map_err(|_| too_many())?).map_err(|_| too_many())?;
    Ok(reserved)
}
