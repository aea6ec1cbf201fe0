//! What the kubelet's status manager remembers of a Pod, and what the API has of it.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use crate::{
    manifest::{ConditionStatus, PodCondition, PodPhase},
    rule::{backoff::BackOff, pod_status::PodRecord},
    spec::PodSpec,
    state::{ConditionType, InstanceId, StartFailure},
    time::Timestamp,
};

/// The status as the kubelet knows it, and what differs from it in the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) status: PodRecord,
    pub(crate) why: Option<Arc<StatusReason>>,
    /// When each condition's status last changed.
    pub(crate) changed_at: [Option<Timestamp>; CONDITIONS],
    /// The status of each readiness gate's condition, as of the last computation.
    pub(crate) gates: Vec<Option<ConditionStatus>>,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) generations: Generations,
    /// A changed spec that no pass has acted upon yet.
    pub(crate) new_spec: Option<Arc<PodSpec>>,
    /// Whether the kubelet has computed a status since it started.
    pub(crate) is_computed: bool,
    pub(crate) api: ApiRecord,
    pub(crate) node: NodeRecord,
    pub(crate) slots: Box<[Slot]>,
}

/// Which generation of the object something is about (KEP-5067).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Generations {
    /// The pass under way, or the last one.
    pub(crate) pass: i64,
    /// The status, and most of its conditions.
    pub(crate) status: i64,
    /// `Ready` and `ContainersReady`, which a probe's verdict computes anew between two passes.
    pub(crate) readiness: i64,
}

/// How many kinds of conditions there are.
pub(crate) const CONDITIONS: usize = ConditionType::DisruptionTarget as usize + 1;

/// What the API has of a Pod beyond, or short of, the kubelet's own status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ApiRecord {
    /// The published phase; `None` before the first.
    pub(crate) phase: Option<PodPhase>,
    pub(crate) why: Option<Arc<StatusReason>>,
    /// Conditions of other owners.
    pub(crate) foreign: Vec<PodCondition>,
    /// How many statuses were written.
    pub(crate) writes: u32,
    /// Whether `foreign` changed since the kubelet last wrote.
    pub(crate) foreign_changed: bool,
    /// The deletion under way.
    pub(crate) deletion: Option<Deletion>,
    pub(crate) is_gone: bool,
    pub(crate) is_gated: bool,
    /// The object's generation.
    pub(crate) generation: i64,
    pub(crate) node_lost_at: Option<Timestamp>,
}

/// A deletion through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Deletion {
    pub(crate) requested_at: Timestamp,
    pub(crate) grace_seconds: i64,
}

/// What the node has in mind for the Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct NodeRecord {
    /// Seconds that override the containers' own grace when the Pod is terminated.
    pub(crate) grace: Option<i64>,
    /// Why the node ends the Pod, if it does.
    pub(crate) eviction: Option<Arc<Eviction>>,
    /// When the kubelet restarted, if it did.
    pub(crate) kubelet_start: Option<Timestamp>,
    /// Whether the status written when everything had stopped, read back, asks for the terminal phase to be written too.
    pub(crate) release_due: bool,
    /// Whether the published status showed that the Pod had initialized, when a pass was last asked for.
    pub(crate) saw_initialized: bool,
    /// Whether the published status, read back, asks for a pass.
    pub(crate) echo_due: bool,
    /// When published statuses were last read back, and how many at that instant.
    pub(crate) echoes: Option<(Timestamp, u8)>,
    /// Whether the kubelet restarts when the pass under way is over.
    pub(crate) restart_due: bool,
    /// When the active deadline was last found to have passed.
    pub(crate) deadline_met: Option<Timestamp>,
    /// Whether a new sandbox has yet to be reported.
    pub(crate) sandbox_ready_due: bool,
    /// How many random numbers were drawn.
    pub(crate) draws: u32,
    /// When the Pod next wakes.
    pub(crate) wake_at: Option<Timestamp>,
}

/// Why and how the node ends a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Eviction {
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    /// What the `DisruptionTarget` condition says, if the Pod gets one.
    pub(crate) disruption: Option<Box<str>>,
    /// Whether a Pod that has succeeded by then keeps its phase.
    pub(crate) spares_success: bool,
}

/// Why a Pod is in its phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StatusReason {
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
}

/// What is remembered of one container beside its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// How many instances were asked for.
    pub(crate) created: u32,
    /// The instance whose hook before the stop is still running.
    pub(crate) pre_stop: Option<InstanceId>,
    /// Failures and delays, if there are any to remember.
    pub(crate) trouble: Option<Box<Trouble>>,
}

/// What is remembered of a container that has ended, would not start or was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Trouble {
    pub(crate) restarts: Option<BackOff>,
    pub(crate) pulls: Option<BackOff>,
    pub(crate) last_pull_failure: Option<Arc<StartFailure>>,
    pub(crate) failure: Option<Arc<StartFailure>>,
    /// The restart count after those of the instances that were removed but left their logs.
    pub(crate) after_logs: u32,
    /// The images of instances that were made before the spec had another one.
    pub(crate) images: Vec<(InstanceId, Box<str>)>,
}

impl Slot {
    pub(crate) fn trouble_mut(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_with(Box::default)
    }

    /// What a restarted kubelet finds: the logs, and what the runtime knows of its instances.
    pub(crate) fn forget(&mut self) {
        self.pre_stop = None;
        let Some(Trouble { after_logs, images, .. }) = self.trouble.take().map(|trouble| *trouble) else { return };
        let is_worth_it = after_logs > 0 || !images.is_empty();
        self.trouble = is_worth_it.then(|| Box::new(Trouble { after_logs, images, ..Trouble::default() }));
    }

    /// The image of an instance, if the spec has another one by now.
    pub(crate) fn image_of(&self, instance: InstanceId) -> Option<&str> {
        let images = &self.trouble.as_ref()?.images;
        images.iter().find(|(known, _)| *known == instance).map(|(_, image)| &**image)
    }

    pub(crate) fn failure(&self) -> Option<&Arc<StartFailure>> {
        self.trouble.as_ref()?.failure.as_ref()
    }

    pub(crate) fn restarts(&self) -> Option<BackOff> {
        self.trouble.as_ref()?.restarts
    }

    pub(crate) fn pulls(&self) -> Option<BackOff> {
        self.trouble.as_ref()?.pulls
    }
}

impl Record {
    pub(crate) fn since(&self, which: ConditionType) -> Option<Timestamp> {
        self.changed_at.get(which as usize).copied().flatten()
    }

    /// Notes that a condition's status changed now.
    pub(crate) fn mark_changed(&mut self, which: ConditionType, now: Timestamp) {
        if let Some(changed_at) = self.changed_at.get_mut(which as usize) {
            *changed_at = Some(now.whole_seconds());
        }
    }

    /// The status of the kubelet's own condition called `name`.
    pub(crate) fn own_condition(&self, name: &str) -> Option<ConditionStatus> {
        use crate::manifest::Name;
        let mut own = self.status.conditions.iter();
        own.find(|(which, _)| which.name() == name).map(|(_, condition)| condition.status)
    }
}
