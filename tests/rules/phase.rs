//! Pod phase.

use crate::given::*;
use pod_lifecycle::{
    api::PodPhase,
    rule::phase,
    spec::PodSpec,
    state::{ContainerRecord, RecordedState, SandboxId, TerminationReason, Waiting},
};
use serde_json::json;

fn two(policy: &str) -> PodSpec {
    pod(json!({"restartPolicy": policy, "containers": [{"name": "app"}, {"name": "log"}]}))
}

fn with_init(policy: &str) -> PodSpec {
    pod(json!({"restartPolicy": policy, "initContainers": [{"name": "init"}], "containers": [{"name": "app"}]}))
}

fn with_sidecar() -> PodSpec {
    pod(json!({"restartPolicy": "Never", "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "app"}]}))
}

fn phase_of(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> PodPhase {
    phase::pod_phase(spec, records, false, true)
}

#[test]
fn a_pod_is_pending_until_every_container_has_run() {
    let spec = two("Always");
    assert_eq!(phase_of(&spec, &[Some(reported_running()), Some(waiting())]), PodPhase::Pending);
    assert_eq!(phase_of(&spec, &[Some(reported_running()), Some(reported_end(1))]), PodPhase::Running);
}

#[test]
fn a_pod_whose_containers_will_restart_is_running() {
    let records = [Some(reported_end(0)), Some(reported_crash_loop(1))];
    assert_eq!(phase_of(&two("Always"), &records), PodPhase::Running);
    assert_eq!(phase_of(&two("OnFailure"), &records), PodPhase::Running);
    assert_eq!(phase_of(&two("Never"), &records), PodPhase::Failed);
}

#[test]
fn a_pod_has_succeeded_if_every_container_exited_with_0() {
    let ends = |code| [Some(reported_end(0)), Some(reported_end(code))];
    assert_eq!(phase_of(&two("Never"), &ends(0)), PodPhase::Succeeded);
    assert_eq!(phase_of(&two("Never"), &ends(3)), PodPhase::Failed);
}

#[test]
fn a_container_that_waits_after_an_exit_with_0_has_stopped_but_not_succeeded() {
    assert_eq!(phase_of(&pod_with_policy("Never"), &[Some(reported_crash_loop(0))]), PodPhase::Failed);
}

#[test]
fn a_missing_status_makes_a_pod_pending_even_if_nothing_will_restart() {
    assert_eq!(phase::pod_phase(&two("Never"), &[Some(reported_end(0)), None], true, true), PodPhase::Pending);
}

#[test]
fn a_terminal_pod_is_judged_by_its_exits_unless_it_is_static() {
    let spec = pod_with_policy("Always");
    assert_eq!(phase::pod_phase(&spec, &[Some(reported_end(0))], true, true), PodPhase::Succeeded);
    let manifest = json!({"metadata": {"annotations": {"kubernetes.io/config.source": "file"}},
        "spec": {"restartPolicy": "Always", "containers": [{"name": "app"}]}});
    let of_a_file = PodSpec::from_admitted(&serde_json::from_value(manifest).unwrap()).unwrap();
    assert_eq!(phase::pod_phase(&of_a_file, &[Some(reported_end(0))], true, true), PodPhase::Running);
}

#[test]
fn an_init_container_that_fails_for_good_fails_the_pod() {
    let records = [Some(reported_end(1)), Some(waiting())];
    assert_eq!(phase_of(&with_init("Never"), &records), PodPhase::Failed);
    assert_eq!(phase_of(&with_init("OnFailure"), &records), PodPhase::Pending);
}

#[test]
fn an_init_container_removed_to_restart_all_has_not_failed_for_good() {
    let removed = ContainerRecord {
        last_state: Some(RecordedState::Terminated(end_because(137, TerminationReason::RestartingAllContainers))),
        ..record(RecordedState::Waiting(Waiting::RestartingAllContainers))
    };
    assert_eq!(phase_of(&with_init("Never"), &[Some(removed), Some(waiting())]), PodPhase::Pending);
}

#[test]
fn a_sidecar_that_has_not_started_holds_back_only_a_pod_that_has_not_initialized() {
    let starting = ContainerRecord { started: Some(false), ..reported_running() };
    let records = [Some(starting), Some(reported_running())];
    assert_eq!(phase::pod_phase(&with_sidecar(), &records, false, false), PodPhase::Pending);
    assert_eq!(phase::pod_phase(&with_sidecar(), &records, false, true), PodPhase::Running);
}

#[test]
fn a_terminated_sidecar_does_not_count() {
    let records = [Some(reported_end(1)), Some(reported_end(0))];
    assert_eq!(phase_of(&with_sidecar(), &records), PodPhase::Succeeded);
}

#[test]
fn a_pod_has_initialized_if_a_regular_container_is_in_its_ready_sandbox() {
    let spec = with_init("Never");
    let app = instance(&spec, "app", exited(0));
    assert!(phase::has_active_regular_container(&spec, &runtime([app.clone()])));
    assert!(!phase::has_active_regular_container(&spec, &runtime([instance(&spec, "init", running())])));
    let mut elsewhere = app;
    elsewhere.sandbox = SandboxId(7);
    assert!(!phase::has_active_regular_container(&spec, &runtime([elsewhere])));
}
