//! One run of a container.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    event::ContainerExit,
    sim::{ContainerScript, Run},
    state::{InstanceId, TerminationReason},
};

/// One run of a container.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) instance: InstanceId,
    /// How often the container was started before: which of its script's runs this is.
    pub(super) number: u32,
    /// What this run does, if that was left to chance.
    pub(super) drawn: Option<Box<Run>>,
    /// `None` before it is started.
    pub(super) started_at: Option<Timestamp>,
    pub(super) is_alive: bool,
    pub(super) got_sigterm: bool,
    pub(super) is_being_stopped: bool,
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself.
    Own,
    /// It has heeded SIGTERM.
    Sigterm,
    /// It was killed.
    Killed,
}

impl Process {
    pub(super) fn created(instance: InstanceId, number: u32) -> Process {
        Process {
            instance,
            number,
            drawn: None,
            started_at: None,
            is_alive: false,
            got_sigterm: false,
            is_being_stopped: false,
        }
    }

    /// What this run does.
    pub(super) fn run<'a>(&'a self, script: &'a ContainerScript) -> Option<&'a Run> {
        if let Some(drawn) = &self.drawn {
            return Some(drawn);
        }
        let last = script.runs.len().saturating_sub(1);
        script.runs.get(usize::try_from(self.number).unwrap_or(usize::MAX).min(last))
    }

    /// How long it has run.
    pub(super) fn elapsed(&self, now: Timestamp) -> Duration {
        self.started_at.map_or(Duration::ZERO, |at| now.since(at))
    }

    /// How it ends.
    pub(super) fn exit(&self, ending: Ending, script: &ContainerScript) -> ContainerExit {
        let run = self.run(script);
        match ending {
            Ending::Own => {
                let code = run.map_or(0, |run| run.exit_code);
                let reason = match run {
                    Some(run) if run.oom_killed => Some(TerminationReason::OomKilled),
                    run => run.and_then(|run| run.reason.as_deref()).map(TerminationReason::from),
                };
                ContainerExit {
                    reason: reason.unwrap_or_else(|| TerminationReason::of_exit(code)),
                    message: run.and_then(|run| run.message.as_deref()).map(Box::from),
                    ..ContainerExit::with_code(code)
                }
            }
            Ending::Sigterm => ContainerExit::with_code(run.and_then(|run| run.sigterm_exit_code).unwrap_or(143)),
            Ending::Killed => ContainerExit::with_code(137),
        }
    }
}
