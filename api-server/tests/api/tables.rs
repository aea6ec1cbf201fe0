//! Objects in other shapes.

use serde_json::{Value, json};

use crate::server::{Server, assert_has};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

fn columns(table: &Value) -> Vec<(&str, u64)> {
    let columns = table["columnDefinitions"].as_array().unwrap().iter();
    columns.map(|column| (column["name"].as_str().unwrap(), column["priority"].as_u64().unwrap())).collect()
}

pub(crate) async fn pods_are_shown_as_rows(server: &Server) {
    server.create_pod_with("web", json!({"nodeName": "node-1"})).await;
    let table = server.get_as(&server.path("pods"), TABLE).await.expect(200);
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    let expected = [
        ("Name", 0),
        ("Ready", 0),
        ("Status", 0),
        ("Restarts", 0),
        ("Age", 0),
        ("IP", 1),
        ("Node", 1),
        ("Nominated Node", 1),
        ("Readiness Gates", 1),
    ];
    assert_eq!(columns(&table), expected);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    let without_age: Vec<&Value> =
        cells.iter().enumerate().filter(|(index, _)| *index != 4).map(|(_, cell)| cell).collect();
    assert_eq!(without_age, ["web", "0/1", "Pending", "0", "<none>", "node-1", "<none>", "<none>"]);
    assert_has(&table["rows"][0]["object"], json!({"kind": "PartialObjectMetadata", "metadata": {"name": "web"}}));
    let whole = server.get_as(&server.path("pods?includeObject=Object"), TABLE).await.expect(200);
    assert_has(&whole["rows"][0]["object"], json!({"kind": "Pod", "spec": {"nodeName": "node-1"}}));
    let namespaces = server.get_as("/api/v1/namespaces", TABLE).await.expect(200);
    assert_eq!(columns(&namespaces), [("Name", 0), ("Status", 0), ("Age", 0)]);
    let nodes = server.get_as("/api/v1/nodes", TABLE).await.expect(200);
    assert_eq!(columns(&nodes)[..5], [("Name", 0), ("Status", 0), ("Roles", 0), ("Age", 0), ("Version", 0)]);
}

pub(crate) async fn only_metadata_can_be_asked_for(server: &Server) {
    let pod = server.create_pod("web").await;
    let partial = server.get_as(&server.path("pods/web"), METADATA).await.expect(200);
    assert_has(&partial, json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}));
    assert_eq!(partial["metadata"]["uid"], pod["metadata"]["uid"]);
    assert_eq!((partial.get("spec"), partial.get("status")), (None, None));
    let list = server.get_as(&server.path("pods"), METADATA_LIST).await.expect(200);
    assert_has(&list, json!({"kind": "PartialObjectMetadataList", "items": [{"metadata": {"name": "web"}}]}));
}

pub(crate) async fn another_format_is_refused(server: &Server) {
    let refused = server.get_as(&server.path("pods"), "text/html").await.expect(406);
    assert_eq!(refused["reason"], "NotAcceptable");
    server.get_as(&server.path("pods"), "text/html, */*").await.expect(200);
}

pub(crate) async fn an_event_of_one_group_is_an_event_of_the_other(server: &Server) {
    let events = format!("/apis/events.k8s.io/v1/namespaces/{}/events", server.namespace);
    let regarding = json!({"kind": "Pod", "namespace": server.namespace, "name": "web", "uid": "1"});
    let event = json!({"metadata": {"name": "web.1"}, "regarding": regarding, "note": "Container started",
        "reason": "Started", "type": "Normal", "action": "Start", "reportingController": "kubelet",
        "reportingInstance": "node-1", "eventTime": "2026-01-01T00:00:00.000000Z"});
    server.post(&events, event).await.expect(201);
    let selected = server.path("events?fieldSelector=involvedObject.name=web,involvedObject.uid=1,reason=Started");
    let list = server.get(&selected).await.expect(200);
    assert_has(
        &list["items"],
        json!([{"involvedObject": regarding, "message": "Container started", "reportingComponent": "kubelet"}]),
    );
    let list = server.get(&format!("{events}?fieldSelector=regarding.name=web")).await.expect(200);
    assert_has(&list["items"], json!([{"regarding": regarding, "note": "Container started"}]));
    let table = server.get_as(&server.path("events"), TABLE).await.expect(200);
    let shown: Vec<&str> = columns(&table).into_iter().filter(|(_, wide)| *wide == 0).map(|(name, _)| name).collect();
    assert_eq!(shown, ["Last Seen", "Type", "Reason", "Object", "Message"]);
    assert_eq!(table["rows"][0]["cells"][3], "pod/web");
}

pub(crate) async fn workloads_are_shown_as_rows(server: &Server) {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let web = json!({"metadata": {"name": "web"}, "spec": {"replicas": 3, "selector": {"matchLabels": {"a": "b"}},
        "template": template}});
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    server.post(&path, web).await.expect(201);
    let table = server.get_as(&path, TABLE).await.expect(200);
    let shown: Vec<_> =
        columns(&table).into_iter().filter(|(_, priority)| *priority == 0).map(|(name, _)| name).collect();
    assert_eq!(shown, ["Name", "Ready", "Up-to-date", "Available", "Age"]);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[..4], [json!("web"), json!("0/3"), json!(0), json!(0)]);
}

pub(crate) async fn a_definition_names_the_columns_of_its_objects(server: &Server) {
    let group = format!("{}.example.com", server.namespace);
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "parts": {"type": "array",
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
                "required": ["name"], "properties": {"name": {"type": "string"}, "count": {"type": "integer"}}}}}},
        "status": {"type": "object", "properties": {"conditions": {"type": "array", "items": {"type": "object",
            "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}}});
    let columns_of = json!([{"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "priority": 1}]);
    let definition = json!({"metadata": {"name": format!("widgets.{group}")}, "spec": {"group": group, "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            "additionalPrinterColumns": columns_of,
            "subresources": {"scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}}}]}});
    server.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).await.expect(201);
    let path = format!("/apis/{group}/v1/namespaces/{}/widgets", server.namespace);
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "blue"},
        "spec": {"size": 2, "parts": [{"name": "a", "count": 1}], "colour": "blue"},
        "status": {"conditions": [{"type": "Other", "status": "?"}, {"type": "Ready", "status": "True"}]}});
    server.served(&path).await;
    let strict = server.post(&format!("{path}?fieldValidation=Strict"), widget.clone()).await.expect(400);
    let message = strict["message"].as_str().unwrap();
    assert!(message.contains("strict decoding error: unknown field \"spec.colour\""), "{message}");
    let made = server.post(&path, widget).await.expect(201);
    assert_eq!(made["spec"].get("colour"), None);
    let table = server.get_as(&path, TABLE).await.expect(200);
    assert_eq!(columns(&table), [("Name", 0), ("Size", 0), ("Ready", 1)]);
    assert_eq!(table["rows"][0]["cells"], json!(["blue", 2, "True"]));
    // Its scale and the merge of its lists are as the definition says.
    let scaled = server.merge_patch(&format!("{path}/blue/scale"), json!({"spec": {"replicas": 5}})).await.expect(200);
    assert_eq!(scaled["spec"]["replicas"], 5);
    let part = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "blue"},
        "spec": {"parts": [{"name": "b", "count": 2}]}});
    let applied = format!("{path}/blue?fieldManager=parts");
    let applied = server.send("PATCH", &applied, "application/apply-patch+yaml", part.to_string()).await.expect(200);
    assert_eq!(applied["spec"]["parts"].as_array().unwrap().len(), 2);
}
