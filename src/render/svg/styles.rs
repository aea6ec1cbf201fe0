//! Fills of bars and markers of instants: CSS class, outline and name in the legend. Each fill has its own pattern and
//! each marker its own outline, so that no information is in colour alone.

use alloc::{format, string::String};

use super::canvas::Px;
use crate::{
    action::EventType,
    api::{ConditionStatus, PodPhase},
    render::lane::{Appearance, LaneState},
    rule::probe::ProbeOutcome,
};

/// Fill of a bar, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    Waiting,
    WaitingAfterFailure,
    StartingUp,
    NotReady,
    Ready,
    Running,
    Completed,
    Failed,
    True,
    False,
    Unknown,
    /// Overlay of several short spans; below it is the fill of that which lasts longest.
    Mixed,
    Pull,
    Hook,
    GracePeriod,
}

impl Fill {
    /// All fills, in the order of the legend.
    pub(super) const ALL: [Fill; 15] = [
        Fill::Waiting,
        Fill::WaitingAfterFailure,
        Fill::StartingUp,
        Fill::NotReady,
        Fill::Ready,
        Fill::Running,
        Fill::Completed,
        Fill::Failed,
        Fill::True,
        Fill::False,
        Fill::Unknown,
        Fill::Mixed,
        Fill::Pull,
        Fill::Hook,
        Fill::GracePeriod,
    ];

    pub(super) fn of_state(state: &LaneState) -> Fill {
        match state.appearance() {
            Appearance::Waiting => Fill::Waiting,
            Appearance::WaitingAfterFailure => Fill::WaitingAfterFailure,
            Appearance::StartingUp => Fill::StartingUp,
            Appearance::NotReady => Fill::NotReady,
            Appearance::Ready => Fill::Ready,
            Appearance::Running => Fill::Running,
            Appearance::Completed => Fill::Completed,
            Appearance::Failed => Fill::Failed,
        }
    }

    pub(super) fn of_phase(phase: Option<PodPhase>) -> Fill {
        match phase {
            Some(PodPhase::Pending) => Fill::Waiting,
            // Not the fill of Ready: a Running Pod may not be ready.
            Some(PodPhase::Running) => Fill::Running,
            Some(PodPhase::Succeeded) => Fill::Completed,
            Some(PodPhase::Failed) => Fill::Failed,
            Some(PodPhase::Unknown) | None => Fill::Unknown,
        }
    }

    pub(super) fn of_condition(status: Option<ConditionStatus>) -> Fill {
        match status {
            Some(ConditionStatus::True) => Fill::True,
            Some(ConditionStatus::False) => Fill::False,
            Some(ConditionStatus::Unknown) | None => Fill::Unknown,
        }
    }

    /// Returns the class in `style.css`.
    pub(super) fn class(self) -> &'static str {
        match self {
            Fill::Waiting => "b wa",
            Fill::WaitingAfterFailure => "b he",
            Fill::StartingUp => "b st",
            Fill::NotReady => "b un",
            Fill::Ready => "b re",
            Fill::Running => "b wo",
            Fill::Completed => "b co",
            Fill::Failed => "b fa",
            Fill::True => "b tr",
            Fill::False => "b no",
            Fill::Unknown => "b uk",
            Fill::Mixed => "mi",
            Fill::Pull => "b pu",
            Fill::Hook => "b ho",
            Fill::GracePeriod => "b gr",
        }
    }

    /// Returns the name in the legend.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fill::Waiting => "Pending, waiting",
            Fill::WaitingAfterFailure => "waiting after a failure",
            Fill::StartingUp => "starting up",
            Fill::NotReady => "running, not ready",
            Fill::Ready => "running, ready",
            Fill::Running => "running",
            Fill::Completed => "succeeded, exit 0",
            Fill::Failed => "failed, exit not 0",
            Fill::True => "True",
            Fill::False => "False",
            Fill::Unknown => "Unknown",
            Fill::Mixed => "several, too short to draw apart",
            Fill::Pull => "image pull",
            Fill::Hook => "hook",
            Fill::GracePeriod => "grace period: SIGTERM sent",
        }
    }
}

/// Marker of one instant, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Marker {
    /// Exit code 0.
    Completed,
    /// Any other exit code.
    Crashed,
    Sigterm,
    Sigkill,
    ProbeSucceeded,
    ProbeFailed,
    /// The probe's handler could not run, or its result is unknown.
    ProbeUnknown,
    /// The container was not running.
    NotRunning,
    Normal,
    Warning,
}

/// Width of a marker in px.
pub(super) const MARKER_WIDTH: f64 = 9.0;

impl Marker {
    /// All markers, in the order of the legend.
    pub(super) const ALL: [Marker; 10] = [
        Marker::Completed,
        Marker::Crashed,
        Marker::Sigterm,
        Marker::Sigkill,
        Marker::ProbeSucceeded,
        Marker::ProbeFailed,
        Marker::ProbeUnknown,
        Marker::NotRunning,
        Marker::Normal,
        Marker::Warning,
    ];

    pub(super) fn of_probe(outcome: Option<ProbeOutcome>) -> Marker {
        match outcome {
            // The prober counts a Warning as a success.
            Some(ProbeOutcome::Success | ProbeOutcome::Warning) => Marker::ProbeSucceeded,
            Some(ProbeOutcome::Failure) => Marker::ProbeFailed,
            // Neither counts towards a threshold.
            Some(ProbeOutcome::Unknown | ProbeOutcome::Error) => Marker::ProbeUnknown,
            None => Marker::NotRunning,
        }
    }

    pub(super) fn of_event(type_: EventType) -> Marker {
        match type_ {
            EventType::Normal => Marker::Normal,
            EventType::Warning => Marker::Warning,
        }
    }

    /// Returns the class in `style.css`.
    pub(super) fn class(self) -> &'static str {
        match self {
            Marker::Completed => "s sd",
            Marker::Crashed | Marker::ProbeFailed => "s sx",
            Marker::Sigterm | Marker::Sigkill => "s sf",
            Marker::ProbeSucceeded => "s sy",
            Marker::ProbeUnknown | Marker::NotRunning | Marker::Normal => "s sh",
            Marker::Warning => "s sw",
        }
    }

    /// Returns the outline as an SVG path around this point.
    pub(super) fn path(self, x: f64, y: f64) -> String {
        let (x, y) = (Px(x), Px(y));
        match self {
            // All moves after the first are relative to the point.
            Marker::Completed => format!("M{x} {y}m-4 0l3 3l5-6"),
            Marker::Crashed => format!("M{x} {y}m-3.5-3.5l7 7m0-7l-7 7"),
            Marker::Sigterm => format!("M{x} {y}m-4.5-4h9l-4.5 8z"),
            Marker::Sigkill => format!("M{x} {y}m-4.5-4.5h9v9h-9z"),
            Marker::ProbeSucceeded => format!("M{x} {y}m0-3v6"),
            Marker::ProbeFailed => format!("M{x} {y}m-2.5-2.5l5 5m0-5l-5 5"),
            Marker::ProbeUnknown => format!("M{x} {y}m-3.5 0l3.5-3.5l3.5 3.5l-3.5 3.5z"),
            Marker::NotRunning => format!("M{x} {y}m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0"),
            Marker::Normal => format!("M{x} {y}m0 5v-10h7l-2 2.5l2 2.5h-7"),
            Marker::Warning => format!("M{x} {y}m0 5v-10l8 3.5l-8 3.5"),
        }
    }

    /// Returns the name in the legend.
    pub(super) fn name(self) -> &'static str {
        match self {
            Marker::Completed => "exit 0",
            Marker::Crashed => "exit not 0",
            Marker::Sigterm => "SIGTERM",
            Marker::Sigkill => "SIGKILL",
            Marker::ProbeSucceeded => "probe succeeded",
            Marker::ProbeFailed => "probe failed",
            Marker::ProbeUnknown => "probe result unknown",
            Marker::NotRunning => "probe: container not running",
            Marker::Normal => "event",
            Marker::Warning => "event: Warning",
        }
    }
}
