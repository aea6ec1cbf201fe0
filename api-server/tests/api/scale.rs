//! The subresource `scale`.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

async fn deployment(server: &Server) -> String {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let template =
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "i"}]}});
    let web = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": template,
        "selector": {"matchLabels": {"app": "web"}}}});
    server.post(&path, web).await.expect(201);
    format!("{path}/web")
}

pub(crate) async fn a_scale_shows_the_replicas_of_its_object(server: &Server) {
    let path = deployment(server).await;
    let scale = server.get(&format!("{path}/scale")).await.expect(200);
    assert_has(
        &scale,
        json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "web", "namespace": server.namespace},
            "spec": {"replicas": 2}, "status": {"replicas": 0, "selector": "app=web"}}),
    );
    server.get(&format!("{path}x/scale")).await.refused(404, "NotFound", "deployments.apps \"webx\" not found");
}

pub(crate) async fn writing_a_scale_changes_the_replicas_and_counts_the_generation(server: &Server) {
    let path = deployment(server).await;
    let mut scale = server.get(&format!("{path}/scale")).await.expect(200);
    scale["spec"]["replicas"] = json!(5);
    let replaced = server.put(&format!("{path}/scale"), scale.clone()).await.expect(200);
    assert_eq!(replaced["spec"]["replicas"], 5);
    let patched = server.merge_patch(&format!("{path}/scale"), json!({"spec": {"replicas": 7}})).await.expect(200);
    assert_eq!(patched["spec"]["replicas"], 7);
    let web = server.get(&path).await.expect(200);
    assert_eq!((&web["spec"]["replicas"], &web["metadata"]["generation"]), (&json!(7), &json!(3)));
    // The version that it was read at is an older one by now.
    let late = server.put(&format!("{path}/scale"), scale).await.expect(409);
    assert_eq!(late["reason"], "Conflict");
}

pub(crate) async fn there_are_no_fewer_replicas_than_none(server: &Server) {
    let path = format!("{}/scale", deployment(server).await);
    let patch = |replicas: Value| json!({"spec": {"replicas": replicas}});
    let refused = server.merge_patch(&path, patch(json!(-1))).await.expect(422);
    assert_has(&refused, json!({"reason": "Invalid", "details": {"causes": [{"field": "spec.replicas"}]}}));
    let none = server.merge_patch(&path, patch(json!(0))).await.expect(200);
    assert_eq!(none["spec"], json!({}));
}
