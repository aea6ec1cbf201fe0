//! Patching objects.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

const UNFIT: &str = "the server rejected our request due to an error in our request";

pub(crate) async fn a_merge_patch_merges_maps_and_replaces_lists(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web");
    let patch = json!({"metadata": {"labels": {"app": null, "tier": "front"}, "finalizers": ["example.com/a"]}});
    let patched = server.merge_patch(&path, patch).await.expect(200);
    assert_eq!(patched["metadata"]["labels"], json!({"tier": "front"}));
    let patched = server.merge_patch(&path, json!({"metadata": {"finalizers": ["example.com/b"]}})).await.expect(200);
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.com/b"]));
}

pub(crate) async fn a_strategic_patch_merges_lists_by_their_keys(server: &Server) {
    server.create_pod("web").await;
    let conditions = |list: Value| json!({"status": {"conditions": list}});
    let path = server.path("pods/web/status");
    let both =
        conditions(json!([{"type": "Ready", "status": "False", "reason": "Why"}, {"type": "Mine", "status": "True"}]));
    server.strategic_patch(&path, both).await.expect(200);
    let one =
        conditions(json!([{"type": "Ready", "status": "True", "reason": null}, {"type": "New", "status": "True"}]));
    let patched = server.strategic_patch(&path, one).await.expect(200);
    assert_has(
        &patched["status"]["conditions"],
        json!([{"type": "Ready", "status": "True"}, {"type": "New", "status": "True"}, {"type": "Mine", "status": "True"}]),
    );
    assert_eq!(patched["status"]["conditions"][0].get("reason"), None);
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    for list in [json!(["example.com/a"]), json!(["example.com/a", "example.com/b"])] {
        server.strategic_patch(&server.path("pods/web"), finalizers(list)).await.expect(200);
    }
    let pod = server.get(&server.path("pods/web")).await.expect(200);
    assert_eq!(pod["metadata"]["finalizers"], json!(["example.com/a", "example.com/b"]));
}

pub(crate) async fn a_strategic_patch_deletes_replaces_and_orders(server: &Server) {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let containers = json!([{"name": "a", "image": "i"}, {"name": "b", "image": "i"}, {"name": "c", "image": "i"}]);
    let volumes = json!([{"name": "data", "emptyDir": {}}]);
    let deployment = json!({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers, "volumes": volumes}}}});
    server.post(&path, deployment).await.expect(201);
    let path = format!("{path}/web");
    let patch = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
    let names = |deployment: &Value| -> Vec<String> {
        let containers = deployment["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter();
        containers.map(|container| container["name"].as_str().unwrap().to_owned()).collect()
    };
    let ordered = patch(json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]}));
    assert_eq!(names(&server.strategic_patch(&path, ordered).await.expect(200)), ["b", "c", "a"]);
    let deleted = patch(json!({"containers": [{"name": "b", "$patch": "delete"}, {"name": "d", "image": "i"}]}));
    assert_eq!(names(&server.strategic_patch(&path, deleted).await.expect(200)), ["d", "c", "a"]);
    let replaced = patch(json!({"containers": [{"name": "e", "image": "i"}, {"$patch": "replace"}]}));
    assert_eq!(names(&server.strategic_patch(&path, replaced).await.expect(200)), ["e"]);
    let retained = json!({"name": "data", "hostPath": {"path": "/x"}, "$retainKeys": ["name", "hostPath"]});
    let patched = server.strategic_patch(&path, patch(json!({"volumes": [retained]}))).await.expect(200);
    let volume = &patched["spec"]["template"]["spec"]["volumes"][0];
    assert_eq!((volume["hostPath"]["path"].as_str(), volume.get("emptyDir")), (Some("/x"), None));
    let cleared = json!({"spec": {"template": {"metadata": {"labels": {"$patch": "replace", "app": "web"}}}}});
    let patched = server.strategic_patch(&path, cleared).await.expect(200);
    assert_eq!(patched["spec"]["template"]["metadata"]["labels"], json!({"app": "web"}));
}

pub(crate) async fn a_json_patch_goes_step_by_step(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web");
    let steps = json!([
        {"op": "test", "path": "/metadata/labels/app", "value": "web"},
        {"op": "add", "path": "/metadata/labels/example.com~1tier", "value": "front"},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "nginx:1.28"}
    ]);
    let patched = server.json_patch(&path, steps).await.expect(200);
    assert_eq!(patched["metadata"]["labels"], json!({"app": "web", "example.com/tier": "front"}));
    assert_eq!(patched["spec"]["containers"][0]["image"], "nginx:1.28");
    for step in [
        json!({"op": "test", "path": "/metadata/labels/app", "value": "db"}),
        json!({"op": "remove", "path": "/metadata/nothing"}),
        json!({"op": "fly", "path": "/metadata"}),
    ] {
        server.json_patch(&path, json!([step])).await.refused(422, "Invalid", UNFIT);
    }
    let unchanged = server.get(&path).await.expect(200);
    assert_eq!(unchanged["metadata"]["resourceVersion"], patched["metadata"]["resourceVersion"]);
}

pub(crate) async fn a_patch_that_is_none_is_refused(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web");
    for body in ["[]", "\"x\"", "{"] {
        for kind in ["application/merge-patch+json", "application/strategic-merge-patch+json"] {
            let refused = server.send("PATCH", &path, kind, body.into()).await.expect(400);
            assert_eq!(refused["reason"], "BadRequest", "{body} as {kind}");
        }
    }
    let refused = server.json_patch(&path, json!({})).await.expect(400);
    assert!(refused["message"].as_str().unwrap().starts_with("error decoding patch: "), "{refused}");
    let text = server.send("PATCH", &path, "text/plain", "{}".into()).await;
    text.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type");
}

pub(crate) async fn a_patch_of_what_is_not_there_is_refused(server: &Server) {
    let missing = server.merge_patch(&server.path("pods/web"), json!({})).await;
    missing.refused(404, "NotFound", "pods \"web\" not found");
}

pub(crate) async fn a_patch_can_say_on_which_version_it_is_based(server: &Server) {
    let pod = server.create_pod("web").await;
    let patch = |value: &str| json!({"metadata": {"resourceVersion": pod["metadata"]["resourceVersion"], "labels": {"a": value}}});
    let path = server.path("pods/web");
    server.strategic_patch(&path, patch("1")).await.expect(200);
    let late = server.strategic_patch(&path, patch("2")).await.expect(409);
    assert_eq!(late["reason"], "Conflict");
}

pub(crate) async fn a_strategic_patch_that_does_not_fit_is_refused(server: &Server) {
    server.create_pod("web").await;
    let path = server.path("pods/web");
    let keyless = server.strategic_patch(&path, json!({"spec": {"containers": [{"image": "x"}]}})).await;
    keyless.refused(500, "", "map: map[image:x] does not contain declared merge key: name");
    let disordered =
        json!({"containers": [{"name": "app", "image": "x"}], "$setElementOrder/containers": [{"name": "b"}]});
    server.strategic_patch(&path, json!({"spec": disordered})).await.refused(
        500,
        "",
        "The order in patch list:\n[map[image:x name:app]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
    );
    for patch in [json!({"spec": {"containers": "x"}}), json!({"metadata": "x"})] {
        let refused = server.strategic_patch(&path, patch).await.expect(422);
        assert_eq!(refused["details"]["causes"][0]["field"], "patch");
    }
}
