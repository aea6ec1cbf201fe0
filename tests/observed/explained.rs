//! Explanations of Pods as `kubectl get pod -o json` prints them; the objects are in `examples/pods`.

use std::{fs, path::Path, time::Duration};

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    config::{KubeletConfig, KubernetesVersion},
    explain::{NextStep, ObservedPod, When},
    kubectl,
};
use serde_json::{Value, json};

use super::{observed, pod, running};

fn object(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/pods/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the row, the explanation and the inconsistencies at this time past noon, in minutes and seconds.
fn printed(object: Value, past_noon: &str) -> String {
    let now: Timestamp = format!("2026-03-01T12:{past_noon}Z").parse().unwrap();
    let pod = ObservedPod::from_manifest(serde_json::from_value(object).unwrap()).unwrap();
    let inconsistencies: String = pod.inconsistencies().iter().map(|found| format!("! {found}\n")).collect();
    format!("{}{}\n{inconsistencies}", kubectl::table([pod.manifest()], now), pod.explain(now))
}

#[test]
fn an_image_that_cannot_be_pulled() {
    insta::assert_snapshot!(printed(object("image-pull-back-off"), "08:50"));
}

#[test]
fn a_config_map_that_is_missing() {
    insta::assert_snapshot!(printed(object("config-map-missing"), "08:50"));
}

#[test]
fn a_crash_loop_without_enough_memory() {
    insta::assert_snapshot!(printed(object("crash-loop"), "08:50"));
}

#[test]
fn a_crash_loop_without_a_delay_in_its_status() {
    let mut object = object("crash-loop");
    object["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = json!(null);
    insta::assert_snapshot!(printed(object, "08:50"));
}

#[test]
fn until_1_34_a_container_restarts_up_to_ten_seconds_after_the_end_of_its_back_off() {
    let now: Timestamp = "2026-03-01T12:08:50Z".parse().unwrap();
    let pod = ObservedPod::from_manifest(serde_json::from_value(object("crash-loop")).unwrap()).unwrap();
    let restart = |version: KubernetesVersion| {
        let explained = pod.explain_on(&KubeletConfig::default().with_kubernetes(version), now);
        explained.next.into_iter().find(|next| matches!(next.what, NextStep::Start { .. })).unwrap().when
    };
    let When::NotBefore(end) = restart(KubernetesVersion::V1_35) else { panic!("the delay is in the message") };
    let latest = end + Duration::from_secs(10);
    assert_eq!(restart(KubernetesVersion::V1_34), When::Between { earliest: end, latest });
}

#[test]
fn an_init_container_that_fails() {
    insta::assert_snapshot!(printed(object("init-error"), "01:09"));
}

#[test]
fn a_readiness_gate_that_is_not_true() {
    insta::assert_snapshot!(printed(object("readiness-gate"), "08:50"));
}

#[test]
fn a_pod_that_no_node_can_take() {
    insta::assert_snapshot!(printed(object("unschedulable"), "08:50"));
}

#[test]
fn an_evicted_pod() {
    insta::assert_snapshot!(printed(object("evicted"), "08:50"));
}

#[test]
fn a_pod_that_is_deleted_on_a_lost_node() {
    insta::assert_snapshot!(printed(object("node-lost"), "08:50"));
}

#[test]
fn a_status_that_no_kubelet_wrote() {
    insta::assert_snapshot!(printed(object("odd"), "08:50"));
}

#[test]
fn a_restart_that_should_have_come_long_ago_is_overdue() {
    let text = observed(object("crash-loop")).explain("2026-11-30T12:00:00Z".parse().unwrap()).to_string();
    let overdue = "Next: the restart of `app` has been overdue since 2026-03-01 12:09:54: this status is 273 days old.";
    assert!(text.contains(overdue), "{text}");
}

#[test]
fn a_healthy_pod() {
    insta::assert_snapshot!(printed(pod(json!({}), json!({})), "08:50"));
}

#[test]
fn a_pod_that_is_being_deleted() {
    let two = json!({"containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "b"}]});
    let mut object = pod(two, json!({"containerStatuses": [running("app"), running("log")]}));
    object["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:09:20Z");
    object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    insta::assert_snapshot!(printed(object, "08:55"));
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
    insta::assert_snapshot!(printed(pod(spec, json!({"containerStatuses": [app], "conditions": conditions})), "08:50"));
}

#[test]
fn a_job_that_has_succeeded() {
    let done = json!({"name": "app", "ready": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-03-01T12:08:49Z"}}});
    let status = json!({"containerStatuses": [done], "conditions": []});
    insta::assert_snapshot!(printed(pod(json!({"restartPolicy": "Never"}), status), "08:50"));
}

#[test]
fn a_node_whose_kubelet_does_not_report() {
    let object = json!({
        "metadata": {"name": "web"},
        "spec": {"nodeName": "node-9", "containers": [{"name": "app", "image": "nginx:1"}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]},
    });
    insta::assert_snapshot!(printed(object, "08:50"));
}

#[test]
fn a_network_that_is_not_ready() {
    let app = json!({"name": "app", "ready": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"waiting": {"reason": "ContainerCreating"}}});
    let conditions = json!([{"type": "PodReadyToStartContainers", "status": "False"}]);
    let status = json!({"phase": "Pending", "containerStatuses": [app], "conditions": conditions});
    insta::assert_snapshot!(printed(pod(json!({}), status), "08:50"));
}

/// Returns every variation of a value in which one part is missing or has an unknown value.
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
fn every_status_with_a_missing_or_unknown_value_is_explained() {
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
                assert!(text.lines().next().unwrap().contains(&format!("Pod {} ", pod.spec().name())), "{text}");
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
    let explained = serde_json::to_value(&explanation).unwrap();
    assert_eq!(explained["containers"][0]["situation"]["delaySeconds"], 160);
    assert_eq!(explained["next"][0]["notBefore"], "2026-03-01T12:09:54Z");
    assert_eq!(explained["changes"][0], json!({"what": "remedy", "container": "app", "remedy": "moreMemory"}));
}

/// Returns the situation of the only container, which has this status, of a Pod in this phase.
fn situation(phase: &str, container: Value) -> Value {
    let explained = observed(pod(json!({}), json!({"phase": phase, "containerStatuses": [container]})));
    let now = "2026-03-01T12:10:00Z".parse().unwrap();
    serde_json::to_value(explained.explain(now)).unwrap()["containers"][0]["situation"]["is"].clone()
}

#[test]
fn a_container_that_waits_in_a_pod_that_has_ended_never_ran() {
    let waits = json!({"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}});
    assert_eq!(situation("Failed", waits.clone()), "neverRan");
    assert_eq!(situation("Pending", waits), "notStarted");
}

#[test]
fn a_container_without_a_state_is_unknown_until_the_pod_has_ended() {
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
    let explained = observed(pod(
        json!({"containers": containers}),
        json!({"conditions": conditions, "containerStatuses": statuses}),
    ));
    let now = "2026-03-01T12:10:00Z".parse().unwrap();
    let explained = serde_json::to_value(explained.explain(now)).unwrap();
    assert_eq!(explained["situation"], json!({"is": "container", "container": "app"}));
}

#[test]
fn a_pod_that_failed_without_a_reason_failed_for_the_disruption_that_it_was_the_target_of() {
    let situation = |status: &str| {
        let target = json!({
            "type": "DisruptionTarget", "status": status, "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        });
        let explained =
            observed(pod(json!({}), json!({"phase": "Failed", "conditions": [target], "containerStatuses": []})));
        let now = "2026-03-01T12:10:00Z".parse().unwrap();
        serde_json::to_value(explained.explain(now)).unwrap()["situation"].to_string()
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
    let explained = serde_json::to_value(&explanation).unwrap();
    assert_eq!(explained["situation"], json!({"is": "container", "container": "app"}));
}
