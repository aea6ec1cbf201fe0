//! What can be said on the command line.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use clap::Parser;
use fake_node::{Node, Taint};
use serde::{Deserialize, de::DeserializeOwned};

/// Registers nodes that have no machines: Pods that are bound to them live as a kubelet lets them live.
///
/// What the containers of a Pod do is said by its annotations (fake/exit, fake/stop, fake/ready-after,
/// fake/started-after, fake/live-until, fake/pull; fake/evict-after, fake/shutdown-after, fake/sandbox-dies-after),
/// then by scenarios; the rest is healthy. The API server is that of KUBECONFIG, or the one of the cluster that this
/// runs in. RUST_LOG sets what is logged.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Options {
    /// The name of the only node
    #[arg(long, env = "NODE_NAME", default_value = "fake-node", conflicts_with = "nodes")]
    node_name: String,

    /// How many nodes, called after the prefix and their number
    #[arg(long, value_name = "COUNT")]
    nodes: Option<u32>,

    /// What the names of several nodes begin with
    #[arg(long, default_value = "fake-", value_name = "PREFIX")]
    name_prefix: String,

    /// A file (YAML or JSON) that sets the nodes up: capacity, labels, annotations, taints, nodeAddress, podAddresses;
    /// what the command line says counts more
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,

    /// How much of a resource each node has [default: cpu=64,memory=256Gi,ephemeral-storage=1Ti,pods=1000]
    #[arg(long, value_name = "RESOURCE=AMOUNT", value_delimiter = ',', value_parser = pair)]
    capacity: Vec<(String, String)>,

    /// A label of each node
    #[arg(long, value_name = "LABEL=VALUE", value_delimiter = ',', value_parser = pair)]
    label: Vec<(String, String)>,

    /// An annotation of each node
    #[arg(long, value_name = "ANNOTATION=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,

    /// A taint of each node
    #[arg(long, value_name = "KEY[=VALUE]:EFFECT", value_delimiter = ',')]
    taint: Vec<Taint>,

    /// The first node's address; each further one has the next [default: 10.200.0.1]
    #[arg(long, value_name = "IP")]
    node_address: Option<Ipv4Addr>,

    /// The first of the Pods' addresses [default: 10.64.0.0]
    #[arg(long, value_name = "IP")]
    pod_addresses: Option<Ipv4Addr>,

    /// A file (YAML or JSON) that says what the containers of some Pods do: selector, namespace, script
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,

    /// Where /healthz and /metrics are served; 0 for nowhere
    #[arg(long, default_value = "127.0.0.1:10248", value_name = "ADDRESS")]
    pub(crate) metrics_address: String,
}

/// How nodes are set up, as a file says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Setup {
    capacity: BTreeMap<String, Amount>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    taints: Vec<Taint>,
    node_address: Option<Ipv4Addr>,
    pod_addresses: Option<Ipv4Addr>,
}

/// How much there is of a resource: a quantity, or a whole number of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Quantity(String),
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Amount::Number(number) => write!(f, "{number}"),
            Amount::Quantity(quantity) => write!(f, "{quantity}"),
        }
    }
}

impl Setup {
    fn set_up(&self, mut node: Node) -> Node {
        for (resource, amount) in &self.capacity {
            node = node.with_capacity(resource, &amount.to_string());
        }
        for (label, value) in &self.labels {
            node = node.with_label(label, value);
        }
        for (annotation, value) in &self.annotations {
            node = node.with_annotation(annotation, value);
        }
        self.taints.iter().cloned().fold(node, Node::with_taint)
    }
}

impl Options {
    /// How many nodes there will be.
    pub(crate) fn count(&self) -> u32 {
        self.nodes.unwrap_or(1)
    }

    /// The nodes as they are asked for.
    pub(crate) fn set_up(&self, node: Node) -> Result<Node, String> {
        let setup: Setup = self.setup.as_deref().map(read).transpose()?.unwrap_or_default();
        let mut node = setup.set_up(match self.nodes {
            None => node.named(&self.node_name),
            Some(count) => node.many(&self.name_prefix, count),
        });
        for (resource, amount) in &self.capacity {
            node = node.with_capacity(resource, amount);
        }
        for (label, value) in &self.label {
            node = node.with_label(label, value);
        }
        for (annotation, value) in &self.annotation {
            node = node.with_annotation(annotation, value);
        }
        for taint in &self.taint {
            node = node.with_taint(taint.clone());
        }
        for file in &self.scenario {
            node = node.with_scenario(read(file)?);
        }
        let of_nodes = self.node_address.or(setup.node_address).unwrap_or(Ipv4Addr::new(10, 200, 0, 1));
        let of_pods = self.pod_addresses.or(setup.pod_addresses).unwrap_or(Ipv4Addr::new(10, 64, 0, 0));
        Ok(node.with_addresses(of_nodes, of_pods))
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string());
    let read = text.and_then(|text| serde_saphyr::from_str(&text).map_err(|error| error.to_string()));
    read.map_err(|error| format!("{}: {error}", file.display()))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("wanted NAME=VALUE")?;
    Ok((key.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_sets_nodes_up_and_a_misspelt_field_is_named() {
        let setup: Setup = serde_saphyr::from_str(
            "capacity: {cpu: 8, memory: 32Gi}\nlabels: {pool: blue}\n\
             taints: [{key: example.com/fake, effect: NoSchedule}]\nnodeAddress: 10.9.0.1\n",
        )
        .unwrap();
        assert_eq!(setup.capacity["cpu"].to_string(), "8");
        assert_eq!(setup.capacity["memory"].to_string(), "32Gi");
        assert_eq!((&*setup.taints[0].effect, setup.node_address), ("NoSchedule", Some(Ipv4Addr::new(10, 9, 0, 1))));
        let error = serde_saphyr::from_str::<Setup>("capacities: {cpu: 8}").unwrap_err().to_string();
        assert!(error.contains("capacities"), "{error}");
    }
}
