//! Explanations of one container among others, and after earlier runs of it.

use std::sync::Arc;

use pod_lifecycle::{
    NoSink, PodMachine, Timestamp,
    config::KubeletConfig,
    event::{Event, RuntimeEvent},
    explain::Explanation,
    spec::PodSpec,
    state::{ContainerIds, Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId},
};
use serde_json::{Value, json};

use crate::explain::explanation;

/// Returns the explanation of a Pod this many seconds after its start.
fn explained(pod: &Value, script: &Value, seconds: f64) -> Explanation {
    explanation(pod.clone(), script.clone(), seconds)
}

/// Returns the situation of one container as JSON.
fn situation(explanation: &Explanation, container: &str) -> Value {
    let data = serde_json::to_value(explanation).unwrap();
    let all = data["containers"].as_array().unwrap();
    all.iter().find(|it| it["name"] == container).unwrap_or_else(|| panic!("{data}"))["situation"].clone()
}

#[test]
fn a_pull_has_its_image_and_its_start() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let script = json!({ "containers": { "main": { "image": { "present": false, "pullSeconds": 30 } } } });
    let pulling = explained(&pod, &script, 10.0);
    let is = json!({ "is": "pulling", "image": "shop:1.4", "since": "2026-03-01T12:00:00Z" });
    assert_eq!(situation(&pulling, "main"), is);
}

#[test]
fn a_first_start_agrees_with_its_status() {
    let pulled = json!({ "image": { "present": false, "pullSeconds": 30 } });
    let main = json!({ "name": "main", "image": "shop:1.4" });
    let alone = json!({ "containers": [main] });
    let after_another = json!({ "initContainers": [{ "name": "setup", "image": "tools:1" }], "containers": [main] });
    let script = json!({ "containers": { "main": pulled, "setup": { "runs": [{ "exitsAfterSeconds": 1 }] } } });
    for (pod, reason) in [(after_another, "PodInitializing"), (alone, "ContainerCreating")] {
        let mut script = script.clone();
        if reason == "ContainerCreating" {
            script["containers"].as_object_mut().unwrap().remove("setup");
        }
        let said = explained(&pod, &script, 10.0).to_string();
        assert!(said.contains(&format!("({reason})")) && !said.contains("still shows"), "{said}");
    }
}

#[test]
fn a_container_is_stopped_for_its_image_only_if_this_instance_has_another() {
    let pod = json!({ "terminationGracePeriodSeconds": 60, "containers": [
        { "name": "main", "image": "shop:1.4", "livenessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 5 } },
    ] });
    let stubborn = json!({ "sigtermExitAfterSeconds": 20 });
    let sick =
        json!({ "sigtermExitAfterSeconds": 20, "probes": { "liveness": [{ "from": 30, "result": "failure" }] } });
    let script = json!({
        "actions": [{ "t": 20, "op": "setImage", "container": "main", "image": "shop:1.5" }],
        "containers": { "main": { "runs": [stubborn, sick] } },
    });
    let reason = |seconds: f64| situation(&explained(&pod, &script, seconds), "main")["reason"].clone();
    assert_eq!(reason(25.0), "definitionChanged");
    assert_eq!(reason(90.0), "livenessProbe", "its predecessor had another image, but it has the right one");
}

#[test]
fn the_progress_of_a_probe_is_that_of_its_container() {
    let probe = json!({ "httpGet": { "port": 8080 }, "periodSeconds": 5 });
    let container = |name: &str| json!({ "name": name, "image": "shop:1.4", "readinessProbe": probe });
    let pod = json!({ "containers": [container("first"), container("second")] });
    let script = json!({ "containers": { "second": { "runs": [{ "probes": {
        "readiness": [{ "from": 0, "result": "failure" }],
    } }] } } });
    let lacks = &situation(&explained(&pod, &script, 18.0), "second")["lacks"];
    assert_eq!(lacks["streak"][0], "Failure", "the first container's probe succeeds: {lacks}");
}

#[test]
fn a_dead_sandbox_is_explained_before_a_new_one_is_created() {
    let pod = json!({ "containers": [{ "name": "main", "image": "shop:1.4" }] });
    let pull = json!({ "main": { "image": { "present": false, "pullSeconds": 30 } } });
    let script = json!({ "containers": pull, "sandboxDeaths": [10] });
    let data = serde_json::to_value(explained(&pod, &script, 20.0)).unwrap();
    let is = &data["situation"];
    assert_eq!((&is["is"], &is["isBeingMade"], &is["after"]), (&json!("noSandbox"), &json!(false), &json!("main")));
}

#[test]
fn a_running_sidecar_without_a_startup_probe_blocks_no_container_and_none_blocks_itself() {
    let hook = json!({ "postStart": { "exec": { "command": ["warm-up"] } } });
    let proxy = json!({ "name": "proxy", "image": "envoy:1", "restartPolicy": "Always", "lifecycle": hook });
    let setup = json!({ "name": "setup", "image": "tools:1" });
    let main = json!({ "name": "main", "image": "shop:1.4" });
    let script = json!({ "containers": { "proxy": { "postStart": { "durationSeconds": 30 } } } });
    let held_up = json!({ "turn": "proxy" });
    let with_setup = explained(&json!({ "initContainers": [proxy, setup], "containers": [main] }), &script, 10.0);
    assert_eq!(situation(&with_setup, "setup")["waitsFor"], held_up, "by its hook, not by itself");
    let without = explained(&json!({ "initContainers": [proxy], "containers": [main] }), &script, 10.0);
    assert_eq!(situation(&without, "main")["waitsFor"], held_up, "by its hook, not by a startup that is not asked for");
}

#[test]
fn a_pod_in_which_nothing_is_due_has_its_next_sync() {
    let probe = json!({ "httpGet": { "port": 8080 }, "periodSeconds": 5 });
    let pod = json!({ "restartPolicy": "OnFailure", "containers": [
        { "name": "job", "image": "job:1", "livenessProbe": probe }, { "name": "main", "image": "shop:1.4" },
    ] });
    let script = json!({ "containers": { "job": { "runs": [{ "exitsAfterSeconds": 5 }] } } });
    let data = serde_json::to_value(explained(&pod, &script, 30.0)).unwrap();
    assert_eq!(data["next"][0]["what"], "resync", "what has ended for good is not probed any more: {data}");
}

#[test]
fn a_container_whose_image_is_inspected_is_starting() {
    let manifest = json!({ "metadata": { "name": "web" }, "spec": { "containers": [
        { "name": "main", "image": "shop:1.4" }, { "name": "cache", "image": "redis:7" },
    ] } });
    let spec = Arc::new(PodSpec::from_manifest(serde_json::from_value(manifest).unwrap()).unwrap());
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut NoSink);
    let made = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
    pod.handle_event(now, Event::Runtime(made), &mut NoSink).unwrap();
    let asked = pod.explain(now);
    assert_eq!(situation(&asked, "main"), json!({ "is": "starting" }));
    assert_eq!(situation(&asked, "cache")["is"], "notStarted");
}

#[test]
fn an_init_container_in_an_unknown_state_blocks_no_container_once_regular_ones_run() {
    let manifest = json!({ "metadata": { "name": "web" }, "spec": {
        "initContainers": [{ "name": "setup", "image": "tools:1" }], "containers": [{ "name": "main", "image": "shop:1.4" }],
    } });
    let object = serde_json::from_value(manifest).unwrap();
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let instance = |container: u16, state: InstanceState| Instance {
        id: InstanceId::nth(0),
        container: Some(container.into()),
        sandbox: SandboxId(0),
        restart_count: 0,
        spec_changed: false,
        state,
    };
    let sandbox =
        Sandbox { id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true) };
    let runs = InstanceState::Running { started_at: Some(now) };
    let instances = vec![instance(1, runs), instance(0, InstanceState::Unknown)];
    let listed = RuntimeStatus { sandboxes: vec![sandbox], instances };
    let (mut ids, config) = (ContainerIds::default(), Arc::new(KubeletConfig::default()));
    let pod = PodMachine::resume(&object, listed, &mut ids, config, now, &mut NoSink).unwrap();
    let explanation = pod.explain(now);
    assert_eq!(situation(&explanation, "setup"), json!({ "is": "unknown" }));
    let data = serde_json::to_value(&explanation).unwrap();
    assert_eq!(data["next"][0]["what"], "resync", "nothing is started by itself: {data}");
}
