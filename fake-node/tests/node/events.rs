//! Events of Pods.

use serde_json::json;

use crate::cluster::{Cluster, is, seconds};

#[tokio::test(start_paused = true)]
async fn each_step_of_a_start_is_an_event() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({})).await;
    cluster.wait("web", is("Ready")).await;
    seconds(1).await;
    let mut reasons: Vec<String> = cluster.events("web").await.into_iter().map(|(reason, ..)| reason).collect();
    reasons.sort();
    assert_eq!(reasons, ["Created", "Pulled", "Started"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_event_is_counted() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/exit": "app=1:1"})).await;
    seconds(300).await;
    let events = cluster.events("web").await;
    let of = |wanted: &str| events.iter().filter(|(reason, ..)| reason == wanted).collect::<Vec<_>>();
    assert_eq!((of("Started").len(), of("Started")[0].2), (1, 6));
    assert_eq!(of("BackOff").len(), 1);
    assert!(of("BackOff")[0].2 > 3, "{events:?}");
}
