//! One Pod on the kubelets of several versions of Kubernetes.

use std::time::Duration;

use pod_lifecycle::{
    api::PodPhase,
    config::{FeatureGate, FeatureGateError, KnownBug, KubeletChange, KubeletConfig, Kubernetes, KubernetesVersion},
    sim::{EntryKind, Scenario, Timeline},
};
use serde_json::{Value, json};

fn play(config: Value, spec: Value, script: Value) -> Timeline {
    let scenario = json!({"pod": {"metadata": {"name": "web"}, "spec": spec}, "script": script, "config": config});
    serde_json::from_value::<Scenario>(scenario).unwrap().play().unwrap()
}

fn version(version: &str) -> Value {
    json!({"kubernetes": version})
}

/// A container that exits 3 s after each start.
fn crash_loop(version_of_node: &str) -> Timeline {
    let script = json!({"endSeconds": 60, "containers": {"app": {"runs": [{"exitsAfterSeconds": 3, "exitCode": 1}]}}});
    play(version(version_of_node), json!({"containers": [{"name": "app", "image": "app:1"}]}), script)
}

/// Times and messages of the events with a reason.
fn events(timeline: &Timeline, reason: &str) -> Vec<(u64, String)> {
    let entries = timeline.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Event(event) if event.reason == reason => {
            Some((entry.at.since(timeline.start).as_secs(), event.message.to_string()))
        }
        _ => None,
    });
    entries.collect()
}

fn times(timeline: &Timeline, reason: &str) -> Vec<u64> {
    events(timeline, reason).into_iter().map(|(at, _)| at).collect()
}

#[test]
fn until_1_34_a_crash_loop_is_looked_at_every_10_s_and_since_1_35_when_its_back_off_ends() {
    // The third start may come 10 s after the exit at 6 s, the fourth 20 s after the next exit.
    assert_eq!(times(&crash_loop("1.36"), "Started"), [0, 3, 16, 39]);
    assert_eq!(times(&crash_loop("1.35"), "Started"), [0, 3, 16, 39]);
    let old = crash_loop("1.34");
    assert_eq!(times(&old, "Started"), [0, 3, 16, 39], "these exits lie a multiple of 10 s before");
    assert_eq!(times(&old, "BackOff"), [6, 19, 29, 42, 52], "and each look in between is an event");
    assert_eq!(times(&crash_loop("1.35"), "BackOff"), [6, 19, 42]);
}

#[test]
fn since_1_35_the_events_of_a_start_do_not_name_the_container() {
    let said = |version| {
        let timeline = crash_loop(version);
        ["Created", "Started"].map(|reason| events(&timeline, reason).swap_remove(0).1)
    };
    assert_eq!(said("1.34"), ["Created container: app", "Started container app"]);
    assert_eq!(said("1.35"), ["Container created", "Container started"]);
}

#[test]
fn since_1_36_a_pod_is_ready_to_start_containers_before_its_images_are_pulled() {
    let ready_at = |version_of_node| {
        let script = json!({"endSeconds": 60, "containers": {"app": {"image": {"present": false, "pullSeconds": 20}}}});
        let timeline =
            play(version(version_of_node), json!({"containers": [{"name": "app", "image": "app:1"}]}), script);
        let is_true = |status: &pod_lifecycle::api::PodStatus| {
            let condition = status.conditions.iter().find(|it| it.type_ == "PodReadyToStartContainers");
            condition.is_some_and(|it| it.status.to_string() == "True")
        };
        timeline.statuses().find(|(_, status)| is_true(status)).map(|(at, _)| at.since(timeline.start).as_secs())
    };
    assert_eq!([ready_at("1.36"), ready_at("1.35")], [Some(0), Some(20)]);
}

#[test]
fn in_1_32_a_pod_falls_back_to_pending_while_its_started_sidecar_is_down() {
    let was_pending_again = |version_of_node| {
        let spec = json!({
            "initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always",
                "startupProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5}}],
            "containers": [{"name": "app", "image": "app:1"}],
        });
        let script =
            json!({"endSeconds": 60, "containers": {"proxy": {"runs": [{"exitsAfterSeconds": 20, "exitCode": 1}]}}});
        let timeline = play(version(version_of_node), spec, script);
        let phases: Vec<PodPhase> =
            timeline.statuses().filter_map(|(_, status)| status.phase.as_ref()?.known()).collect();
        phases.windows(2).any(|pair| pair == [PodPhase::Running, PodPhase::Pending])
    };
    assert_eq!(["1.32", "1.33", "1.36"].map(was_pending_again), [false, false, false]);
}

#[test]
fn a_kubelet_without_restart_rules_follows_the_policy_of_the_pod() {
    let starts = |version_of_node| {
        let spec = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "app:1",
            "restartPolicy": "Never", "restartPolicyRules": [
                {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]}]});
        let run = json!({"exitsAfterSeconds": 3, "exitCode": 42});
        let script = json!({"endSeconds": 60, "containers": {"app": {"runs": [run, {"exitsAfterSeconds": 3}]}}});
        let mut config = version(version_of_node);
        config["admitted"] = true.into();
        times(&play(config, spec, script), "Started").len()
    };
    assert_eq!(["1.34", "1.35", "1.36"].map(starts), [1, 2, 2]);
}

#[test]
fn each_api_server_drops_or_refuses_the_restart_rules_that_it_does_not_know() {
    let admitted = |version_of_node: &str, action: &str| {
        let spec = json!({"containers": [{"name": "app", "image": "app:1", "restartPolicy": "Never",
            "restartPolicyRules": [{"action": action, "exitCodes": {"operator": "In", "values": [42]}}]}]});
        let scenario = json!({"pod": {"metadata": {"name": "web"}, "spec": spec}, "config": version(version_of_node)});
        let played = serde_json::from_value::<Scenario>(scenario).unwrap().play();
        played.map(|timeline| timeline.pod.spec.containers[0].restart_policy.is_some()).map_err(|it| it.to_string())
    };
    assert_eq!(admitted("1.36", "RestartAllContainers"), Ok(true));
    assert_eq!(admitted("1.35", "Restart"), Ok(true));
    let said = admitted("1.35", "RestartAllContainers").unwrap_err();
    let field = "spec.containers[0].restartPolicyRules[0].action";
    assert!(said.contains(&format!(r#"{field}: Unsupported value: "RestartAllContainers""#)), "{said}");
    assert_eq!(admitted("1.34", "Restart"), Ok(false), "dropped");
    let said = admitted("1.33", "Restart").unwrap_err();
    assert!(
        said.contains("spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers"),
        "{said}"
    );
}

#[test]
fn until_1_35_the_last_state_is_lost_with_the_container_that_the_runtime_removed() {
    let has_last_state = |version_of_node| {
        let spec = json!({"restartPolicy": "OnFailure", "containers": [{"name": "app", "image": "app:1"}]});
        let run = |code| json!({"exitsAfterSeconds": 3, "exitCode": code});
        let script = json!({"endSeconds": 60, "containers": {"app": {"runs": [run(1), run(1), run(0)]}}});
        let timeline = play(version(version_of_node), spec, script);
        let (_, last) = timeline.statuses().last().unwrap();
        last.container_statuses[0].last_state.terminated.is_some()
    };
    assert_eq!(["1.34", "1.35", "1.36"].map(has_last_state), [false, false, true]);
}

#[test]
fn every_change_without_a_gate_is_off_in_the_version_before_it() {
    for &change in KubeletChange::ALL {
        let versions = KubernetesVersion::ALL.iter().filter(|version| version.has(change));
        assert_eq!(versions.min().copied(), Some(change.since()), "{change:?}");
        assert!(!KubernetesVersion::V1_32.has(change), "{change:?} would be no change");
    }
}

#[test]
fn a_status_shows_its_generation_from_1_34_on_whatever_made_it() {
    let generations = |version_of_node: &str, action: Value| {
        let spec = json!({"containers": [{"name": "app", "image": "app:1"}]});
        let script = json!({"endSeconds": 60, "actions": [action]});
        let timeline = play(version(version_of_node), spec, script);
        let statuses = timeline.statuses().filter(|(_, status)| status.start_time.is_some());
        let shown = statuses.flat_map(|(_, status)| {
            let of_conditions = status.conditions.iter().map(|condition| condition.observed_generation);
            [status.observed_generation].into_iter().chain(of_conditions).collect::<Vec<_>>()
        });
        shown.collect::<Vec<_>>()
    };
    // The API server's own condition, `PodScheduled`, is the kubelet's as soon as there is a status of its.
    let made_by = || {
        [
            json!({"t": 10, "op": "delete"}),
            json!({"t": 10, "op": "evict"}),
            json!({"t": 0, "op": "reject", "reason": "OutOfcpu", "message": "no room"}),
        ]
    };
    for action in made_by() {
        assert!(generations("1.33", action.clone()).iter().all(|shown| *shown == 0), "{action}");
        assert!(generations("1.34", action.clone()).iter().any(|shown| *shown > 0), "{action}");
    }
}

#[test]
fn a_kubelet_whose_gates_shorten_the_back_off_restarts_sooner() {
    let gates = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
    let reduced = Kubernetes::default().with_feature_gates(gates).unwrap();
    let config = KubeletConfig::default().with_kubernetes(reduced);
    assert_eq!(config.crash_loop.initial, Duration::from_secs(1));
    assert_eq!(
        KubeletConfig::default().with_kubernetes(KubernetesVersion::V1_32).crash_loop,
        KubeletConfig::default().crash_loop
    );
}

#[test]
fn a_version_is_read_from_what_nodes_report_and_others_are_refused() {
    let read = |text: &str| text.parse::<KubernetesVersion>().ok();
    for text in ["1.34", "v1.34", "v1.34.1", "1.34.2+k3s1", "v1.34.3-gke.1"] {
        assert_eq!(read(text), Some(KubernetesVersion::V1_34), "{text}");
    }
    for text in ["", "1", "1.3", "1.340", "1.31", "2.34", "latest"] {
        assert_eq!(read(text), None, "{text}");
    }
    let error = "1.31".parse::<KubernetesVersion>().unwrap_err();
    assert_eq!(error.to_string(), r#"Kubernetes "1.31" is not modelled: 1.32 to 1.38 are"#);
}

#[test]
fn a_gate_that_no_such_kubelet_has_is_refused() {
    let with = |version, gate, is_on| Kubernetes::new(version).with_feature_gates([(gate, is_on)]);
    let (v1_34, v1_36) = (KubernetesVersion::V1_34, KubernetesVersion::V1_36);
    let rules = FeatureGate::RestartAllContainersOnContainerExits;
    assert_eq!(with(v1_34, rules, true), Err(FeatureGateError::NotInVersion { gate: rules, version: v1_34 }));
    let sidecars = FeatureGate::SidecarContainers;
    assert_eq!(with(v1_36, sidecars, false), Err(FeatureGateError::Locked { gate: sidecars, version: v1_36 }));
    let required = FeatureGate::ContainerRestartRules;
    assert_eq!(with(v1_36, required, false), Err(FeatureGateError::Requires { gate: rules, required }));
    let both = Kubernetes::new(v1_36).with_feature_gates([(required, false), (rules, false)]);
    assert!(both.is_ok_and(|both| !both.is_enabled(required) && !both.is_enabled(rules)));
}

#[test]
fn the_gates_of_a_release_agree_with_each_other() {
    for &version in KubernetesVersion::ALL {
        assert!(Kubernetes::new(version).with_feature_gates([]).is_ok(), "{version}");
        for &gate in FeatureGate::ALL {
            let is_on = Kubernetes::new(version).is_enabled(gate);
            assert_eq!(is_on, gate.default_in(version) == Some(true), "{gate} in {version}");
        }
    }
}

#[test]
fn a_kubelet_is_written_as_its_version_and_what_differs_from_the_release() {
    let gates = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
    let kubernetes = Kubernetes::new(KubernetesVersion::V1_35).with_feature_gates(gates).unwrap();
    let kubernetes = kubernetes.without_bug(KnownBug::InheritedStarted);
    let written = serde_json::to_value(kubernetes).unwrap();
    assert_eq!(
        written,
        json!({
            "version": "1.35",
            "featureGates": {"ReduceDefaultCrashLoopBackOffDecay": true},
            "fixedBugs": ["inheritedStarted"],
        })
    );
    assert_eq!(serde_json::from_value::<Kubernetes>(written).unwrap(), kubernetes);
    assert_eq!(serde_json::from_value::<Kubernetes>(json!({"version": "1.36"})).unwrap(), Kubernetes::default());
    let wrong = json!({"version": "1.36", "featureGates": {"SidecarContainers": false}});
    assert!(serde_json::from_value::<Kubernetes>(wrong).is_err());
}

#[test]
fn a_container_that_is_killed_and_started_again_inherits_started_unless_the_bug_is_repaired() {
    // Seconds from the second start until `started` is true again.
    let waited = |config: Value| {
        let probe =
            |threshold: u32| json!({"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": threshold});
        let spec = json!({"containers": [
            {"name": "app", "image": "app:1", "startupProbe": probe(10), "livenessProbe": probe(1)}]});
        let failing = json!({"probes": {"liveness": [{"from": 20, "result": "failure"}]}});
        let slow = json!({"probes": {"startup": [{"from": 0, "result": "failure"}, {"from": 9, "result": "success"}]}});
        let timeline = play(config, spec, json!({"endSeconds": 60, "containers": {"app": {"runs": [failing, slow]}}}));
        let started = |status: &pod_lifecycle::api::PodStatus| {
            let app = &status.container_statuses[0];
            app.restart_count == 1 && app.started == Some(true)
        };
        let (at, _) = timeline.statuses().find(|(_, status)| started(status)).unwrap();
        at.since(timeline.start).as_secs() - times(&timeline, "Started")[1]
    };
    assert_eq!(waited(version("1.36")), 0);
    assert_eq!(waited(version("1.35")), 0);
    for repaired in [json!({"kubernetes": "1.36", "asDocumented": true}), version("1.38"), version("1.34")] {
        assert!(waited(repaired.clone()) >= 9, "{repaired}");
    }
}

#[test]
fn without_its_gate_the_condition_of_the_sandbox_is_missing_and_nothing_else() {
    let config = |is_on: bool| json!({"featureGates": {"PodReadyToStartContainersCondition": is_on}});
    let spec = || json!({"containers": [{"name": "app", "image": "app:1"}]});
    let conditions = |timeline: &Timeline| -> Vec<String> {
        timeline.pod.status.conditions.iter().map(|condition| condition.type_.clone()).collect()
    };
    let (with, without) = (play(config(true), spec(), json!({})), play(config(false), spec(), json!({})));
    assert_eq!(conditions(&with)[0], "PodReadyToStartContainers");
    assert_eq!(conditions(&without), conditions(&with)[1..]);
    assert_eq!(without.pod.status.container_statuses, with.pod.status.container_statuses);
}
