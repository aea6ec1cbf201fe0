//! Containers without instructions do what their commands say.

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::{
    Api,
    api::{EvictParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// Returns a Pod that runs a script once, and reports what it writes to its termination log.
fn script(text: &str) -> Value {
    json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "busybox", "command": ["sh", "-c", text]}]})
}

/// Returns a container of a Pod with that change.
fn with(mut spec: Value, field: &str, value: Value) -> Value {
    spec["containers"][0][field] = value;
    spec
}

async fn create<K>(cluster: &Cluster, object: Value)
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    K: Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let api: Api<K> = Api::default_namespaced(cluster.client.clone());
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

fn state(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]
}

fn has_ended(pod: &Value) -> bool {
    state(pod)["terminated"].is_object()
}

/// Runs a Pod to its end, and returns exit code and termination message.
async fn ended(cluster: &Cluster, name: &str, spec: Value) -> (i64, String) {
    cluster.create(name, json!({}), spec).await;
    let pod = cluster.wait(name, has_ended).await;
    let end = &state(&pod)["terminated"];
    (end["exitCode"].as_i64().unwrap(), end["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_script_decides_on_exit_code_and_termination_message() {
    let cluster = Cluster::new().await;
    let text = "sleep 5; echo -n bye > /dev/termination-log; exit 3";
    assert_eq!(ended(&cluster, "ends", script(text)).await, (3, "bye".into()));
    let falls_back = with(script("echo why; exit 2"), "terminationMessagePolicy", "FallbackToLogsOnError".into());
    assert_eq!(ended(&cluster, "falls-back", falls_back).await, (2, "why\n".into()));
    cluster.wait("ends", |pod| pod["status"]["phase"] == "Failed").await;
}

#[tokio::test(start_paused = true)]
async fn instructions_come_before_the_command() {
    let cluster = Cluster::new().await;
    cluster.create("told", json!({"fake/exit": "app=2:7"}), script("exit 1")).await;
    let pod = cluster.wait("told", has_ended).await;
    assert_eq!(state(&pod)["terminated"]["exitCode"], 7);
}

#[tokio::test(start_paused = true)]
async fn a_missing_object_keeps_the_container_from_its_creation_until_it_is_there() {
    let cluster = Cluster::new().await;
    let from = json!([{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "mode"}}}]);
    cluster.create("waits", json!({}), with(script("exit $MODE"), "env", from)).await;
    let pod = cluster.wait("waits", |pod| state(pod)["waiting"]["reason"] == "CreateContainerConfigError").await;
    assert_eq!(state(&pod)["waiting"]["message"], r#"configmap "late" not found"#);
    create::<ConfigMap>(&cluster, json!({"metadata": {"name": "late"}, "data": {"mode": "4"}})).await;
    let pod = cluster.wait("waits", has_ended).await;
    assert_eq!(state(&pod)["terminated"]["exitCode"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_must_not_run_as_root_does_not() {
    let cluster = Cluster::new().await;
    let spec = with(script("exit 0"), "securityContext", json!({"runAsNonRoot": true}));
    cluster.create("root", json!({}), spec).await;
    let pod = cluster.wait("root", |pod| state(pod)["waiting"]["reason"] == "CreateContainerConfigError").await;
    let message = state(&pod)["waiting"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("container has runAsNonRoot and image will run as root (pod: \"root_default("),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn containers_share_the_volumes_of_their_pod_and_the_node_its_disk() {
    let cluster = Cluster::new().await;
    let mount = json!([{"name": "data", "mountPath": "/data"}]);
    let app = |name: &str, text: &str| json!({"name": name, "image": "busybox", "command": ["sh", "-c", text], "volumeMounts": mount});
    let spec = |source: Value, texts: [&str; 2]| {
        let mut volume = source;
        volume["name"] = "data".into();
        json!({
            "restartPolicy": "Never",
            "volumes": [volume],
            "initContainers": [app("setup", texts[0])],
            "containers": [app("app", texts[1])],
        })
    };
    let (write, read) = ("echo -n 5 > /data/code", "exit $(cat /data/code)");
    assert_eq!(ended(&cluster, "shares", spec(json!({"emptyDir": {}}), [write, read])).await.0, 5);
    assert_eq!(ended(&cluster, "alone", spec(json!({"emptyDir": {}}), ["true", "test -e /data/code"])).await.0, 1);
    let disk = || json!({"hostPath": {"path": "/var/lib/x"}});
    assert_eq!(ended(&cluster, "writes", spec(disk(), [write, "true"])).await.0, 0);
    assert_eq!(ended(&cluster, "reads", spec(disk(), ["true", read])).await.0, 5);
}

#[tokio::test(start_paused = true)]
async fn a_container_ends_by_its_trap_or_by_sigkill() {
    let cluster = Cluster::new().await;
    let spec = |text: &str| {
        let mut spec = script(text);
        spec["terminationGracePeriodSeconds"] = 5.into();
        spec["activeDeadlineSeconds"] = 3.into();
        spec
    };
    let traps = spec("trap 'echo -n cleaned > /dev/termination-log; exit 9' TERM; while true; do sleep 1; done");
    assert_eq!(ended(&cluster, "traps", traps).await, (9, "cleaned".into()));
    // The first process of a container has no default action for SIGTERM.
    let ignores = with(spec(""), "command", json!(["sleep", "3600"]));
    assert_eq!(ended(&cluster, "ignores", ignores).await.0, 137);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_cannot_be_read_runs_for_ever_and_says_so_once() {
    let cluster = Cluster::new().await;
    let spec = json!({"containers": [{"name": "app", "image": "example.com/shop:2", "command": ["./shop", "--fast"]}]});
    cluster.create("shop", json!({}), spec).await;
    cluster.wait("shop", |pod| pod["status"]["containerStatuses"][0]["ready"] == true).await;
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert!(state(&cluster.get("shop").await.unwrap())["running"].is_object());
    let events = cluster.events("shop").await;
    let of: Vec<_> = events.iter().filter(|(reason, ..)| reason == "UnreadableCommand").collect();
    assert_eq!((of.len(), of[0].2), (1, 1), "{events:?}");
    assert!(of[0].1.contains("container app"), "{}", of[0].1);
    let api: Api<Pod> = cluster.pods();
    api.evict("shop", &EvictParams::default()).await.unwrap();
    assert!(cluster.wait_gone("shop").await < 10, "it ends by SIGTERM");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_not_there_does_not_start() {
    let cluster = Cluster::new().await;
    let spec = with(script(""), "command", json!(["/no-such-thing"]));
    cluster.create("absent", json!({}), spec).await;
    let pod = cluster.wait("absent", has_ended).await;
    let end = &state(&pod)["terminated"];
    assert_eq!((end["reason"].as_str(), end["exitCode"].as_i64()), (Some("StartError"), Some(128)));
    assert!(end["message"].as_str().unwrap().contains("no such file or directory"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn the_world_goes_on_while_the_agent_is_away() {
    let mut cluster = Cluster::new().await;
    cluster.create("away", json!({}), script("sleep 30; exit 6")).await;
    let pod = cluster.wait("away", |pod| state(pod)["running"].is_object()).await;
    let start: chrono_seconds::Seconds = chrono_seconds::parse(&state(&pod)["running"]["startedAt"]);
    drop(cluster.node.take());
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    cluster.restart_node(true).await;
    let pod = cluster.wait("away", has_ended).await;
    let end = &state(&pod)["terminated"];
    assert_eq!(end["exitCode"], 6);
    assert_eq!(chrono_seconds::parse(&end["finishedAt"]) - start, 30, "{end}");
}

/// Times of a status in seconds of their day.
mod chrono_seconds {
    use serde_json::Value;

    pub(super) type Seconds = i64;

    pub(super) fn parse(time: &Value) -> Seconds {
        let text = time.as_str().unwrap();
        let clock = text.split_once('T').unwrap().1.trim_end_matches('Z');
        clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap())
    }
}
