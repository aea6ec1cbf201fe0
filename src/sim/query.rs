//! Questions about a life, in the words in which people speak of Pods.

use core::time::Duration;

use super::{
    moment::At,
    seen::StatusMatcher,
    timeline::{Happened, Timeline},
};
use crate::{
    action::KubernetesEvent,
    api::{PodManifest, PodPhase, PodStatus},
    kubectl::{self, Row},
    spec::ContainerIndex,
    time::Timestamp,
};

impl Timeline {
    /// The recorded Kubernetes events, in order.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).play()?;
    /// let reasons: Vec<&str> = timeline.events().map(|event| &*event.reason).collect();
    /// assert_eq!(reasons, ["Pulled", "Created", "Started"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self) -> impl Iterator<Item = &KubernetesEvent> {
        self.entries.iter().filter_map(|entry| entry.what.event())
    }

    /// The recorded Kubernetes events with this reason.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pull_fails(2, "denied")).play()?;
    /// assert_eq!(timeline.events_with_reason("Pulling").count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events_with_reason(&self, reason: &str) -> impl Iterator<Item = &KubernetesEvent> {
        self.events().filter(move |event| event.reason == reason)
    }

    /// Every published status with its time; several may be of one instant: see [`Timeline::observed_statuses`].
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).play()?;
    /// assert!(timeline.statuses().count() > timeline.observed_statuses().count());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn statuses(&self) -> impl Iterator<Item = (Timestamp, &PodStatus)> {
        self.entries.iter().filter_map(|entry| Some((entry.at, entry.what.status()?)))
    }

    /// The statuses that an observer could have seen: of each instant that has brought a new one, the last.
    ///
    /// ```
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).play()?;
    /// let phases: Vec<_> = timeline.observed_statuses().map(|(_, status)| status.phase.clone()).collect();
    /// assert_eq!(phases, [Some(PodPhase::Pending.into()), Some(PodPhase::Running.into())]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observed_statuses(&self) -> impl Iterator<Item = (Timestamp, &PodStatus)> {
        let mut before: Option<&PodStatus> = None;
        self.watched.iter().filter_map(move |watched| {
            let is_new = before.replace(&watched.status) != Some(&*watched.status);
            is_new.then_some((watched.at, &*watched.status))
        })
    }

    /// The whole object at each instant that has changed it, as a watch delivers it; the last may be the one with which
    /// the object was removed.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).delete_at(60.0).play()?;
    /// let is_deleting: Vec<_> = timeline.objects().map(|(_, pod)| pod.metadata.deletion_timestamp.is_some()).collect();
    /// assert_eq!(is_deleting, [false, true]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn objects(&self) -> impl Iterator<Item = (Timestamp, PodManifest)> {
        self.watched.iter().map(|watched| (watched.at, watched.pod()))
    }

    /// The object as it was at the end of this moment; `None` before the story and once the object was gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.after_sigterm(3.0, 0)).delete_at(60.0).play()?;
    /// let deleting = timeline.object_at(Duration::from_secs(61)).ok_or("it is still there")?;
    /// assert_eq!(deleting.metadata.deletion_grace_period_seconds, Some(30));
    /// assert_eq!(timeline.object_at(Duration::from_secs(63)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn object_at(&self, t: impl Into<At>) -> Option<PodManifest> {
        self.watched_at(t.into()).map(|watched| watched.pod())
    }

    /// The status that could be seen at the end of this moment; `None` before the story and once the object was gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).play()?;
    /// let status = timeline.status_at(Duration::from_secs(10)).ok_or("there is one")?;
    /// assert!(status.container_statuses[0].ready);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status_at(&self, t: impl Into<At>) -> Option<&PodStatus> {
        self.watched_at(t.into()).map(|watched| &*watched.status)
    }

    /// The phase that could be seen at the end of this moment; `None` before the story and once the object was gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).delete_at(60.0).play()?;
    /// assert_eq!(timeline.phase_at(Duration::from_secs(59)), Some(PodPhase::Running));
    /// assert_eq!(timeline.phase_at(Duration::from_secs(61)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn phase_at(&self, t: impl Into<At>) -> Option<PodPhase> {
        self.status_at(t)?.phase.as_ref()?.known()
    }

    /// The row that `kubectl get pods` would have printed at the end of this moment; `None` once the object was gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.after_sigterm(3.0, 0)).delete_at(60.0).play()?;
    /// let row = timeline.row_at(Duration::from_secs(61)).ok_or("it is still there")?;
    /// assert_eq!((&*row.ready, &*row.status, &*row.age), ("1/1", "Terminating", "61s"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row_at(&self, t: impl Into<At>) -> Option<Row> {
        let at = t.into().after(self.start);
        self.object_at(at).map(|pod| kubectl::row(&pod, at))
    }

    /// When this could first be seen.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Scenario, StatusMatcher};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(7.0).with_code(1)).play()?;
    /// assert_eq!(timeline.first(StatusMatcher::exited("app", 1)), Some(Duration::from_secs(7)));
    /// assert_eq!(timeline.first(StatusMatcher::exited("app", 2)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn first<'a>(&self, seen: impl Into<StatusMatcher<'a>>) -> Option<Duration> {
        let seen = seen.into();
        let watched = self.watched.iter().find(|watched| seen.matches(&watched.status))?;
        Some(watched.at.since(self.start))
    }

    /// When the Pod was first seen to be `Ready`.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).play()?;
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(20)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn first_ready(&self) -> Option<Duration> {
        self.first(StatusMatcher::ready())
    }

    /// Whether this could ever be seen.
    ///
    /// ```
    /// # use pod_lifecycle::{api::{ConditionStatus, PodPhase}, sim::{Scenario, StatusMatcher}};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pull_fails(9, "denied")).play()?;
    /// assert!(timeline.was_ever(PodPhase::Pending) && !timeline.was_ever(PodPhase::Failed));
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "ImagePullBackOff")));
    /// assert!(timeline.was_ever(StatusMatcher::condition("Ready", ConditionStatus::False)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn was_ever<'a>(&self, seen: impl Into<StatusMatcher<'a>>) -> bool {
        self.first(seen).is_some()
    }

    /// For how long this could be seen, all in all.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Scenario, StatusMatcher};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).until(60.0).play()?;
    /// assert_eq!(timeline.time_in(StatusMatcher::running("app")), Duration::from_secs(40));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_in<'a>(&self, seen: impl Into<StatusMatcher<'a>>) -> Duration {
        let seen = seen.into();
        let over = self.end.removed_at.unwrap_or(self.end.at);
        let ends = self.watched.iter().skip(1).map(|next| next.at).chain([over]);
        let spans = self.watched.iter().zip(ends).filter(|(watched, _)| seen.matches(&watched.status));
        spans.map(|(watched, end)| end.since(watched.at)).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// For how long the Pod was in a phase, all in all.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).play()?;
    /// assert_eq!(timeline.time_in_phase(PodPhase::Pending), Duration::from_secs(20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_in_phase(&self, phase: PodPhase) -> Duration {
        self.time_in(phase)
    }

    /// How often a container was started again; `None` if the Pod has none of this name.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0).runs_for_ever()).play()?;
    /// assert_eq!((timeline.restarts("app"), timeline.restarts("ap")), (Some(1), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn restarts(&self, container: &str) -> Option<i32> {
        restarts_of(&self.pod, container)
    }

    /// How often a container had been started again by the end of this moment; `None` if the Pod had none of this name,
    /// and once the object was gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0)).play()?;
    /// let restarts = |second| timeline.restarts_at("app", Duration::from_secs(second));
    /// assert_eq!([restarts(4), restarts(5), restarts(20)], [Some(0), Some(1), Some(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn restarts_at(&self, container: &str, t: impl Into<At>) -> Option<i32> {
        restarts_of(&self.object_at(t)?, container)
    }

    /// When the processes of a container ended, and their exit codes, seen or not.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(3)).until(8.0).play()?;
    /// assert_eq!(timeline.exits("app").collect::<Vec<_>>(), [(Duration::from_secs(5), 3)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exits(&self, container: &str) -> impl Iterator<Item = (Duration, i32)> {
        self.entries.iter().filter_map(move |entry| {
            let super::What::Happened(Happened::Exit { container: index, code, .. }) = entry.what else { return None };
            let is_meant = self.container_name(index) == Some(container);
            is_meant.then(|| (entry.at.since(self.start), code))
        })
    }

    /// The name of the container that an entry is about.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).play()?;
    /// let started = timeline.events_with_reason("Started").next().ok_or("it was started")?;
    /// assert_eq!(started.container.and_then(|container| timeline.container_name(container)), Some("app"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn container_name(&self, container: ContainerIndex) -> Option<&str> {
        self.pod.container(container).map(|container| &*container.name)
    }

    /// When the object was removed from the API, if it was.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Scenario, ScriptActionKind};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).at(30.0, ScriptActionKind::ForceDelete).play()?;
    /// assert_eq!(timeline.removed(), Some(Duration::from_secs(30)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn removed(&self) -> Option<Duration> {
        self.end.removed_at.map(|at| at.since(self.start))
    }

    /// How long the story is.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// assert_eq!(Scenario::of(pod).play()?.length(), Duration::from_secs(600));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.at.since(self.start)
    }

    fn watched_at(&self, t: At) -> Option<&super::watch::Watched> {
        let at = t.after(self.start);
        let is_gone = self.end.removed_at.is_some_and(|removed_at| removed_at <= at);
        self.watched.iter().rev().find(|watched| watched.at <= at).filter(|_| !is_gone)
    }
}

/// How often a container was started again, by an object.
pub(super) fn restarts_of(pod: &PodManifest, container: &str) -> Option<i32> {
    let spec = &pod.spec;
    let all = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
    all.into_iter().find(|it| it.name == container)?;
    let status = pod.status.every_container().find(|status| status.name == container);
    Some(status.map_or(0, |status| status.restart_count.max(0)))
}
