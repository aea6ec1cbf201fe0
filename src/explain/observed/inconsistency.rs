//! Where a status contradicts the rules, or itself: each case with a sentence and the path of the field.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::Serialize;

use crate::{
    api::{ConditionStatus, PodPhase},
    state::{ConditionReason, ConditionType},
};

/// A place where a status contradicts the rules, or itself.
///
/// ```
/// use pod_lifecycle::explain::{Inconsistency, ObservedPod};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Succeeded", "containerStatuses": [
///         {"name": "app", "ready": false, "restartCount": 0, "state": {"running": {}}}]}
/// }"#)?)?;
/// let found: &Inconsistency = &pod.inconsistencies()[0];
/// assert_eq!(found.field, "status.containerStatuses[0].state.running");
/// assert_eq!(serde_json::to_value(found)?["what"], "runsInTerminalPhase");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inconsistency {
    /// The path of the field: `status.conditions[1].status`.
    pub field: String,
    /// What is wrong there.
    #[serde(flatten)]
    pub what: Discrepancy,
}

impl fmt::Display for Inconsistency {
    /// The path of the field, and a sentence on what is wrong there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
}

/// What is wrong with a field of a status.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, explain::{Discrepancy, ObservedPod}};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/odd.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let found = pod.inconsistencies();
/// let phase = found.iter().find(|found| found.field == "status.phase").ok_or("the phase is right")?;
/// assert!(matches!(phase.what, Discrepancy::PhaseDiffers { expected: PodPhase::Pending, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Discrepancy {
    /// The phase is not what the containers make it.
    #[error("it is {}, but what is said of the containers makes it {expected}", shown(.published.as_ref()))]
    PhaseDiffers {
        /// The phase that was published; `None` if there is none.
        published: Option<PodPhase>,
        /// The phase that follows from the containers.
        expected: PodPhase,
    },
    /// Kubernetes has no phase of this name.
    #[error("{published:?} is no phase")]
    UnknownPhase {
        /// What stands there.
        published: String,
    },
    /// A container runs in a Pod that has ended.
    #[error("container {container} runs, although the Pod has {phase}{}", if *.by_pod_gc { ": the Pod garbage collector does not wait for the node" } else { "" })]
    RunsInTerminalPhase {
        /// The container's name.
        container: String,
        /// The phase in which nothing can run.
        phase: PodPhase,
        /// Whether the Pod garbage collector ended the Pod: it does not wait for the node.
        by_pod_gc: bool,
    },
    /// A condition's status is not what the containers and gates make it.
    #[error("{condition} is {published}, but {}", expectation(*.expected, *.reason, .because_of))]
    ConditionDiffers {
        /// The condition.
        condition: ConditionType,
        /// Its status as it was published.
        published: ConditionStatus,
        /// The status that follows.
        expected: ConditionStatus,
        /// Why, in one word.
        reason: Option<ConditionReason>,
        /// The containers or gates that are in the way of its being true.
        because_of: Vec<String>,
    },
    /// A condition is rightly false, but for another reason than it says.
    #[error("{condition} is rightly False, but because of {expected}, not of {published}")]
    ConditionReasonDiffers {
        /// The condition.
        condition: ConditionType,
        /// Its reason as it was published.
        published: String,
        /// The reason that follows.
        expected: ConditionReason,
    },
    /// A kubelet never gives one of its conditions this reason: somebody else wrote it.
    #[error("no kubelet gives {condition} the reason {reason}: somebody else wrote it")]
    ForeignReason {
        /// The condition.
        condition: ConditionType,
        /// The reason.
        reason: String,
    },
    /// A condition is True, False or Unknown, and nothing else.
    #[error("{condition} is {published:?}, which is none of True, False and Unknown")]
    UnknownConditionStatus {
        /// The condition's type.
        condition: String,
        /// What stands there.
        published: String,
    },
    /// A condition of this type stands there before: the first one counts.
    #[error("there is a condition {condition} before this one, which counts")]
    DuplicateCondition {
        /// The condition's type.
        condition: String,
    },
    /// The Pod has a node, and is said not to be scheduled.
    #[error("it says that no node has the Pod, but spec.nodeName is {node}")]
    ScheduledWithoutSayingSo {
        /// The node.
        node: String,
    },
    /// Containers are reported on, but the Pod has no node.
    #[error("a kubelet has reported on the Pod, but spec.nodeName is empty")]
    ReportedWithoutNode,
    /// The status is about a later spec than there is.
    #[error("it is about generation {observed} of the spec, and there are only {generation}")]
    GenerationAhead {
        /// The generation that the status is about.
        observed: i64,
        /// The generation of the object.
        generation: i64,
    },
    /// The spec has no such container in this list.
    #[error("the spec has no container {container} in this list")]
    UnknownContainer {
        /// The container's name.
        container: String,
    },
    /// A status of this container stands there before: the first one counts.
    #[error("there is a status of container {container} before this one, which counts")]
    DuplicateContainer {
        /// The container's name.
        container: String,
    },
    /// The others are reported on, this container is not.
    #[error("the other containers are reported on, container {container} is not")]
    NoStatus {
        /// The container's name.
        container: String,
    },
    /// A container is in one state at a time.
    #[error("container {container} is in several states at once")]
    SeveralStates {
        /// The container's name.
        container: String,
    },
    /// A container cannot have been restarted less than never.
    #[error("container {container} cannot have been restarted {restart_count} times")]
    NegativeRestartCount {
        /// The container's name.
        container: String,
        /// What stands there.
        restart_count: i32,
    },
    /// A container was restarted, and nothing is said of the run before.
    #[error("container {container} was restarted {}, but nothing is said of the run before", times(*.restart_count))]
    RestartsWithoutLastState {
        /// The container's name.
        container: String,
        /// How often it was restarted.
        restart_count: i32,
    },
    /// A container runs and had a run before, and was never restarted.
    #[error("container {container} runs and had a run before, but was never restarted")]
    LastStateWithoutRestart {
        /// The container's name.
        container: String,
    },
    /// A container that does not run counts as ready.
    #[error("container {container} counts as ready, but does not run")]
    ReadyWithoutRunning {
        /// The container's name.
        container: String,
    },
    /// A container that does not run counts as started.
    #[error("container {container} counts as started, but does not run")]
    StartedWithoutRunning {
        /// The container's name.
        container: String,
    },
    /// A run of a container ended before it began, or the present one began before the last had ended.
    #[error("container {container} began after it had ended")]
    EndsBeforeStart {
        /// The container's name.
        container: String,
    },
}

fn shown<T: fmt::Display>(value: Option<&T>) -> String {
    value.map_or_else(|| "missing".into(), ToString::to_string)
}

/// What a condition ought to be, and because of what.
fn expectation(expected: ConditionStatus, reason: Option<ConditionReason>, because_of: &[String]) -> String {
    let why = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let are = if because_of.len() == 1 { "is" } else { "are" };
    let fact = match reason {
        Some(ConditionReason::ContainersNotReady) => format!("{} {are} not ready", because_of.join(", ")),
        Some(ConditionReason::ContainersNotInitialized) => format!("{} {are} not done", because_of.join(", ")),
        Some(ConditionReason::ReadinessGatesNotReady) => format!("{} {are} not True", because_of.join(", ")),
        Some(reason) => format!("the reason is {reason}"),
        None => {
            let writer = "another than the kubelet wrote it, as the node controller does of a node that is silent";
            return format!("nothing in the status is in its way: it ought to be {expected}; {writer}");
        }
    };
    format!("{fact}: it ought to be {expected}{why}")
}

fn times(count: i32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}
