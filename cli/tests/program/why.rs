//! `podlife why` on what `kubectl get -o json` prints.

use std::{fs, io::Write, path::Path, process::Output, process::Stdio};

use serde_json::{Value, json};

use super::{complaint, podlife};

/// The time at which the Pods of `examples/pods` are explained.
pub(super) const AT: &str = "2026-03-01T12:10:00Z";

pub(super) fn pod(name: &str) -> String {
    format!("{}/../examples/pods/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn object(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(pod(name)).unwrap()).unwrap()
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = podlife("why");
    command.args(arguments).args(["--at", AT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that needs no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The text that explains Pods, which are read from standard input or a file.
fn explained(arguments: &[&str], input: &str) -> String {
    let output = run(arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What is printed and complained of if something cannot be read.
fn partly(arguments: &[&str], input: &str) -> (String, String) {
    let output = run(arguments, input);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A healthy Pod of this name.
pub(super) fn healthy(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": format!("u-{name}"),
            "creationTimestamp": "2026-03-01T12:00:00Z"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "shop:1"}]},
        "status": {
            "phase": "Running", "startTime": "2026-03-01T12:00:00Z",
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}],
            "containerStatuses": [{"name": "app", "ready": true, "started": true, "restartCount": 0, "image": "shop:1",
                "imageID": "", "state": {"running": {"startedAt": "2026-03-01T12:00:02Z"}}}],
        },
    })
}

#[test]
fn a_pod_is_explained_for_the_version_of_its_kubelet() {
    let next = |arguments: &[&str]| {
        let text = explained(&[&[pod("crash-loop").as_str()], arguments].concat(), "");
        text.lines().find(|line| line.starts_with("Next: ")).unwrap().to_owned()
    };
    assert_ne!(next(&["--kubernetes", "1.34"]), next(&[]), "1.34 looks every 10 s");
    assert_eq!(next(&["--kubernetes", "1.36"]), next(&[]));
}

#[test]
fn a_pod_is_shown_as_its_row_and_explained() {
    let file = pod("crash-loop");
    let text = explained(&[&file], "");
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("NAME "), "{text}");
    assert!(lines.next().unwrap().contains("CrashLoopBackOff"), "{text}");
    assert!(lines.any(|line| line.starts_with("Next: ")), "{text}");
    let json = fs::read_to_string(&file).unwrap();
    assert_eq!(explained(&[], &json), text, "without a file standard input is read");
    assert_eq!(explained(&["-"], &json), text);
}

#[test]
fn now_is_another_word_for_at() {
    let output = podlife("why").args([&*pod("crash-loop"), "--now", AT]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), explained(&[&pod("crash-loop")], ""));
}

#[test]
fn every_pod_of_a_list_is_explained() {
    let [first, second] = ["evicted", "unschedulable"].map(|name| fs::read_to_string(pod(name)).unwrap());
    let list = format!("{{\"kind\": \"List\", \"items\": [{first}, {second}]}}");
    let text = explained(&["-"], &list);
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), 3, "a header and two rows: {text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Pod ")).count(), 2, "{text}");
}

#[test]
fn an_item_that_cannot_be_read_is_named_and_the_rest_goes_on() {
    let mut broken = healthy("broken");
    broken["status"]["containerStatuses"][0]["restartCount"] = json!("x");
    let mut impossible = healthy("impossible");
    impossible["spec"]["restartPolicy"] = json!("Sometimes");
    let list = json!({"kind": "List", "items": [object("crash-loop"), broken, impossible, object("evicted")]});
    let (text, error) = partly(&["-"], &list.to_string());
    assert!(text.contains("CrashLoopBackOff") && text.contains("Evicted"), "{text}");
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    let place =
        "error: standard input: items[1] (Pod shop/broken): status.containerStatuses[0].restartCount: expected a whole";
    assert!(lines[0].starts_with(place), "{error}");
    assert!(
        lines[1].contains("items[2] (Pod shop/impossible): spec.restartPolicy: unknown value \"Sometimes\""),
        "{error}"
    );
}

#[test]
fn a_single_pod_that_cannot_be_read_names_its_field() {
    let mut broken = healthy("broken");
    broken["spec"]["containers"] = json!("app");
    let output = run(&["-"], &broken.to_string());
    let message = complaint(&output, "standard input");
    assert!(message.starts_with("Pod shop/broken: spec.containers: expected a list"), "{message}");
}

#[test]
fn several_files_are_explained_together_and_a_bad_one_is_named() {
    let (text, error) = partly(&[&pod("crash-loop"), "/no/such.json", &pod("evicted")], "");
    assert!(text.contains("2 Pods: 2 in trouble"), "{text}");
    assert!(error.starts_with("error: /no/such.json: cannot be read: "), "{error}");
}

#[test]
fn what_makes_pods_and_what_makes_none_is_said_so() {
    let list = json!({"kind": "List", "apiVersion": "v1", "items": [
        {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "shop"}},
        {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 3,
            "template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}},
            "status": {"readyReplicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": "pods is forbidden: exceeded quota"}]}},
        object("crash-loop"),
    ]});
    let text = explained(&["-"], &list.to_string());
    assert!(text.contains("Deployment shop/web: it makes Pods with the container `app`; 1 of 3 are ready"), "{text}");
    assert!(text.contains("ReplicaFailure is True (FailedCreate: pods is forbidden: exceeded quota)"), "{text}");
    assert!(text.contains("Skipped, since they make no Pods: 1 Service."), "{text}");
    assert_eq!(text.matches("\nPod ").count(), 1, "{text}");
    let pods = json!({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "web"}, "spec": {"containers": []}}]});
    assert!(explained(&["-"], &pods.to_string()).contains("Pod web "), "items of a PodList need no kind");
    let usage = json!({"kind": "Pod", "apiVersion": "example.com/v1", "metadata": {"name": "whale"}});
    assert!(explained(&["-"], &usage.to_string()).contains("Skipped"), "a Pod of another group is none");
}

#[test]
fn yaml_is_read_with_several_documents() {
    let yaml = "kind: Service\nmetadata: {name: web}\n---\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: \
                app, image: nginx}\n";
    let text = explained(&["-"], yaml);
    assert!(text.contains("Pod web is Pending: it is not scheduled to a node yet."), "{text}");
    assert!(text.contains("1 Service"), "{text}");
}

#[test]
fn events_are_read_from_a_file_of_their_own_and_from_the_list() {
    let mut waits = healthy("waits");
    waits["spec"]["volumes"] = json!([{"name": "cfg", "configMap": {"name": "settings"}}]);
    waits["status"] = json!({"phase": "Pending", "startTime": "2026-03-01T12:00:00Z", "containerStatuses": [{"name": "app",
        "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let event = json!({"kind": "Event", "apiVersion": "v1", "metadata": {"name": "waits.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "waits", "uid": "u-waits"}, "type": "Warning",
        "reason": "FailedMount", "message": "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found",
        "count": 4, "firstTimestamp": "2026-03-01T12:00:10Z", "lastTimestamp": "2026-03-01T12:09:00Z", "eventTime": null});
    let modern = json!({"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "waits.1", "namespace": "shop"},
        "regarding": {"kind": "Pod", "namespace": "shop", "name": "waits"}, "type": "Warning", "reason": "FailedMount",
        "note": "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found", "deprecatedCount": 4,
        "deprecatedFirstTimestamp": "2026-03-01T12:00:10Z", "deprecatedLastTimestamp": "2026-03-01T12:09:00Z"});
    let says = "volume `cfg` (ConfigMap `settings`) cannot be mounted: configmap \"settings\" not found, 4 times from 12:00:10";
    for event in [event, modern] {
        let list = json!({"kind": "List", "items": [waits, event]});
        assert!(explained(&["-"], &list.to_string()).contains(says), "{event}");
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("why-events.json");
        fs::write(&file, json!({"kind": "List", "items": [event]}).to_string()).unwrap();
        let text = explained(&["-", "--events", file.to_str().unwrap()], &waits.to_string());
        assert!(text.contains(says) && text.contains("create the ConfigMap `settings` in namespace shop"), "{text}");
    }
}

#[test]
fn equal_causes_are_explained_once_and_healthy_pods_are_counted() {
    let like = |name: &str| {
        let mut pod = object("crash-loop");
        pod["metadata"]["name"] = json!(name);
        pod
    };
    let mut items: Vec<Value> = (0..40).map(|number| healthy(&format!("web-{number}"))).collect();
    items.extend((0..15).map(|number| like(&format!("bad-{number}"))));
    items.push(object("unschedulable"));
    let list = json!({"kind": "List", "items": items}).to_string();
    let text = explained(&["-"], &list);
    assert!(text.contains("56 Pods: 16 in trouble, 40 well (--all shows every one)"), "{text}");
    assert!(text.contains("15 Pods: container `app` keeps exiting: code 137 (OOMKilled)"), "{text}");
    assert!(text.contains("... and 5 more like these"), "{text}");
    assert_eq!(text.matches("\nPod ").count(), 2, "one explanation for each cause: {text}");
    assert_eq!(text.matches("\nWhy: ").count(), 2, "{text}");
    assert!(!text.contains("web-0"), "{text}");
    let all = explained(&["-", "--all"], &list);
    assert!(all.contains("web-39") && all.contains("bad-14") && !all.contains("more like these"), "{all}");
}

#[test]
fn a_report_is_data_too() {
    let list =
        json!({"kind": "List", "items": [healthy("web"), object("crash-loop"), {"kind": "Service"}]}).to_string();
    let report: Value = serde_json::from_str(&explained(&["-", "-o", "json"], &list)).unwrap();
    assert_eq!(report["counts"]["pods"], 2);
    assert_eq!((&report["counts"]["trouble"], &report["counts"]["well"]), (&json!(1), &json!(1)));
    assert_eq!(report["skipped"], json!({"Service": 1}));
    let pod = &report["pods"][0];
    assert_eq!((&pod["status"], &pod["urgency"]), (&json!("CrashLoopBackOff"), &json!("trouble")));
    assert_eq!(pod["explanation"]["containers"][0]["past"]["cause"], json!({"is": "outOfMemory", "limit": "64Mi"}));
    assert_eq!(report["pods"].as_array().unwrap().len(), 1);
    let (text, _) = partly(&["-", "/no/such.json", "-o", "json"], &list);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert!(report["errors"][0].as_str().unwrap().starts_with("/no/such.json"), "{report}");
}

#[test]
fn a_contradiction_is_marked() {
    let text = explained(&[&pod("odd")], "");
    assert!(text.lines().any(|line| line.starts_with("! ")), "{text}");
}

#[test]
fn what_cannot_be_read_is_one_message_and_exit_code_2() {
    let missing = podlife("why").arg("no-such-file.json").output().unwrap();
    assert!(complaint(&missing, "no-such-file.json").contains("No such file"));
    for arguments in [&["--at", "soon"][..], &["--wrong"]] {
        let output = podlife("why").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for garbage in ["", "{", "[1, 2]", "nonsense", "{\"kind\": \"List\", \"items\": 5}"] {
        let (text, error) = partly(&["-"], garbage);
        assert!(text.is_empty() && error.starts_with("error: standard input: "), "{garbage}: {text}{error}");
    }
}
