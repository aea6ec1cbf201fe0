//! Node of a scenario: its room, its labels and its other Pods.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    api::{Protocol, ResourceList, Taint},
    config::{AdmittedPod, NodeInfo},
    spec::HostPort,
};

/// Node that admits the Pod. Without one, every Pod is admitted.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [
///         {"name": "app", "image": "nginx:1.27", "resources": {"requests": {"cpu": "2"}}}]}},
///     "script": {"otherPods": [{"name": "db", "requests": {"cpu": "3"}}]},
///     "config": {"node": {"allocatable": {"cpu": "4", "memory": "8Gi"}}}
/// }"#)?;
/// let timeline = scenario.play()?;
/// assert!(timeline.was_ever(PodPhase::Failed));
/// assert_eq!(timeline.pod.status.reason, "OutOfcpu");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct NodeSettings {
    /// Resources for Pods; 110 Pods unless it says otherwise.
    pub allocatable: ResourceList,
    /// Labels, besides those of its name and its operating system.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Taints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Error of a device manager that cannot serve the Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_resources_error: Option<String>,
    /// Policy of the CPU manager: `static` keeps CPUs of Guaranteed Pods from being resized.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cpu_manager_policy: String,
    /// Policy of the memory manager: `Static` does the same for memory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub memory_manager_policy: String,
}

/// Another Pod of the node, which takes room and does nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OtherPod {
    /// Its name, unique on the node.
    pub name: String,
    /// Resources that are set aside for it.
    pub requests: ResourceList,
    /// Its TCP ports on the node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<i32>,
}

impl OtherPod {
    /// Returns the Pod as the node's kubelet has admitted it.
    pub(super) fn admitted(&self) -> AdmittedPod {
        let mut pod = AdmittedPod::named(&self.name);
        pod.requests = self.requests.clone();
        pod.host_ports = self.host_ports.iter().map(|port| HostPort::new(*port, Protocol::Tcp)).collect();
        pod
    }
}

impl NodeSettings {
    /// Returns the node as its kubelet knows it at the start.
    pub(super) fn info(&self, node_name: &str, others: &[OtherPod]) -> NodeInfo {
        let node = NodeInfo {
            allocatable: self.allocatable.clone(),
            taints: self.taints.clone(),
            plugin_resources_error: self.plugin_resources_error.as_deref().map(Box::from),
            // Each manager spells its policy in its own way.
            has_static_cpus: self.cpu_manager_policy == "static",
            has_static_memory: self.memory_manager_policy == "Static",
            pods: others.iter().map(OtherPod::admitted).collect(),
            labels: labels(node_name, &self.labels),
            ..NodeInfo::default()
        };
        node.with_default_pods()
    }
}

/// Returns labels with those that every node has.
pub(super) fn labels(node_name: &str, labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = [("kubernetes.io/hostname", node_name), ("kubernetes.io/os", "linux")];
    let own = own.map(|(key, value)| (key.into(), value.into()));
    BTreeMap::from(own).into_iter().chain(labels.clone()).collect()
}
