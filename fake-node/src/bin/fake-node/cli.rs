//! What can be said on the command line.

use std::{fs, net::Ipv4Addr, path::PathBuf};

use clap::Parser;
use fake_node::{Node, Scenario, Taint};

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

    /// The first node's address; each further one has the next
    #[arg(long, default_value = "10.200.0.1", value_name = "IP")]
    node_address: Ipv4Addr,

    /// The first of the Pods' addresses
    #[arg(long, default_value = "10.64.0.0", value_name = "IP")]
    pod_addresses: Ipv4Addr,

    /// A file (YAML or JSON) that says what the containers of some Pods do: selector, namespace, script
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,

    /// Where /healthz and /metrics are served; 0 for nowhere
    #[arg(long, default_value = "127.0.0.1:10248", value_name = "ADDRESS")]
    pub(crate) metrics_address: String,
}

impl Options {
    /// How many nodes there will be.
    pub(crate) fn count(&self) -> u32 {
        self.nodes.unwrap_or(1)
    }

    /// The nodes as they are asked for.
    pub(crate) fn set_up(&self, node: Node) -> Result<Node, String> {
        let mut node = match self.nodes {
            None => node.named(&self.node_name),
            Some(count) => node.many(&self.name_prefix, count),
        };
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
            node = node.with_scenario(read(file).map_err(|error| format!("{}: {error}", file.display()))?);
        }
        Ok(node.with_addresses(self.node_address, self.pod_addresses))
    }
}

fn read(file: &PathBuf) -> Result<Scenario, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| error.to_string())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("wanted NAME=VALUE")?;
    Ok((key.into(), value.into()))
}
