//! Failures by a plan. Only the server in memory has them.

use pod_lifecycle_api_server::{ApiServer, Chaos, ChaosRule, ChaosServer, Failure};
use serde_json::json;

use crate::server::{Server, names};

async fn struck_by(rule: ChaosRule) -> (Server, ChaosServer) {
    let server = ApiServer::new().with_chaos(Chaos::new(7).rule(rule)).unwrap();
    (Server::with(server.client()).await, server)
}

#[tokio::test]
async fn a_refused_request_is_not_carried_out() {
    for (code, reason) in [
        (409, "Conflict"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (504, "Timeout"),
    ] {
        let refuse = ChaosRule::new(Failure::Refuse { code }).verbs(["create"]).resources(["configmaps"]).times(1);
        let (server, chaos) = struck_by(refuse).await;
        let map = json!({"metadata": {"name": "settings"}});
        let refused = server.post(&server.path("configmaps"), map.clone()).await.expect(code);
        assert_eq!((&refused["reason"], &refused["code"]), (&json!(reason), &json!(code)));
        server.get(&server.path("configmaps/settings")).await.expect(404);
        server.post(&server.path("configmaps"), map).await.expect(201);
        assert_eq!(chaos.struck(), [1]);
    }
}

#[tokio::test]
async fn a_timeout_hides_that_the_request_succeeded() {
    let rule = ChaosRule::new(Failure::TimeoutAfterSuccess {}).verbs(["create"]).resources(["configmaps"]);
    let (server, _) = struck_by(rule).await;
    let map = json!({"metadata": {"name": "settings"}});
    server.post(&server.path("configmaps"), map.clone()).await.expect(504);
    server.get(&server.path("configmaps/settings")).await.expect(200);
    // The second attempt fails truly, and is answered so.
    server.post(&server.path("configmaps"), map).await.expect(409);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_answered_later() {
    let rule = ChaosRule::new(Failure::Delay { seconds: 30.0 }).verbs(["get"]).resources(["configmaps"]);
    let (server, _) = struck_by(rule).await;
    let before = tokio::time::Instant::now();
    server.get(&server.path("configmaps/settings")).await.expect(404);
    assert_eq!(before.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_watch_ends_early_or_says_everything_twice() {
    let (server, _) = struck_by(ChaosRule::new(Failure::DropWatch { after_events: 2 }).resources(["pods"])).await;
    for name in ["a", "b", "c"] {
        server.create_pod(name).await;
    }
    let mut events = server.watch(&server.path("pods?watch=true")).await;
    assert_eq!((events.next_name().await.1, events.next_name().await.1), ("a".into(), "b".into()));
    events.ends().await;

    let (server, _) = struck_by(ChaosRule::new(Failure::DoubleEvents {}).resources(["pods"])).await;
    server.create_pod("a").await;
    let mut events = server.watch(&server.path("pods?watch=true&timeoutSeconds=1")).await;
    let added = ("ADDED".to_string(), "a".to_string());
    assert_eq!((events.next_name().await, events.next_name().await), (added.clone(), added));
}

#[tokio::test]
async fn a_stale_list_lacks_what_is_new() {
    let rule = ChaosRule::new(Failure::StaleList { changes: 1 }).resources(["pods"]);
    let (server, _) = struck_by(rule).await;
    server.create_pod("old").await;
    server.create_pod("new").await;
    let stale = server.get(&server.path("pods?limit=5")).await.expect(200);
    assert_eq!(names(&stale), ["old"]);
    assert_eq!(server.get(&server.path("pods/new")).await.code, 200);
}

#[tokio::test]
async fn the_same_requests_fail_the_same_way() {
    let outcome = || async {
        let rule = ChaosRule::new(Failure::Refuse { code: 500 }).verbs(["get"]).resources(["pods"]).probability(0.5);
        let (server, _) = struck_by(rule).await;
        server.create_pod("web").await;
        let mut codes = Vec::new();
        for _ in 0..32 {
            codes.push(server.get(&server.path("pods/web")).await.code);
        }
        codes
    };
    let codes = outcome().await;
    assert!(codes.contains(&500) && codes.contains(&200), "{codes:?}");
    assert_eq!(outcome().await, codes);
}
