//! Restarts of the node's process.

use serde_json::json;

use crate::cluster::{Cluster, app, is, phase, seconds};

#[tokio::test(start_paused = true)]
async fn pods_are_resumed_where_they_are() {
    for is_killed in [false, true] {
        let mut cluster = Cluster::new().await;
        let probe = json!({"exec": {"command": ["true"]}, "periodSeconds": 5});
        let spec = json!({
            "initContainers": [{"name": "setup", "image": "i"}],
            "containers": [{"name": "app", "image": "i", "readinessProbe": probe}],
        });
        cluster.create("web", json!({"fake/exit": "app=40:1/-"}), spec).await;
        let before = cluster.wait("web", |pod| app(pod)["restartCount"] == 1 && is("Ready")(pod)).await;
        seconds(30).await;
        cluster.restart_node(is_killed).await;
        seconds(120).await;
        let after = cluster.get("web").await.unwrap();
        assert_eq!(before["status"], after["status"], "nothing has changed");
        assert_eq!((cluster.counted("pods"), cluster.counted("status_writes_total")), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_under_way_still_exits_at_its_time() {
    let mut cluster = Cluster::new().await;
    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "i"}]});
    cluster.create("job", json!({"fake/exit": "app=100:0"}), spec).await;
    cluster.wait("job", is("Ready")).await;
    seconds(60).await;
    cluster.restart_node(true).await;
    seconds(30).await;
    assert!(phase("Running")(&cluster.get("job").await.unwrap()));
    seconds(15).await;
    assert!(phase("Succeeded")(&cluster.get("job").await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn pods_deleted_during_the_restart_are_removed() {
    let mut cluster = Cluster::new().await;
    for name in ["running", "done", "forced"] {
        let spec = json!({"restartPolicy": "OnFailure", "containers": [{"name": "app", "image": "i"}]});
        let exit = if name == "done" { json!({"fake/exit": "app=5:0"}) } else { json!({}) };
        cluster.create(name, exit, spec).await;
    }
    seconds(10).await;
    cluster.node.take().unwrap().stop().await;
    for name in ["running", "done"] {
        cluster.delete(name).await;
    }
    let now = kube::api::DeleteParams { grace_period_seconds: Some(0), ..Default::default() };
    cluster.pods().delete("forced", &now).await.unwrap();
    cluster.restart_node(false).await;
    cluster.wait_gone("running").await;
    cluster.wait_gone("done").await;
    seconds(1).await;
    assert_eq!(cluster.counted("pods"), 0);
}

#[tokio::test(start_paused = true)]
async fn ten_restarts_in_a_rollout_lose_nothing() {
    let mut cluster = Cluster::new().await;
    for round in 0..10 {
        for number in 0..20 {
            cluster.run(&format!("web-{}", round * 20 + number), json!({"fake/stop": "app=3:0"})).await;
        }
        cluster.restart_node(round % 2 == 0).await;
    }
    for number in 0..200 {
        let pod = cluster.wait(&format!("web-{number}"), is("Ready")).await;
        assert_eq!(app(&pod)["restartCount"], 0);
    }
    seconds(30).await;
    assert_eq!(cluster.counted("pods"), 200);
    assert_eq!(cluster.counted("status_writes_refused_total"), 0);
}
