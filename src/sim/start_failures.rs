//! Starts that fail, in a script: outcomes of the runtime's calls, the node's network, config maps and secrets.

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{
    action::{ScriptAction, ScriptActionKind},
    duration::{IntoDuration, optional_seconds, seconds},
    scenario::Scenario,
    script::{ContainerScript, Script},
};
use crate::api::{Container, PodManifest};

// --- Outcomes of calls ---

/// Outcome of a call of the runtime or of an internal hook of the kubelet: a success, unless there is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallOutcome {
    /// Text of the error, without `rpc error: code = Unknown desc = `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl CallOutcome {
    /// Creates the outcome of a call that fails with this error.
    #[must_use]
    pub fn error(error: impl Into<String>) -> CallOutcome {
        CallOutcome { error: Some(error.into()) }
    }
}

/// Outcome of the start of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct StartOutcome {
    /// Text of the runtime's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// True if the runtime leaves a container that it could not start created; otherwise it is exited with code 128 and
    /// reason `StartError`, as containerd has it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub stays_created: bool,
}

/// Outcome of the creation of a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SandboxOutcome {
    /// Text of the runtime's error, without `rpc error: code = Unknown desc = `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// True if the sandbox is created without an IP address, so that the kubelet replaces it.
    #[serde(rename = "noIP", default, skip_serializing_if = "core::ops::Not::not")]
    pub no_ip: bool,
}

/// A time in which the network of the node is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NetworkOutage {
    /// Time since the start of the simulation; 0 is before the first sync of the Pod.
    #[serde(with = "seconds")]
    pub from: Duration,
    /// Time at which the network is ready again; `null`: never.
    #[serde(default, with = "optional_seconds")]
    pub to: Option<Duration>,
    /// Message of the runtime: `cni plugin not initialized`.
    pub message: String,
}

// --- Config maps and secrets ---

/// A config map or a secret that environment variables refer to. In JSON and YAML a number of seconds stands for one that
/// exists from then on with every key, and `null` for one that never does.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::ConfigObject;
///
/// let late: ConfigObject = serde_json::from_str("35")?;
/// assert_eq!((late.from, late.keys), (Some(Duration::from_secs(35)), None));
/// let partial: ConfigObject = serde_json::from_str(r#"{"from": 0, "keys": ["user"]}"#)?;
/// assert_eq!(partial.keys, Some(vec!["user".to_owned()]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigObject {
    /// Time since the start of the simulation from which on it exists; `None`: never.
    pub from: Option<Duration>,
    /// Its keys; `None`: every key that a container refers to.
    pub keys: Option<Vec<String>>,
}

/// A config object as it is written with its keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithKeys {
    #[serde(with = "optional_seconds")]
    from: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number of seconds, null, or an object with from and keys")]
enum Written {
    WithKeys(WithKeys),
    From(#[serde(with = "optional_seconds")] Option<Duration>),
}

impl Serialize for ConfigObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ConfigObject { from, keys } = self.clone();
        match keys {
            None => optional_seconds::serialize(&from, serializer),
            Some(_) => WithKeys { from, keys }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ConfigObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ConfigObject, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::From(from) => ConfigObject { from, keys: None },
            Written::WithKeys(WithKeys { from, keys }) => ConfigObject { from, keys },
        })
    }
}

/// Kind of a config object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ObjectKind {
    ConfigMap,
    Secret,
}

impl ObjectKind {
    /// Returns the name of the kind in the kubelet's message of a missing object.
    fn resource(self) -> &'static str {
        match self {
            ObjectKind::ConfigMap => "configmap",
            ObjectKind::Secret => "secret",
        }
    }

    /// Returns the name of the kind in the kubelet's message of a missing key.
    fn kind(self) -> &'static str {
        match self {
            ObjectKind::ConfigMap => "ConfigMap",
            ObjectKind::Secret => "Secret",
        }
    }
}

/// Reference of an environment variable to a config object that the script has, with the object.
#[derive(Clone, Debug)]
pub(super) struct ObjectReference {
    kind: ObjectKind,
    name: String,
    /// Key; `None` for `envFrom`, which takes all keys.
    key: Option<String>,
    namespace: String,
    object: ConfigObject,
}

impl ObjectReference {
    /// Returns the kubelet's message if the reference cannot be resolved so long after the start.
    ///
    /// Answers to `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
    pub(super) fn error_at(&self, elapsed: Duration) -> Option<String> {
        let ObjectReference { kind, name, key, namespace, object } = self;
        if object.from.is_none_or(|from| elapsed < from) {
            return Some(format!("{} {name:?} not found", kind.resource()));
        }
        let key = key.as_ref()?;
        let has_key = object.keys.as_ref().is_none_or(|keys| keys.contains(key));
        (!has_key).then(|| format!("couldn't find key {key} in {} {namespace}/{name}", kind.kind()))
    }
}

impl Script {
    /// Returns the references of a container's environment to objects of this script, in the order of the kubelet. An
    /// object that the script does not mention exists.
    pub(super) fn references(&self, pod: &PodManifest, container: &Container) -> Vec<ObjectReference> {
        if self.secrets.is_empty() && self.config_maps.is_empty() {
            return Vec::new();
        }
        // The API server's default.
        let namespace = if pod.metadata.namespace.is_empty() { "default" } else { &pod.metadata.namespace };
        let all = references(container).filter(|(.., is_optional)| !is_optional);
        let known = all.filter_map(|(kind, name, key, _)| {
            let object = self.objects(kind).get(&name)?.clone();
            Some(ObjectReference { kind, name, key, namespace: namespace.into(), object })
        });
        known.collect()
    }

    fn objects(&self, kind: ObjectKind) -> &BTreeMap<String, ConfigObject> {
        match kind {
            ObjectKind::ConfigMap => &self.config_maps,
            ObjectKind::Secret => &self.secrets,
        }
    }

    /// Returns the message of the node's network if that is not ready when the simulation starts.
    pub(super) fn network_message_at_start(&self) -> Option<&str> {
        let mut outages = self.network_not_ready.iter();
        outages.find(|outage| outage.from.is_zero() && outage.to != Some(Duration::ZERO)).map(|outage| &*outage.message)
    }

    /// True if something in it depends on the time since the start of the simulation, beside its actions.
    pub(super) fn has_times_of_its_own(&self) -> bool {
        !self.network_not_ready.is_empty() || !self.secrets.is_empty() || !self.config_maps.is_empty()
    }

    /// Returns the actions of the script, and after them the changes of the node's network as actions.
    pub(super) fn every_action(&self) -> impl Iterator<Item = Cow<'_, ScriptAction>> {
        self.actions.iter().map(Cow::Borrowed).chain(self.network_changes().map(Cow::Owned))
    }

    /// Returns the changes of the node's network after the start, as actions.
    fn network_changes(&self) -> impl Iterator<Item = ScriptAction> + '_ {
        self.network_not_ready.iter().flat_map(|NetworkOutage { from, to, message }| {
            let begins = (!from.is_zero()).then(|| ScriptAction {
                at: *from,
                kind: ScriptActionKind::NetworkNotReady { message: message.clone() },
            });
            let ends = to.map(|at| ScriptAction { at, kind: ScriptActionKind::NetworkReady });
            [begins, ends].into_iter().flatten()
        })
    }

    /// Returns the times of the node's network and of the config objects, each with its field.
    pub(super) fn failure_times(&self) -> Vec<(String, Duration)> {
        let mut times = Vec::new();
        for (place, outage) in self.network_not_ready.iter().enumerate() {
            times.push((format!("script.networkNotReady[{place}].from"), outage.from));
            times.extend(outage.to.map(|to| (format!("script.networkNotReady[{place}].to"), to)));
        }
        for (field, objects) in [("secrets", &self.secrets), ("configMaps", &self.config_maps)] {
            let mentioned = objects.iter();
            times.extend(mentioned.filter_map(|(name, it)| Some((format!("script.{field}.{name}"), it.from?))));
        }
        times
    }

    /// Returns the field of the first config object that no environment variable refers to, with its name.
    pub(super) fn unused_object(&self, pod: &PodManifest) -> Option<(String, String)> {
        let all: Vec<_> = containers(pod).flat_map(references).collect();
        let of_script = [("secrets", ObjectKind::Secret), ("configMaps", ObjectKind::ConfigMap)];
        let mut names = of_script.into_iter().flat_map(|(field, kind)| {
            self.objects(kind).keys().map(move |name| (format!("script.{field}.{name}"), kind, name))
        });
        let is_unused = |kind, name| !all.iter().any(|(of, used, ..)| *of == kind && used == name);
        names.find(|(_, kind, name)| is_unused(*kind, *name)).map(|(field, _, name)| (field, name.clone()))
    }
}

fn containers(pod: &PodManifest) -> impl Iterator<Item = &Container> {
    pod.spec.init_containers.iter().chain(&pod.spec.containers).chain(&pod.spec.ephemeral_containers)
}

/// Returns what a container's environment refers to, with true for optional references: `envFrom` first, as the kubelet
/// reads it.
fn references(container: &Container) -> impl Iterator<Item = (ObjectKind, String, Option<String>, bool)> {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(ToString::to_string);
    let is_optional = |value: &Value| value.get("optional").and_then(Value::as_bool).unwrap_or(false);
    let env_from = container.env_from.iter().filter_map(move |source| {
        let (kind, reference) = match (source.get("configMapRef"), source.get("secretRef")) {
            (Some(reference), _) => (ObjectKind::ConfigMap, reference),
            (None, Some(reference)) => (ObjectKind::Secret, reference),
            (None, None) => return None,
        };
        Some((kind, text(reference, "name")?, None, is_optional(reference)))
    });
    let env = container.env.iter().filter_map(move |variable| {
        // A literal value wins over a source.
        let source = variable.value_from.as_ref().filter(|_| variable.value.is_empty())?;
        let (kind, reference) = match (source.get("configMapKeyRef"), source.get("secretKeyRef")) {
            (Some(reference), _) => (ObjectKind::ConfigMap, reference),
            (None, Some(reference)) => (ObjectKind::Secret, reference),
            (None, None) => return None,
        };
        Some((kind, text(reference, "name")?, Some(text(reference, "key")?), is_optional(reference)))
    });
    env_from.chain(env)
}

// --- Builders ---

/// Builders of starts that fail; each adds so many failures to those before, and after them all calls succeed.
impl ContainerScript {
    /// Has the kubelet fail to make the container's configuration so many times, with this error:
    /// `CreateContainerConfigError`.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Scenario, StatusMatcher};
    ///
    /// let root = "container has runAsNonRoot and image will run as root";
    /// let timeline = Scenario::example().container("app", |app| app.configure_fails(3, root)).until(60).play()?;
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "CreateContainerConfigError")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn configure_fails(mut self, times: u32, error: &str) -> ContainerScript {
        self.configure.extend(failures(times, error));
        self
    }

    /// Has the runtime fail to create the container so many times, with this error: `CreateContainerError`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Scenario, StatusMatcher};
    ///
    /// let scenario = Scenario::example().container("app", |app| app.create_fails(2, "name is reserved")).until(60);
    /// let timeline = scenario.play()?;
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "CreateContainerError")));
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(10)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn create_fails(mut self, times: u32, error: &str) -> ContainerScript {
        self.create.extend(failures(times, error));
        self
    }

    /// Has the runtime fail to start the container so many times, with this error: `RunContainerError`. Each time the
    /// container is left exited, with code 128.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Scenario, StatusMatcher};
    ///
    /// let missing = r#"exec: "/nosuch": no such file or directory"#;
    /// let timeline = Scenario::example().container("app", |app| app.start_fails(3, missing)).until(60).play()?;
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "RunContainerError")));
    /// assert_eq!(timeline.restarts("app"), Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn start_fails(mut self, times: u32, error: &str) -> ContainerScript {
        let failed = failures(times, error).map(|CallOutcome { error }| StartOutcome { error, stays_created: false });
        self.start.extend(failed);
        self
    }

    /// Has the runtime leave the containers that it fails to start so far created instead of exited.
    #[must_use]
    pub fn staying_created(mut self) -> ContainerScript {
        self.start.iter_mut().for_each(|outcome| outcome.stays_created = outcome.error.is_some());
        self
    }

    /// Has the kubelet's hook before the creation (CPU and memory manager) fail so many times: `PreCreateHookError`.
    #[must_use]
    pub fn pre_create_fails(mut self, times: u32, error: &str) -> ContainerScript {
        self.pre_create.extend(failures(times, error));
        self
    }

    /// Has the kubelet's hook before the start fail so many times: `PreStartHookError`. Each time a created container is
    /// left.
    #[must_use]
    pub fn pre_start_fails(mut self, times: u32, error: &str) -> ContainerScript {
        self.pre_start.extend(failures(times, error));
        self
    }

    /// Has the runtime fail to inspect the image so many times: `ImageInspectError`.
    #[must_use]
    pub fn inspect_fails(mut self, times: u32) -> ContainerScript {
        self.image.inspect_failures = self.image.inspect_failures.saturating_add(times);
        self
    }
}

fn failures(times: u32, error: &str) -> impl Iterator<Item = CallOutcome> {
    (0..times).map(move |_| CallOutcome { error: Some(error.into()) })
}

/// Builders of starts that fail: sandboxes, the node's network, config maps and secrets.
impl Scenario {
    /// Has the runtime fail to create a sandbox so many times, after the outcomes added so far.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let timeline = Scenario::example().sandbox_fails(2, "failed to reserve sandbox name").until(60).play()?;
    /// assert_eq!(timeline.events_with_reason("FailedCreatePodSandBox").count(), 2);
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(20)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sandbox_fails(mut self, times: u32, error: &str) -> Scenario {
        let failed = failures(times, error).map(|CallOutcome { error }| SandboxOutcome { error, no_ip: false });
        self.script.sandboxes.extend(failed);
        self
    }

    /// Has the runtime create a sandbox without an IP address, after the outcomes added so far.
    #[must_use]
    pub fn sandbox_without_ip(mut self) -> Scenario {
        self.script.sandboxes.push(SandboxOutcome { error: None, no_ip: true });
        self
    }

    /// Makes the node's network not ready for a time; from 0 on, before the first sync of the Pod.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let timeline = Scenario::example().network_not_ready(0, 7.5, "cni plugin not initialized").until(30).play()?;
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(8)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn network_not_ready(mut self, from: impl IntoDuration, to: impl IntoDuration, message: &str) -> Scenario {
        let (from, to) = (from.into_duration(), Some(to.into_duration()));
        self.script.network_not_ready.push(NetworkOutage { from, to, message: message.into() });
        self
    }

    /// Lets a secret exist from this time on, with every key.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Scenario, StatusMatcher};
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
    ///     "name": "app", "image": "nginx:1.27", "envFrom": [{"secretRef": {"name": "late"}}]
    /// }]}}"#)?;
    /// let timeline = Scenario::of(pod).secret_from("late", 35).until(60).play()?;
    /// assert!(timeline.was_ever(StatusMatcher::waiting("app", "CreateContainerConfigError")));
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_secs(40)), "the kubelet looks every 10 s");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn secret_from(mut self, name: &str, from: impl IntoDuration) -> Scenario {
        self.script.secrets.insert(name.into(), ConfigObject { from: Some(from.into_duration()), keys: None });
        self
    }

    /// Lets a config map exist from this time on, with every key.
    #[must_use]
    pub fn config_map_from(mut self, name: &str, from: impl IntoDuration) -> Scenario {
        self.script.config_maps.insert(name.into(), ConfigObject { from: Some(from.into_duration()), keys: None });
        self
    }
}
