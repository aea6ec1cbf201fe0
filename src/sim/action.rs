//! Script actions: what users, controllers, the scheduler and the node do to a Pod.

use alloc::{boxed::Box, collections::BTreeMap, format, string::String};
use core::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    duration::{optional_seconds, seconds, to_grace_seconds},
    node::OtherPod,
};
use crate::{
    api::{self, ConditionStatus, Container, Name, PodPhase, ResourceList, ResourceRequirements, named},
    event::NodeEvent,
    object::PodResize,
    state::ConditionReason,
};

/// The kubelet's message of an eviction under memory pressure (`nodeLowMessageFmt` in pkg/kubelet/eviction, whose
/// sentences about single containers follow the space).
const LOW_ON_MEMORY: &str = "The node was low on resource: memory. ";

/// An action on the Pod at a time.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{ScriptAction, ScriptActionKind};
///
/// let action: ScriptAction = serde_json::from_str(r#"{"t": 30, "op": "delete", "graceSeconds": 5}"#)?;
/// assert_eq!(action.at, Duration::from_secs(30));
/// assert_eq!(action.kind, ScriptActionKind::Delete { grace: Some(Duration::from_secs(5)) });
///
/// let misspelt = serde_json::from_str::<ScriptAction>(r#"{"t": 30, "op": "delete", "graceSecond": 5}"#);
/// assert!(misspelt.unwrap_err().to_string().starts_with("unknown field `graceSecond`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScriptAction {
    /// Time since the start of the simulation.
    #[serde(rename = "t", with = "seconds")]
    pub at: Duration,
    /// The action, with its fields beside `t` in JSON and YAML.
    #[serde(flatten)]
    pub kind: ScriptActionKind,
}

/// An action of a user, a controller, the scheduler or the node on a Pod.
///
/// A simulation starts on a node, unless the manifest has scheduling gates or the script has an action from before.
/// A field that an action does not have is an error, even if another action has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ScriptActionKind {
    /// Delete the Pod through the API.
    Delete {
        /// Grace period; the spec's if left out.
        #[serde(rename = "graceSeconds", with = "optional_seconds")]
        grace: Option<Duration>,
    },
    /// Remove the Pod from the API at once.
    ForceDelete,
    /// Set a condition, as a controller does for a readiness gate.
    SetCondition {
        /// Type of the condition: `example.com/in-rotation`.
        condition: String,
        /// Its status: `True`, `False` or `Unknown`.
        status: api::ConditionStatus,
    },
    /// Remove a condition; one that is absent is no error.
    RemoveCondition {
        /// Type of the condition: `example.com/in-rotation`.
        condition: String,
    },
    /// Remove a finalizer: with the last one an object that was deleted with grace 0 is removed.
    RemoveFinalizer {
        /// The finalizer, one of the manifest's: `batch.kubernetes.io/job-tracking`.
        finalizer: String,
    },
    /// Restart the kubelet, once the sync under way has ended; containers keep running.
    KubeletRestart,
    /// Stop the kubelet, whatever it is doing: containers keep running, and nothing looks after them.
    KubeletStop,
    /// Start the kubelet again; it learns from the runtime what has happened meanwhile.
    KubeletStart,
    /// Evict the Pod from its node under pressure.
    Evict {
        /// Message; the kubelet's for memory pressure if left out.
        message: Option<String>,
        /// Longest grace period of a soft eviction; a hard one, which leaves 1 s, if left out.
        #[serde(rename = "graceSeconds", with = "optional_seconds")]
        grace: Option<Duration>,
    },
    /// Evict the Pod because it exceeds its own limit of local storage: that is no disruption.
    EvictOverLimit {
        /// Message of the eviction, which becomes `status.message`.
        message: String,
    },
    /// Preempt the Pod for a critical one.
    Preempt,
    /// Shut the node down gracefully: the kubelet stops the Pod within its grace period.
    Shutdown {
        /// Time that Pods of this priority have; the Pod's own grace period if left out.
        #[serde(rename = "graceSeconds", with = "optional_seconds")]
        grace: Option<Duration>,
    },
    /// Mark the Pod as the target of a disruption, before it is deleted.
    Disrupt {
        /// Reason of the condition `DisruptionTarget`.
        reason: ConditionReason,
        /// Message; that of Kubernetes itself if left out.
        message: String,
    },
    /// Have the node reject the Pod; only before it is bound.
    Reject {
        /// Reason of the kubelet's admission, such as `OutOfcpu`; it becomes `status.reason`.
        reason: String,
        /// Message of the admission, which becomes `status.message`.
        message: String,
    },
    /// Have the scheduler find no node; only before the Pod is bound.
    Unschedulable {
        /// Message of the scheduler: `0/3 nodes are available: 3 Insufficient memory.`
        message: String,
    },
    /// Bind the Pod to the node of the scenario, `config.nodeName`.
    Bind,
    /// Remove the scheduling gates.
    RemoveSchedulingGates,
    /// Make the node unreachable.
    NodeLost,
    /// Make the node reachable again.
    NodeRecovered,
    /// Make the network of the node not ready, as its runtime reports it.
    NetworkNotReady {
        /// Message of the runtime: `cni plugin not initialized`.
        message: String,
    },
    /// Make the network of the node ready again.
    NetworkReady,
    /// Change the image of a container.
    SetImage {
        /// Name of a regular or init container.
        container: String,
        /// Reference of the new image: `nginx:1.28`.
        image: String,
    },
    /// Set the active deadline of the Pod, or shorten it.
    SetDeadline {
        /// New `activeDeadlineSeconds`.
        #[serde(rename = "afterSeconds", with = "seconds")]
        after: Duration,
    },
    /// Have another client set the phase: a kubelet that runs the Pod writes its own again.
    SetPhase {
        /// Phase that it sets.
        phase: api::PodPhase,
    },
    /// Resize containers, or the Pod as a whole; a resize that the API server refuses changes nothing.
    Resize {
        /// The new resources.
        #[serde(flatten)]
        resize: PodResize,
        /// True if the kubelet is away, and sees it only after its next restart.
        unseen: bool,
    },
    /// Add an ephemeral container.
    AddEphemeralContainer {
        /// The container, as `kubectl debug` adds it.
        container: Box<api::Container>,
    },
    /// Change the resources that the node has for Pods; a Pod that runs is judged by them after a restart of the kubelet.
    NodeAllocatable {
        /// The resources: `cpu`, `memory`, `pods`.
        allocatable: ResourceList,
    },
    /// Change the labels of the node.
    NodeLabels {
        /// The labels, besides those of its name and its operating system.
        labels: BTreeMap<String, String>,
    },
    /// Remove another Pod from the node.
    OtherPodLeaves {
        /// Its name.
        name: String,
    },
    /// Have another Pod come to the node; it is not admitted if there is no room for it.
    OtherPodArrives {
        /// The Pod.
        pod: OtherPod,
    },
}

impl ScriptActionKind {
    /// True if it can only happen to a Pod that is not yet bound.
    pub(super) const fn comes_before_node(&self) -> bool {
        matches!(
            self,
            ScriptActionKind::Reject { .. }
                | ScriptActionKind::Unschedulable { .. }
                | ScriptActionKind::Bind
                | ScriptActionKind::RemoveSchedulingGates
        )
    }

    /// Returns the grace period that the action gives.
    pub(super) const fn grace(&self) -> Option<Duration> {
        match self {
            ScriptActionKind::Delete { grace }
            | ScriptActionKind::Evict { grace, .. }
            | ScriptActionKind::Shutdown { grace } => *grace,
            ScriptActionKind::ForceDelete
            | ScriptActionKind::SetCondition { .. }
            | ScriptActionKind::RemoveCondition { .. }
            | ScriptActionKind::RemoveFinalizer { .. }
            | ScriptActionKind::KubeletRestart
            | ScriptActionKind::KubeletStop
            | ScriptActionKind::KubeletStart
            | ScriptActionKind::SetDeadline { .. }
            | ScriptActionKind::SetPhase { .. }
            | ScriptActionKind::EvictOverLimit { .. }
            | ScriptActionKind::Preempt
            | ScriptActionKind::Disrupt { .. }
            | ScriptActionKind::Reject { .. }
            | ScriptActionKind::Unschedulable { .. }
            | ScriptActionKind::Bind
            | ScriptActionKind::RemoveSchedulingGates
            | ScriptActionKind::NodeLost
            | ScriptActionKind::NodeRecovered
            | ScriptActionKind::NetworkNotReady { .. }
            | ScriptActionKind::NetworkReady
            | ScriptActionKind::SetImage { .. }
            | ScriptActionKind::Resize { .. }
            | ScriptActionKind::AddEphemeralContainer { .. }
            | ScriptActionKind::NodeAllocatable { .. }
            | ScriptActionKind::NodeLabels { .. }
            | ScriptActionKind::OtherPodLeaves { .. }
            | ScriptActionKind::OtherPodArrives { .. } => None,
        }
    }

    /// Returns the event with which the node carries the action out, as a
    /// [`PodMachine`](crate::PodMachine) is given it; `None` if it is an action of a user, a controller or the scheduler.
    ///
    /// ```
    /// use pod_lifecycle::{event::NodeEvent, sim::ScriptActionKind};
    ///
    /// assert_eq!(ScriptActionKind::Preempt.node_event(), Some(NodeEvent::Preempted));
    /// assert_eq!(ScriptActionKind::Delete { grace: None }.node_event(), None);
    /// ```
    #[must_use]
    pub fn node_event(&self) -> Option<NodeEvent> {
        Some(match self {
            ScriptActionKind::Evict { message, grace } => NodeEvent::Evicted {
                message: message.as_deref().unwrap_or(LOW_ON_MEMORY).into(),
                // `None` is a hard eviction: the eviction manager overrides the Pod's own grace period by 1 s.
                grace_seconds: grace.map(to_grace_seconds),
                is_disruption: true,
            },
            // The eviction manager adds no `DisruptionTarget` here: the Pod itself is to blame, not the node.
            ScriptActionKind::EvictOverLimit { message } => {
                NodeEvent::Evicted { message: message.as_str().into(), grace_seconds: None, is_disruption: false }
            }
            ScriptActionKind::Preempt => NodeEvent::Preempted,
            ScriptActionKind::Shutdown { grace } => NodeEvent::ShutDown { grace_seconds: grace.map(to_grace_seconds) },
            ScriptActionKind::NetworkNotReady { message } => {
                NodeEvent::NetworkNotReady { message: message.as_str().into() }
            }
            ScriptActionKind::NetworkReady => NodeEvent::NetworkReady,
            ScriptActionKind::KubeletRestart
            | ScriptActionKind::KubeletStop
            | ScriptActionKind::KubeletStart
            | ScriptActionKind::SetDeadline { .. }
            | ScriptActionKind::SetPhase { .. }
            | ScriptActionKind::Delete { .. }
            | ScriptActionKind::ForceDelete
            | ScriptActionKind::SetCondition { .. }
            | ScriptActionKind::RemoveCondition { .. }
            | ScriptActionKind::Disrupt { .. }
            | ScriptActionKind::Reject { .. }
            | ScriptActionKind::Unschedulable { .. }
            | ScriptActionKind::Bind
            | ScriptActionKind::RemoveSchedulingGates
            | ScriptActionKind::NodeLost
            | ScriptActionKind::NodeRecovered
            | ScriptActionKind::SetImage { .. }
            | ScriptActionKind::Resize { .. }
            | ScriptActionKind::AddEphemeralContainer { .. }
            | ScriptActionKind::RemoveFinalizer { .. }
            | ScriptActionKind::NodeAllocatable { .. }
            | ScriptActionKind::NodeLabels { .. }
            | ScriptActionKind::OtherPodLeaves { .. }
            | ScriptActionKind::OtherPodArrives { .. } => return None,
        })
    }

    /// Returns the network of the node after the action: its message if it is not ready; `None` if the action changes
    /// nothing about it.
    pub(super) fn network_message(&self) -> Option<Option<&str>> {
        if let ScriptActionKind::NetworkNotReady { message } = self {
            return Some(Some(message));
        }
        (*self == ScriptActionKind::NetworkReady).then_some(None)
    }

    /// Returns the action's name in a scenario: its `op`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ScriptActionKind::Delete { .. } => "delete",
            ScriptActionKind::ForceDelete => "forceDelete",
            ScriptActionKind::SetCondition { .. } => "setCondition",
            ScriptActionKind::RemoveCondition { .. } => "removeCondition",
            ScriptActionKind::RemoveFinalizer { .. } => "removeFinalizer",
            ScriptActionKind::KubeletRestart => "kubeletRestart",
            ScriptActionKind::KubeletStop => "kubeletStop",
            ScriptActionKind::KubeletStart => "kubeletStart",
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
            ScriptActionKind::NetworkNotReady { .. } => "networkNotReady",
            ScriptActionKind::NetworkReady => "networkReady",
            ScriptActionKind::SetImage { .. } => "setImage",
            ScriptActionKind::SetDeadline { .. } => "setDeadline",
            ScriptActionKind::SetPhase { .. } => "setPhase",
            ScriptActionKind::Resize { .. } => "resize",
            ScriptActionKind::AddEphemeralContainer { .. } => "addEphemeralContainer",
            ScriptActionKind::NodeAllocatable { .. } => "nodeAllocatable",
            ScriptActionKind::NodeLabels { .. } => "nodeLabels",
            ScriptActionKind::OtherPodLeaves { .. } => "otherPodLeaves",
            ScriptActionKind::OtherPodArrives { .. } => "otherPodArrives",
        }
    }
}

// --- Reading ---
//
// serde overlooks unknown fields where it flattens, and where an action has no fields. So all fields are read first, and
// then handed to the action that they are of.

impl<'de> Deserialize<'de> for ScriptAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScriptAction, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let at = fields.t.take().ok_or_else(|| de::Error::missing_field("t"))?;
        Ok(ScriptAction { at, kind: fields.into_kind()? })
    }
}

impl<'de> Deserialize<'de> for ScriptActionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScriptActionKind, D::Error> {
        Fields::deserialize(deserializer)?.into_kind()
    }
}

named! {
    /// Name of an action in a script.
    enum Op {
        Delete = "delete",
        ForceDelete = "forceDelete",
        SetCondition = "setCondition",
        RemoveCondition = "removeCondition",
        RemoveFinalizer = "removeFinalizer",
        KubeletRestart = "kubeletRestart",
        KubeletStop = "kubeletStop",
        KubeletStart = "kubeletStart",
        Evict = "evict",
        EvictOverLimit = "evictOverLimit",
        Preempt = "preempt",
        Shutdown = "shutdown",
        Disrupt = "disrupt",
        Reject = "reject",
        Unschedulable = "unschedulable",
        Bind = "bind",
        RemoveSchedulingGates = "removeSchedulingGates",
        NodeLost = "nodeLost",
        NodeRecovered = "nodeRecovered",
        NetworkNotReady = "networkNotReady",
        NetworkReady = "networkReady",
        SetImage = "setImage",
        SetDeadline = "setDeadline",
        SetPhase = "setPhase",
        Resize = "resize",
        AddEphemeralContainer = "addEphemeralContainer",
        NodeAllocatable = "nodeAllocatable",
        NodeLabels = "nodeLabels",
        OtherPodLeaves = "otherPodLeaves",
        OtherPodArrives = "otherPodArrives",
    }
}

/// The fields of all actions; each action takes its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    #[serde(default, with = "optional_seconds")]
    t: Option<Duration>,
    op: Op,
    #[serde(rename = "graceSeconds", default, with = "optional_seconds")]
    grace: Option<Duration>,
    condition: Option<String>,
    status: Option<ConditionStatus>,
    finalizer: Option<String>,
    message: Option<String>,
    reason: Option<String>,
    container: Option<NameOrContainer>,
    image: Option<String>,
    allocatable: Option<ResourceList>,
    labels: Option<BTreeMap<String, String>>,
    name: Option<String>,
    pod: Option<OtherPod>,
    #[serde(rename = "afterSeconds", default, with = "optional_seconds")]
    after: Option<Duration>,
    phase: Option<PodPhase>,
    containers: Option<BTreeMap<String, ResourceRequirements>>,
    resources: Option<ResourceRequirements>,
    unseen: Option<bool>,
}

impl Fields {
    fn into_kind<E: de::Error>(mut self) -> Result<ScriptActionKind, E> {
        let kind = match self.op {
            Op::Delete => ScriptActionKind::Delete { grace: self.grace.take() },
            Op::ForceDelete => ScriptActionKind::ForceDelete,
            Op::SetCondition => ScriptActionKind::SetCondition {
                condition: required(&mut self.condition, "condition")?,
                status: required(&mut self.status, "status")?,
            },
            Op::RemoveCondition => {
                ScriptActionKind::RemoveCondition { condition: required(&mut self.condition, "condition")? }
            }
            Op::RemoveFinalizer => {
                ScriptActionKind::RemoveFinalizer { finalizer: required(&mut self.finalizer, "finalizer")? }
            }
            Op::KubeletRestart => ScriptActionKind::KubeletRestart,
            Op::KubeletStop => ScriptActionKind::KubeletStop,
            Op::KubeletStart => ScriptActionKind::KubeletStart,
            Op::Evict => ScriptActionKind::Evict { message: self.message.take(), grace: self.grace.take() },
            Op::EvictOverLimit => ScriptActionKind::EvictOverLimit { message: required(&mut self.message, "message")? },
            Op::Preempt => ScriptActionKind::Preempt,
            Op::Shutdown => ScriptActionKind::Shutdown { grace: self.grace.take() },
            Op::Disrupt => ScriptActionKind::Disrupt {
                reason: disruption(&required(&mut self.reason, "reason")?)?,
                message: self.message.take().unwrap_or_default(),
            },
            Op::Reject => ScriptActionKind::Reject {
                reason: required(&mut self.reason, "reason")?,
                message: self.message.take().unwrap_or_default(),
            },
            Op::Unschedulable => ScriptActionKind::Unschedulable { message: required(&mut self.message, "message")? },
            Op::Bind => ScriptActionKind::Bind,
            Op::RemoveSchedulingGates => ScriptActionKind::RemoveSchedulingGates,
            Op::NodeLost => ScriptActionKind::NodeLost,
            Op::NodeRecovered => ScriptActionKind::NodeRecovered,
            Op::NetworkNotReady => {
                ScriptActionKind::NetworkNotReady { message: required(&mut self.message, "message")? }
            }
            Op::NetworkReady => ScriptActionKind::NetworkReady,
            Op::SetImage => ScriptActionKind::SetImage {
                container: required(&mut self.container, "container")?.name()?,
                image: required(&mut self.image, "image")?,
            },
            Op::SetDeadline => ScriptActionKind::SetDeadline { after: required(&mut self.after, "afterSeconds")? },
            Op::SetPhase => ScriptActionKind::SetPhase { phase: required(&mut self.phase, "phase")? },
            Op::Resize => ScriptActionKind::Resize {
                resize: PodResize {
                    containers: self.containers.take().unwrap_or_default(),
                    resources: self.resources.take(),
                },
                unseen: self.unseen.take().unwrap_or(false),
            },
            Op::AddEphemeralContainer => ScriptActionKind::AddEphemeralContainer {
                container: required(&mut self.container, "container")?.container()?,
            },
            Op::NodeAllocatable => {
                ScriptActionKind::NodeAllocatable { allocatable: required(&mut self.allocatable, "allocatable")? }
            }
            Op::NodeLabels => ScriptActionKind::NodeLabels { labels: required(&mut self.labels, "labels")? },
            Op::OtherPodLeaves => ScriptActionKind::OtherPodLeaves { name: required(&mut self.name, "name")? },
            Op::OtherPodArrives => ScriptActionKind::OtherPodArrives { pod: required(&mut self.pod, "pod")? },
        };
        // The action has taken its fields: one that is left is misspelt, or is another action's.
        match self.left() {
            Some(field) => Err(E::custom(format!("unknown field `{field}`: `{}` has none of this name", self.op))),
            None => Ok(kind),
        }
    }

    /// Returns a field that is left over: the action has none of this name.
    fn left(&self) -> Option<&'static str> {
        let fields = [
            ("t", self.t.is_some()),
            ("graceSeconds", self.grace.is_some()),
            ("condition", self.condition.is_some()),
            ("status", self.status.is_some()),
            ("finalizer", self.finalizer.is_some()),
            ("message", self.message.is_some()),
            ("reason", self.reason.is_some()),
            ("container", self.container.is_some()),
            ("image", self.image.is_some()),
            ("allocatable", self.allocatable.is_some()),
            ("labels", self.labels.is_some()),
            ("name", self.name.is_some()),
            ("pod", self.pod.is_some()),
            ("afterSeconds", self.after.is_some()),
            ("phase", self.phase.is_some()),
            ("containers", self.containers.is_some()),
            ("resources", self.resources.is_some()),
            ("unseen", self.unseen.is_some()),
        ];
        fields.into_iter().find(|(_, is_left)| *is_left).map(|(field, _)| field)
    }
}

fn required<T, E: de::Error>(field: &mut Option<T>, name: &'static str) -> Result<T, E> {
    field.take().ok_or_else(|| E::missing_field(name))
}

fn disruption<E: de::Error>(reason: &str) -> Result<ConditionReason, E> {
    let known = ConditionReason::ALL.iter().copied().find(|known| known.name() == reason);
    known.ok_or_else(|| E::custom(format!("reason: {reason:?} is not the reason of a condition")))
}

/// The value of the field `container`: a name, or a whole container.
enum NameOrContainer {
    Name(String),
    Container(Box<Container>),
}

impl NameOrContainer {
    fn name<E: de::Error>(self) -> Result<String, E> {
        match self {
            NameOrContainer::Name(name) => Ok(name),
            NameOrContainer::Container(_) => Err(E::custom("container: expected a container's name")),
        }
    }

    fn container<E: de::Error>(self) -> Result<Box<Container>, E> {
        match self {
            NameOrContainer::Container(container) => Ok(container),
            NameOrContainer::Name(_) => Err(E::custom("container: expected a container")),
        }
    }
}

impl<'de> Deserialize<'de> for NameOrContainer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NameOrContainer, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = NameOrContainer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a container or the name of one")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<NameOrContainer, E> {
        Ok(NameOrContainer::Name(name.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NameOrContainer, A::Error> {
        Box::deserialize(MapAccessDeserializer::new(map)).map(NameOrContainer::Container)
    }
}
