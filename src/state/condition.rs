//! Pod conditions that the kubelet computes.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, Name, named},
    spec::ContainerIndex,
};

named! {
    /// Types of the conditions that the kubelet sets.
    #[non_exhaustive]
    pub enum ConditionType {
        /// The Pod has a sandbox with a network (KEP-3085).
        PodReadyToStartContainers = "PodReadyToStartContainers",
        /// All init containers have succeeded, and all sidecars have started.
        Initialized = "Initialized",
        /// The Pod may get traffic: its containers are ready and its readiness gates true.
        Ready = "Ready",
        /// Every container is ready.
        ContainersReady = "ContainersReady",
        /// The Pod is bound to a node.
        PodScheduled = "PodScheduled",
        /// All containers are being restarted in place (KEP-5532).
        AllContainersRestarting = "AllContainersRestarting",
        /// The Pod is about to be terminated by a disruption (KEP-3329).
        DisruptionTarget = "DisruptionTarget",
        /// A resize waits for room on the node, or can never be carried out there (KEP-1287).
        PodResizePending = "PodResizePending",
        /// A resize was accepted and is not yet carried out (KEP-1287).
        PodResizeInProgress = "PodResizeInProgress",
    }
}

named! {
    /// Reasons of conditions, the kubelet's and those of other components.
    #[non_exhaustive]
    pub enum ConditionReason {
        /// There are no container statuses.
        UnknownContainerStatuses = "UnknownContainerStatuses",
        /// Some init container has not succeeded, or some sidecar has not started.
        ContainersNotInitialized = "ContainersNotInitialized",
        /// Some container is not ready.
        ContainersNotReady = "ContainersNotReady",
        /// Some readiness gate is not true.
        ReadinessGatesNotReady = "ReadinessGatesNotReady",
        /// The Pod has succeeded.
        PodCompleted = "PodCompleted",
        /// The Pod has failed.
        PodFailed = "PodFailed",
        /// A container's exit restarts all of them.
        RestartAllContainersStarted = "RestartAllContainersStarted",
        /// Scheduling gates keep the Pod from being scheduled.
        SchedulingGated = "SchedulingGated",
        /// No node fits.
        Unschedulable = "Unschedulable",
        /// The kubelet terminates the Pod: node pressure, preemption by a critical Pod, or shutdown.
        TerminationByKubelet = "TerminationByKubelet",
        /// The Pod is evicted through the API.
        EvictionByEvictionApi = "EvictionByEvictionAPI",
        /// The scheduler makes room for a Pod of higher priority.
        PreemptionByScheduler = "PreemptionByScheduler",
        /// The Pod does not tolerate a taint of its node.
        DeletionByTaintManager = "DeletionByTaintManager",
        /// The Pod's node no longer exists.
        DeletionByPodGc = "DeletionByPodGC",
        /// The node has no room for a resize at present.
        Deferred = "Deferred",
        /// The node can never carry out a resize.
        Infeasible = "Infeasible",
        /// A resize could not be carried out, and is tried again.
        Error = "Error",
    }
}

impl ConditionType {
    /// True if other components set it too: the kubelet then writes it only if it has a reason of its own.
    ///
    /// Answers to `PodConditionSharedByKubelet` in `pkg/kubelet/types`.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        match self {
            ConditionType::DisruptionTarget => true,
            ConditionType::PodReadyToStartContainers
            | ConditionType::Initialized
            | ConditionType::Ready
            | ConditionType::ContainersReady
            | ConditionType::PodScheduled
            | ConditionType::AllContainersRestarting
            | ConditionType::PodResizePending
            | ConditionType::PodResizeInProgress => false,
        }
    }
}

/// True if the kubelet alone owns conditions of this type: it overwrites or removes what others write there.
///
/// False for `DisruptionTarget`, which several components set, see [`ConditionType::is_shared`].
///
/// Answers to `PodConditionByKubelet` in `pkg/kubelet/types`.
#[must_use]
pub fn is_owned_by_kubelet(condition_type: &str) -> bool {
    let mut computed = ConditionType::ALL.iter().filter(|kind| !kind.is_shared());
    computed.any(|kind| kind.name() == condition_type)
}

/// True for the conditions of an in-place resize (KEP-1287).
pub(crate) fn is_resize_condition(condition_type: &str) -> bool {
    [ConditionType::PodResizePending, ConditionType::PodResizeInProgress].iter().any(|it| it.name() == condition_type)
}

/// Condition without its times.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Status.
    pub status: ConditionStatus,
    /// Reason, if there is one.
    pub reason: Option<ConditionReason>,
    /// Message.
    pub message: ConditionMessage,
}

impl Condition {
    /// Creates a condition that is true or false, without a reason.
    #[must_use]
    pub fn plain(holds: bool) -> Condition {
        Condition { status: holds.into(), reason: None, message: ConditionMessage::None }
    }

    /// Creates a condition that is true or false, with a reason and no message.
    #[must_use]
    pub fn because(holds: bool, reason: ConditionReason) -> Condition {
        Condition { status: holds.into(), reason: Some(reason), message: ConditionMessage::None }
    }

    /// True if its status is `True`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == ConditionStatus::True
    }
}

/// Message of a condition. The text is formatted when a status is projected to the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConditionMessage {
    /// Empty message.
    None,
    /// These containers keep it from being true.
    Containers(Arc<UnmetContainers>),
    /// These readiness gates keep it from being true.
    Gates(Box<[GateFailure]>),
    /// A container's exit matched a rule.
    RestartRule,
    /// Message of another component.
    Text(Box<str>),
}

/// Containers that keep a condition from being true, in the order of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnmetContainers {
    /// Containers without a status.
    pub unknown: Vec<ContainerIndex>,
    /// Containers that are incomplete or unready.
    pub unmet: Vec<ContainerIndex>,
}

impl UnmetContainers {
    /// True if no container keeps the condition from being true.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.unmet.is_empty()
    }
}

/// Readiness gate that keeps a Pod from being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GateFailure {
    /// Place of the gate in the spec.
    pub gate: u16,
    /// Status of its condition; `None` if there is no such condition.
    pub status: Option<ConditionStatus>,
}

/// Conditions that the kubelet computes for a Pod.
///
/// ```
/// use pod_lifecycle::state::{Condition, ConditionReason, ConditionType, PodConditions};
///
/// let conditions = PodConditions {
///     ready_to_start_containers: Some(Condition::plain(true)),
///     initialized: Condition::plain(true),
///     ready: Condition::because(false, ConditionReason::ContainersNotReady),
///     containers_ready: Condition::because(false, ConditionReason::ContainersNotReady),
///     all_containers_restarting: None,
/// };
/// let unmet: Vec<_> = conditions.iter().filter(|(_, it)| !it.is_true()).map(|(kind, _)| kind).collect();
/// assert_eq!(unmet, [ConditionType::Ready, ConditionType::ContainersReady]);
/// assert!(conditions.get(ConditionType::PodScheduled).is_some_and(Condition::is_true), "the Pod is on a node");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodConditions {
    /// `PodReadyToStartContainers`; `None` with the feature gate `PodReadyToStartContainersCondition` off.
    pub ready_to_start_containers: Option<Condition>,
    /// `Initialized`.
    pub initialized: Condition,
    /// `Ready`.
    pub ready: Condition,
    /// `ContainersReady`.
    pub containers_ready: Condition,
    /// `AllContainersRestarting`; only if a container has a `RestartAllContainers` rule.
    pub all_containers_restarting: Option<Condition>,
}

impl PodConditions {
    /// Returns the conditions in the order of the API, `PodScheduled` among them: always true on a node.
    pub fn iter(&self) -> impl Iterator<Item = (ConditionType, &Condition)> {
        // A kubelet sees no Pod that is not bound to its node.
        const SCHEDULED: &Condition =
            &Condition { status: ConditionStatus::True, reason: None, message: ConditionMessage::None };
        let ready_to_start = self.ready_to_start_containers.as_ref();
        let always = [
            (ConditionType::Initialized, &self.initialized),
            (ConditionType::Ready, &self.ready),
            (ConditionType::ContainersReady, &self.containers_ready),
            (ConditionType::PodScheduled, SCHEDULED),
        ];
        let restarting = self.all_containers_restarting.as_ref();
        let ready_to_start = ready_to_start.map(|condition| (ConditionType::PodReadyToStartContainers, condition));
        ready_to_start
            .into_iter()
            .chain(always)
            .chain(restarting.map(|condition| (ConditionType::AllContainersRestarting, condition)))
    }

    /// Returns the condition of a type, if the kubelet sets it.
    #[must_use]
    pub fn get(&self, condition_type: ConditionType) -> Option<&Condition> {
        self.iter().find(|(other, _)| *other == condition_type).map(|(_, condition)| condition)
    }
}
