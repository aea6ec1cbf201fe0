//! Why a fleet cannot be played.

use alloc::{boxed::Box, string::String};

use crate::sim::{DistributionError, ScenarioError};

/// Why a fleet cannot be played; all but [`FleetError::Pod`] are found before anything is started.
///
/// ```
/// use pod_lifecycle::sim::{Fleet, FleetScenario};
///
/// let scenario: FleetScenario = serde_json::from_str(r#"{
///     "groups": [{"name": "web", "scenario": {"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}}}],
///     "actions": [{"op": "rollout", "t": 60, "from": "web", "to": "web2", "perSecond": -1}]
/// }"#)?;
/// let error = Fleet::new(&scenario, 10).unwrap_err();
/// assert_eq!(error.to_string(), r#"actions[0].to: there is no group "web2", there is web"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// A group's scenario cannot be played.
    #[error("groups[{group}].scenario.{error}")]
    Scenario {
        /// The group's name.
        group: String,
        /// Why it cannot.
        error: Box<ScenarioError>,
    },
    /// A distribution is none.
    #[error("{field}.{error}")]
    Distribution {
        /// The path of the field.
        field: String,
        /// What is wrong with it.
        error: DistributionError,
    },
    /// No group is called so.
    #[error("{field}: there is no group {name:?}, there is {there}")]
    NoSuchGroup {
        /// The path of the field.
        field: String,
        /// The name.
        name: String,
        /// The names that there are, with commas between them.
        there: String,
    },
    /// A number that cannot be.
    #[error("{field}: {value} {wrong}")]
    BadNumber {
        /// The path of the field.
        field: String,
        /// What stands there.
        value: f64,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// Two groups have one name, or a group gets its Pods from two rollouts, or has some already.
    #[error("{field}: {name:?} {wrong}")]
    Twice {
        /// The path of the field.
        field: String,
        /// The group's name.
        name: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// No group has any Pods.
    #[error("groups: no group has a share of the Pods")]
    NoShare,
    /// There are fewer shards than this one's number says.
    #[error("shard {index} of {of}: there is none, they are counted from 0")]
    NoSuchShard {
        /// Its number.
        index: u64,
        /// How many there are.
        of: u64,
    },
    /// There is not that much memory.
    #[error("{pods} Pods: they need about {bytes} bytes of memory, which cannot be had")]
    TooMany {
        /// How many Pods.
        pods: u64,
        /// How much they need, in bytes.
        bytes: u64,
    },
    /// There is no Pod of this number in the fleet.
    #[error("Pod {number}: the fleet has {pods}, counted from 0")]
    NoSuchPod {
        /// Its number.
        number: u64,
        /// How many there are.
        pods: u64,
    },
    /// Something in the life of a Pod cannot happen.
    #[error("Pod {number}: {error}")]
    Pod {
        /// Its number.
        number: u64,
        /// What, and why it cannot.
        error: Box<ScenarioError>,
    },
}
