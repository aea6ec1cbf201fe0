//! Lane: the published states, processes and probes of one container.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::picture::{Span, Timed};
use crate::{
    api::named,
    rule::probe::ProbeOutcome,
    sim::ExitCause,
    spec::{ContainerKind, ProbeKind},
};

/// One container during a Pod's whole life: the states in the published status, and the processes that really ran.
///
/// They differ at times: while a Pod stops, its containers are published as running until the last one has exited.
///
/// ```
/// use pod_lifecycle::{render::{Appearance, Picture}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"endSeconds": 25, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let lane = picture.lane("app").ok_or("no such lane")?;
/// let states: Vec<Appearance> = lane.states.iter().map(|span| span.what.appearance()).collect();
/// assert_eq!(states, [Appearance::Ready, Appearance::Ready, Appearance::Failed, Appearance::Ready]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lane {
    /// Container name.
    pub name: String,
    /// Container kind.
    pub kind: ContainerKind,
    /// Published states, from the first status that has the container.
    pub states: Vec<Span<LaneState>>,
    /// Back-offs, from an exit or a failed pull to the next try, with their delays: as the kubelet publishes them, or else
    /// the time until the next try.
    pub back_offs: Vec<Span<Duration>>,
    /// Processes, from start to exit.
    pub runs: Vec<Span<Process>>,
    /// Grace periods, from SIGTERM to the exit or the next SIGTERM.
    pub stops: Vec<Span<GracefulStop>>,
    /// Image pulls and hooks.
    pub tasks: Vec<Span<Task>>,
    /// Results of each probe that ran.
    pub probes: Vec<ProbeRow>,
}

impl Lane {
    /// Returns the number of restarts.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        // Counts processes, since the published `restartCount` lags behind them.
        u32::try_from(self.runs.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// Published state of a container.
///
/// ```
/// use pod_lifecycle::render::{Appearance, LaneState};
///
/// let state = LaneState::Waiting { reason: "CrashLoopBackOff".into() };
/// assert_eq!((state.appearance(), state.to_string()), (Appearance::WaitingAfterFailure, "CrashLoopBackOff".into()));
/// let state = LaneState::Terminated { restarts: 0, exit_code: 137, reason: "OOMKilled".into() };
/// assert_eq!((state.appearance(), state.to_string()), (Appearance::Failed, "exit 137 OOMKilled".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaneState {
    /// State `waiting`.
    Waiting {
        /// Reason, such as `CrashLoopBackOff`; may be empty.
        reason: String,
    },
    /// State `running`.
    Running {
        /// Value of `restartCount`.
        restarts: i32,
        /// Readiness from `started` and `ready`.
        readiness: Readiness,
    },
    /// State `terminated`.
    Terminated {
        /// Value of `restartCount`.
        restarts: i32,
        /// Exit code.
        exit_code: i32,
        /// Reason, such as `Error`; may be empty.
        reason: String,
    },
}

/// Readiness of a running container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The startup probe has not succeeded yet.
    StartingUp,
    /// Started, but not ready.
    NotReady,
    /// Ready for traffic.
    Ready,
    /// Readiness has no meaning: an init container that runs to completion, or an ephemeral container.
    Untracked,
}

named! {
    /// Appearance of a container's state: a pattern in an SVG, a letter in a terminal.
    pub enum Appearance {
        /// Waiting for the first start.
        Waiting = "waiting",
        /// Waiting after a failure: back-off, or an error of the image or container.
        WaitingAfterFailure = "waiting after a failure",
        /// Running; the startup probe has not succeeded.
        StartingUp = "starting up",
        /// Running, but not ready.
        NotReady = "not ready",
        /// Running and ready.
        Ready = "ready",
        /// Running; readiness has no meaning.
        Running = "running",
        /// Exited with code 0.
        Completed = "completed",
        /// Exited with another code.
        Failed = "failed",
    }
}

/// Reasons of `waiting` that are no failure: before a first start, and during a restart of all containers.
const NORMAL_REASONS: [&str; 4] = ["", "ContainerCreating", "PodInitializing", "RestartingAllContainers"];

impl LaneState {
    /// Returns the appearance.
    #[must_use]
    pub fn appearance(&self) -> Appearance {
        match self {
            LaneState::Waiting { reason } if NORMAL_REASONS.contains(&reason.as_str()) => Appearance::Waiting,
            LaneState::Waiting { .. } => Appearance::WaitingAfterFailure,
            LaneState::Running { readiness: Readiness::StartingUp, .. } => Appearance::StartingUp,
            LaneState::Running { readiness: Readiness::NotReady, .. } => Appearance::NotReady,
            LaneState::Running { readiness: Readiness::Ready, .. } => Appearance::Ready,
            LaneState::Running { readiness: Readiness::Untracked, .. } => Appearance::Running,
            // By the exit code alone: an exit with 0 after SIGTERM is a success too.
            LaneState::Terminated { exit_code: 0, .. } => Appearance::Completed,
            LaneState::Terminated { .. } => Appearance::Failed,
        }
    }

    /// Returns a text without the reason of an exit, for where there is little room.
    pub(super) fn short(&self) -> String {
        match self {
            LaneState::Terminated { exit_code, .. } => format!("exit {exit_code}"),
            LaneState::Waiting { .. } | LaneState::Running { .. } => format!("{self}"),
        }
    }
}

impl fmt::Display for LaneState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaneState::Waiting { reason } if reason.is_empty() => f.write_str("waiting"),
            LaneState::Waiting { reason } => f.write_str(reason),
            LaneState::Running { .. } => write!(f, "{}", self.appearance()),
            LaneState::Terminated { exit_code, reason, .. } if reason.is_empty() => write!(f, "exit {exit_code}"),
            LaneState::Terminated { exit_code, reason, .. } => write!(f, "exit {exit_code} {reason}"),
        }
    }
}

/// Process of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Exit; `None` if it still ran at the end of the scenario.
    pub exit: Option<ProcessExit>,
}

/// Exit of a process.
///
/// ```
/// use pod_lifecycle::{render::ProcessExit, sim::ExitCause};
///
/// assert_eq!(ProcessExit { code: 1, cause: ExitCause::Itself }.to_string(), "exit 1");
/// assert_eq!(ProcessExit { code: 137, cause: ExitCause::Sigkill }.to_string(), "SIGKILL");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessExit {
    /// Exit code.
    pub code: i32,
    /// Cause of the exit.
    pub cause: ExitCause,
}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            // Its code, always 137, says no more.
            ExitCause::Sigkill => f.write_str("SIGKILL"),
            ExitCause::SandboxDied => write!(f, "sandbox died, {}", self.code),
            ExitCause::Itself | ExitCause::Sigterm => write!(f, "exit {}", self.code),
        }
    }
}

/// Graceful stop of a container, from its SIGTERM on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GracefulStop {
    /// Time from SIGTERM to SIGKILL.
    pub timeout: Duration,
}

/// Image pull or hook.
///
/// ```
/// use pod_lifecycle::{render::{Picture, TaskKind, TaskOutcome}, sim::Scenario};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let timeline = Scenario::of(pod).container("app", |app| app.pull_fails(1, "denied")).play()?;
/// let pulls: Vec<_> = Picture::of(&timeline).lanes[0].tasks.iter().map(|task| task.what.outcome).collect();
/// assert_eq!(pulls, [TaskOutcome::Failed, TaskOutcome::Succeeded]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Kind.
    pub kind: TaskKind,
    /// Outcome of the task.
    pub outcome: TaskOutcome,
}

named! {
    /// Kind of a [`Task`].
    #[non_exhaustive]
    pub enum TaskKind {
        /// Pull of the image.
        Pull = "pull",
        /// Hook after the start.
        PostStart = "postStart",
        /// Hook before the stop.
        PreStop = "preStop",
    }
}

named! {
    /// Outcome of a [`Task`].
    pub enum TaskOutcome {
        /// It succeeded.
        Succeeded = "succeeded",
        /// It failed, or was killed.
        Failed = "failed",
        /// It was still running at the end of the scenario.
        Unfinished = "unfinished",
    }
}

/// Results of one probe of a container.
///
/// ```
/// use pod_lifecycle::{render::Picture, sim::Scenario, spec::ProbeKind};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{
///         "name": "app", "image": "nginx:1", "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 10}
///     }]}},
///     "script": {"endSeconds": 30}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let row = &picture.lanes[0].probes[0];
/// assert_eq!((row.kind, row.results.len() >= 3), (ProbeKind::Readiness, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeRow {
    /// Probe kind.
    pub kind: ProbeKind,
    /// Results; `None` if the container was not running.
    pub results: Vec<Timed<Option<ProbeOutcome>>>,
}
