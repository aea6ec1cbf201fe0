//! Settings of nodes.

use std::{collections::BTreeMap, net::Ipv4Addr};

use pod_lifecycle::{
    api::{self, ResourceList},
    config::{KubeletConfig, Timing},
};
use serde::{Deserialize, Serialize};

use super::script::PodScript;

/// Default address of the first node.
pub(super) const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 200, 0, 1);

/// Default start of the Pod CIDRs.
pub(super) const FIRST_POD_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 0);

/// `v1.Taint`.
///
/// ```
/// use fake_node::{Taint, TaintEffect};
///
/// let taint: Taint = "example.com/fake=true:NoSchedule".parse()?;
/// assert_eq!((&*taint.key, &*taint.value, taint.effect), ("example.com/fake", "true", TaintEffect::NoSchedule));
/// assert!("example.com/fake".parse::<Taint>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taint {
    /// Its name.
    pub key: String,
    /// Its value; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Effect on Pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// Effect of a taint on Pods that do not tolerate it.
///
/// ```
/// use fake_node::TaintEffect;
///
/// assert_eq!(serde_json::from_str::<TaintEffect>(r#""NoExecute""#)?, TaintEffect::NoExecute);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaintEffect {
    /// Pods are not scheduled to the node.
    NoSchedule,
    /// Pods are scheduled to the node only if no other fits.
    PreferNoSchedule,
    /// Pods are not scheduled to the node, and running ones are evicted.
    NoExecute,
}

impl std::str::FromStr for Taint {
    type Err = String;

    fn from_str(text: &str) -> Result<Taint, String> {
        let known = |(pair, effect)| Some((pair, TaintEffect::named(effect)?));
        let (pair, effect) = text.rsplit_once(':').and_then(known).ok_or_else(|| {
            format!("{text:?}: wanted KEY[=VALUE]:EFFECT with NoSchedule, PreferNoSchedule or NoExecute")
        })?;
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok(Taint { key: key.into(), value: value.into(), effect })
    }
}

impl TaintEffect {
    fn name(self) -> &'static str {
        match self {
            TaintEffect::NoSchedule => "NoSchedule",
            TaintEffect::PreferNoSchedule => "PreferNoSchedule",
            TaintEffect::NoExecute => "NoExecute",
        }
    }

    fn named(name: &str) -> Option<TaintEffect> {
        match name {
            "NoSchedule" => Some(TaintEffect::NoSchedule),
            "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
            "NoExecute" => Some(TaintEffect::NoExecute),
            _ => None,
        }
    }
}

/// Settings of all nodes of the process.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    /// Number of nodes; `None`: one node with exactly this name.
    pub(super) count: Option<u32>,
    pub(super) capacity: BTreeMap<String, String>,
    pub(super) max_pods: u32,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
    /// Address of the first node; each further node has the next.
    pub(super) address: Ipv4Addr,
    /// Start of the first node's Pod CIDR.
    pub(super) pod_addresses: Ipv4Addr,
    pub(super) config: KubeletConfig,
    pub(super) scripts: Vec<PodScript>,
    /// Most requests in flight.
    pub(super) concurrency: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        let capacity = [("cpu", "64"), ("memory", "256Gi"), ("ephemeral-storage", "1Ti")];
        Settings {
            name: "fake-node".into(),
            count: None,
            capacity: capacity.into_iter().map(|(name, amount)| (name.into(), amount.into())).collect(),
            max_pods: 1000,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            taints: Vec::new(),
            address: FIRST_ADDRESS,
            pod_addresses: FIRST_POD_ADDRESS,
            config: real_node(),
            scripts: Vec::new(),
            concurrency: 32,
        }
    }
}

/// Returns a real node's configuration: a relist once a second, retries with random delay.
fn real_node() -> KubeletConfig {
    KubeletConfig::default().with_timing(Timing::NodeLike { seed: 0 })
}

impl Settings {
    pub(super) fn count(&self) -> u32 {
        self.count.unwrap_or(1)
    }

    /// Returns the name of the node with this number.
    pub(super) fn name(&self, number: u32) -> String {
        match self.count {
            None => self.name.clone(),
            Some(_) => format!("{}{number}", self.name),
        }
    }

    pub(super) fn max_pods(&self) -> u32 {
        self.max_pods
    }

    /// Returns `status.capacity`.
    pub(super) fn capacity(&self) -> BTreeMap<String, String> {
        let mut capacity = self.capacity.clone();
        capacity.insert("pods".into(), self.max_pods.to_string());
        capacity
    }

    /// Returns `status.allocatable`, typed.
    pub(super) fn allocatable(&self) -> ResourceList {
        self.capacity().into_iter().filter_map(|(name, amount)| Some((name, amount.parse().ok()?))).collect()
    }

    /// Returns the taints as the kubelet's admission reads them.
    pub(super) fn admission_taints(&self) -> Vec<api::Taint> {
        let taints = self.taints.iter();
        taints.map(|taint| api::Taint::new(&taint.key, &taint.value, taint.effect.name())).collect()
    }
}
