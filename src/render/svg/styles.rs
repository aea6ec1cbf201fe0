//! Fills of bars and markers of instants: CSS class, outline and name in the legend. Each fill has its own pattern and
//! each marker its own outline, so that no information is in colour alone.

use alloc::{format, string::String, vec::Vec};

use super::canvas::{Area, Px};
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
    /// Time until the next try.
    BackOff,
    /// Line of a running process.
    Process,
    /// Line of several short runs.
    Runs,
    // --- Many results of a probe, as a band ---
    ManySucceeded,
    ManyFailed,
    ManyOthers,
    /// Line between the first and the last of several near markers.
    Chain,
    /// Line through all rows at the time of an action.
    Action,
    /// Time that is skipped.
    Skipped,
    /// Time after the removal of the object.
    Removed,
}

impl Fill {
    /// All fills, in the order of the legend.
    pub(super) const ALL: [Fill; 25] = [
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
        Fill::BackOff,
        Fill::Process,
        Fill::Runs,
        Fill::ManySucceeded,
        Fill::ManyFailed,
        Fill::ManyOthers,
        Fill::Chain,
        Fill::Action,
        Fill::Skipped,
        Fill::Removed,
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
            Fill::BackOff => "bo",
            Fill::Process => "pr",
            Fill::Runs => "pm",
            Fill::ManySucceeded => "by",
            Fill::ManyFailed => "bn",
            Fill::ManyOthers => "bm",
            Fill::Chain => "ch",
            Fill::Action => "dl",
            Fill::Skipped => "cu",
            Fill::Removed => "ve",
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
            Fill::BackOff => "back-off, until the next try",
            Fill::Process => "process runs",
            Fill::Runs => "several runs, too short to draw apart",
            Fill::ManySucceeded => "many probes, succeeded",
            Fill::ManyFailed => "many probes, failed",
            Fill::ManyOthers => "many probes, unknown or not running",
            Fill::Chain => "several, from the first to the last",
            Fill::Action => "action on the Pod, its node or its kubelet",
            Fill::Skipped => "skipped: nothing changes",
            Fill::Removed => "after the removal of the object",
        }
    }

    /// Returns the class of the plain colour under a pattern, on which a text can be read; `None` for a fill without
    /// a pattern.
    pub(super) fn plain(self) -> Option<&'static str> {
        match self {
            Fill::Waiting => Some("f1"),
            Fill::WaitingAfterFailure | Fill::GracePeriod => Some("f2"),
            Fill::StartingUp | Fill::NotReady | Fill::Pull => Some("f3"),
            Fill::Running => Some("f4"),
            Fill::Completed => Some("f5"),
            Fill::Failed => Some("f6"),
            Fill::Unknown => Some("f7"),
            Fill::Ready
            | Fill::True
            | Fill::False
            | Fill::Mixed
            | Fill::Hook
            | Fill::BackOff
            | Fill::Process
            | Fill::Runs
            | Fill::ManySucceeded
            | Fill::ManyFailed
            | Fill::ManyOthers
            | Fill::Chain
            | Fill::Action
            | Fill::Skipped
            | Fill::Removed => None,
        }
    }

    /// Returns the sample of the legend as layers of a class each: filled, or an outline.
    pub(super) fn sample(self, Area { x, y, width, height }: Area) -> Vec<(&'static str, Sample)> {
        let middle = y + height / 2.0;
        let area = Area { x, y, width, height };
        let level = Sample::Path(format!("M{} {}h{}", Px(x), Px(middle), Px(width)));
        match self {
            Fill::Process | Fill::Runs => {
                let line = Area { y: middle - PROCESS_LINE / 2.0, height: PROCESS_LINE, ..area };
                alloc::vec![(self.class(), Sample::Rect(line))]
            }
            Fill::ManySucceeded | Fill::ManyFailed | Fill::ManyOthers | Fill::Chain => {
                alloc::vec![(self.class(), level)]
            }
            Fill::Action => {
                let line = format!("M{} {}v{}", Px(x + width / 2.0), Px(y - 2.0), Px(height + 4.0));
                alloc::vec![(self.class(), Sample::Path(line))]
            }
            Fill::Skipped => {
                let edge = |x: f64| format!("M{} {}l2 2l-4 4l2 2", Px(x), Px(y + 1.0));
                let edges = edge(x + width / 3.0) + &edge(x + width * 2.0 / 3.0);
                alloc::vec![("ce", Sample::Path(edges))]
            }
            // A veil can only be seen on something.
            Fill::Removed => {
                alloc::vec![(Fill::Running.class(), Sample::Rect(area)), (self.class(), Sample::Rect(area)),]
            }
            // The hatch alone: below it may be any fill.
            Fill::Waiting
            | Fill::WaitingAfterFailure
            | Fill::StartingUp
            | Fill::NotReady
            | Fill::Ready
            | Fill::Running
            | Fill::Completed
            | Fill::Failed
            | Fill::True
            | Fill::False
            | Fill::Unknown
            | Fill::Mixed
            | Fill::Pull
            | Fill::Hook
            | Fill::GracePeriod
            | Fill::BackOff => alloc::vec![(self.class(), Sample::Rect(area))],
        }
    }
}

/// Thickness of the line of a running process.
pub(super) const PROCESS_LINE: f64 = 3.0;

/// Shape of a sample in the legend.
pub(super) enum Sample {
    Rect(Area),
    Path(String),
}

impl Marker {
    /// Returns the band that stands for many results of a probe.
    pub(super) fn band(self) -> Fill {
        match self {
            Marker::ProbeSucceeded => Fill::ManySucceeded,
            Marker::ProbeFailed => Fill::ManyFailed,
            Marker::Completed
            | Marker::Crashed
            | Marker::Sigterm
            | Marker::Sigkill
            | Marker::ProbeUnknown
            | Marker::NotRunning
            | Marker::Normal
            | Marker::Warning => Fill::ManyOthers,
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
