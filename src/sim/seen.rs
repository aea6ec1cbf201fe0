//! What can be seen of a Pod at one moment.

use crate::{
    action::ContainerStateKind,
    manifest::{ConditionStatus, ContainerState, ContainerStatus, Name, PodPhase, PodStatus},
    state::ConditionType,
};

/// Something that an observer can see in a Pod's status, to be asked for: `was_ever(Seen::ready())`.
///
/// A phase stands for itself: `was_ever(PodPhase::Failed)`.
///
/// ```
/// use pod_lifecycle::{manifest::{PodPhase, PodStatus}, sim::Seen};
///
/// let status: PodStatus = serde_json::from_str(r#"{
///     "phase": "Running",
///     "conditions": [{"type": "Ready", "status": "False"}],
///     "containerStatuses": [{"name": "app", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
/// }"#)?;
/// assert!(Seen::from(PodPhase::Running).is_in(&status));
/// assert!(Seen::waiting("app", "CrashLoopBackOff").is_in(&status));
/// assert!(!Seen::ready().is_in(&status) && !Seen::running("app").is_in(&status));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seen<'a> {
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

impl<'a> Seen<'a> {
    /// The Pod is `Ready`.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::PodStatus, sim::Seen};
    ///
    /// let status: PodStatus = serde_json::from_str(r#"{"conditions": [{"type": "Ready", "status": "True"}]}"#)?;
    /// assert!(Seen::ready().is_in(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn ready() -> Seen<'static> {
        Seen::condition(ConditionType::Ready.name(), ConditionStatus::True)
    }

    /// A condition has this status; one that is not there has none.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::{ConditionStatus, PodStatus}, sim::Seen};
    ///
    /// let initialized = Seen::condition("Initialized", ConditionStatus::True);
    /// assert!(!initialized.is_in(&PodStatus::default()));
    /// ```
    #[must_use]
    pub const fn condition(type_: &'a str, status: ConditionStatus) -> Seen<'a> {
        Seen::Condition { type_, status }
    }

    /// A container runs.
    ///
    /// ```
    /// use pod_lifecycle::{ContainerStateKind, sim::Seen};
    ///
    /// let app = Seen::Container { name: "app", state: ContainerStateKind::Running };
    /// assert_eq!(Seen::running("app"), app);
    /// ```
    #[must_use]
    pub const fn running(container: &'a str) -> Seen<'a> {
        Seen::Container { name: container, state: ContainerStateKind::Running }
    }

    /// A container has ended, and has not been started again.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::PodStatus, sim::Seen};
    ///
    /// let status: PodStatus = serde_json::from_str(
    ///     r#"{"initContainerStatuses": [{"name": "setup", "state": {"terminated": {"exitCode": 0}}}]}"#)?;
    /// assert!(Seen::terminated("setup").is_in(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn terminated(container: &'a str) -> Seen<'a> {
        Seen::Container { name: container, state: ContainerStateKind::Terminated }
    }

    /// A container waits for this reason.
    ///
    /// ```
    /// use pod_lifecycle::sim::Seen;
    ///
    /// let seen = Seen::waiting("app", "ImagePullBackOff");
    /// assert_eq!(seen, Seen::Waiting { container: Some("app"), reason: "ImagePullBackOff" });
    /// ```
    #[must_use]
    pub const fn waiting(container: &'a str, reason: &'a str) -> Seen<'a> {
        Seen::Waiting { container: Some(container), reason }
    }

    /// Any of the containers waits for this reason.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::PodStatus, sim::Seen};
    ///
    /// let status: PodStatus = serde_json::from_str(
    ///     r#"{"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}]}"#)?;
    /// assert!(Seen::any_waiting("ErrImagePull").is_in(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn any_waiting(reason: &'a str) -> Seen<'a> {
        Seen::Waiting { container: None, reason }
    }

    /// A container has ended with this exit code: now, or before it was started again.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::PodStatus, sim::Seen};
    ///
    /// let status: PodStatus = serde_json::from_str(r#"{"containerStatuses": [
    ///     {"name": "app", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137}}}
    /// ]}"#)?;
    /// assert!(Seen::exited("app", 137).is_in(&status));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn exited(container: &'a str, code: i32) -> Seen<'a> {
        Seen::Exited { container, code }
    }

    /// Whether it can be seen in this status.
    ///
    /// ```
    /// use pod_lifecycle::{manifest::{PodPhase, PodStatus}, sim::Seen};
    ///
    /// let status = PodStatus { phase: Some(PodPhase::Failed.into()), reason: "Evicted".into(), ..PodStatus::default() };
    /// assert!(Seen::Reason("Evicted").is_in(&status));
    /// ```
    #[must_use]
    pub fn is_in(self, status: &PodStatus) -> bool {
        let any = |name: Option<&str>, is_so: &dyn Fn(&ContainerStatus) -> bool| {
            status.every_container().filter(|it| name.is_none_or(|name| it.name == name)).any(is_so)
        };
        match self {
            Seen::Phase(phase) => status.phase.as_ref().and_then(|it| it.known()) == Some(phase),
            Seen::Reason(reason) => status.reason == reason,
            Seen::Condition { type_, status: wanted } => {
                status.condition(type_).is_some_and(|it| it.status.known() == Some(wanted))
            }
            Seen::Container { name, state } => any(Some(name), &|it| kind_of(&it.state) == Some(state)),
            Seen::Waiting { container, reason } => {
                any(container, &|it| it.state.waiting.as_ref().is_some_and(|waiting| waiting.reason == reason))
            }
            Seen::Exited { container, code } => any(Some(container), &|it| {
                let ends = [&it.state, &it.last_state].map(|state| state.terminated.as_ref());
                ends.into_iter().flatten().any(|end| end.exit_code == code)
            }),
            Seen::ReadyContainer { name } => any(Some(name), &|it| it.ready),
        }
    }
}

impl From<PodPhase> for Seen<'_> {
    fn from(phase: PodPhase) -> Self {
        Seen::Phase(phase)
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
