//! API Pod: the object as the watch delivered it last, beside the kubelet's own status.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, Name, PodCondition, PodPhase},
    rule::external_conditions,
    spec::PodSpec,
    state::{ConditionReason, ConditionType},
    time::Timestamp,
};

/// The kubelet's copy of the object, without the status that it publishes itself.
///
/// A sync keeps the object that it started with; a change makes a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiPod {
    pub(super) spec: Arc<PodSpec>,
    /// `metadata.generation`, as the API server counts it.
    pub(super) generation: i64,
    pub(super) deletion: Option<Deletion>,
    /// True if the object is gone from the API.
    pub(super) is_gone: bool,
    /// Conditions of other owners, in the order of the object.
    #[serde(with = "crate::api::described")]
    pub(super) conditions: Vec<PodCondition>,
    /// Terminal phase that this kubelet has not written: by another writer, or from before the kubelet started.
    pub(super) api_terminal_phase: Option<PodPhase>,
    /// When the Pod was bound, by its `PodScheduled` condition.
    #[serde(with = "crate::time::exact")]
    pub(super) scheduled_at: Option<Timestamp>,
}

/// Deletion through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    #[serde(with = "crate::time::exact")]
    pub(super) requested_at: Timestamp,
    #[serde(with = "crate::time::seconds")]
    pub(super) grace: Duration,
}

impl ApiPod {
    /// Creates the object of a new Pod.
    pub(super) fn new(spec: Arc<PodSpec>) -> ApiPod {
        ApiPod {
            generation: spec.generation(),
            spec,
            deletion: None,
            is_gone: false,
            conditions: Vec::new(),
            api_terminal_phase: None,
            scheduled_at: None,
        }
    }

    /// True if the object has a deletion timestamp.
    pub(super) fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }

    /// Returns `metadata.deletionGracePeriodSeconds`.
    pub(super) fn deletion_grace(&self) -> Option<Duration> {
        self.deletion.map(|deletion| deletion.grace)
    }

    /// Returns the statuses of the readiness gates' conditions, by the gates' order.
    pub(super) fn gate_statuses(&self) -> Vec<Option<ConditionStatus>> {
        external_conditions::readiness_gates(&self.spec, &self.conditions)
    }

    /// True if the change is an update, not merely a status to reconcile.
    ///
    /// Answers to `podsDifferSemantically` in `pkg/kubelet/config`.
    pub(super) fn differs_semantically(&self, before: &ApiPod) -> bool {
        self.spec != before.spec || self.deletion != before.deletion
    }

    /// Sets a condition and returns its former status; an unchanged status keeps its transition time.
    pub(super) fn put_condition(
        &mut self,
        which: ConditionType,
        status: ConditionStatus,
        reason: ConditionReason,
        message: &str,
        now: Timestamp,
    ) -> Option<ConditionStatus> {
        let condition = PodCondition {
            type_: which.name().into(),
            observed_generation: self.generation,
            status: status.into(),
            last_probe_time: None,
            last_transition_time: Some(now.whole_seconds()),
            reason: reason.name().into(),
            message: message.into(),
        };
        PodCondition::put(&mut self.conditions, condition)
    }
}
