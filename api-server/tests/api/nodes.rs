//! Nodes.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

async fn node(server: &Server, status: Value) -> (String, Value) {
    let name = format!("node-of-{}", server.namespace);
    let node = json!({"metadata": {"name": name}, "status": status});
    let node = server.post("/api/v1/nodes", node).await.expect(201);
    (format!("/api/v1/nodes/{name}"), node)
}

pub(crate) async fn unreserved_capacity_is_allocatable(server: &Server) {
    let (path, created) = node(server, json!({"capacity": {"cpu": "4", "pods": "110"}})).await;
    assert_eq!(created["status"]["allocatable"], json!({"cpu": "4", "pods": "110"}));
    assert_eq!(created["metadata"].get("generation"), None);
    server.delete(&path, json!({})).await.expect(200);
}

pub(crate) async fn a_node_is_told_apart_by_its_conditions(server: &Server) {
    let (path, _) = node(server, json!({"conditions": [{"type": "Ready", "status": "False"}]})).await;
    let patch = json!({"metadata": {"labels": {"zone": "a"}}, "spec": {"unschedulable": true}, "status": {
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}});
    let written = server.strategic_patch(&format!("{path}/status"), patch).await.expect(200);
    assert_has(
        &written,
        json!({"metadata": {"labels": {"zone": "a"}}, "status": {
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}]}}),
    );
    assert_eq!(written["spec"].get("unschedulable"), None);
    let cordoned = server.strategic_patch(&path, json!({"spec": {"unschedulable": true}})).await.expect(200);
    assert_has(
        &cordoned,
        json!({"spec": {"unschedulable": true}, "status": {"conditions": written["status"]["conditions"]}}),
    );
    let selected = format!(
        "/api/v1/nodes?fieldSelector=spec.unschedulable=true,metadata.name={}",
        path.rsplit('/').next().unwrap()
    );
    assert_eq!(server.get(&selected).await.expect(200)["items"].as_array().unwrap().len(), 1);
    server.delete(&path, json!({})).await.expect(200);
}
