//! Runtime facts: fields of a status that only the embedder knows, such as container ids and addresses.

use alloc::{format, string::String, vec::Vec};

use serde_json::Value;

use crate::{
    api::{self, HostIp, OtherFields, PodCondition, PodIp, PodQosClass},
    spec::{ContainerIndex, PodSpec},
    state::{ContainerIds, InstanceId, is_owned_by_kubelet, is_resize_condition},
};

/// Source of the fields of a status that only the embedder knows: container ids, addresses, resources.
///
/// Each projection of a status calls it, once for the Pod and once for each container. Return all known facts each
/// time: what a status leaves out, its patch clears. Answers to what `convertStatusToAPIStatus` and
/// `convertToAPIContainerStatuses` in `pkg/kubelet/kubelet_pods.go` take from the runtime and from the node.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, api::{self, PodQosClass}, config::KubeletConfig, spec::{ContainerIndex, PodSpec},
///     state::InstanceId, status::{ContainerFacts, PodFacts, RuntimeFacts},
/// };
///
/// struct Containerd;
///
/// impl RuntimeFacts for Containerd {
///     fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
///         format!("containerd://{:02}{:02}", container.get(), instance.ordinal())
///     }
///
///     fn container(&self, _: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
///         let mut facts = ContainerFacts::default();
///         if instance.is_some() {
///             facts.image = Some("docker.io/library/nginx:1.27".into());
///             facts.image_id = "docker.io/library/nginx@sha256:0a39".into();
///         }
///         facts.resources = serde_json::from_str(r#"{"requests": {"cpu": "100m"}}"#).ok();
///         facts
///     }
///
///     fn pod(&self) -> PodFacts {
///         let mut facts = PodFacts::default();
///         facts.host_ips = vec!["10.0.0.1".into()];
///         facts.pod_ips = vec!["10.244.1.7".into()];
///         facts.qos_class = Some(PodQosClass::Burstable);
///         facts
///     }
/// }
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
/// let status = pod.status_with(&Containerd);
/// // The sync that has computed this status began before there was a sandbox with an address.
/// assert_eq!((&*status.host_ip, &*status.pod_ip), ("10.0.0.1", ""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait RuntimeFacts {
    /// Returns the container id of an instance, with the runtime's name: `containerd://4f1c…`. Also called for
    /// instances that have exited, as long as a status contains them.
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String;

    /// Returns the facts of a container; `instance` is the newest one in the status, if there is one.
    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let _ = (container, instance);
        ContainerFacts::default()
    }

    /// Returns the facts of the whole Pod.
    fn pod(&self) -> PodFacts {
        PodFacts::default()
    }
}

/// Facts of a whole Pod; an empty field is left out of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PodFacts {
    /// Addresses of the node, the preferred one first; at most one per family.
    pub host_ips: Vec<String>,
    /// Addresses of the Pod, the preferred one first; at most one per family. A status shows them from the sync on that
    /// began with a ready sandbox. If empty, a Pod with `hostNetwork` gets the node's.
    pub pod_ips: Vec<String>,
    /// Quality of service class. The API server sets it at creation; `None` keeps that.
    pub qos_class: Option<PodQosClass>,
    /// Conditions `PodResizePending` and `PodResizeInProgress`, which the kubelet owns and this crate does not compute.
    /// Conditions of other types are ignored.
    pub resize_conditions: Vec<PodCondition>,
    /// Other fields of the status that the kubelet owns: `resources`, `allocatedResources`.
    pub other: OtherFields,
}

/// Facts of a container; an empty field is left out of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContainerFacts {
    /// Image of the instance, as the runtime names it; `None` for the spec's.
    pub image: Option<String>,
    /// Digest of the image; empty before there is an instance.
    pub image_id: String,
    /// Resources that the node has allocated: a map from resource to quantity.
    pub allocated_resources: Option<Value>,
    /// Requests and limits in force, as `v1.ResourceRequirements`.
    pub resources: Option<Value>,
    /// Mounted volumes, each a `v1.VolumeMountStatus`.
    pub volume_mounts: Vec<Value>,
    /// User of the first process, as `v1.ContainerUser`.
    pub user: Option<Value>,
    /// Other fields of the status: `stopSignal`, `allocatedResourcesStatus`.
    pub other: OtherFields,
}

impl RuntimeFacts for ContainerIds {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.id(container, instance).unwrap_or_default().into()
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let known = instance.and_then(|instance| self.image(container, instance));
        let (image, image_id) = known.map_or((None, ""), |(image, image_id)| (Some(String::from(image)), image_id));
        ContainerFacts { image, image_id: image_id.into(), ..ContainerFacts::default() }
    }
}

/// Runtime facts of an embedder without a runtime: ids are container and number, `app-0`, `app-1`, …
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::InstanceId, status::{NumberedInstances, RuntimeFacts}};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!(NumberedInstances(&spec).container_id(0.into(), InstanceId::nth(2)), "app-2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedInstances<'a>(
    /// Spec of the Pod.
    pub &'a PodSpec,
);

impl RuntimeFacts for NumberedInstances<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("{}-{}", self.0.container_name(container), instance.ordinal())
    }
}

impl PodFacts {
    /// Fills the facts into a status.
    pub(super) fn fill_in(self, spec: &PodSpec, mut status: api::PodStatus) -> api::PodStatus {
        // generateAPIPodStatus initialises the addresses of host-network Pods with the node's.
        let pod_ips = match self.pod_ips {
            none if none.is_empty() && spec.uses_host_network() => self.host_ips.clone(),
            ips => ips,
        };
        // generateAPIPodStatus puts resize conditions before those that it computes.
        let place = status.conditions.iter().position(|condition| is_owned_by_kubelet(&condition.type_));
        let place = place.unwrap_or(status.conditions.len());
        let resize = self.resize_conditions.into_iter().filter(|condition| is_resize_condition(&condition.type_));
        status.conditions.splice(place..place, resize);
        status.host_ip = self.host_ips.first().cloned().unwrap_or_default();
        status.host_ips = self.host_ips.into_iter().map(|ip| HostIp { ip }).collect();
        status.pod_ip = pod_ips.first().cloned().unwrap_or_default();
        status.pod_ips = pod_ips.into_iter().map(|ip| PodIp { ip }).collect();
        status.qos_class = self.qos_class.map(Into::into);
        status.other = self.other;
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ConditionStatus, PodManifest, PodStatus};

    fn spec(json: &str) -> PodSpec {
        PodSpec::from_admitted(&serde_json::from_str::<PodManifest>(json).unwrap()).unwrap()
    }

    fn condition(type_: &str) -> PodCondition {
        PodCondition {
            type_: type_.into(),
            observed_generation: 0,
            status: ConditionStatus::True.into(),
            last_probe_time: None,
            last_transition_time: None,
            reason: String::new(),
            message: String::new(),
        }
    }

    #[test]
    fn a_pod_with_host_network_has_the_nodes_addresses() {
        let facts = PodFacts { host_ips: vec!["10.0.0.1".into(), "fd00::1".into()], ..PodFacts::default() };
        let of_host_network = spec(r#"{"spec": {"hostNetwork": true, "containers": [{"name": "app", "image": "a"}]}}"#);
        let status = facts.clone().fill_in(&of_host_network, PodStatus::default());
        assert_eq!((&*status.pod_ip, status.pod_ips), ("10.0.0.1", vec!["10.0.0.1".into(), "fd00::1".into()]));
        let of_pod_network = spec(r#"{"spec": {"containers": [{"name": "app", "image": "a"}]}}"#);
        let status = facts.fill_in(&of_pod_network, PodStatus::default());
        assert_eq!((&*status.pod_ip, status.host_ips.len()), ("", 2));
    }

    #[test]
    fn resize_conditions_stand_between_external_and_computed_ones() {
        let facts = PodFacts {
            resize_conditions: vec![condition("PodResizePending"), condition("Ready"), condition("Mine")],
            ..PodFacts::default()
        };
        let status = PodStatus { conditions: vec![condition("Gate"), condition("Ready")], ..PodStatus::default() };
        let spec = spec(r#"{"spec": {"containers": [{"name": "app", "image": "a"}]}}"#);
        let types = facts.fill_in(&spec, status).conditions;
        let types: Vec<_> = types.iter().map(|condition| &*condition.type_).collect();
        assert_eq!(types, ["Gate", "PodResizePending", "Ready"]);
    }
}
