//! Ends of Pods.

use kube::api::{DeleteParams, EvictParams};
use serde_json::json;

use crate::cluster::{Cluster, app, is, phase, seconds};

#[tokio::test(start_paused = true)]
async fn a_pod_whose_container_exits_with_0_succeeds() {
    let cluster = Cluster::new().await;
    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "i"}]});
    cluster.create("job", json!({"fake/exit": "app=30:0"}), spec).await;
    let pod = cluster.wait("job", phase("Succeeded")).await;
    assert_eq!(app(&pod)["state"]["terminated"]["reason"], "Completed");
    // The node does not delete it.
    seconds(600).await;
    assert!(cluster.get("job").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn exit_code_137_is_an_error_unless_the_oom_killer_ended_the_container() {
    let cluster = Cluster::new().await;
    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "i"}]});
    for (name, exit, reason) in [("job", "*=30:137", "Error"), ("leak", "*=30:oom", "OOMKilled")] {
        cluster.create(name, json!({"fake/exit": exit}), spec.clone()).await;
        let pod = cluster.wait(name, phase("Failed")).await;
        let end = &app(&pod)["state"]["terminated"];
        assert_eq!((&end["reason"], &end["exitCode"]), (&json!(reason), &json!(137)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_gone_when_its_containers_have_stopped() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/stop": "app=12:0"})).await;
    cluster.wait("web", is("Ready")).await;
    cluster.delete("web").await;
    assert_soon_after(12, cluster.wait_gone("web").await);
    assert_eq!((cluster.counted("pods"), cluster.counted("pods_deleted_total")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_container_that_does_not_stop_is_killed_after_its_grace() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/stop": "app=3600:0"})).await;
    cluster.wait("web", is("Ready")).await;
    cluster.delete("web").await;
    assert_soon_after(30, cluster.wait_gone("web").await);
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_keeps_the_object_of_a_pod_that_has_ended() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({})).await;
    cluster.wait("web", is("Ready")).await;
    let finalizers = |finalizers| kube::api::Patch::Merge(json!({"metadata": {"finalizers": finalizers}}));
    cluster.pods().patch("web", &Default::default(), &finalizers(json!(["example.com/audit"]))).await.unwrap();
    cluster.delete("web").await;
    seconds(120).await;
    let pod = cluster.get("web").await.unwrap();
    assert!(app(&pod)["state"]["terminated"].is_object(), "{pod:#}");
    cluster.pods().patch("web", &Default::default(), &finalizers(json!(null))).await.unwrap();
    cluster.wait_gone("web").await;
    seconds(1).await;
    assert_eq!(cluster.counted("pods"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_evicted_pod_is_deleted_with_its_grace() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/stop": "app=5:0"})).await;
    cluster.wait("web", is("Ready")).await;
    cluster.pods().evict("web", &EvictParams::default()).await.unwrap();
    let pod = cluster.get("web").await.unwrap();
    assert!(is("DisruptionTarget")(&pod));
    assert_soon_after(5, cluster.wait_gone("web").await);
}

#[tokio::test(start_paused = true)]
async fn a_node_under_pressure_evicts() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/evict-after": "pod=40"})).await;
    cluster.wait("web", is("Ready")).await;
    let pod = cluster.wait("web", phase("Failed")).await;
    assert_eq!(pod["status"]["reason"], "Evicted");
    assert!(is("DisruptionTarget")(&pod));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_terminates_its_pods() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/shutdown-after": "pod=40"})).await;
    let pod = cluster.wait("web", phase("Failed")).await;
    assert_eq!(pod["status"]["reason"], "Terminated");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_deleted_by_force_and_made_again_is_another_one() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/stop": "app=20:0"})).await;
    let first = cluster.wait("web", is("Ready")).await;
    let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    cluster.pods().delete("web", &now).await.unwrap();
    cluster.run("web", json!({})).await;
    let second = cluster.wait("web", is("Ready")).await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_ne!(app(&first)["containerID"], app(&second)["containerID"]);
    assert_ne!(first["status"]["podIP"], second["status"]["podIP"], "the first one still runs");
    seconds(60).await;
    assert!(is("Ready")(&cluster.get("web").await.unwrap()));
    assert_eq!((cluster.counted("pods"), cluster.counted("status_writes_refused_total")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_takes_too_long_fails() {
    let cluster = Cluster::new().await;
    let spec = json!({"activeDeadlineSeconds": 60, "containers": [{"name": "app", "image": "i"}]});
    cluster.create("job", json!({}), spec).await;
    let pod = cluster.wait("job", phase("Failed")).await;
    assert_eq!(pod["status"]["reason"], "DeadlineExceeded");
}

/// Asserts a removal within 2 s: one relist sees the exit, the next the Pod without containers.
fn assert_soon_after(seconds: u64, gone: u64) {
    assert!((seconds..=seconds + 2).contains(&gone), "gone after {gone} s, not {seconds}");
}
