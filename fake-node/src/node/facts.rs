//! Runtime facts of a Pod's status: ids, addresses, resources, mounts.

use std::{hash::Hasher, net::Ipv4Addr};

use pod_lifecycle::{
    api::{OtherFields, PodManifest, VolumeMount},
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{ContainerIds, InstanceId},
    status::{ContainerFacts, PodFacts, RuntimeFacts},
};

use super::stable_hash::StableHasher;

/// Scheme of container ids.
const RUNTIME: &str = "fake";

/// Runtime facts of one Pod.
pub(super) struct Facts<'a> {
    pub(super) object: &'a PodManifest,
    pub(super) ids: &'a ContainerIds,
    /// The node's address.
    pub(super) host_ip: Ipv4Addr,
    /// The Pod's own address, once it has a sandbox.
    pub(super) pod_ip: Option<Ipv4Addr>,
}

impl RuntimeFacts for Facts<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.ids.container_id(container, instance)
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let mut facts = self.ids.container(container, instance);
        let Some(of) = self.object.container(container) else { return facts };
        if let Some(resources) = of.resources.as_ref().filter(|_| instance.is_some()) {
            facts.allocated_resources = resources.get("requests").cloned();
            facts.resources = Some(resources.clone());
        }
        facts.volume_mounts = of.volume_mounts.iter().map(VolumeMount::status).collect();
        if let Some(signal) = of.lifecycle.as_ref().and_then(|lifecycle| lifecycle.stop_signal.as_deref()) {
            facts.other = OtherFields::from_iter([("stopSignal".into(), signal.into())]);
        }
        facts
    }

    fn pod(&self) -> PodFacts {
        let mut facts = PodFacts::default();
        facts.host_ips = vec![self.host_ip.to_string()];
        facts.pod_ips = self.pod_ip.into_iter().map(|ip| ip.to_string()).collect();
        facts
    }
}

/// Returns a container id that depends only on the Pod, container and instance.
pub(super) fn container_id(
    spec: &PodSpec,
    container: &ContainerSpec,
    instance: InstanceId,
    restart_count: i32,
) -> String {
    let word = |salt: u8| {
        let mut hasher = StableHasher::default();
        hasher.write(spec.uid().as_bytes());
        hasher.write(container.name().as_bytes());
        hasher.write_i32(restart_count);
        hasher.write_u32(instance.ordinal());
        hasher.write_u8(salt);
        hasher.finish()
    };
    format!("{RUNTIME}://{:016x}{:016x}{:016x}{:016x}", word(0), word(1), word(2), word(3))
}

/// Returns an image id that depends only on the image's name.
pub(super) fn image_id(image: &str) -> String {
    let word = |salt: u8| {
        let mut hasher = StableHasher::default();
        hasher.write(image.as_bytes());
        hasher.write_u8(salt);
        hasher.finish()
    };
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    format!("{name}@sha256:{:016x}{:016x}{:016x}{:016x}", word(0), word(1), word(2), word(3))
}
