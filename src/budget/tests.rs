//! Tests of the bounds, the lint and the texts of budgets.

use core::time::Duration;

use serde_json::{Value, json};

use super::{
    Assumptions, Bounds, Budget, ContainerBudget, FindingCode, HookTime, LivenessBudget, Severity, longest_stop,
};
use crate::{
    api::Name,
    config::{BackOffLimits, FeatureGate, Kubernetes},
    spec::PodSpec,
};

fn spec(spec: Value) -> PodSpec {
    let pod = serde_json::from_value(json!({"metadata": {"name": "pod"}, "spec": spec})).unwrap();
    PodSpec::from_admitted(&pod).unwrap()
}

fn budget(pod: Value) -> Budget {
    Budget::of(&spec(pod), &Assumptions::default())
}

/// Returns the budget of the only container.
fn container_budget(container: Value) -> ContainerBudget {
    budget(json!({"terminationGracePeriodSeconds": 30, "containers": [named("app", container)]})).containers.remove(0)
}

fn named(name: &str, mut container: Value) -> Value {
    container["name"] = name.into();
    container["image"] = "image:v1".into();
    container
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bounds(earliest: u64, latest: impl Into<Option<u64>>) -> Bounds {
    Bounds { earliest: seconds(earliest), latest: latest.into().map(seconds) }
}

/// Returns a probe that runs a command.
fn probe(mut probe: Value) -> Value {
    probe["exec"] = json!({"command": ["check"]});
    probe
}

// --- Ready ---

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
fn further_successes_may_come_at_once_or_one_per_period() {
    let probe = probe(json!({"periodSeconds": 7, "successThreshold": 3, "timeoutSeconds": 4}));
    let pod = spec(json!({"containers": [named("app", json!({"readinessProbe": probe}))]}));
    let slow_answers = Assumptions { probe_latency: seconds(2), ..Assumptions::default() };
    assert_eq!(Budget::of(&pod, &slow_answers).ready, bounds(3 * 2, 3 * 7 + 2));
}

#[test]
fn readiness_probes_run_only_after_the_startup_probe_succeeded() {
    let app = container_budget(json!({
        "startupProbe": probe(json!({"initialDelaySeconds": 10, "periodSeconds": 3})),
        "readinessProbe": probe(json!({"initialDelaySeconds": 2, "periodSeconds": 5})),
    }));
    assert_eq!(app.ready, Some(bounds(9, 10 + 3 + 5)));
}

#[test]
fn the_startup_allowance_follows_from_delay_period_and_failures() {
    let startup =
        probe(json!({"initialDelaySeconds": 10, "periodSeconds": 5, "failureThreshold": 6, "timeoutSeconds": 2}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(9 + 5 * 5, 10 + 6 * 5 + 2)));
    assert_eq!(container_budget(json!({})).startup_allowance, None);
}

#[test]
fn probes_longer_than_the_period_may_follow_at_once() {
    let startup = probe(json!({"periodSeconds": 5, "failureThreshold": 4, "timeoutSeconds": 8}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(2 * 5, 4 * 8 + 8)));
}

#[test]
fn probes_as_long_as_the_period_do_not_come_closer() {
    let startup = probe(json!({"periodSeconds": 5, "failureThreshold": 4, "timeoutSeconds": 5}));
    let app = container_budget(json!({"startupProbe": startup}));
    assert_eq!(app.startup_allowance, Some(bounds(3 * 5, 4 * 5 + 5)));
}

#[test]
fn a_warm_up_longer_than_the_startup_allowance_has_no_latest_bound() {
    let startup = probe(json!({"periodSeconds": 10, "failureThreshold": 3}));
    let pod = spec(json!({"containers": [named("app", json!({"startupProbe": startup}))]}));
    let warm_up =
        |seconds_| Budget::of(&pod, &Assumptions { warm_up: seconds(seconds_), ..Assumptions::default() }).ready;
    assert_eq!(warm_up(20), bounds(20, 20 + 10));
    assert_eq!(warm_up(21), bounds(21, None));
}

#[test]
fn a_warm_up_longer_than_liveness_waits_has_no_latest_bound() {
    let liveness = probe(json!({"initialDelaySeconds": 6, "periodSeconds": 5, "failureThreshold": 2}));
    let pod = spec(json!({"containers": [named("app", json!({
        "livenessProbe": liveness,
        "readinessProbe": probe(json!({"periodSeconds": 5})),
    }))]}));
    let warm_up =
        |seconds_| Budget::of(&pod, &Assumptions { warm_up: seconds(seconds_), ..Assumptions::default() }).ready;
    assert_eq!(warm_up(10), bounds(10, 15));
    assert_eq!(warm_up(11), bounds(11, None));
}

#[test]
fn answers_that_take_as_long_as_the_timeout_never_make_it_ready() {
    let pod =
        spec(json!({"containers": [named("app", json!({"readinessProbe": probe(json!({"timeoutSeconds": 2}))}))]}));
    let answers = |millis| Assumptions { probe_latency: Duration::from_millis(millis), ..Assumptions::default() };
    assert!(Budget::of(&pod, &answers(1_999)).ready.latest.is_some());
    assert_eq!(Budget::of(&pod, &answers(2_000)).ready, bounds(2, None));
}

#[test]
fn init_containers_run_one_after_the_other_before_the_regular_ones() {
    let pod = spec(json!({
        "initContainers": [named("first", json!({})), named("second", json!({}))],
        "containers": [named("app", json!({}))],
    }));
    let assumptions = Assumptions { start_latency: seconds(2), init_run: seconds(10), ..Assumptions::default() };
    let budget = Budget::of(&pod, &assumptions);
    let starts: Vec<_> = budget.containers.iter().map(|container| container.starts).collect();
    assert_eq!(starts, [bounds(2, 2), bounds(14, 14), bounds(26, 26)]);
    assert_eq!(budget.ready, bounds(26, 26));
    assert_eq!(budget.containers[0].ready, None);
}

#[test]
fn a_sidecar_lets_the_next_container_start_once_it_has_started_up() {
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
    let budget = Budget::of(&pod, &Assumptions { start_latency: seconds(1), ..Assumptions::default() });
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
    let budget = Budget::of(&pod, &Assumptions { start_latency: seconds(1), ..Assumptions::default() });
    assert_eq!(budget.containers[2].starts, bounds(1 + 1 + 20 + 1, 23));
    // Its status is published when the sync is over, 22 s after its start.
    assert_eq!(budget.containers[0].ready, Some(bounds(0, 22 + 5)));
    assert_eq!(budget.ready, bounds(23, 1 + 22 + 5));
}

#[test]
fn a_hook_of_unknown_length_takes_the_assumed_time() {
    let hook = json!({"postStart": {"exec": {"command": ["register"]}}});
    let pod = spec(json!({"containers": [named("app", json!({"lifecycle": hook}))]}));
    let budget = Budget::of(&pod, &Assumptions { hook_run: seconds(3), ..Assumptions::default() });
    assert_eq!(budget.containers[0].post_start, Some(HookTime::Assumed(seconds(3))));
    assert_eq!(budget.ready, bounds(3, 3));
}

#[test]
fn readiness_gates_leave_no_latest_bound() {
    let gates = json!([{"conditionType": "example.com/in-service"}]);
    let budget = budget(json!({"readinessGates": gates, "containers": [named("app", json!({}))]}));
    assert_eq!(budget.ready, bounds(0, None));
    assert_eq!(budget.readiness_gates, ["example.com/in-service"]);
}

// --- Liveness ---

fn with_liveness(liveness: Value) -> LivenessBudget {
    container_budget(json!({"livenessProbe": probe(liveness)})).liveness.unwrap()
}

#[test]
fn a_hung_process_is_noticed_after_the_failures_and_at_most_one_period_more() {
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
fn a_probe_that_was_under_way_may_be_the_first_to_fail() {
    let liveness = probe(json!({"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 5}));
    let pod = spec(json!({"containers": [named("app", json!({"livenessProbe": liveness}))]}));
    let budget = Budget::of(&pod, &Assumptions { probe_latency: seconds(4), ..Assumptions::default() });
    assert_eq!(budget.containers[0].liveness.unwrap().noticed, bounds(16, 35));
}

#[test]
fn a_restart_includes_a_stop_with_the_probes_own_grace() {
    let liveness = probe(json!({"failureThreshold": 1, "terminationGracePeriodSeconds": 5}));
    let pod = spec(json!({
        "terminationGracePeriodSeconds": 60,
        "containers": [named("app", json!({"livenessProbe": liveness}))],
    }));
    let budget = Budget::of(&pod, &Assumptions { start_latency: seconds(2), ..Assumptions::default() });
    let liveness = budget.containers[0].liveness.unwrap();
    assert_eq!((liveness.noticed, liveness.restarted), (bounds(0, 11), Some(bounds(2, 11 + 5 + 2))));
}

#[test]
fn a_container_with_policy_never_has_no_restart_time() {
    let pod =
        json!({"restartPolicy": "Never", "containers": [named("app", json!({"livenessProbe": probe(json!({}))}))]});
    assert_eq!(budget(pod).containers[0].liveness.unwrap().restarted, None);
}

// --- Stop ---

fn stop_of(container: Value, grace_seconds: u64) -> Duration {
    longest_stop(&spec(json!({"containers": [named("app", container)]})), seconds(grace_seconds))
}

fn pre_stop(hook: Value) -> Value {
    json!({"lifecycle": {"preStop": hook}})
}

#[test]
fn a_stop_takes_no_longer_than_its_grace_and_always_may_take_two_seconds() {
    assert_eq!(stop_of(json!({}), 30), seconds(30));
    for too_short in [0, 1, 2] {
        assert_eq!(stop_of(json!({}), too_short), seconds(2));
    }
}

#[test]
fn a_sleep_uses_up_grace_but_leaves_two_seconds() {
    let sleep = |seconds| pre_stop(json!({"sleep": {"seconds": seconds}}));
    assert_eq!(stop_of(sleep(28), 30), seconds(30));
    assert_eq!(stop_of(sleep(29), 30), seconds(31));
    assert_eq!(stop_of(sleep(30), 30), seconds(32));
    assert_eq!(stop_of(sleep(90), 30), seconds(32));
}

#[test]
fn a_hook_of_unknown_length_may_take_all_of_the_grace() {
    let run = || pre_stop(json!({"exec": {"command": ["drain"]}}));
    assert_eq!(stop_of(run(), 30), seconds(32));
    assert_eq!(stop_of(run(), 0), seconds(2));
}

#[test]
fn a_sidecar_may_wait_all_of_the_grace_for_its_turn() {
    let pod = |sidecar: Value| {
        let mut sidecar = named("proxy", sidecar);
        sidecar["restartPolicy"] = "Always".into();
        spec(json!({"initContainers": [sidecar], "containers": [named("app", json!({}))]}))
    };
    assert_eq!(longest_stop(&pod(json!({})), seconds(30)), seconds(32));
    assert_eq!(longest_stop(&pod(pre_stop(json!({"exec": {"command": ["drain"]}}))), seconds(30)), seconds(33));
    assert_eq!(longest_stop(&pod(json!({})), seconds(0)), seconds(2));
}

#[test]
fn the_budget_stops_a_pod_with_the_grace_of_its_spec() {
    let stop = |grace: Value| {
        let container = named("app", pre_stop(json!({"exec": {"command": ["drain"]}})));
        budget(json!({"terminationGracePeriodSeconds": grace, "containers": [container]})).longest_stop
    };
    assert_eq!(stop(json!(45)), seconds(47));
    // A deletion makes it at least one second.
    assert_eq!(stop(json!(0)), seconds(3));
    assert_eq!(stop(json!(-7)), seconds(3));
    // Nothing is said: the kubelet takes 2 s.
    assert_eq!(stop(Value::Null), seconds(4));
}

#[test]
fn the_longest_possible_grace_does_not_overflow() {
    let sleep = pre_stop(json!({"sleep": {"seconds": i64::MAX}}));
    let pod = json!({
        "terminationGracePeriodSeconds": i64::MAX,
        "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [named("app", sleep)],
    });
    assert!(budget(pod).longest_stop > seconds(u32::MAX.into()));
}

// --- Findings ---

/// Returns the codes and fields found in a Pod with a grace of 30 s and this container.
fn found(container: Value) -> Vec<(FindingCode, String)> {
    found_in(json!({"terminationGracePeriodSeconds": 30, "containers": [named("app", container)]}))
}

fn found_in(pod: Value) -> Vec<(FindingCode, String)> {
    budget(pod).findings.into_iter().map(|finding| (finding.code, finding.field)).collect()
}

fn one(code: FindingCode, field: &str) -> Vec<(FindingCode, String)> {
    vec![(code, format!("spec.containers[0].{field}"))]
}

fn http(path: &str, mut probe: Value) -> Value {
    probe["httpGet"] = json!({"path": path, "port": 8080});
    probe
}

#[test]
fn liveness_must_not_kill_before_readiness_first_probes() {
    let pair = |liveness_delay| {
        json!({
            "readinessProbe": http("/ready", json!({"initialDelaySeconds": 60})),
            "livenessProbe": http("/live", json!({"initialDelaySeconds": liveness_delay})),
        })
    };
    // Three failures, ten seconds apart.
    assert_eq!(found(pair(39)), one(FindingCode::LivenessBeforeStartUp, "livenessProbe"));
    assert_eq!(found(pair(40)), []);
}

#[test]
fn a_startup_probe_keeps_liveness_from_killing_too_early() {
    assert_eq!(
        found(json!({
            "startupProbe": http("/live", json!({"failureThreshold": 30})),
            "readinessProbe": http("/ready", json!({"initialDelaySeconds": 60})),
            "livenessProbe": http("/live", json!({"failureThreshold": 1})),
        })),
        []
    );
}

#[test]
fn a_pre_stop_sleep_must_leave_some_of_the_grace() {
    let expected = one(FindingCode::PreStopBeyondGrace, "lifecycle.preStop");
    assert_eq!(found(pre_stop(json!({"sleep": {"seconds": 30}}))), expected);
    assert_eq!(found(pre_stop(json!({"sleep": {"seconds": 29}}))), []);
}

#[test]
fn a_command_that_sleeps_counts_as_a_sleep() {
    let run = |command: &[&str]| found(pre_stop(json!({"exec": {"command": command}})));
    let expected = one(FindingCode::PreStopBeyondGrace, "lifecycle.preStop");
    assert_eq!(run(&["/bin/sleep", "45"]), expected);
    assert_eq!(run(&["sh", "-c", "sleep 45; nginx -s quit"]), expected);
    assert_eq!(run(&["sh", "-c", "sleep 45&& nginx -s quit"]), expected);
    for other in [
        &["sleep", "5"][..],
        &["sleep"],
        &["sleep", "long"],
        &["drain", "45"],
        &["sh", "-x", "sleep 45"],
        &["sh", "-c", "drain 45"],
        &["sh", "-c", ""],
        &[],
    ] {
        assert_eq!(run(other), [], "{other:?}");
    }
}

#[test]
fn readiness_and_liveness_must_not_be_the_same_check() {
    let pair = |liveness| json!({"readinessProbe": http("/ok", json!({})), "livenessProbe": liveness});
    let expected = one(FindingCode::ReadinessIsLiveness, "livenessProbe");
    assert_eq!(found(pair(http("/ok", json!({})))), expected);
    assert_eq!(found(pair(http("/ok", json!({"periodSeconds": 5, "failureThreshold": 6})))), expected);
    // More patience is the pattern that Kubernetes recommends.
    assert_eq!(found(pair(http("/ok", json!({"failureThreshold": 6})))), []);
    assert_eq!(found(pair(http("/ok", json!({"timeoutSeconds": 5})))), []);
    assert_eq!(found(pair(http("/live", json!({})))), []);
}

#[test]
fn a_hook_needs_a_grace() {
    let pod =
        |grace, container| json!({"terminationGracePeriodSeconds": grace, "containers": [named("app", container)]});
    let expected = one(FindingCode::PreStopWithoutGrace, "lifecycle.preStop");
    let run = || pre_stop(json!({"exec": {"command": ["drain"]}}));
    assert_eq!(found_in(pod(0, run())), expected);
    assert_eq!(found_in(pod(0, pre_stop(json!({"sleep": {"seconds": 0}})))), expected);
    assert_eq!(found_in(pod(1, run())), []);
    assert_eq!(found_in(pod(0, json!({}))), []);
}

#[test]
fn a_probe_must_not_wait_longer_than_its_period() {
    for field in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let container = |timeout| json!({field: probe(json!({"periodSeconds": 5, "timeoutSeconds": timeout}))});
        assert_eq!(found(container(6)), one(FindingCode::TimeoutBeyondPeriod, &format!("{field}.timeoutSeconds")));
        assert_eq!(found(container(5)), []);
    }
}

#[test]
fn a_failed_container_must_not_get_more_grace_than_a_healthy_one() {
    for field in ["startupProbe", "livenessProbe"] {
        let container = |grace| json!({field: probe(json!({"terminationGracePeriodSeconds": grace}))});
        let field = format!("{field}.terminationGracePeriodSeconds");
        assert_eq!(found(container(31)), one(FindingCode::ProbeGraceBeyondPod, &field));
        assert_eq!(found(container(30)), []);
    }
}

#[test]
fn a_pod_must_be_able_to_get_ready_before_its_deadline() {
    let readiness = json!({"readinessProbe": probe(json!({"initialDelaySeconds": 61}))});
    let pod = |deadline| json!({"activeDeadlineSeconds": deadline, "containers": [named("app", readiness.clone())]});
    let expected = (FindingCode::DeadlineBeforeReady, "spec.activeDeadlineSeconds".into());
    assert_eq!(found_in(pod(60)), [expected]);
    assert_eq!(found_in(pod(61)), []);
}

#[test]
fn sidecars_are_linted_too() {
    let mut sidecar = named("proxy", pre_stop(json!({"sleep": {"seconds": 30}})));
    sidecar["restartPolicy"] = "Always".into();
    let pod = json!({
        "terminationGracePeriodSeconds": 30,
        "initContainers": [named("first", json!({})), sidecar],
        "containers": [named("app", json!({}))],
    });
    let findings = budget(pod).findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].container.as_deref(), Some("proxy"));
    assert_eq!(findings[0].field, "spec.initContainers[1].lifecycle.preStop");
}

#[test]
fn every_code_is_unique_and_has_a_page() {
    let codes: std::collections::BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(codes.len(), FindingCode::ALL.len());
    for code in FindingCode::ALL {
        assert!(code.see().url.starts_with("https://kubernetes.io/docs/concepts/"), "{code}");
        assert!(!code.see().title.is_empty(), "{code}");
    }
    let written = serde_json::to_value(FindingCode::LivenessBeforeStartUp).unwrap();
    assert_eq!(written, json!("PL001"));
}

// --- Text and JSON ---

#[test]
fn durations_are_numbers_of_seconds() {
    let pod = spec(json!({"activeDeadlineSeconds": 90, "containers": [named("app", json!({}))]}));
    let assumptions = Assumptions { start_latency: Duration::from_millis(1_500), ..Assumptions::default() };
    let written = serde_json::to_value(Budget::of(&pod, &assumptions)).unwrap();
    assert_eq!(written["ready"], json!({"earliest": 1.5, "latest": 1.5}));
    assert_eq!(written["activeDeadline"], json!(90));
    assert_eq!(written["restartDelays"], json!([0, 10, 20, 40, 80, 160, 300]));
    assert_eq!(written["assumptions"]["startLatency"], json!(1.5));
    assert_eq!(written["containers"][0]["kind"], json!("Regular"));
}

#[test]
fn assumptions_round_trip_and_refuse_negative_times() {
    let assumptions = Assumptions { init_run: Duration::from_millis(250), ..Assumptions::default() };
    let written = serde_json::to_string(&assumptions).unwrap();
    assert_eq!(serde_json::from_str::<Assumptions>(&written).unwrap(), assumptions);
    let error = serde_json::from_str::<Assumptions>(r#"{"initRun": -1}"#).unwrap_err();
    assert!(error.to_string().contains("-1 is not a number of seconds"), "{error}");
}

#[test]
fn the_back_off_of_the_node_counts() {
    let pod = spec(json!({"containers": [named("app", json!({}))]}));
    let delays = |crash_loop| Budget::of(&pod, &Assumptions { crash_loop, ..Assumptions::default() }).restart_delays;
    assert_eq!(delays(Kubernetes::default().crash_loop(Some(seconds(15)))), [0, 10, 15].map(seconds));
    assert_eq!(delays(reduced()), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map(seconds));
    let at_once = BackOffLimits { initial: Duration::ZERO, ..BackOffLimits::CRASH_LOOP };
    assert_eq!(delays(at_once), [0, 0].map(seconds));
}

#[test]
fn the_text_has_unknown_times_gates_and_findings() {
    let text = budget(json!({
        "terminationGracePeriodSeconds": 0,
        "activeDeadlineSeconds": 600,
        "readinessGates": [{"conditionType": "in-service"}],
        "restartPolicy": "Never",
        "containers": [named("app", json!({
            "lifecycle": {
                "postStart": {"exec": {"command": ["register"]}},
                "preStop": {"exec": {"command": ["drain"]}},
            },
            "livenessProbe": probe(json!({"failureThreshold": 1})),
        }))],
    }))
    .to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "The Pod is ready at least 0 s after the kubelet gets it.",
            "It is not ready before its readiness gates are True: in-service.",
            "It takes at most 3 s to stop.",
            "It is stopped after 600 s (activeDeadlineSeconds).",
        ]
    );
    assert!(lines.contains(&"  Its postStart hook takes an unknown time, assumed to be 0 s."), "{text}");
    assert!(lines.contains(&"  A hung `app` is noticed after 0 to 11 s and does not restart."), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("PL004 spec.containers[0].lifecycle.preStop: ")), "{text}");
    assert_eq!(lines.last(), Some(&"Assumes that everything starts, answers and ends at once."));
}

/// Returns the back-off of a node with the gate `ReduceDefaultCrashLoopBackOffDecay`.
fn reduced() -> BackOffLimits {
    let reduced = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
    let gates = Kubernetes::default().with_feature_gates(reduced).unwrap();
    gates.crash_loop(None)
}

#[test]
fn a_port_name_that_the_container_does_not_have_is_found_and_the_pod_has_no_latest_bound() {
    let named_port = |port: &str| json!({"tcpSocket": {"port": port}});
    let app = |container: Value| {
        budget(json!({"terminationGracePeriodSeconds": 30, "containers": [named("app", container)]}))
    };
    let ports = json!([{"name": "http", "containerPort": 80}]);
    let wrong = app(json!({"ports": ports, "readinessProbe": named_port("web"), "livenessProbe": named_port("web")}));
    let fields: Vec<_> =
        wrong.findings.iter().filter(|it| it.code == FindingCode::UnknownPort).map(|it| &*it.field).collect();
    assert_eq!(fields, ["spec.containers[0].readinessProbe", "spec.containers[0].livenessProbe"]);
    assert_eq!(wrong.ready.latest, None, "it is never ready");
    for port in ["http", "80"] {
        let right = app(json!({"ports": ports, "readinessProbe": named_port(port)}));
        assert_eq!((right.findings, right.ready.latest), (vec![], Some(seconds(10))), "{port}");
    }
    let hook = json!({"lifecycle": {"postStart": {"httpGet": {"port": "web"}}}});
    assert_eq!(app(hook).findings[0].field, "spec.containers[0].lifecycle.postStart");
}

#[test]
fn one_check_for_readiness_and_liveness_is_advice_that_says_what_it_costs() {
    let probe = |delay| probe(json!({"initialDelaySeconds": delay, "periodSeconds": 5}));
    let pod = json!({"terminationGracePeriodSeconds": 45, "containers": [
        named("app", json!({"readinessProbe": probe(20), "livenessProbe": probe(0)}))
    ]});
    let finding = budget(pod).findings.pop().unwrap();
    assert_eq!((finding.code, finding.severity), (FindingCode::ReadinessIsLiveness, Severity::Advice));
    for part in ["15 s against 15 s", "up to 45 s to stop it", "20 s until it is ready"] {
        assert!(finding.message.contains(part), "{}", finding.message);
    }
}
