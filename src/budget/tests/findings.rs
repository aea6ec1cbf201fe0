//! What is found, and what is left alone.

use super::*;

/// The codes and fields found in a Pod with a grace of 30 s and this container.
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

fn pre_stop(hook: Value) -> Value {
    json!({"lifecycle": {"preStop": hook}})
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
fn a_command_that_sleeps_is_understood() {
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
fn the_same_question_must_not_both_unready_and_kill() {
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
fn sidecars_are_looked_at_as_well() {
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
fn every_code_is_its_own_and_leads_to_a_page() {
    let codes: std::collections::BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(codes.len(), FindingCode::ALL.len());
    for code in FindingCode::ALL {
        assert!(code.see().url.starts_with("https://kubernetes.io/docs/concepts/"), "{code}");
        assert!(!code.see().title.is_empty(), "{code}");
    }
    let written = serde_json::to_value(FindingCode::LivenessBeforeStartUp).unwrap();
    assert_eq!(written, json!("PL001"));
}
