//! Tests of the tutorial's operator (`docs/testing-controllers.md`).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

#[path = "../examples/operator/release.rs"]
mod release;

use std::time::Duration;

use fake_node::{Node, api_server::ApiServer};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use release::{ByPhase, BySteadiness, Judge};
use serde_json::json;

/// Creates a release whose Pod has this annotation, and returns true if it is live five minutes later.
async fn is_live_after_five_minutes(judge: impl Judge + 'static, annotation: (&str, &str)) -> bool {
    let server = ApiServer::new();
    let _node = Node::new(server.client()).named("node-1").start().await.unwrap();
    tokio::spawn(release::run(server.client(), judge));

    let releases: Api<ConfigMap> = Api::default_namespaced(server.client());
    let (name, value) = annotation;
    let shop = json!({
        "metadata": {"name": "shop", "labels": {"example.com/release": ""}, "annotations": {name: value}},
        "data": {"image": "shop:2", "node": "node-1"},
    });
    releases.create(&Default::default(), &serde_json::from_value(shop).unwrap()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(300)).await;
    releases.get("shop").await.unwrap().data.unwrap().get("state").is_some_and(|state| state == "live")
}

#[tokio::test(start_paused = true)]
async fn a_healthy_release_is_live() {
    assert!(is_live_after_five_minutes(ByPhase, ("example.com/note", "well")).await);
    assert!(is_live_after_five_minutes(BySteadiness::default(), ("example.com/note", "well")).await);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_never_starts_is_not_live() {
    let unknown = ("fake/pull", "app=manifest unknown");
    assert!(!is_live_after_five_minutes(ByPhase, unknown).await);
    assert!(!is_live_after_five_minutes(BySteadiness::default(), unknown).await);
}

#[tokio::test(start_paused = true)]
async fn only_a_crash_loop_shows_the_bug() {
    let crashes = ("fake/exit", "app=1:1");
    assert!(is_live_after_five_minutes(ByPhase, crashes).await, "the bug");
    assert!(!is_live_after_five_minutes(BySteadiness::default(), crashes).await);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_recovers_gets_live() {
    assert!(is_live_after_five_minutes(BySteadiness::default(), ("fake/exit", "app=1:1/1:1/-")).await);
}
