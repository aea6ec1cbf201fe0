//! `v1.Container`: ports, environment, lifecycle hooks, restart rules and mounts.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    /// Name, a DNS label, unique among all containers of the Pod.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// The image reference.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Pull policy; by default `Always` for the tag `:latest`, otherwise `IfNotPresent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<Named<ImagePullPolicy>>,
    /// Command, which replaces the image's ENTRYPOINT; no shell runs it.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Arguments, which replace the image's CMD.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Working directory; the image's if empty.
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
    /// Security context (`runAsUser`, `capabilities`), as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<Value>,
    /// Ports that the container listens on.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// Restart policy of this container, over the Pod's; `Always` on an init container makes it a sidecar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<Named<RestartPolicy>>,
    /// Rules on the exit code, tried in order before `restartPolicy` (KEP-5307); at most 20.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub restart_policy_rules: Vec<ContainerRestartRule>,
    /// Liveness probe: the kubelet kills the container when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// Readiness probe: sets the container's `ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// Startup probe: the other probes wait until it succeeds; the kubelet kills the container when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    /// Hooks after the start and before the stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Path of the termination message file; `/dev/termination-log` by default.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "String::is_empty")]
    pub termination_message_path: String,
    /// Source of the termination message; `File` by default.
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
    /// Source of the value (`fieldRef`, `secretKeyRef`) instead of `value`, as it was written.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerRestartRule {
    /// Action if the rule matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Named<RestartRuleAction>>,
    /// Exit codes that the rule matches; without them, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_codes: Option<ExitCodes>,
}

/// A set of exit codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExitCodes {
    /// `In`: the rule matches the listed codes; `NotIn`: all others.
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

/// Lifecycle hooks of a container, and its stop signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lifecycle {
    /// Hook right after the start; the kubelet kills the container when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<Handler>,
    /// Hook before the stop signal; its time counts towards the grace period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<Handler>,
    /// The signal that asks the container to stop, instead of the image's; only beside `spec.os`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
}

/// A volume mounted into a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeMount {
    /// The volume's name.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub name: String,
    /// Path in the container.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub mount_path: String,
    /// True if the mount is read-only.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Every other field (`subPath`, `mountPropagation`), as it was written.
    #[serde(flatten, deserialize_with = "other_fields")]
    pub other: OtherFields,
}

impl VolumeMount {
    /// Returns the mount as the container's status shows it: a `v1.VolumeMountStatus`.
    ///
    /// Answers to `convertToAPIContainerStatuses` in `pkg/kubelet/kubelet_pods.go`.
    #[must_use]
    pub fn status(&self) -> Value {
        let (name, path) = (&self.name, &self.mount_path);
        if self.read_only {
            json!({"name": name, "mountPath": path, "readOnly": true, "recursiveReadOnly": "Disabled"})
        } else {
            json!({"name": name, "mountPath": path})
        }
    }
}

impl VolumeMount {
    /// Creates a writable mount of the volume of this name.
    #[must_use]
    pub fn new(name: &str, mount_path: &str) -> VolumeMount {
        VolumeMount { name: name.into(), mount_path: mount_path.into(), ..VolumeMount::default() }
    }
}

named! {
    /// Restart policy of a Pod or a container.
    pub enum RestartPolicy {
        /// Restart after every exit.
        Always = "Always",
        /// Restart unless the exit code was 0.
        OnFailure = "OnFailure",
        /// No restart.
        Never = "Never",
    }
}

named! {
    /// Pull policy of an image.
    pub enum ImagePullPolicy {
        /// Before every start.
        Always = "Always",
        /// Only if the node does not have it.
        IfNotPresent = "IfNotPresent",
        /// No pull: without the image on the node, the start fails with `ErrImageNeverPull`.
        Never = "Never",
    }
}

named! {
    /// Action of a restart rule.
    #[non_exhaustive]
    pub enum RestartRuleAction {
        /// Restart the container.
        Restart = "Restart",
        /// Restart every container of the Pod, in place.
        RestartAllContainers = "RestartAllContainers",
    }
}

named! {
    /// Operator of a set of exit codes.
    pub enum ExitCodeOperator {
        /// The listed codes.
        In = "In",
        /// All codes but the listed.
        NotIn = "NotIn",
    }
}

named! {
    /// The transport protocol of a port.
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
    /// Source of a container's termination message.
    pub enum TerminationMessagePolicy {
        /// The termination message file.
        File = "File",
        /// The file, or else the end of the log if the container failed.
        FallbackToLogsOnError = "FallbackToLogsOnError",
    }
}
