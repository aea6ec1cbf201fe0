//! Admission of a Pod by its node: operating system, room, selector, ports and taints
//! (pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/preemption).
//!
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/>
//!
//! Asked by the sync loop at the first sight of a Pod and after each restart of the kubelet, and about resizes.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::preemption;
use crate::{
    api::{Quantity, ResourceList, Taint},
    config::NodeInfo,
    spec::{HostPort, PodSpec},
};

/// Refusal of a Pod by its node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rejection {
    /// Reason of the Pod's status: `OutOfcpu`, `NodeAffinity`.
    pub reason: Box<str>,
    /// Message for people.
    pub message: Box<str>,
}

/// Predicate that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Failure {
    /// The node has too little of a resource: amounts in thousandths of a CPU, bytes or units.
    Insufficient { resource: String, requested: i64, used: i64, capacity: i64 },
    /// Another predicate.
    Predicate { name: &'static str, description: &'static str },
}

/// Name and description of the predicate on ports of the node.
const LACKS_PORTS: (&str, &str) = ("NodePorts", "node(s) didn't have free ports for the requested pod ports");

impl Failure {
    fn rejection(&self) -> Rejection {
        match self {
            Failure::Insufficient { resource, requested, used, capacity } => Rejection {
                reason: format!("OutOf{resource}").into(),
                message: format!(
                    "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
                )
                .into(),
            },
            Failure::Predicate { name, description } => Rejection {
                reason: (*name).into(),
                message: format!("Predicate {name} failed: {description}").into(),
            },
        }
    }
}

/// Admits a Pod to its node; returns the names of Pods that have to be preempted for it, which only a critical Pod does.
///
/// Answers to `predicateAdmitHandler.Admit`.
///
/// # Errors
///
/// [`Rejection`] with the first reason that the kubelet finds.
///
/// ```
/// use pod_lifecycle::{api::PodManifest, config::NodeInfo, rule::admission, spec::PodSpec};
///
/// let manifest: PodManifest = serde_json::from_str(r#"{"spec": {"containers": [
///     {"name": "app", "image": "a", "resources": {"requests": {"cpu": "6"}}}]}}"#)?;
/// let node = NodeInfo::with_allocatable([("cpu", "4"), ("memory", "8Gi")])?;
/// let refused = admission::admit(&PodSpec::from_admitted(&manifest)?, "node", &node).unwrap_err();
/// assert_eq!(&*refused.reason, "OutOfcpu");
/// assert_eq!(&*refused.message, "Node didn't have enough resource: cpu, requested: 6000, used: 0, capacity: 4000");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn admit(spec: &PodSpec, node_name: &str, node: &NodeInfo) -> Result<Vec<Box<str>>, Rejection> {
    check_os(spec, node)?;
    if let Some(error) = &node.plugin_resources_error {
        let message = format!("Update plugin resources failed due to {error}, which is unexpected.");
        return Err(Rejection { reason: "UnexpectedAdmissionError".into(), message: message.into() });
    }
    let failures = failed_predicates(spec, node_name, node);
    if failures.is_empty() {
        return Ok(Vec::new());
    }
    if spec.is_critical() {
        return preemption::preempt(spec, node, &failures);
    }
    // Only the first failure is told.
    failures.first().map_or(Ok(Vec::new()), |failure| Err(failure.rejection()))
}

/// Returns why a resized Pod does not fit beside the other Pods of its node; `None` if it fits.
///
/// Answers to `canResizePod` and `canAdmitPod` in `pkg/kubelet/allocation`, whose handlers are those of a new Pod.
#[must_use]
pub fn room_for(spec: &PodSpec, node_name: &str, node: &NodeInfo) -> Option<Rejection> {
    admit(spec, node_name, node).err()
}

/// Returns why a Pod of which only the requests and ports are known does not fit beside those of the node.
#[cfg(feature = "sim")]
pub(crate) fn lack_of_room(pod: &crate::config::AdmittedPod, node: &NodeInfo) -> Option<Rejection> {
    let has_conflict =
        |port: &HostPort| node.pods.iter().flat_map(|pod| &pod.host_ports).any(|it| it.conflicts_with(port));
    let (name, description) = LACKS_PORTS;
    let lacks_ports = pod.host_ports.iter().any(has_conflict).then_some(Failure::Predicate { name, description });
    let mut failures = lacking_resources(&pod.requests, node).into_iter().chain(lacks_ports);
    failures.next().map(|failure| failure.rejection())
}

pub(super) fn rejection(failure: &Failure) -> Rejection {
    failure.rejection()
}

/// Refuses a Pod of another operating system.
///
/// Answers to `rejectPodAdmissionBasedOnOSSelector` and `rejectPodAdmissionBasedOnOSField`.
fn check_os(spec: &PodSpec, node: &NodeInfo) -> Result<(), Rejection> {
    let Some(constraints) = &spec.node_constraints else { return Ok(()) };
    let refuse = |reason: &str, message: &str| Err(Rejection { reason: reason.into(), message: message.into() });
    if !constraints.has_os_label(&node.os) {
        let message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
        return refuse("PodOSSelectorNodeLabelDoesNotMatch", message);
    }
    if !constraints.allows_os(&node.os) {
        return refuse("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
    }
    Ok(())
}

/// Returns every predicate that fails, in the kubelet's order.
///
/// Answers to `generalFilter`, with `AdmissionCheck` in `pkg/scheduler`.
fn failed_predicates(spec: &PodSpec, node_name: &str, node: &NodeInfo) -> Vec<Failure> {
    let mut failures = lacking_resources(&spec.requests(), node);
    let mut fail = |has_failed: bool, name, description| {
        failures.extend(has_failed.then_some(Failure::Predicate { name, description }));
    };
    let constraints = spec.node_constraints.as_deref();
    let matches = constraints.is_none_or(|constraints| constraints.matches_node(node_name, &node.labels));
    fail(!matches, "NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
    let has_conflict =
        |port: &HostPort| node.pods.iter().flat_map(|pod| &pod.host_ports).any(|it| it.conflicts_with(port));
    let lacks_ports = spec.host_ports().iter().any(has_conflict);
    fail(lacks_ports, LACKS_PORTS.0, LACKS_PORTS.1);
    let is_untolerated = |taint: &&Taint| {
        // The kubelet is only interested in NoExecute; the others are the scheduler's.
        taint.effect == "NoExecute" && constraints.is_none_or(|constraints| !constraints.tolerates(taint))
    };
    let is_tainted = !spec.is_static() && node.taints.iter().any(|taint| is_untolerated(&taint));
    fail(is_tainted, "TaintToleration", "node(s) had taints that the pod didn't tolerate");
    failures
}

/// Returns the resources of which the node has too little.
///
/// Answers to `fitsRequest` in `pkg/scheduler/framework/plugins/noderesources`.
fn lacking_resources(requests: &ResourceList, node: &NodeInfo) -> Vec<Failure> {
    let mut failures = Vec::new();
    let allocatable = |resource: &str| node.allocatable.get(resource).copied().unwrap_or_default();
    let pods = i64::try_from(node.pods.len()).unwrap_or(i64::MAX);
    let most_pods = allocatable("pods").value();
    if pods.saturating_add(1) > most_pods {
        let resource = "pods".to_string();
        failures.push(Failure::Insufficient { resource, requested: 1, used: pods, capacity: most_pods });
    }
    // CPU, memory and storage first, then all others; Go ranges over a map of these, here they come by name.
    let first = ["cpu", "memory", "ephemeral-storage"];
    let others = requests.keys().map(String::as_str).filter(|name| !first.contains(name));
    for resource in first.into_iter().chain(others) {
        let Some(request) = requests.get(resource).filter(|request| !request.is_zero()) else { continue };
        // An extended resource that the node does not know is the cluster's (removeMissingExtendedResources).
        if is_extended(resource) && !node.allocatable.contains_key(resource) {
            continue;
        }
        let (requested, used) = (amount(resource, *request), amount(resource, node.used(resource)));
        let capacity = amount(resource, allocatable(resource));
        if requested > capacity.saturating_sub(used) {
            failures.push(Failure::Insufficient { resource: resource.into(), requested, used, capacity });
        }
    }
    failures
}

/// Returns an amount as the scheduler counts it: thousandths of a CPU, whole units of anything else.
pub(super) fn amount(resource: &str, quantity: Quantity) -> i64 {
    if resource == "cpu" { quantity.milli_value() } else { quantity.value() }
}

/// True for a resource of devices, such as `example.com/gpu`.
///
/// Answers to `IsExtendedResourceName` in `pkg/apis/core/v1/helper`.
fn is_extended(resource: &str) -> bool {
    resource.contains('/') && !resource.contains("kubernetes.io/") && !resource.starts_with("requests.")
}
