//! Garbage collection by owner references. A real cluster does it in its controller manager, so only the server in memory
//! is asked.

use serde_json::{Value, json};

use crate::server::{Server, names};

/// Creates a config map with an owner.
async fn owned(server: &Server, name: &str, owners: &[&Value]) -> Value {
    let owners: Vec<Value> = owners
        .iter()
        .map(|owner| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true})
        })
        .collect();
    let map = json!({"metadata": {"name": name, "ownerReferences": owners}});
    server.post(&server.path("configmaps"), map).await.expect(201)
}

async fn left(server: &Server) -> Vec<String> {
    let list = server.get(&server.path("configmaps")).await.expect(200);
    names(&list).into_iter().map(Into::into).collect()
}

#[tokio::test]
async fn dependents_go_with_their_last_owner() {
    let server = Server::in_memory().await;
    let (a, b) = (owned(&server, "a", &[]).await, owned(&server, "b", &[]).await);
    let both = owned(&server, "both", &[&a, &b]).await;
    owned(&server, "grandchild", &[&both]).await;
    owned(&server, "only-a", &[&a]).await;
    server.delete(&server.path("configmaps/a"), json!({})).await.expect(200);
    assert_eq!(left(&server).await, ["b", "both", "grandchild"]);
    let both = server.get(&server.path("configmaps/both")).await.expect(200);
    assert_eq!(both["metadata"]["ownerReferences"].as_array().unwrap().len(), 1);
    server.delete(&server.path("configmaps/b"), json!({"propagationPolicy": "Background"})).await.expect(200);
    assert!(left(&server).await.is_empty());
}

#[tokio::test]
async fn orphans_stay_without_an_owner() {
    let server = Server::in_memory().await;
    let a = owned(&server, "a", &[]).await;
    owned(&server, "child", &[&a]).await;
    let path = server.path("configmaps/a?propagationPolicy=Orphan");
    server.send("DELETE", &path, "application/json", String::new()).await.expect(200);
    let child = server.get(&server.path("configmaps/child")).await.expect(200);
    assert_eq!(child["metadata"].get("ownerReferences"), None);
}

#[tokio::test]
async fn an_owner_waits_in_the_foreground_for_what_its_finalizers_keep() {
    let server = Server::in_memory().await;
    let a = owned(&server, "a", &[]).await;
    owned(&server, "child", &[&a]).await;
    let child = server.path("configmaps/child");
    let keep = json!({"metadata": {"finalizers": ["example.com/keep"]}});
    server.merge_patch(&child, keep).await.expect(200);
    server.delete(&server.path("configmaps/a"), json!({"propagationPolicy": "Foreground"})).await.expect(200);
    let waiting = server.get(&server.path("configmaps/a")).await.expect(200);
    assert_eq!(waiting["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    assert!(waiting["metadata"]["deletionTimestamp"].is_string());
    server.merge_patch(&child, json!({"metadata": {"finalizers": null}})).await.expect(200);
    assert!(left(&server).await.is_empty());
}

#[tokio::test]
async fn a_job_leaves_its_pods_unless_it_is_asked_not_to() {
    let server = Server::in_memory().await;
    let jobs = format!("/apis/batch/v1/namespaces/{}/jobs", server.namespace);
    let template = json!({"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}});
    // The Pod of the first Job stays, that of the second goes with it.
    for policy in [json!({}), json!({"propagationPolicy": "Background"})] {
        let job =
            server.post(&jobs, json!({"metadata": {"name": "j"}, "spec": {"template": template}})).await.expect(201);
        let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": job["metadata"]["uid"]});
        let mut pod = crate::server::pod("p", json!({}));
        pod["metadata"] = json!({"generateName": "p-", "ownerReferences": [owner]});
        server.post(&server.path("pods"), pod).await.expect(201);
        server.delete(&format!("{jobs}/j"), policy).await.expect(200);
        let pods = server.get(&server.path("pods")).await.expect(200);
        assert_eq!(names(&pods).len(), 1);
    }
}
