//! `v1.Container` and what belongs to it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Handler, Named, OtherFields, Probe, is_default, named::named, null_is_absent, value::other_fields};

/// An init, regular or ephemeral container.
///
/// ```
/// use pod_lifecycle::api::{Container, Probe};
///
/// let mut app = Container::new("app", "nginx:1");
/// app.readiness_probe = Some(Probe::http_get("/healthz", 8080));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Container {
    /// Unique in the Pod.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// The image reference.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// When the image is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<Named<ImagePullPolicy>>,
    /// The entry point.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The entry point's arguments.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Where the entry point starts; the image's directory if empty.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Environment variables; a later one of a name wins.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// ConfigMaps and Secrets whose keys become environment variables, as they were written.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<Value>,
    /// Requests and limits, as they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
    /// What the container's processes may do, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<Value>,
    /// Ports that the container listens on.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// The container's own restart policy, over the Pod's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<Named<RestartPolicy>>,
    /// Rules that decide by exit code, before the container's own policy does.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
    /// Is the container alive? A failure kills it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// May it get traffic?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// Has it started up? Until then the other probes wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    /// Hooks after the start and before the stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// The file that holds the container's termination message.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub termination_message_path: String,
    /// Where the termination message comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_message_policy: Option<Named<TerminationMessagePolicy>>,
    /// Ephemeral containers only: the container whose namespaces are shared.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub target_container_name: String,
    /// Mounted volumes.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Every other field, as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

impl Container {
    /// Creates a container of this name and image; everything else is left to the defaults.
    #[must_use]
    pub fn new(name: &str, image: &str) -> Container {
        Container { name: name.into(), image: image.into(), ..Container::default() }
    }
}

/// An environment variable.
///
/// ```
/// use pod_lifecycle::api::Container;
///
/// let container: Container = serde_json::from_str(r#"{"name": "app", "env": [
///     {"name": "LEVEL", "value": "info"},
///     {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
/// ]}"#)?;
/// assert_eq!((&*container.env[0].name, &*container.env[0].value), ("LEVEL", "info"));
/// assert!(container.env[1].value_from.is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EnvVar {
    /// The variable's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Its value; `$(NAME)` in it stands for the value of a variable before it.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Where the value comes from instead, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<Value>,
}

impl EnvVar {
    /// Creates a variable with a literal value.
    #[must_use]
    pub fn new(name: &str, value: &str) -> EnvVar {
        EnvVar { name: name.into(), value: value.into(), value_from: None }
    }
}

/// A port that a container listens on.
///
/// ```
/// use pod_lifecycle::api::ContainerPort;
///
/// let port: ContainerPort = serde_json::from_str(r#"{"name": "http", "containerPort": 8080}"#)?;
/// assert_eq!((port.name.as_str(), port.container_port), ("http", 8080));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerPort {
    /// A name for services and probes to refer to.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The port in the container.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub container_port: i32,
    /// The port on the node; 0 for none.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub host_port: i32,
    /// The node's address that the port is bound to.
    #[serde(default, rename = "hostIP", deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
    /// TCP, UDP or SCTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Named<Protocol>>,
}

impl ContainerPort {
    /// Creates a TCP port without a name.
    #[must_use]
    pub fn new(container_port: i32) -> ContainerPort {
        ContainerPort { container_port, ..ContainerPort::default() }
    }
}

/// A rule on the exit code of a container.
///
/// ```
/// use pod_lifecycle::api::{ContainerRestartRule, ExitCodeOperator, RestartRuleAction};
///
/// let rule: ContainerRestartRule =
///     serde_json::from_str(r#"{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}"#)?;
/// assert_eq!(rule.action, Some(RestartRuleAction::Restart.into()));
/// assert_eq!(rule.exit_codes.and_then(|codes| codes.operator), Some(ExitCodeOperator::In.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerRestartRule {
    /// What to do when the rule matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Named<RestartRuleAction>>,
    /// Which exit codes it matches; without it, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_codes: Option<ExitCodes>,
}

/// A set of exit codes.
///
/// ```
/// use pod_lifecycle::api::{ExitCodeOperator, ExitCodes};
///
/// let all_but_two = ExitCodes::new(ExitCodeOperator::NotIn, [1, 2]);
/// assert_eq!(serde_json::to_string(&all_but_two)?, r#"{"operator":"NotIn","values":[1,2]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExitCodes {
    /// Whether the listed codes are meant, or all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Named<ExitCodeOperator>>,
    /// The listed codes, 0 to 255.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<i32>,
}

impl ExitCodes {
    /// Creates a set of the listed codes, or of all others.
    #[must_use]
    pub fn new(operator: ExitCodeOperator, values: impl IntoIterator<Item = i32>) -> ExitCodes {
        ExitCodes { operator: Some(operator.into()), values: values.into_iter().collect() }
    }
}

/// What a container's `lifecycle` says: its hooks, and the signal that asks it to stop.
///
/// ```
/// use pod_lifecycle::api::Lifecycle;
///
/// let hooks: Lifecycle = serde_json::from_str(r#"{"preStop": {"sleep": {"seconds": 5}}}"#)?;
/// assert_eq!(hooks.pre_stop.and_then(|hook| hook.sleep).map(|sleep| sleep.seconds), Some(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lifecycle {
    /// Runs right after the start; a failure kills the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<Handler>,
    /// Runs before the container is told to stop, within its grace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<Handler>,
    /// The signal that asks the container to stop, instead of the image's; only beside `spec.os`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
}

/// A volume mounted into a container.
///
/// ```
/// use pod_lifecycle::api::VolumeMount;
///
/// let mount: VolumeMount = serde_json::from_str(r#"{"name": "data", "mountPath": "/data", "subPath": "a"}"#)?;
/// assert_eq!((mount.mount_path.as_str(), mount.other["subPath"].as_str()), ("/data", Some("a")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeMount {
    /// The volume's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Where it is mounted.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub mount_path: String,
    /// Whether it can only be read.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Every other field (`subPath`, `mountPropagation`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

impl VolumeMount {
    /// Creates a writable mount of the volume of this name.
    #[must_use]
    pub fn new(name: &str, mount_path: &str) -> VolumeMount {
        VolumeMount { name: name.into(), mount_path: mount_path.into(), ..VolumeMount::default() }
    }
}

named! {
    /// What happens to a container that exits.
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, RestartPolicy};
    ///
    /// assert_eq!(RestartPolicy::OnFailure.name(), "OnFailure");
    /// assert_eq!(RestartPolicy::ALL.len(), 3);
    /// ```
    pub enum RestartPolicy {
        /// It is started again.
        Always = "Always",
        /// It is started again unless its exit code was 0.
        OnFailure = "OnFailure",
        /// It stays as it is.
        Never = "Never",
    }
}

named! {
    /// When an image is pulled.
    ///
    /// ```
    /// use pod_lifecycle::api::{ImagePullPolicy, Name};
    ///
    /// assert_eq!(ImagePullPolicy::IfNotPresent.name(), "IfNotPresent");
    /// ```
    pub enum ImagePullPolicy {
        /// Before every start.
        Always = "Always",
        /// Only if the node does not have it.
        IfNotPresent = "IfNotPresent",
        /// Never: it has to be there.
        Never = "Never",
    }
}

named! {
    /// What a restart rule does.
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, RestartRuleAction};
    ///
    /// assert_eq!(RestartRuleAction::RestartAllContainers.name(), "RestartAllContainers");
    /// ```
    #[non_exhaustive]
    pub enum RestartRuleAction {
        /// Restart the container.
        Restart = "Restart",
        /// Restart every container of the Pod, in place.
        RestartAllContainers = "RestartAllContainers",
    }
}

named! {
    /// How a set of exit codes is meant.
    ///
    /// ```
    /// use pod_lifecycle::api::{ExitCodeOperator, Name};
    ///
    /// assert_eq!(ExitCodeOperator::NotIn.name(), "NotIn");
    /// ```
    pub enum ExitCodeOperator {
        /// The listed codes.
        In = "In",
        /// All codes but the listed.
        NotIn = "NotIn",
    }
}

named! {
    /// The transport protocol of a port.
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, Protocol};
    ///
    /// assert_eq!(Protocol::Udp.name(), "UDP");
    /// ```
    pub enum Protocol {
        /// The Transmission Control Protocol.
        Tcp = "TCP",
        /// The User Datagram Protocol.
        Udp = "UDP",
        /// The Stream Control Transmission Protocol.
        Sctp = "SCTP",
    }
}

named! {
    /// Where a container's termination message comes from.
    ///
    /// ```
    /// use pod_lifecycle::api::{Name, TerminationMessagePolicy};
    ///
    /// assert_eq!(TerminationMessagePolicy::FallbackToLogsOnError.name(), "FallbackToLogsOnError");
    /// ```
    pub enum TerminationMessagePolicy {
        /// The termination message file.
        File = "File",
        /// The file, or else the end of the log if the container failed.
        FallbackToLogsOnError = "FallbackToLogsOnError",
    }
}
