//! Node as the kubelet's admission sees it: what it has, and which other Pods it has admitted.
//!
//! Answers to `NodeInfo` in `pkg/scheduler/framework`, which the kubelet's predicates are given.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    api::{PodQosClass, Quantity, ResourceList, Taint},
    spec::{HostPort, PodSpec},
};

/// Node as the kubelet's admission sees it. A machine without one admits every Pod: then its embedder decides.
///
/// ```
/// use pod_lifecycle::config::{AdmittedPod, NodeInfo};
///
/// let node = NodeInfo::with_allocatable([("cpu", "4"), ("memory", "8Gi")])?
///     .with_pod(AdmittedPod::named("db").with_requests([("cpu", "3")])?);
/// assert_eq!(node.used("cpu").to_string(), "3");
/// # Ok::<(), pod_lifecycle::api::InvalidQuantity>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct NodeInfo {
    // --- What the node has ---
    /// Resources for Pods: `cpu`, `memory`, `pods` and others.
    pub allocatable: ResourceList,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Operating system; `linux` by default.
    pub os: Box<str>,
    /// True for the CPU manager's policy `static`, under which CPUs of Guaranteed Pods cannot be resized.
    pub has_static_cpus: bool,
    /// True for the memory manager's policy `Static`.
    pub has_static_memory: bool,
    /// Error of a device manager that cannot serve the Pod; it becomes `UnexpectedAdmissionError`.
    pub plugin_resources_error: Option<Box<str>>,

    // --- What it has given out ---
    /// Other Pods that the kubelet has admitted and that have not ended.
    pub pods: Vec<AdmittedPod>,
}

/// Pod that the kubelet has admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct AdmittedPod {
    /// Name of the Pod, unique on the node.
    pub name: Box<str>,
    /// Resources that are set aside for it.
    pub requests: ResourceList,
    /// Its ports on the node.
    pub host_ports: Vec<HostPort>,
    /// Its priority; a critical Pod preempts only those with a lower one.
    pub priority: i64,
    /// Its quality of service: a critical Pod preempts `BestEffort` ones first. `None`: by its requests.
    pub qos_class: Option<PodQosClass>,
    /// True for a static Pod, which is never preempted by one of the API server's.
    pub is_static: bool,
}

impl Default for NodeInfo {
    /// A node without room, labels or Pods.
    fn default() -> NodeInfo {
        NodeInfo {
            allocatable: ResourceList::new(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            os: "linux".into(),
            has_static_cpus: false,
            has_static_memory: false,
            plugin_resources_error: None,
            pods: Vec::new(),
        }
    }
}

impl NodeInfo {
    /// Pods of a node whose kubelet sets no other number (`maxPods`).
    const DEFAULT_PODS: i64 = 110;

    /// Creates a node with these resources and, unless they say otherwise, room for 110 Pods.
    ///
    /// # Errors
    ///
    /// [`InvalidQuantity`](crate::api::InvalidQuantity) for an amount that is none.
    pub fn with_allocatable<'a>(
        allocatable: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<NodeInfo, crate::api::InvalidQuantity> {
        Ok(NodeInfo { allocatable: quantities(allocatable)?, ..NodeInfo::default() }.with_default_pods())
    }

    /// Sets room for 110 Pods, the kubelet's default, if the node says nothing about Pods.
    #[must_use]
    pub fn with_default_pods(mut self) -> NodeInfo {
        self.allocatable.entry("pods".into()).or_insert(Quantity::new(Self::DEFAULT_PODS));
        self
    }

    /// Adds a Pod that the kubelet has admitted; one of the same name is replaced.
    #[must_use]
    pub fn with_pod(mut self, pod: AdmittedPod) -> NodeInfo {
        self.pods.retain(|known| known.name != pod.name);
        self.pods.push(pod);
        self
    }

    /// Sets a label.
    #[must_use]
    pub fn with_label(mut self, key: &str, value: &str) -> NodeInfo {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Returns what of a resource the Pods of the node have asked for.
    #[must_use]
    pub fn used(&self, resource: &str) -> Quantity {
        let requests = self.pods.iter().filter_map(|pod| pod.requests.get(resource));
        requests.fold(Quantity::default(), |sum, request| sum.plus(*request))
    }
}

impl AdmittedPod {
    /// Creates a Pod of this name without requests and ports.
    #[must_use]
    pub fn named(name: &str) -> AdmittedPod {
        AdmittedPod { name: name.into(), ..AdmittedPod::default() }
    }

    /// Creates the entry of a Pod.
    #[must_use]
    pub fn of(spec: &PodSpec) -> AdmittedPod {
        AdmittedPod {
            name: spec.name().into(),
            requests: spec.requests(),
            host_ports: spec.host_ports().to_vec(),
            priority: spec.priority(),
            qos_class: Some(spec.qos_class()),
            is_static: spec.is_static(),
        }
    }

    /// Sets the requests.
    ///
    /// # Errors
    ///
    /// [`InvalidQuantity`](crate::api::InvalidQuantity) for an amount that is none.
    pub fn with_requests<'a>(
        mut self,
        requests: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AdmittedPod, crate::api::InvalidQuantity> {
        self.requests = quantities(requests)?;
        Ok(self)
    }

    /// Returns the quality of service.
    #[must_use]
    pub fn qos(&self) -> PodQosClass {
        let by_requests = if self.requests.is_empty() { PodQosClass::BestEffort } else { PodQosClass::Burstable };
        self.qos_class.unwrap_or(by_requests)
    }
}

fn quantities<'a>(
    amounts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<ResourceList, crate::api::InvalidQuantity> {
    amounts.into_iter().map(|(name, amount)| Ok((name.into(), amount.parse()?))).collect()
}
