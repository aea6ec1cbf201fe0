//! Restart policies and restart rules.

use crate::given::*;
use pod_lifecycle::{rule::restart, spec::PodSpec, state::InstanceState};
use serde_json::{Value, json};

fn with_rules(policy: &str, rules: Value) -> PodSpec {
    pod(json!({"restartPolicy": "Always", "containers": [
        {"name": "app", "restartPolicy": policy, "restartPolicyRules": rules}]}))
}

fn rule(action: &str, operator: &str, values: &[i32]) -> Value {
    json!({"action": action, "exitCodes": {"operator": operator, "values": values}})
}

#[test]
fn without_its_own_policy_a_container_follows_the_pod() {
    let restarts = |policy, exit_code| {
        let spec = pod_with_policy(policy);
        restart::restarts_after_exit(container(&spec, "app").restart(), exit_code)
    };
    assert_eq!([restarts("Always", 0), restarts("Always", 1)], [true, true]);
    assert_eq!([restarts("OnFailure", 0), restarts("OnFailure", 1)], [false, true]);
    assert_eq!([restarts("Never", 0), restarts("Never", 1)], [false, false]);
}

#[test]
fn the_first_matching_rule_comes_before_the_containers_policy_and_that_before_the_pods() {
    let spec =
        with_rules("Never", json!([rule("Restart", "In", &[42]), rule("RestartAllContainers", "In", &[42, 43])]));
    let app = container(&spec, "app").restart();
    assert!(restart::restarts_after_exit(app, 42) && !restart::restarts_all_containers(app, 42));
    assert!(restart::restarts_after_exit(app, 43) && restart::restarts_all_containers(app, 43));
    assert!(!restart::restarts_after_exit(app, 1));
}

#[test]
fn not_in_an_empty_list_matches_every_exit_code_even_0() {
    let spec = with_rules("Never", json!([rule("Restart", "NotIn", &[])]));
    let app = container(&spec, "app").restart();
    assert!([0, 1, 255].into_iter().all(|exit_code| restart::restarts_after_exit(app, exit_code)));
}

#[test]
fn a_rule_without_exit_codes_matches_none() {
    let spec = with_rules("Never", json!([{"action": "Restart"}]));
    assert_eq!(restart::matching_rule(container(&spec, "app").restart(), 0), None);
}

#[test]
fn a_rule_that_restarts_all_makes_a_never_container_not_restartable_yet_restarts_it() {
    let spec = with_rules("Never", json!([rule("RestartAllContainers", "In", &[42])]));
    let app = container(&spec, "app").restart();
    assert!(!restart::is_restartable(app));
    assert!(restart::restarts_after_exit(app, 42));
    assert!(spec.all_containers_could_restart());
}

#[test]
fn a_container_that_never_ran_or_is_unknown_is_started_whatever_the_policy() {
    let spec = pod_with_policy("Never");
    let app = container(&spec, "app");
    let is_due = |state| restart::should_restart(app, Some(&instance(&spec, "app", state)), false);
    assert!(restart::should_restart(app, None, false));
    assert!(is_due(InstanceState::Created) && is_due(InstanceState::Unknown));
    assert!(!is_due(running()) && !is_due(exited(1)));
}

#[test]
fn nothing_is_started_in_a_pod_that_is_being_deleted() {
    let spec = pod_with_policy("Always");
    assert!(!restart::should_restart(container(&spec, "app"), None, true));
}

#[test]
fn all_containers_restart_from_the_triggering_exit_until_every_instance_is_removed() {
    let spec = with_rules("Never", json!([rule("RestartAllContainers", "In", &[42])]));
    let exited_42 = runtime([instance(&spec, "app", exited(42))]);
    let cleaned_up = runtime([]);
    assert!(restart::should_restart_all_containers(&spec, Some(&exited_42), &[], false));
    assert!(!restart::should_restart_all_containers(
        &spec,
        Some(&runtime([instance(&spec, "app", exited(1))])),
        &[],
        false
    ));
    assert!(!restart::all_containers_restart_cleaned_up(&spec, &exited_42));
    // Once begun, it goes on without the exit that began it.
    assert!(restart::should_restart_all_containers(&spec, Some(&cleaned_up), &[], true));
    assert!(restart::all_containers_restart_cleaned_up(&spec, &cleaned_up));
}

#[test]
fn an_exit_in_the_previous_status_triggers_only_without_a_runtime_status_or_beside_an_exit_in_it() {
    let spec = with_rules("Never", json!([rule("RestartAllContainers", "In", &[42])]));
    let reported = [Some(reported_end(42))];
    assert!(restart::should_restart_all_containers(&spec, None, &reported, false));
    assert!(!restart::should_restart_all_containers(&spec, Some(&runtime([])), &reported, false));
}
