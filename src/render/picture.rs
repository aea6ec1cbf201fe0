//! Picture: the content of a drawing in the words of Kubernetes, without coordinates or colours.

use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::{axis::Axis, lane::Lane, words};
use crate::{
    action::EventType,
    api::{ConditionStatus, Name, Named, PodPhase},
    time::Timestamp,
};

/// Life of a Pod, read from its [`Timeline`](crate::sim::Timeline), ready to be drawn or asserted on.
///
/// ```
/// use pod_lifecycle::{render::Picture, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"endSeconds": 60, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let app = picture.lane("app").ok_or("no such lane")?;
/// assert_eq!((app.runs.len(), picture.restarts()), (4, 3));
/// assert_eq!(picture.phase.last().map(|span| span.what.value.as_str()), Some("Running"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    // --- The Pod ---
    /// Pod name.
    pub name: String,
    /// Pod namespace.
    pub namespace: String,
    // --- Time ---
    /// Start of the scenario.
    pub start: Timestamp,
    /// End of the scenario.
    pub end: Timestamp,
    /// True if the kubelet had finished the Pod at the end.
    pub is_finished: bool,
    /// Time at which the API object was removed.
    pub removed_at: Option<Timestamp>,
    /// Time axis. For a finished Pod it reaches a little beyond the end.
    pub axis: Axis,
    // --- Rows ---
    /// Published phases.
    pub phase: Vec<Span<StatusValue<PodPhase>>>,
    /// Published conditions, in the order in which they usually become true.
    pub conditions: Vec<ConditionTrack>,
    /// Actions on the Pod and its node, by time.
    pub actions: Vec<Timed<PodAction>>,
    /// Containers: init containers and sidecars, then regular ones, then ephemeral ones.
    pub lanes: Vec<Lane>,
    /// Kubernetes events, in the order in which they were first recorded.
    pub events: Vec<EventMarker>,
}

impl Picture {
    /// Returns the lane of a container.
    #[must_use]
    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// Returns the track of a condition type.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&ConditionTrack> {
        self.conditions.iter().find(|track| track.name == name)
    }

    /// True if a condition has one status from the first published status to the end.
    #[must_use]
    pub fn is_constant(&self, track: &ConditionTrack) -> bool {
        let first = self.phase.first().map(|phase| phase.from);
        matches!(track.spans.as_slice(), [only] if Some(only.from) <= first && only.to >= self.axis.end())
    }

    /// Returns `namespace/name`, or the name alone.
    pub(super) fn title(&self) -> String {
        match &*self.namespace {
            "" => self.name.clone(),
            namespace => alloc::format!("{namespace}/{}", self.name),
        }
    }

    /// Returns the number of restarts of all containers.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.restarts()))
    }
}

/// Value with its start and end.
///
/// ```
/// use pod_lifecycle::{Timestamp, render::Span};
///
/// let span = Span { from: Timestamp::from_unix_seconds(10), to: Timestamp::from_unix_seconds(20), what: "Running" };
/// assert!(span.contains(Timestamp::from_unix_seconds(10)));
/// assert!(!span.contains(Timestamp::from_unix_seconds(20)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<T> {
    /// Start.
    pub from: Timestamp,
    /// End, which is not part of the span.
    pub to: Timestamp,
    /// Value.
    pub what: T,
}

impl<T> Span<T> {
    /// True if the time is in the span.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        // Half open: at the border of two spans only the second one counts.
        self.from <= at && at < self.to
    }
}

/// Value with the time at which it occurred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<T> {
    /// Time.
    pub at: Timestamp,
    /// Value.
    pub what: T,
}

/// Phase or condition status, with its reason.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, render::StatusValue};
///
/// let phase = StatusValue { value: PodPhase::Failed.into(), reason: "Evicted".into() };
/// assert_eq!(phase.to_string(), "Failed: Evicted");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusValue<T> {
    /// Value.
    pub value: Named<T>,
    /// Reason; may be empty.
    pub reason: String,
}

impl<T: Name> fmt::Display for StatusValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.reason {
            "" => f.write_str(self.value.as_str()),
            reason => write!(f, "{}: {reason}", self.value),
        }
    }
}

/// Status of one condition over time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionTrack {
    /// Condition type.
    pub name: String,
    /// Status, while the condition exists.
    pub spans: Vec<Span<StatusValue<ConditionStatus>>>,
}

/// Action on a Pod, or on its node.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::render::PodAction;
///
/// assert_eq!(PodAction::Scripted("forceDelete".into()).to_string(), "force delete");
/// let grace = Some(Duration::from_secs(30));
/// assert_eq!(PodAction::Terminating { grace }.to_string(), "Terminating, 30s grace");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodAction {
    /// Action of the script, by its `op`: `delete`, `evict`, `nodeLost`.
    Scripted(String),
    /// The sandbox died, and its containers with it.
    SandboxDied,
    /// The kubelet restarted.
    KubeletRestarted,
    /// The pod worker began to stop the containers of a Pod that is not deleted: evicted, past its deadline.
    Stopping {
        /// Grace period override of an eviction.
        grace: Option<Duration>,
    },
    /// The pod worker began to terminate a Pod that was deleted.
    Terminating {
        /// Grace period override of the deletion.
        grace: Option<Duration>,
    },
    /// The API object was removed.
    Removed,
}

impl fmt::Display for PodAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PodAction::Scripted(name) => f.write_str(&words::of_camel_case(name)),
            PodAction::SandboxDied => f.write_str("sandbox died"),
            PodAction::KubeletRestarted => f.write_str("kubelet restarted"),
            PodAction::Stopping { grace: Some(grace) } => {
                write!(f, "kubelet stops the Pod, {}s grace", grace.as_secs())
            }
            PodAction::Stopping { grace: None } => f.write_str("kubelet stops the Pod"),
            PodAction::Terminating { grace: Some(grace) } => write!(f, "Terminating, {}s grace", grace.as_secs()),
            PodAction::Terminating { grace: None } => f.write_str("Terminating"),
            PodAction::Removed => f.write_str("object removed"),
        }
    }
}

/// Kubernetes event, recorded once or several times.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventMarker {
    /// Event type.
    pub type_: EventType,
    /// Reason.
    pub reason: String,
    /// Container of `involvedObject.fieldPath`; `None` for an event of the Pod.
    pub container: Option<String>,
    /// Message.
    pub message: String,
    /// Times at which it was recorded; never empty.
    pub times: Vec<Timestamp>,
}
