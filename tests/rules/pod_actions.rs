//! Pod actions: what a sync kills, removes, creates and starts.

use crate::given::*;
use pod_lifecycle::{
    rule::{
        pod_actions::{self, KillReason, PodActions, SyncInputs},
        probe::ProbeResult,
        started_and_ready::ProbeFacts,
    },
    spec::PodSpec,
    state::{Instance, InstanceState, RuntimeStatus, Sandbox, TerminationReason},
};
use serde_json::json;

fn next(spec: &PodSpec, runtime: &RuntimeStatus) -> PodActions {
    next_if(spec, runtime, &[], false)
}

fn next_if(spec: &PodSpec, runtime: &RuntimeStatus, probes: &[ProbeFacts], is_deleting: bool) -> PodActions {
    let mut inputs = SyncInputs::new(spec, runtime);
    (inputs.probes, inputs.is_deleting) = (probes, is_deleting);
    pod_actions::compute_pod_actions(&inputs)
}

fn names<'a>(spec: &'a PodSpec, started: &[pod_lifecycle::spec::ContainerIndex]) -> Vec<&'a str> {
    started.iter().map(|&index| spec.container_name(index)).collect()
}

fn kills(spec: &PodSpec, actions: &PodActions) -> Vec<(String, KillReason, bool)> {
    let kills = actions.kill.iter();
    kills.map(|kill| (spec.container_name(kill.container).to_owned(), kill.reason, kill.will_restart)).collect()
}

const DEAD: ProbeFacts = ProbeFacts {
    startup: None,
    readiness: None,
    liveness: Some(ProbeResult::Failure),
    has_startup_worker: false,
    has_readiness_worker: false,
    is_replacement: false,
};

/// Two init containers, a sidecar between them, and a regular container.
fn with_init() -> PodSpec {
    pod(json!({"restartPolicy": "OnFailure", "initContainers": [
        {"name": "first"}, {"name": "proxy", "restartPolicy": "Always"}, {"name": "second"}],
        "containers": [{"name": "app"}]}))
}

#[test]
fn a_new_pod_gets_a_sandbox_and_its_containers() {
    let spec = pod_with_policy("Always");
    let actions = next(&spec, &RuntimeStatus::default());
    assert!(actions.create_sandbox && actions.kill_pod);
    assert_eq!((actions.attempt, names(&spec, &actions.start)), (0, vec!["app"]));
}

#[test]
fn a_pod_that_never_restarts_gets_no_second_sandbox() {
    let dead = |instances| RuntimeStatus { sandboxes: vec![Sandbox { is_ready: false, ..SANDBOX }], instances };
    let spec = pod_with_policy("Never");
    let actions = next(&spec, &dead(vec![instance(&spec, "app", exited(1))]));
    assert!(actions.kill_pod && !actions.create_sandbox);
    let never_created = next(&spec, &dead(Vec::new()));
    assert_eq!((never_created.create_sandbox, never_created.attempt), (true, 1));
}

#[test]
fn a_new_sandbox_runs_init_containers_again_but_not_what_succeeded() {
    let spec = with_init();
    let lost = |state| {
        let runtime = RuntimeStatus { sandboxes: Vec::new(), instances: vec![instance(&spec, "app", state)] };
        next(&spec, &runtime)
    };
    assert_eq!(names(&spec, &lost(exited(1)).start_init), ["first"]);
    assert!(!lost(exited(0)).create_sandbox);
}

#[test]
fn init_containers_run_one_after_the_other_and_sidecars_stay() {
    let spec = with_init();
    let after = |instances: &[(&str, InstanceState)]| {
        let instances = instances.iter().map(|(name, state)| instance(&spec, name, state.clone()));
        let actions = next(&spec, &runtime(instances));
        (names(&spec, &actions.start_init), names(&spec, &actions.start))
    };
    assert_eq!(after(&[]), (vec!["first"], vec![]));
    assert_eq!(after(&[("first", running())]), (vec![], vec![]));
    assert_eq!(after(&[("first", exited(1))]), (vec!["first"], vec![]));
    assert_eq!(after(&[("first", exited(0))]), (vec!["proxy"], vec![]));
    assert_eq!(after(&[("first", exited(0)), ("proxy", running())]), (vec!["second"], vec![]));
    assert_eq!(after(&[("proxy", exited(1)), ("second", exited(0))]), (vec!["proxy"], vec!["app"]));
    assert_eq!(after(&[("second", exited(0))]), (vec!["proxy"], vec!["app"]));
}

#[test]
fn an_init_container_that_fails_for_good_ends_the_pod() {
    let spec = pod(json!({"restartPolicy": "Never", "initContainers": [{"name": "init"}],
        "containers": [{"name": "app"}]}));
    assert!(next(&spec, &runtime([instance(&spec, "init", exited(1))])).kill_pod);
}

#[test]
fn an_init_container_that_ran_out_of_memory_failed_even_with_exit_code_0() {
    let after = |policy| {
        let spec = pod(json!({"restartPolicy": policy, "initContainers": [{"name": "init"}],
            "containers": [{"name": "app"}]}));
        let state = InstanceState::Exited(end_because(0, TerminationReason::OomKilled));
        let actions = next(&spec, &runtime([instance(&spec, "init", state)]));
        (actions.kill_pod, actions.start_init.len(), actions.start.len())
    };
    assert_eq!(after("Always"), (false, 1, 0));
    // The exit code is still 0, so that nothing restarts it, and the Pod cannot go on.
    assert_eq!(after("OnFailure"), (true, 0, 0));
}

#[test]
fn a_failed_liveness_probe_restarts_a_container_as_its_message_says() {
    let spec = pod_with_policy("Always");
    let actions = next_if(&spec, &runtime([instance(&spec, "app", running())]), &[DEAD], false);
    assert_eq!(kills(&spec, &actions), [("app".to_owned(), KillReason::LivenessProbe, true)]);
    assert_eq!(actions.kill[0].message(&spec).to_string(), "Container app failed liveness probe, will be restarted");
    assert_eq!(names(&spec, &actions.start), ["app"]);
}

#[test]
fn a_failed_liveness_probe_that_leaves_nothing_to_restart_ends_the_pod() {
    let spec = pod_with_policy("Never");
    let actions = next_if(&spec, &runtime([instance(&spec, "app", running())]), &[DEAD], false);
    assert!(actions.kill_pod);
    assert_eq!(kills(&spec, &actions), [("app".to_owned(), KillReason::LivenessProbe, false)]);
}

#[test]
fn restart_rules_do_not_apply_to_a_container_that_still_runs() {
    let spec = pod(json!({"restartPolicy": "Always", "containers": [{"name": "app", "restartPolicy": "Never",
        "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "NotIn", "values": []}}]}]}));
    let actions = next_if(&spec, &runtime([instance(&spec, "app", running())]), &[DEAD], false);
    assert!(actions.start.is_empty());
}

#[test]
fn a_changed_definition_restarts_whatever_the_policy() {
    let spec = pod_with_policy("Never");
    let changed = Instance { spec_changed: true, ..instance(&spec, "app", running()) };
    let actions = next(&spec, &runtime([changed]));
    assert_eq!(kills(&spec, &actions), [("app".to_owned(), KillReason::DefinitionChanged, true)]);
}

#[test]
fn an_instance_of_unknown_state_is_killed_and_started_again_even_with_policy_never() {
    let spec = pod_with_policy("Never");
    let actions = next(&spec, &runtime([instance(&spec, "app", InstanceState::Unknown)]));
    assert_eq!(kills(&spec, &actions), [("app".to_owned(), KillReason::Unknown, true)]);
    assert_eq!(names(&spec, &actions.start), ["app"]);
}

#[test]
fn sidecars_are_killed_when_no_regular_container_is_left_to_run() {
    let spec = with_init();
    let actions = next(&spec, &runtime([instance(&spec, "app", exited(0)), instance(&spec, "second", exited(0))]));
    assert!(actions.kill_pod && actions.start_init.is_empty());
}

#[test]
fn deletion_stops_the_restart_decision_and_nothing_else() {
    let spec = pod(json!({"restartPolicy": "Always",
        "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "app"}, {"name": "log"}, {"name": "web"}], "ephemeralContainers": [{"name": "debug"}]}));
    let changed = Instance { spec_changed: true, ..instance(&spec, "log", running()) };
    let runtime = runtime([
        instance(&spec, "proxy", exited(1)),
        instance(&spec, "app", running()),
        changed,
        instance(&spec, "web", exited(1)),
    ]);
    let probes = [ProbeFacts::default(), DEAD];
    let actions = next_if(&spec, &runtime, &probes, true);
    assert_eq!(names(&spec, &actions.start), ["app", "log"]);
    assert_eq!(names(&spec, &actions.start_init), ["proxy"]);
    assert_eq!(names(&spec, &actions.start_ephemeral), ["debug"]);
    assert!(next_if(&spec, &RuntimeStatus::default(), &[], true).create_sandbox);
}

#[test]
fn ephemeral_containers_start_at_any_time_and_only_once() {
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [{"name": "app"}],
        "ephemeralContainers": [{"name": "debug"}]}));
    assert_eq!(names(&spec, &next(&spec, &runtime([])).start_ephemeral), ["debug"]);
    assert!(next(&spec, &runtime([instance(&spec, "debug", exited(1))])).start_ephemeral.is_empty());
}

#[test]
fn a_restart_of_all_removes_the_container_that_triggered_it_last() {
    let rule = json!([{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}]);
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [
        {"name": "app", "restartPolicy": "Never", "restartPolicyRules": rule}, {"name": "log"}]}));
    let instances = [("app", exited(42)), ("log", running()), ("init", exited(0))];
    let runtime = runtime(instances.map(|(name, state)| instance(&spec, name, state)));
    let mut inputs = SyncInputs::new(&spec, &runtime);
    inputs.is_restarting_all = true;
    let actions = pod_actions::compute_pod_actions(&inputs);
    let resets = actions.reset.iter().map(|reset| (spec.container_name(reset.container), reset.kill));
    assert_eq!(resets.collect::<Vec<_>>(), [("log", true), ("init", false), ("app", false)]);
    assert!(actions.start.is_empty() && actions.start_init.is_empty());
}

#[test]
fn a_sidecar_holds_back_the_next_container_until_it_has_started() {
    let probe = json!({"exec": {"command": ["ok"]}});
    let spec = pod(json!({"initContainers": [{"name": "proxy", "restartPolicy": "Always", "startupProbe": probe,
        "livenessProbe": probe}, {"name": "init"}], "containers": [{"name": "app"}]}));
    let after = |startup, liveness| {
        let facts = ProbeFacts { startup, liveness, ..ProbeFacts::default() };
        let actions = next_if(&spec, &runtime([instance(&spec, "proxy", running())]), &[facts], false);
        (names(&spec, &actions.start_init), actions.kill.len())
    };
    assert_eq!(after(None, None), (vec![], 0));
    assert_eq!(after(Some(ProbeResult::Unknown), None), (vec![], 0));
    assert_eq!(after(Some(ProbeResult::Failure), None), (vec!["proxy"], 1));
    assert_eq!(after(Some(ProbeResult::Success), None), (vec!["init"], 0));
    // Its liveness does not hold back the next one.
    assert_eq!(after(Some(ProbeResult::Success), Some(ProbeResult::Failure)), (vec!["proxy", "init"], 1));
}
