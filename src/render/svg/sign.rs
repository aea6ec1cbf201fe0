//! Signs that stand for one moment, told apart by their shape.

use alloc::{format, string::String};

use super::canvas::Px;
use crate::{action::EventType, rule::probe::ProbeOutcome};

/// A sign, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    /// A process ended with exit code 0.
    Done,
    /// A process ended with another exit code.
    Crashed,
    Sigterm,
    Sigkill,
    /// A probe succeeded.
    Yes,
    /// A probe failed.
    No,
    /// A probe found out nothing.
    Maybe,
    /// A probe found nobody at home.
    Nobody,
    Normal,
    Warning,
}

/// How wide a sign is, in px.
pub(super) const SIGN_WIDTH: f64 = 9.0;

impl Sign {
    /// Every sign, in the order of the legend.
    pub(super) const ALL: [Sign; 10] = [
        Sign::Done,
        Sign::Crashed,
        Sign::Sigterm,
        Sign::Sigkill,
        Sign::Yes,
        Sign::No,
        Sign::Maybe,
        Sign::Nobody,
        Sign::Normal,
        Sign::Warning,
    ];

    pub(super) fn of_answer(answer: Option<ProbeOutcome>) -> Sign {
        match answer {
            Some(ProbeOutcome::Success | ProbeOutcome::Warning) => Sign::Yes,
            Some(ProbeOutcome::Failure) => Sign::No,
            Some(ProbeOutcome::Unknown | ProbeOutcome::Error) => Sign::Maybe,
            None => Sign::Nobody,
        }
    }

    pub(super) fn of_event(type_: EventType) -> Sign {
        match type_ {
            EventType::Normal => Sign::Normal,
            EventType::Warning => Sign::Warning,
        }
    }

    /// Its class in the style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Sign::Done => "s sd",
            Sign::Crashed | Sign::No => "s sx",
            Sign::Sigterm | Sign::Sigkill => "s sf",
            Sign::Yes => "s sy",
            Sign::Maybe | Sign::Nobody | Sign::Normal => "s sh",
            Sign::Warning => "s sw",
        }
    }

    /// Its outline around a place.
    pub(super) fn path(self, x: f64, y: f64) -> String {
        let (x, y) = (Px(x), Px(y));
        match self {
            Sign::Done => format!("M{x} {y}m-4 0l3 3l5-6"),
            Sign::Crashed => format!("M{x} {y}m-3.5-3.5l7 7m0-7l-7 7"),
            Sign::Sigterm => format!("M{x} {y}m-4.5-4h9l-4.5 8z"),
            Sign::Sigkill => format!("M{x} {y}m-4.5-4.5h9v9h-9z"),
            Sign::Yes => format!("M{x} {y}m0-3v6"),
            Sign::No => format!("M{x} {y}m-2.5-2.5l5 5m0-5l-5 5"),
            Sign::Maybe => format!("M{x} {y}m-3.5 0l3.5-3.5l3.5 3.5l-3.5 3.5z"),
            Sign::Nobody => format!("M{x} {y}m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0"),
            Sign::Normal => format!("M{x} {y}m0 5v-10h7l-2 2.5l2 2.5h-7"),
            Sign::Warning => format!("M{x} {y}m0 5v-10l8 3.5l-8 3.5"),
        }
    }

    /// What the legend calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sign::Done => "exit 0",
            Sign::Crashed => "exit not 0",
            Sign::Sigterm => "SIGTERM",
            Sign::Sigkill => "SIGKILL",
            Sign::Yes => "probe succeeded",
            Sign::No => "probe failed",
            Sign::Maybe => "probe found out nothing",
            Sign::Nobody => "probed when not running",
            Sign::Normal => "event",
            Sign::Warning => "event: Warning",
        }
    }
}
