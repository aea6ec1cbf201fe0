//! Starts that fail: images, configuration, creation, start, sandboxes and the node's network.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, KubernetesEvent, NoSink, Output, PodMachine, Timestamp,
    api::{PodManifest, PodPhase, PodStatus},
    config::KubeletConfig,
    event::{ApiEvent, Event, NodeEvent, RuntimeEvent},
    sim::{EntryKind, Occurrence, Scenario, ScenarioError, ScriptActionKind, StatusMatcher, Timeline},
    spec::PodSpec,
    state::SandboxId,
};
use serde_json::{Value, json};

const NO_NETWORK: &str = "cni plugin not initialized";

fn pod(spec: Value) -> PodManifest {
    serde_json::from_value(json!({"metadata": {"name": "web", "uid": "uid-1"}, "spec": spec})).unwrap()
}

fn scenario(spec: Value, script: Value) -> Scenario {
    let mut scenario = Scenario::of(pod(spec));
    scenario.script = serde_json::from_value(script).unwrap();
    scenario
}

fn play(spec: Value, script: Value) -> Timeline {
    scenario(spec, script).play().unwrap()
}

fn app() -> Value {
    json!({"containers": [{"name": "app", "image": "app:1"}]})
}

fn with_env(env: Value) -> Value {
    json!({"containers": [{"name": "app", "image": "app:1", "env": [{"name": "KEY", "valueFrom": env}]}]})
}

fn messages<'a>(timeline: &'a Timeline, reason: &str) -> Vec<&'a str> {
    timeline.events_with_reason(reason).map(|event| &*event.message).collect()
}

/// Whole seconds at which syncs created a container, failed creations included.
fn creations(timeline: &Timeline) -> Vec<u64> {
    let creations =
        timeline.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Action(Action::CreateContainer { .. })));
    creations.map(|entry| entry.at.since(timeline.start).as_secs()).collect()
}

fn container(status: &PodStatus) -> &pod_lifecycle::api::ContainerStatus {
    &status.container_statuses[0]
}

// --- Config maps and secrets ---

#[test]
fn a_container_whose_secret_is_missing_waits_and_starts_once_it_is_there() {
    // The secret of kubernetes#80466 comes 35 s late, and the kubelet looks every 10 s.
    let spec = json!({"containers": [{"name": "c", "image": "a:1", "envFrom": [{"secretRef": {"name": "late"}}]}]});
    let timeline = play(spec, json!({"endSeconds": 90, "secrets": {"late": 35}}));
    let waiting = StatusMatcher::waiting("c", "CreateContainerConfigError");
    assert_eq!(
        (timeline.first(waiting), timeline.first_ready()),
        (Some(Duration::ZERO), Some(Duration::from_secs(40)))
    );
    let failed = messages(&timeline, "Failed");
    assert!(failed.iter().all(|message| *message == r#"Error: secret "late" not found"#), "{failed:?}");
    // At 0 s the new sandbox requests a second sync; then at 10, 20 and 30 s.
    assert_eq!(failed.len(), 5);
}

#[test]
fn a_key_that_a_config_map_lacks_is_named_with_the_config_map() {
    let env = json!({"configMapKeyRef": {"name": "cfg", "key": "port"}});
    let timeline = play(
        with_env(env),
        json!({
            "endSeconds": 60, "configMaps": {"cfg": {"from": 12, "keys": ["host"]}},
        }),
    );
    let failed = messages(&timeline, "Failed");
    assert_eq!(failed[0], r#"Error: configmap "cfg" not found"#);
    assert_eq!(failed.last(), Some(&"Error: couldn't find key port in ConfigMap default/cfg"));
    assert!(!timeline.was_ever(StatusMatcher::ready()));
}

#[test]
fn an_optional_reference_and_an_object_that_the_script_does_not_mention_hold_nothing_up() {
    let never = json!({"endSeconds": 5, "secrets": {"sec": null}});
    let optional = json!({"secretKeyRef": {"name": "sec", "key": "k", "optional": true}});
    assert!(play(with_env(optional), never.clone()).was_ever(StatusMatcher::ready()));
    let required = json!({"secretKeyRef": {"name": "sec", "key": "k"}});
    assert!(!play(with_env(required.clone()), never).was_ever(StatusMatcher::ready()));
    assert!(play(with_env(required), json!({"endSeconds": 5})).was_ever(StatusMatcher::ready()));
}

#[test]
fn a_secret_that_no_variable_refers_to_is_a_mistake() {
    let error = scenario(app(), json!({"secrets": {"late": 35}})).play().unwrap_err();
    let field = "script.secrets.late".to_owned();
    assert_eq!(error, ScenarioError::NotReferenced { field, name: "late".into() });
}

// --- Creation and start ---

#[test]
fn a_failed_creation_is_tried_again_at_once_after_a_new_sandbox_and_then_every_10_s() {
    let timeline = Scenario::of(pod(app())).container("app", |app| app.create_fails(4, "name is reserved"));
    let timeline = timeline.until(60).play().unwrap();
    assert_eq!(creations(&timeline), [0, 0, 10, 20, 30]);
    assert!(timeline.was_ever(StatusMatcher::waiting("app", "CreateContainerError")));
    assert_eq!(timeline.restarts("app"), Some(0), "what was never created counts as no restart");
}

#[test]
fn a_container_that_the_runtime_cannot_start_is_a_crash() {
    let missing = r#"exec: "/nosuch": no such file or directory"#;
    let timeline = Scenario::of(pod(app())).container("app", |app| app.start_fails(3, missing)).until(60);
    let timeline = timeline.play().unwrap();
    assert_eq!(creations(&timeline), [0, 0, 10, 30], "at once, and then after back-offs of 10 and 20 s");
    let waiting = timeline.statuses().find_map(|(_, status)| {
        let waiting = container(status).state.waiting.as_ref()?;
        (waiting.reason == "RunContainerError").then(|| container(status).clone())
    });
    let end = waiting.unwrap().last_state.terminated.unwrap();
    assert_eq!((end.exit_code, &*end.reason, &*end.message), (128, "StartError", missing));
    assert_eq!(end.started_at, Some(Timestamp::UNIX_EPOCH));
}

#[test]
fn a_container_that_the_runtime_cannot_start_fails_a_pod_that_restarts_nothing() {
    let never = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "app:1"}]});
    let script = json!({"endSeconds": 60, "containers": {"app": {"start": [{"error": "no such file"}]}}});
    let timeline = play(never.clone(), script);
    assert_eq!(timeline.phase_at(Duration::from_secs(1)), Some(PodPhase::Failed));
    // A container that stays created has not exited, so even this Pod tries again.
    let script = json!({"endSeconds": 60, "containers": {"app": {
        "start": [{"error": "no such file", "staysCreated": true}],
    }}});
    let timeline = play(never, script);
    assert_eq!(timeline.phase_at(Duration::from_secs(50)), Some(PodPhase::Running));
    let last = &container(&timeline.pod.status).last_state;
    assert_eq!(last.waiting.as_ref().map(|waiting| &*waiting.reason), Some(""), "the created instance before it");
}

#[test]
fn internal_hooks_have_events_of_their_own_and_the_later_one_leaves_a_container_behind() {
    let no_cpus = "not enough cpus available to satisfy request";
    let before = Scenario::of(pod(app())).container("app", |app| app.pre_create_fails(2, no_cpus)).until(60);
    let before = before.play().unwrap();
    let message = format!("Internal PreCreateContainer hook failed: {no_cpus}");
    assert_eq!(messages(&before, "Failed"), [&*message; 2]);
    assert!(before.was_ever(StatusMatcher::waiting("app", "PreCreateHookError")));
    assert_eq!(before.restarts("app"), Some(0));

    let after = Scenario::of(pod(app())).container("app", |app| app.pre_start_fails(2, "no cpuset")).until(60);
    let after = after.play().unwrap();
    assert_eq!(messages(&after, "Failed"), ["Internal PreStartContainer hook failed: no cpuset"; 2]);
    assert!(after.was_ever(StatusMatcher::waiting("app", "PreStartHookError")));
    assert_eq!(after.restarts("app"), Some(2), "attempts count the containers that were left");
    assert_eq!(messages(&after, "Created").len(), 1);
}

#[test]
fn a_script_of_failures_is_written_as_it_is_read() {
    let script = json!({
        "containers": {"app": {
            "create": [{"error": "name is reserved"}, {}], "start": [{"error": "no such file", "staysCreated": true}],
            "preCreate": [{"error": "no cpus"}], "preStart": [{"error": "no cpuset"}],
            "image": {"inspectFailures": 2},
        }},
        "sandboxes": [{"error": "timeout"}, {"noIP": true}, {}],
        "networkNotReady": [{"from": 0, "to": 7.5, "message": NO_NETWORK}],
        "secrets": {"late": 35, "never": null}, "configMaps": {"cfg": {"from": 1, "keys": ["a"]}},
        "actions": [{"t": 9, "op": "networkNotReady", "message": NO_NETWORK}, {"t": 10, "op": "networkReady"}],
    });
    let read: pod_lifecycle::sim::Script = serde_json::from_value(script).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(serde_json::from_value::<pod_lifecycle::sim::Script>(written.clone()).unwrap(), read);
    assert_eq!(written["secrets"], json!({"late": 35, "never": null}));
    let built = Scenario::example()
        .container("app", |app| app.create_fails(1, "name is reserved"))
        .container("app", |app| app.start_fails(1, "no such file").staying_created().inspect_fails(2));
    assert_eq!(built.script.containers["app"].create[0], read.containers["app"].create[0]);
    assert_eq!(built.script.containers["app"].start, read.containers["app"].start);
    assert_eq!(built.script.containers["app"].image, read.containers["app"].image);
}

// --- Images ---

#[test]
fn an_image_that_cannot_be_inspected_is_named_by_nothing() {
    let timeline = Scenario::of(pod(app())).container("app", |app| app.inspect_fails(2)).until(30).play().unwrap();
    let message = r#"Failed to inspect image "": rpc error: code = Unknown desc = image service is down"#;
    assert_eq!(messages(&timeline, "InspectFailed"), [message; 2], "the kubelet prints the empty answer of the call");
    assert!(timeline.was_ever(StatusMatcher::waiting("app", "ImageInspectError")));
    assert_eq!(timeline.first_ready(), Some(Duration::from_secs(10)));
}

// --- Sandboxes ---

#[test]
fn a_sandbox_that_fails_keeps_its_attempt_and_is_tried_every_10_s() {
    let timeline = Scenario::of(pod(app())).sandbox_fails(2, "timeout").until(60).play().unwrap();
    let attempts: Vec<SandboxId> = timeline
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Action(Action::RunPodSandbox { sandbox }) => Some(*sandbox),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [SandboxId(0); 3]);
    let message = "Failed to create pod sandbox: rpc error: code = Unknown desc = timeout";
    assert_eq!(messages(&timeline, "FailedCreatePodSandBox"), [message; 2]);
    assert!(
        timeline.statuses().all(|(_, status)| {
            container(status).state.waiting.as_ref().is_none_or(|waiting| waiting.reason == "ContainerCreating")
        }),
        "no container shows it"
    );
}

#[test]
fn a_sandbox_without_an_address_is_replaced_with_all_its_containers() {
    let spec = json!({
        "initContainers": [{"name": "setup", "image": "setup:1"}], "containers": [{"name": "app", "image": "app:1"}],
    });
    let scenario = Scenario::of(pod(spec)).container("setup", |setup| setup.exits_after(5)).until(30);
    let timeline = scenario.sandbox_without_ip().play().unwrap();
    assert_eq!(messages(&timeline, "SandboxChanged").len(), 1);
    let setup = &timeline.pod.status.init_container_statuses[0];
    // purgeInitContainers leaves no instance of the old sandbox, and so no last state.
    assert_eq!((setup.restart_count, &setup.last_state.terminated), (1, &None));
    assert_eq!(timeline.first_ready(), Some(Duration::from_secs(5)));
}

#[test]
fn a_sandbox_that_fails_for_a_deleted_pod_is_no_failure() {
    let (spec, now) = (Arc::new(PodSpec::from_admitted(&pod(app())).unwrap()), Timestamp::UNIX_EPOCH);
    let mut out = Vec::new();
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut out);
    let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 30, generation: None });
    pod.handle_event(now, deleted, &mut out).unwrap();
    out.clear();
    let failed = RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "pod was deleted".into() };
    pod.handle_event(now, Event::Runtime(failed), &mut out).unwrap();
    assert!(events(&out).next().is_none(), "{out:?}");
    assert_eq!(pod.phase(), PodPhase::Failed, "it ends without another attempt");
}

fn events(out: &[Output]) -> impl Iterator<Item = &KubernetesEvent> {
    out.iter().filter_map(|output| if let Output::Event(event) = output { Some(&**event) } else { None })
}

// --- The node's network ---

#[test]
fn without_a_network_the_kubelet_looks_every_second_and_starts_nothing() {
    let timeline = Scenario::of(pod(app())).network_not_ready(0, 7.5, NO_NETWORK).until(30).play().unwrap();
    let message = format!(
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady \
         message:{NO_NETWORK}"
    );
    assert_eq!(messages(&timeline, "NetworkNotReady"), [&*message; 8]);
    assert_eq!(timeline.first_ready(), Some(Duration::from_secs(8)));
}

#[test]
fn a_pod_on_the_nodes_own_network_does_not_wait_for_it() {
    let spec = json!({"hostNetwork": true, "containers": [{"name": "app", "image": "app:1"}]});
    let timeline = Scenario::of(pod(spec)).network_not_ready(0, 20, NO_NETWORK).until(30).play().unwrap();
    assert_eq!(timeline.first_ready(), Some(Duration::ZERO));
    assert!(messages(&timeline, "NetworkNotReady").is_empty());
}

#[test]
fn without_a_network_nothing_restarts_and_no_probe_kills_but_a_deletion_stops_all() {
    let spec = json!({"containers": [
        {"name": "app", "image": "app:1"},
        {"name": "hung", "image": "app:1", "livenessProbe": {"exec": {"command": ["ok"]}, "periodSeconds": 1, "failureThreshold": 1}},
    ]});
    let script = json!({
        "endSeconds": 60, "networkNotReady": [{"from": 10, "message": NO_NETWORK}],
        "containers": {
            "app": {"runs": [{"exitsAfterSeconds": 12, "exitCode": 1}]},
            "hung": {"runs": [{"probes": {"liveness": [{"from": 15, "result": "failure"}]}}]},
        },
        "actions": [{"t": 40, "op": "delete", "graceSeconds": 5}],
    });
    let timeline = play(spec, script);
    let starts =
        timeline.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Action(Action::StartContainer { .. })));
    assert_eq!(starts.count(), 2, "neither container starts again");
    let killings: Vec<_> = timeline.events_with_reason("Killing").map(|event| event.at.since(timeline.start)).collect();
    assert_eq!(killings, [Duration::from_secs(40)], "only the deletion stops what still runs");
    assert!(timeline.end.is_finished);
}

#[test]
fn a_restart_of_the_kubelet_changes_nothing_about_the_network() {
    let scenario = Scenario::of(pod(app()))
        .at(1, ScriptActionKind::NetworkNotReady { message: NO_NETWORK.into() })
        .at(5, ScriptActionKind::KubeletRestart)
        .at(20, ScriptActionKind::NetworkReady)
        .until(30);
    let timeline = scenario.play().unwrap();
    assert_eq!(messages(&timeline, "NetworkNotReady").len(), 15, "from 5 s to 19 s");
    let resumed = scenario.simulate().unwrap().with_resumed_restarts().play().unwrap();
    assert_eq!(resumed, timeline);
}

#[test]
fn a_pod_that_waits_for_the_network_says_so() {
    let mut simulation = Scenario::of(pod(app())).simulate().unwrap();
    simulation.advance(Duration::from_secs(1)).unwrap();
    simulation.lose_network(NO_NETWORK).unwrap();
    simulation.advance(Duration::from_secs(1)).unwrap();
    let said = simulation.explain(simulation.now()).to_string();
    assert!(!said.contains("network"), "what runs is not troubled: {said}");

    let mut simulation = Scenario::of(pod(app())).network_not_ready(0, 60, NO_NETWORK).simulate().unwrap();
    simulation.advance(Duration::from_millis(2_500)).unwrap();
    let said = simulation.explain(simulation.now()).to_string();
    assert!(said.contains("the network of its node is not ready") && said.contains(NO_NETWORK), "{said}");
    assert!(said.contains("repair the node's network plugin (CNI)"), "{said}");
    simulation.recover_network().unwrap();
    simulation.advance(Duration::from_secs(1)).unwrap();
    assert!(simulation.is_ready());
}

#[test]
fn an_embedder_configures_the_network_that_a_pod_finds_and_reports_its_changes() {
    let config = KubeletConfig::default().with_network_not_ready(Some(NO_NETWORK));
    let (spec, mut now, mut out) =
        (Arc::new(PodSpec::from_admitted(&pod(app())).unwrap()), Timestamp::UNIX_EPOCH, Vec::new());
    let mut pod = PodMachine::new(spec, Arc::new(config), now, &mut out);
    assert!(!out.iter().any(|output| matches!(output, Output::Action(_))), "nothing is asked of the runtime");
    pod.handle_event(now, Event::Node(NodeEvent::NetworkReady), &mut NoSink).unwrap();
    assert_eq!(pod.poll_timeout(), Some(Timestamp::from_unix_seconds(1)), "the event itself starts no sync");
    now = Timestamp::from_unix_seconds(1);
    out.clear();
    pod.handle_timeout(now, &mut out);
    assert!(out.contains(&Output::Action(Action::RunPodSandbox { sandbox: SandboxId(0) })));
}

// --- Stop signals ---

#[test]
fn a_stop_signal_reaches_the_runtime_only_behind_its_feature_gate() {
    let spec = json!({"os": {"name": "linux"}, "containers": [
        {"name": "app", "image": "app:1", "lifecycle": {"stopSignal": "SIGUSR1"}},
    ]});
    let shown = |is_on: bool| {
        let mut scenario = scenario(spec.clone(), json!({"endSeconds": 5}));
        scenario.config.feature_gates.insert("ContainerStopSignals".into(), is_on);
        let mut simulation = scenario.simulate().unwrap();
        simulation.advance(Duration::from_secs(1)).unwrap();
        let of_spec = simulation.pod().unwrap().spec().container(0.into()).unwrap().stop_signal().map(str::to_owned);
        (of_spec, container(simulation.object().status()).other.get("stopSignal").cloned())
    };
    assert_eq!(shown(true), (Some("SIGUSR1".into()), Some(json!("SIGUSR1"))));
    assert_eq!(shown(false), (None, None));
}

#[test]
fn a_failed_call_stands_in_the_timeline_with_its_text() {
    let timeline =
        Scenario::of(pod(app())).container("app", |app| app.create_fails(1, "name is reserved")).play().unwrap();
    let failed = timeline.entries.iter().find_map(|entry| match &entry.kind {
        EntryKind::Occurrence(Occurrence::CallFailed { action, message, .. }) => Some((&**action, &**message)),
        _ => None,
    });
    assert!(matches!(failed, Some((Action::CreateContainer { .. }, "name is reserved"))), "{failed:?}");
}
