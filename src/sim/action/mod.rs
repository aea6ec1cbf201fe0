//! What others do to a Pod, as a script says it.

mod read;

use alloc::{boxed::Box, string::String};

use serde::Serialize;

use crate::{api, state::ConditionReason};

/// Something that others do to the Pod.
///
/// ```
/// use pod_lifecycle::sim::{ScriptAction, ScriptActionKind};
///
/// let action: ScriptAction = serde_json::from_str(r#"{"t": 30, "op": "delete", "graceSeconds": 5}"#)?;
/// assert_eq!(action, ScriptAction { t: 30.0, kind: ScriptActionKind::Delete { grace_seconds: Some(5) } });
///
/// let misspelt = serde_json::from_str::<ScriptAction>(r#"{"t": 30, "op": "delete", "graceSecond": 5}"#);
/// assert!(misspelt.unwrap_err().to_string().starts_with("unknown field `graceSecond`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScriptAction {
    /// When, in seconds.
    pub t: f64,
    /// What is done.
    #[serde(flatten)]
    pub kind: ScriptActionKind,
}

/// What others do to a Pod.
///
/// A life begins on a node, unless the manifest has scheduling gates or the script says what happens before. A field that
/// an action does not have is an error, also where another has it.
///
/// ```
/// use pod_lifecycle::sim::{ScriptAction, ScriptActionKind};
///
/// let action: ScriptAction = serde_json::from_str(r#"{"t": 30, "op": "delete", "graceSeconds": 5}"#)?;
/// assert_eq!(action.kind, ScriptActionKind::Delete { grace_seconds: Some(5) });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ScriptActionKind {
    /// Delete it through the API.
    Delete {
        /// The grace in seconds; the spec's if left out.
        grace_seconds: Option<i64>,
    },
    /// Remove it from the API at once.
    ForceDelete,
    /// Set a condition.
    SetCondition {
        /// Its type.
        condition: String,
        /// Its status.
        status: api::ConditionStatus,
    },
    /// Take a condition away.
    RemoveCondition {
        /// Its type.
        condition: String,
    },
    /// Take a finalizer away.
    RemoveFinalizer {
        /// The finalizer.
        finalizer: String,
    },
    /// Restart the kubelet.
    KubeletRestart,
    /// The node evicts it under pressure.
    Evict {
        /// Why; the kubelet's words for memory pressure if left out.
        message: Option<String>,
        /// The longest grace in seconds of a soft eviction; a hard one, which leaves 1 s, if left out.
        grace_seconds: Option<i64>,
    },
    /// The node evicts it because it uses more local storage than it may: that is no disruption.
    EvictOverLimit {
        /// Why, for people.
        message: String,
    },
    /// A critical Pod needs the room.
    Preempt,
    /// The node shuts down.
    Shutdown {
        /// Seconds that Pods of this priority have; the Pod's own grace if left out.
        grace_seconds: Option<i64>,
    },
    /// Somebody marks it as the target of a disruption, and is about to delete it.
    Disrupt {
        /// Who: a `DisruptionTarget` reason.
        reason: ConditionReason,
        /// Why, for people; what Kubernetes itself says if left out.
        message: String,
    },
    /// The node refuses it; only before it is bound.
    Reject {
        /// Why, in one word.
        reason: String,
        /// Why, for people.
        message: String,
    },
    /// The scheduler finds no node; only before it is bound.
    Unschedulable {
        /// Why, for people.
        message: String,
    },
    /// The scheduler finds a node for it.
    Bind,
    /// The gates that keep it from being scheduled are removed.
    RemoveSchedulingGates,
    /// The node cannot be reached.
    NodeLost,
    /// The node is back.
    NodeRecovered,
    /// A container's image is changed.
    SetImage {
        /// The container's name.
        container: String,
        /// The new image.
        image: String,
    },
    /// An ephemeral container is added.
    AddEphemeralContainer {
        /// The container.
        container: Box<api::Container>,
    },
}

impl ScriptActionKind {
    /// Whether this can only happen to a Pod that no node has yet.
    pub(super) const fn comes_before_node(&self) -> bool {
        matches!(
            self,
            ScriptActionKind::Reject { .. }
                | ScriptActionKind::Unschedulable { .. }
                | ScriptActionKind::Bind
                | ScriptActionKind::RemoveSchedulingGates
        )
    }

    /// The action's name in a scenario: its `op`.
    ///
    /// ```
    /// use pod_lifecycle::sim::ScriptActionKind;
    ///
    /// assert_eq!(ScriptActionKind::ForceDelete.name(), "forceDelete");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ScriptActionKind::Delete { .. } => "delete",
            ScriptActionKind::ForceDelete => "forceDelete",
            ScriptActionKind::SetCondition { .. } => "setCondition",
            ScriptActionKind::RemoveCondition { .. } => "removeCondition",
            ScriptActionKind::RemoveFinalizer { .. } => "removeFinalizer",
            ScriptActionKind::KubeletRestart => "kubeletRestart",
            ScriptActionKind::Evict { .. } => "evict",
            ScriptActionKind::EvictOverLimit { .. } => "evictOverLimit",
            ScriptActionKind::Preempt => "preempt",
            ScriptActionKind::Shutdown { .. } => "shutdown",
            ScriptActionKind::Disrupt { .. } => "disrupt",
            ScriptActionKind::Reject { .. } => "reject",
            ScriptActionKind::Unschedulable { .. } => "unschedulable",
            ScriptActionKind::Bind => "bind",
            ScriptActionKind::RemoveSchedulingGates => "removeSchedulingGates",
            ScriptActionKind::NodeLost => "nodeLost",
            ScriptActionKind::NodeRecovered => "nodeRecovered",
            ScriptActionKind::SetImage { .. } => "setImage",
            ScriptActionKind::AddEphemeralContainer { .. } => "addEphemeralContainer",
        }
    }
}
