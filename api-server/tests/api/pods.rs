//! The other subresources of Pods.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

fn binding(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"kind": "Node", "name": "node-1"}})
}

fn eviction(name: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})
}

pub(crate) async fn a_pod_is_bound_once(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web/binding");
    let bound = server.post(&path, binding("web")).await.expect(201);
    assert_has(&bound, json!({"kind": "Status", "status": "Success"}));
    let pod = server.get(&server.path("pods/web")).await.expect(200);
    assert_has(&pod, json!({"metadata": {"generation": 1}, "spec": {"nodeName": "node-1"}}));
    assert_has(&pod["status"]["conditions"], json!([{"type": "PodScheduled", "status": "True"}]));
    let again = server.post(&path, binding("web")).await;
    again.refused(
        409,
        "Conflict",
        "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"node-1\"",
    );
    let other = server.post(&path, binding("other")).await;
    other.refused(400, "BadRequest", "name in URL does not match name in Binding object");
}

pub(crate) async fn a_gated_pod_is_not_bound(server: &Server) {
    server.create_pod_with("web", json!({"schedulingGates": [{"name": "example.com/quota"}]})).await;
    server.post(&server.path("pods/web/binding"), binding("web")).await.refused(
        409,
        "Conflict",
        "Operation cannot be fulfilled on pods/binding \"web\": pod web has non-empty .spec.schedulingGates",
    );
    server.merge_patch(&server.path("pods/web"), json!({"spec": {"schedulingGates": null}})).await.expect(200);
    server.post(&server.path("pods/web/binding"), binding("web")).await.expect(201);
}

pub(crate) async fn an_eviction_says_why_and_deletes(server: &Server) {
    server.create_pod_with("web", json!({"nodeName": "node-1"})).await;
    let other = server.post(&server.path("pods/web/eviction"), eviction("other")).await;
    other.refused(400, "BadRequest", "name in URL does not match name in Eviction object");
    let evicted = server.post(&server.path("pods/web/eviction"), eviction("web")).await.expect(201);
    assert_has(&evicted, json!({"kind": "Status", "status": "Success"}));
    let pod = server.get(&server.path("pods/web")).await.expect(200);
    assert_has(
        &pod["status"]["conditions"],
        json!([{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting"}]),
    );
    assert_has(&pod, json!({"metadata": {"deletionGracePeriodSeconds": 30, "generation": 2}}));
}

pub(crate) async fn an_eviction_asks_the_disruption_budget(server: &Server) {
    server.create_pod_with("web", json!({"nodeName": "node-1"})).await;
    let running = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    server.strategic_patch(&server.path("pods/web/status"), running).await.expect(200);
    let budgets = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", server.namespace);
    let budget = json!({"metadata": {"name": "front"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}});
    server.post(&budgets, budget).await.expect(201);
    let violated = "Cannot evict pod as it would violate the pod's disruption budget.";
    let allow = |disruptions: u32, healthy: u32| {
        let path = format!("{budgets}/front/status");
        let status = json!({"disruptionsAllowed": disruptions, "currentHealthy": healthy, "desiredHealthy": 1,
            "expectedPods": 1, "observedGeneration": 1});
        async move { server.merge_patch(&path, json!({"status": status})).await.expect(200) }
    };
    let evict = || async { server.post(&server.path("pods/web/eviction"), eviction("web")).await };
    evict().await.refused(429, "TooManyRequests", violated);
    allow(0, 1).await;
    let refused = evict().await.refused(429, "TooManyRequests", violated);
    assert_has(
        &refused["details"]["causes"],
        json!([{"reason": "DisruptionBudget", "message": "The disruption budget front needs 1 healthy pods and has 1 currently"}]),
    );
    allow(1, 2).await;
    evict().await.expect(201);
    let spent = server.get(&format!("{budgets}/front")).await.expect(200);
    assert_eq!(spent["status"]["disruptionsAllowed"], 0);
    assert!(spent["status"]["disruptedPods"]["web"].is_string());
}

pub(crate) async fn ephemeral_containers_are_added_and_never_changed(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web/ephemeralcontainers");
    let container = |name: &str, image: &str| json!({"spec": {"ephemeralContainers": [{"name": name, "image": image, "targetContainerName": "app"}]}});
    let pod = server.strategic_patch(&path, container("debug", "busybox:1")).await.expect(200);
    assert_has(&pod["spec"]["ephemeralContainers"], json!([{"name": "debug", "terminationMessagePolicy": "File"}]));
    assert_eq!(pod["metadata"]["generation"], 2);
    let refused = server.strategic_patch(&path, container("debug", "busybox:2")).await.expect(422);
    assert_eq!(refused["details"]["causes"][0]["field"], "spec.ephemeralContainers");
    let labelled = server.merge_patch(&server.path("pods/web"), json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(labelled.expect(200)["spec"]["ephemeralContainers"][0]["name"], "debug");
    let mut created = crate::server::pod("new", json!({}));
    created["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "busybox"}]);
    let refused = server.post(&server.path("pods"), created).await.expect(422);
    assert_eq!(refused["details"]["causes"][0]["field"], "spec.ephemeralContainers");
}

pub(crate) async fn resources_can_be_resized(server: &Server) {
    let resources = json!({"requests": {"cpu": "100m"}});
    let containers = json!([{"name": "app", "image": "nginx:1", "resources": resources}]);
    server.create_pod_with("web", json!({"containers": containers})).await;
    let path = server.path("pods/web/resize");
    let resize = |container: Value| json!({"spec": {"containers": [container]}});
    let larger = json!({"name": "app", "image": "ignored", "resources": {"requests": {"cpu": "200m"}}});
    let resized = server.strategic_patch(&path, resize(larger)).await.expect(200);
    assert_has(
        &resized,
        json!({"metadata": {"generation": 2}, "spec": {"containers": [
            {"name": "app", "image": "nginx:1", "resources": {"requests": {"cpu": "200m"}}}]}}),
    );
    let other = json!({"name": "more", "image": "nginx"});
    server.strategic_patch(&path, resize(other)).await.expect(422);
    let guaranteed = json!({"name": "app", "resources": {"limits": {"cpu": "200m", "memory": "1Gi"}, "requests": {"cpu": "200m", "memory": "1Gi"}}});
    server.strategic_patch(&path, resize(guaranteed)).await.expect(422);
}
