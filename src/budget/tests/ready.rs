//! How long a Pod takes to get ready.

use super::*;

#[test]
fn without_probes_a_container_is_ready_when_it_runs() {
    let app = container_budget(json!({}));
    assert_eq!((app.starts, app.ready), (bounds(0, 0), Some(bounds(0, 0))));
}

#[test]
fn readiness_waits_for_its_delay_and_at_most_a_period_more() {
    let app = container_budget(json!({"readinessProbe": probe(json!({"initialDelaySeconds": 5, "periodSeconds": 7}))}));
    // Whole seconds count from a start that is rounded down.
    assert_eq!(app.ready, Some(bounds(4, 5 + 7)));
}

#[test]
fn further_successes_may_come_at_once_or_each_a_period_later() {
    let probe = probe(json!({"periodSeconds": 7, "successThreshold": 3, "timeoutSeconds": 4}));
    let pod = spec(json!({"containers": [named("app", json!({"readinessProbe": probe}))]}));
    let slow_answers = Assumptions { probe_latency: seconds(2), ..Assumptions::default() };
    assert_eq!(of(&pod, &slow_answers).ready, bounds(3 * 2, 3 * 7 + 2));
}

#[test]
fn readiness_is_asked_only_after_the_startup_probe_succeeded() {
    let app = container_budget(json!({
        "startupProbe": probe(json!({"initialDelaySeconds": 10, "periodSeconds": 3})),
        "readinessProbe": probe(json!({"initialDelaySeconds": 2, "periodSeconds": 5})),
    }));
    assert_eq!(app.ready, Some(bounds(9, 10 + 3 + 5)));
}

#[test]
fn the_startup_allowance_is_what_the_looks_leave() {
    let startup =
        probe(json!({"initialDelaySeconds": 10, "periodSeconds": 5, "failureThreshold": 6, "timeoutSeconds": 2}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(9 + 5 * 5, 10 + 6 * 5 + 2)));
    assert_eq!(container_budget(json!({})).startup_allowance, None);
}

#[test]
fn looks_that_outlast_the_period_may_follow_at_once() {
    let startup = probe(json!({"periodSeconds": 5, "failureThreshold": 4, "timeoutSeconds": 8}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(2 * 5, 4 * 8 + 8)));
}

#[test]
fn looks_that_fill_the_period_do_not_come_closer() {
    let startup = probe(json!({"periodSeconds": 5, "failureThreshold": 4, "timeoutSeconds": 5}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(3 * 5, 4 * 5 + 5)));
}

#[test]
fn a_warm_up_within_the_allowance_delays_and_a_longer_one_leaves_nothing_promised() {
    let startup = probe(json!({"periodSeconds": 10, "failureThreshold": 3}));
    let pod = spec(json!({"containers": [named("app", json!({"startupProbe": startup}))]}));
    let warm_up = |seconds_| of(&pod, &Assumptions { warm_up: seconds(seconds_), ..Assumptions::default() }).ready;
    assert_eq!(warm_up(20), bounds(20, 20 + 10));
    assert_eq!(warm_up(21), bounds(21, None));
}

#[test]
fn a_warm_up_that_liveness_does_not_wait_for_leaves_nothing_promised() {
    let liveness = probe(json!({"initialDelaySeconds": 6, "periodSeconds": 5, "failureThreshold": 2}));
    let pod = spec(json!({"containers": [named("app", json!({
        "livenessProbe": liveness,
        "readinessProbe": probe(json!({"periodSeconds": 5})),
    }))]}));
    let warm_up = |seconds_| of(&pod, &Assumptions { warm_up: seconds(seconds_), ..Assumptions::default() }).ready;
    assert_eq!(warm_up(10), bounds(10, 15));
    assert_eq!(warm_up(11), bounds(11, None));
}

#[test]
fn answers_that_take_as_long_as_the_timeout_never_make_it_ready() {
    let pod =
        spec(json!({"containers": [named("app", json!({"readinessProbe": probe(json!({"timeoutSeconds": 2}))}))]}));
    let answers = |millis| Assumptions { probe_latency: Duration::from_millis(millis), ..Assumptions::default() };
    assert!(of(&pod, &answers(1_999)).ready.latest.is_some());
    assert_eq!(of(&pod, &answers(2_000)).ready, bounds(2, None));
}

#[test]
fn init_containers_run_one_after_the_other_before_the_regular_ones() {
    let pod = spec(json!({
        "initContainers": [named("first", json!({})), named("second", json!({}))],
        "containers": [named("app", json!({}))],
    }));
    let assumptions = Assumptions { start_latency: seconds(2), init_run: seconds(10), ..Assumptions::default() };
    let budget = of(&pod, &assumptions);
    let starts: Vec<_> = budget.containers.iter().map(|container| container.starts).collect();
    assert_eq!(starts, [bounds(2, 2), bounds(14, 14), bounds(26, 26)]);
    assert_eq!(budget.ready, bounds(26, 26));
    assert_eq!(budget.containers[0].ready, None);
}

#[test]
fn a_sidecar_lets_the_next_container_start_once_it_has_started_up_itself() {
    let pod = spec(json!({
        "initContainers": [
            named("proxy", json!({
                "restartPolicy": "Always",
                "startupProbe": probe(json!({"initialDelaySeconds": 5, "periodSeconds": 2})),
                "readinessProbe": probe(json!({"initialDelaySeconds": 60, "periodSeconds": 10})),
            })),
            named("logs", json!({"restartPolicy": "Always"})),
        ],
        "containers": [named("app", json!({}))],
    }));
    let budget = of(&pod, &Assumptions { start_latency: seconds(1), ..Assumptions::default() });
    assert_eq!(budget.containers[1].starts, bounds(1 + 4 + 1, 1 + 7 + 1));
    assert_eq!(budget.containers[2].starts, bounds(7, 10));
    // The Pod is not ready before its sidecar is.
    assert_eq!(budget.ready, bounds(1 + 59, 1 + 60 + 10));
}

#[test]
fn a_post_start_hook_holds_up_the_containers_after_it_and_the_probes_of_those_before() {
    let hook = json!({"postStart": {"sleep": {"seconds": 20}}});
    let pod = spec(json!({"containers": [
        named("web", json!({"readinessProbe": probe(json!({"periodSeconds": 5}))})),
        named("slow", json!({"lifecycle": hook})),
        named("last", json!({})),
    ]}));
    let budget = of(&pod, &Assumptions { start_latency: seconds(1), ..Assumptions::default() });
    assert_eq!(budget.containers[2].starts, bounds(1 + 1 + 20 + 1, 23));
    // Its status is published when the sync is over, 22 s after its start.
    assert_eq!(budget.containers[0].ready, Some(bounds(0, 22 + 5)));
    assert_eq!(budget.ready, bounds(23, 1 + 22 + 5));
}

#[test]
fn a_hook_of_unknown_length_is_taken_as_assumed_and_says_so() {
    let hook = json!({"postStart": {"exec": {"command": ["register"]}}});
    let pod = spec(json!({"containers": [named("app", json!({"lifecycle": hook}))]}));
    let budget = of(&pod, &Assumptions { hook_run: seconds(3), ..Assumptions::default() });
    assert_eq!(budget.containers[0].post_start, Some(HookTime::Assumed(seconds(3))));
    assert_eq!(budget.ready, bounds(3, 3));
}

#[test]
fn readiness_gates_leave_the_latest_open() {
    let gates = json!([{"conditionType": "example.com/in-service"}]);
    let budget = budget(json!({"readinessGates": gates, "containers": [named("app", json!({}))]}));
    assert_eq!(budget.ready, bounds(0, None));
    assert_eq!(budget.readiness_gates, ["example.com/in-service"]);
}
