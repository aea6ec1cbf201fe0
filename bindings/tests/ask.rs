//! Questions that people ask, in JSON.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use bindings::{InputError, Options, Simulation, ask};
use serde_json::{Value, json};

const AT: &str = r#"{"at": "2026-03-01T12:08:50Z"}"#;

fn answer(function: &str, input: &Value, options: &str) -> Value {
    let answer = ask(function, &input.to_string(), options).unwrap_or_else(|error| panic!("{function}: {error}"));
    serde_json::from_str(&answer).unwrap()
}

fn error(function: &str, input: &Value, options: &str) -> Vec<(String, String)> {
    let InputError { problems } = ask(function, &input.to_string(), options).unwrap_err();
    problems.into_iter().map(|problem| (problem.path, problem.text)).collect()
}

fn pod() -> Value {
    json!({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}})
}

fn observed(name: &str) -> Value {
    let file = format!("{}/../examples/pods/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn crash_loop() -> Value {
    json!({"pod": pod(), "script": {"endSeconds": 300,
        "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}})
}

#[test]
fn the_status_of_a_pod_with_a_sidecar_is_that_of_kubectl() {
    // A dashboard that adds up container statuses shows such a Pod as Completed or Init.
    let pod = json!({
        "metadata": {"name": "web"},
        "spec": {"nodeName": "n", "initContainers": [{"name": "proxy", "image": "p", "restartPolicy": "Always"}],
            "containers": [{"name": "app", "image": "a"}]},
        "status": {"phase": "Running", "startTime": "2026-03-01T12:00:00Z",
            "initContainerStatuses": [{"name": "proxy", "ready": true, "started": true, "restartCount": 0,
                "image": "p", "imageID": "", "state": {"running": {"startedAt": "2026-03-01T12:00:01Z"}}}],
            "containerStatuses": [{"name": "app", "ready": true, "started": true, "restartCount": 0,
                "image": "a", "imageID": "", "state": {"running": {"startedAt": "2026-03-01T12:00:02Z"}}}]}
    });
    let status = answer("status", &pod, "");
    assert_eq!(
        (&status["phase"], &status["status"], &status["ready"]),
        (&json!("Running"), &json!("Running"), &json!("2/2"))
    );
    // The object has no conditions: they follow from the containers.
    assert_eq!(status["isReady"], true);
    let types: Vec<&str> =
        status["conditions"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["Initialized", "Ready", "ContainersReady"]);
}

#[test]
fn a_wrong_phase_and_condition_are_corrected_and_named() {
    let mut pod = observed("crash-loop");
    pod["status"]["phase"] = json!("Succeeded");
    pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    let status = answer("status", &pod, "");
    assert_eq!((&status["published"]["phase"], &status["status"]), (&json!("Succeeded"), &json!("CrashLoopBackOff")));
    assert_eq!((&status["isReady"], &status["conditions"][0]["status"]), (&json!(false), &json!("False")));
    let paths: Vec<&str> =
        status["contradictions"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"status.conditions[0].status"), "{paths:?}");
}

#[test]
fn a_consistent_status_stays_as_it_is() {
    for name in
        ["crash-loop", "evicted", "image-pull-back-off", "init-error", "node-lost", "readiness-gate", "unschedulable"]
    {
        let pod = observed(name);
        let status = answer("status", &pod, "");
        assert_eq!(status["contradictions"], json!([]), "{name}");
        assert_eq!(status["phase"], pod["status"]["phase"], "{name}");
        assert_eq!(status["status"], answer("row", &pod, AT)["status"], "{name}");
        for (condition, published) in
            status["conditions"].as_array().unwrap().iter().zip(pod["status"]["conditions"].as_array().unwrap())
        {
            assert_eq!(
                (&condition["type"], &condition["status"]),
                (&published["type"], &published["status"]),
                "{name}"
            );
        }
    }
}

#[test]
fn of_a_list_of_pods_the_most_urgent_is_explained_first() {
    let mut well = pod();
    well["spec"]["nodeName"] = json!("n");
    well["status"] = json!({"phase": "Succeeded"});
    let list = json!({"kind": "List", "items": [well, observed("crash-loop"), {"kind": "Service"}, {"kind": "Pod", "spec": 1}]});
    let why = answer("why", &list, AT);
    assert_eq!((&why["counts"]["pods"], &why["counts"]["trouble"]), (&json!(2), &json!(1)));
    assert_eq!(why["pods"][0]["row"]["status"], "CrashLoopBackOff");
    assert!(why["pods"][0]["text"].as_str().unwrap().contains("Next: `app` restarts at 12:09:54"), "{why:#}");
    assert_eq!(why["skipped"], json!({"Service": 1}));
    assert_eq!(why["problems"][0]["path"], "items[3].spec");
}

#[test]
fn events_say_what_could_not_be_mounted() {
    let mut pod = pod();
    pod["metadata"]["uid"] = json!("1");
    pod["spec"]["nodeName"] = json!("n");
    pod["status"] = json!({"phase": "Pending", "startTime": "2026-03-01T12:00:00Z", "containerStatuses": [{"name": "app",
        "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let event = json!({"kind": "Event", "metadata": {"name": "e"}, "type": "Warning", "reason": "FailedMount", "note": "MountVolume.SetUp failed for volume \"certs\" : secret \"certs\" not found",
        "regarding": {"kind": "Pod", "name": "web", "uid": "1"},
        "apiVersion": "events.k8s.io/v1", "deprecatedLastTimestamp": "2026-03-01T12:08:00Z", "deprecatedCount": 3});
    let options = json!({"at": "2026-03-01T12:08:50Z", "events": [event]});
    let why = answer("why", &pod, &options.to_string());
    assert_eq!(why["counts"]["events"], 1);
    let text = |why: &Value| why["pods"][0]["text"].as_str().unwrap().contains("secret \"certs\" not found");
    assert!(text(&why) && !text(&answer("why", &pod, AT)), "{why:#}");
}

#[test]
fn a_lint_names_rule_object_and_field() {
    let deployment = json!([{"kind": "Service"}, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{
        "name": "app", "image": "nginx", "livenesProbe": {},
        "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5, "timeoutSeconds": 8}}]}}}}]);
    let lint = answer("lint", &deployment, "");
    assert_eq!(lint["objects"], 1);
    let found: Vec<_> = lint["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["rule"].as_str().unwrap(), it["level"].as_str().unwrap(), it["path"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("PL100", "mistake", "[1].spec.template.spec.containers[0].livenesProbe"),
            ("PL005", "mistake", "[1].spec.template.spec.containers[0].readinessProbe.timeoutSeconds"),
        ]
    );
    assert!(lint["findings"][0]["text"].as_str().unwrap().ends_with(r#"did you mean "livenessProbe"?"#));
}

#[test]
fn what_the_api_server_refuses_is_listed_with_paths() {
    let mut pod = pod();
    pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": 0}]);
    pod["metadata"]["name"] = json!("Web");
    let problems = answer("validate", &pod, "");
    let paths: Vec<&str> = problems.as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["metadata.name", "spec.containers[0].ports[0].containerPort"]);
    assert_eq!(answer("validate", &self::pod(), ""), json!([]));
    assert_eq!(answer("defaults", &self::pod(), "")["spec"]["restartPolicy"], "Always");
}

#[test]
fn a_timeline_has_statuses_rows_and_events_with_times() {
    let timeline = answer("play", &crash_loop(), "");
    let statuses = timeline["statuses"].as_array().unwrap();
    assert!(statuses.iter().any(|it| it["row"]["status"] == "CrashLoopBackOff"), "{timeline:#}");
    assert!(statuses.is_sorted_by_key(|it| it["seconds"].as_f64().unwrap()));
    assert_eq!((&timeline["length"], &timeline["removed"]), (&json!(300.0), &Value::Null));
    assert!(
        timeline["events"].as_array().unwrap().iter().any(|it| it["reason"] == "BackOff" && it["container"] == "app")
    );
}

#[test]
fn a_manifest_alone_is_a_scenario_and_every_format_draws_it() {
    for (format, begin) in [("svg", "<svg "), ("mermaid", "gantt"), ("lanes", ""), ("ascii", "")] {
        let options = json!({"format": format, "width": 400}).to_string();
        let picture = answer("picture", &pod(), &options);
        let picture = picture.as_str().unwrap();
        assert!(picture.starts_with(begin) && picture.contains("app"), "{picture}");
    }
    assert_eq!(error("picture", &pod(), r#"{"format": "png"}"#)[0].0, "format");
}

#[test]
fn a_mistake_is_named_by_path_and_text() {
    for (function, input, options, path) in [
        ("play", json!({"pod": {"spec": {"containers": 1}}}), "", "pod.spec.containers"),
        (
            "play",
            json!({"pod": pod(), "script": {"containers": {"app": {"run": []}}}}),
            "",
            "script.containers.app.run",
        ),
        ("play", json!({"pod": pod(), "script": {"containers": {"ap": {}}}}), "", "script.containers.ap"),
        ("play", json!({"script": {}}), "", "pod"),
        ("play", json!({"kind": "Service"}), "", ""),
        ("row", pod(), "", "options.at"),
        ("row", pod(), r#"{"at": "noon"}"#, "options.at"),
        ("row", pod(), r#"{"att": 1}"#, "options.att"),
        ("status", json!([pod(), pod()]), "", ""),
        ("status", json!({"spec": {"restartPolicy": "Sometimes", "containers": []}}), "", "spec.restartPolicy"),
        ("why", json!({"items": [], "kind": "Service"}), AT, ""),
        ("validate", json!(7), "", ""),
        ("defaults", json!({"apiVersion": "v2", "kind": "Pod"}), "", "apiVersion"),
        ("explain", json!({}), "", "function"),
    ] {
        let problems = error(function, &input, options);
        assert_eq!(problems[0].0, path, "{function} {input}: {problems:?}");
        assert!(!problems[0].1.is_empty());
    }
    assert!(ask("row", "{", AT).unwrap_err().to_string().starts_with("is no JSON: "));
}

#[test]
fn a_simulation_is_stepped_and_acted_upon() {
    let mut simulation = Simulation::new(&crash_loop().to_string(), &Options::default()).unwrap();
    assert_eq!(simulation.now(), 0.0);
    assert_eq!(simulation.step().unwrap(), simulation.next().map(|_| simulation.now()));
    simulation.advance_to(160.0).unwrap();
    assert_eq!(simulation.moment().row.unwrap().status, "CrashLoopBackOff");
    assert_eq!(simulation.advance_to(10.0).unwrap_err().problems[0].path, "seconds");
    for seconds in [f64::NAN, -1.0, f64::INFINITY] {
        assert_eq!(simulation.advance(seconds).unwrap_err().problems[0].path, "seconds");
    }
    let before = simulation.timeline();
    assert_eq!(simulation.act(r#"{"op": "nodeRecovered"}"#).unwrap_err().problems[0].path, "op");
    assert!(
        simulation.act(r#"{"op": "explode"}"#).is_err() && simulation.act(r#"{"op": "delete", "grace": 1}"#).is_err()
    );
    assert_eq!(simulation.timeline(), before, "a refused action changes nothing");
    simulation.act(r#"{"op": "delete", "graceSeconds": 1}"#).unwrap();
    while simulation.step().unwrap().is_some() {}
    assert!(simulation.is_finished() && simulation.pod().is_none() && simulation.moment().row.is_none());
    assert!(simulation.timeline().removed.is_some());
    assert!(simulation.picture("svg", Some(500)).unwrap().starts_with("<svg "));
}

#[test]
fn the_version_that_is_asked_for_plays_a_scenario() {
    // Before 1.34 the API server knows restart policies of containers for sidecars alone.
    let mut scenario = crash_loop();
    scenario["pod"]["spec"]["containers"][0]["restartPolicy"] = json!("Never");
    assert_eq!(answer("play", &scenario, "")["name"], "web");
    for version in ["1.33", "1.32"] {
        let problems = error("play", &scenario, &json!({"kubernetes": version}).to_string());
        assert_eq!(problems[0].0, "pod.spec.containers[0].restartPolicy");
    }
    assert_eq!(error("play", &scenario, r#"{"kubernetes": "0.1"}"#)[0].0, "options.kubernetes");
}
