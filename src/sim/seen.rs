//! What can be seen of a Pod at one moment.

use crate::{
    action::ContainerStateKind,
    api::{ConditionStatus, ContainerState, ContainerStatus, Name, PodPhase, PodStatus},
    state::ConditionType,
};

/// Something that an observer can see in a Pod's status, to be asked for: `was_ever(StatusMatcher::ready())`.
///
/// A phase stands for itself: `was_ever(PodPhase::Failed)`.
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
    /// The Pod says this word beside its phase: `Evicted`.
    Reason(&'a str),
    /// A condition has this status; one that is not there has none.
    Condition {
        /// The condition's type.
        type_: &'a str,
        /// Its status.
        status: ConditionStatus,
    },
    /// A container is in this state.
    Container {
        /// The container's name.
        name: &'a str,
        /// What it is doing.
        state: ContainerStateKind,
    },
    /// A container waits for this reason.
    Waiting {
        /// The container's name; `None`: any container.
        container: Option<&'a str>,
        /// Why it waits.
        reason: &'a str,
    },
    /// A container has ended with this exit code: now, or before it was started again.
    Exited {
        /// The container's name.
        container: &'a str,
        /// Its exit code.
        code: i32,
    },
    /// A container is ready.
    ReadyContainer {
        /// The container's name.
        name: &'a str,
    },
}

impl<'a> StatusMatcher<'a> {
    /// The Pod is `Ready`.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, sim::StatusMatcher};
    ///
    /// let status: PodStatus = serde_json::from_str(r#"{"conditions": [{"type": "Ready", "status": "True"}]}"#)?;
    /// assert!(StatusMatcher::ready().matches(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn ready() -> StatusMatcher<'static> {
        StatusMatcher::condition(ConditionType::Ready.name(), ConditionStatus::True)
    }

    /// A condition has this status; one that is not there has none.
    ///
    /// ```
    /// use pod_lifecycle::{api::{ConditionStatus, PodStatus}, sim::StatusMatcher};
    ///
    /// let initialized = StatusMatcher::condition("Initialized", ConditionStatus::True);
    /// assert!(!initialized.matches(&PodStatus::default()));
    /// ```
    #[must_use]
    pub const fn condition(type_: &'a str, status: ConditionStatus) -> StatusMatcher<'a> {
        StatusMatcher::Condition { type_, status }
    }

    /// A container runs.
    ///
    /// ```
    /// use pod_lifecycle::{ContainerStateKind, sim::StatusMatcher};
    ///
    /// let app = StatusMatcher::Container { name: "app", state: ContainerStateKind::Running };
    /// assert_eq!(StatusMatcher::running("app"), app);
    /// ```
    #[must_use]
    pub const fn running(container: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Container { name: container, state: ContainerStateKind::Running }
    }

    /// A container has ended, and has not been started again.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, sim::StatusMatcher};
    ///
    /// let status: PodStatus = serde_json::from_str(
    ///     r#"{"initContainerStatuses": [{"name": "setup", "state": {"terminated": {"exitCode": 0}}}]}"#)?;
    /// assert!(StatusMatcher::terminated("setup").matches(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn terminated(container: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Container { name: container, state: ContainerStateKind::Terminated }
    }

    /// A container waits for this reason.
    ///
    /// ```
    /// use pod_lifecycle::sim::StatusMatcher;
    ///
    /// let seen = StatusMatcher::waiting("app", "ImagePullBackOff");
    /// assert_eq!(seen, StatusMatcher::Waiting { container: Some("app"), reason: "ImagePullBackOff" });
    /// ```
    #[must_use]
    pub const fn waiting(container: &'a str, reason: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Waiting { container: Some(container), reason }
    }

    /// Any of the containers waits for this reason.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, sim::StatusMatcher};
    ///
    /// let status: PodStatus = serde_json::from_str(
    ///     r#"{"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}]}"#)?;
    /// assert!(StatusMatcher::any_waiting("ErrImagePull").matches(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn any_waiting(reason: &'a str) -> StatusMatcher<'a> {
        StatusMatcher::Waiting { container: None, reason }
    }

    /// A container has ended with this exit code: now, or before it was started again.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodStatus, sim::StatusMatcher};
    ///
    /// let status: PodStatus = serde_json::from_str(r#"{"containerStatuses": [
    ///     {"name": "app", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137}}}
    /// ]}"#)?;
    /// assert!(StatusMatcher::exited("app", 137).matches(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn exited(container: &'a str, code: i32) -> StatusMatcher<'a> {
        StatusMatcher::Exited { container, code }
    }

    /// Whether it can be seen in this status.
    ///
    /// ```
    /// use pod_lifecycle::{api::{PodPhase, PodStatus}, sim::StatusMatcher};
    ///
    /// let mut status = PodStatus::default();
    /// (status.phase, status.reason) = (Some(PodPhase::Failed.into()), "Evicted".into());
    /// assert!(StatusMatcher::Reason("Evicted").matches(&status));
    /// ```
    #[must_use]
    pub fn matches(self, status: &PodStatus) -> bool {
        let any = |name: Option<&str>, is_so: &dyn Fn(&ContainerStatus) -> bool| {
            status.every_container().filter(|it| name.is_none_or(|name| it.name == name)).any(is_so)
        };
        match self {
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

/// What a container is doing, if its status says so.
pub(super) fn kind_of(state: &ContainerState) -> Option<ContainerStateKind> {
    match state {
        ContainerState { running: Some(_), .. } => Some(ContainerStateKind::Running),
        ContainerState { terminated: Some(_), .. } => Some(ContainerStateKind::Terminated),
        ContainerState { waiting: Some(_), .. } => Some(ContainerStateKind::Waiting),
        ContainerState { .. } => None,
    }
}
