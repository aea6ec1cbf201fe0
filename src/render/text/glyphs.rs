//! Glyphs: one character for each state or marker that a column can show.

use crate::{
    api::{ConditionStatus, PodPhase, named},
    render::lane::{Appearance, ProcessExit, TaskKind},
    rule::probe::ProbeOutcome,
    sim::ExitCause,
};

/// Set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyphs {
    Blocks,
    Ascii,
}

named! {
    /// Content of a column. Of several markers in one column the last variant is shown.
    pub(super) enum Glyph {
        /// Waiting container, or Pending Pod.
        Waiting = "waiting",
        /// Container that waits after a failure.
        WaitingAfterFailure = "waiting after a failure",
        /// Container whose startup probe has not succeeded.
        StartingUp = "starting up",
        /// Running container that is not ready.
        NotReady = "not ready",
        /// Ready container, Running Pod, or condition that is True.
        Ready = "ready, Running, True",
        /// Running container without readiness.
        Running = "running",
        /// Exit code 0.
        Completed = "completed",
        /// Any other exit code.
        Failed = "failed",
        /// Condition that is False.
        False = "False",
        /// Unknown phase or condition.
        Unknown = "unknown",
        /// Running process.
        Process = "process",
        /// Image pull.
        Pull = "image pull",
        /// Running hook.
        Hook = "hook",
        /// Grace period after SIGTERM.
        GracePeriod = "grace period",
        /// Successful probe.
        ProbeSucceeded = "probe succeeded",
        /// Probe of a container that was not running.
        NotRunning = "probed, not running",
        /// Probe without a result.
        ProbeUnknown = "probe result unknown",
        /// Failed probe.
        ProbeFailed = "probe failed",
        /// Exit with code 0.
        Exited = "exit 0",
        /// SIGTERM.
        Sigterm = "SIGTERM",
        /// Exit with any other code.
        Crashed = "exit not 0",
        /// SIGKILL.
        Sigkill = "SIGKILL",
        /// Event of type Normal.
        Normal = "event",
        /// Event of type Warning.
        Warning = "Warning",
    }
}

impl Glyphs {
    /// Returns the character of a glyph.
    pub(super) fn draw(self, glyph: Glyph) -> char {
        let (block, ascii) = match glyph {
            Glyph::Waiting => ('·', '.'),
            Glyph::WaitingAfterFailure => ('~', '~'),
            Glyph::StartingUp => ('░', '-'),
            Glyph::NotReady => ('▒', '='),
            Glyph::Ready => ('█', '#'),
            Glyph::Running => ('▓', '%'),
            Glyph::Completed => ('─', '_'),
            Glyph::Failed => ('x', 'x'),
            Glyph::False => ('-', '-'),
            Glyph::Unknown => ('?', '?'),
            Glyph::Process => ('┄', ':'),
            Glyph::Pull => ('p', 'p'),
            Glyph::Hook => ('h', 'h'),
            Glyph::GracePeriod => ('t', 't'),
            Glyph::ProbeSucceeded => ('+', '+'),
            Glyph::NotRunning => ('o', 'o'),
            // The ASCII set has `%` for Running already, and `?` is free in a row of probes.
            Glyph::ProbeUnknown => ('%', '?'),
            Glyph::ProbeFailed => ('N', 'N'),
            Glyph::Exited => ('0', '0'),
            Glyph::Sigterm => ('T', 'T'),
            Glyph::Crashed => ('X', 'X'),
            Glyph::Sigkill => ('K', 'K'),
            Glyph::Normal => ('|', '|'),
            Glyph::Warning => ('!', '!'),
        };
        match self {
            Glyphs::Blocks => block,
            Glyphs::Ascii => ascii,
        }
    }

    /// Returns the character before a count.
    pub(super) fn times(self) -> char {
        match self {
            Glyphs::Blocks => '×',
            Glyphs::Ascii => 'x',
        }
    }

    /// Returns the character of a column of skipped time.
    pub(super) fn skipped(self) -> char {
        match self {
            Glyphs::Blocks => '╱',
            Glyphs::Ascii => '/',
        }
    }
}

impl Glyph {
    pub(super) fn of_appearance(appearance: Appearance) -> Glyph {
        match appearance {
            Appearance::Waiting => Glyph::Waiting,
            Appearance::WaitingAfterFailure => Glyph::WaitingAfterFailure,
            Appearance::StartingUp => Glyph::StartingUp,
            Appearance::NotReady => Glyph::NotReady,
            Appearance::Ready => Glyph::Ready,
            Appearance::Running => Glyph::Running,
            Appearance::Completed => Glyph::Completed,
            Appearance::Failed => Glyph::Failed,
        }
    }

    pub(super) fn of_phase(phase: Option<PodPhase>) -> Option<Glyph> {
        Some(match phase {
            Some(PodPhase::Pending) => Glyph::Waiting,
            Some(PodPhase::Running) => Glyph::Ready,
            Some(PodPhase::Succeeded) => Glyph::Completed,
            Some(PodPhase::Failed) => Glyph::Failed,
            Some(PodPhase::Unknown) | None => Glyph::Unknown,
        })
    }

    pub(super) fn of_condition(status: Option<ConditionStatus>) -> Option<Glyph> {
        Some(match status {
            Some(ConditionStatus::True) => Glyph::Ready,
            Some(ConditionStatus::False) => Glyph::False,
            Some(ConditionStatus::Unknown) | None => Glyph::Unknown,
        })
    }

    pub(super) fn of_task(task: TaskKind) -> Glyph {
        match task {
            TaskKind::Pull => Glyph::Pull,
            TaskKind::PostStart | TaskKind::PreStop => Glyph::Hook,
        }
    }

    pub(super) fn of_exit(exit: ProcessExit) -> Glyph {
        match (exit.cause, exit.code) {
            // Before the code: a process that SIGKILL ends has 137.
            (ExitCause::Sigkill, _) => Glyph::Sigkill,
            (ExitCause::Itself | ExitCause::Sigterm | ExitCause::SandboxDied, 0) => Glyph::Exited,
            (ExitCause::Itself | ExitCause::Sigterm | ExitCause::SandboxDied, _) => Glyph::Crashed,
        }
    }

    pub(super) fn of_probe(outcome: Option<ProbeOutcome>) -> Glyph {
        match outcome {
            Some(ProbeOutcome::Success | ProbeOutcome::Warning) => Glyph::ProbeSucceeded,
            Some(ProbeOutcome::Failure) => Glyph::ProbeFailed,
            Some(ProbeOutcome::Unknown | ProbeOutcome::Error) => Glyph::ProbeUnknown,
            None => Glyph::NotRunning,
        }
    }
}
