//! Which container explains the state of its Pod.

use super::container::{ContainerExplanation, Situation};
use crate::spec::ContainerKind;

/// The container that explains the state of a Pod which nobody stops: the one that needs attention most, if any does.
pub(super) fn lead(containers: &[ContainerExplanation], pod_is_ready: bool) -> Option<&ContainerExplanation> {
    let is_noteworthy = |container: &&ContainerExplanation| match &container.situation {
        Situation::Running { .. } | Situation::Ended { .. } => {
            container.urgency() < Severity::AtRisk
                || !container.ready && container.kind != ContainerKind::Ephemeral && !pod_is_ready
        }
        Situation::NotStarted { .. }
        | Situation::Pulling { .. }
        | Situation::Starting
        | Situation::PostStart { .. }
        | Situation::HeldBack { .. }
        | Situation::HeldBackBetween { .. }
        | Situation::RestartDue { .. }
        | Situation::CannotStart { .. }
        | Situation::Stopping { .. }
        | Situation::NeverRan
        | Situation::Unknown => true,
    };
    containers.iter().filter(is_noteworthy).min_by_key(|container| container.urgency())
}

impl ContainerExplanation {
    /// How much the container needs attention: the Pod's state is explained by the one that needs it most.
    pub(super) fn urgency(&self) -> Severity {
        match &self.situation {
            Situation::HeldBack { .. } | Situation::HeldBackBetween { .. } | Situation::CannotStart { .. } => {
                Severity::Failing
            }
            Situation::Stopping { .. } => Severity::Stopping,
            Situation::Pulling { .. } | Situation::Starting | Situation::PostStart { .. } => Severity::Moving,
            Situation::RestartDue { .. } => Severity::Due,
            Situation::Running { lacks: Some(_), .. } => Severity::Unready,
            Situation::NotStarted { .. } | Situation::Unknown => Severity::Waiting,
            Situation::Running { liveness: Some(liveness), .. } if liveness.failures() > 0 => Severity::AtRisk,
            Situation::Running { .. } if !self.ready && self.kind != ContainerKind::Init => Severity::AtRisk,
            Situation::Running { .. } if self.kind == ContainerKind::Init => Severity::Moving,
            Situation::Ended { exit, .. } if exit.code != 0 => Severity::EndedBadly,
            Situation::Ended { .. } if self.kind == ContainerKind::Regular => Severity::Ended,
            Situation::Running { .. } | Situation::Ended { .. } | Situation::NeverRan => Severity::None,
        }
    }
}

/// How much a container needs attention, most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Failing,
    Stopping,
    Moving,
    Due,
    Unready,
    Waiting,
    AtRisk,
    EndedBadly,
    Ended,
    None,
}
