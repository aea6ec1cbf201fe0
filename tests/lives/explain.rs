//! Explanations of Pods at notable moments of their simulated lives.

use std::time::Duration;

use pod_lifecycle::{
    config::KnownBug,
    explain::{Explanation, When},
    sim::Scenario,
};
use serde_json::{Value, json};

/// Returns the text of a Pod's explanation this many seconds after its start.
fn explained(pod: Value, script: Value, seconds: f64) -> String {
    explanation(pod, script, seconds).to_string()
}

/// Returns the explanation itself.
pub(crate) fn explanation(pod: Value, script: Value, seconds: f64) -> Explanation {
    let scenario = json!({ "pod": { "metadata": { "name": "web" }, "spec": pod }, "script": script });
    let scenario: Scenario = serde_json::from_value(scenario).unwrap();
    let mut life = scenario.simulate().unwrap();
    let now = life.now() + Duration::from_secs_f64(seconds);
    life.advance_to(now).unwrap();
    life.explain(now)
}

#[test]
fn a_crash_loop_has_its_restart_and_its_next_delay() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "containers": { "main": { "runs": [{ "exitsAfterSeconds": 5, "exitCode": 1 }] } } });
    insta::assert_snapshot!(explained(pod, script, 63.0));
}

#[test]
fn an_image_that_cannot_be_pulled_has_the_time_of_the_next_pull() {
    let pod = json!({ "containers": [
        { "name": "main", "image": "registry.example/shop:1.5" },
        { "name": "metrics", "image": "metrics:2" },
    ] });
    let script = json!({ "containers": { "main": { "image": {
        "present": false, "pullSeconds": 2, "failuresBeforeSuccess": 9, "error": "manifest unknown"
    } } } });
    insta::assert_snapshot!(explained(pod, script, 30.0));
}

#[test]
fn an_init_container_has_its_place_and_those_that_wait() {
    let pod = json!({
        "initContainers": [{ "name": "wait-db", "image": "tools:1" }, { "name": "migrate", "image": "shop:1.4" }],
        "containers": [{ "name": "main", "image": "shop:1.4" }],
    });
    let script = json!({ "containers": {
        "wait-db": { "runs": [{ "exitsAfterSeconds": 8, "exitCode": 0 }] },
        "migrate": { "runs": [{ "exitsAfterSeconds": 120, "exitCode": 0 }] },
    } });
    insta::assert_snapshot!(explained(pod, script, 20.0));
}

#[test]
fn a_container_that_is_not_ready_has_the_missing_successes() {
    let pod = json!({ "containers": [{
        "name": "main", "image": "shop:1.4",
        "readinessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 5, "successThreshold": 3 },
        "livenessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 10 },
    }] });
    let script = json!({ "containers": { "main": { "runs": [{ "probes": {
        "readiness": [{ "from": 0, "result": "failure" }, { "from": 14, "result": "success" }],
    } }] } } });
    insta::assert_snapshot!(explained(pod, script, 18.0));
}

#[test]
fn a_slow_start_has_the_failures_left() {
    let pod = json!({ "containers": [{
        "name": "main", "image": "shop:1.4",
        "startupProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 10, "failureThreshold": 30 },
    }] });
    let script = json!({ "containers": { "main": { "runs": [{ "probes": {
        "startup": [{ "from": 0, "result": "failure" }],
    } }] } } });
    insta::assert_snapshot!(explained(pod, script, 47.0));
}

/// Returns the situation of one container as JSON.
fn situation(pod: Value, script: Value, seconds: f64, container: &str) -> Value {
    let json = serde_json::to_value(explanation(pod, script, seconds)).unwrap();
    let all = json["containers"].as_array().unwrap();
    all.iter().find(|it| it["name"] == container).unwrap_or_else(|| panic!("{json}"))["situation"].clone()
}

#[test]
fn a_container_that_waits_names_the_one_that_holds_up_the_pod() {
    let hook = json!({ "postStart": { "exec": { "command": ["warm-up"] } } });
    let pod = json!({ "containers": [
        { "name": "first", "image": "shop:1.4", "lifecycle": hook }, { "name": "second", "image": "shop:1.4" },
    ] });
    let held_up = json!({ "turn": "first" });
    let hook = json!({ "containers": { "first": { "postStart": { "durationSeconds": 30 } } } });
    let waits_for =
        |script: Value, container: &str| situation(pod.clone(), script, 10.0, container)["waitsFor"].clone();
    assert_eq!(waits_for(hook, "second"), held_up, "by its hook");
    let pull = json!({ "containers": {
        "first": { "image": { "present": false, "pullSeconds": 30 }, "postStart": {} },
    } });
    assert_eq!(waits_for(pull.clone(), "second"), held_up, "by its pull");
    assert_ne!(waits_for(pull, "first"), held_up, "it does not wait for itself");
}

#[test]
fn a_container_that_is_stopped_after_others_names_them() {
    let pod = json!({
        "terminationGracePeriodSeconds": 60,
        "initContainers": [
            { "name": "proxy", "image": "envoy:1", "restartPolicy": "Always" },
            { "name": "logger", "image": "log:1", "restartPolicy": "Always" },
        ],
        "containers": [{ "name": "main", "image": "shop:1.4" }, { "name": "cache", "image": "redis:7" }],
    });
    let script = json!({
        "actions": [{ "t": 100, "op": "delete" }],
        "containers": {
            "main": { "runs": [{ "sigtermExitAfterSeconds": 20 }] },
            "cache": { "runs": [{ "sigtermExitAfterSeconds": 10 }] },
            "logger": { "runs": [{ "sigtermExitAfterSeconds": 10 }] },
        },
    });
    let after = |seconds: f64, container: &str| {
        situation(pod.clone(), script.clone(), seconds, container)["step"]["after"].clone()
    };
    assert_eq!(after(105.0, "proxy"), json!(["logger", "main", "cache"]), "sidecars stop last, in reverse");
    assert_eq!(after(105.0, "logger"), json!(["main", "cache"]));
    assert_eq!(after(115.0, "logger"), json!(["main"]), "a container that has stopped holds up no other");
    assert_eq!(after(125.0, "proxy"), json!(["logger"]));
}

#[test]
fn a_failing_liveness_probe_is_explained_with_its_count() {
    let probe = json!({ "httpGet": { "port": 8080 }, "periodSeconds": 10, "failureThreshold": 5 });
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4", "livenessProbe": probe }] });
    let script = json!({ "containers": { "main": { "runs": [{ "probes": {
        "liveness": [{ "from": 15, "result": "failure" }],
    } }] } } });
    let said = |seconds: f64| explained(pod.clone(), script.clone(), seconds);
    assert!(!said(14.0).contains("has failed"), "{}", said(14.0));
    assert!(said(32.0).contains("`main` is running, but its liveness probe has failed twice"), "{}", said(32.0));
}

#[test]
fn a_container_whose_startup_probe_has_failed_is_not_stopped_by_its_liveness_probe() {
    let probe = json!({ "httpGet": { "port": 8080 }, "periodSeconds": 5, "failureThreshold": 2 });
    let pod = json!({ "containers": [
        { "name": "main", "image": "shop:1.4", "startupProbe": probe, "livenessProbe": probe },
    ] });
    let script = json!({ "containers": { "main": { "runs": [{ "ignoresSigterm": true, "probes": {
        "startup": [{ "from": 0, "result": "failure" }],
    } }] } } });
    assert_eq!(situation(pod, script, 20.0, "main")["reason"], "startupProbe");
}

#[test]
fn a_missing_image_that_must_not_be_pulled_is_looked_for_again() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4", "imagePullPolicy": "Never" }] });
    let script = json!({ "containers": { "main": { "image": { "present": false } } } });
    let said = explained(pod, script, 5.0);
    assert!(said.contains("the kubelet looks again for the image of `main`"), "{said}");
}

#[test]
fn a_container_after_sigterm_has_the_time_of_its_kill() {
    let pod = json!({ "terminationGracePeriodSeconds": 60, "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({
        "actions": [{ "t": 100, "op": "delete" }], "containers": { "main": { "runs": [{ "ignoresSigterm": true }] } },
    });
    let step = &situation(pod, script, 110.0, "main")["step"];
    assert_eq!((&step["graceSeconds"], &step["killNotBefore"]), (&json!(60), &json!("2026-03-01T12:02:40Z")));
}

#[test]
fn a_readiness_gate_names_the_missing_condition() {
    let pod = json!({
        "readinessGates": [{ "conditionType": "target-health.example/registered" }],
        "containers": [{ "name": "main", "image": "shop:1.4" }],
    });
    insta::assert_snapshot!(explained(pod, json!({}), 20.0));
}

#[test]
fn a_deleted_pod_lists_its_stops_in_order() {
    let pod = json!({
        "terminationGracePeriodSeconds": 45,
        "initContainers": [{ "name": "proxy", "image": "envoy:1", "restartPolicy": "Always" }],
        "containers": [{
            "name": "main", "image": "shop:1.4", "lifecycle": { "preStop": { "sleep": { "seconds": 10 } } },
        }],
    });
    let script = json!({ "actions": [{ "t": 100, "op": "delete" }] });
    insta::assert_snapshot!(explained(pod, script, 104.0));
}

#[test]
fn a_failed_job_has_the_exit_and_the_rule() {
    let pod = json!({
        "restartPolicy": "Never",
        "containers": [{ "name": "report", "image": "report:3" }, { "name": "upload", "image": "report:3" }],
    });
    let script = json!({ "containers": {
        "report": { "runs": [{ "exitsAfterSeconds": 40, "exitCode": 3 }] },
        "upload": { "runs": [{ "exitsAfterSeconds": 60, "exitCode": 0 }] },
    } });
    insta::assert_snapshot!(explained(pod, script, 90.0));
}

#[test]
fn a_failed_liveness_probe_is_the_reason_for_a_stop() {
    let pod = json!({ "containers": [{
        "name": "main", "image": "shop:1.4",
        "livenessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 10 },
    }] });
    let script = json!({ "containers": { "main": { "runs": [{ "ignoresSigterm": true, "probes": {
        "liveness": [{ "from": 25, "result": "failure" }],
    } }] } } });
    insta::assert_snapshot!(explained(pod, script, 57.0));
}

#[test]
fn an_unschedulable_pod_has_the_schedulers_message() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "actions": [
        { "t": 1, "op": "unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu." },
        { "t": 500, "op": "bind" },
    ] });
    insta::assert_snapshot!(explained(pod, script, 60.0));
}

#[test]
fn a_pod_with_a_deadline_has_its_time() {
    let pod = json!({
        "restartPolicy": "OnFailure", "activeDeadlineSeconds": 90,
        "containers": [{ "name": "batch", "image": "batch:7" }],
    });
    let script = json!({ "containers": { "batch": { "runs": [{ "exitsAfterSeconds": 20, "exitCode": 2 }] } } });
    insta::assert_snapshot!(explained(pod, script, 55.0));
}

#[test]
fn a_healthy_pod() {
    let pod = json!({ "containers": [{
        "name": "main", "image": "shop:1.4",
        "readinessProbe": { "httpGet": { "port": 8080 } },
        "livenessProbe": { "httpGet": { "port": 8080 } },
    }] });
    insta::assert_snapshot!(explained(pod, json!({}), 34.0));
}

#[test]
fn an_evicted_pod_is_stopped_by_its_node() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({
        "containers": { "main": { "runs": [{ "sigtermExitAfterSeconds": 9 }] } },
        "actions": [{ "t": 30, "op": "evict", "graceSeconds": 20 }],
    });
    insta::assert_snapshot!(explained(pod, script, 33.0));
}

#[test]
fn a_pod_on_a_lost_node_is_not_ready() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "actions": [{ "t": 40, "op": "nodeLost" }] });
    insta::assert_snapshot!(explained(pod, script, 100.0));
}

#[test]
fn a_pod_with_scheduling_gates() {
    let pod = json!({
        "schedulingGates": [{ "name": "quota.example/approved" }],
        "containers": [{ "name": "main", "image": "shop:1.4" }],
    });
    insta::assert_snapshot!(explained(pod, json!({}), 100.0));
}

#[test]
fn a_restart_of_all_containers_names_the_exit_behind_it() {
    let pod = json!({
        "restartPolicy": "Never",
        "initContainers": [{ "name": "setup", "image": "tools:1" }],
        "containers": [
            { "name": "trainer", "image": "train:2", "restartPolicy": "Never", "restartPolicyRules": [
                { "action": "RestartAllContainers", "exitCodes": { "operator": "In", "values": [88] } },
            ] },
            { "name": "logger", "image": "log:1" },
        ],
    });
    let script = json!({ "containers": {
        "setup": { "runs": [{ "exitsAfterSeconds": 3 }] },
        "trainer": { "runs": [{ "exitsAfterSeconds": 60, "exitCode": 88 }] },
        "logger": { "runs": [{ "ignoresSigterm": true }] },
    } });
    insta::assert_snapshot!(explained(pod, script, 64.0));
}

#[test]
fn a_restart_of_the_kubelet_is_mentioned() {
    let pod = json!({ "containers": [{
        "name": "main", "image": "shop:1.4",
        "readinessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 20 },
    }] });
    let script = json!({
        "containers": { "main": { "runs": [{ "probes": { "readiness": [{ "from": 0, "result": "failure" }] } }] } },
        "actions": [{ "t": 50, "op": "kubeletRestart" }],
    });
    insta::assert_snapshot!(explained(pod, script, 52.0));
}

#[test]
fn an_explanation_can_be_serialized() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "containers": { "main": { "runs": [{ "exitsAfterSeconds": 5, "exitCode": 1 }] } } });
    let json = serde_json::to_value(explanation(pod, script, 63.0)).unwrap();
    assert_eq!(json["situation"], json!({ "is": "container", "container": "main" }));
    assert_eq!(json["next"], json!([{ "at": "2026-03-01T12:01:30Z", "what": "start", "container": "main" }]));
    let main = &json["containers"][0]["situation"];
    assert_eq!(main["is"], "heldBack");
    assert_eq!(main["exit"]["count"], 4);
    assert_eq!(main["decision"], json!({ "restarts": true, "by": { "podPolicy": "Always" } }));
}

#[test]
fn a_restart_of_the_kubelet_is_mentioned_for_five_minutes() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "actions": [{ "t": 50, "op": "kubeletRestart" }] });
    let is_mentioned = |seconds| explained(pod.clone(), script.clone(), seconds).contains("the kubelet restarted");
    assert_eq!([349.0, 350.0].map(is_mentioned), [true, false]);
}

#[test]
fn a_step_whose_latest_time_has_passed_follows_the_present_sync() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "containers": { "main": { "runs": [{ "exitsAfterSeconds": 5, "exitCode": 1 }] } } });
    let mut explained = explanation(pod, script, 63.0);
    explained.next[0].when = When::Between { earliest: explained.at - Duration::from_secs(9), latest: explained.at };
    let lines = explained.to_string();
    assert!(lines.contains("`main` restarts as soon as the kubelet's current sync of the Pod ends"), "{lines}");
}

#[test]
fn a_running_post_start_hook_has_its_end() {
    let hook = json!({ "postStart": { "sleep": { "seconds": 30 } } });
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4", "lifecycle": hook }] });
    let situation = situation(pod, json!({}), 10.0, "main");
    assert_eq!(situation, json!({ "is": "postStart", "until": "2026-03-01T12:00:30Z" }));
}

#[test]
fn a_hook_that_sleeps_has_an_exact_end_and_any_other_a_latest_one() {
    let text = |pre_stop: Value| {
        let hook = json!({ "preStop": pre_stop });
        let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4", "lifecycle": hook }] });
        let hook = json!({ "main": { "preStop": { "durationSeconds": 10 } } });
        let script = json!({ "actions": [{ "t": 20, "op": "delete" }], "containers": hook, "endSeconds": 90 });
        explained(pod, script, 22.0)
    };
    let ends = |text: &str| text.contains("when its preStop hook ends");
    let (sleeps, runs) = (text(json!({ "sleep": { "seconds": 10 } })), text(json!({ "exec": { "command": ["x"] } })));
    assert!(ends(&sleeps) && !sleeps.contains("at the latest"), "{sleeps}");
    assert!(ends(&runs) && runs.contains("at the latest"), "{runs}");
}

/// Returns the bugs that the Pod of a scenario of `examples/quirks` shows at this second, and the explanation.
fn quirks(scenario: &str, without: Option<KnownBug>, seconds: u64) -> (Vec<KnownBug>, String) {
    let file = format!("{}/examples/quirks/{scenario}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut scenario: Scenario = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    scenario.config.fixed_bugs.extend(without);
    let mut life = scenario.simulate().unwrap();
    let now = life.now() + Duration::from_secs(seconds);
    life.advance_to(now).unwrap();
    let explanation = life.explain(now);
    (explanation.quirks.iter().map(|quirk| quirk.bug).collect(), explanation.to_string())
}

#[test]
fn a_container_that_counts_as_started_without_its_startup_probe_shows_a_quirk() {
    let bug = KnownBug::InheritedStarted;
    let (shown, text) = quirks("inherited-started", None, 39);
    assert_eq!(shown, [bug], "{text}");
    assert!(text.contains(
        "\nQuirk: `app` shows a known bug of the kubelet, inheritedStarted (kubernetes#141155, 1.35 to 1.37): "
    ));
    let (before, text) = quirks("inherited-started", None, 20);
    assert_eq!(before, [], "{text}");
    let (fixed, text) = quirks("inherited-started", Some(bug), 39);
    assert_eq!(fixed, [], "{text}");
}

#[test]
fn a_sidecar_that_keeps_a_container_from_its_restart_shows_a_quirk() {
    let bug = KnownBug::SidecarStartupForgotten;
    let (shown, text) = quirks("sidecar-startup-forgotten", None, 120);
    assert_eq!(shown, [bug], "{text}");
    assert!(text.contains("Quirk: `proxy` shows a known bug of the kubelet, sidecarStartupForgotten"), "{text}");
    let (fixed, text) = quirks("sidecar-startup-forgotten", Some(bug), 120);
    assert_eq!(fixed, [], "{text}");
}
