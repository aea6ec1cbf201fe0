//! Deleting objects.

use serde_json::{Value, json};

use crate::server::{Server, assert_has, names};

/// Creates a Pod on a node, with some seconds of grace.
async fn pod_on_a_node(server: &Server, grace: u32) -> Value {
    server.create_pod_with("web", json!({"nodeName": "node-1", "terminationGracePeriodSeconds": grace})).await
}

fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<pod_lifecycle::Timestamp>().unwrap().unix_seconds()
}

pub(crate) async fn a_pod_without_a_node_goes_at_once(server: &Server) {
    server.create_pod("web").await;
    let last = server.delete(&server.path("pods/web"), json!({})).await.expect(200);
    assert_has(&last, json!({"kind": "Pod", "metadata": {"deletionGracePeriodSeconds": 0, "generation": 2}}));
    server.get(&server.path("pods/web")).await.expect(404);
    server.delete(&server.path("pods/web"), json!({})).await.refused(404, "NotFound", "pods \"web\" not found");
}

pub(crate) async fn a_pod_on_a_node_gets_its_grace(server: &Server) {
    pod_on_a_node(server, 40).await;
    let marked = server.delete(&server.path("pods/web"), json!({})).await.expect(200);
    assert_has(&marked, json!({"metadata": {"deletionGracePeriodSeconds": 40, "generation": 2}}));
    let stored = server.get(&server.path("pods/web")).await.expect(200);
    assert_eq!(stored["metadata"]["deletionTimestamp"], marked["metadata"]["deletionTimestamp"]);
    let until = seconds(&marked["metadata"]["deletionTimestamp"]) - seconds(&marked["metadata"]["creationTimestamp"]);
    assert!((40..=60).contains(&until), "{until}");
}

pub(crate) async fn a_second_deletion_can_only_shorten_the_first(server: &Server) {
    pod_on_a_node(server, 40).await;
    let path = server.path("pods/web");
    let first = server.delete(&path, json!({})).await.expect(200);
    for options in [json!({}), json!({"gracePeriodSeconds": 40}), json!({"gracePeriodSeconds": 100})] {
        let again = server.delete(&path, options).await.expect(200);
        assert_eq!(again["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    }
    let hastened = server.delete(&path, json!({"gracePeriodSeconds": 25})).await.expect(200);
    assert_has(&hastened, json!({"metadata": {"deletionGracePeriodSeconds": 25, "generation": 2}}));
    let end = |pod: &Value| seconds(&pod["metadata"]["deletionTimestamp"]);
    assert_eq!(end(&first) - end(&hastened), 15);
    let hastened = server.delete(&path, json!({"gracePeriodSeconds": -5})).await.expect(200);
    assert_has(&hastened, json!({"metadata": {"deletionGracePeriodSeconds": 1}}));
}

pub(crate) async fn a_pod_that_has_ended_goes_at_once(server: &Server) {
    pod_on_a_node(server, 40).await;
    let ended = json!({"status": {"phase": "Succeeded"}});
    server.merge_patch(&server.path("pods/web/status"), ended).await.expect(200);
    server.delete(&server.path("pods/web"), json!({})).await.expect(200);
    server.get(&server.path("pods/web")).await.expect(404);
}

pub(crate) async fn no_grace_is_the_end(server: &Server) {
    pod_on_a_node(server, 40).await;
    server.delete(&server.path("pods/web"), json!({})).await.expect(200);
    server.delete(&server.path("pods/web"), json!({"gracePeriodSeconds": 0})).await.expect(200);
    server.get(&server.path("pods/web")).await.expect(404);
}

pub(crate) async fn preconditions_hold_it_up(server: &Server) {
    let pod = server.create_pod("web").await;
    let path = server.path("pods/web");
    let (uid, version) =
        (pod["metadata"]["uid"].as_str().unwrap(), pod["metadata"]["resourceVersion"].as_str().unwrap());
    server.delete(&path, json!({"preconditions": {"uid": "other"}})).await.refused(
        409,
        "Conflict",
        &format!(
            "Operation cannot be fulfilled on Pod \"web\": the UID in the precondition (other) does not match the UID in \
             record ({uid}). The object might have been deleted and then recreated"
        ),
    );
    server.delete(&path, json!({"preconditions": {"resourceVersion": "1"}})).await.refused(
        409,
        "Conflict",
        &format!(
            "Operation cannot be fulfilled on Pod \"web\": the ResourceVersion in the precondition (1) does not match the \
             ResourceVersion in record ({version}). The object might have been modified"
        ),
    );
    server.delete(&path, json!({"preconditions": {"uid": uid, "resourceVersion": version}})).await.expect(200);
}

pub(crate) async fn finalizers_hold_it_up(server: &Server) {
    let path = server.path("configmaps");
    let map = json!({"metadata": {"name": "settings", "finalizers": ["example.com/keep"]}});
    server.post(&path, map).await.expect(201);
    let path = server.path("configmaps/settings");
    let marked = server.delete(&path, json!({})).await.expect(200);
    assert_has(&marked, json!({"metadata": {"deletionGracePeriodSeconds": 0, "finalizers": ["example.com/keep"]}}));
    server.delete(&path, json!({})).await.expect(200);
    let let_go = server.merge_patch(&path, json!({"metadata": {"finalizers": null}})).await.expect(200);
    assert!(let_go["metadata"]["deletionTimestamp"].is_string(), "{let_go:#}");
    server.get(&path).await.expect(404);
}

pub(crate) async fn no_finalizer_is_added_while_it_goes(server: &Server) {
    pod_on_a_node(server, 40).await;
    let path = server.path("pods/web");
    server.delete(&path, json!({})).await.expect(200);
    let late = server.merge_patch(&path, json!({"metadata": {"finalizers": ["example.com/late"]}})).await.expect(422);
    assert_has(
        &late["details"]["causes"][0],
        json!({"reason": "FieldValueForbidden", "field": "metadata.finalizers", "message":
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
             []string{\"example.com/late\"}"}),
    );
}

pub(crate) async fn what_carries_little_is_answered_with_a_status(server: &Server) {
    let created = server.post(&server.path("configmaps"), json!({"metadata": {"name": "settings"}})).await.expect(201);
    let status = server.delete(&server.path("configmaps/settings"), json!({})).await.expect(200);
    assert_has(
        &status,
        json!({"kind": "Status", "status": "Success",
            "details": {"name": "settings", "kind": "configmaps", "uid": created["metadata"]["uid"]}}),
    );
}

pub(crate) async fn a_collection_is_deleted_as_far_as_it_is_selected(server: &Server) {
    for name in ["a", "b", "c"] {
        server.create_pod(name).await;
    }
    let path = server.path("pods?labelSelector=app%20in%20(a,b)");
    let deleted = server.delete(&path, json!({"gracePeriodSeconds": 0})).await.expect(200);
    assert_eq!(deleted["kind"], "PodList");
    assert_eq!(names(&deleted), ["a", "b"]);
    assert_eq!(names(&server.get(&server.path("pods")).await.expect(200)), ["c"]);
}

pub(crate) async fn an_unknown_policy_is_refused(server: &Server) {
    server.create_pod("web").await;
    let refused = server.delete(&server.path("pods/web"), json!({"propagationPolicy": "Sideways"})).await;
    refused.refused(
        422,
        "Invalid",
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Sideways\": supported values: \
         \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
    );
}
