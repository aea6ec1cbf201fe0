//! Timeline: everything that happened in a simulation, and queries about it.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::status_matcher::StatusMatcher;
use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    api::{PodManifest, PodPhase, PodStatus},
    event::{Failure, HookKind},
    kubectl::{self, Row},
    object::PodObject,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind, VolumeIndex},
    state::{InstanceId, SandboxId, StartError},
    time::Timestamp,
};

/// Everything that happened in a simulation, and queries about it.
///
/// The queries are about what a client sees that watches the Pod's object, or runs `kubectl get pod` again and again: of
/// several statuses of one instant only the last. A query's time is a [`Timestamp`] or a [`Duration`] since the start;
/// results are durations since the start.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::PodPhase, sim::{Scenario, StatusMatcher, Timeline}};
///
/// let timeline = Scenario::example().container("app", |app| app.pulled_in(20)).delete_at(60).play()?;
/// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(20)));
/// assert_eq!(timeline.phase_at(Duration::from_secs(19)), Some(PodPhase::Pending));
/// assert_eq!(timeline.time_in(StatusMatcher::ready()), Duration::from_secs(40));
/// println!("{timeline}");
///
/// let json = serde_json::to_string(&timeline)?;
/// assert_eq!(serde_json::from_str::<Timeline>(&json)?, timeline);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Timeline {
    /// Start of the simulation.
    #[serde(with = "crate::time::exact")]
    pub start: Timestamp,
    /// Entries, in the order in which they were recorded; several may be of one instant.
    pub entries: Vec<TimelineEntry>,
    /// The object at the end of each instant that changed it.
    pub(super) observed: Vec<ObservedObject>,
    /// The object, metadata, spec and status: as it is now, or as it was when it was removed.
    pub pod: PodManifest,
    /// End of the simulation, or its present state while it goes on.
    pub end: TimelineEnd,
}

/// The end of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TimelineEnd {
    /// When it ended; while it goes on, the present time.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// True if the kubelet was done with the Pod; a finalizer may still keep the object.
    pub is_finished: bool,
    /// When the API server removed the object, if it has.
    #[serde(with = "crate::time::exact")]
    pub removed_at: Option<Timestamp>,
}

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TimelineEntry {
    /// When it happened.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// Kind of entry, with its data.
    pub kind: EntryKind,
}

/// Kind of a timeline's entry: a write, a call, an occurrence, an event, a transition or a sync.
///
/// ```
/// use pod_lifecycle::{Action, sim::{EntryKind, Scenario, TimelineEntry}};
///
/// let timeline = Scenario::example().play()?;
/// let starts = |entry: &&TimelineEntry| matches!(entry.kind, EntryKind::Action(Action::StartContainer { .. }));
/// assert_eq!(timeline.entries.iter().filter(starts).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EntryKind {
    /// A status was written to the API.
    Status(Arc<PodStatus>),
    /// The kubelet called the runtime.
    Action(Action),
    /// Something happened in the runtime, or to the Pod from outside.
    Occurrence(Occurrence),
    /// The kubelet or a controller recorded a Kubernetes event.
    Event(Box<KubernetesEvent>),
    /// The published status changed in one respect.
    Transition(Transition),
    /// The pod worker started or ended a sync.
    Sync(SyncProgress),
}

/// Something that happened in the runtime, or to the Pod from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Occurrence {
    /// A container's process exited, whether or not the kubelet has noticed.
    ContainerExited {
        /// Index of its container in the spec.
        container: ContainerIndex,
        /// Its instance, by the ordinal in the container.
        instance: InstanceId,
        /// Exit code; 137 after SIGKILL.
        code: i32,
        /// Its cause: itself, a signal or the death of the sandbox.
        cause: ExitCause,
    },
    /// A pull of an image ended, with success or not.
    PullFinished {
        /// The container for whose image it was.
        container: ContainerIndex,
        /// True if the image is present now.
        succeeded: bool,
    },
    /// A pull of the image of an image volume ended, with success or not.
    VolumePullFinished {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// True if the image is present now.
        succeeded: bool,
    },
    /// A hook's command ended, or its container exited.
    HookFinished {
        /// Index of its container in the spec.
        container: ContainerIndex,
        /// Its instance, by the ordinal in the container.
        instance: InstanceId,
        /// postStart or preStop.
        hook: HookKind,
        /// Its exit code; none if the container exited first.
        code: Option<i32>,
    },
    /// A probe was answered.
    ProbeFinished {
        /// Index of its container in the spec.
        container: ContainerIndex,
        /// Its instance, by the ordinal in the container.
        instance: InstanceId,
        /// Liveness, readiness or startup.
        kind: ProbeKind,
        /// Its outcome; none if the container was not running.
        outcome: Option<ProbeOutcome>,
    },
    /// A mount of a volume ended that took time or failed.
    VolumeSetUp {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// The error, if it failed.
        error: Option<String>,
    },
    /// An unmount of a volume ended that took time or failed.
    VolumeTornDown {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
        /// The error, if it failed.
        error: Option<String>,
    },
    /// The API server has answered an update of the subresource `resize`.
    ResizeAnswered {
        /// Generation of the object with the new resources; `None` if it has them already, or if they are refused.
        generation: Option<i64>,
        /// Reasons of a refusal.
        refusals: Vec<String>,
    },
    /// The node did not admit another Pod.
    OtherPodRejected {
        /// Its name.
        name: String,
        /// Reason: `OutOfcpu`.
        reason: String,
    },
    /// A sandbox died by itself.
    SandboxDied(SandboxId),
    /// The kubelet restarted; containers kept running.
    KubeletRestarted,
    /// A call of the runtime failed, or the kubelet failed before it could make the call.
    CallFailed {
        /// The action.
        action: Box<Action>,
        /// Reason of the waiting container; none for a sandbox.
        reason: Option<StartError>,
        /// Text of the error.
        message: Box<str>,
    },
    /// An action on the Pod, by its name in a script.
    Action(String),
}

crate::api::named! {
    /// Cause of a process's exit.
    #[non_exhaustive]
    pub enum ExitCause {
        /// The process exited by itself, or the OOM killer ended it.
        Itself = "self",
        /// SIGTERM.
        Sigterm = "sigterm",
        /// SIGKILL, at the end of its grace period.
        Sigkill = "sigkill",
        /// The death of its sandbox.
        SandboxDied = "sandboxDied",
    }
}

impl Occurrence {
    /// Creates the failure of a container's start.
    pub(super) fn failed(action: Action, failure: &Failure) -> Occurrence {
        let Failure { error, message } = failure.clone();
        Occurrence::CallFailed { action: Box::new(action), reason: Some(error), message }
    }
}

impl EntryKind {
    /// Returns the status that was written, if it is one.
    #[must_use]
    pub fn status(&self) -> Option<&PodStatus> {
        if let EntryKind::Status(status) = self { Some(status) } else { None }
    }

    /// Returns the recorded Kubernetes event, if it is one.
    #[must_use]
    pub fn event(&self) -> Option<&KubernetesEvent> {
        if let EntryKind::Event(event) = self { Some(event) } else { None }
    }
}

// --- Recording ---

/// The object as it was at the end of an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObservedObject {
    #[serde(with = "crate::time::exact")]
    pub(super) at: Timestamp,
    /// Metadata and spec without the resource version, shared between instants that differ in nothing else.
    object: Arc<PodManifest>,
    resource_version: String,
    pub(super) status: Arc<PodStatus>,
}

impl ObservedObject {
    /// Returns the whole object.
    pub(super) fn pod(&self) -> PodManifest {
        let mut pod = PodManifest { status: PodStatus::clone(&self.status), ..PodManifest::clone(&self.object) };
        pod.metadata.resource_version.clone_from(&self.resource_version);
        pod
    }
}

impl Timeline {
    /// Creates the timeline of an object to which nothing has happened yet.
    pub(super) fn new(object: &PodObject, start: Timestamp) -> Timeline {
        let end = TimelineEnd { at: start, is_finished: false, removed_at: None };
        Timeline { start, entries: Vec::new(), observed: Vec::new(), pod: object.manifest().clone(), end }
    }

    /// Notes the object at the end of an instant, and returns true if it has changed. `may_have_changed` is false if at
    /// most the status has.
    pub(super) fn observe(&mut self, at: Timestamp, object: &PodObject, may_have_changed: bool) -> bool {
        let last = self.observed.last();
        let resource_version = &object.manifest().metadata.resource_version;
        if last.is_some_and(|last| !may_have_changed && last.resource_version == *resource_version) {
            return false;
        }
        // Metadata and spec are shared with the instant before: a life has many statuses and few specs.
        let manifest = match last {
            Some(last) if !may_have_changed => last.object.clone(),
            Some(_) | None => Arc::new(as_stored(object.manifest())),
        };
        // The status may be equal though the version has changed: then its memory is shared, too.
        let same = last.filter(|last| *last.status == *object.status());
        let status = same.map_or_else(|| Arc::new(object.status().clone()), |last| last.status.clone());
        let resource_version = resource_version.clone();
        // A client sees the last state of an instant only.
        if self.observed.last().is_some_and(|last| last.at == at) {
            self.observed.pop();
        }
        self.observed.push(ObservedObject { at, object: manifest, status, resource_version });
        true
    }

    /// Updates [`Timeline::pod`] to the last observed object.
    pub(super) fn refresh_pod(&mut self) {
        if let Some(last) = self.observed.last() {
            self.pod = last.pod();
        }
    }
}

/// Returns metadata and spec as the API server stores them, with times in whole seconds and without the resource version.
fn as_stored(manifest: &PodManifest) -> PodManifest {
    let PodManifest { api_version, kind, metadata, spec, status: _ } = manifest;
    let (api_version, kind) = (api_version.clone(), kind.clone());
    let status = PodStatus::default();
    let mut stored = PodManifest { api_version, kind, metadata: metadata.clone(), spec: spec.clone(), status };
    let metadata = &mut stored.metadata;
    metadata.resource_version.clear();
    metadata.deletion_timestamp = metadata.deletion_timestamp.map(Timestamp::whole_seconds);
    metadata.creation_timestamp = metadata.creation_timestamp.map(Timestamp::whole_seconds);
    stored
}

// --- Queries ---

/// A time in a simulation: a [`Timestamp`], or a [`Duration`] since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// This time.
    At(Timestamp),
    /// So long after the start.
    After(Duration),
}

impl At {
    /// Returns the time in a simulation with this start.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        match self {
            At::At(at) => at,
            At::After(duration) => start + duration,
        }
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> At {
        At::At(at)
    }
}

impl From<Duration> for At {
    fn from(duration: Duration) -> At {
        At::After(duration)
    }
}

/// Queries: [`At`] is a [`Timestamp`] or a [`Duration`] since the start.
impl Timeline {
    /// Returns the recorded Kubernetes events, in order.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// let timeline = Scenario::example().play()?;
    /// let reasons: Vec<&str> = timeline.events().map(|event| &*event.reason).collect();
    /// assert_eq!(reasons, ["Pulled", "Created", "Started"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self) -> impl Iterator<Item = &KubernetesEvent> {
        self.entries.iter().filter_map(|entry| entry.kind.event())
    }

    /// Returns the recorded Kubernetes events with this reason.
    pub fn events_with_reason(&self, reason: &str) -> impl Iterator<Item = &KubernetesEvent> {
        self.events().filter(move |event| event.reason == reason)
    }

    /// Returns every published status with its time; several may be of one instant: see
    /// [`Timeline::observed_statuses`].
    pub fn statuses(&self) -> impl Iterator<Item = (Timestamp, &PodStatus)> {
        self.entries.iter().filter_map(|entry| Some((entry.at, entry.kind.status()?)))
    }

    /// Returns the statuses that a client could see: of each instant with a new one, the last.
    pub fn observed_statuses(&self) -> impl Iterator<Item = (Timestamp, &PodStatus)> {
        let mut before: Option<&PodStatus> = None;
        self.observed.iter().filter_map(move |observed| {
            // Other instants changed only metadata or spec.
            let is_new = before.replace(&observed.status) != Some(&*observed.status);
            is_new.then_some((observed.at, &*observed.status))
        })
    }

    /// Returns the whole object at each instant that changed it, as a watch delivers it; the last may be the one with
    /// which the object was removed.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// let timeline = Scenario::example().delete_at(60).play()?;
    /// let is_deleting: Vec<_> = timeline.objects().map(|(_, pod)| pod.metadata.deletion_timestamp.is_some()).collect();
    /// assert_eq!(is_deleting, [false, true]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn objects(&self) -> impl Iterator<Item = (Timestamp, PodManifest)> {
        self.observed.iter().map(|observed| (observed.at, observed.pod()))
    }

    /// Returns the object at the end of an instant; `None` before the start and once the object was removed.
    #[must_use]
    pub fn object_at(&self, at: impl Into<At>) -> Option<PodManifest> {
        self.observed_at(at.into()).map(ObservedObject::pod)
    }

    /// Returns the status at the end of an instant; `None` before the start and once the object was removed.
    #[must_use]
    pub fn status_at(&self, at: impl Into<At>) -> Option<&PodStatus> {
        self.observed_at(at.into()).map(|observed| &*observed.status)
    }

    /// Returns the phase at the end of an instant; `None` before the start and once the object was removed.
    #[must_use]
    pub fn phase_at(&self, at: impl Into<At>) -> Option<PodPhase> {
        self.status_at(at)?.phase.as_ref().and_then(|phase| phase.known())
    }

    /// Returns the row that `kubectl get pods` prints at a time; `None` before the start and once the object was removed.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// let timeline = Scenario::example().container("app", |app| app.after_sigterm(3, 0)).delete_at(60).play()?;
    /// let row = timeline.row_at(Duration::from_secs(61)).ok_or("it still exists")?;
    /// assert_eq!((&*row.ready, &*row.status, &*row.age), ("1/1", "Terminating", "61s"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row_at(&self, at: impl Into<At>) -> Option<Row> {
        let at = at.into().after(self.start);
        self.object_at(at).map(|pod| kubectl::row(&pod, at))
    }

    /// Returns when the status first matched.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Scenario, StatusMatcher};
    /// let timeline = Scenario::example().container("app", |app| app.exits_after(7).with_code(1)).play()?;
    /// assert_eq!(timeline.first(StatusMatcher::exited("app", 1)), Some(Duration::from_secs(7)));
    /// assert_eq!(timeline.first(StatusMatcher::exited("app", 2)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn first<'a>(&self, matcher: impl Into<StatusMatcher<'a>>) -> Option<Duration> {
        let matcher = matcher.into();
        // By observed objects, not by statuses: one that is overwritten within its instant is seen by no client.
        let observed = self.observed.iter().find(|observed| matcher.matches(&observed.status))?;
        Some(observed.at.since(self.start))
    }

    /// Returns when the Pod was first `Ready`.
    #[must_use]
    pub fn first_ready(&self) -> Option<Duration> {
        self.first(StatusMatcher::ready())
    }

    /// True if the status ever matched.
    ///
    /// ```
    /// # use pod_lifecycle::{api::{ConditionStatus, PodPhase}, sim::{Scenario, StatusMatcher}};
    /// let timeline = Scenario::example().container("app", |app| app.pull_fails(9, "denied")).play()?;
    /// assert!(timeline.was_ever(PodPhase::Pending) && !timeline.was_ever(PodPhase::Failed));
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "ImagePullBackOff")));
    /// assert!(timeline.was_ever(StatusMatcher::condition("Ready", ConditionStatus::False)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn was_ever<'a>(&self, matcher: impl Into<StatusMatcher<'a>>) -> bool {
        self.first(matcher).is_some()
    }

    /// Returns for how long the status matched, all in all.
    #[must_use]
    pub fn time_in<'a>(&self, matcher: impl Into<StatusMatcher<'a>>) -> Duration {
        let matcher = matcher.into();
        // Each status holds until the next; the last one until the object is removed, or the simulation ends.
        let over = self.end.removed_at.unwrap_or(self.end.at);
        let ends = self.observed.iter().skip(1).map(|next| next.at).chain([over]);
        let spans = self.observed.iter().zip(ends).filter(|(observed, _)| matcher.matches(&observed.status));
        spans.map(|(observed, end)| end.since(observed.at)).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Returns for how long the Pod was in a phase, all in all.
    #[must_use]
    pub fn time_in_phase(&self, phase: PodPhase) -> Duration {
        self.time_in(phase)
    }

    /// Returns the restart count of a container; `None` if the Pod has no container of this name.
    #[must_use]
    pub fn restarts(&self, container: &str) -> Option<i32> {
        restarts_of(&self.pod, container)
    }

    /// Returns the restart count of a container at the end of an instant; `None` if the Pod had no container of this
    /// name, and once the object was removed.
    #[must_use]
    pub fn restarts_at(&self, container: &str, at: impl Into<At>) -> Option<i32> {
        restarts_of(&self.object_at(at)?, container)
    }

    /// Returns the exits of a container's processes with their exit codes, also those that no status ever showed.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// let timeline = Scenario::example().container("app", |app| app.exits_after(5).with_code(3)).until(8).play()?;
    /// assert_eq!(timeline.exits("app").collect::<Vec<_>>(), [(Duration::from_secs(5), 3)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exits(&self, container: &str) -> impl Iterator<Item = (Duration, i32)> {
        self.entries.iter().filter_map(move |entry| {
            let EntryKind::Occurrence(Occurrence::ContainerExited { container: index, code, .. }) = entry.kind else {
                return None;
            };
            let is_it = self.container_name(index) == Some(container);
            is_it.then(|| (entry.at.since(self.start), code))
        })
    }

    /// Returns the name of an entry's container.
    #[must_use]
    pub fn container_name(&self, container: ContainerIndex) -> Option<&str> {
        self.pod.container(container).map(|container| &*container.name)
    }

    /// Returns the time from which the object has had a deletion timestamp.
    #[cfg(feature = "render")]
    pub(crate) fn deleted_at(&self) -> Option<Timestamp> {
        let is_deleted = |observed: &&ObservedObject| observed.object.metadata.deletion_timestamp.is_some();
        self.observed.iter().find(is_deleted).map(|observed| observed.at)
    }

    /// Returns when the object was removed from the API, if it was.
    #[must_use]
    pub fn removed(&self) -> Option<Duration> {
        self.end.removed_at.map(|at| at.since(self.start))
    }

    /// Returns the length of the simulation.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.at.since(self.start)
    }

    fn observed_at(&self, at: At) -> Option<&ObservedObject> {
        let at = at.after(self.start);
        let is_removed = self.end.removed_at.is_some_and(|removed_at| removed_at <= at);
        self.observed.iter().rev().find(|observed| observed.at <= at).filter(|_| !is_removed)
    }
}

/// Returns the restart count of a container of an object.
pub(super) fn restarts_of(pod: &PodManifest, container: &str) -> Option<i32> {
    let spec = &pod.spec;
    let mut all = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
    all.find(|it| it.name == container)?;
    let status = pod.status.every_container().find(|status| status.name == container);
    // A container without a status has not started yet. A status from elsewhere may have a negative count.
    Some(status.map_or(0, |status| status.restart_count.max(0)))
}
