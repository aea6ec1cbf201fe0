//! The subresource `status`.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

fn container(state: Value) -> Value {
    json!({"status": {"containerStatuses": [
        {"name": "app", "image": "nginx", "imageID": "", "ready": false, "restartCount": 0, "state": state}]}})
}

fn ended(exit_code: i32) -> Value {
    json!({"terminated": {"exitCode": exit_code, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}})
}

pub(crate) async fn the_status_is_written_apart_from_the_rest(server: &Server) {
    server.create_pod("web").await;
    let both = json!({"spec": {"restartPolicy": "Never"}, "status": {"phase": "Running", "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}]}});
    let written = server.merge_patch(&server.path("pods/web/status"), both).await.expect(200);
    assert_has(
        &written,
        json!({"spec": {"restartPolicy": "Always"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
    );
    let both = json!({"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Failed"}});
    let written = server.merge_patch(&server.path("pods/web"), both).await.expect(200);
    assert_has(&written, json!({"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Running"}}));
    let mut replaced = written;
    replaced["status"]["phase"] = "Succeeded".into();
    let replaced = server.put(&server.path("pods/web/status"), replaced).await.expect(200);
    assert_eq!(replaced["status"]["phase"], "Succeeded");
    assert_eq!(server.get(&server.path("pods/web/status")).await.expect(200)["status"]["phase"], "Succeeded");
}

pub(crate) async fn a_container_that_is_not_to_be_restarted_does_not_run_again(server: &Server) {
    for (name, policy, code) in [("never", "Never", 1), ("on-failure", "OnFailure", 0)] {
        server.create_pod_with(name, json!({"restartPolicy": policy})).await;
        let path = server.path(&format!("pods/{name}/status"));
        server.strategic_patch(&path, container(ended(code))).await.expect(200);
        let again = container(json!({"running": {"startedAt": "2026-01-01T00:00:02Z"}}));
        let refused = server.strategic_patch(&path, again).await.expect(422);
        assert_has(
            &refused["details"]["causes"][0],
            json!({"reason": "FieldValueForbidden", "field": "status.containerStatuses[0].state",
                "message": "Forbidden: may not be transitioned to non-terminated state"}),
        );
    }
}

pub(crate) async fn a_container_that_is_to_be_restarted_runs_again(server: &Server) {
    for (name, policy, code) in [("always", "Always", 0), ("on-failure", "OnFailure", 1)] {
        server.create_pod_with(name, json!({"restartPolicy": policy})).await;
        let path = server.path(&format!("pods/{name}/status"));
        server.strategic_patch(&path, container(ended(code))).await.expect(200);
        let again = container(json!({"running": {"startedAt": "2026-01-01T00:00:02Z"}}));
        server.strategic_patch(&path, again).await.expect(200);
    }
}

pub(crate) async fn the_quality_of_service_stays(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web/status");
    let refused = server.merge_patch(&path, json!({"status": {"qosClass": "Guaranteed"}})).await.expect(422);
    assert_eq!(refused["details"]["causes"][0]["field"], "status.qosClass");
    let forgotten = server.merge_patch(&path, json!({"status": {"qosClass": null}})).await.expect(200);
    assert_eq!(forgotten["status"]["qosClass"], "BestEffort");
}

pub(crate) async fn a_status_can_be_written_with_labels(server: &Server) {
    server.create_pod("web").await;
    let patch = json!({"metadata": {"labels": {"a": "b"}, "ownerReferences": [
        {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"}]}, "status": {"phase": "Running"}});
    let written = server.merge_patch(&server.path("pods/web/status"), patch).await.expect(200);
    assert_eq!(written["metadata"]["labels"], json!({"app": "web", "a": "b"}));
    assert_eq!(written["metadata"].get("ownerReferences"), None);
}
