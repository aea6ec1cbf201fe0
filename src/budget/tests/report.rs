//! How a budget is written down.

use super::*;
use crate::config::{BackOffLimits, FeatureGates};

#[test]
fn durations_are_numbers_of_seconds() {
    let pod = spec(json!({"activeDeadlineSeconds": 90, "containers": [named("app", json!({}))]}));
    let assumptions = Assumptions { start_latency: Duration::from_millis(1_500), ..Assumptions::default() };
    let written = serde_json::to_value(of(&pod, &assumptions)).unwrap();
    assert_eq!(written["ready"], json!({"earliest": 1.5, "latest": 1.5}));
    assert_eq!(written["activeDeadline"], json!(90));
    assert_eq!(written["restartDelays"], json!([0, 10, 20, 40, 80, 160, 300]));
    assert_eq!(written["assumptions"]["startLatency"], json!(1.5));
    assert_eq!(written["containers"][0]["kind"], json!("Regular"));
}

#[test]
fn assumptions_survive_being_written_and_refuse_what_is_no_time() {
    let assumptions = Assumptions { init_run: Duration::from_millis(250), ..Assumptions::default() };
    let written = serde_json::to_string(&assumptions).unwrap();
    assert_eq!(serde_json::from_str::<Assumptions>(&written).unwrap(), assumptions);
    let error = serde_json::from_str::<Assumptions>(r#"{"initRun": -1}"#).unwrap_err();
    assert!(error.to_string().contains("-1 is not a number of seconds"), "{error}");
}

#[test]
fn the_nodes_own_back_off_is_followed() {
    let pod = spec(json!({"containers": [named("app", json!({}))]}));
    let delays = |crash_loop| of(&pod, &Assumptions { crash_loop, ..Assumptions::default() }).restart_delays;
    assert_eq!(delays(FeatureGates::default().crash_loop(Some(seconds(15)))), [0, 10, 15].map(seconds));
    assert_eq!(delays(reduced()), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map(seconds));
    let at_once = BackOffLimits { initial: Duration::ZERO, ..BackOffLimits::CRASH_LOOP };
    assert_eq!(delays(at_once), [0, 0].map(seconds));
}

#[test]
fn the_text_names_what_is_unknown_and_what_is_wrong() {
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
        ["ready: 0 s or later", "ready waits for gates: in-service", "longest stop: 3 s", "ended after: 600 s"]
    );
    assert!(lines.contains(&"  postStart hook: unknown, taken as 0 s"), "{text}");
    assert!(lines.contains(&"  not alive, until that is noticed: 0 s to 11 s"), "{text}");
    assert!(lines.contains(&"  not alive: not restarted"), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("PL004 spec.containers[0].lifecycle.preStop: ")), "{text}");
}

/// The back-off of a node with the gate `ReduceDefaultCrashLoopBackOffDecay`.
fn reduced() -> BackOffLimits {
    let gates = FeatureGates { reduce_default_crash_loop_back_off_decay: true, ..FeatureGates::default() };
    gates.crash_loop(None)
}
