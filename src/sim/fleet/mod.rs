//! Many Pods in virtual time.

mod advance;
mod census;
mod check;
mod counts;
mod error;
mod look;
mod member;
mod plan;
mod scenario;
mod schedule;
mod sketch;
mod telling;
mod times;
mod troupe;

pub use census::FleetSample;
pub use counts::{Counts, Histograms};
pub use error::FleetError;
pub use scenario::{Choice, FleetAction, FleetScenario, Group};
pub use sketch::Histogram;
pub use telling::{FleetDigest, InvalidFleetDigest};

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use serde::{Deserialize, Serialize};

use self::{
    counts::{Counters, Seen},
    member::Member,
    plan::{Plan, in_pod},
    schedule::Schedule,
    telling::Observers,
    troupe::GroupTemplate,
};
use super::{Scenario, Timeline};
use crate::{action::Action, action::Transition, kubelet::Interner, time::Timestamp};

/// Any number of Pods in virtual time: each lives its own life, from its own seed, and nothing is written down but what
/// they show.
///
/// What a Pod does depends on the scenario, the fleet's seed and the Pod's number, and on nothing else. So a fleet can be
/// cut into shards that live in threads, in processes or on machines of their own: their [`Counts`], [`Histograms`] and
/// [`FleetDigest`]s are added up. And the life of any one Pod can be [played again](Fleet::timeline).
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::{Fleet, FleetScenario, Scenario}};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let scenario = Scenario::of(pod).container("app", |app| app.pulled_in(20.0));
/// let mut fleet = Fleet::new(&FleetScenario::of(scenario), 1_000)?;
/// fleet.advance(Duration::from_secs(10))?;
/// assert_eq!(fleet.counts().of_status("ContainerCreating"), 1_000);
/// fleet.advance(Duration::from_secs(10))?;
/// assert_eq!((fleet.counts().of_phase(PodPhase::Running), fleet.counts().ready), (1_000, 1_000));
/// assert_eq!(fleet.spreads().millis_to_ready.percentile(99.0), Some(20_223), "to within 1.6 %");
/// assert_eq!(fleet.timeline(7)?.first_ready(), Some(Duration::from_secs(20)));
/// assert_eq!((fleet.pods(), fleet.now().since(fleet.start())), (1_000, Duration::from_secs(20)));
/// assert!(fleet.events() >= 3_000 && fleet.next() > Some(fleet.now()) && Fleet::bytes_of(1_000) < 2_000_000);
/// fleet.advance_to(fleet.start() + Duration::from_secs(60))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fleet {
    plan: Plan,
    troupes: Vec<GroupTemplate>,
    shard: Shard,
    members: Vec<Member>,
    seen: Vec<Option<Seen>>,
    schedule: Schedule,
    now: Timestamp,
    tally: Counters,
    telling: Observers,
    actions: VecDeque<Action>,
    /// Pods that live on next, and when.
    batch: Vec<(usize, Timestamp)>,
    commons: Interner,
}

/// One of several equal parts of a fleet: the Pods whose numbers, divided by `of`, leave `index`.
///
/// ```
/// use pod_lifecycle::sim::Shard;
///
/// assert_eq!(Shard::WHOLE.of, 1);
/// assert_eq!(serde_json::from_str::<Shard>(r#"{"index": 1, "of": 4}"#)?, Shard { index: 1, of: 4 });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shard {
    /// Which, counted from 0.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// The whole fleet.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };
}

impl Fleet {
    /// A fleet before anything has happened; `pods`: how many there are, without those that come by rollouts.
    ///
    /// # Errors
    ///
    /// [`FleetError`] names what of the scenario cannot be.
    pub fn new(scenario: &FleetScenario, pods: u64) -> Result<Fleet, FleetError> {
        Fleet::shard(scenario, pods, Shard::WHOLE)
    }

    /// A part of a fleet; `pods`: how many the whole has.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario, Shard};
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let scenario = FleetScenario::of(Scenario::of(pod));
    /// let mut whole = Fleet::new(&scenario, 100)?;
    /// whole.advance(Duration::from_secs(60))?;
    ///
    /// let (mut counts, mut digest) = Default::default();
    /// for index in 0..3 {
    ///     let mut part = Fleet::shard(&scenario, 100, Shard { index, of: 3 })?;
    ///     part.advance(Duration::from_secs(60))?;
    ///     pod_lifecycle::sim::Counts::merge(&mut counts, &part.counts());
    ///     pod_lifecycle::sim::FleetDigest::merge(&mut digest, part.digest());
    /// }
    /// assert_eq!((counts, digest), (whole.counts(), whole.digest()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError`] names what of the scenario cannot be.
    pub fn shard(scenario: &FleetScenario, pods: u64, shard: Shard) -> Result<Fleet, FleetError> {
        if shard.index >= shard.of {
            return Err(FleetError::NoSuchShard { index: shard.index, of: shard.of });
        }
        let plan = Plan::new(scenario, pods)?;
        let troupes = plan.groups().iter().map(|group| GroupTemplate::new(&plan, group)).collect::<Result<_, _>>()?;
        let of_shard = plan.pods().saturating_sub(shard.index).div_ceil(shard.of);
        let mut fleet = Fleet {
            members: reserved(of_shard)?,
            seen: reserved(of_shard)?,
            schedule: Schedule::new(reserved(of_shard)?),
            now: plan.start,
            troupes,
            shard,
            tally: Counters::default(),
            telling: Observers::default(),
            actions: VecDeque::new(),
            batch: Vec::new(),
            commons: Interner::default(),
            plan,
        };
        for place in 0..of_shard {
            let begins_at = fleet.plan.fate(fleet.number(place)).begins_at;
            fleet.members.push(Member::Unborn);
            fleet.seen.push(None);
            fleet.schedule.push(begins_at);
        }
        Ok(fleet)
    }

    /// About how many bytes so many Pods need, with one container and two probes each.
    #[must_use]
    pub fn bytes_of(pods: u64) -> u64 {
        pods.saturating_mul(BYTES_A_POD)
    }

    fn number(&self, place: u64) -> u64 {
        place.saturating_mul(self.shard.of).saturating_add(self.shard.index)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When something happens next.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.schedule.first()
    }

    /// When the story began.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.plan.start
    }

    /// How many Pods the whole fleet has, those of rollouts included.
    #[must_use]
    pub fn pods(&self) -> u64 {
        self.plan.pods()
    }

    /// How many Pods there are now, in this shard, and what they show.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// How long things took so far, in this shard, and how often they happened.
    #[must_use]
    pub fn spreads(&self) -> &Histograms {
        &self.tally.spreads
    }

    /// A number made of all that has changed so far in this shard.
    #[must_use]
    pub fn digest(&self) -> FleetDigest {
        self.telling.digest
    }

    /// How many things have happened in this shard: wake-ups of Pods, answers, and what the world had in store.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.telling.events
    }

    /// From now on has every transition told, with the number of its Pod.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut fleet = Fleet::new(&FleetScenario::of(Scenario::of(pod)), 10)?;
    /// let heard = Arc::new(AtomicU64::new(0));
    /// let ears = heard.clone();
    /// fleet.listen(move |_, _| _ = ears.fetch_add(1, Ordering::Relaxed));
    /// fleet.advance(core::time::Duration::from_secs(1))?;
    /// assert!(heard.load(Ordering::Relaxed) > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn listen(&mut self, listener: impl FnMut(u64, &Transition) + Send + 'static) {
        self.telling.listeners.push(Box::new(listener));
    }

    /// The scenario of one Pod, of any shard, up to now: [`Scenario::play`] gives its life.
    ///
    /// # Errors
    ///
    /// [`FleetError::NoSuchPod`].
    pub fn scenario(&self, number: u64) -> Result<Scenario, FleetError> {
        if number >= self.plan.pods() {
            return Err(FleetError::NoSuchPod { number, pods: self.plan.pods() });
        }
        let end = self.now.since(self.plan.fate(number).begins_at);
        Ok(self.plan.scenario(number, end.as_secs_f64()))
    }

    /// The life of one Pod, of any shard, up to now: played again from its seed.
    ///
    /// # Errors
    ///
    /// [`FleetError`] if there is no such Pod, or something in its life cannot happen.
    pub fn timeline(&self, number: u64) -> Result<Timeline, FleetError> {
        self.scenario(number)?.play().map_err(in_pod(number))
    }
}

/// What a Pod is reckoned to need, in bytes.
const BYTES_A_POD: u64 = 1_024;

/// Room for so many; an error if there is not so much memory.
fn reserved<T>(count: u64) -> Result<Vec<T>, FleetError> {
    let too_many = || FleetError::TooMany { pods: count, bytes: Fleet::bytes_of(count) };
    let mut room = Vec::new();
    room.try_reserve_exact(usize::try_from(count).map_err(|_| too_many())?).map_err(|_| too_many())?;
    Ok(room)
}
