//! Handle of running nodes.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use kube::Client;
use pod_lifecycle::{Clock, SystemClock};
use tokio::{
    net::ToSocketAddrs,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    admitter::Admitter, agent::Agent, api::Api, metrics::Metrics, node_info::NodeInfo, registration::Registration,
    script::PodScriptError, serve, settings::Settings, watch::Watcher,
};
use pod_lifecycle_api_server::TokioClock;

/// Watch events that may wait.
const UPDATE_BUFFER: usize = 1_000;

/// Running nodes, until stopped or dropped; their Pods stay as they are.
#[must_use = "the nodes stop when this is dropped"]
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    tasks: Vec<JoinHandle<()>>,
    servers: Mutex<Vec<JoinHandle<()>>>,
}

/// Error on starting nodes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A script has an action that no node performs.
    #[error("invalid script: {0}")]
    PodScript(#[from] PodScriptError),
    /// The API server refuses the nodes.
    #[error("the API server refuses a node: {0}")]
    Refused(#[source] Box<kube::Error>),
}

impl Running {
    pub(super) async fn start(
        client: Client,
        settings: Settings,
        clock: Option<Arc<dyn Clock + Send + Sync>>,
    ) -> Result<Running, StartError> {
        for script in &settings.scripts {
            script.check()?;
        }
        let (api, metrics, settings) = (Api { client }, Arc::new(Metrics::default()), Arc::new(settings));
        let clock = match clock {
            Some(clock) => clock,
            None => server_clock(&api).await,
        };
        let nodes_info = (0..settings.count()).map(|number| Arc::new(NodeInfo::numbered(&settings, number)));
        let nodes_info: Vec<Arc<NodeInfo>> = nodes_info.collect();
        let registration = Registration {
            api: api.clone(),
            settings: settings.clone(),
            nodes_info: nodes_info.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
        };
        registration.register_all().await.map_err(|error| StartError::Refused(Box::new(error)))?;

        let (stop, stopped) = watch::channel(false);
        let (updates, received) = mpsc::channel(UPDATE_BUFFER);
        let field_selector = match &*nodes_info {
            [only] => format!("spec.nodeName%3D{}", only.name),
            _ => "spec.nodeName!%3D".into(),
        };
        let watcher = Watcher { api: api.clone(), field_selector, metrics: metrics.clone() };
        let admitter = Admitter { scripts: settings.scripts.clone(), metrics: metrics.clone() };
        let agent = Agent::new(api, clock, metrics.clone(), admitter, &nodes_info, settings.concurrency);
        let tasks = vec![
            tokio::spawn(watcher.run(updates)),
            tokio::spawn(registration.keep_alive(stopped.clone())),
            tokio::spawn(agent.run(received, stopped)),
        ];
        Ok(Running { stop, metrics, tasks, servers: Mutex::default() })
    }

    /// Returns the metrics.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Serves `/healthz`, `/readyz` and `/metrics` at an address while the nodes run. Returns the bound address, whose port
    /// differs for a port of 0.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    pub async fn serve_metrics(&self, address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
        let (address, task) = serve::serve(address, self.metrics.clone()).await?;
        if let Ok(mut servers) = self.servers.lock() {
            servers.push(task);
        }
        Ok(address)
    }

    /// Stops as at SIGTERM: finishes the writes in flight, within a second; the Pods stay as they are.
    ///
    /// ```
    /// use fake_node::{Node, api_server::ApiServer};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # runtime.block_on(async {
    /// let server = ApiServer::new();
    /// let node = Node::new(server.client()).named("node-1").start().await?;
    /// node.stop().await;
    /// // Another node of that name resumes the Pods where they are.
    /// let node = Node::new(server.client()).named("node-1").start().await?;
    /// # drop(node);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn stop(mut self) {
        // Fails if the tasks have ended already.
        let _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            // A panic of a task was printed already.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    /// Stops at once, as at SIGKILL.
    fn drop(&mut self) {
        let servers = self.servers.get_mut().map(std::mem::take).unwrap_or_default();
        for task in self.tasks.iter().chain(&servers) {
            task.abort();
        }
    }
}

/// Returns a clock that starts at the API server's time and advances with tokio's.
async fn server_clock(api: &Api) -> Arc<dyn Clock + Send + Sync> {
    match api.time().await {
        Ok(Some(time)) => Arc::new(TokioClock::starting_at(time)),
        Ok(None) | Err(_) => Arc::new(TokioClock::starting_at(SystemClock.now())),
    }
}
