//! The Pod's object as the API showed it last: what others want of the Pod and say of it.

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

/// What the kubelet knows of the object, beside what it publishes itself.
///
/// A sync keeps the object that it began with; changes make a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiPod {
    pub(super) spec: Arc<PodSpec>,
    /// `metadata.generation`, as the API server counts it.
    pub(super) generation: i64,
    pub(super) deletion: Option<Deletion>,
    /// Whether the object is gone from the API.
    pub(super) is_gone: bool,
    /// Conditions of other owners, in the order of the object.
    #[serde(with = "crate::api::described")]
    pub(super) conditions: Vec<PodCondition>,
    /// A terminal phase that the kubelet has not written: that of another writer, or of the time before it started.
    pub(super) ended: Option<PodPhase>,
    /// Since when the Pod is bound, if the object says.
    #[serde(with = "crate::time::exact")]
    pub(super) scheduled_at: Option<Timestamp>,
}

/// A deletion through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deletion {
    #[serde(with = "crate::time::exact")]
    pub(super) requested_at: Timestamp,
    pub(super) grace: Duration,
}

impl ApiPod {
    pub(crate) fn new(spec: Arc<PodSpec>) -> ApiPod {
        ApiPod {
            generation: spec.generation(),
            spec,
            deletion: None,
            is_gone: false,
            conditions: Vec::new(),
            ended: None,
            scheduled_at: None,
        }
    }

    pub(crate) fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }

    pub(crate) fn deletion_grace(&self) -> Option<Duration> {
        self.deletion.map(|deletion| deletion.grace)
    }

    /// Returns the status of each readiness gate's condition.
    pub(crate) fn gates(&self) -> Vec<Option<ConditionStatus>> {
        external_conditions::readiness_gates(&self.spec, &self.conditions)
    }

    /// Whether the kubelet's configuration takes this for an update, and not only for a status read back.
    ///
    /// Answers to `podsDifferSemantically` in `pkg/kubelet/config`.
    pub(crate) fn differs_semantically(&self, before: &ApiPod) -> bool {
        self.spec != before.spec || self.deletion != before.deletion
    }
}

impl ApiPod {
    /// Sets a condition, and says which status it had; one that keeps its status keeps its transition time.
    pub(crate) fn put_condition(
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
