//! A Pod of a fleet lives exactly as alone, also if more than the kubelet's part of its object matters.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_lifecycle::{
    Transition,
    sim::{EntryKind, Fleet, FleetScenario, Scenario},
};
use serde_json::{Value, json};

/// A Pod with this added to its metadata, its spec and its status, and to whose script this is added.
fn scenario(metadata: Value, spec: Value, status: Value, script: Value) -> Scenario {
    let with = |mut base: Value, added: Value| {
        base.as_object_mut().unwrap().extend(added.as_object().unwrap().clone());
        base
    };
    let pod = json!({
        "metadata": with(json!({ "name": "web" }), metadata),
        "spec": with(json!({ "containers": [{ "name": "app", "image": "web:1" }] }), spec),
        "status": status,
    });
    serde_json::from_value(json!({ "pod": pod, "script": with(json!({ "endSeconds": 200 }), script) })).unwrap()
}

/// Lives the scenario in a fleet and alone: the transitions, the columns of kubectl, and whether the object is left.
fn lives_in_a_fleet_as_alone(name: &str, scenario: Scenario) {
    let mut fleet = Fleet::new(&FleetScenario::of(scenario.clone()), 1).unwrap();
    let heard = Arc::new(Mutex::new(Vec::<Transition>::new()));
    let ears = heard.clone();
    fleet.listen(move |_, transition| ears.lock().unwrap().push(transition.clone()));
    for seconds in [5, 45, 70, 150] {
        fleet.advance_to(fleet.start() + Duration::from_secs(seconds)).unwrap();
        let mut alone = fleet.scenario(0).unwrap().simulate().unwrap();
        alone.advance_to(fleet.now()).unwrap();
        let column: Vec<String> = alone.row().map(|row| row.status).into_iter().collect();
        let shown: Vec<String> = fleet.counts().statuses.into_keys().collect();
        assert_eq!(shown, column, "{name}, after {seconds} s");
    }
    let played = scenario.play().unwrap();
    let changes = played.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Transition(transition) if entry.at <= fleet.now() => Some(transition.clone()),
        _ => None,
    });
    assert_eq!(*heard.lock().unwrap(), changes.collect::<Vec<_>>(), "{name}");
}

#[test]
fn a_pod_whose_finalizer_is_not_removed_stays_in_a_fleet_too() {
    let deleted = json!({ "actions": [{ "t": 60, "op": "delete" }] });
    lives_in_a_fleet_as_alone(
        "with a finalizer",
        scenario(json!({ "finalizers": ["example.com/wait"] }), json!({}), json!({}), deleted),
    );
}

#[test]
fn a_pod_that_is_being_deleted_from_the_first_ends_in_a_fleet_too() {
    let deletion = json!({ "deletionTimestamp": "2026-03-01T12:00:30Z", "deletionGracePeriodSeconds": 30 });
    lives_in_a_fleet_as_alone("being deleted", scenario(deletion, json!({}), json!({}), json!({})));
}

#[test]
fn a_pod_whose_readiness_gate_is_not_met_is_not_ready_in_a_fleet_either() {
    let gate = json!({ "readinessGates": [{ "conditionType": "example.com/registered" }] });
    lives_in_a_fleet_as_alone("with a readiness gate", scenario(json!({}), gate, json!({}), json!({})));
}

#[test]
fn a_pod_that_a_gate_keeps_from_every_node_waits_in_a_fleet_too() {
    let gate = json!({ "schedulingGates": [{ "name": "example.com/quota" }] });
    lives_in_a_fleet_as_alone("with a scheduling gate", scenario(json!({}), gate, json!({}), json!({})));
}

#[test]
fn a_pod_that_has_a_status_already_keeps_it_in_a_fleet_too() {
    let status = json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. " });
    lives_in_a_fleet_as_alone("with a status", scenario(json!({}), json!({}), status, json!({})));
    let condition = json!({ "conditions": [{ "type": "example.com/registered", "status": "True" }] });
    let gate = json!({ "readinessGates": [{ "conditionType": "example.com/registered" }] });
    lives_in_a_fleet_as_alone("with a condition of a gate", scenario(json!({}), gate, condition, json!({})));
}

#[test]
fn an_outage_of_one_images_registry_is_of_the_pods_own_time_in_a_fleet_too() {
    let image = json!({ "present": false, "pullSeconds": 1, "outages": [{ "from": 0, "to": 60 }] });
    let script = json!({ "containers": { "app": { "image": image } } });
    lives_in_a_fleet_as_alone("with an outage", scenario(json!({}), json!({}), json!({}), script));
}

#[test]
fn a_pod_whose_object_is_gone_is_stopped_all_the_same() {
    let ends_after = |seconds: u64| json!({ "runs": [{ "sigtermExitAfterSeconds": seconds }] });
    let containers = json!([{ "name": "app", "image": "web:1" }, { "name": "log", "image": "log:1" }]);
    let script = json!({
        "containers": { "app": ends_after(20), "log": ends_after(5) },
        "actions": [{ "t": 10, "op": "delete", "graceSeconds": 0 }],
    });
    let scenario = scenario(json!({}), json!({ "containers": containers }), json!({}), script);
    let mut fleet = Fleet::new(&FleetScenario::of(scenario.clone()), 1).unwrap();
    let mut alone = scenario.simulate().unwrap();
    for (seconds, is_over) in [(11, false), (16, false), (60, true)] {
        fleet.advance_to(fleet.start() + Duration::from_secs(seconds)).unwrap();
        alone.advance_to(fleet.now()).unwrap();
        assert_eq!((fleet.counts().pods, alone.next().is_none()), (0, is_over), "after {seconds} s");
        assert_eq!(fleet.next(), alone.next(), "after {seconds} s");
    }
}
