//! The test of docs/testing/rust-kube.md, as it stands there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::time::Duration;

use fake_node::{Binder, Node, Running, RunningBinder, api_server::ApiServer};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::sleep;

/// A cluster with one node.
struct Cluster {
    pods: Api<Pod>,
    _running: (Running, RunningBinder),
}

impl Cluster {
    async fn start() -> Cluster {
        let server = ApiServer::new();
        let node = Node::new(server.client()).named("node-1").start().await.unwrap();
        let binder = Binder::new(server.client()).start();
        Cluster { pods: Api::default_namespaced(server.client()), _running: (node, binder) }
    }

    /// Creates a Pod and returns it after so many seconds.
    async fn run(&self, seconds: u64, metadata: Value) -> Pod {
        let spec = json!({"containers": [{"name": "app", "image": "nginx"}]});
        let pod = serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
        let created = self.pods.create(&Default::default(), &pod).await.unwrap();
        sleep(Duration::from_secs(seconds)).await;
        self.pods.get(&created.metadata.name.unwrap()).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop() {
    let cluster = Cluster::start().await;
    let pod = cluster.run(300, json!({"name": "flaky", "annotations": {"fake/exit": "app=1:1"}})).await;
    let status = pod.status.unwrap();
    let container = &status.container_statuses.unwrap()[0];
    let waiting = container.state.clone().unwrap().waiting.unwrap();
    assert_eq!(status.phase.as_deref(), Some("Running"));
    assert_eq!(waiting.reason.as_deref(), Some("CrashLoopBackOff"));
    assert!(container.restart_count >= 4);
}

#[tokio::test(start_paused = true)]
async fn an_eviction() {
    let cluster = Cluster::start().await;
    let pod = cluster.run(60, json!({"name": "hungry", "annotations": {"fake/evict-after": "pod=30"}})).await;
    let status = pod.status.unwrap();
    assert_eq!((status.phase.as_deref(), status.reason.as_deref()), (Some("Failed"), Some("Evicted")));
}

#[tokio::test(start_paused = true)]
async fn a_stuck_finalizer() {
    let cluster = Cluster::start().await;
    cluster.run(10, json!({"name": "held", "finalizers": ["example.com/hold"]})).await;
    cluster.pods.delete("held", &Default::default()).await.unwrap();
    sleep(Duration::from_secs(600)).await;
    let pod = cluster.pods.get("held").await.unwrap();
    assert!(pod.metadata.deletion_timestamp.is_some());
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    cluster.pods.patch("held", &PatchParams::default(), &free).await.unwrap();
    assert!(cluster.pods.get_opt("held").await.unwrap().is_none());
}
