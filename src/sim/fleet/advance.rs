//! A fleet lives on.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    Fleet, FleetError, FleetSample,
    counts::{Counters, Seen},
    look,
    member::{Lived, Member, Stepping},
    plan::{Plan, in_pod},
    times,
    troupe::GroupTemplate,
};
use crate::{sim::ScenarioError, time::Timestamp};

impl Fleet {
    /// Has every Pod live up to and including this moment.
    ///
    /// Pods live one after another, each up to that moment: a listener hears of one Pod in the order of time, but of two
    /// Pods in any order.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut fleet = Fleet::new(&FleetScenario::of(Scenario::of(pod)), 10)?;
    /// fleet.advance_to(fleet.start() + Duration::from_secs(1))?;
    /// assert_eq!((fleet.counts().ready, fleet.now()), (10, fleet.start() + Duration::from_secs(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if something in the life of a Pod cannot happen.
    pub fn advance_to(&mut self, until: Timestamp) -> Result<(), FleetError> {
        let lived = self.live_through(&[until]);
        self.tally.settle(|_| ());
        lived
    }

    /// Has every Pod live on for so long.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut fleet = Fleet::new(&FleetScenario::of(Scenario::of(pod)), 10)?;
    /// fleet.advance(Duration::from_secs(1))?;
    /// assert_eq!((fleet.counts().ready, fleet.now()), (10, fleet.start() + Duration::from_secs(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if something in the life of a Pod cannot happen.
    pub fn advance(&mut self, by: Duration) -> Result<(), FleetError> {
        self.advance_to(self.now + by)
    }

    /// Has every Pod live up to the last of some moments, and says what there was to count at each: the same as to
    /// advance to one after the other, but each Pod is gone through once for all of them, and so many Pods, which the
    /// memory next to the cores does not hold, live on in less time.
    ///
    /// A moment that lies before the one before it, or in the past, is taken for that one, or for the present.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let scenario = Scenario::of(pod).container("app", |app| app.pulled_in(20.0));
    /// let mut fleet = Fleet::new(&FleetScenario::of(scenario), 1_000)?;
    /// let moments = [10, 20, 30].map(|seconds| fleet.start() + core::time::Duration::from_secs(seconds));
    /// let counted = fleet.advance_through(&moments)?;
    /// assert_eq!(counted.iter().map(|census| census.counts.ready).collect::<Vec<_>>(), [0, 1_000, 1_000]);
    /// assert_eq!((counted[2].at, &counted[2]), (moments[2], &fleet.census()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FleetError::Pod`] if something in the life of a Pod cannot happen.
    pub fn advance_through(&mut self, moments: &[Timestamp]) -> Result<Vec<FleetSample>, FleetError> {
        let mut latest = self.now;
        let in_order = moments.iter().map(|moment| {
            latest = latest.max(*moment);
            latest
        });
        let (moments, mut census): (Vec<Timestamp>, FleetSample) = (in_order.collect(), self.census());
        let lived = self.live_through(&moments);
        let (mut moments, mut all) = (moments.iter(), Vec::with_capacity(moments.len()));
        self.tally.settle(|tally| {
            let (events, digest) = tally.told();
            census.events = census.events.wrapping_add(events);
            census.digest.merge(digest);
            census.at = moments.next().copied().unwrap_or(census.at);
            all.push(FleetSample { counts: tally.counts(), ..census.clone() });
        });
        lived.map(|()| all)
    }

    /// Has every Pod live up to the last of some moments, which come in their order.
    fn live_through(&mut self, moments: &[Timestamp]) -> Result<(), FleetError> {
        self.tally.begin(moments.len());
        let Some(last) = moments.last().copied() else { return Ok(()) };
        let mut batch = core::mem::take(&mut self.batch);
        self.schedule.next_batch(0, last, &mut batch);
        while let Some((place, _)) = batch.last() {
            let next = place.saturating_add(1);
            self.fetch_ahead(&batch);
            for (place, due) in batch.drain(..) {
                let next = self.live_through_in(place, due, moments)?;
                self.schedule.set(place, next);
            }
            self.schedule.next_batch(next, last, &mut batch);
        }
        self.batch = batch;
        self.now = self.now.max(last);
        Ok(())
    }

    /// Reads a little of each Pod that lives on next, so that their memory is fetched at the same time.
    fn fetch_ahead(&self, batch: &[(usize, Timestamp)]) {
        let members = batch.iter().filter_map(|(place, _)| self.members.get(*place));
        core::hint::black_box(members.fold(0, |so_far, member| so_far ^ member.fetch()));
    }

    /// The Pod in a place lives up to the last of some moments; says when it lives on.
    fn live_through_in(
        &mut self,
        place: usize,
        due: Timestamp,
        moments: &[Timestamp],
    ) -> Result<Option<Timestamp>, FleetError> {
        let mut due = due;
        for (nth, until) in moments.iter().enumerate() {
            if due > *until {
                continue;
            }
            let (events, digest) = (self.telling.events, self.telling.digest);
            self.tally.turn_to(nth);
            let next = self.live(place, due, *until)?;
            self.tally.tell(self.telling.events.wrapping_sub(events), self.telling.digest.since(digest));
            match next {
                Some(next) => due = next,
                None => return Ok(None),
            }
        }
        Ok(Some(due))
    }

    /// The Pod in a place lives on; says when it does so again.
    fn live(&mut self, place: usize, due: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, FleetError> {
        let number = self.number(u64::try_from(place).unwrap_or(u64::MAX));
        let (Some(member), Some(seen)) = (self.members.get_mut(place), self.seen.get_mut(place)) else {
            return Ok(None);
        };
        let (plan, troupes) = (&self.plan, &mut self.troupes);
        let actions = || plan.actions(number, &plan.fate(number));
        let end = plan.end(number);
        let mut stepping = Stepping {
            number,
            telling: &mut self.telling,
            actions: &mut self.actions,
            may_go: false,
            end,
            fate: &actions,
        };
        let lived = live(member, plan, troupes, (due, until), &mut stepping).map_err(in_pod(number))?;
        if lived.is_news() {
            let was_ready = seen.is_some_and(|seen| seen.was_ready);
            times::note(plan, number, was_ready, &lived, &mut self.tally);
            let mut after = look(member, plan, troupes, number, until, &mut self.tally);
            if let Some(after) = &mut after {
                after.was_ready = was_ready || lived.ready.is_some();
            }
            self.tally.change(*seen, after);
            *seen = after;
            if let Member::Light(light) = member {
                light.pod.share_with(&mut self.commons);
            }
        }
        if lived.next.is_none() && seen.is_none() {
            *member = Member::Gone;
        }
        Ok(lived.next)
    }
}

/// A Pod lives on, or begins.
fn live(
    member: &mut Member,
    plan: &Plan,
    troupes: &mut [GroupTemplate],
    (due, until): (Timestamp, Timestamp),
    stepping: &mut Stepping<'_>,
) -> Result<Lived, ScenarioError> {
    match member {
        Member::Gone => Ok(Lived::default()),
        Member::Light(light) => {
            let mut lived = Lived::default();
            light.live(due, until, stepping, &mut lived)?;
            Ok(lived)
        }
        Member::Whole(life) => Lived::whole(life, until, stepping),
        Member::Unborn => {
            let fate = plan.fate(stepping.number);
            let Some(troupe) = troupes.get_mut(fate.group) else { return Ok(Lived::default()) };
            let (born, lived) = troupe.begin(plan, &fate, until, stepping)?;
            *member = born;
            Ok(lived)
        }
    }
}

/// What is seen of a Pod now.
fn look(
    member: &Member,
    plan: &Plan,
    troupes: &[GroupTemplate],
    number: u64,
    now: Timestamp,
    tally: &mut Counters,
) -> Option<Seen> {
    match member {
        Member::Unborn | Member::Gone => None,
        Member::Whole(life) => look::whole(life, tally),
        Member::Light(light) => {
            let troupe = troupes.get(plan.fate(number).group)?;
            look::light(light, &troupe.manifest, now, tally)
        }
    }
}
