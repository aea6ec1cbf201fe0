//! What is reported of a container.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use super::InstanceId;
use crate::{
    manifest::{Name, named},
    time::Timestamp,
};

/// What the API status says of one container, without its strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerRecord {
    /// What it is doing; `None` if the status does not say.
    pub state: Option<RecordedState>,
    /// What it did before.
    pub last_state: Option<RecordedState>,
    /// How often it was started again.
    pub restart_count: u32,
    /// The instance that the status is about.
    pub instance: Option<InstanceId>,
    /// Whether it has passed its startup probe.
    pub started: Option<bool>,
    /// Whether it may get traffic.
    pub ready: bool,
}

impl ContainerRecord {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, Some(RecordedState::Running { .. }))
    }

    /// Whether it waits.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, Some(RecordedState::Waiting(_)))
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        self.state.as_ref().and_then(RecordedState::termination)
    }

    /// How it ended before.
    #[must_use]
    pub fn last_termination(&self) -> Option<&Arc<Termination>> {
        self.last_state.as_ref().and_then(RecordedState::termination)
    }
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RecordedState {
    /// It has yet to run (again).
    Waiting(Waiting),
    /// It runs.
    Running {
        /// Since when.
        started_at: Option<Timestamp>,
    },
    /// It has ended.
    Terminated(Arc<Termination>),
}

impl RecordedState {
    /// How it ended, if it has.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        match self {
            RecordedState::Terminated(termination) => Some(termination),
            RecordedState::Waiting(_) | RecordedState::Running { .. } => None,
        }
    }
}

/// Why a container has yet to run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Nothing is said: it was created but not started, or nobody knows.
    Unsaid,
    /// It is the first time, in a Pod without init containers.
    ContainerCreating,
    /// It is the first time, in a Pod with init containers.
    PodInitializing,
    /// It was removed because all containers are being restarted.
    RestartingAllContainers,
    /// The last attempt to start it failed.
    Failed(Arc<StartFailure>),
}

/// A failed attempt to start a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartFailure {
    /// What went wrong, in one word.
    pub error: StartError,
    /// What went wrong, for people.
    pub message: FailureMessage,
}

/// What went wrong with a start, for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FailureMessage {
    /// What the runtime said.
    Text(Box<str>),
    /// The container is held back for this many seconds after its last exit.
    RestartBackOff {
        /// The delay in seconds.
        delay: u32,
    },
    /// The image is not pulled again yet.
    PullBackOff {
        /// The image that was to be pulled.
        image: Box<str>,
        /// Why the last pull failed.
        last: Option<Arc<StartFailure>>,
    },
}

named! {
    /// What went wrong with a start: the reason of a waiting container.
    pub enum StartError {
        /// The container keeps ending and is held back.
        CrashLoopBackOff = "CrashLoopBackOff",
        /// The image could not be pulled.
        ErrImagePull = "ErrImagePull",
        /// The image could not be pulled and is held back.
        ImagePullBackOff = "ImagePullBackOff",
        /// The image is not there and may not be pulled.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The image reference cannot be read.
        InvalidImageName = "InvalidImageName",
        /// The runtime cannot say whether it has the image.
        ImageInspectError = "ImageInspectError",
        /// The registry does not answer.
        RegistryUnavailable = "RegistryUnavailable",
        /// The image's signature is not valid.
        SignatureValidationFailed = "SignatureValidationFailed",
        /// The container's configuration cannot be made, say for want of a `ConfigMap`.
        CreateContainerConfigError = "CreateContainerConfigError",
        /// The runtime could not create the container.
        CreateContainerError = "CreateContainerError",
        /// The node's own hook before the creation failed.
        PreCreateHookError = "PreCreateHookError",
        /// The node's own hook before the start failed.
        PreStartHookError = "PreStartHookError",
        /// The runtime could not start the container.
        RunContainerError = "RunContainerError",
        /// The container's postStart hook failed.
        PostStartHookError = "PostStartHookError",
    }
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Termination {
    /// 0 is well.
    pub exit_code: i32,
    /// Why, in one word.
    pub reason: TerminationReason,
    /// The container's last words, or what the kubelet has to say.
    pub message: Option<Box<str>>,
    /// The signal that ended it, if the runtime says.
    pub signal: Option<i32>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The instance that ended; `None` where nobody saw it end.
    pub instance: Option<InstanceId>,
}

/// The exit code given to a container that nobody saw end.
pub(crate) const LOST_EXIT_CODE: i32 = 137;

impl Termination {
    /// The end of a container that nobody saw end: exit code 137, no times.
    #[must_use]
    pub fn unseen(reason: TerminationReason, message: &str) -> Termination {
        Termination {
            exit_code: LOST_EXIT_CODE,
            reason,
            message: Some(message.into()),
            signal: None,
            started_at: None,
            finished_at: None,
            instance: None,
        }
    }
}

/// Why a container ended, in one word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TerminationReason {
    /// With exit code 0.
    Completed,
    /// With another exit code.
    Error,
    /// The kernel took its memory back.
    OomKilled,
    /// Its command could not be run.
    ContainerCannotRun,
    /// It could not be started.
    StartError,
    /// Nobody saw it end.
    ContainerStatusUnknown,
    /// It was removed because all containers are being restarted.
    RestartingAllContainers,
    /// What the runtime said.
    Other(Box<str>),
}

impl TerminationReason {
    const KNOWN: [TerminationReason; 7] = [
        TerminationReason::Completed,
        TerminationReason::Error,
        TerminationReason::OomKilled,
        TerminationReason::ContainerCannotRun,
        TerminationReason::StartError,
        TerminationReason::ContainerStatusUnknown,
        TerminationReason::RestartingAllContainers,
    ];

    /// What a runtime says of an exit when nothing else is known: `Completed` for 0, else `Error`.
    #[must_use]
    pub fn of_exit(exit_code: i32) -> TerminationReason {
        if exit_code == 0 { TerminationReason::Completed } else { TerminationReason::Error }
    }

    /// Kubernetes' spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            TerminationReason::Completed => "Completed",
            TerminationReason::Error => "Error",
            TerminationReason::OomKilled => "OOMKilled",
            TerminationReason::ContainerCannotRun => "ContainerCannotRun",
            TerminationReason::StartError => "StartError",
            TerminationReason::ContainerStatusUnknown => "ContainerStatusUnknown",
            TerminationReason::RestartingAllContainers => "RestartingAllContainers",
            TerminationReason::Other(text) => text,
        }
    }
}

impl From<&str> for TerminationReason {
    fn from(text: &str) -> TerminationReason {
        let known = TerminationReason::KNOWN.into_iter().find(|reason| reason.as_str() == text);
        known.unwrap_or_else(|| TerminationReason::Other(text.into()))
    }
}

impl fmt::Display for TerminationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StartError {
    /// Kubernetes' spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name()
    }
}
