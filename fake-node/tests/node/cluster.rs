//! An API server in memory with one node.

use std::time::Duration;

use fake_node::{Node, Running, api_server::ApiServer};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use serde_json::{Value, json};
use tokio::time::sleep;

/// The node of these tests.
pub(crate) const NODE: &str = "node-1";

/// Number of polls before a wait fails.
const MAX_POLLS: u32 = 100_000;

/// An API server in memory with one node.
pub(crate) struct Cluster {
    pub(crate) server: ApiServer,
    pub(crate) node: Option<Running>,
    pub(crate) client: Client,
}

impl Cluster {
    pub(crate) async fn new() -> Cluster {
        Cluster::with(|node| node).await
    }

    /// Starts a cluster whose node has settings of its own.
    pub(crate) async fn with(set_up: impl FnOnce(Node) -> Node) -> Cluster {
        let server = ApiServer::new();
        let client = server.client();
        let node = set_up(Node::new(client.clone()).named(NODE)).start().await.unwrap();
        Cluster { client, server, node: Some(node) }
    }

    /// Restarts the node's process: by SIGTERM, or killed.
    pub(crate) async fn restart_node(&mut self, is_killed: bool) {
        match self.node.take() {
            Some(node) if is_killed => drop(node),
            Some(node) => node.stop().await,
            None => {}
        }
        self.node = Some(Node::new(self.client.clone()).named(NODE).start().await.unwrap());
    }

    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::default_namespaced(self.client.clone())
    }

    /// Creates a Pod with one container on the node.
    pub(crate) async fn run(&self, name: &str, annotations: Value) -> Value {
        self.create(name, annotations, json!({"containers": [{"name": "app", "image": "nginx:1.27"}]})).await
    }

    /// Creates a Pod on the node.
    pub(crate) async fn create(&self, name: &str, annotations: Value, mut spec: Value) -> Value {
        spec["nodeName"] = NODE.into();
        let pod = json!({"metadata": {"name": name, "annotations": annotations}, "spec": spec});
        let pod = serde_json::from_value(pod).unwrap();
        serde_json::to_value(self.pods().create(&PostParams::default(), &pod).await.unwrap()).unwrap()
    }

    pub(crate) async fn get(&self, name: &str) -> Option<Value> {
        let pod = self.pods().get_opt(name).await.unwrap();
        pod.map(|pod| serde_json::to_value(pod).unwrap())
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.pods().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until the Pod satisfies a predicate.
    pub(crate) async fn wait(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        for _ in 0..MAX_POLLS {
            last = self.get(name).await;
            if let Some(pod) = last.as_ref().filter(|pod| wanted(pod)) {
                return pod.clone();
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} does not get there: {last:#?}");
    }

    /// Waits until the Pod is gone, and returns the seconds that it took.
    pub(crate) async fn wait_gone(&self, name: &str) -> u64 {
        let begin = tokio::time::Instant::now();
        for _ in 0..MAX_POLLS {
            if self.get(name).await.is_none() {
                return begin.elapsed().as_secs();
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} stays: {:#?}", self.get(name).await);
    }

    /// Returns the events of a Pod: reason, message and count.
    pub(crate) async fn events(&self, pod: &str) -> Vec<(String, String, i32)> {
        let events: Api<k8s_openapi::api::core::v1::Event> = Api::default_namespaced(self.client.clone());
        let about = ListParams::default().fields(&format!("involvedObject.name={pod}"));
        let events = events.list(&about).await.unwrap().items.into_iter();
        let fields = |event: k8s_openapi::api::core::v1::Event| {
            (event.reason.unwrap_or_default(), event.message.unwrap_or_default(), event.count.unwrap_or(0))
        };
        events.map(fields).collect()
    }

    /// Returns one of the node's metrics.
    pub(crate) fn counted(&self, name: &str) -> i64 {
        let metrics = self.node.as_ref().unwrap().metrics().to_string();
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("fake_node_{name} ")));
        line.unwrap().parse().unwrap()
    }
}

/// True if a condition is true.
pub(crate) fn is(condition: &str) -> impl Fn(&Value) -> bool {
    move |pod| {
        let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|it| it["type"] == condition && it["status"] == "True")
    }
}

/// True if a Pod is in a phase.
pub(crate) fn phase(phase: &str) -> impl Fn(&Value) -> bool {
    move |pod| pod["status"]["phase"] == phase
}

/// Returns the status of the first container.
pub(crate) fn app(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

pub(crate) async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}
