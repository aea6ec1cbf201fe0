//! Pods that the node rejects.

use fake_node::Node;
use serde_json::json;

use crate::cluster::{Cluster, is, phase, seconds};

#[tokio::test(start_paused = true)]
async fn a_pod_with_an_invalid_annotation_is_rejected_with_an_event() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/exit": "db=5:1"})).await;
    let pod = cluster.wait("web", phase("Failed")).await;
    assert_eq!(pod["status"]["reason"], "InvalidFakeAnnotation");
    seconds(1).await;
    let events = cluster.events("web").await;
    let wanted = r#"fake/exit: the Pod has no container "db""#;
    assert!(
        events.iter().any(|(reason, message, _)| reason == "InvalidFakeAnnotation" && message.contains(wanted)),
        "{events:?}"
    );
    cluster.delete("web").await;
    cluster.wait_gone("web").await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_does_not_fit_is_rejected_until_resources_are_free() {
    let cluster = Cluster::with(|node| node.with_capacity("cpu", "2")).await;
    let spec = json!({"containers": [{"name": "app", "image": "i", "resources": {"requests": {"cpu": "1500m"}}}]});
    cluster.create("first", json!({}), spec.clone()).await;
    cluster.wait("first", is("Ready")).await;
    cluster.create("second", json!({}), spec.clone()).await;
    let pod = cluster.wait("second", phase("Failed")).await;
    assert_eq!(pod["status"]["reason"], "OutOfcpu");
    let message = pod["status"]["message"].as_str().unwrap();
    assert!(message.contains("cpu, requested: 1500, used: 1500, capacity: 2000"), "{message}");
    cluster.delete("first").await;
    cluster.wait_gone("first").await;
    cluster.create("third", json!({}), spec).await;
    cluster.wait("third", is("Ready")).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_rejects_pods_above_its_limit() {
    let cluster = Cluster::with(|node| node.with_capacity("pods", "2")).await;
    for name in ["a", "b"] {
        cluster.run(name, json!({})).await;
        cluster.wait(name, is("Ready")).await;
    }
    cluster.run("c", json!({})).await;
    assert_eq!(cluster.wait("c", phase("Failed")).await["status"]["reason"], "OutOfpods");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_selects_other_labels_is_rejected() {
    let cluster = Cluster::with(|node: Node| node.with_label("zone", "a")).await;
    let spec = |zone: &str| json!({"nodeSelector": {"zone": zone}, "containers": [{"name": "app", "image": "i"}]});
    cluster.create("there", json!({}), spec("a")).await;
    cluster.wait("there", is("Ready")).await;
    cluster.create("elsewhere", json!({}), spec("b")).await;
    assert_eq!(cluster.wait("elsewhere", phase("Failed")).await["status"]["reason"], "NodeAffinity");
}
