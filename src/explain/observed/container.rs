//! State of one container of an observed Pod, with the bounds of its crash-loop back-off.

use alloc::{borrow::ToOwned, format, string::String};
use core::time::Duration;

use super::{explain::Observation, obstacle};
use crate::{
    config::BackOffLimits,
    explain::{
        container::{ContainerExplanation, Situation, WaitingFor, waiting_reason},
        fact::{LastExit, ProbeProgress, RestartDecision},
        history::{self, ExitCause, PastRuns, average_run},
        next::When,
        removal::Removal,
        stop::{StopReason, StopStep},
    },
    rule::init_containers::blocking_init_container_in_status,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind, ProbeSpec},
    state::{
        ConditionType, ContainerRecord, FailureMessage, RecordedState, StartError, StartFailure, Termination,
        TerminationReason, Waiting,
    },
    time::Timestamp,
};

/// Clocks of the API server and of a node differ, and both write whole seconds.
const SKEW: Duration = Duration::from_secs(2);

/// A stop takes a little longer than its grace period.
const SLACK: Duration = Duration::from_secs(15);

impl Observation<'_> {
    /// Explains a container.
    pub(super) fn container(self, index: ContainerIndex) -> Option<ContainerExplanation> {
        let spec = self.pod.spec().container(index)?;
        let record = self.pod.records().get(index.get()).and_then(Option::as_ref);
        let is_init = matches!(spec.kind(), ContainerKind::Init | ContainerKind::Sidecar);
        let place = self.pod.spec().index_in_list(index).saturating_add(1);
        Some(ContainerExplanation {
            name: spec.name().into(),
            kind: spec.kind(),
            init_place: is_init.then(|| (place, self.pod.spec().init_containers().count())),
            waiting_reason: record.and_then(waiting_reason).map(String::from),
            ready: record.is_some_and(|record| record.ready),
            restart_count: record.map_or(0, |record| record.restart_count),
            past: record.and_then(|record| self.past(index, spec, record)),
            situation: self.situation_of(index, spec, record),
        })
    }

    // --- Past runs ---

    /// Returns the past runs of a container, if the status has the end of the last one.
    fn past(self, index: ContainerIndex, spec: &ContainerSpec, record: &ContainerRecord) -> Option<PastRuns> {
        let end = record.termination().or_else(|| record.last_termination())?;
        let limits = &self.node.crash_loop;
        // The present run of a running container is one more than those that have ended.
        let restarts = record.restart_count.saturating_sub(i32::from(record.is_running()));
        let lasted = end.started_at.zip(end.finished_at).filter(|(start, end)| start <= end);
        let lasted = lasted.map(|(start, end)| end.since(start));
        let first = self.pod.status().start_time.or(self.pod.manifest().metadata.creation_timestamp);
        let next_delay = match (&record.state, end.finished_at) {
            (Some(RecordedState::Running { started_at: Some(started_at) }), Some(finished_at)) => {
                let was_reset = lasted.is_some_and(|lasted| lasted > limits.reset_after);
                let gap = if was_reset { Duration::ZERO } else { started_at.since(finished_at) };
                Some(history::delay_after(gap, limits)).filter(|_| self.may_restart(spec, end))
            }
            _ => None,
        };
        Some(PastRuns {
            last: LastExit::of(end, restarts),
            cause: self.exit_cause(index, spec, end, lasted),
            lasted,
            average: first.zip(end.finished_at).and_then(|(first, last)| average_run(first, last, restarts, limits)),
            next_delay,
        })
    }

    fn may_restart(self, spec: &ContainerSpec, end: &Termination) -> bool {
        RestartDecision::on(spec, end).restarts && !self.is_over() && !self.is_stopping()
    }

    /// True if a deletion stops the containers: that of a mirror Pod stops nothing.
    fn is_stopping(self) -> bool {
        self.pod.is_deleting() && !self.pod.is_mirror()
    }

    fn exit_cause(
        self,
        index: ContainerIndex,
        spec: &ContainerSpec,
        end: &Termination,
        lasted: Option<Duration>,
    ) -> ExitCause {
        match &end.reason {
            TerminationReason::OomKilled => return ExitCause::OutOfMemory { limit: self.memory_limit(index) },
            TerminationReason::StartError | TerminationReason::ContainerCannotRun => return ExitCause::NotStarted,
            TerminationReason::ContainerStatusUnknown => return ExitCause::Lost,
            // containerd marks a container so whose task it does not find after a restart (`unknownExitStatus`).
            TerminationReason::Other(reason) if &**reason == "Unknown" && end.exit_code == 255 => {
                return ExitCause::Lost;
            }
            TerminationReason::RestartingAllContainers => return ExitCause::Stopped,
            TerminationReason::Completed | TerminationReason::Error | TerminationReason::Other(_) => {}
        }
        if let Some(probe) = obstacle::killed_by_probe(self.pod, spec.name(), end) {
            return ExitCause::Probe { probe };
        }
        if self.was_stopped_by(end.finished_at) {
            return ExitCause::Stopped;
        }
        match LastExit::of(end, 0).signal_name() {
            // Signals that ask a process to end, and the one that ends it: they come from outside.
            Some(signal @ ("SIGKILL" | "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGQUIT")) => {
                match self.probe_that_killed(spec, signal == "SIGKILL", lasted) {
                    Some(probe) => ExitCause::ProbablyProbe { probe },
                    None => ExitCause::Killed { signal: signal.into() },
                }
            }
            Some(signal) => ExitCause::Crash { signal: signal.into() },
            // Many servers end with 0 when they are asked to.
            None if end.exit_code == 0 => match self.probe_that_killed(spec, false, lasted) {
                Some(probe) => ExitCause::SuccessOrProbe { probe },
                None => ExitCause::Success,
            },
            None => ExitCause::Failure,
        }
    }

    /// Returns the memory limit of a container: the one in force, else that of the spec.
    fn memory_limit(self, index: ContainerIndex) -> Option<String> {
        let container = self.pod.manifest().container(index)?;
        let mut statuses = self.pod.status().every_container();
        let status = statuses.find(|status| status.name == container.name).and_then(|status| status.resources.as_ref());
        let limit = |resources: &serde_json::Value| Some(resources.get("limits")?.get("memory")?.as_str()?.to_owned());
        let own = status.and_then(limit).or_else(|| container.resources.as_ref().and_then(limit));
        // A limit of the whole Pod (KEP-2837).
        let of_pod = self.pod.manifest().spec.other.get("resources").and_then(limit);
        own.or_else(|| of_pod.map(|limit| format!("{limit} for the whole Pod")))
    }

    /// True if the Pod was being stopped when a container ended.
    fn was_stopped_by(self, finished_at: Option<Timestamp>) -> bool {
        let removal = Removal::of(&self.pod.manifest().metadata);
        let is_after = |at: Timestamp| finished_at.is_none_or(|finished_at| finished_at + SKEW >= at);
        let by_deletion = self.is_stopping() && removal.is_some_and(|removal| is_after(removal.requested_at));
        // A reason of the status, and a disruption, stop all containers.
        let by_node = !self.pod.status().reason.is_empty() || self.pod.holds(ConditionType::DisruptionTarget);
        by_deletion || by_node
    }

    /// Returns the probe whose failure may have killed a run that lasted so long.
    fn probe_that_killed(self, spec: &ContainerSpec, was_killed: bool, lasted: Option<Duration>) -> Option<ProbeKind> {
        // SIGKILL comes only at the end of the grace period, which a probe may have of its own.
        let grace = |probe: &ProbeSpec| {
            let grace = probe.termination_grace().or(self.pod.spec().termination_grace());
            grace.filter(|_| was_killed).unwrap_or_default()
        };
        let earliest = |probe: &ProbeSpec| {
            let periods = probe.failure_threshold().saturating_sub(1);
            probe.initial_delay().saturating_add(probe.period().saturating_mul(periods)).saturating_add(grace(probe))
        };
        // The first probe may come a period late, and each takes up to its timeout.
        let latest = |probe: &ProbeSpec| {
            let late = probe.period().saturating_mul(2).saturating_add(probe.timeout()).saturating_add(SLACK);
            earliest(probe).saturating_add(late)
        };
        let startup = spec.probe(ProbeKind::Startup);
        let is_startup =
            startup.filter(|probe| lasted.is_none_or(|lasted| lasted >= earliest(probe) && lasted <= latest(probe)));
        let liveness = spec.probe(ProbeKind::Liveness);
        let is_liveness = liveness.filter(|probe| lasted.is_none_or(|lasted| lasted >= earliest(probe)));
        match (is_startup, is_liveness) {
            // Without the length of the run, a liveness probe is the likelier one: it goes on for ever.
            (_, Some(_)) if lasted.is_none() => Some(ProbeKind::Liveness),
            (Some(_), _) => Some(ProbeKind::Startup),
            (None, Some(_)) => Some(ProbeKind::Liveness),
            (None, None) => None,
        }
    }

    // --- Situation ---

    fn situation_of(self, index: ContainerIndex, spec: &ContainerSpec, record: Option<&ContainerRecord>) -> Situation {
        let Some(record) = record else { return self.without_status() };
        match &record.state {
            // It is about to be stopped, or the Pod was ended without its kubelet.
            Some(RecordedState::Running { .. }) if self.is_over() || self.is_stopping() => {
                let (reason, step) = (StopReason::PodStops, StopStep::Unseen);
                Situation::Stopping { reason, step, exit: None, restarts: false }
            }
            Some(RecordedState::Running { started_at }) => Situation::Running {
                since: *started_at,
                lacks: lacking_probe(spec, record),
                // A status does not contain the failures of a liveness probe.
                liveness: None,
            },
            Some(RecordedState::Terminated(end)) => self.terminated(spec, record, end),
            Some(RecordedState::Waiting(waiting)) if !self.is_over() && !self.is_stopping() => {
                self.waiting(index, spec, record, waiting)
            }
            Some(RecordedState::Waiting(_)) | None => match record.last_termination() {
                Some(end) => ended(spec, record, end),
                None if record.state.is_none() && !self.is_over() => Situation::Unknown,
                None => Situation::NeverRan,
            },
        }
    }

    /// Returns the situation of a container without a status.
    fn without_status(self) -> Situation {
        if self.is_over() {
            Situation::NeverRan
        } else if self.pod.is_reported() {
            Situation::Unknown
        } else {
            Situation::NotStarted { waits_for: WaitingFor::Node, last_exit: None }
        }
    }

    fn terminated(self, spec: &ContainerSpec, record: &ContainerRecord, end: &Termination) -> Situation {
        let decision = RestartDecision::on(spec, end);
        // The kubelet of a Pod that is being deleted starts nothing any more.
        if !decision.restarts || self.is_over() || self.is_stopping() {
            return ended(spec, record, end);
        }
        let exit = LastExit::of(end, record.restart_count);
        Situation::RestartDue { exit, decision, waits_for: WaitingFor::NextSync }
    }

    fn waiting(
        self,
        index: ContainerIndex,
        spec: &ContainerSpec,
        record: &ContainerRecord,
        waiting: &Waiting,
    ) -> Situation {
        match waiting {
            Waiting::Failed(failure) if failure.error == StartError::CrashLoopBackOff => self.held_back(spec, record),
            // Other reasons than the kubelet's are read as failures, and these are none.
            Waiting::Failed(failure) if is_harmless(failure.error.as_str()) => self.not_started(index, record),
            Waiting::Failed(failure) => match failed_run(record, &failure.error) {
                // The runtime has an instance that exited: the policy decides, as after any other exit.
                Some(end) if !RestartDecision::on(spec, end).restarts => {
                    let mut exit = LastExit::of(end, record.restart_count);
                    exit.message = exit.message.or_else(|| failure_text(failure));
                    Situation::Ended { exit, decision: RestartDecision::on(spec, end) }
                }
                _ => cannot_start(spec, failure),
            },
            Waiting::RestartingAllContainers => {
                Situation::NotStarted { waits_for: WaitingFor::Reset, last_exit: last_exit(record) }
            }
            Waiting::WithoutReason | Waiting::ContainerCreating | Waiting::PodInitializing => {
                self.not_started(index, record)
            }
        }
    }

    fn held_back(self, spec: &ContainerSpec, record: &ContainerRecord) -> Situation {
        let limits = &self.node.crash_loop;
        let delay = Delay::in_force(record, limits);
        let exit = last_exit(record);
        let decision = record.last_termination().map(|end| RestartDecision::on(spec, end));
        let at = exit.as_ref().and_then(|exit| exit.at);
        match (exit, decision, at) {
            // Exact only with the delay of the message and the time of the exit; else there are bounds.
            (Some(exit), Some(decision), Some(at)) if delay.least == delay.most => Situation::HeldBack {
                exit,
                decision,
                delay: delay.least,
                until: delay.over(at).time(),
                next_delay: delay.next(limits),
            },
            (exit, decision, _) => {
                let Delay { least: least_delay, most: most_delay } = delay;
                Situation::HeldBackBetween { exit, decision, least_delay, most_delay }
            }
        }
    }

    fn not_started(self, index: ContainerIndex, record: &ContainerRecord) -> Situation {
        let waits_for = match blocking_init_container_in_status(self.pod.spec(), self.pod.records(), index) {
            Some(init) => WaitingFor::InitContainer(self.pod.spec().container_name(init).into()),
            None if self.lacks_sandbox() => WaitingFor::Sandbox,
            None => WaitingFor::Preparation,
        };
        Situation::NotStarted { waits_for, last_exit: last_exit(record) }
    }
}

/// True for the reasons of a container that has not started yet, and whose start has not failed.
fn is_harmless(reason: &str) -> bool {
    matches!(reason, "" | "ContainerCreating" | "PodInitializing" | "RestartingAllContainers")
}

/// Returns the exit of the instance whose start failed, if the runtime keeps such an instance: the next attempt is then a
/// restart, with its policy and its back-off.
///
/// containerd leaves an instance that exited with 128 (`StartError`), dockershim left one with `ContainerCannotRun`; the
/// kubelet kills a container whose postStart hook failed.
pub(super) fn failed_run<'a>(record: &'a ContainerRecord, error: &StartError) -> Option<&'a Termination> {
    let end = record.last_termination()?;
    let is_start = matches!(end.reason, TerminationReason::StartError | TerminationReason::ContainerCannotRun);
    let is_failed_run = match error {
        StartError::RunContainerError => is_start,
        StartError::PostStartHookError => true,
        StartError::CrashLoopBackOff
        | StartError::ErrImagePull
        | StartError::ImagePullBackOff
        | StartError::ErrImageNeverPull
        | StartError::InvalidImageName
        | StartError::ImageInspectError
        | StartError::RegistryUnavailable
        | StartError::SignatureValidationFailed
        | StartError::CreateContainerConfigError
        | StartError::CreateContainerError
        | StartError::PreCreateHookError
        | StartError::PreStartHookError
        | StartError::Other(_) => false,
    };
    is_failed_run.then_some(end)
}

/// Returns the message of a failure; those of an API status are always text.
fn failure_text(failure: &StartFailure) -> Option<String> {
    match &failure.message {
        FailureMessage::Text(text) => Some((**text).into()).filter(|text: &String| !text.is_empty()),
        FailureMessage::RestartBackOff { .. } | FailureMessage::PullBackOff { .. } => None,
    }
}

fn cannot_start(spec: &ContainerSpec, failure: &StartFailure) -> Situation {
    Situation::CannotStart {
        error: failure.error.clone(),
        message: failure_text(failure).unwrap_or_default(),
        image: spec.image().into(),
        held_until: None,
        delay: None,
    }
}

fn ended(spec: &ContainerSpec, record: &ContainerRecord, end: &Termination) -> Situation {
    Situation::Ended { exit: LastExit::of(end, record.restart_count), decision: RestartDecision::on(spec, end) }
}

fn last_exit(record: &ContainerRecord) -> Option<LastExit> {
    record.last_termination().map(|end| LastExit::of(end, record.restart_count))
}

/// Returns the probe that a running container has not passed yet; a status does not contain its progress.
fn lacking_probe(spec: &ContainerSpec, record: &ContainerRecord) -> Option<ProbeProgress> {
    // `started` is optional: only False says that the startup probe has not succeeded.
    let has_started = record.started != Some(false);
    let kind = if has_started { ProbeKind::Readiness } else { ProbeKind::Startup };
    let probe = spec.probe(kind).filter(|_| !has_started || !record.ready)?;
    Some(ProbeProgress {
        probe: kind,
        streak: None,
        successes_needed: probe.success_threshold(),
        failures_left: probe.failure_threshold(),
        period: probe.period(),
        next_probe: None,
    })
}

// --- Back-off ---

/// Bounds of the delay between an exit and the restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl Delay {
    /// Returns the delay of a container in `CrashLoopBackOff`: the one of its message; without it, at least the first
    /// delay, and at most one that doubled with each restart.
    ///
    /// Answers to `doBackOff` in `pkg/kubelet/kuberuntime`.
    pub(super) fn in_force(record: &ContainerRecord, limits: &BackOffLimits) -> Delay {
        match delay_in_message(record) {
            Some(delay) => Delay { least: delay, most: delay },
            None => Delay { least: limits.initial.min(limits.max), most: longest(record.restart_count, limits) },
        }
    }

    /// Returns the delay of a container that has exited and is not in `CrashLoopBackOff` yet: it may restart at once.
    pub(super) fn to_come(record: &ContainerRecord, limits: &BackOffLimits) -> Delay {
        let end = record.termination().or_else(|| record.last_termination());
        let lasted = end.and_then(|end| Some(end.finished_at?.since(end.started_at?)));
        // A run that was long enough resets the back-off, and is restarted at once. The kubelet has no back-off entry of a
        // container before its first restart.
        let is_at_once = record.restart_count == 0 || lasted.is_some_and(|lasted| lasted > limits.reset_after);
        let most = if is_at_once { Duration::ZERO } else { longest(record.restart_count, limits) };
        Delay { least: Duration::ZERO, most }
    }

    /// Returns the delay after the next exit, if that comes soon.
    pub(super) fn next(self, limits: &BackOffLimits) -> Duration {
        self.most.saturating_mul(2).min(limits.max)
    }

    /// Returns the end of the delay.
    pub(super) fn over(self, finished_at: Timestamp) -> When {
        match self {
            Delay { least, most } if least == most => When::NotBefore(finished_at + least),
            Delay { least, most } => When::Between { earliest: finished_at + least, latest: finished_at + most },
        }
    }
}

/// Returns the delay after this many restarts, each soon after the one before; the first restart has none.
fn longest(restart_count: i32, limits: &BackOffLimits) -> Duration {
    // A shift of 32 or more would overflow; the maximum is reached long before.
    let doublings = u32::try_from(restart_count).unwrap_or(0).saturating_sub(1).min(31);
    limits.initial.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(limits.max)
}

/// Returns the delay in a record's message: `back-off 40s restarting failed container=app …`.
fn delay_in_message(record: &ContainerRecord) -> Option<Duration> {
    let Some(RecordedState::Waiting(Waiting::Failed(failure))) = &record.state else { return None };
    match &failure.message {
        FailureMessage::RestartBackOff { delay } => Some(*delay),
        FailureMessage::Text(text) => crash_loop_delay(text),
        FailureMessage::PullBackOff { .. } => None,
    }
}

/// Returns the delay in the message of a container that waits with the reason `CrashLoopBackOff`.
pub(crate) fn crash_loop_delay(message: &str) -> Option<Duration> {
    let (delay, _) = message.strip_prefix("back-off ")?.split_once(" restarting failed container")?;
    go_seconds(delay).map(Duration::from_secs)
}

/// Parses the whole seconds of a duration as Go prints it: `1h0m0s`, `2m40s`, `10s`.
fn go_seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds = 0_u64;
    // A back-off has whole seconds, so neither fractions nor `ms` occur: they make it None.
    for (unit, length) in [('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::BackOffLimits, state::StartFailure};
    use alloc::sync::Arc;

    fn held_back(restart_count: i32, message: &str) -> ContainerRecord {
        let message = FailureMessage::Text(message.into());
        let failure = StartFailure { error: "CrashLoopBackOff".into(), message };
        ContainerRecord {
            state: Some(RecordedState::Waiting(Waiting::Failed(Arc::new(failure)))),
            last_state: None,
            restart_count,
            instance: None,
            started: None,
            ready: false,
        }
    }

    fn between(least: u64, most: u64) -> Delay {
        Delay { least: Duration::from_secs(least), most: Duration::from_secs(most) }
    }

    #[test]
    fn the_message_contains_the_delay() {
        let delay = |message| Delay::in_force(&held_back(9, message), &BackOffLimits::CRASH_LOOP);
        let exactly = |seconds| between(seconds, seconds);
        assert_eq!(delay("back-off 40s restarting failed container=app pod=web_prod(u-1)"), exactly(40));
        assert_eq!(delay("back-off 2m40s restarting failed container=app pod=web_prod(u-1)"), exactly(160));
        assert_eq!(delay("back-off 5m0s restarting failed container=app pod=web_prod(u-1)"), exactly(300));
        for odd in ["back-off soon restarting failed container=app", "back-off 40s", ""] {
            assert_eq!(delay(odd), between(10, 300), "{odd}");
        }
    }

    #[test]
    fn without_a_message_the_delay_has_doubled_with_each_restart_at_most() {
        let most = |restarts| Delay::in_force(&held_back(restarts, ""), &BackOffLimits::CRASH_LOOP).most.as_secs();
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, i32::MAX].map(most), [10, 10, 20, 40, 80, 160, 300, 300, 300]);
        let node = crate::config::Kubernetes::default().crash_loop(Some(Duration::from_secs(5)));
        assert_eq!(Delay::in_force(&held_back(4, ""), &node), between(5, 5));
    }

    #[test]
    fn the_first_restart_is_not_delayed() {
        let to_come = |restarts| Delay::to_come(&held_back(restarts, ""), &BackOffLimits::CRASH_LOOP);
        assert_eq!(to_come(0), between(0, 0));
        assert_eq!(to_come(3), between(0, 40));
    }
}
