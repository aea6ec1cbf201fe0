//! Custom resources.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, names};

/// Defines widgets, in a group of the test's own, and waits until they are served.
async fn define(server: &Server) -> (String, String) {
    let group = format!("{}.example.com", server.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]
        }
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    server.post(definitions, definition).await.expect(201);
    let path = format!("{definitions}/widgets.{group}");
    for _ in 0..200 {
        let conditions = server.get(&path).await.expect(200)["status"]["conditions"].clone();
        let mut conditions = conditions.as_array().cloned().unwrap_or_default().into_iter();
        let is_established = conditions.any(|one| one["type"] == "Established" && one["status"] == "True");
        let widgets = format!("/apis/{group}/v1/namespaces/{}/widgets", server.namespace);
        if is_established && server.get(&widgets).await.code == 200 {
            return (path, widgets);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} is not established");
}

fn widget(server: &Server, spec: Value) -> Value {
    json!({"apiVersion": format!("{}.example.com/v1", server.namespace), "kind": "Widget",
        "metadata": {"name": "blue"}, "spec": spec, "status": {"seen": true}})
}

pub(crate) async fn what_is_defined_is_served(server: &Server) {
    let (definition, widgets) = define(server).await;
    let created = server.post(&widgets, widget(server, json!({"size": 1}))).await.expect(201);
    assert_eq!((&created["spec"]["size"], created.get("status")), (&json!(1), None));
    let list = server.get(&widgets).await.expect(200);
    assert_eq!((&list["kind"], names(&list)), (&json!("WidgetList"), vec!["blue"]));
    assert_eq!(list["items"][0]["kind"], "Widget");
    let strategic = server.strategic_patch(&format!("{widgets}/blue"), json!({"spec": {"size": 2}})).await;
    assert_eq!(strategic.expect(415)["reason"], "UnsupportedMediaType");
    let discovery = server.get(&format!("/apis/{}.example.com/v1", server.namespace)).await.expect(200);
    let resources: Vec<&Value> = discovery["resources"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(resources, ["widgets", "widgets/status"]);
    server.delete(&definition, json!({})).await.expect(200);
}

pub(crate) async fn a_custom_object_counts_its_generations(server: &Server) {
    let (definition, widgets) = define(server).await;
    server.post(&widgets, widget(server, json!({"size": 1}))).await.expect(201);
    let path = format!("{widgets}/blue");
    let generation = |answer: crate::server::Answer| answer.expect(200)["metadata"]["generation"].as_i64().unwrap();
    let labels = json!({"metadata": {"labels": {"a": "b"}}, "status": {"ignored": true}});
    assert_eq!(generation(server.merge_patch(&path, labels).await), 1);
    assert_eq!(generation(server.merge_patch(&path, json!({"spec": {"size": 2}})).await), 2);
    let status = json!({"metadata": {"labels": {"a": "c"}}, "spec": {"size": 3}, "status": {"seen": true}});
    let written = server.merge_patch(&format!("{path}/status"), status).await.expect(200);
    assert_eq!(written["metadata"]["generation"], 2);
    assert_eq!((&written["spec"]["size"], &written["status"]), (&json!(2), &json!({"seen": true})));
    assert_eq!(written["metadata"]["labels"]["a"], "b");
    server.delete(&definition, json!({})).await.expect(200);
}

pub(crate) async fn a_custom_object_is_replaced_only_by_one_that_knows_it(server: &Server) {
    let (definition, widgets) = define(server).await;
    let created = server.post(&widgets, widget(server, json!({"size": 1}))).await.expect(201);
    let path = format!("{widgets}/blue");
    let blind = server.put(&path, widget(server, json!({"size": 2}))).await.expect(422);
    assert_eq!(blind["details"]["causes"][0]["field"], "metadata.resourceVersion");
    let mut knowing = created;
    knowing["spec"]["size"] = 2.into();
    assert_eq!(server.put(&path, knowing).await.expect(200)["metadata"]["generation"], 2);
    server.delete(&definition, json!({})).await.expect(200);
}
