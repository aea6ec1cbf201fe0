//! Mistakes in scripts: each is an error that names its field.

use pod_lifecycle::sim::Scenario;
use serde_json::{Value, json};

/// Returns the error of a scenario of this Pod.
fn mistake_of(pod: Value, script: Value, config: Value) -> String {
    let scenario = json!({"pod": {"metadata": {"name": "web"}, "spec": pod}, "script": script, "config": config});
    let scenario: Scenario = serde_json::from_value(scenario).unwrap();
    scenario.play().err().map_or_else(|| "none".into(), |error| error.to_string())
}

/// A Pod that has every probe and hook.
fn with_handlers() -> Value {
    let probe = json!({"httpGet": {"port": 80}});
    let hook = json!({"exec": {"command": ["true"]}});
    json!({"containers": [{
        "name": "app", "image": "app:1", "startupProbe": probe, "readinessProbe": probe, "livenessProbe": probe,
        "lifecycle": {"postStart": hook, "preStop": hook},
    }]})
}

fn mistake(script: Value) -> String {
    mistake_of(with_handlers(), script, json!({}))
}

fn of_app(script: Value) -> Value {
    json!({"containers": {"app": script}})
}

#[test]
fn a_negative_time_is_an_error_with_its_field() {
    let run = |run: Value| of_app(json!({"runs": [{}, run]}));
    let probes = |probe: &str| run(json!({"probes": {probe: [{"from": -1, "result": "failure"}]}}));
    for (script, field) in [
        (json!({"endSeconds": -1}), "endSeconds"),
        (json!({"sandboxDeaths": [5, -1]}), "sandboxDeaths[1]"),
        (json!({"actions": [{"t": -1, "op": "delete"}]}), "actions[0].t"),
        (json!({"actions": [{"t": 1, "op": "evict", "graceSeconds": -1}]}), "actions[0].graceSeconds"),
        (of_app(json!({"image": {"pullSeconds": -1}})), "containers.app.image.pullSeconds"),
        (of_app(json!({"image": {"outages": [{"from": -1, "to": 1}]}})), "containers.app.image.outages[0].from"),
        (of_app(json!({"image": {"outages": [{"from": 1, "to": -1}]}})), "containers.app.image.outages[0].to"),
        (of_app(json!({"postStart": {"durationSeconds": -1}})), "containers.app.postStart.durationSeconds"),
        (of_app(json!({"preStop": {"durationSeconds": -1}})), "containers.app.preStop.durationSeconds"),
        (run(json!({"exitsAfterSeconds": -1})), "containers.app.runs[1].exitsAfterSeconds"),
        (run(json!({"sigtermExitAfterSeconds": -1})), "containers.app.runs[1].sigtermExitAfterSeconds"),
        (probes("startup"), "containers.app.runs[1].probes.startup[0].from"),
        (probes("readiness"), "containers.app.runs[1].probes.readiness[0].from"),
        (probes("liveness"), "containers.app.runs[1].probes.liveness[0].from"),
    ] {
        assert_eq!(mistake(script), format!("script.{field}: -1 is not a number of seconds from 0 to 3155760000"));
    }
    for field in ["resyncSeconds", "garbageCollectionSeconds", "relistPhaseSeconds", "maxContainerRestartPeriodSeconds"]
    {
        let said = mistake_of(with_handlers(), json!({}), json!({field: -1}));
        assert_eq!(said, format!("config.{field}: -1 is not a number of seconds from 0 to 3155760000"));
    }
}

#[test]
fn a_time_is_between_0_and_100_years() {
    let pull = |seconds: f64| mistake(of_app(json!({"image": {"present": false, "pullSeconds": seconds}})));
    assert_eq!([pull(0.0), pull(3_155_760_000.0)], ["none", "none"]);
    let said = "script.containers.app.image.pullSeconds: 3155760001 is not a number of seconds from 0 to 3155760000";
    assert_eq!(pull(3_155_760_001.0), said);
}

#[test]
fn an_action_after_the_end_of_the_script_is_an_error() {
    let at = |t: f64| json!({"endSeconds": 60, "actions": [{"t": t, "op": "delete"}]});
    assert_eq!(mistake(at(60.0)), "none", "an action at the end is allowed");
    let said = "script.actions[0].t: 61 s comes after the end of the simulation, at 60 s (script.endSeconds)";
    assert_eq!(mistake(at(61.0)), said);
    let said = "script.sandboxDeaths[0]: 601 s comes after the end of the simulation, at 600 s (script.endSeconds)";
    assert_eq!(mistake(json!({"sandboxDeaths": [601]})), said, "a scenario lasts ten minutes by default");
    assert_eq!(mistake_of(with_handlers(), at(61.0), json!({"admitted": true})), "none", "a recording is cut as it is");
}

#[test]
fn probe_steps_are_sorted_by_time() {
    let steps = |from: [f64; 3]| {
        let steps = from.map(|from| json!({"from": from, "result": "failure"}));
        of_app(json!({"runs": [{"probes": {"readiness": steps}}]}))
    };
    assert_eq!(mistake(steps([0.0, 5.0, 9.0])), "none");
    for third in [4.0, 5.0] {
        let field = "script.containers.app.runs[0].probes.readiness[2].from";
        let said = format!("{field}: {third} s does not come after the step before it, at 5 s");
        assert_eq!(mistake(steps([0.0, 5.0, third])), said);
    }
}

#[test]
fn the_script_of_a_missing_probe_or_hook_is_an_error() {
    let plain = || json!({"containers": [{"name": "app", "image": "app:1"}]});
    let step = json!([{"from": 0, "result": "failure"}]);
    let probe = |probe: &str| json!({"runs": [{"probes": {probe: step}}]});
    let random = |probe: &str| json!({"random": {"probes": {probe: {"failure": 0.5}}}});
    for (script, field, handler) in [
        (json!({"postStart": {}}), "postStart", "lifecycle.postStart"),
        (json!({"preStop": {}}), "preStop", "lifecycle.preStop"),
        (probe("startup"), "runs[0].probes.startup", "startupProbe"),
        (probe("readiness"), "runs[0].probes.readiness", "readinessProbe"),
        (probe("liveness"), "runs[0].probes.liveness", "livenessProbe"),
        (random("startup"), "random.probes.startup", "startupProbe"),
        (random("readiness"), "random.probes.readiness", "readinessProbe"),
        (random("liveness"), "random.probes.liveness", "livenessProbe"),
    ] {
        let said = format!("script.containers.app.{field}: container \"app\" has no {handler}");
        assert_eq!(mistake_of(plain(), of_app(script.clone()), json!({})), said);
        assert_eq!(mistake(of_app(script)), "none");
    }
}

#[test]
fn an_unknown_container_finalizer_or_feature_gate_is_an_error() {
    let image = |name: &str| json!({"actions": [{"t": 1, "op": "setImage", "container": name, "image": "app:2"}]});
    assert_eq!(mistake(image("app")), "none");
    let said = r#"script.actions[0].container: the Pod has no container "ap", it has app"#;
    assert_eq!(mistake(image("ap")), said);
    let added = json!({
        "containers": {"debug": {}},
        "actions": [{"t": 1, "op": "addEphemeralContainer", "container": {"name": "debug", "image": "tools:1"}}],
    });
    assert_eq!(mistake(added), "none", "an ephemeral container is there once it is added");
    let finalizer = json!({"actions": [{"t": 1, "op": "removeFinalizer", "finalizer": "example.com/a"}]});
    assert_eq!(mistake(finalizer), r#"script.actions[0].finalizer: the Pod has no finalizer "example.com/a""#);
    let gates = |gates: Value| mistake_of(with_handlers(), json!({}), json!({"featureGates": gates}));
    let said =
        r#"config.featureGates: feature gate "AnyVolumeDataSource" is unknown, or changes nothing of a Pod's life"#;
    assert_eq!(gates(json!({"AnyVolumeDataSource": true})), said);
    let said = "config.featureGates: feature gate SidecarContainers cannot be switched off in Kubernetes 1.36: it is locked there";
    assert_eq!(gates(json!({"SidecarContainers": false})), said);
}

#[test]
fn a_probability_is_between_0_and_1() {
    let pulls = |chance: f64| of_app(json!({"random": {"pullFailure": chance}}));
    assert_eq!([mistake(pulls(0.0)), mistake(pulls(1.0))], ["none", "none"]);
    let said = "script.containers.app.random.pullFailure: 1.5 is not a probability from 0 to 1";
    assert_eq!(mistake(pulls(1.5)), said);
    let probes = of_app(json!({"random": {"probes": {"liveness": {"failure": -0.5}}}}));
    let said = "script.containers.app.random.probes.liveness.failure: -0.5 is not a probability from 0 to 1";
    assert_eq!(mistake(probes), said);
}
