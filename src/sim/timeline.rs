//! Everything that happened in a life.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::watch::Watched;
use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    api,
    event::HookKind,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
    state::{InstanceId, SandboxId},
    time::Timestamp,
};

/// A life, from its first moment to its end: everything that happened, and questions about it.
///
/// The questions are about what somebody could have seen who watches the Pod's object, or types `kubectl get pod` again
/// and again: of several statuses of one instant only the last. A point in the story is a [`Timestamp`], or how long
/// after the start it is; the answers are durations since the start.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::{Scenario, StatusMatcher, Timeline}};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).delete_at(60.0).play()?;
/// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(20)));
/// assert_eq!(timeline.phase_at(Duration::from_secs(19)), Some(PodPhase::Pending));
/// assert_eq!(timeline.time_in(StatusMatcher::ready()), Duration::from_secs(40));
/// println!("{timeline}");
///
/// let written = serde_json::to_string(&timeline)?;
/// assert_eq!(serde_json::from_str::<Timeline>(&written)?, timeline);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Timeline {
    /// When it began.
    #[serde(with = "crate::time::exact")]
    pub start: Timestamp,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// The object at the end of each instant that changed it.
    pub(super) watched: Vec<Watched>,
    /// The object with its last status: as it is now, or as it was when it was removed.
    pub pod: api::PodManifest,
    /// How the story ended; how things stand, if it goes on.
    pub end: End,
}

/// How a story ended.
///
/// ```
/// use pod_lifecycle::{Timestamp, sim::End};
///
/// let end = End { at: Timestamp::from_unix_seconds(90), is_finished: true, removed_at: None };
/// assert!(end.is_finished, "the kubelet is done; a finalizer keeps the object");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// When it ended.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// Whether the kubelet was done with the Pod.
    pub is_finished: bool,
    /// When the API object went away, if it has.
    #[serde(with = "crate::time::exact")]
    pub removed_at: Option<Timestamp>,
}

/// Something that happened in a life, and when.
///
/// ```
/// use pod_lifecycle::sim::{Entry, Scenario, What};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0)).until(6.0).play()?;
/// let asked = |entry: &&Entry| matches!(entry.what, What::Asked(_));
/// assert!(timeline.entries.iter().filter(asked).count() > 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// When it happened.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

/// What happened.
///
/// ```
/// use pod_lifecycle::sim::{Scenario, What};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let timeline = Scenario::healthy(pod).play()?;
/// let asked = timeline.entries.iter().filter(|entry| matches!(entry.what, What::Asked(_))).count();
/// assert!(asked >= 3, "a sandbox, a container, its start");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum What {
    /// A status was written to the API.
    Status(Arc<api::PodStatus>),
    /// The kubelet asked something of the runtime.
    Asked(Action),
    /// Something happened in the world.
    Happened(Happened),
    /// The kubelet recorded an event.
    Event(Box<KubernetesEvent>),
    /// The published status changed in one respect.
    Changed(Transition),
    /// The worker began or ended a sync.
    Sync(SyncProgress),
}

/// What happened in the world.
///
/// ```
/// use pod_lifecycle::sim::{Happened, Scenario, What};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(7).runs_for_ever()).play()?;
/// let is_exit = |what: &What| matches!(what, What::Happened(Happened::Exit { code: 7, .. }));
/// assert_eq!(timeline.entries.iter().filter(|entry| is_exit(&entry.what)).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Happened {
    /// A process ended.
    Exit {
        /// Its container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// Its exit code; 0 is success.
        code: i32,
        /// Who or what ended it.
        cause: ExitCause,
    },
    /// A pull ended.
    PullEnd {
        /// For which container.
        container: ContainerIndex,
        /// Whether the image is there.
        succeeded: bool,
    },
    /// A hook ended.
    HookEnd {
        /// In which container.
        container: ContainerIndex,
        /// In which instance.
        instance: InstanceId,
        /// Which hook.
        hook: HookKind,
        /// How: an exit code, or none if the container died.
        code: Option<i32>,
    },
    /// A probe was answered.
    Probed {
        /// In which container.
        container: ContainerIndex,
        /// In which instance.
        instance: InstanceId,
        /// Which probe.
        kind: ProbeKind,
        /// The answer; none if the container was not running.
        outcome: Option<ProbeOutcome>,
    },
    /// A sandbox died.
    SandboxDied(SandboxId),
    /// The kubelet restarted.
    KubeletRestarted,
    /// Somebody did something to the Pod.
    Action(String),
}

crate::api::named! {
    /// By whom a process was ended.
    ///
    /// ```
    /// use pod_lifecycle::sim::{ExitCause, Happened, Scenario, What};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.ignores_sigterm()).delete_at(10.0).play()?;
    /// let killed = timeline.entries.iter().any(|entry| {
    ///     matches!(entry.what, What::Happened(Happened::Exit { cause: ExitCause::Sigkill, .. }))
    /// });
    /// assert!(killed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[non_exhaustive]
    pub enum ExitCause {
        /// By itself.
        Itself = "self",
        /// By SIGTERM.
        Sigterm = "sigterm",
        /// By SIGKILL, at the end of its time.
        Sigkill = "sigkill",
        /// By the death of its sandbox.
        SandboxDied = "sandboxDied",
    }
}

impl What {
    /// The status that was written, if one was.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Happened, What};
    ///
    /// assert_eq!(What::Happened(Happened::KubeletRestarted).status(), None);
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<&api::PodStatus> {
        if let What::Status(status) = self { Some(status) } else { None }
    }

    /// The event that was recorded, if one was.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Happened, What};
    ///
    /// assert_eq!(What::Happened(Happened::KubeletRestarted).event(), None);
    /// ```
    #[must_use]
    pub fn event(&self) -> Option<&KubernetesEvent> {
        if let What::Event(event) = self { Some(event) } else { None }
    }
}
