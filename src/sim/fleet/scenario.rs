//! What the Pods of a fleet are, and what happens to them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    sim::{Distribution, Outage, Scenario},
    time::Timestamp,
};

/// A scenario of many Pods: groups that share a scenario, and what is done to many of them.
///
/// ```
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
/// fleet.advance(core::time::Duration::from_secs(300))?;
/// assert_eq!(fleet.counts().pods, 100);
/// assert!(fleet.counts().of_status("CrashLoopBackOff") > 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FleetScenario {
    /// What the scenario shows, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// From which all that is left to chance is drawn; each Pod's own seed comes of it and of the Pod's number.
    #[serde(default)]
    pub seed: u64,
    /// When the story begins; noon of the first of March 2026 (UTC) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// How many Pods a node has: Pods with neighbouring numbers.
    #[serde(default = "thirty")]
    pub pods_per_node: u32,
    /// The Pods.
    pub groups: Vec<Group>,
    /// When the registry of all images does not answer, in seconds of the story.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registry_outages: Vec<Outage>,
    /// What happens to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<FleetAction>,
}

fn thirty() -> u32 {
    30
}

/// Pods that play the same scenario, each with a seed of its own.
///
/// ```
/// use pod_lifecycle::sim::{Distribution, Group};
///
/// let group: Group = serde_json::from_str(r#"{
///     "name": "canary", "share": 0.1, "beginsAfterSeconds": {"uniform": {"min": 0, "max": 60}},
///     "scenario": {"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:2"}]}}}
/// }"#)?;
/// assert_eq!(group.begins_after_seconds, Some(Distribution::Uniform { min: 0.0, max: 60.0 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// By which actions know it.
    pub name: String,
    /// How many of the fleet's Pods are of this group, in proportion to the shares of the others. One that has a share
    /// of 0 gets its Pods from a rollout.
    #[serde(default = "one")]
    pub share: f64,
    /// Seconds of the story after which each begins; at once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_after_seconds: Option<Distribution>,
    /// What each plays. Without `endSeconds` its story goes on as long as the fleet's.
    pub scenario: Scenario,
}

fn one() -> f64 {
    1.0
}

/// What happens to many Pods.
///
/// ```
/// use pod_lifecycle::{api::{PodManifest, PodPhase}, sim::{Choice, Fleet, FleetAction, FleetScenario, Scenario}};
///
/// let pod: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let mut scenario = FleetScenario::of(Scenario::of(pod));
/// scenario.actions.push(FleetAction::Evict { t: 30.0, of: Choice { share: 0.5, ..Choice::default() } });
/// let mut fleet = Fleet::new(&scenario, 100)?;
/// fleet.advance(core::time::Duration::from_secs(120))?;
/// assert!((30..70).contains(&fleet.counts().of_phase(PodPhase::Failed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum FleetAction {
    /// The Pods of a group are replaced by those of another: so many a second are deleted, and as many begin.
    Rollout {
        /// The second of the story at which it begins.
        t: f64,
        /// The group that is replaced.
        from: String,
        /// The group that replaces it.
        to: String,
        /// How many a second.
        per_second: f64,
        /// The grace in seconds; the spec's if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_seconds: Option<i64>,
    },
    /// Pods are deleted.
    Delete {
        /// The second of the story at which it begins.
        t: f64,
        /// Which Pods.
        #[serde(default)]
        of: Choice,
        /// The grace in seconds; the spec's if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_seconds: Option<i64>,
    },
    /// Pods are evicted by their nodes, as under pressure.
    Evict {
        /// The second of the story at which it begins.
        t: f64,
        /// Which Pods.
        #[serde(default)]
        of: Choice,
    },
    /// Nodes are lost, with all their Pods.
    LoseNodes {
        /// The second of the story at which it begins.
        t: f64,
        /// How many of all nodes, from 0 to 1.
        share: f64,
        /// Seconds after which they are back; never if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_seconds: Option<f64>,
    },
}

/// Which Pods something happens to.
///
/// ```
/// use pod_lifecycle::sim::Choice;
///
/// let some: Choice = serde_json::from_str(r#"{"group": "canary", "share": 0.25}"#)?;
/// assert_eq!(some, Choice { group: Some("canary".into()), share: 0.25, over_seconds: 0.0 });
/// assert_eq!(Choice::default(), serde_json::from_str("{}")?, "all Pods, at once");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// Those of this group; of all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How many of them, from 0 to 1.
    #[serde(default = "one")]
    pub share: f64,
    /// Over how many seconds it happens to them, each at its own moment.
    #[serde(default)]
    pub over_seconds: f64,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { group: None, share: 1.0, over_seconds: 0.0 }
    }
}

impl FleetScenario {
    /// One group of Pods that all play this scenario and begin at once.
    ///
    /// ```
    /// use pod_lifecycle::sim::{FleetScenario, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let web = Scenario::of(pod);
    /// assert_eq!(FleetScenario::of(web.clone()), FleetScenario::of_each([web]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(scenario: Scenario) -> FleetScenario {
        FleetScenario::of_each([scenario])
    }

    /// A group for each scenario; with as many Pods as scenarios, each has one.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Fleet, FleetScenario, Scenario};
    ///
    /// let pod = |name: &str| serde_json::from_value(serde_json::json!(
    ///     {"metadata": {"name": name}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}));
    /// let both = FleetScenario::of_each([Scenario::of(pod("web")?), Scenario::of(pod("db")?)]);
    /// assert_eq!((both.groups.len(), Fleet::new(&both, 2)?.scenario(1)?.pod.metadata.name.as_str()), (2, "db"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of_each(scenarios: impl IntoIterator<Item = Scenario>) -> FleetScenario {
        let group = |(number, scenario): (usize, Scenario)| Group {
            name: alloc::format!("{number}"),
            share: 1.0,
            begins_after_seconds: None,
            scenario,
        };
        FleetScenario {
            description: String::new(),
            seed: 0,
            start: None,
            pods_per_node: thirty(),
            groups: scenarios.into_iter().enumerate().map(group).collect(),
            registry_outages: Vec::new(),
            actions: Vec::new(),
        }
    }
}
