//! How long liveness takes to notice, and what follows.

use super::*;

fn with_liveness(liveness: Value) -> LivenessBudget {
    container_budget(json!({"livenessProbe": probe(liveness)})).liveness.unwrap()
}

#[test]
fn a_dead_process_is_noticed_after_the_failures_and_a_missed_look() {
    let liveness = with_liveness(json!({"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 2}));
    assert_eq!(liveness.noticed, bounds(20, 30 + 2));
}

#[test]
fn the_first_kill_cannot_come_before_the_delay_and_the_failures() {
    let liveness = with_liveness(json!({"initialDelaySeconds": 15, "periodSeconds": 10, "failureThreshold": 3}));
    assert_eq!(liveness.first_kill, seconds(14 + 20));
}

#[test]
fn a_startup_probe_holds_liveness_back_until_it_has_succeeded() {
    let app = container_budget(json!({
        "startupProbe": probe(json!({"initialDelaySeconds": 30})),
        "livenessProbe": probe(json!({"periodSeconds": 10, "failureThreshold": 2})),
    }));
    assert_eq!(app.liveness.unwrap().first_kill, seconds(29 + 10));
}

#[test]
fn a_look_that_was_under_way_may_be_the_first_to_fail() {
    let liveness = probe(json!({"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 5}));
    let pod = spec(json!({"containers": [named("app", json!({"livenessProbe": liveness}))]}));
    let budget = of(&pod, &Assumptions { probe_latency: seconds(4), ..Assumptions::default() });
    assert_eq!(budget.containers[0].liveness.unwrap().noticed, bounds(16, 35));
}

#[test]
fn until_the_restart_comes_a_stop_with_the_probes_own_grace() {
    let liveness = probe(json!({"failureThreshold": 1, "terminationGracePeriodSeconds": 5}));
    let pod = spec(json!({
        "terminationGracePeriodSeconds": 60,
        "containers": [named("app", json!({"livenessProbe": liveness}))],
    }));
    let budget = of(&pod, &Assumptions { start_latency: seconds(2), ..Assumptions::default() });
    let liveness = budget.containers[0].liveness.unwrap();
    assert_eq!((liveness.noticed, liveness.restarted), (bounds(0, 11), Some(bounds(2, 11 + 5 + 2))));
}

#[test]
fn a_container_that_never_restarts_is_not_promised_a_restart() {
    let pod =
        json!({"restartPolicy": "Never", "containers": [named("app", json!({"livenessProbe": probe(json!({}))}))]});
    assert_eq!(budget(pod).containers[0].liveness.unwrap().restarted, None);
}
