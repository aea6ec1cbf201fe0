//! What the kubelet's status manager remembers of a Pod, and what the API has of it.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use crate::{
    event::Eviction,
    manifest::{ConditionStatus, Name, PodCondition, PodPhase},
    rule::backoff::BackOff,
    state::{Condition, ConditionType, ContainerRecord, InstanceId, StartFailure},
    time::Timestamp,
};

/// The status as the kubelet knows it, and what differs from it in the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) phase: PodPhase,
    pub(crate) why: Option<Arc<PhaseReason>>,
    pub(crate) containers: Vec<Option<ContainerRecord>>,
    pub(crate) conditions: Conditions,
    /// The status of each readiness gate's condition, as of the last computation.
    pub(crate) gates: Box<[Option<ConditionStatus>]>,
    pub(crate) start_time: Option<Timestamp>,
    /// When the kubelet restarted, if it did.
    pub(crate) kubelet_start: Option<Timestamp>,
    /// When the active deadline was last found to have passed.
    pub(crate) deadline_met: Option<Timestamp>,
    /// Whether a new sandbox has yet to be reported.
    pub(crate) sandbox_ready_due: bool,
    /// Whether the kubelet restarts when the pass under way is over.
    pub(crate) restart_due: bool,
    /// When the pod next wakes.
    pub(crate) wake_at: Option<Timestamp>,
    /// The generation that the status is about.
    pub(crate) generation: i64,
    /// Whether the kubelet has computed a status since it started.
    pub(crate) is_computed: bool,
    pub(crate) api: ApiRecord,
    pub(crate) ending: Ending,
    pub(crate) slots: Box<[Slot]>,
}

/// By whose order the Pod ends, and how fast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ending {
    /// Seconds that override the containers' own grace.
    pub(crate) grace: Option<i64>,
    /// What the node has to say, if it is the node that ends the Pod.
    pub(crate) eviction: Option<Arc<Eviction>>,
}

/// What the API has of a Pod beyond, or short of, the kubelet's own status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ApiRecord {
    pub(crate) phase: PodPhase,
    pub(crate) why: Option<Arc<PhaseReason>>,
    /// Conditions of other owners.
    pub(crate) foreign: Vec<PodCondition>,
    /// Whether `foreign` changed since the kubelet last wrote.
    pub(crate) foreign_changed: bool,
    pub(crate) is_published: bool,
    /// The grace of the deletion, if there is one under way.
    pub(crate) deletion: Option<Deletion>,
    pub(crate) is_gone: bool,
    pub(crate) node_lost: Option<Timestamp>,
}

/// A deletion through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Deletion {
    pub(crate) requested_at: Timestamp,
    pub(crate) grace_seconds: i64,
}

/// Why a Pod is in its phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PhaseReason {
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
}

/// What is remembered of one container beside its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// How many instances were created.
    pub(crate) created: u32,
    /// The instance whose hook before the stop is still running.
    pub(crate) pre_stop: Option<InstanceId>,
    /// Failures and delays, if there are any to remember.
    pub(crate) trouble: Option<Box<Trouble>>,
}

/// What is remembered of a container that has ended or would not start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Trouble {
    pub(crate) restarts: Option<BackOff>,
    pub(crate) pulls: Option<BackOff>,
    pub(crate) last_pull_failure: Option<Arc<StartFailure>>,
    pub(crate) failure: Option<Arc<StartFailure>>,
}

impl Slot {
    pub(crate) fn trouble_mut(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_with(Box::default)
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

/// The kubelet's conditions with the times of their last change; the order is that of the published status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Conditions([Option<DatedCondition>; 7]);

/// A condition and when its status last changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DatedCondition {
    pub(crate) condition: Condition,
    pub(crate) since: Timestamp,
}

impl Conditions {
    pub(crate) fn get(&self, which: ConditionType) -> Option<&DatedCondition> {
        self.0.get(which as usize).and_then(Option::as_ref)
    }

    pub(crate) fn is_true(&self, which: ConditionType) -> bool {
        self.get(which).is_some_and(|held| held.condition.is_true())
    }

    /// Sets or clears a condition; its time changes only with its status.
    pub(crate) fn set(&mut self, which: ConditionType, condition: Option<Condition>, now: Timestamp) {
        let Some(place) = self.0.get_mut(which as usize) else { return };
        *place = condition.map(|condition| {
            let since = match place {
                Some(held) if held.condition.status == condition.status => held.since,
                Some(_) | None => now.whole_seconds(),
            };
            DatedCondition { condition, since }
        });
    }

    /// All conditions that are set, in the order of the published status.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConditionType, &DatedCondition)> {
        let places = ConditionType::ALL.iter().copied().zip(&self.0);
        places.filter_map(|(which, held)| Some((which, held.as_ref()?)))
    }

    /// The status of the condition called `name`, if it is one of these.
    pub(crate) fn status_of(&self, name: &str) -> Option<ConditionStatus> {
        self.iter().find(|(which, _)| which.name() == name).map(|(_, held)| held.condition.status)
    }
}
