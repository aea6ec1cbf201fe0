//! Nodes without machines: Pods that are bound to them live as a kubelet lets them live.

mod admission;
mod agent;
mod api;
mod begin;
mod behaviour;
mod events;
mod facts;
mod life;
mod metrics;
mod place;
mod registration;
mod requests;
mod running;
mod seen;
mod serve;
mod settings;
mod stable_hash;
mod watch;
mod world;
mod writes;

pub use behaviour::{
    AnnotationError,
    scenarios::{Scenario, ScenarioError},
};
pub use metrics::Metrics;
pub use running::{Running, StartError};
pub use settings::{Taint, TaintEffect};

use std::{net::Ipv4Addr, sync::Arc};

use kube::Client;
use pod_lifecycle::{Clock, config::KubeletConfig};

use pod_lifecycle_api_server::quantity::whole;
use settings::Settings;

/// One node, or many in one process: to be set up, and then [started](Node::start).
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
/// let pods: Api<PodMachine> = Api::default_namespaced(server.client());
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
    /// A node called `fake-node`, with 64 CPUs, 256 GiB of memory and room for 1,000 Pods.
    #[must_use]
    pub fn new(client: Client) -> Node {
        Node { client, settings: Settings::default(), clock: None }
    }

    /// One node, with this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Node {
        (self.settings.name, self.settings.count) = (name.into(), None);
        self
    }

    /// So many nodes, called after `prefix` and their number, from 0 on.
    ///
    /// ```
    /// use fake_node::{Node, api_server::ApiServer};
    /// use k8s_openapi::api::core::v1;
    /// use kube::Api;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # runtime.block_on(async {
    /// let server = ApiServer::new();
    /// let _nodes = Node::new(server.client()).many("fake-", 3).with_capacity("cpu", "8").start().await?;
    /// let nodes: Api<v1::Node> = Api::all(server.client());
    /// let last = nodes.get("fake-2").await?;
    /// assert_eq!(last.status.unwrap().allocatable.unwrap()["cpu"].0, "8");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn many(mut self, prefix: &str, count: u32) -> Node {
        (self.settings.name, self.settings.count) = (prefix.into(), Some(count));
        self
    }

    /// How much of a resource each node has, in Kubernetes' spelling: `cpu`, `memory`, `pods`, `example.com/gpu`.
    #[must_use]
    pub fn with_capacity(mut self, resource: &str, amount: &str) -> Node {
        match (resource, whole(amount)) {
            ("pods", Some(count)) => self.settings.max_pods = count,
            _ => drop(self.settings.capacity.insert(resource.into(), amount.into())),
        }
        self
    }

    /// A label of each node.
    #[must_use]
    pub fn with_label(mut self, label: &str, value: &str) -> Node {
        self.settings.labels.insert(label.into(), value.into());
        self
    }

    /// An annotation of each node.
    #[must_use]
    pub fn with_annotation(mut self, annotation: &str, value: &str) -> Node {
        self.settings.annotations.insert(annotation.into(), value.into());
        self
    }

    /// A taint of each node.
    #[must_use]
    pub fn with_taint(mut self, taint: Taint) -> Node {
        self.settings.taints.push(taint);
        self
    }

    /// The address of the first node, without [`Node::with_address`].
    pub const FIRST_ADDRESS: Ipv4Addr = settings::FIRST_ADDRESS;

    /// The first of the Pods' addresses, without [`Node::with_pod_addresses`].
    pub const FIRST_POD_ADDRESS: Ipv4Addr = settings::FIRST_POD_ADDRESS;

    /// The first node's address; each further node has the next.
    #[must_use]
    pub fn with_address(mut self, first: Ipv4Addr) -> Node {
        self.settings.address = first;
        self
    }

    /// The first of the Pods' addresses; each node has a block of its own from there on.
    #[must_use]
    pub fn with_pod_addresses(mut self, first: Ipv4Addr) -> Node {
        self.settings.pod_addresses = first;
        self
    }

    /// How the kubelet of each node is set up, but for its name. Without this it keeps a real node's time: its runtime is
    /// polled once a second, and retries are late by chance ([`Timing::NodeLike`](pod_lifecycle::config::Timing)).
    #[must_use]
    pub fn with_config(mut self, config: KubeletConfig) -> Node {
        self.settings.config = config;
        self
    }

    /// What the containers of some Pods do; of several scenarios that speak of a Pod, the first counts.
    #[must_use]
    pub fn with_scenario(mut self, scenario: Scenario) -> Node {
        self.settings.scenarios.push(scenario);
        self
    }

    /// The clock by which the nodes live. Without one they begin with the time of the API server, and go on with
    /// tokio's, which a test may pause.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Node {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Registers the nodes, and looks after their Pods in the background from then on.
    ///
    /// # Errors
    ///
    /// [`StartError`] if a scenario cannot be played, or if the API server refuses the nodes. One that cannot be reached
    /// is waited for.
    pub async fn start(self) -> Result<Running, StartError> {
        Running::start(self.client, self.settings, self.clock).await
    }
}
