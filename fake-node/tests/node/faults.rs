//! Faults between a node and the API server.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use fake_node::{
    Node,
    api_server::{ApiServer, Body},
};
use futures_util::StreamExt;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, api::DeleteParams};
use serde_json::json;
use tower_service::Service;

use crate::cluster::{Cluster, NODE, app, is, seconds};

#[derive(Default)]
struct Faults {
    /// True if every request is answered with 503.
    is_down: AtomicBool,
    /// Number of status writes that are still answered with `code`.
    refuse_writes: AtomicUsize,
    code: AtomicUsize,
    /// Number of events after which each watch ends; 0: never.
    watch_ends_after: AtomicUsize,
    /// Milliseconds that a status write takes.
    write_takes: AtomicU64,
    /// Number of status writes.
    writes: AtomicUsize,
}

impl Faults {
    /// Answers a request in the server's place, or sends it on.
    async fn pass_on<B>(self: Arc<Faults>, mut server: ApiServer, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
    {
        let is_write = *request.method() == Method::PATCH && request.uri().path().contains("/pods/");
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        if self.is_down.load(SeqCst) {
            return failure(503);
        }
        if is_write {
            self.writes.fetch_add(1, SeqCst);
            let left = self.refuse_writes.load(SeqCst);
            if left > 0 {
                self.refuse_writes.store(left - 1, SeqCst);
                return failure(u16::try_from(self.code.load(SeqCst)).unwrap());
            }
        }
        tokio::time::sleep(Duration::from_millis(if is_write { self.write_takes.load(SeqCst) } else { 0 })).await;
        let Ok(response) = server.call(request).await;
        let limit = self.watch_ends_after.load(SeqCst);
        if is_watch && limit > 0 { shortened(response, limit) } else { response }
    }
}

fn failure(code: u16) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "Fault", "message": "a fault",
    });
    let body = Full::new(Bytes::from(status.to_string())).boxed_unsync();
    Response::builder().status(code).body(body).unwrap()
}

fn shortened(response: Response<Body>, frames: usize) -> Response<Body> {
    response.map(|body| {
        let lines = body.into_data_stream().take(frames).map(|line| line.map(Frame::data));
        StreamBody::new(lines).boxed_unsync()
    })
}

/// Returns a cluster whose node reaches the API server through faults.
async fn faulty() -> (Cluster, Arc<Faults>) {
    let (server, faults) = (ApiServer::new(), Arc::new(Faults::default()));
    let (behind, between) = (server.clone(), faults.clone());
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let response = between.clone().pass_on(behind.clone(), request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let node = Node::new(Client::new(service, "default")).named(NODE).start().await.unwrap();
    (Cluster { client: server.client(), server, node: Some(node) }, faults)
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_a_conflict_or_an_overload_is_retried() {
    // An API server that has just come back forbids what it does not know yet to be allowed.
    for code in [401, 403, 408, 409, 429, 500, 503] {
        let (cluster, faults) = faulty().await;
        faults.code.store(code, SeqCst);
        faults.refuse_writes.store(3, SeqCst);
        cluster.run("web", json!({})).await;
        cluster.wait("web", is("Ready")).await;
        assert_eq!((faults.writes.load(SeqCst), cluster.counted("status_writes_retried_total")), (4, 3), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_api_server_gets_only_the_newest_status_and_the_events_later() {
    let (cluster, faults) = faulty().await;
    faults.write_takes.store(1000, SeqCst);
    for number in 0..200 {
        cluster.run(&format!("web-{number}"), json!({})).await;
    }
    for number in 0..200 {
        cluster.wait(&format!("web-{number}"), is("Ready")).await;
    }
    // Pods written at once are written twice: when they start, and when they run.
    assert!((200..=300).contains(&faults.writes.load(SeqCst)), "{:?}", faults.writes);
    let sent = cluster.counted("events_total");
    assert!(sent < 100, "{sent}");
    seconds(30).await;
    assert_eq!((cluster.counted("events_total"), cluster.counted("events_dropped_total")), (600, 0));
}

#[tokio::test(start_paused = true)]
async fn a_late_write_does_not_change_the_next_pod_of_that_name() {
    let (cluster, faults) = faulty().await;
    faults.write_takes.store(1000, SeqCst);
    let first = cluster.run("web", json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let now = DeleteParams { grace_period_seconds: Some(0), ..Default::default() };
    cluster.pods().delete("web", &now).await.unwrap();
    cluster.run("web", json!({})).await;
    let second = cluster.wait("web", is("Ready")).await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    seconds(10).await;
    assert_eq!((cluster.counted("status_writes_refused_total"), cluster.counted("pods")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_now_and_then_is_restarted_soon() {
    let (cluster, faults) = faulty().await;
    faults.watch_ends_after.store(1, SeqCst);
    for number in 0..8 {
        faults.is_down.store(true, SeqCst);
        cluster.run(&format!("web-{number}"), json!({})).await;
        seconds(1).await;
        faults.is_down.store(false, SeqCst);
        let begin = tokio::time::Instant::now();
        cluster.wait(&format!("web-{number}"), is("Ready")).await;
        assert!(begin.elapsed() < Duration::from_secs(4), "{number}: {:?}", begin.elapsed());
        seconds(20).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_loses_nothing() {
    let (cluster, faults) = faulty().await;
    faults.watch_ends_after.store(1, SeqCst);
    for number in 0..20 {
        cluster.run(&format!("web-{number}"), json!({})).await;
    }
    for number in 0..20 {
        cluster.wait(&format!("web-{number}"), is("Ready")).await;
        cluster.delete(&format!("web-{number}")).await;
    }
    for number in 0..20 {
        cluster.wait_gone(&format!("web-{number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_version_leads_to_a_new_list() {
    let (cluster, faults) = faulty().await;
    faults.watch_ends_after.store(1, SeqCst);
    cluster.run("web", json!({})).await;
    cluster.wait("web", is("Ready")).await;
    cluster.run("other", json!({})).await;
    cluster.server.forget_history();
    cluster.delete("web").await;
    cluster.wait_gone("web").await;
    cluster.wait("other", is("Ready")).await;
    seconds(1).await;
    assert_eq!(cluster.counted("pods"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_gone_for_a_minute_gets_everything_afterwards() {
    let (cluster, faults) = faulty().await;
    faults.watch_ends_after.store(1, SeqCst);
    cluster.run("web", json!({"fake/exit": "app=20:1/-"})).await;
    let before = cluster.wait("web", is("Ready")).await;
    faults.is_down.store(true, SeqCst);
    cluster.run("late", json!({})).await;
    seconds(60).await;
    assert_eq!(cluster.get("web").await.unwrap()["status"], before["status"]);
    faults.is_down.store(false, SeqCst);
    let after = cluster.wait("web", |pod| app(pod)["restartCount"] == 1 && is("Ready")(pod)).await;
    let started = |pod: &serde_json::Value| app(pod)["state"]["running"]["startedAt"].as_str().unwrap().to_owned();
    assert!(started(&after) > started(&before));
    cluster.wait("late", is("Ready")).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_lease_renewal_is_retried_before_the_next_is_due() {
    let (cluster, faults) = faulty().await;
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), "kube-node-lease");
    let renewed = async || leases.get(NODE).await.unwrap().spec.unwrap().renew_time.unwrap().0;
    let first = renewed().await;
    while renewed().await == first {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before = renewed().await;
    faults.is_down.store(true, SeqCst);
    seconds(11).await;
    faults.is_down.store(false, SeqCst);
    seconds(2).await;
    assert!(renewed().await.duration_since(before).as_secs() >= 11);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_not_repeated_for_ever() {
    let (cluster, faults) = faulty().await;
    faults.code.store(422, SeqCst);
    faults.refuse_writes.store(usize::MAX, SeqCst);
    cluster.run("web", json!({})).await;
    seconds(300).await;
    assert!(faults.writes.load(SeqCst) < 10, "{:?}", faults.writes);
}
