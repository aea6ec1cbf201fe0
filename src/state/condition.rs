//! What has come true of a Pod, or has not.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, Name, named},
    spec::ContainerIndex,
};

named! {
    /// The conditions that the kubelet sets.
    ///
    /// ```
    /// use pod_lifecycle::state::ConditionType;
    ///
    /// assert_eq!("ContainersReady".parse::<ConditionType>(), Ok(ConditionType::ContainersReady));
    /// ```
    #[non_exhaustive]
    pub enum ConditionType {
        /// The Pod has a sandbox with a network.
        PodReadyToStartContainers = "PodReadyToStartContainers",
        /// All init containers have done their part.
        Initialized = "Initialized",
        /// The Pod may get traffic.
        Ready = "Ready",
        /// Every container is ready.
        ContainersReady = "ContainersReady",
        /// A node has the Pod.
        PodScheduled = "PodScheduled",
        /// All containers are being restarted in place.
        AllContainersRestarting = "AllContainersRestarting",
        /// The Pod is about to be ended by a disruption.
        DisruptionTarget = "DisruptionTarget",
    }
}

named! {
    /// Why a condition has its status.
    ///
    /// ```
    /// use pod_lifecycle::state::ConditionReason;
    ///
    /// assert_eq!("PodCompleted".parse::<ConditionReason>(), Ok(ConditionReason::PodCompleted));
    /// ```
    #[non_exhaustive]
    pub enum ConditionReason {
        /// Nothing is known of the containers.
        UnknownContainerStatuses = "UnknownContainerStatuses",
        /// Some init container has not done its part.
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
        /// Gates keep the Pod from being scheduled.
        SchedulingGated = "SchedulingGated",
        /// No node fits.
        Unschedulable = "Unschedulable",
        /// The kubelet ends the Pod: node pressure or shutdown.
        TerminationByKubelet = "TerminationByKubelet",
        /// Somebody evicts the Pod through the API.
        EvictionByEvictionApi = "EvictionByEvictionAPI",
        /// The scheduler makes room for a more important Pod.
        PreemptionByScheduler = "PreemptionByScheduler",
        /// The Pod does not tolerate a taint of its node.
        DeletionByTaintManager = "DeletionByTaintManager",
        /// The Pod's node is gone.
        DeletionByPodGc = "DeletionByPodGC",
    }
}

impl ConditionType {
    /// Whether others set it, too: the kubelet then writes its own reason over theirs, and leaves theirs alone
    /// otherwise.
    ///
    /// Answers to `PodConditionSharedByKubelet` in `pkg/kubelet/types`.
    ///
    /// ```
    /// use pod_lifecycle::state::ConditionType;
    ///
    /// assert!(ConditionType::DisruptionTarget.is_shared());
    /// assert!(!ConditionType::Ready.is_shared());
    /// ```
    #[must_use]
    pub const fn is_shared(self) -> bool {
        match self {
            ConditionType::DisruptionTarget => true,
            ConditionType::PodReadyToStartContainers
            | ConditionType::Initialized
            | ConditionType::Ready
            | ConditionType::ContainersReady
            | ConditionType::PodScheduled
            | ConditionType::AllContainersRestarting => false,
        }
    }
}

/// Whether a condition of this type is the kubelet's alone: what others write there, it writes over or takes away.
///
/// `DisruptionTarget` is none of these: every owner may set it, see [`ConditionType::is_shared`].
///
/// Answers to `PodConditionByKubelet` in `pkg/kubelet/types`.
///
/// ```
/// use pod_lifecycle::state::is_owned_by_kubelet;
///
/// assert!(is_owned_by_kubelet("Ready"));
/// assert!(is_owned_by_kubelet("PodResizePending"));
/// assert!(!is_owned_by_kubelet("DisruptionTarget"));
/// assert!(!is_owned_by_kubelet("example.com/load-balancer-attached"));
/// ```
#[must_use]
pub fn is_owned_by_kubelet(condition_type: &str) -> bool {
    let mut computed = ConditionType::ALL.iter().filter(|kind| !kind.is_shared());
    is_resize_condition(condition_type) || computed.any(|kind| kind.name() == condition_type)
}

/// Whether a condition tells how a resize of a running Pod stands (KEP-1287): the kubelet's too, but not computed here.
pub(crate) fn is_resize_condition(condition_type: &str) -> bool {
    const RESIZE: [&str; 2] = ["PodResizePending", "PodResizeInProgress"];
    RESIZE.contains(&condition_type)
}

/// A condition without its times.
///
/// ```
/// use pod_lifecycle::state::{Condition, ConditionReason};
///
/// let unready = Condition::because(false, ConditionReason::ContainersNotReady);
/// assert!(!unready.is_true() && Condition::plain(true).is_true());
/// assert_eq!(Condition::plain(true).reason, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: Option<ConditionReason>,
    /// Why, for people.
    pub message: ConditionMessage,
}

impl Condition {
    /// A condition that holds, or does not, without a word why.
    #[must_use]
    pub fn plain(holds: bool) -> Condition {
        Condition { status: holds.into(), reason: None, message: ConditionMessage::None }
    }

    /// A condition with a reason and no message.
    #[must_use]
    pub fn because(holds: bool, reason: ConditionReason) -> Condition {
        Condition { status: holds.into(), reason: Some(reason), message: ConditionMessage::None }
    }

    /// Whether it is known to hold.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == ConditionStatus::True
    }
}

/// What a condition has to say; the text is made when a status is.
///
/// ```
/// use pod_lifecycle::state::{Condition, ConditionMessage};
///
/// assert_eq!(Condition::plain(true).message, ConditionMessage::None);
/// let theirs = ConditionMessage::Text("no load balancer left".into());
/// assert_ne!(theirs, ConditionMessage::RestartRule);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConditionMessage {
    /// The reason says it all.
    None,
    /// These containers keep it from being true.
    Containers(Arc<UnmetContainers>),
    /// These readiness gates keep it from being true.
    Gates(Box<[GateFailure]>),
    /// A container's exit matched a rule.
    RestartRule,
    /// What somebody else said.
    Text(Box<str>),
}

/// Containers that keep a condition from being true, in the order of the spec.
///
/// ```
/// use pod_lifecycle::state::UnmetContainers;
///
/// assert!(UnmetContainers::default().is_empty());
/// assert!(!UnmetContainers { unknown: vec![], unmet: vec![0.into()] }.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnmetContainers {
    /// Those without a status.
    pub unknown: Vec<ContainerIndex>,
    /// Those that are not there yet: incomplete or unready.
    pub unmet: Vec<ContainerIndex>,
}

impl UnmetContainers {
    /// Whether no container is in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.unmet.is_empty()
    }
}

/// A readiness gate that keeps a Pod from being ready.
///
/// ```
/// use pod_lifecycle::{api::ConditionStatus, state::{ConditionMessage, GateFailure}};
///
/// let refused = GateFailure { gate: 0, status: Some(ConditionStatus::False) };
/// let missing = GateFailure { gate: 1, status: None };
/// assert!(matches!(ConditionMessage::Gates([refused, missing].into()), ConditionMessage::Gates(gates) if gates.len() == 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateFailure {
    /// The gate's place in the spec.
    pub gate: u16,
    /// The status of its condition; `None` if there is no such condition.
    pub status: Option<ConditionStatus>,
}

/// The conditions that the kubelet sets on a Pod.
///
/// ```
/// use pod_lifecycle::state::{Condition, ConditionReason, ConditionType, PodConditions};
///
/// let conditions = PodConditions {
///     ready_to_start_containers: Condition::plain(true),
///     initialized: Condition::plain(true),
///     ready: Condition::because(false, ConditionReason::ContainersNotReady),
///     containers_ready: Condition::because(false, ConditionReason::ContainersNotReady),
///     all_containers_restarting: None,
/// };
/// let unmet: Vec<_> = conditions.iter().filter(|(_, it)| !it.is_true()).map(|(kind, _)| kind).collect();
/// assert_eq!(unmet, [ConditionType::Ready, ConditionType::ContainersReady]);
/// assert!(conditions.get(ConditionType::PodScheduled).is_some_and(Condition::is_true), "a kubelet has the PodMachine");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodConditions {
    /// The Pod has a sandbox with a network.
    pub ready_to_start_containers: Condition,
    /// All init containers have done their part.
    pub initialized: Condition,
    /// The Pod may get traffic.
    pub ready: Condition,
    /// Every container is ready.
    pub containers_ready: Condition,
    /// All containers are being restarted in place; only of a Pod that could do so.
    pub all_containers_restarting: Option<Condition>,
}

impl PodConditions {
    /// The conditions in the order of the API status, `PodScheduled` among them: a kubelet has the Pod.
    pub fn iter(&self) -> impl Iterator<Item = (ConditionType, &Condition)> {
        const SCHEDULED: &Condition =
            &Condition { status: ConditionStatus::True, reason: None, message: ConditionMessage::None };
        let always = [
            (ConditionType::PodReadyToStartContainers, &self.ready_to_start_containers),
            (ConditionType::Initialized, &self.initialized),
            (ConditionType::Ready, &self.ready),
            (ConditionType::ContainersReady, &self.containers_ready),
            (ConditionType::PodScheduled, SCHEDULED),
        ];
        let restarting = self.all_containers_restarting.as_ref();
        always.into_iter().chain(restarting.map(|condition| (ConditionType::AllContainersRestarting, condition)))
    }

    /// The condition of a type, if the kubelet has set it.
    #[must_use]
    pub fn get(&self, condition_type: ConditionType) -> Option<&Condition> {
        self.iter().find(|(other, _)| *other == condition_type).map(|(_, condition)| condition)
    }
}
