//! One letter for each thing that a column can show.

use super::super::lane::{Exit, Look, TaskKind};
use crate::{
    api::{ConditionStatus, PodPhase, named},
    rule::probe::ProbeOutcome,
    sim::ExitCause,
};

/// Which letters are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    Blocks,
    Ascii,
}

named! {
    /// What a column shows; of signs in one column the last of these wins.
    pub(super) enum Letter {
        /// A container that waits, or a Pod that is Pending.
        Waiting = "waiting",
        /// A container that waits after a failure.
        HeldBack = "held back",
        /// A container before its startup probe has succeeded.
        StartingUp = "starting up",
        /// A running container without traffic.
        Unready = "not ready",
        /// A container with traffic, a Pod that runs, a condition that holds.
        Ready = "ready, Running, True",
        /// A running container that nobody asks.
        Working = "running",
        /// Exit code 0.
        Completed = "completed",
        /// Another exit code.
        Failed = "failed",
        /// A condition that does not hold.
        False = "False",
        /// Nobody knows.
        Unknown = "unknown",
        /// A process runs.
        Process = "process",
        /// An image is pulled.
        Pull = "image pull",
        /// A hook runs.
        Hook = "hook",
        /// A process has got SIGTERM.
        Grace = "grace",
        /// A probe succeeded.
        Yes = "probe succeeded",
        /// A probe found nobody at home.
        Nobody = "probed, not running",
        /// A probe found out nothing.
        Maybe = "probe found out nothing",
        /// A probe failed.
        No = "probe failed",
        /// A process ended with exit code 0.
        Done = "exit 0",
        /// SIGTERM.
        Sigterm = "SIGTERM",
        /// A process ended with another exit code.
        Crashed = "exit not 0",
        /// SIGKILL.
        Sigkill = "SIGKILL",
        /// An event.
        Normal = "event",
        /// A grave event.
        Warning = "Warning",
    }
}

impl Letters {
    /// The letter of a thing.
    pub(super) fn draw(self, letter: Letter) -> char {
        let (block, ascii) = match letter {
            Letter::Waiting => ('·', '.'),
            Letter::HeldBack => ('~', '~'),
            Letter::StartingUp => ('░', '-'),
            Letter::Unready => ('▒', '='),
            Letter::Ready => ('█', '#'),
            Letter::Working => ('▓', '%'),
            Letter::Completed => ('─', '_'),
            Letter::Failed => ('x', 'x'),
            Letter::False => ('-', '-'),
            Letter::Unknown => ('?', '?'),
            Letter::Process => ('┄', ':'),
            Letter::Pull => ('p', 'p'),
            Letter::Hook => ('h', 'h'),
            Letter::Grace => ('t', 't'),
            Letter::Yes => ('+', '+'),
            Letter::Nobody => ('o', 'o'),
            Letter::Maybe => ('%', '?'),
            Letter::No => ('N', 'N'),
            Letter::Done => ('0', '0'),
            Letter::Sigterm => ('T', 'T'),
            Letter::Crashed => ('X', 'X'),
            Letter::Sigkill => ('K', 'K'),
            Letter::Normal => ('|', '|'),
            Letter::Warning => ('!', '!'),
        };
        match self {
            Letters::Blocks => block,
            Letters::Ascii => ascii,
        }
    }

    /// What stands before a count.
    pub(super) fn times(self) -> char {
        match self {
            Letters::Blocks => '×',
            Letters::Ascii => 'x',
        }
    }

    /// Where time is left out.
    pub(super) fn tear(self) -> char {
        match self {
            Letters::Blocks => '╱',
            Letters::Ascii => '/',
        }
    }
}

impl Letter {
    pub(super) fn of_look(look: Look) -> Letter {
        match look {
            Look::Waiting => Letter::Waiting,
            Look::HeldBack => Letter::HeldBack,
            Look::StartingUp => Letter::StartingUp,
            Look::Unready => Letter::Unready,
            Look::Ready => Letter::Ready,
            Look::Working => Letter::Working,
            Look::Completed => Letter::Completed,
            Look::Failed => Letter::Failed,
        }
    }

    pub(super) fn of_phase(phase: Option<PodPhase>) -> Option<Letter> {
        Some(match phase {
            Some(PodPhase::Pending) => Letter::Waiting,
            Some(PodPhase::Running) => Letter::Ready,
            Some(PodPhase::Succeeded) => Letter::Completed,
            Some(PodPhase::Failed) => Letter::Failed,
            Some(PodPhase::Unknown) | None => Letter::Unknown,
        })
    }

    pub(super) fn of_condition(status: Option<ConditionStatus>) -> Option<Letter> {
        Some(match status {
            Some(ConditionStatus::True) => Letter::Ready,
            Some(ConditionStatus::False) => Letter::False,
            Some(ConditionStatus::Unknown) | None => Letter::Unknown,
        })
    }

    pub(super) fn of_task(task: TaskKind) -> Letter {
        match task {
            TaskKind::Pull => Letter::Pull,
            TaskKind::PostStart | TaskKind::PreStop => Letter::Hook,
        }
    }

    pub(super) fn of_exit(exit: Exit) -> Letter {
        match (exit.cause, exit.code) {
            (ExitCause::Sigkill, _) => Letter::Sigkill,
            (ExitCause::Itself | ExitCause::Sigterm | ExitCause::SandboxDied, 0) => Letter::Done,
            (ExitCause::Itself | ExitCause::Sigterm | ExitCause::SandboxDied, _) => Letter::Crashed,
        }
    }

    pub(super) fn of_answer(answer: Option<ProbeOutcome>) -> Letter {
        match answer {
            Some(ProbeOutcome::Success | ProbeOutcome::Warning) => Letter::Yes,
            Some(ProbeOutcome::Failure) => Letter::No,
            Some(ProbeOutcome::Unknown | ProbeOutcome::Error) => Letter::Maybe,
            None => Letter::Nobody,
        }
    }
}
