//! Pods from their start on.

use serde_json::json;

use crate::cluster::{Cluster, app, is, phase, seconds};

#[tokio::test(start_paused = true)]
async fn a_pod_gets_ready_and_has_addresses_and_ids() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({})).await;
    let pod = cluster.wait("web", is("Ready")).await;
    let status = &pod["status"];
    assert_eq!((status["phase"].as_str(), status["hostIP"].as_str()), (Some("Running"), Some("10.200.0.1")));
    assert_eq!((&status["podIP"], &status["podIPs"][0]["ip"]), (&json!("10.64.0.2"), &json!("10.64.0.2")));
    assert!(app(&pod)["containerID"].as_str().unwrap().starts_with("fake://"));
    assert!(app(&pod)["imageID"].as_str().unwrap().starts_with("nginx:1.27@sha256:"));
    assert_eq!(status["observedGeneration"], pod["metadata"]["generation"]);
}

#[tokio::test(start_paused = true)]
async fn a_crashing_container_is_restarted_ever_later_and_five_minutes_pass_in_milliseconds() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/exit": "app=1:1"})).await;
    seconds(300).await;
    let pod = cluster.get("web").await.unwrap();
    // At once, then after 10, 20, 40, 80 seconds; the next one comes after 160.
    assert_eq!(app(&pod)["restartCount"], 5);
    assert_eq!(app(&pod)["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(app(&pod)["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!(pod["status"]["phase"], "Running");
}

#[tokio::test(start_paused = true)]
async fn init_containers_exit_one_after_the_other_before_the_app_starts() {
    let cluster = Cluster::new().await;
    let spec = json!({
        "initContainers": [
            {"name": "first", "image": "i"},
            {"name": "mesh", "image": "i", "restartPolicy": "Always"},
            {"name": "second", "image": "i"},
        ],
        "containers": [{"name": "app", "image": "i"}],
    });
    cluster.create("web", json!({"fake/exit": "second=5:0"}), spec).await;
    seconds(4).await;
    assert_eq!(cluster.get("web").await.unwrap()["status"]["phase"], "Pending");
    let pod = cluster.wait("web", is("Ready")).await;
    let init = &pod["status"]["initContainerStatuses"];
    assert_eq!(init[0]["state"]["terminated"]["reason"], "Completed");
    assert!(init[1]["state"]["running"].is_object());
}

#[tokio::test(start_paused = true)]
async fn probes_follow_the_annotations() {
    let cluster = Cluster::new().await;
    let probe = json!({"exec": {"command": ["true"]}, "periodSeconds": 1});
    let spec = json!({"containers": [{"name": "app", "image": "i", "readinessProbe": probe, "livenessProbe": probe}]});
    let annotations = json!({"fake/ready-after": "app=20", "fake/live-until": "app=60"});
    cluster.create("web", annotations, spec).await;
    seconds(19).await;
    assert!(!is("Ready")(&cluster.get("web").await.unwrap()));
    seconds(10).await;
    assert!(is("Ready")(&cluster.get("web").await.unwrap()));
    let pod = cluster.wait("web", |pod| app(pod)["restartCount"] == 1).await;
    assert_eq!(app(&pod)["ready"], false);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_retried_ever_later() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/pull": "*=manifest unknown, sorry"})).await;
    let pod = cluster.wait("web", |pod| app(pod)["state"]["waiting"]["reason"] == "ImagePullBackOff").await;
    assert!(app(&pod)["state"]["waiting"]["message"].as_str().unwrap().contains("manifest unknown, sorry"));
    assert_eq!(pod["status"]["phase"], "Pending");
}

#[tokio::test(start_paused = true)]
async fn a_script_applies_to_the_pods_with_its_labels() {
    let script = serde_json::from_value(json!({
        "selector": {"job": "import"},
        "script": {"containers": {"app": {"runs": [{"exitsAfterSeconds": 7, "exitCode": 3, "message": "no disk"}]}}},
    }));
    let cluster = Cluster::with(|node| node.with_script(script.unwrap())).await;
    let spec = json!({
        "nodeName": "node-1", "restartPolicy": "Never", "containers": [{"name": "app", "image": "i"}],
    });
    for (name, labels) in [("import", json!({"job": "import"})), ("other", json!({}))] {
        let pod = json!({"metadata": {"name": name, "labels": labels}, "spec": spec});
        cluster.pods().create(&Default::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    }
    let pod = cluster.wait("import", phase("Failed")).await;
    assert_eq!(app(&pod)["state"]["terminated"]["message"], "no disk");
    assert!(phase("Running")(&cluster.get("other").await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_dead_sandbox_is_recreated() {
    let cluster = Cluster::new().await;
    cluster.run("web", json!({"fake/sandbox-dies-after": "pod=30"})).await;
    cluster.wait("web", is("Ready")).await;
    let pod = cluster.wait("web", |pod| app(pod)["restartCount"] == 1).await;
    assert!(app(&pod)["lastState"]["terminated"]["exitCode"].is_number());
    cluster.wait("web", is("Ready")).await;
}

#[tokio::test(start_paused = true)]
async fn a_resized_container_reports_its_resources() {
    let cluster = Cluster::new().await;
    let resources = |cpu: &str| json!({"requests": {"cpu": cpu}});
    let spec = json!({"containers": [{"name": "app", "image": "i", "resources": resources("1")}]});
    cluster.create("web", json!({}), spec).await;
    let pod = cluster.wait("web", is("Ready")).await;
    assert_eq!(app(&pod)["resources"]["requests"]["cpu"], "1");
    let resize = json!({"spec": {"containers": [{"name": "app", "resources": resources("2")}]}});
    let patch = kube::api::Patch::Strategic(resize);
    cluster.pods().patch_subresource("resize", "web", &Default::default(), &patch).await.unwrap();
    let pod = cluster.wait("web", |pod| app(pod)["resources"]["requests"]["cpu"] == "2").await;
    assert_eq!((&app(&pod)["allocatedResources"]["cpu"], &app(&pod)["restartCount"]), (&json!("2"), &json!(0)));
}

#[tokio::test(start_paused = true)]
async fn random_exits_differ_from_pod_to_pod() {
    let script = json!({
        "seed": 7,
        "containers": {"app": {"random": {"exitsAfterSeconds": {"uniform": {"min": 10, "max": 1000}}}}},
    });
    let script = serde_json::from_value(json!({"script": script})).unwrap();
    let cluster = Cluster::with(|node| node.with_script(script)).await;
    let mut ends = Vec::new();
    for name in ["a", "b", "c"] {
        let spec = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "i"}]});
        cluster.create(name, json!({}), spec).await;
    }
    for name in ["a", "b", "c"] {
        let pod = cluster.wait(name, phase("Succeeded")).await;
        ends.push(app(&pod)["state"]["terminated"]["finishedAt"].as_str().unwrap().to_owned());
    }
    ends.sort();
    ends.dedup();
    assert_eq!(ends.len(), 3, "{ends:?}");
}
