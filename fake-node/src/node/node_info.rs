//! Static data of a node (name, capacity, Pod CIDR) and its Pods' addresses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
};

use fake_image::Volume;
use pod_lifecycle::{
    api::{ResourceList, Taint},
    config::{AdmittedPod, KubeletConfig, NodeInfo as Admission, Timing},
};

use super::settings::Settings;

/// Data of a node; only its disk ever changes.
#[derive(Debug)]
pub(super) struct NodeInfo {
    pub(super) name: String,
    /// Number of the node within the process.
    pub(super) number: u32,
    pub(super) address: Ipv4Addr,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) allocatable: ResourceList,
    pub(super) taints: Vec<Taint>,
    pub(super) config: Arc<KubeletConfig>,
    pub(super) pod_addresses: Block,
    /// Its disk, for the volumes of kind `hostPath`.
    pub(super) disk: Volume,
}

/// Pod CIDR of a node; its size is a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    first: u32,
    bits: u32,
}

/// Allocator of the addresses of a block.
#[derive(Debug)]
pub(super) struct Addresses {
    block: Block,
    taken: BTreeSet<u32>,
    last: u32,
}

impl NodeInfo {
    /// Returns the data of the node with this number.
    pub(super) fn numbered(settings: &Settings, number: u32) -> NodeInfo {
        let name = settings.name(number);
        let mut labels = settings.labels.clone();
        for (label, value) in
            [("kubernetes.io/hostname", &*name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")]
        {
            labels.entry(label.into()).or_insert_with(|| value.into());
        }
        let address = u32::from(settings.address).wrapping_add(number);
        let mut config = settings.config.clone().with_node_name(name.as_str());
        if let Timing::NodeLike { seed } = &mut config.timing {
            // Nodes do not poll at the same time.
            *seed = seed.wrapping_add(number.into());
        }
        NodeInfo {
            number,
            address: address.into(),
            labels,
            allocatable: settings.allocatable(),
            taints: settings.admission_taints(),
            config: Arc::new(config),
            pod_addresses: Block::numbered(settings, number),
            disk: Volume::new(),
            name,
        }
    }
}

impl NodeInfo {
    /// Returns the node as admission judges by it, with the Pods that it has admitted.
    pub(super) fn admission(&self, pods: Vec<AdmittedPod>) -> Admission {
        let mut node = Admission::default();
        node.allocatable.clone_from(&self.allocatable);
        node.labels.clone_from(&self.labels);
        node.taints.clone_from(&self.taints);
        node.pods = pods;
        node
    }
}

impl Block {
    fn numbered(settings: &Settings, number: u32) -> Block {
        // The first address is the network's, the second the bridge's.
        let wanted = settings.max_pods().saturating_add(2).checked_next_power_of_two().unwrap_or(1 << 31);
        let bits = wanted.trailing_zeros();
        Block { first: u32::from(settings.pod_addresses).wrapping_add(number.wrapping_mul(wanted)), bits }
    }

    /// Returns the block as `10.64.0.0/22`.
    pub(super) fn cidr(self) -> String {
        format!("{}/{}", Ipv4Addr::from(self.first), 32_u32.saturating_sub(self.bits))
    }

    fn len(self) -> u32 {
        1_u32.checked_shl(self.bits).unwrap_or(u32::MAX)
    }
}

impl Addresses {
    pub(super) fn new(block: Block) -> Addresses {
        Addresses { block, taken: BTreeSet::new(), last: 1 }
    }

    /// Allocates a free address; released ones are reused as late as possible.
    pub(super) fn allocate(&mut self) -> Option<Ipv4Addr> {
        let after = self.last.saturating_add(1)..self.block.len();
        let offset = after.chain(2..=self.last).find(|offset| !self.taken.contains(offset))?;
        self.last = offset;
        self.taken.insert(offset);
        Some(self.block.first.wrapping_add(offset).into())
    }

    /// Marks an address as in use.
    pub(super) fn reserve(&mut self, address: Ipv4Addr) {
        self.taken.insert(u32::from(address).wrapping_sub(self.block.first));
    }

    pub(super) fn release(&mut self, address: Ipv4Addr) {
        self.taken.remove(&u32::from(address).wrapping_sub(self.block.first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pod_lifecycle::{rule::admission::admit, spec::PodSpec};
    use serde_json::json;

    #[test]
    fn a_node_judges_pods_by_its_capacity_its_labels_and_its_taints() {
        let taint = "example.com/maintenance:NoExecute".parse().unwrap();
        let labels = [("zone".to_owned(), "a".to_owned())].into();
        let settings = Settings { labels, taints: vec![taint], ..Settings::default() };
        let node = NodeInfo::numbered(&settings, 0);
        let reason = |spec: serde_json::Value| {
            let pod = PodSpec::from_admitted(&serde_json::from_value(json!({"spec": spec})).unwrap()).unwrap();
            admit(&pod, &node.name, &node.admission(Vec::new())).err().map(|rejection| rejection.reason.into_string())
        };
        let tolerations = json!([{"operator": "Exists"}]);
        let asks = |cpu: &str| json!([{"name": "app", "image": "app", "resources": {"requests": {"cpu": cpu}}}]);
        assert_eq!(reason(json!({"containers": asks("40"), "tolerations": tolerations})), None);
        let large = json!({"containers": asks("65"), "tolerations": tolerations});
        assert_eq!(reason(large).as_deref(), Some("OutOfcpu"));
        let elsewhere = json!({"containers": asks("1"), "nodeSelector": {"zone": "b"}, "tolerations": tolerations});
        assert_eq!(reason(elsewhere).as_deref(), Some("NodeAffinity"));
        assert_eq!(reason(json!({"containers": asks("1")})).as_deref(), Some("TaintToleration"));
    }

    #[test]
    fn each_pod_has_its_own_address_from_its_nodes_block() {
        let block = Block::numbered(&Settings { max_pods: 2, ..Settings::default() }, 3);
        assert_eq!(block.cidr(), "10.64.0.12/30");
        let mut addresses = Addresses::new(block);
        let allocated = [addresses.allocate(), addresses.allocate(), addresses.allocate()];
        assert_eq!(allocated, [Some([10, 64, 0, 14].into()), Some([10, 64, 0, 15].into()), None]);
        addresses.release([10, 64, 0, 14].into());
        assert_eq!(addresses.allocate(), allocated[0]);
    }
}
