//! How long stopping takes.

use super::*;

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
fn a_sleep_eats_grace_but_leaves_two_seconds() {
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
fn the_longest_grace_there_is_does_not_overflow() {
    let sleep = pre_stop(json!({"sleep": {"seconds": i64::MAX}}));
    let pod = json!({
        "terminationGracePeriodSeconds": i64::MAX,
        "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [named("app", sleep)],
    });
    assert!(budget(pod).longest_stop > seconds(u32::MAX.into()));
}
