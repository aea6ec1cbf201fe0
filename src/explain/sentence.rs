//! Clauses of an explanation: a container's state, an exit, a decision, a probe, a stop, a possible change.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    AwaitedVolume, ContainerExplanation, Explanation, LastExit, MissingFact, PossibleChange, ProbeProgress,
    RestartDecision, RestartReason, Situation, StopReason, StopStep, text,
};
use crate::{
    api::{Name, RestartPolicy},
    rule::probe::ProbeResult,
    spec::{ContainerKind, ProbeKind},
    state::StartError,
    time::{Timestamp, seconds::Seconds},
};

impl ContainerExplanation {
    /// Returns the container with its kind: ``container `main` ``, ``init container `wait` (1 of 2)``.
    pub(super) fn subject(&self) -> String {
        let name = &self.name;
        match (self.kind, self.init_place) {
            (ContainerKind::Init, Some((place, count))) => format!("init container `{name}` ({place} of {count})"),
            (ContainerKind::Init, None) => format!("init container `{name}`"),
            (ContainerKind::Sidecar, _) => format!("sidecar `{name}`"),
            (ContainerKind::Regular, _) => format!("container `{name}`"),
            (ContainerKind::Ephemeral, _) => format!("ephemeral container `{name}`"),
        }
    }

    /// Returns the container with its kind, and without its place among the init containers.
    pub(super) fn subject_without_place(&self) -> String {
        match self.kind {
            ContainerKind::Init => format!("init container `{}`", self.name),
            ContainerKind::Sidecar | ContainerKind::Regular | ContainerKind::Ephemeral => self.subject(),
        }
    }

    /// Returns its state, with the reason that its status shows.
    pub(super) fn clause(&self) -> String {
        let subject = self.subject();
        let shown = self.waiting_reason.as_deref();
        let in_brackets = shown.map(|reason| self.shown_as(reason)).unwrap_or_default();
        match &self.situation {
            Situation::NotStarted { last_exit: None, .. } => format!("{subject} has not started yet{in_brackets}"),
            Situation::NotStarted { .. } => format!("{subject} has not started again yet{in_brackets}"),
            Situation::Pulling { .. } => format!("the image of {subject} is being pulled{in_brackets}"),
            Situation::Starting => format!("{subject} is being created and started{in_brackets}"),
            Situation::PostStart { .. } => format!("the postStart hook of {subject} is running{in_brackets}"),
            Situation::HeldBack { .. } => {
                let reason = as_shown(&StartError::CrashLoopBackOff, shown);
                format!("{subject} keeps exiting and waits before its next restart {reason}")
            }
            Situation::HeldBackBetween { .. } => {
                format!("{subject} keeps exiting and waits before its next restart{in_brackets}")
            }
            Situation::RestartDue { .. } => format!("{subject} has exited and is about to restart{in_brackets}"),
            Situation::CannotStart { error, .. } => {
                format!("{} {}", start_failure(error, &subject), as_shown(error, shown))
            }
            Situation::Running { lacks: Some(progress), .. } if progress.probe == ProbeKind::Startup => {
                format!("{subject} is running but has not started up{in_brackets}")
            }
            Situation::Running { lacks: Some(_), .. } => format!("{subject} is running but not ready{in_brackets}"),
            Situation::Running { liveness: Some(liveness), .. } if liveness.failures() > 0 => {
                let failed = text::in_a_row(liveness.failures());
                format!("{subject} is running, but its liveness probe has failed {failed}{in_brackets}")
            }
            Situation::Running { .. } => format!("{subject} is running{in_brackets}"),
            Situation::Stopping { reason, .. } => {
                format!("{subject} is being stopped{}{in_brackets}", because(*reason))
            }
            Situation::Ended { .. } => format!("{subject} has exited and does not restart{in_brackets}"),
            Situation::NeverRan => format!("{subject} never ran{in_brackets}"),
            Situation::Unknown => format!("the state of {subject} is unknown{in_brackets}"),
        }
    }

    /// Returns the reason of its status in brackets; the status may lag behind the situation.
    fn shown_as(&self, reason: &str) -> String {
        // A status stays behind the kubelet until the sync ends: these are the reasons of a first start.
        let is_first = reason == "ContainerCreating" || reason == "PodInitializing";
        let is_apt = match &self.situation {
            Situation::Pulling { .. } | Situation::Starting | Situation::PostStart { .. } => is_first,
            Situation::NotStarted { .. }
            | Situation::HeldBack { .. }
            | Situation::HeldBackBetween { .. }
            | Situation::RestartDue { .. }
            | Situation::CannotStart { .. }
            | Situation::NeverRan => true,
            Situation::Running { .. } | Situation::Stopping { .. } | Situation::Ended { .. } | Situation::Unknown => {
                false
            }
        };
        if is_apt { format!(" ({reason})") } else { format!(" (its status still shows {reason})") }
    }
}

/// Returns a start error in brackets, with the reason that the status shows instead.
fn as_shown(error: &StartError, shown: Option<&str>) -> String {
    match shown {
        Some(shown) if shown == error.as_str() => format!("({shown})"),
        Some(shown) => format!("({error}; its status still shows {shown})"),
        None => format!("(its status will show {error})"),
    }
}

fn start_failure(error: &StartError, subject: &str) -> String {
    match error {
        StartError::CrashLoopBackOff => format!("{subject} waits before its next restart"),
        StartError::ErrImagePull => format!("the image of {subject} could not be pulled"),
        StartError::ImagePullBackOff => {
            format!("the image of {subject} could not be pulled and is pulled again after a delay")
        }
        StartError::ErrImageNeverPull => {
            format!("the node does not have the image of {subject}, which must not be pulled")
        }
        StartError::InvalidImageName => format!("the image name of {subject} is invalid"),
        StartError::ImageInspectError => format!("the node could not check if it has the image of {subject}"),
        StartError::RegistryUnavailable => format!("the registry with the image of {subject} is unavailable"),
        StartError::SignatureValidationFailed => format!("the image of {subject} has no valid signature"),
        StartError::CreateContainerConfigError => format!("the configuration of {subject} could not be created"),
        StartError::CreateContainerError => format!("the runtime could not create {subject}"),
        StartError::PreCreateHookError => format!("the node's hook before the creation of {subject} failed"),
        StartError::PreStartHookError => format!("the node's hook before the start of {subject} failed"),
        StartError::RunContainerError => format!("the runtime could not start {subject}"),
        StartError::PostStartHookError => format!("{subject} was killed because its postStart hook failed"),
        StartError::Other(_) => format!("{subject} has not started"),
    }
}

// --- Exits ---

/// Returns an exit: `` `main` exited with code 1 (Error) at 12:03:10, its 4th exit``.
pub(super) fn exited(name: &str, exit: &LastExit, now: Timestamp) -> String {
    let LastExit { at, count, .. } = exit;
    let at = at.map(|at| format!(" at {}", text::past(at, now))).unwrap_or_default();
    let count = if *count > 1 { format!(", its {} exit", text::ordinal(*count)) } else { String::new() };
    format!("`{name}` exited with {}{at}{count}", code(exit))
}

/// Returns the code of an exit with its reason or its signal: `code 137 (OOMKilled)`.
pub(super) fn code(exit: &LastExit) -> String {
    let LastExit { code, reason, signal: number, .. } = exit;
    // "Error" says less than the signal; any other reason says more.
    let why = match (&**reason, exit.signal_name(), number) {
        ("" | "Error", Some(signal), Some(number)) => format!(" ({signal}, signal {number})"),
        ("" | "Error", Some(signal), None) => format!(" ({signal})"),
        ("" | "Error", None, Some(number)) => format!(" (signal {number})"),
        ("", None, None) => String::new(),
        (reason, ..) => format!(" ({reason})"),
    };
    format!("code {code}{why}")
}

/// Returns an exit, and the last line of the termination message.
pub(super) fn exited_saying(name: &str, exit: &LastExit, now: Timestamp) -> String {
    let saying = last_line(exit).map(|line| format!(", saying {line:?}")).unwrap_or_default();
    format!("{}{saying}", exited(name, exit, now))
}

/// Returns the last line of the termination message.
pub(super) fn last_line(exit: &LastExit) -> Option<&str> {
    // It may be a whole log tail (FallbackToLogsOnError); its last line has the error most often.
    let lines = exit.message.as_deref().unwrap_or_default().lines();
    lines.map(str::trim).rfind(|line| !line.is_empty())
}

impl LastExit {
    /// Returns the name of the signal that ended the process: the one that the runtime reports, or the one that the exit
    /// code stands for.
    pub(super) fn signal_name(&self) -> Option<&'static str> {
        let of_signal = self.signal.and_then(|number| signal(number.saturating_add(SIGNALLED)));
        of_signal.or_else(|| signal(self.code))
    }
}

/// Exit code of a process that was ended by a signal, less the number of the signal.
const SIGNALLED: i32 = 128;

/// Returns the signal that an exit code stands for: 128 and the number of the signal on Linux.
fn signal(code: i32) -> Option<&'static str> {
    Some(match code {
        // The signals that end a process by default, with their numbers on x86 and Arm.
        129 => "SIGHUP",
        130 => "SIGINT",
        131 => "SIGQUIT",
        132 => "SIGILL",
        133 => "SIGTRAP",
        134 => "SIGABRT",
        135 => "SIGBUS",
        136 => "SIGFPE",
        137 => "SIGKILL",
        138 => "SIGUSR1",
        139 => "SIGSEGV",
        140 => "SIGUSR2",
        141 => "SIGPIPE",
        142 => "SIGALRM",
        143 => "SIGTERM",
        152 => "SIGXCPU",
        153 => "SIGXFSZ",
        159 => "SIGSYS",
        _ => return None,
    })
}

/// Returns what follows from an exit, and by which rule.
pub(super) fn decided(decision: &RestartDecision) -> String {
    let restarts = if decision.restarts { "restarts it" } else { "does not restart it" };
    match decision.by {
        RestartReason::PodPolicy(policy) => format!("restartPolicy {policy} {restarts}"),
        RestartReason::OwnPolicy(policy) => format!("its own restartPolicy {policy} {restarts}"),
        RestartReason::Rule { place, all_containers: false } => format!("its restart rule {place} {restarts}"),
        RestartReason::Rule { place, all_containers: true } => {
            format!("its restart rule {place} restarts all containers of the Pod")
        }
        RestartReason::InitSucceeded => "an init container that has succeeded does not run again".into(),
        RestartReason::Sidecar => "a sidecar restarts as long as its Pod runs".into(),
        RestartReason::Ephemeral => "an ephemeral container never restarts".into(),
        RestartReason::NoNewSandbox => "the Pod's sandbox is gone and no new one is created".into(),
    }
}

// --- Probes and stops ---

/// Returns the results so far of a probe that its container has yet to pass.
pub(super) fn probe_progress(progress: &ProbeProgress) -> String {
    let probe = progress.probe.name().to_lowercase();
    let found = match progress.streak {
        Some((ProbeResult::Success, run)) => format!("has succeeded {} so far", text::in_a_row(run)),
        Some((ProbeResult::Failure | ProbeResult::Unknown, run)) => {
            format!("has failed {}", text::in_a_row(run))
        }
        None => "has not succeeded yet".to_string(),
    };
    let until_then = match progress.probe {
        ProbeKind::Startup => "; no other probe runs until it succeeds",
        ProbeKind::Readiness | ProbeKind::Liveness => "",
    };
    format!("its {probe} probe {found}{until_then}")
}

fn because(reason: StopReason) -> &'static str {
    match reason {
        StopReason::PodStops => "",
        StopReason::LivenessProbe => " because its liveness probe failed",
        StopReason::StartupProbe => " because its startup probe failed",
        StopReason::DefinitionChanged => " because its image was changed",
        StopReason::PostStartHook => " because its postStart hook failed",
        StopReason::AllContainersRestart => " because all containers are being restarted",
        StopReason::SandboxChanged => " because the Pod needs a new sandbox",
        StopReason::NothingLeft => " because it is no longer needed",
    }
}

/// Returns the progress of a stop.
pub(super) fn stopping(name: &str, step: &StopStep, exit: Option<&LastExit>, now: Timestamp) -> String {
    if let Some(exit) = exit {
        return exited(name, exit, now);
    }
    match step {
        StopStep::PreStop { since, .. } => {
            format!("the preStop hook of `{name}` has been running since {}", text::past(*since, now))
        }
        StopStep::Turn { after, .. } => format!("`{name}` is stopped after {}", text::names(after)),
        StopStep::SigtermSent { timeout, .. } => {
            format!("`{name}` got SIGTERM and is killed (SIGKILL) {} after it, if it still runs", text::span(*timeout))
        }
        StopStep::Pending => format!("`{name}` is about to be stopped"),
        StopStep::Unseen => format!("`{name}` was still running when the status was written"),
        StopStep::Gone => format!("`{name}` has stopped"),
    }
}

// --- Volumes ---

/// True if any of the volumes has failed.
pub(super) fn has_errors(volumes: &[AwaitedVolume]) -> bool {
    volumes.iter().any(|volume| volume.error.is_some())
}

/// Returns the volumes that are missing: ``its volume `data` is not mounted yet``.
pub(super) fn volumes_not_mounted(volumes: &[AwaitedVolume]) -> String {
    let are = if volumes.len() == 1 { "is" } else { "are" };
    format!("{} {are} not mounted yet", subject_of(volumes))
}

/// Returns the volumes that are left: ``its containers have stopped, and its volume `data` is being unmounted``.
pub(super) fn volumes_being_unmounted(volumes: &[AwaitedVolume]) -> String {
    let are = if volumes.len() == 1 { "is" } else { "are" };
    format!("its containers have stopped, and {} {are} being unmounted", subject_of(volumes))
}

fn subject_of(volumes: &[AwaitedVolume]) -> String {
    let names: Vec<&str> = volumes.iter().map(|volume| &*volume.name).collect();
    let noun = if names.len() == 1 { "volume" } else { "volumes" };
    format!("its {noun} {}", text::names(&names))
}

/// Returns since when the volumes are awaited, and what holds each up.
pub(super) fn awaited_volumes(volumes: &[AwaitedVolume], since: Timestamp, now: Timestamp) -> String {
    let since = format!("since {}, for {}", text::past(since, now), text::span(now.since(since)));
    let held_up = volumes.iter().filter_map(|volume| {
        let name = &volume.name;
        match &volume.error {
            Some(error) => Some(format!("`{name}` failed last with: {}", text::unpunctuated(error))),
            None if !volume.is_attached => Some(format!("`{name}` is not attached to the node")),
            None => None,
        }
    });
    core::iter::once(since).chain(held_up).collect::<Vec<_>>().join("; ")
}

// --- Changes ---

impl PossibleChange {
    /// Returns the change as a clause; the explanation adds names and numbers to a remedy.
    pub(super) fn clause(&self, explanation: &Explanation) -> String {
        match self {
            PossibleChange::Successes { container, probe, needed, has_begun, period } => {
                let becomes = if *probe == ProbeKind::Startup { "counts as started" } else { "becomes ready" };
                format!(
                    "`{container}` {becomes} after {} of its {} probe, which runs every {}",
                    text::more(*needed, *has_begun, "success", "successes"),
                    probe.name().to_lowercase(),
                    text::span(*period),
                )
            }
            PossibleChange::Failures { container, probe, left, has_begun, restart_policy } => {
                let (ending, condition) = match restart_policy {
                    RestartPolicy::Always => ("restarted", ""),
                    RestartPolicy::OnFailure => ("killed", ", and restarted unless it then exits with code 0"),
                    RestartPolicy::Never => ("killed", ""),
                };
                let failures = text::more(*left, *has_begun, "failure", "failures");
                let probe = probe.name().to_lowercase();
                format!("`{container}` is {ending} after {failures} of its {probe} probe{condition}")
            }
            PossibleChange::LongRun { container, longer_than, initial_delay } => format!(
                "once `{container}` has run for more than {}, its delay is back to {}",
                text::span(*longer_than),
                Seconds(*initial_delay)
            ),
            PossibleChange::Exit { container } => format!("`{container}` exits"),
            PossibleChange::Gate { gate } => format!("the controller of {gate} sets that condition to True"),
            PossibleChange::Remedy { container, remedy } => explanation.remedy_clause(*remedy, container.as_deref()),
            PossibleChange::NextTime { container, remedy } => {
                format!("next time, {}", explanation.remedy_clause(*remedy, container.as_deref()))
            }
            PossibleChange::Nothing => "nothing: this Pod does not run again, only a new one does".into(),
        }
    }
}

// --- Unknown ---

impl MissingFact {
    pub(super) fn clause(&self) -> String {
        match self {
            MissingFact::NextRestart { container } => format!("when `{container}` restarts"),
            MissingFact::NextPull { container, .. } => format!("when the image of `{container}` was last pulled"),
            MissingFact::NextTry { container, .. } => format!("when the kubelet last tried to start `{container}`"),
            MissingFact::ProbeRun { container, probe } => {
                format!("how often in a row the {} probe of `{container}` has failed", probe.name().to_lowercase())
            }
            MissingFact::Preparation { container } => {
                format!("whether `{container}` waits for its volumes, its image or its creation")
            }
            MissingFact::Stops => "which containers got SIGTERM, and when".into(),
            MissingFact::Node => "what runs on the node".into(),
            MissingFact::Kubelet => "whether the kubelet of the node is running".into(),
        }
    }

    /// Returns the next step, relative to a time that is unknown.
    pub(super) fn next_clause(&self) -> Option<String> {
        match self {
            MissingFact::NextPull { container, longest_wait } => Some(format!(
                "the image of `{container}` is pulled again within {} of the last attempt",
                text::span(*longest_wait)
            )),
            MissingFact::NextTry { container, period } => Some(format!(
                "the kubelet tries to start `{container}` again about {} after its last attempt",
                text::span(*period)
            )),
            MissingFact::NextRestart { .. }
            | MissingFact::ProbeRun { .. }
            | MissingFact::Preparation { .. }
            | MissingFact::Stops
            | MissingFact::Node
            | MissingFact::Kubelet => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

    #[test]
    fn a_container_whose_liveness_probe_has_never_failed_is_just_running() {
        let clause = |failures: u32| {
            let liveness = ProbeProgress {
                probe: ProbeKind::Liveness,
                streak: Some((ProbeResult::Failure, failures)).filter(|_| failures > 0),
                successes_needed: 1,
                failures_left: 3,
                period: core::time::Duration::from_secs(10),
                next_probe: None,
            };
            let explained = ContainerExplanation {
                name: "app".into(),
                kind: ContainerKind::Regular,
                init_place: None,
                waiting_reason: None,
                ready: false,
                restart_count: 0,
                past: None,
                situation: Situation::Running { since: None, lacks: None, liveness: Some(liveness) },
            };
            explained.clause()
        };
        assert_eq!(clause(0), "container `app` is running");
        assert_eq!(clause(2), "container `app` is running, but its liveness probe has failed twice in a row");
    }

    #[test]
    fn an_exit_code_above_128_is_a_signal_unless_the_reason_says_more() {
        let exit = |code: i32, reason: &str| {
            let exit = LastExit { code, reason: reason.into(), at: None, count: 1, signal: None, message: None };
            exited("app", &exit, NOON)
        };
        let of_signal = [130, 134, 137, 139, 143].map(|code| exit(code, ""));
        let signals = ["130 (SIGINT)", "134 (SIGABRT)", "137 (SIGKILL)", "139 (SIGSEGV)", "143 (SIGTERM)"];
        assert_eq!(of_signal, signals.map(|said| format!("`app` exited with code {said}")));
        assert_eq!(exit(137, "OOMKilled"), "`app` exited with code 137 (OOMKilled)");
        assert_eq!(exit(143, "Error"), "`app` exited with code 143 (SIGTERM)");
        assert_eq!(exit(1, "Error"), "`app` exited with code 1 (Error)");
        assert_eq!(exit(2, ""), "`app` exited with code 2", "no empty brackets");
    }
}
