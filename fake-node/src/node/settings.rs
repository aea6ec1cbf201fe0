//! How nodes are set up.

use std::{collections::BTreeMap, net::Ipv4Addr};

use pod_lifecycle::config::{KubeletConfig, Timing};
use serde::{Deserialize, Serialize};

use super::{behaviour::scenarios::Scenario, requests::Resources};
use pod_lifecycle_api_server::quantity::nanos;

/// The address of the first node, unless something else is said.
pub(super) const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 200, 0, 1);

/// The first of the Pods' addresses, unless something else is said.
pub(super) const FIRST_POD_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 0);

/// Who is kept away from a node: `v1.Taint`.
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
    /// What becomes of Pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What becomes of Pods that do not tolerate a taint.
///
/// ```
/// use fake_node::TaintEffect;
///
/// assert_eq!(serde_json::from_str::<TaintEffect>(r#""NoExecute""#)?, TaintEffect::NoExecute);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaintEffect {
    /// They are not placed there.
    NoSchedule,
    /// They are placed there only if nothing else is left.
    PreferNoSchedule,
    /// They are not placed there, and those that are there are evicted.
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
    fn named(name: &str) -> Option<TaintEffect> {
        match name {
            "NoSchedule" => Some(TaintEffect::NoSchedule),
            "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
            "NoExecute" => Some(TaintEffect::NoExecute),
            _ => None,
        }
    }
}

/// How nodes are set up; each has the same.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    /// How many nodes; `None`: one, that has the name as it is.
    pub(super) count: Option<u32>,
    pub(super) capacity: BTreeMap<String, String>,
    pub(super) max_pods: u32,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
    /// The first node's; each further one has the next.
    pub(super) address: Ipv4Addr,
    /// The first node's Pods have addresses from here on.
    pub(super) pod_addresses: Ipv4Addr,
    pub(super) config: KubeletConfig,
    pub(super) scenarios: Vec<Scenario>,
    /// How many requests are under way at once.
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
            scenarios: Vec::new(),
            concurrency: 32,
        }
    }
}

/// A kubelet as it is on a real node: it asks its runtime once a second, and what is due is late by chance.
fn real_node() -> KubeletConfig {
    KubeletConfig { timing: Timing::NodeLike { seed: 0 }, ..KubeletConfig::default() }
}

impl Settings {
    pub(super) fn count(&self) -> u32 {
        self.count.unwrap_or(1)
    }

    /// The name of the node of a number.
    pub(super) fn name(&self, number: u32) -> String {
        match self.count {
            None => self.name.clone(),
            Some(_) => format!("{}{number}", self.name),
        }
    }

    pub(super) fn max_pods(&self) -> u32 {
        self.max_pods
    }

    /// Everything that a node has, as a Node object says it.
    pub(super) fn capacity(&self) -> BTreeMap<String, String> {
        let mut capacity = self.capacity.clone();
        capacity.insert("pods".into(), self.max_pods.to_string());
        capacity
    }

    pub(super) fn allocatable(&self) -> Resources {
        let amounts = self.capacity().into_iter();
        Resources(amounts.filter_map(|(name, amount)| Some((name, nanos(&amount)?))).collect())
    }
}
