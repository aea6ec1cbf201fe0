//! What there is to say of one container: a clause on its state, and why it is so.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    ContainerExplanation, LastExit, PossibleChange, ProbeProgress, RestartDecision, RestartReason, Situation,
    StopReason, StopStep, WaitingFor, text,
};
use crate::{
    api::Name,
    rule::probe::ProbeResult,
    spec::{ContainerKind, ProbeKind},
    state::StartError,
    time::{Timestamp, seconds::Seconds},
};

impl ContainerExplanation {
    /// The container as people call it: `container main`, `init container wait (1 of 2)`.
    pub(super) fn subject(&self) -> String {
        let name = &self.name;
        match (self.kind, self.init_place) {
            (ContainerKind::Init, Some((place, count))) => format!("init container {name} ({place} of {count})"),
            (ContainerKind::Init, None) => format!("init container {name}"),
            (ContainerKind::Sidecar, _) => format!("sidecar {name}"),
            (ContainerKind::Regular, _) => format!("container {name}"),
            (ContainerKind::Ephemeral, _) => format!("ephemeral container {name}"),
        }
    }

    /// What it is doing, in a clause, with the reason that its status shows.
    pub(super) fn clause(&self) -> String {
        let subject = self.subject();
        let shown = self.waiting_reason.as_deref();
        let in_brackets = shown.map(|reason| self.shown_as(reason)).unwrap_or_default();
        match &self.situation {
            Situation::NotStarted { last_exit: None, .. } => format!("{subject} has not started yet{in_brackets}"),
            Situation::NotStarted { .. } => format!("{subject} has yet to start again{in_brackets}"),
            Situation::Pulling { .. } => format!("the image of {subject} is being pulled{in_brackets}"),
            Situation::Starting => format!("{subject} is being created and started{in_brackets}"),
            Situation::PostStart { .. } => format!("the postStart hook of {subject} is running{in_brackets}"),
            Situation::HeldBack { .. } => {
                let back_off = StartError::CrashLoopBackOff;
                format!("{subject} keeps exiting and is held back {}", as_shown(&back_off, shown))
            }
            Situation::HeldBackBetween { .. } => {
                format!("{subject} keeps exiting and is held back{in_brackets}")
            }
            Situation::RestartDue { .. } => format!("{subject} has ended and is about to start again{in_brackets}"),
            Situation::CannotStart { error, .. } => {
                format!("{} {}", start_trouble(error, &subject), as_shown(error, shown))
            }
            Situation::Running { lacks: Some(progress), .. } if progress.probe == ProbeKind::Startup => {
                format!("{subject} runs but has not started up{in_brackets}")
            }
            Situation::Running { lacks: Some(_), .. } => format!("{subject} runs but is not ready{in_brackets}"),
            Situation::Running { liveness: Some(liveness), .. } if liveness.failures() > 0 => {
                let failed = text::in_a_row(liveness.failures());
                format!("{subject} runs, but its liveness probe has failed {failed}{in_brackets}")
            }
            Situation::Running { .. } => format!("{subject} is running{in_brackets}"),
            Situation::Stopping { reason, .. } => {
                format!("{subject} is being stopped{}{in_brackets}", because(*reason))
            }
            Situation::Ended { .. } => format!("{subject} has ended and is not started again{in_brackets}"),
            Situation::NeverRan => format!("{subject} never ran{in_brackets}"),
            Situation::Unknown => format!("the runtime cannot say what {subject} is doing{in_brackets}"),
        }
    }

    /// The reason that its status shows, in brackets: it may lag behind.
    fn shown_as(&self, reason: &str) -> String {
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

    /// Why it is so, if there is more to say.
    pub(super) fn why(&self, now: Timestamp) -> Option<String> {
        let name = &self.name;
        Some(match &self.situation {
            Situation::NotStarted { waits_for, .. } => waiting(waits_for, &[&**name]),
            Situation::Pulling { image, since } => format!(
                "the pull of {image:?} began at {}, {} ago; nothing else of the Pod starts before it has ended",
                text::past(*since, now),
                text::span(now.since(*since)),
            ),
            Situation::PostStart { .. } => {
                "no other container starts, and no new state is shown, before the hook is over".into()
            }
            Situation::HeldBack { exit, decision, delay, .. } => {
                let (ended, decided) = (ended_saying(name, exit, now), decided(decision));
                format!("{ended}; {decided}, {} after that exit", Seconds(*delay))
            }
            Situation::HeldBackBetween { exit, decision, least_delay, most_delay } => {
                let ended =
                    exit.as_ref().map(|exit| format!("{}; ", ended_saying(name, exit, now))).unwrap_or_default();
                let decided = decision.as_ref().map(decided).unwrap_or_else(|| "it is restarted".into());
                let delay = text::at_least_at_most(*least_delay, *most_delay);
                format!("{ended}{decided}, {delay} after that exit")
            }
            Situation::RestartDue { exit, decision, waits_for } => {
                let next = waiting(waits_for, &[&**name]);
                format!("{}; {}; {next}", ended_saying(name, exit, now), decided(decision))
            }
            Situation::CannotStart { message, image, delay: Some(delay), .. } => format!(
                "the last pull of {image:?} failed: {}; the next is not allowed until {} after that",
                message.trim_end_matches('.'),
                Seconds(*delay)
            ),
            Situation::CannotStart { message, .. } => message.trim_end_matches('.').to_string(),
            Situation::Running { lacks: Some(progress), .. } => unfinished(progress),
            Situation::Running { since, .. } if self.kind == ContainerKind::Init => {
                let since = since.map(|since| format!("it has been running since {}; ", text::past(since, now)));
                let rule = "the next container starts only when it has ended with exit code 0";
                format!("{}{rule}", since.unwrap_or_default())
            }
            Situation::Stopping { step, exit, .. } => stopping(name, step, exit.as_ref(), now),
            Situation::Ended { exit, decision } => {
                format!("{}; {}", ended_saying(name, exit, now), decided(decision))
            }
            Situation::Starting | Situation::Running { .. } | Situation::NeverRan | Situation::Unknown => return None,
        })
    }
}

/// A start error, with what the status still shows instead.
fn as_shown(error: &StartError, shown: Option<&str>) -> String {
    match shown {
        Some(shown) if shown == error.as_str() => format!("({shown})"),
        Some(shown) => format!("({error}; its status still shows {shown})"),
        None => format!("(its status will show {error})"),
    }
}

fn start_trouble(error: &StartError, subject: &str) -> String {
    match error {
        StartError::CrashLoopBackOff => format!("{subject} is held back"),
        StartError::ErrImagePull => format!("the image of {subject} could not be pulled"),
        StartError::ImagePullBackOff => {
            format!("the image of {subject} could not be pulled, and the next try has to wait")
        }
        StartError::ErrImageNeverPull => format!("the node has no image for {subject} and may not pull it"),
        StartError::InvalidImageName => format!("the image name of {subject} cannot be read"),
        StartError::ImageInspectError => format!("the node cannot say whether it has the image of {subject}"),
        StartError::RegistryUnavailable => format!("the registry with the image of {subject} does not answer"),
        StartError::SignatureValidationFailed => format!("the image of {subject} has no valid signature"),
        StartError::CreateContainerConfigError => format!("the configuration of {subject} cannot be made"),
        StartError::CreateContainerError => format!("the runtime could not create {subject}"),
        StartError::PreCreateHookError => format!("the node's hook before the creation of {subject} failed"),
        StartError::PreStartHookError => format!("the node's hook before the start of {subject} failed"),
        StartError::RunContainerError => format!("the runtime could not start {subject}"),
        StartError::PostStartHookError => format!("{subject} was killed because its postStart hook failed"),
        StartError::Other(_) => format!("{subject} has not started"),
    }
}

/// How a container ended: `main exited with code 1 (Error) at 12:03:10, its 4th exit`.
pub(super) fn ended(name: &str, exit: &LastExit, now: Timestamp) -> String {
    let LastExit { code, reason, at, count, .. } = exit;
    let at = at.map(|at| format!(" at {}", text::past(at, now))).unwrap_or_default();
    let count = if *count > 1 { format!(", its {} exit", text::ordinal(*count)) } else { String::new() };
    format!("{name} exited with code {code} ({reason}){at}{count}")
}

/// How a container ended, and the last line of what it said.
fn ended_saying(name: &str, exit: &LastExit, now: Timestamp) -> String {
    let lines = exit.message.as_deref().unwrap_or_default().lines();
    let last = lines.map(str::trim).rfind(|line| !line.is_empty());
    let saying = last.map(|line| format!(", saying {line:?}")).unwrap_or_default();
    format!("{}{saying}", ended(name, exit, now))
}

/// What follows from an exit, and by which rule.
pub(super) fn decided(decision: &RestartDecision) -> String {
    let restarts = if decision.restarts { "restarts it" } else { "does not restart it" };
    match decision.by {
        RestartReason::PodPolicy(policy) => format!("restartPolicy {policy} {restarts}"),
        RestartReason::OwnPolicy(policy) => format!("its own restartPolicy {policy} {restarts}"),
        RestartReason::Rule { place, all_containers: false } => format!("its restart rule {place} {restarts}"),
        RestartReason::Rule { place, all_containers: true } => {
            format!("its restart rule {place} restarts all containers of the Pod")
        }
        RestartReason::InitSucceeded => "an init container that has succeeded is not run again".into(),
        RestartReason::Sidecar => "a sidecar is restarted as long as its Pod runs".into(),
        RestartReason::Ephemeral => "an ephemeral container is never started again".into(),
        RestartReason::NoNewSandbox => "the Pod's sandbox is gone and no new one is made".into(),
    }
}

/// What containers wait for.
pub(super) fn waiting(waits_for: &WaitingFor, names: &[&str]) -> String {
    let (wait, start) = if names.len() == 1 { ("waits", "starts") } else { ("wait", "start") };
    let names = text::list(names);
    match waits_for {
        WaitingFor::Node => format!("{names} {wait} for a node to have the Pod"),
        WaitingFor::Sandbox => format!("{names} {wait} for the Pod's sandbox"),
        WaitingFor::InitContainer(init) => format!("{names} {wait} for {init} to do its part"),
        WaitingFor::Turn(other) => format!("{names} {wait} for {other}, which holds up the whole Pod"),
        WaitingFor::Reset => format!("{names} {start} again when all containers have been removed"),
        WaitingFor::Preparation => format!("{names} {wait} for volumes, an image or creation"),
        WaitingFor::NextSync => format!("{names} {start} with the next sync of the Pod"),
    }
}

/// What a probe has found so far of a container that has yet to pass it.
fn unfinished(progress: &ProbeProgress) -> String {
    let probe = progress.probe.name().to_lowercase();
    let found = match progress.streak {
        Some((ProbeResult::Success, run)) => format!("has succeeded {} so far", text::in_a_row(run)),
        Some((ProbeResult::Failure | ProbeResult::Unknown, run)) => {
            format!("has failed {}", text::in_a_row(run))
        }
        None => "has yet to succeed".to_string(),
    };
    let until_then = match progress.probe {
        ProbeKind::Startup => "; until it succeeds, no other probe runs",
        ProbeKind::Readiness | ProbeKind::Liveness => "",
    };
    format!("its {probe} probe {found}{until_then}")
}

/// Why a container is being stopped.
fn because(reason: StopReason) -> &'static str {
    match reason {
        StopReason::PodStops => "",
        StopReason::LivenessProbe => " because its liveness probe failed",
        StopReason::StartupProbe => " because its startup probe failed",
        StopReason::DefinitionChanged => " because its image was changed",
        StopReason::PostStartHook => " because its postStart hook failed",
        StopReason::AllContainersRestart => " because all containers are being restarted",
        StopReason::SandboxChanged => " because the Pod needs a new sandbox",
        StopReason::NothingLeft => " because nothing is left for it to do",
    }
}

/// How far a stop has come.
pub(super) fn stopping(name: &str, step: &StopStep, exit: Option<&LastExit>, now: Timestamp) -> String {
    if let Some(exit) = exit {
        return ended(name, exit, now);
    }
    match step {
        StopStep::PreStop { since, .. } => {
            format!("the preStop hook of {name} has been running since {}", text::past(*since, now))
        }
        StopStep::Turn { after, .. } => format!("{name} is stopped after {}", text::list(after)),
        StopStep::Told { timeout, .. } => format!(
            "{name} was told to stop (SIGTERM) and is killed (SIGKILL) {} after that if it has not ended",
            text::span(*timeout)
        ),
        StopStep::Pending => format!("{name} is about to be stopped"),
        StopStep::Unseen => format!("{name} still ran when the status was written"),
        StopStep::Gone => format!("{name} has stopped"),
    }
}

impl PossibleChange {
    /// What would change, in a clause.
    pub(super) fn clause(&self) -> String {
        match self {
            PossibleChange::Successes { container, probe, needed, has_begun, period } => {
                let becomes = if *probe == ProbeKind::Startup { "counts as started" } else { "becomes ready" };
                format!(
                    "{container} {becomes} after {} of its {} probe, which runs every {}",
                    text::more(*needed, *has_begun, "success", "successes"),
                    probe.name().to_lowercase(),
                    text::span(*period),
                )
            }
            PossibleChange::Failures { container, probe, left, has_begun, restarts } => {
                let ending = if *restarts { "restarted" } else { "killed" };
                let failures = text::more(*left, *has_begun, "failure", "failures");
                format!("{container} is {ending} after {failures} of its {} probe", probe.name().to_lowercase())
            }
            PossibleChange::LongRun { container, longer_than, initial_delay } => format!(
                "a run of {container} of more than {}, which brings the delay back to {}",
                text::span(*longer_than),
                Seconds(*initial_delay)
            ),
            PossibleChange::Exit { container } => format!("the end of {container}"),
            PossibleChange::Gate { gate } => format!("a condition {gate} that is True, which its owner has to set"),
            PossibleChange::Remedy { container, remedy } => remedy.clause(container.as_deref()),
            PossibleChange::NextTime { container, remedy } => {
                format!("so that the next does not end like this: {}", remedy.clause(container.as_deref()))
            }
            PossibleChange::Nothing => "nothing; only a new Pod would run again".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_whose_liveness_probe_has_never_failed_just_runs() {
        let said = |failures: u32| {
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
                situation: Situation::Running { since: None, lacks: None, liveness: Some(liveness) },
            };
            explained.clause()
        };
        assert_eq!(said(0), "container app is running");
        assert_eq!(said(2), "container app runs, but its liveness probe has failed twice in a row");
    }
}
