//! Reading objects.

use serde_json::json;

use crate::server::{Server, assert_has, names};

pub(crate) async fn what_is_not_there_is_not_found(server: &Server) {
    let missing = server.get(&server.path("pods/web")).await;
    let status = missing.refused(404, "NotFound", "pods \"web\" not found");
    assert_eq!(status["details"], json!({"name": "web", "kind": "pods"}));
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", server.namespace);
    let status = server.get(&path).await.refused(404, "NotFound", "deployments.apps \"web\" not found");
    assert_eq!(status["details"], json!({"name": "web", "group": "apps", "kind": "deployments"}));
}

pub(crate) async fn a_path_that_leads_nowhere_is_not_found(server: &Server) {
    let message = "the server could not find the requested resource";
    for path in ["/api/v1/widgets", "/apis/apps/v1/widgets", "/apis/apps/v9/deployments"] {
        let answer = server.get(path).await;
        assert_eq!(answer.code, 404, "{path}");
        if answer.body.is_object() {
            answer.refused(404, "NotFound", message);
        }
    }
    server.create_pod("web").await;
    server.get(&server.path("pods/web/nothing")).await.refused(404, "NotFound", message);
}

pub(crate) async fn a_method_that_makes_no_sense_is_not_allowed(server: &Server) {
    let message = "the server does not allow this method on the requested resource";
    server.post(&server.path("pods/web"), json!({})).await.refused(405, "MethodNotAllowed", message);
    server.put(&server.path("pods"), json!({})).await.refused(405, "MethodNotAllowed", message);
    server.delete("/api/v1/pods", json!({})).await.refused(405, "MethodNotAllowed", message);
}

pub(crate) async fn a_list_says_its_kind_and_its_version(server: &Server) {
    let created = server.create_pod("web").await;
    let list = server.get(&server.path("pods")).await.expect(200);
    assert_has(&list, json!({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "web"}}]}));
    assert_eq!(list["items"][0].get("kind"), None);
    let version =
        |value: &serde_json::Value| value["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(version(&list) >= version(&created));
    let empty = server.get(&server.path("configmaps?labelSelector=no=where")).await.expect(200);
    assert_eq!(empty["items"], json!([]));
}

pub(crate) async fn labels_select(server: &Server) {
    for name in ["db", "queue", "web"] {
        server.create_pod(name).await;
    }
    for (selector, selected) in [
        ("app=web", vec!["web"]),
        ("app!=web", vec!["db", "queue"]),
        ("app%20in%20(web,db)", vec!["db", "web"]),
        ("app%20notin%20(web,db)", vec!["queue"]),
        ("app,app!=db", vec!["queue", "web"]),
        ("!app", vec![]),
        ("tier", vec![]),
    ] {
        let list = server.get(&server.path(&format!("pods?labelSelector={selector}"))).await.expect(200);
        assert_eq!(names(&list), selected, "{selector}");
    }
}

pub(crate) async fn fields_select(server: &Server) {
    server.create_pod("web").await;
    server.create_pod_with("bound", json!({"nodeName": "node-1", "restartPolicy": "Never"})).await;
    for (selector, selected) in [
        ("metadata.name=web", vec!["web"]),
        ("metadata.name!=web", vec!["bound"]),
        ("spec.nodeName=node-1", vec!["bound"]),
        ("spec.nodeName=", vec!["web"]),
        ("status.phase==Pending,spec.restartPolicy=Always", vec!["web"]),
        ("status.phase!=Pending", vec![]),
        ("spec.hostNetwork=false", vec!["bound", "web"]),
    ] {
        let list = server.get(&server.path(&format!("pods?fieldSelector={selector}"))).await.expect(200);
        assert_eq!(names(&list), selected, "{selector}");
    }
    let everywhere = format!("/api/v1/pods?fieldSelector=metadata.namespace={}", server.namespace);
    assert_eq!(names(&server.get(&everywhere).await.expect(200)), ["bound", "web"]);
}

pub(crate) async fn a_selector_that_cannot_be_understood_is_refused(server: &Server) {
    let unknown = server.get("/api/v1/pods?fieldSelector=spec.colour=blue").await;
    unknown.refused(400, "BadRequest", "field label not supported: spec.colour");
    for query in ["fieldSelector=colour", "labelSelector=a+b", "labelSelector=a+within+(b)", "resourceVersion=new"] {
        let refused = server.get(&format!("/api/v1/pods?{query}")).await.expect(400);
        assert_eq!(refused["reason"], "BadRequest", "{query}");
    }
}

pub(crate) async fn a_list_comes_in_pages(server: &Server) {
    for name in ["a", "b", "c", "d", "e"] {
        server.create_pod(name).await;
    }
    let mut path = server.path("pods?limit=2");
    let mut pages = Vec::new();
    loop {
        let page = server.get(&path).await.expect(200);
        pages.push(names(&page).join(""));
        let Some(token) = page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) else { break };
        if pages.len() == 1 {
            assert_eq!(page["metadata"]["remainingItemCount"], 3);
            // What comes between two pages is on neither.
            server.create_pod("bb").await;
            server.create_pod("dd").await;
        }
        let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        path = server.path(&format!("pods?limit=2&continue={token}"));
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
}

pub(crate) async fn a_version_that_is_yet_to_come_is_refused(server: &Server) {
    let refused = server.get("/api/v1/pods?resourceVersion=999999999").await.expect(504);
    assert_has(
        &refused,
        json!({"reason": "Timeout", "details": {"causes": [
            {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}}),
    );
}

pub(crate) async fn a_list_can_be_read_as_it_was(server: &Server) {
    server.create_pod("early").await;
    let version = server.get(&server.path("pods")).await.expect(200)["metadata"]["resourceVersion"].clone();
    let version = version.as_str().unwrap();
    server.create_pod("late").await;
    let list = |query: String| async move { server.get(&server.path(&format!("pods?{query}"))).await };
    let exact = list(format!("resourceVersion={version}&resourceVersionMatch=Exact")).await.expect(200);
    assert_eq!((names(&exact), exact["metadata"]["resourceVersion"].as_str()), (vec!["early"], Some(version)));
    let newer = list(format!("resourceVersion={version}&resourceVersionMatch=NotOlderThan")).await.expect(200);
    assert!(names(&newer).contains(&"early"));
    let unbound = list("resourceVersionMatch=Exact".into()).await;
    unbound.refused(
        422,
        "Invalid",
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden \
         unless resourceVersion is provided",
    );
}
