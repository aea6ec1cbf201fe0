//! What things look like: each has a pattern of its own, so that colour says nothing that is not also said otherwise.

use super::super::lane::{Look, State};
use crate::api::{ConditionStatus, PodPhase};

/// What a bar is filled with, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ink {
    Waiting,
    HeldBack,
    StartingUp,
    Unready,
    Ready,
    Working,
    Completed,
    Failed,
    True,
    False,
    Unknown,
    /// Several things in turn, each too short to be drawn by itself; it lies over what lasts longest.
    Mixed,
    Pull,
    Hook,
    Grace,
}

impl Ink {
    /// Every ink, in the order of the legend.
    pub(super) const ALL: [Ink; 15] = [
        Ink::Waiting,
        Ink::HeldBack,
        Ink::StartingUp,
        Ink::Unready,
        Ink::Ready,
        Ink::Working,
        Ink::Completed,
        Ink::Failed,
        Ink::True,
        Ink::False,
        Ink::Unknown,
        Ink::Mixed,
        Ink::Pull,
        Ink::Hook,
        Ink::Grace,
    ];

    pub(super) fn of_state(state: &State) -> Ink {
        match state.look() {
            Look::Waiting => Ink::Waiting,
            Look::HeldBack => Ink::HeldBack,
            Look::StartingUp => Ink::StartingUp,
            Look::Unready => Ink::Unready,
            Look::Ready => Ink::Ready,
            Look::Working => Ink::Working,
            Look::Completed => Ink::Completed,
            Look::Failed => Ink::Failed,
        }
    }

    pub(super) fn of_phase(phase: Option<PodPhase>) -> Ink {
        match phase {
            Some(PodPhase::Pending) => Ink::Waiting,
            Some(PodPhase::Running) => Ink::Working,
            Some(PodPhase::Succeeded) => Ink::Completed,
            Some(PodPhase::Failed) => Ink::Failed,
            Some(PodPhase::Unknown) | None => Ink::Unknown,
        }
    }

    pub(super) fn of_condition(status: Option<ConditionStatus>) -> Ink {
        match status {
            Some(ConditionStatus::True) => Ink::True,
            Some(ConditionStatus::False) => Ink::False,
            Some(ConditionStatus::Unknown) | None => Ink::Unknown,
        }
    }

    /// Its class in the style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Ink::Waiting => "b wa",
            Ink::HeldBack => "b he",
            Ink::StartingUp => "b st",
            Ink::Unready => "b un",
            Ink::Ready => "b re",
            Ink::Working => "b wo",
            Ink::Completed => "b co",
            Ink::Failed => "b fa",
            Ink::True => "b tr",
            Ink::False => "b no",
            Ink::Unknown => "b uk",
            Ink::Mixed => "mi",
            Ink::Pull => "b pu",
            Ink::Hook => "b ho",
            Ink::Grace => "b gr",
        }
    }

    /// What the legend calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Ink::Waiting => "Pending, waiting",
            Ink::HeldBack => "held back after a failure",
            Ink::StartingUp => "starting up",
            Ink::Unready => "running, not ready",
            Ink::Ready => "running, ready",
            Ink::Working => "running",
            Ink::Completed => "succeeded, exit 0",
            Ink::Failed => "failed, exit not 0",
            Ink::True => "True",
            Ink::False => "False",
            Ink::Unknown => "Unknown",
            Ink::Mixed => "several in turn, too short to tell apart here",
            Ink::Pull => "image pull",
            Ink::Hook => "hook",
            Ink::Grace => "grace: SIGTERM sent",
        }
    }
}
