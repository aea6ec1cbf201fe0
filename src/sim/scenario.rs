//! Scenarios: the manifest of a Pod, a script, and the settings of its node.

use alloc::{boxed::Box, string::String, sync::Arc, vec};
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    action::{ScriptAction, ScriptActionKind},
    duration::IntoDuration,
    error::ScenarioError,
    script::{ContainerScript, Script},
    settings::Settings,
    simulation::Simulation,
    timeline::Timeline,
    volume_script::VolumeScript,
};
use crate::{
    api::{Container, Document, ObjectMeta, PodManifest, PodManifestSpec, WorkloadError},
    config::KubeletConfig,
    object::PodObject,
    time::Timestamp,
};

/// A Pod's manifest, and a script of what its containers do and of what happens to the Pod.
///
/// A scenario is written in a file, with serde, or in code, with builders; both say the same. Where a Pod is expected, a
/// Deployment, StatefulSet, DaemonSet, Job or CronJob will do: one of its Pods is simulated.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let in_a_file: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}},
///     "script": {
///         "endSeconds": 90,
///         "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}},
///         "actions": [{"t": 30, "op": "delete"}]
///     }
/// }"#)?;
/// let pod = in_a_file.pod.clone();
/// let in_code = Scenario::of(pod).container("app", |app| app.exits_after(5).with_code(1)).delete_at(30).until(90);
/// assert_eq!(in_code, in_a_file);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// Description of the scenario, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Manifest of the Pod, or of a workload that creates Pods.
    #[serde(deserialize_with = "pod_of_any_kind")]
    pub pod: PodManifest,
    /// Script of the containers and of the actions on the Pod.
    #[serde(default)]
    pub script: Script,
    /// Settings of the node: its name, its start and its kubelet.
    #[serde(default)]
    pub config: Settings,
}

impl Scenario {
    /// Creates the scenario of a Pod whose containers start at once, run for ever and pass their probes, unless the
    /// builders that follow say otherwise.
    #[must_use]
    pub fn of(pod: PodManifest) -> Scenario {
        Scenario { pod, ..Scenario::default() }
    }

    /// Creates the scenario of a Pod whose containers run for ever and pass their probes: the same as [`Scenario::of`],
    /// for tests that add nothing.
    #[must_use]
    pub fn healthy(pod: PodManifest) -> Scenario {
        Scenario::of(pod)
    }

    /// Creates the scenario of the examples and tests: a Pod `web` with one container `app`.
    #[doc(hidden)]
    #[must_use]
    pub fn example() -> Scenario {
        let container = Container { name: "app".into(), image: "nginx:1.27".into(), ..Container::default() };
        Scenario::of(PodManifest {
            metadata: ObjectMeta { name: "web".into(), ..ObjectMeta::default() },
            spec: PodManifestSpec { containers: vec![container], ..PodManifestSpec::default() },
            ..PodManifest::default()
        })
    }

    /// Finds the document with this name (`web`, or `deployment/web` if several kinds have the name), a Pod or a workload,
    /// and creates a scenario of it. Without a name, exactly one document may create Pods.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] lists the names to choose from, or names what is wrong with the chosen document.
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
    /// let scenario = Scenario::from_documents(&file, Some("deployment/web"))?;
    /// assert!(scenario.pod.metadata.name.starts_with("web-"));
    /// assert!(Scenario::from_documents(&file, None).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_documents(documents: &[Document], name: Option<&str>) -> Result<Scenario, WorkloadError> {
        Document::select(documents, name)?.pod().map(Scenario::of)
    }

    /// Simulates the Pod to its end, or to the end of the script.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that is wrong.
    pub fn play(&self) -> Result<Timeline, ScenarioError> {
        self.simulate()?.play()
    }

    /// Starts a simulation, to be advanced step by step: see [`Simulation`].
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that is wrong.
    pub fn simulate(&self) -> Result<Simulation, ScenarioError> {
        Simulation::start(Arc::new(self.clone()))
    }

    /// Returns the kubelet's configuration that the [`Settings`] describe.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::FeatureGates`] if no kubelet of this version has these feature gates.
    pub fn kubelet_config(&self) -> Result<KubeletConfig, ScenarioError> {
        let settings = &self.config;
        let default = KubeletConfig::default();
        let kubernetes = settings.kubernetes()?;
        let node_name: Box<str> = settings.node_name.as_deref().map_or(default.node_name, Into::into);
        let node = settings.node.as_ref().map(|node| Arc::new(node.info(&node_name, &self.script.other_pods)));
        Ok(KubeletConfig {
            node_name,
            node,
            kubernetes,
            network_not_ready: self.script.network_message_at_start().map(Into::into),
            crash_loop: kubernetes.crash_loop(settings.max_container_restart_period),
            resync_period: settings.resync_period.unwrap_or(default.resync_period),
            timing: settings.timing(),
            volume_manager: settings.volume_manager || !self.script.volumes.is_empty(),
            status_write_time: settings.status_write_time,
            is_new: settings.new_kubelet,
            runtime_hides_resources: settings.runtime_hides_resources,
            fast_path: settings.fast_path,
            garbage_collection_period: match settings.garbage_collection_period {
                None => default.garbage_collection_period,
                // In a file 0 keeps dead sandboxes for ever, as `None` does in the kubelet's configuration.
                Some(period) => Some(period).filter(|period| !period.is_zero()),
            },
            ..default
        })
    }

    /// Returns the object as the API server stores it.
    pub(super) fn object(&self, now: Timestamp) -> Result<PodObject, ScenarioError> {
        let mut pod = self.pod.clone();
        // What comes from a cluster was admitted there, perhaps by a version with other rules.
        Ok(if self.config.admitted {
            pod.metadata.creation_timestamp.get_or_insert(now.whole_seconds());
            PodObject::stored(pod, now)?
        } else {
            PodObject::admit_by(pod, self.config.kubernetes()?, now)?
        })
    }
}

/// Builders: times are [`Duration`]s or numbers of seconds since the start of the simulation.
impl Scenario {
    /// Changes the script of a container.
    #[must_use]
    pub fn container(mut self, name: &str, script: impl FnOnce(ContainerScript) -> ContainerScript) -> Scenario {
        // Taken out and put back: the builder consumes the script, and several calls add up.
        let before = self.script.containers.remove(name).unwrap_or_default();
        self.script.containers.insert(name.into(), script(before));
        self
    }

    /// Changes the script of a volume.
    #[must_use]
    pub fn volume(mut self, name: &str, script: impl FnOnce(VolumeScript) -> VolumeScript) -> Scenario {
        let before = self.script.volumes.remove(name).unwrap_or_default();
        self.script.volumes.insert(name.into(), script(before));
        self
    }

    /// Adds an action on the Pod.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodPhase, sim::{Scenario, ScriptActionKind}};
    ///
    /// let timeline = Scenario::example().at(30, ScriptActionKind::Preempt).play()?;
    /// assert!(timeline.was_ever(PodPhase::Failed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn at(mut self, at: impl IntoDuration, kind: ScriptActionKind) -> Scenario {
        self.script.actions.push(ScriptAction { at: at.into_duration(), kind });
        self
    }

    /// Deletes the Pod, with the grace period of its spec.
    #[must_use]
    pub fn delete_at(self, at: impl IntoDuration) -> Scenario {
        self.at(at, ScriptActionKind::Delete { grace: None })
    }

    /// Kills the Pod's newest sandbox, if it is ready then.
    #[must_use]
    pub fn sandbox_dies_at(mut self, at: impl IntoDuration) -> Scenario {
        self.script.sandbox_deaths.push(at.into_duration());
        self
    }

    /// Sets the end of the simulation, unless the Pod finishes earlier. A script that has something later is an error of
    /// `play`; [`cut_at`](Scenario::cut_at) drops it instead.
    #[must_use]
    pub fn until(mut self, end: impl IntoDuration) -> Scenario {
        self.script.end = Some(end.into_duration());
        self
    }

    /// Sets the end of the simulation, and drops what the script has for later.
    #[must_use]
    pub fn cut_at(mut self, end: impl IntoDuration) -> Scenario {
        let end: Duration = end.into_duration();
        self.script.actions.retain(|action| action.at <= end);
        // What comes exactly at the end still happens: see `Simulation::advance_to`.
        self.script.sandbox_deaths.retain(|death| *death <= end);
        self.script.network_not_ready.retain(|outage| outage.from <= end);
        for outage in &mut self.script.network_not_ready {
            outage.to = outage.to.filter(|to| *to <= end);
        }
        self.until(end)
    }

    /// Sets the settings of the node.
    #[must_use]
    pub fn on_node(mut self, config: Settings) -> Scenario {
        self.config = config;
        self
    }

    /// Sets the seed of everything that is left to chance.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Scenario {
        self.script.seed = seed;
        self
    }

    /// Sets the description, for people.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Scenario {
        self.description = description.into();
        self
    }
}

/// Reads a Pod, or one Pod of a workload.
fn pod_of_any_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PodManifest, D::Error> {
    let document = Document::deserialize(deserializer)?;
    // The usual case; a Pod without `kind` is one, too.
    if let Document::Pod(pod) = document {
        return Ok(*pod);
    }
    document.pod().map_err(de::Error::custom)
}
