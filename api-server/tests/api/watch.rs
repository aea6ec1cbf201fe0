//! Watches.

use serde_json::{Value, json};

use crate::server::{self, Server};

fn event(kind: &str, name: &str) -> (String, String) {
    (kind.into(), name.into())
}

async fn version_now(server: &Server) -> String {
    let list = server.get(&server.path("pods")).await.expect(200);
    list["metadata"]["resourceVersion"].as_str().unwrap().into()
}

pub(crate) async fn a_watch_tells_what_happens_after_its_version(server: &Server) {
    server.create_pod("before").await;
    let version = version_now(server).await;
    let mut events = server.watch(&server.path(&format!("pods?watch=true&resourceVersion={version}"))).await;
    server.create_pod("web").await;
    server.merge_patch(&server.path("pods/web"), json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    let deleted = server.delete(&server.path("pods/web"), json!({})).await.expect(200);
    assert_eq!(events.next_name().await, event("ADDED", "web"));
    assert_eq!(events.next_name().await, event("MODIFIED", "web"));
    let (kind, marked) = events.next().await;
    assert_eq!((&*kind, &marked["metadata"]["deletionGracePeriodSeconds"]), ("MODIFIED", &json!(0)));
    let (kind, last) = events.next().await;
    assert_eq!((&*kind, &last["kind"], &last["apiVersion"]), ("DELETED", &json!("Pod"), &json!("v1")));
    assert_eq!(last["metadata"]["uid"], deleted["metadata"]["uid"]);
    let version = |pod: &Value| pod["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(version(&last) > version(&marked));
}

pub(crate) async fn a_watch_without_a_version_begins_with_what_is_there(server: &Server) {
    server.create_pod("a").await;
    server.create_pod("b").await;
    let mut events = server.watch(&server.path("pods?watch=1")).await;
    assert_eq!(events.next_name().await, event("ADDED", "a"));
    assert_eq!(events.next_name().await, event("ADDED", "b"));
    server.create_pod("c").await;
    assert_eq!(events.next_name().await, event("ADDED", "c"));
}

pub(crate) async fn initial_events_end_with_a_bookmark(server: &Server) {
    server.create_pod("a").await;
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut events = server.watch(&server.path(&format!("pods?{query}"))).await;
    let (kind, first) = events.next().await;
    if first["message"].as_str().is_some_and(|message| message.contains("RequestWatchProgress is disabled")) {
        return server::not_run("its etcd is too old for initial events");
    }
    assert_eq!((&*kind, &first["metadata"]["name"]), ("ADDED", &json!("a")));
    let (kind, bookmark) = events.next().await;
    assert_eq!((&*kind, &bookmark["kind"]), ("BOOKMARK", &json!("Pod")));
    assert_eq!(bookmark["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    server.create_pod("b").await;
    assert_eq!(events.next_name().await, event("ADDED", "b"));
    let unmatched = server.get(&server.path("pods?watch=true&sendInitialEvents=true")).await.expect(422);
    assert_eq!(unmatched["details"]["causes"][0]["field"], "resourceVersionMatch");
}

pub(crate) async fn what_goes_out_of_sight_is_deleted_for_the_watcher(server: &Server) {
    server.create_pod("web").await;
    let version = version_now(server).await;
    let query = format!("watch=true&resourceVersion={version}&labelSelector=seen");
    let mut events = server.watch(&server.path(&format!("pods?{query}"))).await;
    let label = |labels: Value| async move {
        server.merge_patch(&server.path("pods/web"), json!({"metadata": {"labels": labels}})).await
    };
    label(json!({"seen": "yes"})).await.expect(200);
    label(json!({"seen": "still"})).await.expect(200);
    label(json!({"unseen": "yes"})).await.expect(200);
    let gone = label(json!({"seen": null})).await.expect(200);
    let seen = |pod: &Value| pod["metadata"]["labels"]["seen"].as_str().unwrap_or_default().to_owned();
    for (expected, value) in [("ADDED", "yes"), ("MODIFIED", "still"), ("MODIFIED", "still")] {
        let (kind, pod) = events.next().await;
        assert_eq!((&*kind, &*seen(&pod)), (expected, value));
    }
    let (kind, last) = events.next().await;
    assert_eq!((&*kind, &*seen(&last)), ("DELETED", "still"));
    assert_eq!(last["metadata"]["resourceVersion"], gone["metadata"]["resourceVersion"]);
}

pub(crate) async fn a_watch_can_be_about_one_object(server: &Server) {
    server.create_pod("a").await;
    server.create_pod("b").await;
    let mut events = server.watch(&server.path("pods?watch=true&fieldSelector=metadata.name=b")).await;
    assert_eq!(events.next_name().await, event("ADDED", "b"));
    server.delete(&server.path("pods/a"), json!({})).await.expect(200);
    server.delete(&server.path("pods/b"), json!({})).await.expect(200);
    assert_eq!(events.next_name().await, event("MODIFIED", "b"));
    assert_eq!(events.next_name().await, event("DELETED", "b"));
}

pub(crate) async fn a_watch_ends_when_its_time_is_over(server: &Server) {
    server.create_pod("a").await;
    let mut events = server.watch(&server.path("pods?watch=true&timeoutSeconds=1")).await;
    assert_eq!(events.next_name().await, event("ADDED", "a"));
    events.ends().await;
}
