//! Regressions, each as the shortest scenario that shows it.

use std::time::Duration;

use pod_lifecycle::sim::{Scenario, ScenarioError};
use serde_json::{Value, json};

fn play(scenario: Value) -> Result<pod_lifecycle::sim::Timeline, ScenarioError> {
    serde_json::from_value::<Scenario>(scenario).unwrap().play()
}

#[test]
fn a_resync_period_of_zero_does_not_stop_time() {
    let timeline = play(json!({
        "pod": {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}},
        "script": {"endSeconds": 30}, "config": {"resyncSeconds": 0},
    }));
    assert_eq!(timeline.unwrap().end.at.unix_seconds() % 60, 30);
}

#[test]
fn containers_that_restart_each_other_without_delay_are_an_error() {
    let rule = json!({"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}});
    let error = play(json!({
        "pod": {"metadata": {"name": "x"}, "spec": {"containers": [
            {"name": "app", "image": "app:1", "restartPolicy": "Never", "restartPolicyRules": [rule]}
        ]}},
        "script": {"containers": {"app": {"runs": [{"exitsAfterSeconds": 0, "exitCode": 1}]}}},
    }));
    assert_eq!(error.unwrap_err(), ScenarioError::Endless { at: Duration::ZERO });
}

#[test]
fn an_unvalidated_pod_without_containers_is_an_error() {
    let error =
        play(json!({"pod": {"metadata": {"name": "x"}, "spec": {"containers": []}}, "config": {"admitted": true}}));
    assert_eq!(error.unwrap_err(), ScenarioError::Endless { at: Duration::ZERO });
}

#[test]
fn the_kubelet_overwrites_its_own_conditions_set_by_others() {
    let timeline = play(json!({
        "pod": {"metadata": {"name": "x"}, "spec": {"containers": [
            {"name": "app", "image": "app:1", "readinessProbe": {"exec": {"command": ["ok"]}}}
        ]}},
        "script": {
            "endSeconds": 60,
            "actions": [{"t": 5, "op": "setCondition", "condition": "Ready", "status": "False"}],
            "containers": {"app": {"runs": [
                {"probes": {"readiness": [{"from": 0, "result": "success"}, {"from": 20, "result": "failure"}]}}
            ]}},
        },
    }));
    let status = timeline.unwrap().pod.status;
    assert_eq!(status.conditions.iter().filter(|condition| condition.type_ == "Ready").count(), 1);
}

#[test]
fn a_dead_container_that_each_sync_probes_again_is_no_livelock() {
    let probes = json!({"startupProbe": {"exec": {"command": ["ok"]}}, "livenessProbe": {"exec": {"command": ["ok"]}}});
    let mut log = json!({"name": "log", "image": "log:1"});
    log.as_object_mut().unwrap().extend(probes.as_object().unwrap().clone());
    let timeline = play(json!({
        "pod": {"metadata": {"name": "x", "uid": "f5b8"}, "spec": {
            "restartPolicy": "Never", "containers": [log, {"name": "web", "image": "web:1"}],
        }},
        "script": {
            "endSeconds": 300, "sandboxDeaths": [109],
            "containers": {"web": {"image": {"present": false, "failuresBeforeSuccess": 1000}}},
            "actions": [{"t": 130, "op": "kubeletRestart"}],
        },
        "config": {"relistAfterSync": true, "nodeLikeSeed": 4_790_424_401_357_499_921_u64},
    }));
    let entries = timeline.unwrap().entries.len();
    assert!((100..60_000).contains(&entries), "{entries} entries in five minutes");
}
