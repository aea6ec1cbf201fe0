//! A test of an operator's expectations: a scenario in code, and questions to what came of it.

use std::time::Duration;

use pod_lifecycle::{
    api::{PodManifest, PodPhase},
    rule::probe::ProbeOutcome,
    sim::{Scenario, ScenarioError, ScriptActionKind, StatusMatcher},
    spec::ProbeKind,
};

const SECOND: Duration = Duration::from_secs(1);

fn web() -> PodManifest {
    serde_json::from_str(
        r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27",
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 2}
        }]}}"#,
    )
    .unwrap()
}

#[test]
fn a_server_that_hangs_loses_its_traffic_and_keeps_its_process() {
    let hangs = Scenario::of(web())
        .container("app", |app| {
            app.pulled_in(8.0)
                .probed(ProbeKind::Readiness, 0.0, ProbeOutcome::Success)
                .probed(ProbeKind::Readiness, 60.0, ProbeOutcome::Failure)
                .probed(ProbeKind::Readiness, 90.0, ProbeOutcome::Success)
        })
        .until(180.0);
    let timeline = hangs.play().unwrap();
    let ready = timeline.first_ready().unwrap();
    assert!((8 * SECOND..=14 * SECOND).contains(&ready), "{ready:?}");
    assert_eq!(timeline.restarts("app"), Some(0));
    assert!(!StatusMatcher::ready().matches(timeline.status_at(85 * SECOND).unwrap()));
    assert!(StatusMatcher::ready().matches(timeline.status_at(120 * SECOND).unwrap()));
    assert_eq!(timeline.phase_at(85 * SECOND), Some(PodPhase::Running));
    assert!(timeline.events_with_reason("Unhealthy").count() >= 2);
}

#[test]
fn api_clients_and_the_node_act_while_the_pod_runs() {
    let mut life = Scenario::healthy(web()).simulate().unwrap();
    life.advance(60 * SECOND).unwrap();
    assert!(StatusMatcher::ready().matches(life.object().status()));
    life.act(&ScriptActionKind::Delete { grace: Some(5 * SECOND) }).unwrap();
    while life.step().unwrap().is_some() {}
    let timeline = life.into_timeline();
    assert!(timeline.end.is_finished);
    assert!(timeline.removed().unwrap() <= 65 * SECOND);
}

#[test]
fn a_typo_is_no_green_test() {
    let error = Scenario::of(web()).container("ap", |app| app.exits_after(1.0)).play().unwrap_err();
    assert!(matches!(error, ScenarioError::NoSuchContainer { .. }), "{error:?}");
    assert!(error.to_string().starts_with("script.containers.ap: "), "{error}");
}
