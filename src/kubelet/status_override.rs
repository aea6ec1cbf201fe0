//! Status override: phase, reason and condition that an eviction, a preemption or a node shutdown forces upon a Pod.
//!
//! Answers to the `PodStatusFunc` of `KillPodOptions` in `pkg/kubelet/pod_workers.go`.

use alloc::{boxed::Box, sync::Arc};

use serde::{Deserialize, Serialize};

use super::status_view::StatusReason;
use crate::rule::{pod_status::PodRecord, termination::KillOrder};

/// Message of the kubelet's own `DisruptionTarget` condition.
pub(super) type Disruption = Box<str>;

/// Override of a generated status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusOverride {
    pub(super) reason: Arc<StatusReason>,
    /// Message of the `DisruptionTarget` condition, if the Pod gets one.
    pub(super) disruption: Option<Disruption>,
    /// Kind of the termination, which decides the phase.
    pub(super) order: KillOrder,
}

impl StatusOverride {
    /// Overrides phase and reason of a generated status; returns the message of its `DisruptionTarget` condition.
    pub(super) fn apply(&self, status: &mut PodRecord, reason: &mut Option<Arc<StatusReason>>) -> Option<Disruption> {
        status.phase = self.order.phase(status.phase);
        *reason = Some(self.reason.clone());
        self.disruption.clone()
    }
}
