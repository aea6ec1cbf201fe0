//! Command line.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use clap::{
    Args, Parser, Subcommand,
    builder::{PathBufValueParser, TypedValueParser},
};
use fake_node::{
    Node, PodScript, Quantity, Taint,
    api_server::{ApiServer, Chaos},
};
use pod_lifecycle::config::KubernetesVersion;
use serde::{Deserialize, de::DeserializeOwned};

/// Registers Kubernetes nodes without machines. Pods bound to them act as on real nodes.
///
/// Containers follow the script that selects their Pod, changed by the Pod's annotations (fake/exit, fake/stop,
/// fake/ready-after, fake/started-after, fake/live-until, fake/pull; fake/evict-after, fake/shutdown-after,
/// fake/sandbox-dies-after); all others are healthy. The API server is that of KUBECONFIG, or the one of the cluster
/// that this runs in. RUST_LOG sets the log filter.
///
/// Exit codes: 0 after SIGTERM or SIGINT, 1 for a failure, 2 for an invalid option or file.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) options: Options,

    /// Binds Pods to nodes: a small scheduler, for control planes without one
    #[arg(long)]
    pub(crate) bind: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves a cluster of its own: API server in memory, nodes and binder in this process
    ///
    /// No etcd, no control plane; without authentication, on the loopback address. When it is ready it prints a line of
    /// JSON, unless a command is run: {"server": "http://127.0.0.1:…", "kubeconfig": …, "nodes": 1}.
    ///
    /// Exit codes: that of the command (128 and the signal's number if one ends it); without one 0 after SIGTERM or
    /// SIGINT; 1 for a failure, 2 for an invalid option or file.
    Serve(Serve),
}

/// Options of `fake-node serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) options: Options,

    /// Address of the API server; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: String,

    /// File that gets a kubeconfig; with --exec a temporary one by default
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig_out: Option<PathBuf>,

    /// Command for a shell, run with KUBECONFIG set; its exit code is that of the program
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,

    /// File (YAML or JSON) with a plan of failures: the API server refuses, delays, drops watches, doubles events and
    /// returns stale lists to clients outside of this process
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(chaos))]
    pub(crate) chaos: Option<Chaos>,

    /// Stops the clock: time passes only by POST /clock/advance?seconds=N
    #[arg(long, conflicts_with = "speed")]
    pub(crate) paused: bool,

    /// Number of seconds that pass in one second, from 1 to 1000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) speed: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name of a single node
    #[arg(long, env = "NODE_NAME", default_value = "fake-node", conflicts_with = "nodes")]
    node_name: String,

    /// Number of nodes, named by the prefix and a number
    #[arg(long, value_name = "COUNT")]
    nodes: Option<u32>,

    /// Prefix of the names of several nodes
    #[arg(long, default_value = "fake-", value_name = "PREFIX")]
    name_prefix: String,

    /// File (YAML or JSON) with settings of the nodes: capacity, labels, annotations, taints, nodeAddress, podAddresses;
    /// options on the command line win
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(setup))]
    setup: Option<Setup>,

    /// Capacity of a resource on each node [default: cpu=64,memory=256Gi,ephemeral-storage=1Ti,pods=1000]
    #[arg(long, value_name = "RESOURCE=AMOUNT", value_delimiter = ',', value_parser = amount)]
    capacity: Vec<(String, Quantity)>,

    /// Label of each node
    #[arg(long, value_name = "LABEL=VALUE", value_delimiter = ',', value_parser = pair)]
    label: Vec<(String, String)>,

    /// Annotation of each node
    #[arg(long, value_name = "ANNOTATION=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,

    /// Taint of each node
    #[arg(long, value_name = "KEY[=VALUE]:EFFECT", value_delimiter = ',')]
    taint: Vec<Taint>,

    #[arg(long, value_name = "IP", help = format!(
        "The first node's address; each further one has the next [default: {}]", Node::FIRST_ADDRESS))]
    node_address: Option<Ipv4Addr>,

    #[arg(long, value_name = "IP", help = format!(
        "The first of the Pods' addresses [default: {}]", Node::FIRST_POD_ADDRESS))]
    pod_addresses: Option<Ipv4Addr>,

    /// Version of the kubelet that each node acts as and reports, from 1.32 to 1.38
    #[arg(long, default_value_t, value_name = "VERSION")]
    kubernetes: KubernetesVersion,

    /// File (YAML or JSON) with a script for the Pods that it selects: selector, namespace, script
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(script))]
    script: Vec<PodScript>,

    /// Address of /healthz and /metrics; 0 for none [default: 127.0.0.1:10248, with serve none]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_address: Option<String>,

    /// File that gets the line of JSON when the nodes are ready
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Settings of the nodes, as read from a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Setup {
    capacity: BTreeMap<String, Quantity>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    taints: Vec<Taint>,
    node_address: Option<Ipv4Addr>,
    pod_addresses: Option<Ipv4Addr>,
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
        node = self.taints.iter().cloned().fold(node, Node::with_taint);
        addressed(node, self.node_address, self.pod_addresses)
    }
}

impl Options {
    /// Returns the number of nodes.
    pub(crate) fn count(&self) -> u32 {
        self.nodes.unwrap_or(1)
    }

    /// Returns the nodes to start; options on the command line win over the file.
    pub(crate) fn set_up(&self, node: Node) -> Node {
        let mut node = match self.nodes {
            None => node.named(&self.node_name),
            Some(count) => node.replicas(&self.name_prefix, count),
        };
        node = node.with_kubernetes(self.kubernetes);
        if let Some(setup) = &self.setup {
            node = setup.set_up(node);
        }
        for (resource, amount) in &self.capacity {
            node = node.with_capacity(resource, &amount.to_string());
        }
        for (label, value) in &self.label {
            node = node.with_label(label, value);
        }
        for (annotation, value) in &self.annotation {
            node = node.with_annotation(annotation, value);
        }
        node = self.taint.iter().cloned().fold(node, Node::with_taint);
        node = self.script.iter().cloned().fold(node, Node::with_script);
        addressed(node, self.node_address, self.pod_addresses)
    }
}

/// Sets the addresses that are given.
fn addressed(mut node: Node, of_node: Option<Ipv4Addr>, of_pods: Option<Ipv4Addr>) -> Node {
    if let Some(first) = of_node {
        node = node.with_address(first);
    }
    match of_pods {
        Some(first) => node.with_pod_addresses(first),
        None => node,
    }
}

fn setup(file: PathBuf) -> Result<Setup, String> {
    read(&file)
}

fn chaos(file: PathBuf) -> Result<Chaos, String> {
    let chaos: Chaos = read(&file)?;
    // Checked before anything starts.
    ApiServer::new().with_chaos(chaos.clone()).map_err(|error| error.to_string())?;
    Ok(chaos)
}

fn script(file: PathBuf) -> Result<PodScript, String> {
    let script: PodScript = read(&file)?;
    script.check().map_err(|error| error.to_string())?;
    Ok(script)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| error.to_string().trim_start_matches("error: ").into())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("wanted NAME=VALUE")?;
    Ok((key.into(), value.into()))
}

fn amount(text: &str) -> Result<(String, Quantity), String> {
    let (resource, amount) = pair(text)?;
    Ok((resource, amount.parse().map_err(|error: fake_node::InvalidQuantity| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use fake_node::TaintEffect;

    use super::*;

    #[test]
    fn a_file_configures_nodes_and_a_misspelt_field_is_named() {
        let setup: Setup = serde_saphyr::from_str(
            "capacity: {cpu: 8, memory: 32Gi}\nlabels: {pool: blue}\n\
             taints: [{key: example.com/fake, effect: NoSchedule}]\nnodeAddress: 10.9.0.1\n",
        )
        .unwrap();
        assert_eq!(setup.capacity["cpu"].to_string(), "8");
        assert_eq!(setup.capacity["memory"].to_string(), "32Gi");
        assert_eq!(setup.taints[0].effect, TaintEffect::NoSchedule);
        assert_eq!(setup.node_address, Some(Ipv4Addr::new(10, 9, 0, 1)));
        let error = serde_saphyr::from_str::<Setup>("capacities: {cpu: 8}").unwrap_err().to_string();
        assert!(error.contains("capacities"), "{error}");
    }
}
