//! Plan of a fleet: seed, start and actions of each Pod, from its number alone, so that shards are independent.

use alloc::{borrow::ToOwned, boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use super::scenario::{Choice, FleetAction, FleetError, FleetScenario, Group, check};
use crate::{
    config::mix,
    sim::{
        Outage, Scenario, ScenarioError, ScriptAction, ScriptActionKind,
        duration::{MAX, from_seconds, to_seconds},
        random::{Chance, Draw},
        simulation::DEFAULT_START,
    },
    time::Timestamp,
};

/// The valid scenario of a fleet, and the numbers of each group's Pods.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    scenario: FleetScenario,
    /// For each group the number of its first Pod, and how many it has.
    spans: Vec<(u64, u64)>,
    pub(super) start: Timestamp,
    /// True if a Pod's simulation may end before that of the fleet.
    has_ends: bool,
}

/// Plan of one Pod.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PodPlan {
    pub(super) group: usize,
    pub(super) seed: u64,
    pub(super) begins_at: Timestamp,
}

impl Plan {
    pub(super) fn new(scenario: &FleetScenario, pods: u64) -> Result<Plan, FleetError> {
        check(scenario)?;
        // Without a start of its own the fleet begins with its earliest group.
        let starts = scenario.groups.iter().filter_map(|group| group.scenario.config.start);
        let start = scenario.start.or(starts.min()).unwrap_or(DEFAULT_START);
        let counts = counts(scenario, pods);
        let mut first = 0_u64;
        let spans = counts.into_iter().map(|count| {
            let span = (first, count);
            first = first.saturating_add(count);
            span
        });
        let has_ends = scenario.groups.iter().any(|group| group.scenario.script.end.is_some());
        Ok(Plan { spans: spans.collect(), scenario: scenario.clone(), start, has_ends })
    }

    /// Returns the number of Pods, including those of rollouts.
    pub(super) fn pods(&self) -> u64 {
        self.spans.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.scenario.groups
    }

    /// Returns the outages of the registry, counted from the start of a Pod or a group.
    pub(super) fn outages(&self, begins_at: Timestamp) -> Vec<Outage> {
        let offset = begins_at.since(self.start);
        // Shifted to the Pod's own time; one that is over by then is dropped.
        let shifted = self
            .scenario
            .registry_outages
            .iter()
            .map(|outage| Outage { from: outage.from.saturating_sub(offset), to: outage.to.saturating_sub(offset) });
        shifted.filter(|outage| outage.to > Duration::ZERO).collect()
    }

    /// Returns the group of a Pod, and its index within the group.
    fn place(&self, number: u64) -> (usize, u64) {
        // An empty span lies before the one that begins at the same number.
        let group = self.spans.partition_point(|(first, _)| *first <= number).saturating_sub(1);
        let first = self.spans.get(group).map_or(0, |(first, _)| *first);
        (group, number.saturating_sub(first))
    }

    pub(super) fn pod(&self, number: u64) -> PodPlan {
        let (group, place) = self.place(number);
        // Mixed twice, so that neighbouring Pods and neighbouring seeds have nothing in common.
        let seed = mix(mix(self.scenario.seed).wrapping_add(mix(number.wrapping_add(1))));
        PodPlan { group, seed, begins_at: self.begins_at(group, place, seed) }
    }

    /// Returns when the simulation of a Pod ends, if its script has an end.
    pub(super) fn end(&self, number: u64) -> Option<Timestamp> {
        if !self.has_ends {
            return None;
        }
        let pod = self.pod(number);
        let script = &self.scenario.groups.get(pod.group)?.scenario.script;
        Some(pod.begins_at + script.end?)
    }

    fn begins_at(&self, group: usize, place: u64, seed: u64) -> Timestamp {
        let Some(group) = self.scenario.groups.get(group) else { return self.start };
        let rollout = self.scenario.actions.iter().find_map(|action| match action {
            FleetAction::Rollout { at, to, per_second, .. } if *to == group.name => Some(turn(*at, place, *per_second)),
            FleetAction::Rollout { .. }
            | FleetAction::Delete { .. }
            | FleetAction::Evict { .. }
            | FleetAction::LoseNodes { .. } => None,
        });
        let by_chance = || {
            let distribution = group.begins_after?;
            // Every draw has its own stream: a new kind of chance leaves the others, and so the digests, as they are.
            Some(distribution.sample(Draw::new(seed, Chance::Begin, 0, 0)))
        };
        match rollout.or_else(by_chance) {
            Some(after) => self.start + after,
            None => group.scenario.config.start.unwrap_or(self.start),
        }
    }

    /// Returns the actions on a Pod, by its own time: those of its group's scenario, and those on the fleet.
    pub(super) fn actions(&self, number: u64, pod: &PodPlan) -> Vec<ScriptAction> {
        let (_, place) = self.place(number);
        let Some(group) = self.scenario.groups.get(pod.group) else { return Vec::new() };
        let mut actions = group.scenario.script.actions.clone();
        for (nth, action) in (0_u64..).zip(&self.scenario.actions) {
            let action_after = |after: Duration, kind| self.action_on(pod, after, kind);
            match action {
                // The n-th Pod of the old group is deleted when the n-th of the new one starts.
                FleetAction::Rollout { at, from, per_second, grace, .. } if *from == group.name => {
                    let kind = ScriptActionKind::Delete { grace: *grace };
                    actions.extend(action_after(turn(*at, place, *per_second), kind));
                }
                FleetAction::Rollout { .. } => {}
                FleetAction::Delete { at, of, grace } => {
                    let kind = ScriptActionKind::Delete { grace: *grace };
                    let delay = chosen(of, group, pod.seed, nth);
                    actions.extend(delay.and_then(|delay| action_after(at.saturating_add(delay), kind)));
                }
                FleetAction::Evict { at, of } => {
                    let kind = ScriptActionKind::Evict { message: None, grace: None };
                    let delay = chosen(of, group, pod.seed, nth);
                    actions.extend(delay.and_then(|delay| action_after(at.saturating_add(delay), kind)));
                }
                FleetAction::LoseNodes { at, share, away } => {
                    // Pods of neighbouring numbers share a node, and its draw.
                    let node = number.checked_div(self.scenario.pods_per_node.max(1).into()).unwrap_or(0);
                    if Draw::new(self.scenario.seed, Chance::Node, nth, node).fraction() < *share {
                        let lost = action_after(*at, ScriptActionKind::NodeLost);
                        let back = away.map(|away| at.saturating_add(away)).filter(|_| lost.is_some());
                        actions.extend(lost);
                        actions.extend(back.and_then(|back| action_after(back, ScriptActionKind::NodeRecovered)));
                    }
                }
            }
        }
        actions
    }

    /// Returns an action at a time of the fleet, by the Pod's own time; `None` if it comes before the Pod.
    fn action_on(&self, pod: &PodPlan, after: Duration, kind: ScriptActionKind) -> Option<ScriptAction> {
        let at = self.start + after;
        // A Pod that starts later does not see the action.
        // At its very start neither: the Pod did not exist when the action was carried out.
        (at > pod.begins_at).then(|| ScriptAction { at: at.since(pod.begins_at), kind })
    }

    /// Returns the scenario of one Pod, by which it is simulated alone. It ends at `end`, or earlier if its script says
    /// so.
    pub(super) fn scenario(&self, number: u64, end: Duration) -> Scenario {
        let pod = self.pod(number);
        let mut scenario = self.groups().get(pod.group).map(|group| group.scenario.clone()).unwrap_or_default();
        scenario.script.actions = self.actions(number, &pod);
        scenario.script.seed = pod.seed;
        scenario.config.start = Some(pod.begins_at);
        self.add_outages(&mut scenario, pod.begins_at);
        let own = scenario.script.end;
        scenario.cut_at(own.map_or(end, |own| own.min(end)))
    }

    /// Adds the outages of the registry to all images of a scenario.
    pub(super) fn add_outages(&self, scenario: &mut Scenario, begins_at: Timestamp) {
        let outages = self.outages(begins_at);
        if outages.is_empty() {
            return;
        }
        let pod = &scenario.pod.spec;
        // A new Pod's manifest cannot have ephemeral containers.
        let names: Vec<_> = pod.init_containers.iter().chain(&pod.containers).map(|it| it.name.to_owned()).collect();
        for name in names {
            scenario.script.containers.entry(name).or_default().image.outages.extend_from_slice(&outages);
        }
    }
}

/// Returns the number of Pods of each group: its share, or as many as those of the group that it replaces.
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
        // Rounding the running sum instead of each share gives exactly `pods` in all.
        let up_to = if sum >= total { pods } else { (pods as f64 * (sum / total)).round() as u64 };
        counts.push(if group.share > 0.0 { up_to.saturating_sub(given) } else { 0 });
        given = given.max(up_to);
    }
    for action in &scenario.actions {
        // A rollout replaces Pod by Pod, so its target has as many as its source.
        let FleetAction::Rollout { from, to, .. } = action else { continue };
        let place = |name: &str| scenario.groups.iter().position(|group| group.name == name);
        let count = place(from).and_then(|from| counts.get(from)).copied();
        if let (Some(to), Some(count)) = (place(to).and_then(|to| counts.get_mut(to)), count) {
            *to = count;
        }
    }
    counts
}

/// Returns the time at which a rollout reaches the n-th Pod of a group.
fn turn(at: Duration, place: u64, per_second: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a number of Pods")]
    let place = place as f64;
    // The n-th Pod is replaced n / rate after the start.
    let after = to_seconds(at) + place / per_second;
    from_seconds(after.min(MAX.as_secs_f64()))
}

/// Returns how long after the start of an action it reaches a Pod; `None` if the Pod is not chosen.
fn chosen(of: &Choice, group: &Group, seed: u64, nth: u64) -> Option<Duration> {
    let is_of_group = of.group.as_ref().is_none_or(|name| *name == group.name);
    let is_chosen = is_of_group && Draw::new(seed, Chance::Choice, nth, 0).fraction() < of.share;
    is_chosen.then(|| from_seconds(to_seconds(of.over) * Draw::new(seed, Chance::At, nth, 0).fraction()))
}

/// Returns the scenario of a group, with the outages of the registry by the time of the fleet.
pub(super) fn of_group(plan: &Plan, group: &Group) -> Arc<Scenario> {
    let mut scenario = group.scenario.clone();
    plan.add_outages(&mut scenario, plan.start);
    Arc::new(scenario)
}

/// Names the Pod of an error.
pub(super) fn in_pod(number: u64) -> impl Fn(ScenarioError) -> FleetError {
    move |error| FleetError::Pod { number, error: Box::new(error) }
}
