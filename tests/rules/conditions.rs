//! Pod conditions.

use crate::given::*;
use pod_lifecycle::{
    api::{ConditionStatus, PodPhase},
    rule::conditions,
    spec::PodSpec,
    state::{Condition, ConditionReason, ConditionType, ContainerRecord},
    status::pod_condition,
};
use serde_json::json;

fn spec() -> PodSpec {
    pod(json!({"initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "app"}, {"name": "log"}],
        "readinessGates": [{"conditionType": "example.com/lb"}]}))
}

/// The message as the API server shows it, which does not depend on the type.
fn message(condition: &Condition) -> String {
    pod_condition(&spec(), ConditionType::Ready, condition, 0, None).message
}

fn done() -> ContainerRecord {
    ContainerRecord { ready: true, ..reported_end(0) }
}

fn healthy() -> Vec<Option<ContainerRecord>> {
    vec![Some(done()), Some(reported_running()), Some(reported_running()), Some(reported_running())]
}

#[test]
fn containers_are_ready_if_every_sidecar_and_regular_one_is() {
    assert!(conditions::containers_ready(&spec(), Some(&healthy()), PodPhase::Running).is_true());
    let mut records = healthy();
    records[1] = Some(waiting());
    records[2] = None;
    let lacking = conditions::containers_ready(&spec(), Some(&records), PodPhase::Running);
    assert_eq!(lacking.reason, Some(ConditionReason::ContainersNotReady));
    let expected = "containers with unknown status: [app], containers with unready status: [proxy]";
    assert_eq!(message(&lacking), expected);
}

#[test]
fn without_container_statuses_the_reason_says_so_even_in_a_failed_pod() {
    let condition = conditions::containers_ready(&spec(), None, PodPhase::Failed);
    assert_eq!(condition.reason, Some(ConditionReason::UnknownContainerStatuses));
    let condition = conditions::initialized(&spec(), None, PodPhase::Failed, true);
    assert_eq!(condition.reason, Some(ConditionReason::UnknownContainerStatuses));
}

#[test]
fn in_a_terminal_phase_the_phase_is_the_reason_for_not_ready() {
    let reason = |phase| conditions::containers_ready(&spec(), Some(&healthy()), phase).reason;
    assert_eq!(reason(PodPhase::Succeeded), Some(ConditionReason::PodCompleted));
    assert_eq!(reason(PodPhase::Failed), Some(ConditionReason::PodFailed));
}

#[test]
fn a_succeeded_pod_with_a_missing_status_has_unready_containers() {
    let mut records = healthy();
    records[3] = None;
    let condition = conditions::containers_ready(&spec(), Some(&records), PodPhase::Succeeded);
    assert_eq!(condition.reason, Some(ConditionReason::ContainersNotReady));
}

#[test]
fn the_condition_of_a_readiness_gate_has_to_exist_and_to_be_true() {
    let ready = conditions::containers_ready(&spec(), Some(&healthy()), PodPhase::Running);
    let with_gate = |status| conditions::ready(&spec(), &ready, |_, _| status);
    assert!(with_gate(Some(ConditionStatus::True)).is_true());
    let of_gate = |status| message(&with_gate(status));
    assert_eq!(of_gate(None), "corresponding condition of pod readiness gate \"example.com/lb\" does not exist.");
    let is_false = "the status of pod readiness gate \"example.com/lb\" is not \"True\", but False";
    assert_eq!(of_gate(Some(ConditionStatus::False)), is_false);
}

#[test]
fn a_pod_whose_containers_are_not_ready_gives_their_reason() {
    let unready = conditions::containers_ready(&spec(), Some(&[]), PodPhase::Running);
    assert_eq!(conditions::ready(&spec(), &unready, |_, _| Some(ConditionStatus::True)), unready);
}

#[test]
fn a_pod_is_initialized_once_init_containers_succeeded_and_sidecars_started() {
    let of = |init, proxy| {
        let records = [init, proxy, Some(waiting()), Some(waiting())];
        conditions::initialized(&spec(), Some(&records), PodPhase::Pending, false)
    };
    assert!(of(Some(done()), Some(reported_running())).is_true());
    let lacking = of(None, Some(waiting()));
    assert_eq!(lacking.reason, Some(ConditionReason::ContainersNotInitialized));
    let expected = "containers with unknown status: [init], containers with incomplete status: [proxy]";
    assert_eq!(message(&lacking), expected);
}

#[test]
fn a_pod_stays_initialized() {
    let records = [Some(waiting()), Some(waiting()), Some(waiting()), Some(waiting())];
    assert!(conditions::initialized(&spec(), Some(&records), PodPhase::Pending, true).is_true());
    let with_app = [None, None, Some(reported_end(1)), None];
    assert!(conditions::initialized(&spec(), Some(&with_app), PodPhase::Running, false).is_true());
}

#[test]
fn a_pod_is_ready_to_start_containers_if_it_needs_no_sandbox() {
    assert!(conditions::pod_ready_to_start_containers(&spec(), &runtime([])).is_true());
    assert!(!conditions::pod_ready_to_start_containers(&spec(), &Default::default()).is_true());
}

#[test]
fn all_containers_restarting_ends_with_the_last_instance_or_with_the_pod() {
    let runtime_of = |names: &[&str]| runtime(names.iter().map(|name| instance(&spec(), name, exited(42))));
    let of = |names, phase, is_due| conditions::all_containers_restarting(&spec(), &runtime_of(names), phase, is_due);
    let under_way = of(&["app"], PodPhase::Running, true);
    assert!(under_way.is_true());
    assert_eq!(message(&under_way), "container exited with restart policy rule");
    assert!(!of(&[], PodPhase::Running, true).is_true());
    assert!(!of(&["app"], PodPhase::Running, false).is_true());
    assert_eq!(of(&["app"], PodPhase::Failed, true).reason, Some(ConditionReason::PodFailed));
}
