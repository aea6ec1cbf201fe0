//! Statuses of terminated containers stay terminated.

use crate::given::*;
use pod_lifecycle::{rule::final_statuses, state::ContainerRecord};
use serde_json::json;

/// Whether a status may say that the container runs, after one that said that it had ended so.
fn may_run_again(policy: &str, exit_code: i32) -> bool {
    let spec = pod_with_policy(policy);
    final_statuses::allows_transition(&spec, &[Some(reported_end(exit_code))], &[Some(reported_running())])
}

#[test]
fn a_container_that_has_terminated_for_good_stays_terminated() {
    assert_eq!([may_run_again("Always", 0), may_run_again("Always", 1)], [true, true]);
    assert_eq!([may_run_again("OnFailure", 0), may_run_again("OnFailure", 1)], [false, true]);
    assert_eq!([may_run_again("Never", 0), may_run_again("Never", 1)], [false, false]);
}

#[test]
fn a_terminated_status_may_follow_a_terminated_one() {
    let ended: [Option<ContainerRecord>; 1] = [Some(reported_end(0))];
    assert!(final_statuses::allows_transition(&pod_with_policy("Never"), &ended, &ended));
}

#[test]
fn a_sidecar_may_run_again_whatever_the_policy() {
    let spec = pod(json!({
        "restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx"}],
        "initContainers": [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
    }));
    let (ended, runs) = (|| Some(reported_end(0)), || Some(reported_running()));
    assert!(final_statuses::allows_transition(&spec, &[ended(), runs()], &[runs(), runs()]));
    assert!(!final_statuses::allows_transition(&spec, &[runs(), ended()], &[runs(), runs()]));
}
