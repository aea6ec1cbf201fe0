//! Node objects.

use fake_node::{Node, api_server::ApiServer};
use k8s_openapi::api::{coordination::v1::Lease, core::v1};
use kube::{Api, api::ListParams};
use serde_json::{Value, json};

use crate::cluster::{Cluster, NODE, seconds};

#[tokio::test(start_paused = true)]
async fn a_node_is_as_a_scheduler_wants_it() {
    let cluster = Cluster::with(|node| node.with_taint("fake=true:NoSchedule".parse().unwrap())).await;
    let nodes: Api<v1::Node> = Api::all(cluster.client.clone());
    let node: Value = serde_json::to_value(nodes.get(NODE).await.unwrap()).unwrap();
    let status = &node["status"];
    let wanted = json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"});
    assert_eq!((&status["allocatable"], &status["capacity"]), (&wanted, &wanted));
    assert_eq!(node["metadata"]["labels"]["kubernetes.io/hostname"], NODE);
    assert_eq!(node["spec"]["podCIDR"], "10.64.0.0/22");
    assert_eq!(node["spec"]["taints"][0]["effect"], "NoSchedule");
    let features = status["declaredFeatures"].as_array().unwrap();
    assert!(features.contains(&json!("RestartAllContainersOnContainerExits")));
    let ready = status["conditions"].as_array().unwrap().iter().find(|it| it["type"] == "Ready").unwrap();
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("True"), &json!("KubeletReady")));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_every_ten_seconds() {
    let cluster = Cluster::new().await;
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), "kube-node-lease");
    let renewed = async || leases.get(NODE).await.unwrap().spec.unwrap().renew_time.unwrap().0;
    let before = renewed().await;
    seconds(61).await;
    let later = renewed().await.duration_since(before).as_secs();
    assert!((50..=61).contains(&later), "{later}");
    assert_eq!(cluster.counted("lease_failures_total"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_deleted_is_registered_again() {
    let cluster = Cluster::new().await;
    let nodes: Api<v1::Node> = Api::all(cluster.client.clone());
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), "kube-node-lease");
    nodes.delete(NODE, &Default::default()).await.unwrap();
    // Garbage collection takes the lease with its node.
    seconds(1).await;
    assert!(leases.get_opt(NODE).await.unwrap().is_none());
    seconds(15).await;
    assert!(nodes.get_opt(NODE).await.unwrap().is_some() && leases.get_opt(NODE).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn one_process_has_many_nodes() {
    let server = ApiServer::new();
    let running = Node::new(server.client()).replicas("fake-", 100).start().await.unwrap();
    let nodes: Api<v1::Node> = Api::all(server.client());
    assert_eq!(nodes.list(&ListParams::default()).await.unwrap().items.len(), 100);
    let pods: Api<v1::Pod> = Api::default_namespaced(server.client());
    for number in 0..100 {
        let pod = json!({
            "metadata": {"name": format!("web-{number}")},
            "spec": {"nodeName": format!("fake-{number}"), "containers": [{"name": "app", "image": "i"}]},
        });
        pods.create(&Default::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    }
    seconds(5).await;
    let pods = pods.list(&ListParams::default()).await.unwrap().items;
    let mut addresses: Vec<_> = pods.iter().map(|pod| pod.status.clone().unwrap().pod_ip.unwrap()).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 100);
    drop(running);
}
