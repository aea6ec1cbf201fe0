//! Status matchers: predicates of a Pod's status, for queries and assertions.

use crate::{
    action::ContainerStateKind,
    api::{ConditionStatus, ContainerState, ContainerStatus, Name, PodPhase, PodStatus},
    state::ConditionType,
};

/// A predicate of a Pod's status: `was_ever(StatusMatcher::ready())`.
///
/// A phase is one, too: `was_ever(PodPhase::Failed)`.
///
/// ```
/// use pod_lifecycle::{api::{PodPhase, PodStatus}, sim::StatusMatcher};
///
/// let status: PodStatus = serde_json::from_str(r#"{
///     "phase": "Running",
///     "conditions": [{"type": "Ready", "status": "False"}],
///     "containerStatuses": [{"name": "app", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
/// }"#)?;
/// assert!(StatusMatcher::from(PodPhase::Running).matches(&status));
/// assert!(StatusMatcher::waiting("app", "CrashLoopBackOff").matches(&status));
/// assert!(!StatusMatcher::ready().matches(&status) && !StatusMatcher::running("app").matches(&status));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusMatcher<'a> {
    /// The Pod is in this phase.
    Phase(PodPhase),
    /// The Pod has this reason beside its phase: `Evicted`.
    Reason(&'a str),
    /// A condition has this status; one that is absent has none.
    Condition {
        /// The condition's type.
        type_: &'a str,
        /// Its status; a condition with another one does not match.
        status: ConditionStatus,
    },
    /// A container is in this state.
    Container {
        /// The container's name.
        name: &'a str,
        /// Waiting, running or terminated.
        state: ContainerStateKind,
    },
    /// A container is waiting with this reason.
    Waiting {
        /// The container's name; `None`: any container, init and ephemeral ones included.
        container: Option<&'a str>,
        /// Reason of the waiting state: `CrashLoopBackOff`.
        reason: &'a str,
    },
    /// A container has exited with this code: now, or before its last restart.
    Exited {
        /// The container's name.
        container: &'a str,
        /// Exit code; 128 and the signal's number if a signal ended it.
        code: i32,
    },
    /// A container is ready.
    ReadyContainer {
        /// The container's name.
        name: &'a str,
    },
}

impl<'a> StatusMatcher<'a> {
    /// Matches a Pod that is `Ready`.
    #[must_use]
    pub fn ready() -> StatusMatcher<'static> {
        StatusMatcher::condition(ConditionType::Ready.name(), ConditionStatus::True)
    }

    /// Matches a condition with this status; one that is absent has none.
    #[must_use]
    pub const fn condition(type_: &'a str, status: ConditionStatus) -> StatusMatcher<'a> {
        StatusMatcher::Condition { type_, status }
    }

    /// Matches a container that is running.
    #[must_use]
    pub const fn running(container: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Container { name: container, state: ContainerStateKind::Running }
    }

    /// Matches a container that is terminated.
    #[must_use]
    pub const fn terminated(container: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Container { name: container, state: ContainerStateKind::Terminated }
    }

    /// Matches a container that is waiting with this reason.
    #[must_use]
    pub const fn waiting(container: &'a str, reason: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Waiting { container: Some(container), reason }
    }

    /// Matches any container that is waiting with this reason.
    #[must_use]
    pub const fn any_waiting(reason: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Waiting { container: None, reason }
    }

    /// Matches a container that has exited with this code: now, or before its last restart.
    #[must_use]
    pub const fn exited(container: &'a str, code: i32) -> StatusMatcher<'a> {
        StatusMatcher::Exited { container, code }
    }

    /// True if the status matches.
    #[must_use]
    pub fn matches(self, status: &PodStatus) -> bool {
        let any = |name: Option<&str>, is_so: &dyn Fn(&ContainerStatus) -> bool| {
            status.every_container().filter(|it| name.is_none_or(|name| it.name == name)).any(is_so)
        };
        match self {
            // A status that was never written has no phase, although kubectl shows it as Pending: it matches none.
            StatusMatcher::Phase(phase) => status.phase.as_ref().and_then(|it| it.known()) == Some(phase),
            StatusMatcher::Reason(reason) => status.reason == reason,
            StatusMatcher::Condition { type_, status: wanted } => {
                status.condition(type_).is_some_and(|it| it.status.known() == Some(wanted))
            }
            StatusMatcher::Container { name, state } => any(Some(name), &|it| kind_of(&it.state) == Some(state)),
            StatusMatcher::Waiting { container, reason } => {
                any(container, &|it| it.state.waiting.as_ref().is_some_and(|waiting| waiting.reason == reason))
            }
            StatusMatcher::Exited { container, code } => any(Some(container), &|it| {
                // A crash-looping container waits: its exit stands in the last state.
                let ends = [&it.state, &it.last_state].map(|state| state.terminated.as_ref());
                ends.into_iter().flatten().any(|end| end.exit_code == code)
            }),
            StatusMatcher::ReadyContainer { name } => any(Some(name), &|it| it.ready),
        }
    }
}

impl From<PodPhase> for StatusMatcher<'_> {
    fn from(phase: PodPhase) -> Self {
        StatusMatcher::Phase(phase)
    }
}

/// Returns the kind of a container's state, if its status has one.
pub(super) fn kind_of(state: &ContainerState) -> Option<ContainerStateKind> {
    match state {
        // A valid status has at most one of the three.
        ContainerState { running: Some(_), .. } => Some(ContainerStateKind::Running),
        ContainerState { terminated: Some(_), .. } => Some(ContainerStateKind::Terminated),
        ContainerState { waiting: Some(_), .. } => Some(ContainerStateKind::Waiting),
        ContainerState { .. } => None,
    }
}
