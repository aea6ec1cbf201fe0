//! Constraints of a Pod on its node: selector, affinity, tolerations, host ports, operating system and priority.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::SpecError;
use crate::api::{Affinity, Named, NodeSelector, OtherFields, PodManifest, Protocol, RestartPolicy, Taint, Toleration};

/// Label of a node with its operating system.
const OS_LABEL: &str = "kubernetes.io/os";

/// Priority from which on a Pod is critical (`SystemCriticalPriority`).
const CRITICAL_PRIORITY: i64 = 2_000_000_000;

/// Constraints of a Pod on its node. Boxed in its spec, since many Pods have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeConstraints {
    node_selector: BTreeMap<String, String>,
    required_affinity: Option<NodeSelector>,
    tolerations: Box<[Toleration]>,
    host_ports: Box<[HostPort]>,
    os: String,
    /// The Pod's own label `kubernetes.io/os`.
    os_label: String,
    priority: i64,
}

/// Port on the node that a container asks for.
///
/// ```
/// use pod_lifecycle::{api::Protocol, spec::HostPort};
///
/// let web = HostPort::new(80, Protocol::Tcp);
/// let mut on_one_address = web.clone();
/// on_one_address.ip = "10.0.0.1".into();
/// assert!(web.conflicts_with(&on_one_address));
/// assert!(!web.conflicts_with(&HostPort::new(80, Protocol::Udp)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HostPort {
    /// The port, from 1 to 65,535.
    pub port: i32,
    /// TCP, UDP or SCTP.
    #[serde(default = "tcp")]
    pub protocol: Protocol,
    /// Address of the node that it is bound to; empty for all.
    #[serde(default)]
    pub ip: Box<str>,
}

const fn tcp() -> Protocol {
    Protocol::Tcp
}

impl HostPort {
    /// Creates a port on every address of the node.
    #[must_use]
    pub fn new(port: i32, protocol: Protocol) -> HostPort {
        HostPort { port, protocol, ip: Box::default() }
    }

    /// True if a node cannot give out both.
    ///
    /// Answers to `HostPortInfo.CheckConflict` in `k8s.io/kube-scheduler/framework`.
    #[must_use]
    pub fn conflicts_with(&self, other: &HostPort) -> bool {
        let is_any = |port: &HostPort| port.ip.is_empty() || &*port.ip == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (is_any(self) || is_any(other) || self.ip == other.ip)
    }
}

impl NodeConstraints {
    /// Reads the constraints of a manifest; `None` if it has none.
    pub(super) fn of(pod: &PodManifest) -> Result<Option<Box<NodeConstraints>>, SpecError> {
        let other = &pod.spec.other;
        let affinity: Affinity = read(other, "affinity")?;
        let required = affinity.node_affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution);
        let os = pod.spec.os.as_ref().and_then(|os| os.name.as_ref()).map_or("", |name| name.as_str());
        let priority: Option<i64> = read(other, "priority")?;
        let constraints = NodeConstraints {
            node_selector: read(other, "nodeSelector")?,
            required_affinity: required,
            tolerations: read::<Vec<Toleration>>(other, "tolerations")?.into(),
            host_ports: host_ports(pod),
            os: os.into(),
            os_label: pod.metadata.labels.get(OS_LABEL).cloned().unwrap_or_default(),
            priority: priority.unwrap_or(0),
        };
        let is_any = constraints != NodeConstraints::default();
        Ok(is_any.then(|| Box::new(constraints)))
    }

    /// True if the operating system of the spec is `os`, or none is named.
    pub(crate) fn allows_os(&self, os: &str) -> bool {
        self.os.is_empty() || self.os == os
    }

    /// True if the Pod's label of its operating system is `os`, or there is none.
    pub(crate) fn has_os_label(&self, os: &str) -> bool {
        self.os_label.is_empty() || self.os_label == os
    }

    /// True if a node of this name and labels matches selector and required affinity.
    ///
    /// Answers to `GetRequiredNodeAffinity(pod).Match` in `k8s.io/component-helpers`.
    pub(crate) fn matches_node(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        self.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.required_affinity.as_ref().is_none_or(|required| required.matches(name, labels))
    }

    /// True if any toleration covers the taint.
    pub(crate) fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    }

    /// Returns the ports on the node that the Pod asks for.
    pub(crate) fn host_ports(&self) -> &[HostPort] {
        &self.host_ports
    }

    /// Returns the Pod's priority; 0 by default.
    pub(crate) fn priority(&self) -> i64 {
        self.priority
    }

    /// True if the priority is that of a critical Pod.
    pub(crate) fn is_critical(&self) -> bool {
        self.priority >= CRITICAL_PRIORITY
    }
}

/// Returns the host ports of sidecars and regular containers, as `GetHostPorts` in `pkg/scheduler/util`.
fn host_ports(pod: &PodManifest) -> Box<[HostPort]> {
    let is_sidecar = |policy: &Named<RestartPolicy>| *policy == RestartPolicy::Always;
    let sidecars = pod.spec.init_containers.iter().filter(|it| it.restart_policy.as_ref().is_some_and(is_sidecar));
    let ports = pod.spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    let on_node = ports.filter_map(|port| {
        // In the node's network each port of a container is one of the node (SetDefaults_PodSpec).
        let of_node = if port.host_port == 0 && pod.spec.host_network { port.container_port } else { port.host_port };
        let protocol = port.protocol.as_ref().and_then(|protocol| protocol.known()).unwrap_or(Protocol::Tcp);
        (of_node > 0).then(|| HostPort { port: of_node, protocol, ip: port.host_ip.as_str().into() })
    });
    on_node.collect()
}

/// Reads a field of the spec that the API types keep as it was written.
pub(super) fn read<T: DeserializeOwned + Default>(other: &OtherFields, field: &str) -> Result<T, SpecError> {
    let value = other.get(field).filter(|value| !value.is_null());
    read_value(value, || format!("spec.{field}"))
}

/// Reads a value that the API types keep as it was written; absent is the default.
pub(super) fn read_value<T: DeserializeOwned + Default>(
    value: Option<&serde_json::Value>,
    field: impl Fn() -> String,
) -> Result<T, SpecError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(T::default()) };
    T::deserialize(value).map_err(|error| SpecError::Unreadable { field: field(), message: error.to_string() })
}
