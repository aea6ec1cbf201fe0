//! Server-side apply, and who owns what.

use serde_json::{Value, json};

use crate::server::{Answer, Server, assert_has};

async fn apply(server: &Server, path: &str, manager: &str, more: &str, object: Value) -> Answer {
    let path = format!("{path}?fieldManager={manager}{more}");
    server.send("PATCH", &path, "application/apply-patch+yaml", object.to_string()).await
}

fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
}

fn template(container: Value) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}})
}

/// The entry of a manager.
fn entry<'o>(object: &'o Value, manager: &str) -> &'o Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["manager"] == manager);
    entry.unwrap_or_else(|| panic!("{manager} is no manager: {entries:#?}"))
}

pub(crate) async fn what_is_not_there_is_created_and_owned(server: &Server) {
    let path = server.path("configmaps/settings");
    let made = apply(server, &path, "one", "", map("settings", json!({"a": "1"}))).await.expect(201);
    assert_has(
        entry(&made, "one"),
        json!({"operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}),
    );
    let again = apply(server, &path, "one", "", map("settings", json!({"a": "1"}))).await.expect(200);
    assert_eq!(again["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
}

pub(crate) async fn what_is_applied_no_longer_is_removed(server: &Server) {
    let path = server.path("configmaps/settings");
    apply(server, &path, "one", "", map("settings", json!({"a": "1", "b": "2"}))).await.expect(201);
    server.merge_patch(&format!("{path}?fieldManager=other"), json!({"data": {"c": "3"}})).await.expect(200);
    let applied = apply(server, &path, "one", "", map("settings", json!({"a": "1"}))).await.expect(200);
    assert_eq!(applied["data"], json!({"a": "1", "c": "3"}));
    assert_eq!(entry(&applied, "other")["fieldsV1"], json!({"f:data": {"f:c": {}}}));
}

pub(crate) async fn a_field_of_another_manager_is_a_conflict_until_it_is_forced(server: &Server) {
    let path = server.path("configmaps/settings");
    apply(server, &path, "one", "", map("settings", json!({"a": "1", "b": "1"}))).await.expect(201);
    let two = map("settings", json!({"a": "2"}));
    let refused = apply(server, &path, "two", "", two.clone()).await.refused(
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"one\": .data.a",
    );
    assert_eq!(
        refused["details"]["causes"],
        json!([{"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"}])
    );
    let forced = apply(server, &path, "two", "&force=true", two).await.expect(200);
    assert_eq!(forced["data"], json!({"a": "2", "b": "1"}));
    assert_eq!(entry(&forced, "one")["fieldsV1"], json!({"f:data": {"f:b": {}}}));
    assert_eq!(entry(&forced, "two")["fieldsV1"], json!({"f:data": {"f:a": {}}}));
    // The same value is no conflict, and is owned by both.
    let shared = apply(server, &path, "three", "", map("settings", json!({"a": "2", "b": "1"}))).await.expect(200);
    assert_eq!(entry(&shared, "two")["fieldsV1"], json!({"f:data": {"f:a": {}}}));
    let several = apply(server, &path, "four", "", map("settings", json!({"a": "9", "b": "9"}))).await.expect(409);
    let message = several["message"].as_str().unwrap();
    assert!(message.starts_with("Apply failed with 4 conflicts: conflicts with \"one\":\n- .data.b\n"), "{message}");
}

pub(crate) async fn an_update_takes_fields_and_conflicts_with_its_version(server: &Server) {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "template": template(json!({"name": "app", "image": "nginx:1"}))});
    let path = format!("{path}/web");
    apply(server, &path, "one", "", deployment(spec.clone())).await.expect(201);
    server.merge_patch(&format!("{path}?fieldManager=scaler"), json!({"spec": {"replicas": 3}})).await.expect(200);
    apply(server, &path, "one", "", deployment(spec.clone())).await.refused(
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"scaler\" using apps/v1: .spec.replicas",
    );
    // Left out, it is the other's.
    let mut without = spec;
    without.as_object_mut().unwrap().remove("replicas");
    let applied = apply(server, &path, "one", "", deployment(without)).await.expect(200);
    assert_eq!(applied["spec"]["replicas"], 3);
}

pub(crate) async fn lists_are_merged_by_their_keys(server: &Server) {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", server.namespace);
    let ports = json!([{"containerPort": 80, "name": "http"}]);
    let spec = json!({"selector": {"matchLabels": {"app": "web"}},
        "template": template(json!({"name": "app", "image": "nginx:1", "ports": ports, "args": ["a"]}))});
    apply(server, &path, "one", "", deployment(spec)).await.expect(201);
    let spec = json!({"template": {"spec": {"containers": [
        {"name": "app", "ports": [{"containerPort": 80, "protocol": "UDP", "name": "udp"}]},
        {"name": "side", "image": "busybox"}]}}});
    let applied = apply(server, &path, "two", "", deployment(spec)).await.expect(200);
    let containers = applied["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.iter().map(|one| &one["name"]).collect::<Vec<_>>(), ["app", "side"]);
    assert_eq!(containers[0]["image"], "nginx:1");
    assert_eq!(containers[0]["ports"].as_array().unwrap().len(), 2);
    let args = json!({"template": {"spec": {"containers": [{"name": "app", "args": ["b"]}]}}});
    apply(server, &path, "two", "", deployment(args)).await.refused(
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"one\": .spec.template.spec.containers[name=\"app\"].args",
    );
    // Without its container and its port, what was the second manager's alone goes.
    let nothing = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    let applied = apply(server, &path, "two", "", nothing).await.expect(200);
    let containers = applied["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!((containers.len(), containers[0]["ports"].as_array().unwrap().len()), (1, 1));
}

pub(crate) async fn a_status_is_applied_apart(server: &Server) {
    server.create_pod("web").await;
    let status = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "status": {"conditions": [{"type": "example.com/Ready", "status": "True"}]}});
    let path = server.path("pods/web/status");
    let applied = apply(server, &path, "gate", "", status).await.expect(200);
    assert_has(
        entry(&applied, "gate"),
        json!({"operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {"f:conditions": {
            "k:{\"type\":\"example.com/Ready\"}": {".": {}, "f:status": {}, "f:type": {}}}}}}),
    );
    assert_eq!(applied["spec"]["containers"][0]["name"], "app");
}

pub(crate) async fn an_apply_needs_a_manager_and_only_it_can_be_forced(server: &Server) {
    let path = server.path("configmaps/settings");
    let body = map("settings", json!({})).to_string();
    server.send("PATCH", &path, "application/apply-patch+yaml", body).await.refused(
        422,
        "Invalid",
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
    );
    server.merge_patch(&format!("{path}?force=true"), json!({})).await.refused(
        422,
        "Invalid",
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
    );
    let mut managed = map("settings", json!({}));
    managed["metadata"]["managedFields"] = json!([{"manager": "x", "operation": "Apply"}]);
    apply(server, &path, "one", "", managed).await.refused(400, "BadRequest", "metadata.managedFields must be nil");
}

pub(crate) async fn yaml_is_applied_as_well(server: &Server) {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  a: \"1\"\n";
    let path = format!("{}?fieldManager=one", server.path("configmaps/settings"));
    let made = server.send("PATCH", &path, "application/apply-patch+yaml", yaml.into()).await.expect(201);
    assert_eq!(made["data"], json!({"a": "1"}));
}

pub(crate) async fn a_writer_is_known_by_what_it_wrote(server: &Server) {
    let path = server.path("configmaps");
    let settings = map("settings", json!({"a": "1"}));
    let made = server.post(&format!("{path}?fieldManager=maker"), settings).await.expect(201);
    assert_has(
        entry(&made, "maker"),
        json!({"operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:data": {".": {}, "f:a": {}}}}),
    );
    let path = format!("{path}/settings?fieldManager=labeller");
    let labelled = server.merge_patch(&path, json!({"metadata": {"labels": {"tier": "x"}}})).await.expect(200);
    assert_eq!(entry(&labelled, "labeller")["fieldsV1"], json!({"f:metadata": {"f:labels": {".": {}, "f:tier": {}}}}));
    assert_eq!(labelled["metadata"]["managedFields"].as_array().unwrap().len(), 2);
}

pub(crate) async fn unknown_fields_are_refused_named_or_dropped(server: &Server) {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let mut web = deployment(json!({"selector": {"matchLabels": {"app": "web"}},
        "template": template(json!({"name": "app", "image": "i"}))}));
    web["spec"]["replica"] = json!(1);
    web["spec"]["template"]["spec"]["containers"][0]["imge"] = json!("x");
    server.post(&format!("{path}?fieldValidation=Strict"), web.clone()).await.refused(
        400,
        "BadRequest",
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: \
         unknown field \"spec.replica\", unknown field \"spec.template.spec.containers[0].imge\"",
    );
    let made = server.post(&format!("{path}?fieldValidation=Ignore"), web).await.expect(201);
    assert!(made["spec"].get("replica").is_none(), "{made:#}");
    let path = format!("{path}/web?fieldValidation=Strict");
    let refused = server.merge_patch(&path, json!({"spec": {"replica": 2}})).await.expect(422);
    assert_has(&refused, json!({"reason": "Invalid", "details": {"causes": [{"field": "patch"}]}}));
}

pub(crate) async fn a_value_of_another_type_is_refused(server: &Server) {
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let web = deployment(json!({"replicas": "two"}));
    server.post(&path, web).await.refused(
        400,
        "BadRequest",
        "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct \
         field DeploymentSpec.spec.replicas of type int32",
    );
}
