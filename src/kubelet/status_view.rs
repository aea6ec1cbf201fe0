//! Status view: the published status of a Pod, the parts of it that no rule computes, and the transitions that it
//! makes.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::runtime_manager::RuntimeManager;
use crate::{
    action::ContainerStateKind,
    api::{ConditionStatus, PodCondition, PodPhase},
    rule::{conditions, pod_status::PodRecord},
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType, ContainerRecord, InstanceId, ResourceStatus},
    time::Timestamp,
};

/// Status of a Pod as the kubelet publishes it, without formatted strings.
///
/// A sink receives it with each status that is written:
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{PodMachine, StatusView, Sink, Timestamp, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec};
///
/// /// Collects the phases.
/// #[derive(Default)]
/// struct Phases(Vec<PodPhase>);
///
/// impl Sink for Phases {
///     fn published(&mut self, _: Timestamp, status: &StatusView<'_>) {
///         assert_eq!((status.spec().name(), status.reason()), ("web", ("", "")));
///         assert_eq!((status.observed_generation(), status.readiness_generation()), (4, 4));
///         assert!(status.external_conditions().is_empty() && status.start_time().is_some());
///         assert_eq!((status.containers().len(), status.conditions().len()), (1, 5));
///         self.0.push(status.phase());
///     }
/// }
/// # let manifest: api::PodManifest = serde_json::from_str(r#"{
/// #     "metadata": {"name": "web", "generation": 4}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
/// let mut phases = Phases::default();
/// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut phases);
/// assert_eq!(phases.0, [PodPhase::Pending]);
/// assert_eq!(pod.published().former_image(0.into(), 0.into()), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StatusView<'a> {
    pub(super) spec: &'a PodSpec,
    pub(super) phase: PodPhase,
    pub(super) reason: Option<&'a StatusReason>,
    pub(super) record: &'a PodRecord,
    pub(super) transition_times: &'a TransitionTimes,
    pub(super) start_time: Option<Timestamp>,
    pub(super) generations: Generations,
    pub(super) shows_pod_ips: bool,
    pub(super) external_conditions: &'a [PodCondition],
    pub(super) runtime_manager: &'a RuntimeManager,
}

impl<'a> StatusView<'a> {
    /// Returns the spec that the last sync used.
    #[must_use]
    pub fn spec(&self) -> &'a PodSpec {
        self.spec
    }

    /// Returns the published phase.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.phase
    }

    /// Returns `status.reason` and `status.message`; both are empty unless the kubelet sets them.
    #[must_use]
    pub fn reason(&self) -> (&'a str, &'a str) {
        self.reason.map_or(("", ""), |it| (&it.reason, &it.message))
    }

    /// Returns the conditions of other owners, as the kubelet knows them from the API, and the kubelet's own
    /// `DisruptionTarget`, which every owner may set.
    #[must_use]
    pub fn external_conditions(&self) -> &'a [PodCondition] {
        self.external_conditions
    }

    /// Returns the container statuses by container index; `None` for a container without one.
    #[must_use]
    pub fn containers(&self) -> &'a [Option<ContainerRecord>] {
        &self.record.records
    }

    /// Returns `status.startTime`: when the kubelet acknowledged the Pod.
    #[must_use]
    pub fn start_time(&self) -> Option<Timestamp> {
        self.start_time
    }

    /// True if the status shows the addresses of the Pod: a status of a sync that began before there was a sandbox does
    /// not.
    #[must_use]
    pub fn shows_pod_ips(&self) -> bool {
        self.shows_pod_ips
    }

    /// Returns `status.observedGeneration`; 0 before the kubelet has computed a status.
    #[must_use]
    pub fn observed_generation(&self) -> i64 {
        self.generations.status
    }

    /// Returns the `observedGeneration` of `Ready` and `ContainersReady`, which a probe's result recomputes between two
    /// syncs.
    #[must_use]
    pub fn readiness_generation(&self) -> i64 {
        self.generations.readiness
    }

    /// Returns the resources of the Pod and its containers; `None` where the kubelet does not know its node
    /// ([`KubeletConfig::node`](crate::config::KubeletConfig)).
    #[must_use]
    pub fn resources(&self) -> Option<&'a ResourceStatus> {
        self.record.resources.as_deref()
    }

    /// Returns the image that an instance was created with, if the spec has had another one since.
    #[must_use]
    pub fn former_image(&self, container: ContainerIndex, instance: InstanceId) -> Option<&'a str> {
        self.runtime_manager.former_image(container, instance)
    }

    /// True if the Pod is published as `Ready`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        // The API shows Ready=False for a Pod with a terminal phase, even if its containers were ready.
        !self.phase.is_terminal() && self.record.conditions.ready.is_true()
    }

    /// Returns the kubelet's conditions in the order of the API status, each with its last transition time.
    #[must_use]
    pub fn conditions(&self) -> Vec<(ConditionType, Condition, Option<Timestamp>)> {
        // rejectPod publishes a status without conditions.
        if !has_conditions(self.record) {
            return Vec::new();
        }
        let own = self.record.conditions.iter();
        let own = own.map(|(which, condition)| (which, condition.clone(), self.transition_times.get(which)));
        // generateAPIPodStatus puts those of resizes first.
        let resize = self.resources().into_iter().flat_map(|resources| resources.conditions.iter());
        let mut all: Vec<_> = resize.map(|(which, it)| (which, Condition::from(it), it.since)).chain(own).collect();
        for (which, condition, _) in &mut all {
            conditions::override_ready(self.phase, *which, condition);
        }
        all
    }
}

/// True if the kubelet has computed conditions; it computes none for a Pod that the node rejected.
pub(super) fn has_conditions(record: &PodRecord) -> bool {
    record.conditions.ready.status != ConditionStatus::Unknown
}

/// `status.reason` and `status.message` of a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusReason {
    pub(super) reason: Box<str>,
    pub(super) message: Box<str>,
}

impl StatusReason {
    pub(super) fn new(reason: &str, message: &str) -> Arc<StatusReason> {
        Arc::new(StatusReason { reason: reason.into(), message: message.into() })
    }
}

/// Message of the kubelet's own `DisruptionTarget` condition.
pub(super) type Disruption = Box<str>;

/// Generations of the object that a status was computed for (KEP-5067).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generations {
    /// The status and most of its conditions.
    pub(super) status: i64,
    /// `Ready` and `ContainersReady`, which a probe's result recomputes between two syncs.
    pub(super) readiness: i64,
}

/// Transition times of the kubelet's conditions, in whole seconds as the API stores them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TransitionTimes(#[serde(with = "crate::time::exact")] [Option<Timestamp>; CONDITIONS]);

/// Number of condition types.
const CONDITIONS: usize = ConditionType::DisruptionTarget as usize + 1;

impl TransitionTimes {
    /// Returns since when a condition has had its status.
    pub(super) fn get(&self, which: ConditionType) -> Option<Timestamp> {
        self.0.get(which as usize).copied().flatten()
    }

    /// Sets since when a condition has had its status.
    pub(super) fn set(&mut self, which: ConditionType, at: Option<Timestamp>) {
        if let Some(transition) = self.0.get_mut(which as usize) {
            // metav1.Time is written in whole seconds.
            *transition = at.map(Timestamp::whole_seconds);
        }
    }
}

// --- Transitions; the diagrams of the docs are generated from these tables ---

/// Transitions of the published phase. A Pod goes back from `Running` to `Pending` when its sandbox dies and its init
/// containers run again; it never leaves `Succeeded` or `Failed`. `Unknown` is what an observer sees of a lost node.
pub const PHASE_MOVES: &[(PodPhase, PodPhase)] = &[
    (PodPhase::Pending, PodPhase::Running),
    (PodPhase::Pending, PodPhase::Succeeded),
    (PodPhase::Pending, PodPhase::Failed),
    (PodPhase::Pending, PodPhase::Unknown),
    (PodPhase::Running, PodPhase::Pending),
    (PodPhase::Running, PodPhase::Succeeded),
    (PodPhase::Running, PodPhase::Failed),
    (PodPhase::Running, PodPhase::Unknown),
    (PodPhase::Unknown, PodPhase::Pending),
    (PodPhase::Unknown, PodPhase::Running),
    (PodPhase::Unknown, PodPhase::Succeeded),
    (PodPhase::Unknown, PodPhase::Failed),
];

/// Transitions of a published container state. A container that runs only for an instant goes from waiting to
/// terminated, and one that is restarted at once from terminated to running.
pub const CONTAINER_MOVES: &[(ContainerStateKind, ContainerStateKind)] = &[
    (ContainerStateKind::Waiting, ContainerStateKind::Running),
    (ContainerStateKind::Waiting, ContainerStateKind::Terminated),
    (ContainerStateKind::Running, ContainerStateKind::Waiting),
    (ContainerStateKind::Running, ContainerStateKind::Terminated),
    (ContainerStateKind::Terminated, ContainerStateKind::Waiting),
    (ContainerStateKind::Terminated, ContainerStateKind::Running),
];
