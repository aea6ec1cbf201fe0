//! Container statuses.

use std::sync::Arc;

use crate::given::*;
use pod_lifecycle::{
    rule::container_status::{self, StatusInputs},
    spec::PodSpec,
    state::{
        ContainerRecord, Instance, InstanceState, RecordedState, RuntimeStatus, StartFailure, TerminationReason,
        Waiting,
    },
};
use serde_json::json;

/// What is reported of a Pod of which this is known.
struct Known<'a> {
    spec: &'a PodSpec,
    runtime: RuntimeStatus,
    previous: Vec<Option<ContainerRecord>>,
    failures: Vec<Option<Arc<StartFailure>>>,
}

impl Known<'_> {
    fn first(&self) -> ContainerRecord {
        self.first_if(false, false)
    }

    fn first_if(&self, is_deleting: bool, is_restarting_all: bool) -> ContainerRecord {
        let mut inputs = StatusInputs::new(self.spec, &self.runtime);
        inputs.previous = &self.previous;
        inputs.failures = &self.failures;
        inputs.is_deleting = is_deleting;
        inputs.is_restarting_all = is_restarting_all;
        container_status::container_records(&inputs).swap_remove(0).unwrap()
    }
}

fn known(spec: &PodSpec) -> Known<'_> {
    Known { spec, runtime: runtime([]), previous: Vec::new(), failures: Vec::new() }
}

fn last_reason(record: &ContainerRecord) -> Option<&str> {
    record.last_termination().map(|end| end.reason.as_str())
}

#[test]
fn a_container_never_seen_waits_for_its_pod() {
    let waits = |spec: &PodSpec| known(spec).first().state;
    assert_eq!(waits(&pod_with_policy("Always")), Some(RecordedState::Waiting(Waiting::ContainerCreating)));
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [{"name": "app"}]}));
    assert_eq!(waits(&spec), Some(RecordedState::Waiting(Waiting::PodInitializing)));
}

#[test]
fn the_newest_instance_is_the_state_and_the_one_before_it_the_last_state() {
    let spec = pod_with_policy("Always");
    let second = Instance { id: SECOND, restart_count: 1, ..instance(&spec, "app", running()) };
    let record = Known { runtime: runtime([second, instance(&spec, "app", exited(3))]), ..known(&spec) }.first();
    assert!(record.is_running());
    assert_eq!(record.last_termination().map(|end| end.exit_code), Some(3));
    assert_eq!((record.restart_count, record.instance), (1, Some(SECOND)));
}

#[test]
fn a_container_that_ran_and_is_gone_must_not_look_as_if_it_had_never_run() {
    let spec = pod_with_policy("Always");
    let gone = Known { previous: vec![Some(reported_running())], ..known(&spec) };
    let record = gone.first();
    assert!(record.is_waiting());
    assert_eq!((last_reason(&record), record.restart_count), (Some("ContainerStatusUnknown"), 1));
    assert_eq!(gone.first_if(true, false).restart_count, 0);
}

#[test]
fn a_reported_exit_is_kept_when_the_runtime_has_no_instance_left() {
    let spec = pod_with_policy("Never");
    let reported = ContainerRecord { restart_count: 4, ..reported_end(3) };
    assert_eq!(Known { previous: vec![Some(reported.clone())], ..known(&spec) }.first(), reported);
}

#[test]
fn an_instance_of_unknown_state_has_terminated_if_it_was_running() {
    let spec = pod_with_policy("Always");
    let unknown = || runtime([instance(&spec, "app", InstanceState::Unknown)]);
    let record = Known { runtime: unknown(), previous: vec![Some(reported_running())], ..known(&spec) }.first();
    assert_eq!(
        record.termination().map(|end| (end.exit_code, &end.reason)),
        Some((137, &TerminationReason::ContainerStatusUnknown))
    );
    assert_eq!(record.restart_count, 1);
    let record = Known { runtime: unknown(), ..known(&spec) }.first();
    assert_eq!(record.state, Some(RecordedState::Waiting(Waiting::WithoutReason)));
}

#[test]
fn a_container_that_has_to_start_waits_with_its_failed_start_as_reason() {
    let failed = |policy| {
        let spec = pod_with_policy(policy);
        let runtime = runtime([instance(&spec, "app", exited(1))]);
        Known { runtime, failures: vec![Some(crash_loop())], ..known(&spec) }.first()
    };
    let waits = failed("Always");
    assert_eq!(waits.state, Some(RecordedState::Waiting(Waiting::Failed(crash_loop()))));
    assert_eq!(last_reason(&waits), Some("Error"));
    assert!(failed("Never").termination().is_some());
}

#[test]
fn an_init_container_that_is_gone_has_completed_if_a_regular_one_was_ever_created() {
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [{"name": "app"}]}));
    let record = Known { runtime: runtime([instance(&spec, "app", running())]), ..known(&spec) }.first();
    assert_eq!(record.termination().map(|end| (end.exit_code, end.reason.as_str())), Some((0, "Completed")));
}

#[test]
fn an_init_container_that_succeeded_never_waits_again() {
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [{"name": "app"}]}));
    let runtime = runtime([instance(&spec, "init", exited(0))]);
    let record = Known { runtime, failures: vec![Some(crash_loop())], ..known(&spec) }.first();
    assert!(record.termination().is_some());
}

#[test]
fn while_all_containers_restart_removed_ones_wait_for_the_restart() {
    let spec = pod_with_policy("Never");
    let dropped = Known { previous: vec![Some(reported_end(42))], ..known(&spec) };
    let record = dropped.first_if(false, true);
    assert_eq!(record.state, Some(RecordedState::Waiting(Waiting::RestartingAllContainers)));
    assert_eq!((last_reason(&record), record.restart_count), (Some("RestartingAllContainers"), 1));
}

#[test]
fn a_restart_that_left_no_trace_in_the_runtime_still_counts() {
    let spec = pod_with_policy("Always");
    let previous = ContainerRecord { restart_count: 2, ..reported_end(42) };
    let anew = Instance { id: SECOND, ..instance(&spec, "app", running()) };
    let record = Known { runtime: runtime([anew]), previous: vec![Some(previous)], ..known(&spec) }.first();
    assert_eq!(record.restart_count, 3);
    assert_eq!(record.last_termination().map(|end| end.exit_code), Some(42));
}
