//! Fleet scenarios: the groups of a fleet's Pods, actions on many of them, and their validation.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    sim::{
        Distribution, DistributionError, Outage, Scenario, ScenarioError,
        duration::{is_time, optional_seconds, seconds, to_seconds},
    },
    time::Timestamp,
};

/// A scenario of many Pods: groups that share a scenario, and actions on many Pods.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{Fleet, FleetScenario};
///
/// let scenario: FleetScenario = serde_json::from_str(r#"{
///     "seed": 7,
///     "groups": [
///         {"name": "v1", "scenario": {"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}}},
///         {"name": "v2", "share": 0, "scenario": {
///             "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:2"}]}},
///             "script": {"containers": {"app": {"random": {"exitsAfterSeconds": {"uniform": {"min": 1, "max": 3}}}}}}
///         }}
///     ],
///     "actions": [{"op": "rollout", "t": 60, "from": "v1", "to": "v2", "perSecond": 10}]
/// }"#)?;
/// let mut fleet = Fleet::new(&scenario, 100)?;
/// fleet.advance(Duration::from_secs(300))?;
/// assert_eq!(fleet.counts().pods, 100);
/// assert!(fleet.counts().of_status("CrashLoopBackOff") > 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct FleetScenario {
    /// Description of the scenario, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Seed of everything that is left to chance; each Pod's own is derived from it and from the Pod's number.
    #[serde(default)]
    pub seed: u64,
    /// Start of the simulation; noon of 1 March 2026 (UTC) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Number of Pods of a node: Pods with adjacent numbers.
    #[serde(default = "thirty")]
    pub pods_per_node: u32,
    /// Groups of Pods with the same scenario; at least one has a share above 0.
    pub groups: Vec<Group>,
    /// Outages of the registry of all images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registry_outages: Vec<Outage>,
    /// Actions on the Pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<FleetAction>,
}

/// Default of `podsPerNode`: a usual load, far below the kubelet's limit of 110.
fn thirty() -> u32 {
    30
}

/// Pods with the same scenario, each with a seed of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// Name of the group, for actions.
    pub name: String,
    /// Share of the fleet's Pods, in proportion to those of the other groups. A group with a share of 0 gets its Pods
    /// from a rollout.
    #[serde(default = "one")]
    pub share: f64,
    /// Time after which each Pod starts; at once if left out.
    #[serde(rename = "beginsAfterSeconds", default, skip_serializing_if = "Option::is_none")]
    pub begins_after: Option<Distribution>,
    /// Scenario of each Pod. Without `endSeconds` it goes on as long as the fleet.
    pub scenario: Scenario,
}

fn one() -> f64 {
    1.0
}

/// An action on many Pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum FleetAction {
    /// Replace the Pods of a group by those of another: each second so many are deleted, and as many start.
    Rollout {
        /// Time at which it starts, since the start of the fleet.
        #[serde(rename = "t", with = "seconds")]
        at: Duration,
        /// Name of the group that is replaced.
        from: String,
        /// Name of the group that replaces it.
        to: String,
        /// Number of Pods per second.
        per_second: f64,
        /// Grace period; the spec's if left out.
        #[serde(rename = "graceSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
        grace: Option<Duration>,
    },
    /// Delete Pods through the API, each once.
    Delete {
        /// Time at which it starts, since the start of the fleet.
        #[serde(rename = "t", with = "seconds")]
        at: Duration,
        /// The Pods that are deleted; all of the fleet if left out.
        #[serde(default)]
        of: Choice,
        /// Grace period; the spec's if left out.
        #[serde(rename = "graceSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
        grace: Option<Duration>,
    },
    /// Evict Pods from their nodes under pressure.
    Evict {
        /// Time at which it starts, since the start of the fleet.
        #[serde(rename = "t", with = "seconds")]
        at: Duration,
        /// The Pods that are evicted; all of the fleet if left out.
        #[serde(default)]
        of: Choice,
    },
    /// Make nodes unreachable, with all their Pods.
    LoseNodes {
        /// Time at which it starts, since the start of the fleet.
        #[serde(rename = "t", with = "seconds")]
        at: Duration,
        /// Share of all nodes, from 0 to 1.
        share: f64,
        /// Time after which they are reachable again; never if left out.
        #[serde(rename = "forSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
        away: Option<Duration>,
    },
}

/// A random choice of Pods.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::Choice;
///
/// let some: Choice = serde_json::from_str(r#"{"group": "canary", "share": 0.25}"#)?;
/// assert_eq!(some, Choice { group: Some("canary".into()), share: 0.25, over: Duration::ZERO });
/// assert_eq!(Choice::default(), serde_json::from_str("{}")?, "all Pods, at once");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// Name of their group; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Share of the Pods, from 0 to 1.
    #[serde(default = "one")]
    pub share: f64,
    /// Time over which the action is spread, at random.
    #[serde(rename = "overSeconds", default, with = "seconds")]
    pub over: Duration,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { group: None, share: 1.0, over: Duration::ZERO }
    }
}

impl Group {
    /// Creates a group with a share of 1 whose Pods start at once.
    #[must_use]
    pub fn new(name: impl Into<String>, scenario: Scenario) -> Group {
        Group { name: name.into(), share: 1.0, begins_after: None, scenario }
    }
}

impl FleetScenario {
    /// Creates a fleet whose Pods all have the same scenario and start at once.
    #[must_use]
    pub fn of(scenario: Scenario) -> FleetScenario {
        FleetScenario::of_each([scenario])
    }

    /// Creates a fleet with a group for each scenario; with as many Pods as scenarios, each has one.
    #[must_use]
    pub fn of_each(scenarios: impl IntoIterator<Item = Scenario>) -> FleetScenario {
        let groups = scenarios.into_iter().zip(0_usize..);
        FleetScenario {
            description: String::new(),
            seed: 0,
            start: None,
            pods_per_node: thirty(),
            groups: groups.map(|(scenario, number)| Group::new(number.to_string(), scenario)).collect(),
            registry_outages: Vec::new(),
            actions: Vec::new(),
        }
    }
}

// --- Validation ---

/// Error of a fleet that cannot be simulated. All but [`FleetError::Pod`] are found before anything starts.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{Choice, Fleet, FleetAction, FleetScenario, Scenario};
///
/// let mut scenario = FleetScenario::of(Scenario::example());
/// let of = Choice { share: 2.0, ..Choice::default() };
/// scenario.actions.push(FleetAction::Evict { at: Duration::from_secs(30), of });
/// let error = Fleet::new(&scenario, 10).unwrap_err();
/// assert_eq!(error.to_string(), "actions[0].of.share: 2 is not a share from 0 to 1");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// The scenario of a group is invalid.
    #[error("groups[{group}].scenario.{error}")]
    Scenario {
        /// Name of the group.
        group: String,
        /// Error of the scenario.
        error: Box<ScenarioError>,
    },
    /// A distribution is invalid.
    #[error("{field}.{error}")]
    Distribution {
        /// Path of the field, as in `actions[0].of.share`.
        field: String,
        /// Error of the distribution.
        error: DistributionError,
    },
    /// There is no group of this name.
    #[error("{field}: there is no group {name:?}, there is {there}")]
    NoSuchGroup {
        /// Path of the field, as in `actions[0].of.share`.
        field: String,
        /// The name that was asked for.
        name: String,
        /// Names of the groups, separated by commas.
        there: String,
    },
    /// A number is out of range.
    #[error("{field}: {value} {wrong}")]
    BadNumber {
        /// Path of the field, as in `actions[0].of.share`.
        field: String,
        /// The number as it was given; durations in seconds.
        value: f64,
        /// Its mistake, as the end of a sentence: `is not a number above 0`.
        wrong: &'static str,
    },
    /// Two groups have one name, or a rollout's group has Pods already or none.
    #[error("{field}: {name:?} {wrong}")]
    BadGroup {
        /// Path of the field, as in `actions[0].of.share`.
        field: String,
        /// Name of the group.
        name: String,
        /// Its mistake, as the end of a sentence.
        wrong: &'static str,
    },
    /// No group has any Pods.
    #[error("groups: no group has a share of the Pods")]
    NoShare,
    /// The shard's index is not below the number of shards.
    #[error("shard {index} of {of}: there is none, they are counted from 0")]
    NoSuchShard {
        /// Its index, which has to be below `of`.
        index: u64,
        /// Number of shards.
        of: u64,
    },
    /// The Pods need more memory than there is.
    #[error("{pods} Pods need about {bytes} bytes of memory, more than available")]
    TooMany {
        /// Number of Pods of the shard.
        pods: u64,
        /// Memory that they need, in bytes.
        bytes: u64,
    },
    /// The fleet has no Pod of this number.
    #[error("Pod {number}: the fleet has {pods}, counted from 0")]
    NoSuchPod {
        /// The number that was asked for.
        number: u64,
        /// Number of Pods of the whole fleet.
        pods: u64,
    },
    /// An action of a Pod's script is not possible.
    #[error("Pod {number}: {error}")]
    Pod {
        /// Number of the Pod, from 0.
        number: u64,
        /// The action, and why it is not possible.
        error: Box<ScenarioError>,
    },
}

/// Validates a fleet scenario, with the scenarios of its groups.
pub(super) fn check(scenario: &FleetScenario) -> Result<(), FleetError> {
    check_groups(scenario)?;
    for (place, outage) in scenario.registry_outages.iter().enumerate() {
        check_time(format!("registryOutages[{place}].from"), outage.from)?;
        check_time(format!("registryOutages[{place}].to"), outage.to)?;
    }
    for (place, action) in scenario.actions.iter().enumerate() {
        check_action(scenario, action, &format!("actions[{place}]"))?;
    }
    check_rollouts(scenario)
}

fn check_groups(scenario: &FleetScenario) -> Result<(), FleetError> {
    let mut names = BTreeSet::new();
    for (place, group) in scenario.groups.iter().enumerate() {
        if !names.insert(&*group.name) {
            let (field, name) = (format!("groups[{place}].name"), group.name.clone());
            return Err(FleetError::BadGroup { field, name, wrong: "is the name of another group" });
        }
        check_number(format!("groups[{place}].share"), group.share, 1e12, "is not a share from 0 on")?;
        if let Some(Err(error)) = group.begins_after.map(|distribution| distribution.check()) {
            return Err(FleetError::Distribution { field: format!("groups[{place}].beginsAfterSeconds"), error });
        }
        // Started and dropped: the start of a simulation is the check of its scenario.
        let simulation = group.scenario.simulate();
        simulation.map_err(|error| FleetError::Scenario { group: group.name.clone(), error: Box::new(error) })?;
    }
    // Shares are relative, so they need no sum of 1; all zero leaves no Pods.
    let has_share = scenario.groups.iter().any(|group| group.share > 0.0);
    if has_share { Ok(()) } else { Err(FleetError::NoShare) }
}

fn check_action(scenario: &FleetScenario, action: &FleetAction, path: &str) -> Result<(), FleetError> {
    match action {
        FleetAction::Rollout { at, from, to, per_second, grace } => {
            check_time(format!("{path}.t"), *at)?;
            check_time(format!("{path}.graceSeconds"), grace.unwrap_or_default())?;
            check_group(scenario, from, format!("{path}.from"))?;
            check_group(scenario, to, format!("{path}.to"))?;
            let wrong = "is not a number above 0";
            // A rate of 0 is refused below: the second Pod would never come.
            check_number(format!("{path}.perSecond"), *per_second, 1e12, wrong)?;
            if *per_second > 0.0 {
                return Ok(());
            }
            Err(FleetError::BadNumber { field: format!("{path}.perSecond"), value: *per_second, wrong })
        }
        FleetAction::Delete { at, of, grace } => {
            check_time(format!("{path}.t"), *at)?;
            check_time(format!("{path}.graceSeconds"), grace.unwrap_or_default())?;
            check_choice(scenario, of, path)
        }
        FleetAction::Evict { at, of } => {
            check_time(format!("{path}.t"), *at)?;
            check_choice(scenario, of, path)
        }
        FleetAction::LoseNodes { at, share, away } => {
            check_time(format!("{path}.t"), *at)?;
            check_number(format!("{path}.share"), *share, 1.0, "is not a share from 0 to 1")?;
            check_time(format!("{path}.forSeconds"), away.unwrap_or_default())
        }
    }
}

fn check_choice(scenario: &FleetScenario, of: &Choice, path: &str) -> Result<(), FleetError> {
    if let Some(group) = &of.group {
        check_group(scenario, group, format!("{path}.of.group"))?;
    }
    check_number(format!("{path}.of.share"), of.share, 1.0, "is not a share from 0 to 1")?;
    check_time(format!("{path}.of.overSeconds"), of.over)
}

/// Checks that a group gets its Pods from at most one rollout, and then has none of its own.
fn check_rollouts(scenario: &FleetScenario) -> Result<(), FleetError> {
    let mut fed: Vec<&str> = Vec::new();
    for (place, action) in scenario.actions.iter().enumerate() {
        let FleetAction::Rollout { from, to, .. } = action else { continue };
        let twice =
            |wrong| Err(FleetError::BadGroup { field: format!("actions[{place}].to"), name: to.clone(), wrong });
        let has_share = |name: &str| scenario.groups.iter().any(|group| group.name == name && group.share > 0.0);
        if fed.contains(&to.as_str()) || has_share(to) {
            return twice("has its Pods already: a rollout goes to a group with a share of 0");
        }
        // Rollouts may follow one another (v1 to v2, v2 to v3), in the order of the list.
        if !fed.contains(&from.as_str()) && !has_share(from) {
            return twice("would replace a group that has no Pods by then");
        }
        fed.push(to);
    }
    Ok(())
}

fn check_group(scenario: &FleetScenario, name: &str, field: String) -> Result<(), FleetError> {
    let names: Vec<&str> = scenario.groups.iter().map(|group| &*group.name).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(FleetError::NoSuchGroup { field, name: name.to_string(), there: names.join(", ") })
}

fn check_time(field: String, time: Duration) -> Result<(), FleetError> {
    let wrong = "is not a number of seconds from 0 on";
    if is_time(time) { Ok(()) } else { Err(FleetError::BadNumber { field, value: to_seconds(time), wrong }) }
}

fn check_number(field: String, value: f64, most: f64, wrong: &'static str) -> Result<(), FleetError> {
    // NaN is in no range.
    if (0.0..=most).contains(&value) { Ok(()) } else { Err(FleetError::BadNumber { field, value, wrong }) }
}
