//! Kubernetes nodes without machines.

mod admitter;
mod agent;
mod api;
mod binder;
mod events;
mod facts;
mod interpreter;
mod managed_pod;
mod metrics;
mod node_info;
mod recovered_state;
mod registration;
mod running;
mod script;
mod serve;
mod settings;
mod stable_hash;
mod watch;
mod watched_pod;
mod writes;

pub use binder::{Binder, RunningBinder};
pub use metrics::Metrics;
pub use running::{Running, StartError};
pub use script::{AnnotationError, PodScript, PodScriptError};
pub use settings::{Taint, TaintEffect};

use std::{net::Ipv4Addr, sync::Arc};

use kube::Client;
use pod_lifecycle::{
    Clock,
    api::Quantity,
    config::{KubeletConfig, Kubernetes},
};

use settings::Settings;

/// Builder of one node or many, [started](Node::start) in this process.
///
/// ```
/// use fake_node::{Node, api_server::ApiServer};
/// use k8s_openapi::api::core::v1::Pod;
/// use kube::{Api, runtime::wait::{await_condition, conditions::is_pod_running}};
/// use serde_json::json;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// // In a test with `#[tokio::test(start_paused = true)]`:
/// let server = ApiServer::new();
/// let _node = Node::new(server.client()).named("node-1").start().await?;
///
/// let pods: Api<Pod> = Api::default_namespaced(server.client());
/// pods.create(&Default::default(), &serde_json::from_value(json!({
///     "metadata": {"name": "web"},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1.27"}]}
/// }))?).await?;
/// await_condition(pods, "web", is_pod_running()).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Node {
    client: Client,
    settings: Settings,
    clock: Option<Arc<dyn Clock + Send + Sync>>,
}

impl Node {
    /// Returns a node named `fake-node` with 64 CPUs, 256 GiB of memory and room for 1,000 Pods.
    #[must_use]
    pub fn new(client: Client) -> Node {
        Node { client, settings: Settings::default(), clock: None }
    }

    /// Sets the name of a single node.
    #[must_use]
    pub fn named(mut self, name: &str) -> Node {
        (self.settings.name, self.settings.count) = (name.into(), None);
        self
    }

    /// Makes this many nodes, named `prefix` and a number from 0.
    ///
    /// ```
    /// use fake_node::{Node, api_server::ApiServer};
    /// use k8s_openapi::api::core::v1;
    /// use kube::Api;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # runtime.block_on(async {
    /// let server = ApiServer::new();
    /// let _nodes = Node::new(server.client()).replicas("fake-", 3).with_capacity("cpu", "8").start().await?;
    /// let nodes: Api<v1::Node> = Api::all(server.client());
    /// let last = nodes.get("fake-2").await?;
    /// assert_eq!(last.status.unwrap().allocatable.unwrap()["cpu"].0, "8");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn replicas(mut self, prefix: &str, count: u32) -> Node {
        (self.settings.name, self.settings.count) = (prefix.into(), Some(count));
        self
    }

    /// Sets the capacity of a resource on each node: `cpu`, `memory`, `pods`, `example.com/gpu`.
    #[must_use]
    pub fn with_capacity(mut self, resource: &str, amount: &str) -> Node {
        let count = amount.parse::<Quantity>().ok().and_then(|amount| u32::try_from(amount.value()).ok());
        match (resource, count) {
            ("pods", Some(count)) => self.settings.max_pods = count,
            _ => drop(self.settings.capacity.insert(resource.into(), amount.into())),
        }
        self
    }

    /// Adds a label to each node.
    #[must_use]
    pub fn with_label(mut self, label: &str, value: &str) -> Node {
        self.settings.labels.insert(label.into(), value.into());
        self
    }

    /// Adds an annotation to each node.
    #[must_use]
    pub fn with_annotation(mut self, annotation: &str, value: &str) -> Node {
        self.settings.annotations.insert(annotation.into(), value.into());
        self
    }

    /// Adds a taint to each node.
    #[must_use]
    pub fn with_taint(mut self, taint: Taint) -> Node {
        self.settings.taints.push(taint);
        self
    }

    /// Default address of the first node.
    pub const FIRST_ADDRESS: Ipv4Addr = settings::FIRST_ADDRESS;

    /// Default start of the Pod CIDRs.
    pub const FIRST_POD_ADDRESS: Ipv4Addr = settings::FIRST_POD_ADDRESS;

    /// Sets the first node's address; each further node has the next.
    #[must_use]
    pub fn with_address(mut self, first: Ipv4Addr) -> Node {
        self.settings.address = first;
        self
    }

    /// Sets where the nodes' Pod CIDRs start.
    #[must_use]
    pub fn with_pod_addresses(mut self, first: Ipv4Addr) -> Node {
        self.settings.pod_addresses = first;
        self
    }

    /// Sets the kubelet configuration of each node. The default acts as a real node does: a relist once a
    /// second, retries with random delay ([`Timing::NodeLike`](pod_lifecycle::config::Timing)).
    #[must_use]
    pub fn with_config(mut self, config: KubeletConfig) -> Node {
        self.settings.config = config;
        self
    }

    /// Sets the version of each node's kubelet, which it also reports; 1.36 by default.
    #[must_use]
    pub fn with_kubernetes(mut self, kubernetes: impl Into<Kubernetes>) -> Node {
        self.settings.config = self.settings.config.with_kubernetes(kubernetes);
        self
    }

    /// Adds a script for the Pods that it selects; of several, the first counts.
    #[must_use]
    pub fn with_script(mut self, script: PodScript) -> Node {
        self.settings.scripts.push(script);
        self
    }

    /// Sets the nodes' clock. The default starts at the API server's time and advances with tokio's clock,
    /// which a test may pause.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Node {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Registers the nodes and manages their Pods in background tasks.
    ///
    /// # Errors
    ///
    /// [`StartError`] if a script is invalid or the API server refuses the nodes. An API server that cannot be reached
    /// is waited for.
    pub async fn start(self) -> Result<Running, StartError> {
        Running::start(self.client, self.settings, self.clock).await
    }
}
