//! Namespaces.

use serde_json::json;

use crate::server::{Server, assert_has, pod};

pub(crate) async fn some_namespaces_stay(server: &Server) {
    let refused = server.delete("/api/v1/namespaces/default", json!({})).await;
    refused.refused(403, "Forbidden", "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

pub(crate) async fn nothing_new_comes_into_a_namespace_that_goes(server: &Server) {
    server.create_pod("web").await;
    let going = server.delete(&format!("/api/v1/namespaces/{}", server.namespace), json!({})).await.expect(200);
    assert_has(&going, json!({"status": {"phase": "Terminating"}, "spec": {"finalizers": ["kubernetes"]}}));
    let namespace = &server.namespace;
    let refused = server.post(&server.path("pods"), pod("late", json!({}))).await.expect(403);
    let message = format!(
        "pods \"late\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated"
    );
    assert_eq!((&refused["reason"], refused["message"].as_str()), (&json!("Forbidden"), Some(&*message)));
    server.get(&server.path("pods/web")).await.expect(200);
    server.delete(&server.path("pods/web"), json!({})).await.expect(200);
}

pub(crate) async fn a_namespace_goes_when_it_is_finalized(server: &Server) {
    let path = format!("/api/v1/namespaces/{}", server.namespace);
    let going = server.delete(&path, json!({})).await.expect(200);
    let mut emptied = going;
    emptied["spec"] = json!({});
    server.put(&format!("{path}/finalize"), emptied).await.expect(200);
    // The real one takes it out with the next deletion, which its controller sends.
    server.delete(&path, json!({})).await;
    server.get(&path).await.expect(404);
}
