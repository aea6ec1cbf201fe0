//! What is in store for each Pod of a fleet: worked out from its number alone, so that no shard needs to know another.

use alloc::{borrow::ToOwned, boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    check,
    error::FleetError,
    scenario::{Choice, FleetAction, FleetScenario, Group},
};
use crate::{
    config::mix,
    sim::{
        Outage, Scenario, ScriptAction, ScriptActionKind,
        life::FIRST_OF_MARCH,
        random::{Chance, Draw},
        script::seconds,
    },
    time::Timestamp,
};

/// The scenario of a fleet, checked, and which numbers the Pods of each group have.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    scenario: FleetScenario,
    /// For each group: its first number, and how many Pods it has.
    spans: Vec<(u64, u64)>,
    pub(super) start: Timestamp,
    /// Whether any story ends before that of the fleet.
    has_ends: bool,
}

/// What is in store for one Pod.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PodPlan {
    pub(super) group: usize,
    pub(super) seed: u64,
    pub(super) begins_at: Timestamp,
}

impl Plan {
    pub(super) fn new(scenario: &FleetScenario, pods: u64) -> Result<Plan, FleetError> {
        check::check(scenario)?;
        let starts = scenario.groups.iter().filter_map(|group| group.scenario.config.start);
        let start = scenario.start.or(starts.min()).unwrap_or(Timestamp::from_unix_seconds(FIRST_OF_MARCH));
        let counts = counts(scenario, pods);
        let mut first = 0_u64;
        let spans = counts.into_iter().map(|count| {
            let span = (first, count);
            first = first.saturating_add(count);
            span
        });
        let has_ends = scenario.groups.iter().any(|group| group.scenario.script.end_seconds.is_some());
        Ok(Plan { spans: spans.collect(), scenario: scenario.clone(), start, has_ends })
    }

    /// How many Pods there are in all, those of rollouts included.
    pub(super) fn pods(&self) -> u64 {
        self.spans.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.scenario.groups
    }

    /// The outages of the registry in the story of a Pod, or of a group, that begins then.
    pub(super) fn outages(&self, begins_at: Timestamp) -> Vec<Outage> {
        let offset = begins_at.since(self.start);
        let shifted = self.scenario.registry_outages.iter().map(|outage| Outage {
            from: seconds(outage.from).saturating_sub(offset).as_secs_f64(),
            to: seconds(outage.to).saturating_sub(offset).as_secs_f64(),
        });
        // Equivalent with `>=`: before its first moment nothing is asked of the registry.
        shifted.filter(|outage| outage.to > 0.0).collect()
    }

    fn place(&self, number: u64) -> (usize, u64) {
        // An empty span lies before the one that begins at the same number.
        let group = self.spans.partition_point(|(first, _)| *first <= number).saturating_sub(1);
        let first = self.spans.get(group).map_or(0, |(first, _)| *first);
        (group, number.saturating_sub(first))
    }

    pub(super) fn fate(&self, number: u64) -> PodPlan {
        let (group, place) = self.place(number);
        let seed = mix(mix(self.scenario.seed).wrapping_add(mix(number.wrapping_add(1))));
        PodPlan { group, seed, begins_at: self.begins_at(group, place, seed) }
    }

    /// When the story of a Pod ends, if it ends before that of the fleet.
    pub(super) fn end(&self, number: u64) -> Option<Timestamp> {
        if !self.has_ends {
            return None;
        }
        let fate = self.fate(number);
        let script = &self.scenario.groups.get(fate.group)?.scenario.script;
        Some(fate.begins_at + seconds(script.end_seconds?))
    }

    fn begins_at(&self, group: usize, place: u64, seed: u64) -> Timestamp {
        let Some(group) = self.scenario.groups.get(group) else { return self.start };
        let rollout = self.scenario.actions.iter().find_map(|action| match action {
            FleetAction::Rollout { t, to, per_second, .. } if *to == group.name => Some(turn(*t, place, *per_second)),
            FleetAction::Rollout { .. }
            | FleetAction::Delete { .. }
            | FleetAction::Evict { .. }
            | FleetAction::LoseNodes { .. } => None,
        });
        let by_chance = || {
            let distribution = group.begins_after_seconds?;
            Some(distribution.sample(Draw::new(seed, Chance::Begin, 0, 0)))
        };
        match rollout.or_else(by_chance) {
            Some(after) => self.start + after,
            None => group.scenario.config.start.unwrap_or(self.start),
        }
    }

    /// What others do to a Pod, by its own time: what the scenario of its group says, and what happens to the fleet.
    pub(super) fn actions(&self, number: u64, fate: &PodPlan) -> Vec<ScriptAction> {
        let (_, place) = self.place(number);
        let Some(group) = self.scenario.groups.get(fate.group) else { return Vec::new() };
        let mut actions = group.scenario.script.actions.clone();
        for (nth, action) in (0_u64..).zip(&self.scenario.actions) {
            let happening = |after: Duration, kind| self.happening(fate, after, kind);
            match action {
                FleetAction::Rollout { t, from, per_second, grace_seconds, .. } if *from == group.name => {
                    let kind = ScriptActionKind::Delete { grace_seconds: *grace_seconds };
                    actions.extend(happening(turn(*t, place, *per_second), kind));
                }
                FleetAction::Rollout { .. } => {}
                FleetAction::Delete { t, of, grace_seconds } => {
                    let kind = ScriptActionKind::Delete { grace_seconds: *grace_seconds };
                    actions.extend(chosen(of, group, fate.seed, nth).and_then(|wait| happening(after(*t, wait), kind)));
                }
                FleetAction::Evict { t, of } => {
                    let kind = ScriptActionKind::Evict { message: None, grace_seconds: None };
                    actions.extend(chosen(of, group, fate.seed, nth).and_then(|wait| happening(after(*t, wait), kind)));
                }
                FleetAction::LoseNodes { t, share, for_seconds } => {
                    let node = number.checked_div(self.scenario.pods_per_node.max(1).into()).unwrap_or(0);
                    // Equivalent with `<=`: of 2^53 fractions at most one is the share itself.
                    if Draw::new(self.scenario.seed, Chance::Node, nth, node).fraction() < *share {
                        let lost = happening(seconds(*t), ScriptActionKind::NodeLost);
                        let back = for_seconds.map(|away| after(*t, seconds(away))).filter(|_| lost.is_some());
                        actions.extend(lost);
                        actions.extend(back.and_then(|back| happening(back, ScriptActionKind::NodeRecovered)));
                    }
                }
            }
        }
        actions
    }

    /// Something that happens at a time of the fleet; nothing that comes before the Pod does.
    fn happening(&self, fate: &PodPlan, after: Duration, kind: ScriptActionKind) -> Option<ScriptAction> {
        let at = self.start + after;
        (at > fate.begins_at).then(|| ScriptAction { t: at.since(fate.begins_at).as_secs_f64(), kind })
    }

    /// The scenario of one Pod, which plays its life alone; `end`: seconds after which it ends, unless it says earlier.
    pub(super) fn scenario(&self, number: u64, end: f64) -> Scenario {
        let fate = self.fate(number);
        let mut scenario = self.groups().get(fate.group).map(|group| group.scenario.clone()).unwrap_or_default();
        scenario.script.actions = self.actions(number, &fate);
        scenario.script.seed = fate.seed;
        scenario.config.start = Some(fate.begins_at);
        self.shut_registry(&mut scenario, fate.begins_at);
        let own = scenario.script.end_seconds;
        scenario.cut_at(own.map_or(end, |own| own.min(end)))
    }

    /// The registry that all images of a scenario come from does not answer at times.
    pub(super) fn shut_registry(&self, scenario: &mut Scenario, begins_at: Timestamp) {
        let outages = self.outages(begins_at);
        if outages.is_empty() {
            return;
        }
        let pod = &scenario.pod.spec;
        let names: Vec<_> = pod.init_containers.iter().chain(&pod.containers).map(|it| it.name.to_owned()).collect();
        for name in names {
            scenario.script.containers.entry(name).or_default().image.outages.extend_from_slice(&outages);
        }
    }
}

/// How many Pods each group has: its share, or as many as the group that it replaces.
fn counts(scenario: &FleetScenario, pods: u64) -> Vec<u64> {
    let total: f64 = scenario.groups.iter().map(|group| group.share).sum();
    let (mut sum, mut given) = (0.0, 0_u64);
    let mut counts = Vec::new();
    for group in &scenario.groups {
        sum += group.share;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a number of Pods, rounded"
        )]
        let up_to = if sum >= total { pods } else { (pods as f64 * (sum / total)).round() as u64 };
        counts.push(if group.share > 0.0 { up_to.saturating_sub(given) } else { 0 });
        given = given.max(up_to);
    }
    for action in &scenario.actions {
        let FleetAction::Rollout { from, to, .. } = action else { continue };
        let place = |name: &str| scenario.groups.iter().position(|group| group.name == name);
        let count = place(from).and_then(|from| counts.get(from)).copied();
        if let (Some(to), Some(count)) = (place(to).and_then(|to| counts.get_mut(to)), count) {
            *to = count;
        }
    }
    counts
}

/// When the turn of the n-th Pod comes.
fn turn(t: f64, place: u64, per_second: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a number of Pods")]
    let place = place as f64;
    seconds(t + place / per_second)
}

fn after(t: f64, wait: Duration) -> Duration {
    seconds(t).saturating_add(wait)
}

/// How long after the beginning of something it happens to a Pod; `None` if it is not chosen.
fn chosen(of: &Choice, group: &Group, seed: u64, nth: u64) -> Option<Duration> {
    let is_of_group = of.group.as_ref().is_none_or(|name| *name == group.name);
    let is_chosen = is_of_group && Draw::new(seed, Chance::Choice, nth, 0).fraction() < of.share;
    is_chosen.then(|| seconds(of.over_seconds * Draw::new(seed, Chance::At, nth, 0).fraction()))
}

/// What a group's scenario is to its Pods: with the outages of the registry by the time of the fleet.
pub(super) fn of_group(plan: &Plan, group: &Group) -> Arc<Scenario> {
    let mut scenario = group.scenario.clone();
    plan.shut_registry(&mut scenario, plan.start);
    Arc::new(scenario)
}

/// An error in the life of a Pod.
pub(super) fn in_pod(number: u64) -> impl Fn(crate::sim::ScenarioError) -> FleetError {
    move |error| FleetError::Pod { number, error: Box::new(error) }
}
