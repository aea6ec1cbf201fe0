//! What only the embedder knows of a Pod, and a status has to say.

use alloc::{format, string::String, vec::Vec};

use serde_json::Value;

use crate::{
    api::{self, HostIp, OtherFields, PodCondition, PodIp, PodQosClass},
    spec::{ContainerIndex, PodSpec},
    state::{ContainerIds, InstanceId, is_owned_by_kubelet, is_resize_condition},
};

/// What only the embedder knows: the runtime's names, addresses, resources. A status asks for it when it is made: once
/// for the Pod, once for each container.
///
/// A status that leaves something out clears it in the API when it is sent; so an agent says all that it knows, each
/// time. Answers to what `convertStatusToAPIStatus` and `convertToAPIContainerStatuses` in `pkg/kubelet/kubelet_pods.go`
/// take from the runtime and from the node.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api::{PodQosClass, self}, spec::{ContainerIndex, PodSpec}, state::InstanceId, status::{ContainerFacts, PodFacts, RuntimeFacts}};
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
/// assert_eq!((&*status.host_ip, &*status.pod_ip), ("10.0.0.1", "10.244.1.7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait RuntimeFacts {
    /// The runtime's name of an instance, with the runtime's own: `containerd://4f1c…`. Also asked of instances that
    /// have ended, for as long as a status speaks of them.
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String;

    /// What is known of a container; `instance` is the newest one that a status speaks of, if there is one.
    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let _ = (container, instance);
        ContainerFacts::default()
    }

    /// What is known of the Pod as a whole.
    fn pod(&self) -> PodFacts {
        PodFacts::default()
    }
}

/// What only the embedder knows of a Pod as a whole; what is left out is left out of the status.
///
/// ```
/// use pod_lifecycle::status::PodFacts;
///
/// let mut facts = PodFacts::default();
/// facts.pod_ips = vec!["10.244.1.7".into(), "fd00::7".into()];
/// assert!(facts.host_ips.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PodFacts {
    /// The node's addresses, the preferred one first; at most one of each family.
    pub host_ips: Vec<String>,
    /// The Pod's addresses, the preferred one first; at most one of each family. A Pod on the node's network that
    /// has none gets the node's.
    pub pod_ips: Vec<String>,
    /// How much is promised to the Pod. The API server sets it when the Pod is made; left out, it stays.
    pub qos_class: Option<PodQosClass>,
    /// How a resize of the running Pod stands: `PodResizePending` and `PodResizeInProgress`, which the kubelet owns and
    /// this crate does not compute. Others are left out of the status.
    pub resize_conditions: Vec<PodCondition>,
    /// Any other field of the status that is the kubelet's: `resources` and `allocatedResources` of the Pod.
    pub other: OtherFields,
}

/// What only the embedder knows of a container; what is left out is left out of the status.
///
/// ```
/// use pod_lifecycle::status::ContainerFacts;
///
/// let mut facts = ContainerFacts::default();
/// facts.image_id = "docker.io/library/nginx@sha256:0a39".into();
/// assert_eq!(facts.image, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContainerFacts {
    /// The image that the instance runs, as the runtime calls it; `None` if it is as in the spec.
    pub image: Option<String>,
    /// The digest of the image; empty before there is an instance.
    pub image_id: String,
    /// What the node has set aside for the container: a map from resource to quantity.
    pub allocated_resources: Option<Value>,
    /// Requests and limits that are in force.
    pub resources: Option<Value>,
    /// How its volumes are mounted, as `v1.VolumeMountStatus`.
    pub volume_mounts: Vec<Value>,
    /// Whom its first process runs as, as `v1.ContainerUser`.
    pub user: Option<Value>,
    /// Any other field of the status: `stopSignal`, `allocatedResourcesStatus`.
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

/// Names instances after their container and their number, and knows nothing else: `app-0`, `app-1`, …
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
    /// The Pod whose instances they are.
    pub &'a PodSpec,
);

impl RuntimeFacts for NumberedInstances<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("{}-{}", self.0.container_name(container), instance.ordinal())
    }
}

impl PodFacts {
    /// The status with what is known of the Pod filled in; the conditions stand before the kubelet's others.
    pub(super) fn fill_in(self, spec: &PodSpec, mut status: api::PodStatus) -> api::PodStatus {
        let pod_ips = match self.pod_ips {
            none if none.is_empty() && spec.uses_host_network() => self.host_ips.clone(),
            ips => ips,
        };
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
    fn a_pod_on_the_nodes_network_has_the_nodes_addresses() {
        let facts = PodFacts { host_ips: vec!["10.0.0.1".into(), "fd00::1".into()], ..PodFacts::default() };
        let on_the_host = spec(r#"{"spec": {"hostNetwork": true, "containers": [{"name": "app", "image": "a"}]}}"#);
        let status = facts.clone().fill_in(&on_the_host, PodStatus::default());
        assert_eq!((&*status.pod_ip, status.pod_ips), ("10.0.0.1", vec!["10.0.0.1".into(), "fd00::1".into()]));
        let of_its_own = spec(r#"{"spec": {"containers": [{"name": "app", "image": "a"}]}}"#);
        let status = facts.fill_in(&of_its_own, PodStatus::default());
        assert_eq!((&*status.pod_ip, status.host_ips.len()), ("", 2));
    }

    #[test]
    fn a_resize_is_told_between_the_conditions_of_others_and_the_kubelets() {
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
