//! Bad input is one clear message, before anything is started.

use std::time::Duration;

use pod_lifecycle::sim::{Distribution, Fleet, FleetScenario, Shard};
use serde_json::{Value, json};

fn fleet(groups: Value, actions: Value) -> Value {
    json!({"groups": groups, "actions": actions})
}

fn web() -> Value {
    json!({"name": "web", "scenario": {"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}}})
}

fn random(random: Value) -> Value {
    let mut group = web();
    group["scenario"]["script"] = json!({"containers": {"app": {"random": random}}});
    fleet(json!([group]), json!([]))
}

fn message(scenario: Value) -> String {
    let scenario: Result<FleetScenario, _> = serde_json::from_value(scenario);
    match scenario {
        Err(error) => error.to_string(),
        Ok(scenario) => Fleet::new(&scenario, 10).map(|_| ()).unwrap_err().to_string(),
    }
}

#[test]
fn a_range_may_be_one_value_but_not_go_backwards() {
    let [min, less] = [5_000, 4_900].map(Duration::from_millis);
    assert_eq!(Distribution::Uniform { min, max: min }.check(), Ok(()));
    assert!(Distribution::Uniform { min, max: less }.check().is_err());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let delete = |of: Value| fleet(json!([web()]), json!([{"op": "delete", "t": 1, "of": of}]));
    let mut begins = web();
    let mut without_share = web();
    without_share["share"] = json!(0);
    begins["beginsAfterSeconds"] = json!({"exponential": {"mean": -3}});
    let cases = [
        (random(json!({"exitsAfterSeconds": {"weibull": {"scale": 5}}})), "missing field `shape`"),
        (
            random(json!({"exitsAfterSeconds": {"weibull": {"scale": 5, "shape": 0}}})),
            "groups[web].scenario.script.containers.app.random.exitsAfterSeconds.shape: 0 is not a number above 0",
        ),
        (
            random(json!({"probes": {"liveness": {"failure": 1.5}}})),
            "groups[web].scenario.script.containers.app.random.probes.liveness.failure: 1.5 is not a probability from 0 to 1",
        ),
        (fleet(json!([begins]), json!([])), "groups[0].beginsAfterSeconds.mean: -3 is not a number above 0"),
        (delete(json!({"share": 2})), "actions[0].of.share: 2 is not a share from 0 to 1"),
        (delete(json!({"group": "wob"})), "actions[0].of.group: there is no group \"wob\", there is web"),
        (fleet(json!([web(), web()]), json!([])), "groups[1].name: \"web\" is the name of another group"),
        (fleet(json!([]), json!([])), "groups: no group has a share of the Pods"),
        (fleet(json!([without_share]), json!([])), "groups: no group has a share of the Pods"),
        (
            fleet(json!([web()]), json!([{"op": "rollout", "t": 1, "from": "web", "to": "web", "perSecond": -1}])),
            "actions[0].perSecond: -1 is not a number above 0",
        ),
    ];
    for (scenario, expected) in cases {
        assert_eq!(message(scenario), expected);
    }
}

#[test]
fn more_pods_than_memory_can_hold_are_refused_at_once() {
    let scenario: FleetScenario = serde_json::from_value(fleet(json!([web()]), json!([]))).unwrap();
    let error = Fleet::new(&scenario, u64::MAX / 4_096).map(|_| ()).unwrap_err().to_string();
    assert!(error.ends_with("bytes of memory, more than available"), "{error}");
    let error = Fleet::shard(&scenario, 10, Shard { index: 2, of: 2 }).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "shard 2 of 2: there is none, they are counted from 0");
}

#[test]
fn a_time_before_the_beginning_is_named_with_its_place() {
    let mut fed = web();
    (fed["name"], fed["share"]) = (json!("next"), json!(0));
    let action = |action: Value| fleet(json!([web(), fed]), json!([action]));
    for (wrong, field) in [
        (json!({"op": "rollout", "t": -1, "from": "web", "to": "next", "perSecond": 1}), "t"),
        (json!({"op": "delete", "t": -1, "of": {}}), "t"),
        (json!({"op": "evict", "t": -1, "of": {}}), "t"),
        (json!({"op": "delete", "t": 1, "of": {"overSeconds": -1}}), "of.overSeconds"),
        (json!({"op": "loseNodes", "t": -1, "share": 0.5}), "t"),
        (json!({"op": "loseNodes", "t": 1, "share": 0.5, "forSeconds": -1}), "forSeconds"),
    ] {
        assert_eq!(message(action(wrong)), format!("actions[0].{field}: -1 is not a number of seconds from 0 on"));
    }
}

#[test]
fn a_rollout_goes_from_a_group_that_has_pods_to_one_that_has_none() {
    let mut fed = web();
    (fed["name"], fed["share"]) = (json!("next"), json!(0));
    let rollout = |from: &str, to: &str| json!({"op": "rollout", "t": 1, "from": from, "to": to, "perSecond": 1});
    let with = |actions: Value| message(fleet(json!([web(), fed]), actions));
    let full = r#""web" has its Pods already: a rollout goes to a group with a share of 0"#;
    assert_eq!(with(json!([rollout("web", "web")])), format!("actions[0].to: {full}"));
    let empty = r#""next" would replace a group that has no Pods by then"#;
    assert_eq!(with(json!([rollout("next", "next")])), format!("actions[0].to: {empty}"));
    let twice = r#""next" has its Pods already: a rollout goes to a group with a share of 0"#;
    assert_eq!(with(json!([rollout("web", "next"), rollout("web", "next")])), format!("actions[1].to: {twice}"));
}
