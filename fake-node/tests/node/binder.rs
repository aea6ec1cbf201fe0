//! The binder: which node a Pod gets, and what is said of one that gets none.

use std::{collections::BTreeMap, time::Duration};

use fake_node::{Binder, Node, Running, RunningBinder, api_server::ApiServer};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::sleep;

struct Cluster {
    server: ApiServer,
    _running: (Running, RunningBinder),
}

impl Cluster {
    async fn start(set_up: impl FnOnce(Node) -> Node) -> Cluster {
        let server = ApiServer::new();
        let running = set_up(Node::new(server.client()).replicas("n-", 3)).start().await.unwrap();
        let binder = Binder::new(server.client()).start();
        Cluster { server, _running: (running, binder) }
    }

    fn pods(&self) -> Api<Pod> {
        Api::default_namespaced(self.server.client())
    }

    async fn create(&self, name: &str, mut spec: Value) {
        if spec["containers"].is_null() {
            spec["containers"] = json!([{"name": "app", "image": "nginx"}]);
        }
        let pod = json!({"metadata": {"name": name}, "spec": spec});
        self.pods().create(&Default::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    }

    /// Returns the Pod's node, or the message of its condition `PodScheduled`.
    async fn place(&self, name: &str) -> Result<String, String> {
        sleep(Duration::from_secs(3)).await;
        let pod = self.pods().get(name).await.unwrap();
        if let Some(node) = pod.spec.unwrap().node_name {
            return Ok(node);
        }
        let conditions = pod.status.unwrap().conditions.unwrap_or_default();
        let scheduled = conditions.into_iter().find(|condition| condition.type_ == "PodScheduled");
        Err(scheduled.map(|condition| condition.message.unwrap()).unwrap_or_default())
    }

    async fn patch_node(&self, name: &str, patch: Value) {
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(self.server.client());
        nodes.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
}

fn asks(cpu: &str) -> Value {
    json!({"containers": [{"name": "app", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]})
}

#[tokio::test(start_paused = true)]
async fn pods_are_spread_by_count() {
    let cluster = Cluster::start(|node| node).await;
    for number in 0..9 {
        cluster.create(&format!("web-{number}"), json!({})).await;
    }
    let mut counts = BTreeMap::new();
    for number in 0..9 {
        *counts.entry(cluster.place(&format!("web-{number}")).await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [3, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_fits_nowhere_is_reported_once_and_bound_when_there_is_room() {
    let cluster = Cluster::start(|node| node.with_capacity("cpu", "4")).await;
    for number in 0..3 {
        cluster.create(&format!("large-{number}"), asks("3")).await;
    }
    sleep(Duration::from_secs(1)).await;
    cluster.create("late", asks("2")).await;
    let message = "0/3 nodes are available: 3 Insufficient cpu.";
    assert_eq!(cluster.place("late").await, Err(message.into()));
    let events: Api<Event> = Api::default_namespaced(cluster.server.client());
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let failed: Vec<_> = events.iter().filter(|event| event.reason.as_deref() == Some("FailedScheduling")).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].message.as_deref(), Some(message));
    assert_eq!(failed[0].involved_object.name.as_deref(), Some("late"));

    cluster.pods().delete("large-1", &Default::default()).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert!(cluster.place("late").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn taints_selectors_and_cordons_rule_nodes_out() {
    let cluster = Cluster::start(|node| node).await;
    cluster.patch_node("n-0", json!({"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}})).await;
    cluster.patch_node("n-1", json!({"metadata": {"labels": {"zone": "b"}}})).await;
    cluster.patch_node("n-2", json!({"spec": {"unschedulable": true}})).await;
    cluster.create("plain", json!({})).await;
    assert_eq!(cluster.place("plain").await.as_deref(), Ok("n-1"));
    let tolerations = json!([{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]);
    cluster.create("gpu", json!({"tolerations": tolerations, "nodeSelector": {"kubernetes.io/hostname": "n-0"}})).await;
    assert_eq!(cluster.place("gpu").await.as_deref(), Ok("n-0"));
    cluster.create("nowhere", json!({"nodeSelector": {"zone": "c"}})).await;
    let message = "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, \
                   1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.";
    assert_eq!(cluster.place("nowhere").await, Err(message.into()));
}

#[tokio::test(start_paused = true)]
async fn a_critical_pod_without_room_waits_since_nothing_is_preempted() {
    let cluster = Cluster::start(|node| node.with_capacity("cpu", "4")).await;
    for number in 0..3 {
        cluster.create(&format!("large-{number}"), asks("3")).await;
    }
    sleep(Duration::from_secs(1)).await;
    let mut spec = asks("2");
    spec["priorityClassName"] = json!("system-node-critical");
    cluster.create("critical", spec).await;
    assert_eq!(cluster.place("critical").await, Err("0/3 nodes are available: 3 Insufficient cpu.".into()));
}

#[tokio::test(start_paused = true)]
async fn pods_of_another_scheduler_and_gated_ones_are_left_alone() {
    let cluster = Cluster::start(|node| node).await;
    cluster.create("other", json!({"schedulerName": "other"})).await;
    cluster.create("gated", json!({"schedulingGates": [{"name": "example.com/wait"}]})).await;
    assert!(cluster.place("other").await.is_err());
    assert!(cluster.place("gated").await.is_err());
    let opened = Patch::Merge(json!({"spec": {"schedulingGates": null}}));
    cluster.pods().patch("gated", &PatchParams::default(), &opened).await.unwrap();
    assert!(cluster.place("gated").await.is_ok());
}
