//! What is commonly done to a Pod in the middle of its life, and asked of it, by name.

use core::time::Duration;

use super::{
    action::ScriptActionKind, error::ScenarioError, life::Simulation, query::restarts_of, seen::StatusMatcher,
};
use crate::{
    api::{ConditionStatus, PodPhase},
    kubectl::{self, Row},
    time::Timestamp,
};

/// What others do to the Pod, now: [`Simulation::act`] by the names of what is common.
///
/// Each is a [`ScenarioError::Refused`] if it cannot be done to this Pod, and then nothing has changed; what comes too
/// late has no effect.
impl Simulation {
    /// Deletes the Pod through the API, with so many seconds of grace, or with the grace of its spec.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).container("app", |app| app.after_sigterm(3.0, 0)).life()?;
    /// life.delete(Some(10))?;
    /// assert_eq!(life.row().map(|row| row.status), Some("Terminating".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete(&mut self, grace_seconds: Option<i64>) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::Delete { grace_seconds })
    }

    /// Has the node evict the Pod at once, as under pressure; `message` is for people.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if no node has the Pod.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Scenario, StatusMatcher};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// life.evict("The node was low on resource: memory. ")?;
    /// life.advance(Duration::from_secs(2))?;
    /// assert!(life.is(StatusMatcher::Reason("Evicted")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn evict(&mut self, message: &str) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::Evict { message: Some(message.into()), grace_seconds: None })
    }

    /// Sets a condition, that of a readiness gate for example.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    ///
    /// ```
    /// # use pod_lifecycle::{api::ConditionStatus, sim::Scenario};
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
    ///     "readinessGates": [{"conditionType": "example.com/in-rotation"}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27"}]
    /// }}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// assert!(!life.is_ready());
    /// life.set_condition("example.com/in-rotation", ConditionStatus::True)?;
    /// assert!(life.is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_condition(&mut self, type_: &str, status: ConditionStatus) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::SetCondition { condition: type_.into(), status })
    }

    /// Changes the image of a container, which is then started anew with it.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the Pod has no container of this name.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// life.set_image("app", "nginx:1.28")?;
    /// life.advance(Duration::from_secs(1))?;
    /// assert_eq!(life.restarts("app"), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_image(&mut self, container: &str, image: &str) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::SetImage { container: container.into(), image: image.into() })
    }

    /// Restarts the kubelet, once the sync under way has ended; containers go on running.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// life.restart_kubelet()?;
    /// assert_eq!(life.restarts("app"), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart_kubelet(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::KubeletRestart)
    }

    /// The control plane has not heard of the Pod's node for too long; containers go on running, unseen.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if no node has the Pod, or the node is lost already.
    ///
    /// ```
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// life.lose_node()?;
    /// assert!(life.phase() == PodPhase::Unknown && !life.is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lose_node(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NodeLost)
    }

    /// The Pod's node is back, and its kubelet is heard again.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Refused`] if the node is not lost.
    ///
    /// ```
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// assert!(life.recover_node().is_err());
    /// life.lose_node()?;
    /// life.recover_node()?;
    /// assert_eq!(life.phase(), PodPhase::Running);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover_node(&mut self) -> Result<(), ScenarioError> {
        self.act(&ScriptActionKind::NodeRecovered)
    }

    /// Lives on for so long, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).container("app", |app| app.exits_after(5.0)).life()?;
    /// life.advance(Duration::from_secs(6))?;
    /// assert_eq!(life.restarts("app"), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance(&mut self, by: Duration) -> Result<(), ScenarioError> {
        self.advance_to(self.now() + by)
    }

    /// Lives on until this holds at the end of an instant, and says when that was; `None` if the story ended before.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::{Simulation, Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).life()?;
    /// let start = life.now();
    /// let ready = life.advance_until(Simulation::is_ready)?;
    /// assert_eq!(ready, Some(start + Duration::from_secs(20)));
    /// assert_eq!(life.advance_until(|life| life.restarts("app") > Some(0))?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance_until(&mut self, holds: impl Fn(&Simulation) -> bool) -> Result<Option<Timestamp>, ScenarioError> {
        while !holds(self) {
            if self.step()?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(self.now()))
    }
}

/// What can be seen of the Pod now; of its life until now, [`Simulation::timeline`] tells.
impl Simulation {
    /// The phase that the API shows; `Pending` before there is one.
    ///
    /// ```
    /// # use pod_lifecycle::{api::PodPhase, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let life = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).life()?;
    /// assert_eq!(life.phase(), PodPhase::Pending);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.object().phase()
    }

    /// Whether this can be seen.
    ///
    /// ```
    /// # use pod_lifecycle::sim::{Scenario, StatusMatcher};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let life = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).life()?;
    /// assert!(life.is(StatusMatcher::waiting("app", "ContainerCreating")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is<'a>(&self, seen: impl Into<StatusMatcher<'a>>) -> bool {
        !self.object().is_gone() && seen.into().matches(self.object().status())
    }

    /// Whether the Pod is `Ready`.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// assert!(Scenario::of(pod).life()?.is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is(StatusMatcher::ready())
    }

    /// How often a container was started again; `None` if the Pod has none of this name.
    ///
    /// ```
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let life = Scenario::of(pod).life()?;
    /// assert_eq!((life.restarts("app"), life.restarts("ap")), (Some(0), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn restarts(&self, container: &str) -> Option<i32> {
        restarts_of(&self.timeline().pod, container)
    }

    /// The row that `kubectl get pods` prints now; `None` once the object is gone.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pod_lifecycle::sim::Scenario;
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let mut life = Scenario::of(pod).life()?;
    /// life.advance(Duration::from_secs(30))?;
    /// let row = life.row().ok_or("it is there")?;
    /// assert_eq!((&*row.status, &*row.age), ("Running", "30s"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        let is_there = !self.object().is_gone();
        is_there.then(|| kubectl::row(&self.timeline().pod, self.now()))
    }
}
