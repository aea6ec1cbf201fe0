//! Pods as `kubectl get pod -o json` prints them, and what is said of each; the objects are in `examples/pods`.

use std::{fs, path::Path};

use pod_lifecycle::{Timestamp, api::PodManifest, explain::ObservedPod, kubectl};
use serde_json::{Value, json};

use super::{observed, pod, running};

fn object(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/pods/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The row, the explanation, and what contradicts the rules, at so many minutes and seconds past noon.
fn told(object: Value, past_noon: &str) -> String {
    let now: Timestamp = format!("2026-03-01T12:{past_noon}Z").parse().unwrap();
    let pod = ObservedPod::from_manifest(serde_json::from_value(object).unwrap()).unwrap();
    let inconsistencies: String = pod.inconsistencies().iter().map(|found| format!("! {found}\n")).collect();
    format!("{}{}\n{inconsistencies}", kubectl::table([pod.manifest()], now), pod.explain(now))
}

#[test]
fn an_image_that_cannot_be_pulled() {
    insta::assert_snapshot!(told(object("image-pull-back-off"), "08:50"));
}

#[test]
fn a_config_map_that_is_missing() {
    insta::assert_snapshot!(told(object("config-map-missing"), "08:50"));
}

#[test]
fn a_crash_loop_for_want_of_memory() {
    insta::assert_snapshot!(told(object("crash-loop"), "08:50"));
}

#[test]
fn a_crash_loop_whose_status_does_not_say_how_long() {
    let mut object = object("crash-loop");
    object["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = json!(null);
    insta::assert_snapshot!(told(object, "08:50"));
}

#[test]
fn an_init_container_that_fails() {
    insta::assert_snapshot!(told(object("init-error"), "01:09"));
}

#[test]
fn a_readiness_gate_that_is_not_true() {
    insta::assert_snapshot!(told(object("readiness-gate"), "08:50"));
}

#[test]
fn a_pod_that_no_node_can_take() {
    insta::assert_snapshot!(told(object("unschedulable"), "08:50"));
}

#[test]
fn an_evicted_pod() {
    insta::assert_snapshot!(told(object("evicted"), "08:50"));
}

#[test]
fn a_pod_that_is_deleted_on_a_lost_node() {
    insta::assert_snapshot!(told(object("node-lost"), "08:50"));
}

#[test]
fn a_status_by_somebody_who_is_no_kubelet() {
    insta::assert_snapshot!(told(object("odd"), "08:50"));
}

#[test]
fn a_healthy_pod() {
    insta::assert_snapshot!(told(pod(json!({}), json!({})), "08:50"));
}

#[test]
fn a_pod_that_is_being_deleted() {
    let two = json!({"containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "b"}]});
    let mut object = pod(two, json!({"containerStatuses": [running("app"), running("log")]}));
    object["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:09:20Z");
    object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    insta::assert_snapshot!(told(object, "08:55"));
}

#[test]
fn a_container_that_does_not_become_ready() {
    let spec = json!({"containers": [{"name": "app", "image": "nginx:1", "readinessProbe": {
        "httpGet": {"port": 80}, "periodSeconds": 5, "successThreshold": 2}}]});
    let mut app = running("app");
    app["ready"] = json!(false);
    let not_ready = |condition: &str| {
        json!({"type": condition, "status": "False", "reason": "ContainersNotReady",
            "message": "containers with unready status: [app]"})
    };
    let conditions = json!([not_ready("Ready"), not_ready("ContainersReady")]);
    insta::assert_snapshot!(told(pod(spec, json!({"containerStatuses": [app], "conditions": conditions})), "08:50"));
}

#[test]
fn a_job_that_has_done_its_work() {
    let done = json!({"name": "app", "ready": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-03-01T12:08:49Z"}}});
    let status = json!({"containerStatuses": [done], "conditions": []});
    insta::assert_snapshot!(told(pod(json!({"restartPolicy": "Never"}), status), "08:50"));
}

#[test]
fn a_node_whose_kubelet_says_nothing() {
    let object = json!({
        "metadata": {"name": "web"},
        "spec": {"nodeName": "node-9", "containers": [{"name": "app", "image": "nginx:1"}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]},
    });
    insta::assert_snapshot!(told(object, "08:50"));
}

#[test]
fn a_network_that_does_not_come() {
    let app = json!({"name": "app", "ready": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"waiting": {"reason": "ContainerCreating"}}});
    let conditions = json!([{"type": "PodReadyToStartContainers", "status": "False"}]);
    let status = json!({"phase": "Pending", "containerStatuses": [app], "conditions": conditions});
    insta::assert_snapshot!(told(pod(json!({}), status), "08:50"));
}

/// Every object without one of its values, or with another kind of word there.
fn variations(value: &Value) -> Vec<Value> {
    let odd = |value: &Value| match value {
        Value::String(_) => Vec::from([Value::Null, json!("Odd")]),
        Value::Number(_) => Vec::from([Value::Null, json!(-7), json!(2_147_483_647)]),
        _ => Vec::from([Value::Null]),
    };
    let mut varied = odd(value);
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                varied.extend(variations(inner).into_iter().map(|inner| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), inner);
                    Value::Object(fields)
                }));
            }
        }
        Value::Array(values) => {
            for (place, inner) in values.iter().enumerate() {
                varied.extend(variations(inner).into_iter().map(|inner| {
                    let mut values = values.clone();
                    values[place] = inner;
                    Value::Array(values)
                }));
            }
        }
        _ => {}
    }
    varied
}

#[test]
fn whatever_is_missing_or_odd_an_explanation_is_given() {
    let names = ["image-pull-back-off", "crash-loop", "readiness-gate", "evicted", "init-error", "node-lost", "odd"];
    let mut count = 0;
    for name in names {
        let whole = object(name);
        for status in variations(&whole["status"]) {
            let mut object = whole.clone();
            object["status"] = status;
            let Ok(manifest) = serde_json::from_value::<PodManifest>(object) else { continue };
            let pod = ObservedPod::from_manifest(manifest).unwrap();
            for now in ["2026-03-01T12:08:50Z", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
                let now = now.parse().unwrap();
                let text = pod.explain(now).to_string();
                assert!(text.starts_with(&format!("Pod {} ", pod.spec().name())), "{text}");
                assert!(!pod.row(now).ready.is_empty());
            }
            let _ = pod.inconsistencies();
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn an_explanation_is_data_too() {
    let explanation = observed(object("crash-loop")).explain("2026-03-01T12:08:50Z".parse().unwrap());
    let told = serde_json::to_value(&explanation).unwrap();
    assert_eq!(told["containers"][0]["situation"]["delaySeconds"], 160);
    assert_eq!(told["next"][0]["notBefore"], "2026-03-01T12:09:54Z");
    assert_eq!(told["changes"][0], json!({"what": "remedy", "container": "app", "remedy": "moreMemory"}));
}

/// What is said of the only container of a Pod in this phase whose status is this.
fn situation(phase: &str, container: Value) -> Value {
    let told = observed(pod(json!({}), json!({"phase": phase, "containerStatuses": [container]})));
    let now = "2026-03-01T12:10:00Z".parse().unwrap();
    serde_json::to_value(told.explain(now)).unwrap()["containers"][0]["situation"]["is"].clone()
}

#[test]
fn a_container_that_waits_in_a_pod_that_has_ended_never_ran() {
    let waits = json!({"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}});
    assert_eq!(situation("Failed", waits.clone()), "neverRan");
    assert_eq!(situation("Pending", waits), "notStarted");
}

#[test]
fn of_a_container_whose_state_is_not_said_nothing_is_known_until_the_pod_has_ended() {
    assert_eq!(situation("Running", json!({"name": "app"})), "unknown");
    assert_eq!(situation("Failed", json!({"name": "app"})), "neverRan");
}

#[test]
fn of_two_containers_the_one_that_runs_and_is_not_ready_explains_the_pod() {
    let mut unready = running("app");
    unready["ready"] = json!(false);
    let containers = json!([{"name": "aside", "image": "nginx:1"}, {"name": "app", "image": "nginx:1"}]);
    let conditions = json!([{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "False"}]);
    let statuses = json!([running("aside"), unready]);
    let told = observed(pod(
        json!({"containers": containers}),
        json!({"conditions": conditions, "containerStatuses": statuses}),
    ));
    let now = "2026-03-01T12:10:00Z".parse().unwrap();
    let told = serde_json::to_value(told.explain(now)).unwrap();
    assert_eq!(told["situation"], json!({"is": "container", "container": "app"}));
}

#[test]
fn a_pod_that_failed_without_a_reason_failed_for_the_disruption_that_it_was_the_target_of() {
    let situation = |status: &str| {
        let target = json!({
            "type": "DisruptionTarget", "status": status, "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        });
        let told =
            observed(pod(json!({}), json!({"phase": "Failed", "conditions": [target], "containerStatuses": []})));
        let now = "2026-03-01T12:10:00Z".parse().unwrap();
        serde_json::to_value(told.explain(now)).unwrap()["situation"].to_string()
    };
    assert!(situation("True").contains("DeletionByTaintManager"), "{}", situation("True"));
    assert!(!situation("False").contains("DeletionByTaintManager"), "{}", situation("False"));
}

#[test]
fn a_container_that_runs_but_is_not_ready_explains_more_than_one_that_has_ended_well() {
    let containers = json!([{"name": "done", "image": "job:1"}, {"name": "app", "image": "nginx:1"}]);
    let spec = json!({"restartPolicy": "OnFailure", "containers": containers});
    let mut app = running("app");
    app["ready"] = json!(false);
    let end = json!({"exitCode": 0, "reason": "Completed", "finishedAt": "2026-03-01T12:01:00Z"});
    let mut done = running("done");
    (done["ready"], done["started"], done["state"]) = (json!(false), json!(false), json!({"terminated": end}));
    let conditions = json!([
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "False"},
        {"type": "ContainersReady", "status": "False"},
        {"type": "PodScheduled", "status": "True"},
    ]);
    let status = json!({"containerStatuses": [done, app], "conditions": conditions});
    let explanation = observed(pod(spec, status)).explain("2026-03-01T12:08:50Z".parse().unwrap());
    let told = serde_json::to_value(&explanation).unwrap();
    assert_eq!(told["situation"], json!({"is": "container", "container": "app"}));
}
