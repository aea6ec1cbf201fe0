//! Replacing objects.

use serde_json::{Value, json};

use crate::server::{Server, assert_has, pod};

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap()
}

pub(crate) async fn a_replaced_object_is_as_it_is_written(server: &Server) {
    let path = server.path("configmaps");
    let settings = |data: Value| json!({"metadata": {"name": "settings"}, "data": data});
    let first = server.post(&path, settings(json!({"a": "1", "b": "2"}))).await.expect(201);
    let second = server.put(&server.path("configmaps/settings"), settings(json!({"b": "3"}))).await.expect(200);
    assert_eq!(second["data"], json!({"b": "3"}));
    for field in ["uid", "creationTimestamp"] {
        assert_eq!(second["metadata"][field], first["metadata"][field]);
    }
    assert_ne!(version(&second), version(&first));
    server.put(&server.path("configmaps/none"), json!({"metadata": {"name": "none"}})).await.refused(
        404,
        "NotFound",
        "configmaps \"none\" not found",
    );
}

pub(crate) async fn an_object_that_has_changed_meanwhile_is_not_replaced(server: &Server) {
    let first = server.create_pod("web").await;
    server.merge_patch(&server.path("pods/web"), json!({"metadata": {"labels": {"changed": "yes"}}})).await.expect(200);
    let late = server.put(&server.path("pods/web"), first).await;
    let message = format!("Operation cannot be fulfilled on pods \"web\": {MODIFIED}");
    let status = late.refused(409, "Conflict", &message);
    assert_eq!(status["details"], json!({"name": "web", "kind": "pods"}));
}

pub(crate) async fn another_object_of_that_name_is_not_replaced(server: &Server) {
    server.create_pod("web").await;
    let mut other = pod("web", json!({}));
    other["metadata"]["uid"] = "another".into();
    let refused = server.put(&server.path("pods/web"), other).await.expect(409);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("Precondition failed: UID in precondition: another, UID in object meta: "), "{message}");
    let patched =
        server.merge_patch(&server.path("pods/web"), json!({"metadata": {"uid": "another"}})).await.expect(422);
    assert_has(
        &patched["details"]["causes"][0],
        json!({"field": "metadata.uid", "message": "Invalid value: \"another\": field is immutable"}),
    );
}

pub(crate) async fn a_name_does_not_change(server: &Server) {
    server.create_pod("web").await;
    let message = "the name of the object (db) does not match the name on the URL (web)";
    server.put(&server.path("pods/web"), pod("db", json!({}))).await.refused(400, "BadRequest", message);
    let renamed = server.merge_patch(&server.path("pods/web"), json!({"metadata": {"name": "db"}})).await;
    renamed.refused(400, "BadRequest", message);
    let moved = server.merge_patch(&server.path("pods/web"), json!({"metadata": {"namespace": "x"}})).await;
    moved.refused(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    );
}

pub(crate) async fn what_the_server_writes_cannot_be_written(server: &Server) {
    let before = server.create_pod("web").await;
    let metadata = json!({"generation": 7, "creationTimestamp": "2001-01-01T00:00:00Z", "selfLink": "/x",
        "labels": {"a": "b"}});
    let after = server.merge_patch(&server.path("pods/web"), json!({"metadata": metadata})).await.expect(200);
    assert_eq!(after["metadata"]["generation"], 1);
    assert_eq!(after["metadata"]["creationTimestamp"], before["metadata"]["creationTimestamp"]);
    assert_eq!(after["metadata"]["labels"]["a"], "b");
    let deleted = json!({"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}});
    let refused = server.merge_patch(&server.path("pods/web"), deleted).await.expect(422);
    assert_eq!(refused["details"]["causes"][0]["field"], "metadata.deletionTimestamp");
}

pub(crate) async fn the_generation_counts_new_specs_and_nothing_else(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web");
    let generation = |pod: Value| pod["metadata"]["generation"].as_i64().unwrap();
    let labelled = server.merge_patch(&path, json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    assert_eq!(generation(labelled), 1);
    let running = json!({"status": {"phase": "Running"}});
    let running = server.merge_patch(&server.path("pods/web/status"), running).await.expect(200);
    assert_eq!(generation(running), 1);
    let image = json!({"spec": {"containers": [{"name": "app", "image": "nginx:1.28"}]}});
    let changed = server.strategic_patch(&path, image).await.expect(200);
    assert_eq!(changed["status"]["phase"], "Running");
    assert_eq!(generation(changed), 2);
    let map = json!({"metadata": {"name": "settings"}, "data": {}});
    let map = server.post(&server.path("configmaps"), map).await.expect(201);
    assert_eq!(map["metadata"].get("generation"), None);
}

pub(crate) async fn what_changes_nothing_is_no_change(server: &Server) {
    let before = server.create_pod("web").await;
    let path = server.path("pods/web");
    let same = server.merge_patch(&path, json!({"metadata": {"labels": {"app": "web"}}})).await.expect(200);
    assert_eq!(version(&same), version(&before));
    let same = server.put(&path, before.clone()).await.expect(200);
    assert_eq!(version(&same), version(&before));
}

pub(crate) async fn a_pod_can_change_its_image_and_little_else(server: &Server) {
    server.create_pod_with("web", json!({"activeDeadlineSeconds": 100})).await;
    let path = server.path("pods/web");
    let patch =
        |spec: Value| async move { server.strategic_patch(&server.path("pods/web"), json!({"spec": spec})).await };
    patch(json!({"containers": [{"name": "app", "image": "nginx:1.28"}]})).await.expect(200);
    patch(json!({"activeDeadlineSeconds": 50})).await.expect(200);
    for (spec, field) in [
        (json!({"restartPolicy": "Never"}), "spec"),
        (json!({"nodeName": "node-1"}), "spec"),
        (json!({"containers": [{"name": "app", "command": ["true"]}]}), "spec"),
        (json!({"activeDeadlineSeconds": 60}), "spec.activeDeadlineSeconds"),
        (json!({"containers": [{"name": "more", "image": "nginx"}]}), "spec.containers"),
        (json!({"schedulingGates": [{"name": "example.com/late"}]}), "spec.schedulingGates[0].name"),
    ] {
        let refused = patch(spec).await.expect(422);
        let fields: Vec<&Value> =
            refused["details"]["causes"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
        assert!(fields.contains(&&json!(field)), "{field}: {refused:#}");
    }
    let stored = server.get(&path).await.expect(200);
    assert_has(&stored["spec"], json!({"restartPolicy": "Always", "activeDeadlineSeconds": 50}));
    assert_eq!(stored["metadata"]["generation"], 3);
}

pub(crate) async fn labels_have_to_be_well_formed(server: &Server) {
    server.create_pod("web").await;
    for (metadata, field) in [
        (json!({"labels": {"a b": "c"}}), "metadata.labels"),
        (json!({"labels": {"a": "b c"}}), "metadata.labels"),
        (json!({"annotations": {"a b": "c"}}), "metadata.annotations"),
        (json!({"finalizers": ["a b/c"]}), "metadata.finalizers"),
    ] {
        let refused = server.merge_patch(&server.path("pods/web"), json!({"metadata": metadata})).await.expect(422);
        assert_eq!(refused["details"]["causes"][0]["field"], field);
    }
}
