//! What a Pod is, and what its containers do.

use alloc::{string::String, sync::Arc};
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    error::ScenarioError,
    life::Simulation,
    script::{Script, seconds},
    settings::Settings,
    timeline::Timeline,
};
use crate::{
    api::{Document, PodManifest, WorkloadError},
    config::KubeletConfig,
    object::PodObject,
    time::Timestamp,
};

/// A Pod's manifest, and a script of what its containers do and of what happens to it.
///
/// It is written in a file, with serde, or in code, with methods that are named for what they say; both say the same.
/// Where a Pod is expected, a Deployment, StatefulSet, DaemonSet, Job or CronJob will do: one of its Pods is played.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let in_code = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(1)).delete_at(30.0).until(90.0);
/// let in_a_file: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}},
///     "script": {
///         "endSeconds": 90,
///         "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}},
///         "actions": [{"t": 30, "op": "delete"}]
///     }
/// }"#)?;
/// assert_eq!(in_code, in_a_file);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario shows, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The manifest: of a Pod, or of something that makes Pods.
    #[serde(deserialize_with = "pod_of_any_kind")]
    pub pod: PodManifest,
    /// What happens.
    #[serde(default)]
    pub script: Script,
    /// How the node is set up.
    #[serde(default)]
    pub config: Settings,
}

impl Scenario {
    /// The scenario of a Pod whose containers start at once, run for ever and are well, but for what the methods that
    /// follow say.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).play()?;
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(20)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(pod: PodManifest) -> Scenario {
        Scenario { pod, ..Scenario::default() }
    }

    /// A Pod whose containers all run for ever and are well: [`Scenario::of`] by a name for those who add nothing.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodPhase, sim::Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// assert_eq!(Scenario::healthy(pod).life()?.phase(), PodPhase::Running);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn healthy(pod: PodManifest) -> Scenario {
        Scenario::of(pod)
    }

    /// The scenario of the Pod, or of one of the Pods of the workload, that is called so among several documents: `web`,
    /// or `deployment/web` where several are. Without a name there has to be only one that makes Pods.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] lists the names that are there, or says what is wrong with the one that was chosen.
    ///
    /// ```
    /// use pod_lifecycle::{api::Document, sim::Scenario};
    ///
    /// let file: Vec<Document> = serde_json::from_str(r#"[
    ///     {"kind": "Service", "metadata": {"name": "web"}},
    ///     {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {
    ///         "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}}},
    ///     {"kind": "Pod", "metadata": {"name": "debug"}, "spec": {
    ///         "containers": [{"name": "shell", "image": "busybox:1.36"}]}}
    /// ]"#)?;
    /// let scenario = Scenario::of_one_of(&file, Some("deployment/web"))?;
    /// assert!(scenario.pod.metadata.name.starts_with("web-"));
    /// assert!(Scenario::of_one_of(&file, None).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_one_of(documents: &[Document], name: Option<&str>) -> Result<Scenario, WorkloadError> {
        Document::select(documents, name)?.pod().map(Scenario::of)
    }

    /// Plays the whole life.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that cannot be.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).until(60.0).play()?;
    /// assert_eq!(timeline.restarts("app"), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn play(&self) -> Result<Timeline, ScenarioError> {
        self.life()?.play()
    }

    /// Begins the life, to be lived one moment at a time: see [`Simulation`].
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that cannot be.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// assert!(Scenario::of(pod).life()?.is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn life(&self) -> Result<Simulation, ScenarioError> {
        Simulation::begin(Arc::new(self.clone()))
    }

    /// The configuration of the kubelet, as [`Settings`] say.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Scenario, Settings};
    ///
    /// let config = Settings { resync_seconds: Some(30.0), ..Settings::default() };
    /// let scenario = Scenario { config, ..Scenario::default() };
    /// assert_eq!(scenario.kubelet_config().resync_period, Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn kubelet_config(&self) -> KubeletConfig {
        let settings = &self.config;
        let default = KubeletConfig::default();
        let longest = settings.max_container_restart_period_seconds.map(u64::from);
        KubeletConfig {
            node_name: settings.node_name.as_deref().map_or(default.node_name, Into::into),
            crash_loop: settings.feature_gates().crash_loop(longest.map(Duration::from_secs)),
            feature_gates: settings.feature_gates(),
            resync_period: settings.resync_seconds.map_or(default.resync_period, seconds),
            timing: settings.timing(),
            garbage_collection_period: match settings.garbage_collection_seconds {
                None => default.garbage_collection_period,
                Some(period) => Some(seconds(period)).filter(|period| !period.is_zero()),
            },
            ..default
        }
    }

    /// The object as the API server stores it.
    pub(super) fn object(&self, now: Timestamp) -> Result<PodObject, ScenarioError> {
        let mut pod = self.pod.clone();
        pod.metadata.creation_timestamp.get_or_insert(now.whole_seconds());
        Ok(if self.config.admitted { PodObject::stored(pod, now)? } else { PodObject::admit(pod, now)? })
    }
}

/// Reads a Pod, or one of the Pods of whatever makes Pods.
fn pod_of_any_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PodManifest, D::Error> {
    let document = Document::deserialize(deserializer)?;
    if let Document::Pod(pod) = document {
        return Ok(*pod);
    }
    document.pod().map_err(de::Error::custom)
}
