//! The kubelet's own record of a Pod's status, and what is published of it.
//!
//! Answers to `pkg/kubelet/status/status_manager.go`. How a status gets to the API is in [`write`](super::write).

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, Name, PodPhase},
    rule::pod_status::{PhaseReason, PodRecord},
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType, ContainerRecord, PodConditions},
    time::Timestamp,
};

/// What a `DisruptionTarget` condition of the node's own says.
pub(crate) type Disruption = Box<str>;

/// The status as the kubelet knows it, and what of it is in the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusManager {
    /// Shared with Pods of which the same is said.
    pub(super) record: Arc<PodRecord>,
    pub(super) why: Option<Arc<StatusReason>>,
    /// The node's own `DisruptionTarget`, which is published with the terminal phase.
    pub(super) disruption: Option<Disruption>,
    /// When each condition's status last changed.
    #[serde(with = "crate::time::exact")]
    changed_at: [Option<Timestamp>; CONDITIONS],
    /// The status of each readiness gate's condition, as of the last computation.
    pub(super) gates: Box<[Option<ConditionStatus>]>,
    #[serde(with = "crate::time::exact")]
    pub(super) start_time: Option<Timestamp>,
    pub(super) generations: Generations,
    pub(super) knowledge: Knowledge,
    pub(super) published: PublishedPhase,
    /// A new sandbox that is reported as soon as the sync that made it waits or ends.
    pub(super) sandbox_news: SandboxNews,
}

/// Whether the kubelet has computed a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Knowledge {
    /// Nothing is known of the Pod, nor published.
    None,
    /// There is a published status, from before the kubelet started.
    Published,
    /// The kubelet has computed one since it started.
    Computed,
}

/// Whether a new sandbox has yet to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum SandboxNews {
    /// There is none, or it is reported.
    None,
    /// It is ready and has yet to be reported.
    Ready,
}

/// What of a status stands in the API, apart from the conditions and containers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedPhase {
    /// The phase; `None` before the first.
    pub(super) phase: Option<PodPhase>,
    pub(super) why: Option<Arc<StatusReason>>,
    pub(super) held_back: HeldBack,
    /// How many statuses were written.
    pub(super) writes: u32,
    /// Whether conditions of others have changed since the last write.
    pub(super) foreign_changed: bool,
}

/// Whether a terminal phase is known that the API does not show yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum HeldBack {
    /// The API shows the phase.
    No,
    /// The status written when everything had stopped, read back, asks for the terminal phase to be written too.
    UntilReadBack,
}

/// Which generation of the object something is about (KEP-5067).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Generations {
    /// The status, and most of its conditions.
    pub(super) status: i64,
    /// `Ready` and `ContainersReady`, which a probe's verdict computes anew between two syncs.
    pub(super) readiness: i64,
}

/// How many kinds of conditions there are.
const CONDITIONS: usize = ConditionType::DisruptionTarget as usize + 1;

/// Why a Pod is in its phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusReason {
    pub(super) reason: Box<str>,
    pub(super) message: Box<str>,
}

impl StatusReason {
    pub(crate) fn new(reason: &str, message: &str) -> Arc<StatusReason> {
        Arc::new(StatusReason { reason: reason.into(), message: message.into() })
    }
}

impl StatusManager {
    pub(crate) fn new() -> StatusManager {
        let unset = || Condition { status: ConditionStatus::Unknown, ..Condition::plain(false) };
        StatusManager {
            record: Arc::new(PodRecord {
                records: Vec::new(),
                phase: PodPhase::Pending,
                phase_reason: PhaseReason::Cleared,
                conditions: PodConditions {
                    ready_to_start_containers: unset(),
                    initialized: unset(),
                    ready: unset(),
                    containers_ready: unset(),
                    all_containers_restarting: None,
                },
            }),
            why: None,
            disruption: None,
            changed_at: [None; CONDITIONS],
            gates: Box::default(),
            start_time: None,
            generations: Generations::default(),
            knowledge: Knowledge::None,
            published: PublishedPhase {
                phase: None,
                why: None,
                held_back: HeldBack::No,
                writes: 0,
                foreign_changed: false,
            },
            sandbox_news: SandboxNews::None,
        }
    }

    /// Makes room for containers that were added.
    pub(crate) fn fit(&mut self, spec: &PodSpec) {
        // Equivalent with `<=`: there is nothing to make room for.
        if self.knowledge == Knowledge::Computed && self.record.records.len() < spec.container_count() {
            Arc::make_mut(&mut self.record).records.resize_with(spec.container_count(), || None);
        }
    }

    /// The kubelet's own status, once it has computed one.
    pub(crate) fn computed(&self) -> Option<&PodRecord> {
        (self.knowledge == Knowledge::Computed).then_some(&self.record)
    }

    /// What is reported of a container.
    pub(crate) fn reported(&self, container: ContainerIndex) -> Option<&ContainerRecord> {
        self.record.records.get(container.get()).and_then(Option::as_ref)
    }

    /// Whether the kubelet's own status says that all containers are being restarted.
    pub(crate) fn is_restarting_all(&self) -> bool {
        self.record.conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
    }

    /// Since when a condition has had its status.
    pub(crate) fn since(&self, which: ConditionType) -> Option<Timestamp> {
        self.changed_at.get(which as usize).copied().flatten()
    }

    /// Notes since when a condition has had its status.
    pub(crate) fn set_since(&mut self, which: ConditionType, at: Option<Timestamp>) {
        if let Some(changed_at) = self.changed_at.get_mut(which as usize) {
            *changed_at = at.map(Timestamp::whole_seconds);
        }
    }

    /// Whether the kubelet has ever computed its conditions; it has not of a Pod that the node refused.
    pub(crate) fn has_conditions(&self) -> bool {
        self.record.conditions.ready.status != ConditionStatus::Unknown
    }

    /// The status of the kubelet's own condition called `name`.
    pub(crate) fn own_condition(&self, name: &str) -> Option<ConditionStatus> {
        let mut own = self.record.conditions.iter();
        own.find(|(which, _)| which.name() == name).map(|(_, condition)| condition.status)
    }

    /// The phase and its reason that may be published; until a terminal one may be, those that are published stay.
    ///
    /// Answers to `mergePodStatus`.
    pub(crate) fn publishable(&self, could_run: bool) -> (PodPhase, Option<Arc<StatusReason>>) {
        let published = &self.published;
        match published.phase {
            Some(phase) if phase.is_terminal() => (phase, published.why.clone()),
            phase if self.record.phase.is_terminal() && could_run => {
                (phase.unwrap_or(PodPhase::Pending), published.why.clone())
            }
            _ => (self.record.phase, self.why.clone()),
        }
    }

    /// What a restarted kubelet finds published.
    pub(crate) fn forget(&mut self) {
        Arc::make_mut(&mut self.record).phase = self.published.phase.unwrap_or(PodPhase::Pending);
        self.why = self.published.why.clone();
        self.disruption = None;
        self.knowledge = Knowledge::Published;
        self.published.held_back = HeldBack::No;
        self.sandbox_news = SandboxNews::None;
    }
}
