//! What is reported of a container.

use alloc::{boxed::Box, sync::Arc};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{InstanceId, StartError, TerminationReason, failure_chain::FailureChain};
use crate::time::Timestamp;

/// What the API status says of one container, without its strings.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::state::{ContainerRecord, RecordedState, Termination, TerminationReason, Waiting};
///
/// let end = Arc::new(Termination::lost(TerminationReason::ContainerStatusUnknown, "nobody saw it end"));
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRecord {
    /// What it is doing; `None` if the status does not say.
    pub state: Option<RecordedState>,
    /// What it did before.
    pub last_state: Option<RecordedState>,
    /// How often it was started again.
    pub restart_count: i32,
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
///
/// ```
/// use pod_lifecycle::state::{RecordedState, Waiting};
///
/// assert_eq!(RecordedState::Waiting(Waiting::PodInitializing).termination(), None);
/// assert_eq!(RecordedState::Running { started_at: None }.termination(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum RecordedState {
    /// It has yet to run (again).
    Waiting(Waiting),
    /// It runs.
    Running {
        /// Since when.
        #[serde(with = "crate::time::exact")]
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
///
/// The set of reasons is open: every word that no variant stands for is a [`StartError::Other`] of a
/// [`Waiting::Failed`], and so is a known word beside a message that Kubernetes does not say with it.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::state::{FailureMessage, StartFailure, Waiting};
///
/// let message = FailureMessage::Text("quota exceeded".into());
/// let waiting = Waiting::Failed(Arc::new(StartFailure { error: "ProviderFailed".into(), message }));
/// assert_eq!(waiting.reason(), "ProviderFailed");
/// assert_eq!(Waiting::ContainerCreating.reason(), "ContainerCreating");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Waiting {
    /// Nothing is said: it was created but not started, or nobody knows.
    WithoutReason,
    /// It is the first time, in a Pod without init containers.
    ContainerCreating,
    /// It is the first time, in a Pod with init containers.
    PodInitializing,
    /// It was removed because all containers are being restarted.
    RestartingAllContainers,
    /// The last attempt to start it failed, or whoever reports it says another word.
    Failed(Arc<StartFailure>),
}

impl Waiting {
    /// The reason as the API prints it; empty if nothing is said.
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

/// A failed attempt to start a container.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::state::{FailureMessage, StartError, StartFailure};
///
/// let message = FailureMessage::RestartBackOff { delay: Duration::from_secs(10) };
/// let held_back = StartFailure { error: "CrashLoopBackOff".into(), message };
/// assert_eq!(held_back.error, StartError::CrashLoopBackOff);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "FailureChain", into = "FailureChain")]
pub struct StartFailure {
    /// What went wrong, in one word.
    pub error: StartError,
    /// What went wrong, for people.
    pub message: FailureMessage,
}

/// What went wrong with a start, for people.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::state::FailureMessage;
///
/// let message = FailureMessage::RestartBackOff { delay: Duration::from_secs(20) };
/// assert!(matches!(message, FailureMessage::RestartBackOff { delay } if delay.as_secs() > 10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureMessage {
    /// What the runtime said.
    Text(Box<str>),
    /// The container is held back for this long after its last exit.
    RestartBackOff {
        /// The delay.
        delay: Duration,
    },
    /// The image is not pulled again yet.
    PullBackOff {
        /// The image that was to be pulled.
        image: Box<str>,
        /// Why the last pull failed.
        last: Option<Arc<StartFailure>>,
    },
}

/// How a container ended.
///
/// ```
/// use pod_lifecycle::state::{Termination, TerminationReason};
///
/// let end = Termination::lost(TerminationReason::ContainerStatusUnknown, "the node went away");
/// assert_eq!((end.exit_code, end.message.as_deref()), (137, Some("the node went away")));
/// assert_eq!((end.started_at, end.finished_at), (None, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Termination {
    /// The exit code; 0 is success.
    pub exit_code: i32,
    /// Why, in one word.
    pub reason: TerminationReason,
    /// The container's termination message, or what the kubelet has to say.
    pub message: Option<Box<str>>,
    /// The signal that ended it, if the runtime says.
    pub signal: Option<i32>,
    /// When it began.
    #[serde(with = "crate::time::exact")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "crate::time::exact")]
    pub finished_at: Option<Timestamp>,
    /// The instance that ended; `None` where nobody saw it end.
    pub instance: Option<InstanceId>,
}

/// What is said of a container that was removed because all are being restarted.
pub(crate) const REMOVED_TO_RESTART_ALL: &str = "The container is removed because RestartAllContainers in place";

/// The exit code given to a container that nobody saw end.
pub(crate) const LOST_EXIT_CODE: i32 = 137;

impl Termination {
    /// The end of a container that nobody saw end: exit code 137, no times.
    #[must_use]
    pub fn lost(reason: TerminationReason, message: &str) -> Termination {
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
