//! `kubectl why` with a script in the place of `kubectl`, which notes how it is called.
#![cfg(unix)]

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use super::why::{AT, healthy};

/// A folder with a program `kubectl` that prints the files of this folder.
struct Cluster {
    folder: PathBuf,
}

/// Prints `pods.json`, `events.json` or `workloads.json`; `watch.json` for a watch. A file that is missing is a refusal.
const SCRIPT: &str = r#"#!/bin/sh
echo "$@" >> "$0.calls"
cd "$(dirname "$0")"
case "$*" in
  *--watch*) cat watch.json ;;
  *"get events"*) cat events.json ;;
  *"get deploy"*) cat workloads.json ;;
  *) cat pods.json ;;
esac
"#;

impl Cluster {
    fn new(name: &str, files: &[(&str, String)]) -> Cluster {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kubectl-why-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("kubectl"), SCRIPT).unwrap();
        fs::set_permissions(folder.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content).unwrap();
        }
        Cluster { folder }
    }

    fn why(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.folder.display(), env::var("PATH").unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-why"));
        command.args(arguments).args(["--at", AT]).env("PATH", path).output().unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.why(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The calls of `kubectl` so far.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("kubectl.calls")).unwrap();
        calls.lines().map(str::to_owned).collect()
    }
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// A Pod that waits for a ConfigMap, and the event that says so.
fn waiting() -> (Value, Value) {
    let mut pod = healthy("waits");
    pod["spec"]["volumes"] = json!([{"name": "cfg", "configMap": {"name": "settings"}}]);
    pod["status"] = json!({"phase": "Pending", "startTime": "2026-03-01T12:00:00Z", "containerStatuses": [{"name": "app",
        "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let event = json!({"kind": "Event", "apiVersion": "v1", "metadata": {"name": "waits.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "waits", "uid": "u-waits"}, "type": "Warning",
        "reason": "FailedMount", "message": "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found",
        "count": 4, "firstTimestamp": "2026-03-01T12:00:10Z", "lastTimestamp": "2026-03-01T12:09:00Z"});
    (pod, event)
}

#[test]
fn a_pod_and_its_events_are_asked_for_and_explained() {
    let (pod, event) = waiting();
    let cluster = Cluster::new("pod", &[("pods.json", pod.to_string()), ("events.json", list(&[event]))]);
    let text = cluster.text(&["pod/waits", "-n", "shop", "--context", "test", "--kubeconfig", "/my/config"]);
    assert!(text.contains("volume `cfg` (ConfigMap `settings`) cannot be mounted"), "{text}");
    assert_eq!(
        cluster.calls(),
        [
            "get pod/waits --context test --kubeconfig /my/config --namespace shop --output json",
            "get events --field-selector involvedObject.kind=Pod,involvedObject.name=waits --context test --kubeconfig /my/config \
             --namespace shop --output json",
        ]
    );
}

#[test]
fn names_types_labels_and_namespaces_are_passed_on() {
    let pods = list(&[healthy("a"), healthy("b")]);
    let cluster = Cluster::new("arguments", &[("pods.json", pods), ("events.json", list(&[]))]);
    for (arguments, call) in [
        (&["web-0"][..], "get pods web-0 --output json"),
        (&["pod", "web-0"], "get pod web-0 --output json"),
        (&[], "get pods --output json"),
        (&["-A"], "get pods --all-namespaces --output json"),
        (&["-l", "app=web"], "get pods --selector app=web --output json"),
        (&["all", "-n", "shop"], "get all --namespace shop --output json"),
        (&["--field-selector", "spec.nodeName=n"], "get pods --field-selector spec.nodeName=n --output json"),
    ] {
        let before = fs::read_to_string(cluster.folder.join("kubectl.calls")).map_or(0, |calls| calls.lines().count());
        cluster.text(arguments);
        let calls = cluster.calls();
        assert_eq!(calls[before], call, "{arguments:?}");
        assert_eq!(calls.len(), before + 2, "the objects and the events: {calls:?}");
    }
    let calls = cluster.calls();
    assert!(
        calls.contains(&"get events --field-selector involvedObject.kind=Pod --all-namespaces --output json".into()),
        "{calls:?}"
    );
}

#[test]
fn without_the_right_to_list_events_pods_are_explained_all_the_same() {
    let (pod, _) = waiting();
    let cluster = Cluster::new("forbidden", &[("pods.json", pod.to_string())]);
    let output = cluster.why(&["pod/waits"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("Pod waits is Pending"));
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("warning: explained without events: kubectl ended with")
    );
    assert!(cluster.why(&["pod/waits", "--no-events"]).stderr.is_empty());
}

#[test]
fn a_deployment_is_explained_by_its_pods() {
    let deployment = json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web", "tier": "front"}},
            "template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}}});
    let (pod, event) = waiting();
    let files =
        [("workloads.json", deployment.to_string()), ("pods.json", list(&[pod])), ("events.json", list(&[event]))];
    let cluster = Cluster::new("deployment", &files);
    let text = cluster.text(&["deploy/web", "-n", "shop"]);
    assert!(text.contains("Pod waits is Pending"), "{text}");
    assert_eq!(cluster.calls()[1], "get pods --selector app=web,tier=front --namespace shop --output json");
}

#[test]
fn a_watch_explains_each_change_once() {
    let (mut pod, event) = waiting();
    let change = |type_: &str, object: &Value| json!({"type": type_, "object": object}).to_string();
    let mut watch = vec![change("ADDED", &pod)];
    // The same state again, with another version of the object.
    pod["metadata"]["resourceVersion"] = json!("2");
    watch.push(change("MODIFIED", &pod));
    watch.push(change("MODIFIED", &healthy("waits")));
    watch.push(change("DELETED", &healthy("waits")));
    let cluster = Cluster::new("watch", &[("watch.json", watch.join("\n")), ("events.json", list(&[event]))]);
    let text = cluster.text(&["pod/waits", "-n", "shop", "--watch"]);
    assert_eq!(text.matches("Pod waits is Pending").count(), 1, "{text}");
    assert_eq!(text.matches("Pod waits is Running and Ready").count(), 1, "{text}");
    assert!(text.contains("Pod waits is gone from the API."), "{text}");
    assert!(
        cluster.calls()[0].contains("get pod/waits --namespace shop --watch --output-watch-events"),
        "{:?}",
        cluster.calls()
    );
}

#[test]
fn a_kubectl_that_fails_or_is_missing_is_an_error() {
    let cluster = Cluster::new("empty", &[]);
    let output = cluster.why(&["pod/none"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("pods.json"), "kubectl's own message comes first: {message}");
    assert!(message.contains("error: kubectl ended with"), "{message}");
    let missing = Command::new(env!("CARGO_BIN_EXE_kubectl-why")).env("PATH", "/no/such/folder").output().unwrap();
    let message = String::from_utf8(missing.stderr).unwrap();
    assert!(message.starts_with("error: kubectl cannot be run, and has to be on PATH"), "{message}");
}
