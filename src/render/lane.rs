//! One container through the whole life.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::picture::{Mark, Span};
use crate::{
    api::named,
    rule::probe::ProbeOutcome,
    sim::ExitCause,
    spec::{ContainerKind, ProbeKind},
};

/// One container through the whole life: what is published of it, and what its processes do.
///
/// The two differ: while a Pod stops, for example, its containers are published as running until the last has ended.
///
/// ```
/// use pod_lifecycle::{render::{Look, Picture}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"endSeconds": 25, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let lane = picture.lane("app").ok_or("no such lane")?;
/// let looks: Vec<Look> = lane.states.iter().map(|span| span.what.look()).collect();
/// assert_eq!(looks, [Look::Ready, Look::Ready, Look::Failed, Look::Ready]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lane {
    /// The container's name.
    pub name: String,
    /// What part it plays.
    pub kind: ContainerKind,
    /// What is published of it; nothing before it is first published.
    pub states: Vec<Span<State>>,
    /// Its processes, from their start to their end.
    pub runs: Vec<Span<Process>>,
    /// From SIGTERM until the process has ended, or until the next SIGTERM.
    pub stops: Vec<Span<Stop>>,
    /// Pulls of its image, and its hooks.
    pub tasks: Vec<Span<Task>>,
    /// Its probes, by kind, as far as they were asked.
    pub probes: Vec<ProbeRow>,
}

impl Lane {
    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        u32::try_from(self.runs.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// What is published of a container.
///
/// ```
/// use pod_lifecycle::render::{Look, State};
///
/// let state = State::Waiting { reason: "CrashLoopBackOff".into() };
/// assert_eq!((state.look(), state.to_string()), (Look::HeldBack, "CrashLoopBackOff".into()));
/// let state = State::Terminated { restarts: 0, exit_code: 137, reason: "OOMKilled".into() };
/// assert_eq!((state.look(), state.to_string()), (Look::Failed, "exit 137 OOMKilled".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It has yet to run (again).
    Waiting {
        /// Why, in one word; empty if the status does not say.
        reason: String,
    },
    /// It runs.
    Running {
        /// How often it was started before.
        restarts: i32,
        /// How far it is.
        standing: Standing,
    },
    /// It has ended.
    Terminated {
        /// How often it was started before.
        restarts: i32,
        /// The exit code; 0 is success.
        exit_code: i32,
        /// Why, in one word.
        reason: String,
    },
}

/// How far a container is that runs.
///
/// ```
/// use pod_lifecycle::render::{Look, Standing, State};
///
/// let state = State::Running { restarts: 2, standing: Standing::StartingUp };
/// assert_eq!((state.look(), state.to_string()), (Look::StartingUp, "starting up".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not passed its startup probe.
    StartingUp,
    /// It has started up and may get no traffic.
    Unready,
    /// It may get traffic.
    Ready,
    /// It runs, and nobody asks whether it is ready: an init or an ephemeral container.
    Working,
}

named! {
    /// What a container's state looks like: a pattern in an SVG, a letter in a terminal.
    ///
    /// ```
    /// use pod_lifecycle::{api::Name, render::{Look, State}};
    ///
    /// let crashed = State::Terminated { restarts: 2, exit_code: 1, reason: "Error".into() };
    /// assert_eq!((crashed.look(), crashed.look().name()), (Look::Failed, "failed"));
    /// ```
    pub enum Look {
        /// It waits for its first start.
        Waiting = "waiting",
        /// It waits because something went wrong.
        HeldBack = "held back",
        /// It runs and has not passed its startup probe.
        StartingUp = "starting up",
        /// It runs and may get no traffic.
        Unready = "not ready",
        /// It runs and may get traffic.
        Ready = "ready",
        /// It runs, and nobody asks whether it is ready.
        Working = "running",
        /// It ended with exit code 0.
        Completed = "completed",
        /// It ended with another exit code.
        Failed = "failed",
    }
}

/// Waiting for these reasons is nothing to worry about.
const USUAL: [&str; 4] = ["", "ContainerCreating", "PodInitializing", "RestartingAllContainers"];

impl State {
    /// What it looks like.
    #[must_use]
    pub fn look(&self) -> Look {
        match self {
            State::Waiting { reason } if USUAL.contains(&reason.as_str()) => Look::Waiting,
            State::Waiting { .. } => Look::HeldBack,
            State::Running { standing: Standing::StartingUp, .. } => Look::StartingUp,
            State::Running { standing: Standing::Unready, .. } => Look::Unready,
            State::Running { standing: Standing::Ready, .. } => Look::Ready,
            State::Running { standing: Standing::Working, .. } => Look::Working,
            State::Terminated { exit_code: 0, .. } => Look::Completed,
            State::Terminated { .. } => Look::Failed,
        }
    }

    /// A few letters for where there is no room for more.
    pub(super) fn short(&self) -> String {
        match self {
            State::Terminated { exit_code, .. } => format!("exit {exit_code}"),
            State::Waiting { .. } | State::Running { .. } => format!("{self}"),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Waiting { reason } if reason.is_empty() => f.write_str("waiting"),
            State::Waiting { reason } => f.write_str(reason),
            State::Running { .. } => write!(f, "{}", self.look()),
            State::Terminated { exit_code, reason, .. } if reason.is_empty() => write!(f, "exit {exit_code}"),
            State::Terminated { exit_code, reason, .. } => write!(f, "exit {exit_code} {reason}"),
        }
    }
}

/// One process of a container.
///
/// ```
/// use pod_lifecycle::{api, render::Picture, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let picture = Picture::of(&Scenario::healthy(pod).play()?);
/// let run = &picture.lanes[0].runs[0];
/// assert_eq!((run.from, run.what.exit), (picture.start, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// How it ended; `None` if it had not at the end of the story.
    pub exit: Option<Exit>,
}

/// How a process ended.
///
/// ```
/// use pod_lifecycle::{render::Exit, sim::ExitCause};
///
/// assert_eq!(Exit { code: 1, cause: ExitCause::Itself }.to_string(), "exit 1");
/// assert_eq!(Exit { code: 137, cause: ExitCause::Sigkill }.to_string(), "SIGKILL");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code; 0 is success.
    pub code: i32,
    /// Who or what ended it.
    pub cause: ExitCause,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            ExitCause::Sigkill => f.write_str("SIGKILL"),
            ExitCause::SandboxDied => write!(f, "sandbox died, {}", self.code),
            ExitCause::Itself | ExitCause::Sigterm => write!(f, "exit {}", self.code),
        }
    }
}

/// A stop under way.
///
/// ```
/// use pod_lifecycle::{render::Picture, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"actions": [{"t": 60, "op": "delete"}],
///                "containers": {"app": {"runs": [{"sigtermExitAfterSeconds": 5}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let stop = &picture.lanes[0].stops[0];
/// assert_eq!((stop.what.timeout.as_secs(), stop.to.since(stop.from).as_secs()), (30, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stop {
    /// How long after SIGTERM comes SIGKILL.
    pub timeout: Duration,
}

/// Something that is done for a container and takes its time.
///
/// ```
/// use pod_lifecycle::{render::{Outcome, Picture, TaskKind}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"containers": {"app": {"image": {"present": false, "pullSeconds": 20}}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let pull = &picture.lanes[0].tasks[0];
/// assert_eq!((pull.what.kind, pull.what.outcome), (TaskKind::Pull, Outcome::Succeeded));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// What is done.
    pub kind: TaskKind,
    /// How it ended.
    pub outcome: Outcome,
}

named! {
    /// What is done for a container, and takes its time.
    ///
    /// ```
    /// use pod_lifecycle::{api::Name, render::TaskKind};
    ///
    /// assert_eq!(TaskKind::PreStop.name(), "preStop");
    /// ```
    #[non_exhaustive]
    pub enum TaskKind {
        /// Its image is pulled.
        Pull = "pull",
        /// Its hook after the start runs.
        PostStart = "postStart",
        /// Its hook before the stop runs.
        PreStop = "preStop",
    }
}

named! {
    /// How a task ended.
    ///
    /// ```
    /// use pod_lifecycle::{render::{Outcome, Picture, TaskKind}, sim::Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pull_fails(1, "denied")).play()?;
    /// let pulls: Vec<_> = Picture::of(&timeline).lanes[0].tasks.iter().map(|task| task.what.outcome).collect();
    /// assert_eq!(pulls, [Outcome::Failed, Outcome::Succeeded]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub enum Outcome {
        /// It did what it should.
        Succeeded = "succeeded",
        /// It did not.
        Failed = "failed",
        /// It has not ended, as far as the story goes.
        Unfinished = "unfinished",
    }
}

/// The answers to one probe of a container.
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
/// assert_eq!((row.kind, row.answers.len() >= 3), (ProbeKind::Readiness, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeRow {
    /// Which probe.
    pub kind: ProbeKind,
    /// What it found; `None` if the container was not running.
    pub answers: Vec<Mark<Option<ProbeOutcome>>>,
}
