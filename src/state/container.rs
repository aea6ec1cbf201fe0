//! Container status data.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{InstanceId, StartError, TerminationReason};
use crate::time::Timestamp;

/// Container status without its strings (`v1.ContainerStatus`).
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::state::{ContainerRecord, RecordedState, Termination, TerminationReason, Waiting};
///
/// let end = Arc::new(Termination::lost(TerminationReason::ContainerStatusUnknown, "its exit was missed"));
/// let record = ContainerRecord {
///     state: Some(RecordedState::Waiting(Waiting::ContainerCreating)),
///     last_state: Some(RecordedState::Terminated(end.clone())),
///     restart_count: 1,
///     instance: None,
///     started: Some(false),
///     ready: false,
/// };
/// assert!(record.is_waiting() && !record.is_running());
/// assert_eq!((record.termination(), record.last_termination()), (None, Some(&end)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRecord {
    /// State; `None` if the status has none.
    pub state: Option<RecordedState>,
    /// Last state: that of the run before.
    pub last_state: Option<RecordedState>,
    /// Number of restarts.
    pub restart_count: i32,
    /// Instance that the status is about.
    pub instance: Option<InstanceId>,
    /// True if it runs and has passed its startup probe.
    pub started: Option<bool>,
    /// True if it may get traffic; true for an init container that has succeeded.
    pub ready: bool,
}

impl ContainerRecord {
    /// True if the state is running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, Some(RecordedState::Running { .. }))
    }

    /// True if the state is waiting.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, Some(RecordedState::Waiting(_)))
    }

    /// Returns the exit if the state is terminated.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        self.state.as_ref().and_then(RecordedState::termination)
    }

    /// Returns the exit if the last state is terminated.
    #[must_use]
    pub fn last_termination(&self) -> Option<&Arc<Termination>> {
        self.last_state.as_ref().and_then(RecordedState::termination)
    }
}

/// Container state (`v1.ContainerState`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum RecordedState {
    /// Waiting: it has yet to run, or to run again.
    Waiting(Waiting),
    /// Running.
    Running {
        /// Start of the run.
        #[serde(with = "crate::time::exact")]
        started_at: Option<Timestamp>,
    },
    /// Terminated.
    // Shared with the runtime's view, so that no sync copies exits.
    Terminated(Arc<Termination>),
}

impl RecordedState {
    /// Returns the exit if the state is terminated.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        match self {
            RecordedState::Terminated(termination) => Some(termination),
            RecordedState::Waiting(_) | RecordedState::Running { .. } => None,
        }
    }
}

/// Reason and message of a waiting container. `src/status/messages.rs` makes the message's text.
///
/// The set of reasons is open: any other reason is a [`StartError::Other`] of a [`Waiting::Failed`], and so is a known
/// reason beside a message that the kubelet does not write with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Waiting {
    /// No reason: created but not started, or unknown.
    WithoutReason,
    /// Never created, in a Pod without init containers.
    ContainerCreating,
    /// Never created, in a Pod with init containers.
    PodInitializing,
    /// Removed, as all containers are being restarted.
    RestartingAllContainers,
    /// The last attempt to start it failed; or any other reason of an API object.
    Failed(Arc<StartFailure>),
}

impl Waiting {
    /// Returns the reason as the API shows it; empty if there is none.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Waiting::WithoutReason => "",
            Waiting::ContainerCreating => "ContainerCreating",
            Waiting::PodInitializing => "PodInitializing",
            Waiting::RestartingAllContainers => "RestartingAllContainers",
            Waiting::Failed(failure) => failure.error.as_str(),
        }
    }
}

/// Failed attempt to start a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "FailureChain", into = "FailureChain")]
pub struct StartFailure {
    /// Reason of the waiting container.
    pub error: StartError,
    /// Message of the waiting container.
    pub message: FailureMessage,
}

/// Message of a failed start. `src/status/messages.rs` makes its text when a status is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureMessage {
    /// Message of the runtime, or of an API object.
    Text(Box<str>),
    /// `back-off 10s restarting failed container=...`: the message of `CrashLoopBackOff`.
    RestartBackOff {
        /// Delay after the last exit.
        delay: Duration,
    },
    /// `Back-off pulling image ...`: the message of `ImagePullBackOff`.
    PullBackOff {
        /// Image to pull.
        image: Box<str>,
        /// Failure of the last pull.
        last: Option<Arc<StartFailure>>,
    },
}

/// Exit of a container (`v1.ContainerStateTerminated`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Termination {
    /// Exit code.
    pub exit_code: i32,
    /// Reason.
    pub reason: TerminationReason,
    /// Termination message of the container, or a message of the kubelet.
    pub message: Option<Box<str>>,
    /// Signal that ended the process, if the runtime reports it.
    pub signal: Option<i32>,
    /// Start of the run.
    #[serde(with = "crate::time::exact")]
    pub started_at: Option<Timestamp>,
    /// End of the run.
    #[serde(with = "crate::time::exact")]
    pub finished_at: Option<Timestamp>,
    /// Instance that exited; `None` if its exit was missed.
    pub instance: Option<InstanceId>,
}

/// Message of a container that was removed because all containers are being restarted.
pub(crate) const REMOVED_TO_RESTART_ALL: &str = "The container is removed because RestartAllContainers in place";

/// Exit code of a process that SIGKILL ended: 128 + 9. The kubelet writes the same for a container whose exit it has
/// missed.
pub(crate) const SIGKILL_EXIT_CODE: i32 = 137;

impl Termination {
    /// Creates the exit of a container whose exit was missed: exit code 137, no times.
    #[must_use]
    pub fn lost(reason: TerminationReason, message: &str) -> Termination {
        Termination {
            exit_code: SIGKILL_EXIT_CODE,
            reason,
            message: Some(message.into()),
            signal: None,
            started_at: None,
            finished_at: None,
            instance: None,
        }
    }
}

/// Longest chain that is written or accepted.
const MAX_FAILURES: usize = 8;

/// Serialized form of a failed start: the failure, its cause, the cause of that and so on, as a list, so that no input
/// can nest them without end.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct FailureChain(Vec<Link>);

#[derive(Serialize, Deserialize)]
struct Link {
    error: StartError,
    message: LinkMessage,
}

#[derive(Serialize, Deserialize)]
enum LinkMessage {
    Text(Box<str>),
    RestartBackOff { delay: Duration },
    PullBackOff { image: Box<str> },
}

/// Error of a list that is empty or too long.
#[derive(Debug, thiserror::Error)]
#[error("expected 1 to {MAX_FAILURES} failures, each caused by the next, got {count}")]
struct FailureChainError {
    count: usize,
}

impl From<StartFailure> for FailureChain {
    fn from(failure: StartFailure) -> FailureChain {
        let (mut links, mut next) = (Vec::new(), Some(&failure));
        while let Some(StartFailure { error, message }) = next.filter(|_| links.len() < MAX_FAILURES) {
            let (message, last) = match message {
                FailureMessage::Text(text) => (LinkMessage::Text(text.clone()), None),
                FailureMessage::RestartBackOff { delay } => (LinkMessage::RestartBackOff { delay: *delay }, None),
                FailureMessage::PullBackOff { image, last } => {
                    (LinkMessage::PullBackOff { image: image.clone() }, last.as_deref())
                }
            };
            links.push(Link { error: error.clone(), message });
            next = last;
        }
        FailureChain(links)
    }
}

impl TryFrom<FailureChain> for StartFailure {
    type Error = FailureChainError;

    fn try_from(FailureChain(links): FailureChain) -> Result<StartFailure, FailureChainError> {
        let count = links.len();
        let links = if count > MAX_FAILURES { Vec::new() } else { links };
        let chained = links.into_iter().rev().fold(None, |last: Option<StartFailure>, Link { error, message }| {
            let message = match message {
                LinkMessage::Text(text) => FailureMessage::Text(text),
                LinkMessage::RestartBackOff { delay } => FailureMessage::RestartBackOff { delay },
                LinkMessage::PullBackOff { image } => FailureMessage::PullBackOff { image, last: last.map(Arc::new) },
            };
            Some(StartFailure { error, message })
        });
        chained.ok_or(FailureChainError { count })
    }
}
