//! Probes and hooks.

use alloc::{format, vec};

use serde_json::{Value, json};

use super::{NONE, container, spec, strip, with};

#[test]
fn a_probe_does_exactly_one_thing() {
    assert_eq!(container(json!({"livenessProbe": {}})), ["livenessProbe: FieldValueRequired"]);
    let probe = json!({"exec": {}, "httpGet": {"port": 0}, "tcpSocket": {"port": 0}, "grpc": {"port": 0}});
    assert_eq!(
        container(json!({ "readinessProbe": probe })),
        [
            "readinessProbe.exec.command: FieldValueRequired",
            "readinessProbe.grpc: FieldValueForbidden",
            "readinessProbe.httpGet: FieldValueForbidden",
            "readinessProbe.tcpSocket: FieldValueForbidden",
        ]
    );
    assert_eq!(container(json!({"startupProbe": {"sleep": {"seconds": 1}}})), ["startupProbe: FieldValueRequired"]);
}

#[test]
fn a_probe_asks_a_port_by_number_or_name() {
    for (port, problems) in [(json!(80), 0), (json!("http"), 0), (json!(0), 1), (json!(70000), 1), (json!(""), 2)] {
        for handler in ["httpGet", "tcpSocket"] {
            let found = container(json!({"livenessProbe": {handler: {"port": port}}}));
            assert_eq!(found, vec![format!("livenessProbe.{handler}.port: FieldValueInvalid"); problems]);
        }
    }
    let request = json!({"port": 1, "scheme": "http", "httpHeaders": [{"name": "a b"}, {"name": "ok"}, {"name": ""}]});
    assert_eq!(
        container(json!({"livenessProbe": {"httpGet": request}})),
        [
            "livenessProbe.httpGet.httpHeaders: FieldValueInvalid",
            "livenessProbe.httpGet.httpHeaders: FieldValueInvalid",
            "livenessProbe.httpGet.scheme: FieldValueNotSupported",
        ]
    );
    assert_eq!(
        container(json!({"livenessProbe": {"grpc": {"port": -1}}})),
        ["livenessProbe.grpc.port: FieldValueInvalid"]
    );
}

#[test]
fn no_number_of_a_probe_is_negative() {
    let probe = json!({"exec": {"command": ["x"]}, "initialDelaySeconds": -1, "timeoutSeconds": -1,
        "periodSeconds": -1, "successThreshold": -1, "failureThreshold": -1, "terminationGracePeriodSeconds": 0});
    assert_eq!(
        container(json!({ "livenessProbe": probe })),
        [
            "livenessProbe.failureThreshold: FieldValueInvalid",
            "livenessProbe.initialDelaySeconds: FieldValueInvalid",
            "livenessProbe.periodSeconds: FieldValueInvalid",
            "livenessProbe.successThreshold: FieldValueInvalid",
            "livenessProbe.successThreshold: FieldValueInvalid",
            "livenessProbe.terminationGracePeriodSeconds: FieldValueInvalid",
            "livenessProbe.timeoutSeconds: FieldValueInvalid",
        ]
    );
}

#[test]
fn only_readiness_counts_successes_and_only_readiness_has_no_grace() {
    let probe = |more: Value| {
        let mut probe = json!({"exec": {"command": ["x"]}});
        probe.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ["livenessProbe", "readinessProbe", "startupProbe"].map(|kind| container(json!({ kind: probe })).len())
    };
    assert_eq!(probe(json!({"successThreshold": 2})), [1, 0, 1]);
    assert_eq!(probe(json!({"terminationGracePeriodSeconds": 5})), [0, 1, 0]);
    assert_eq!(probe(json!({"terminationGracePeriodSeconds": -5})), [1, 2, 1]);
}

#[test]
fn a_hook_does_exactly_one_thing() {
    let lifecycle = json!({"postStart": {"grpc": {"port": 1}}, "preStop": {"exec": {"command": ["x"]}, "sleep": {}}});
    assert_eq!(
        container(json!({ "lifecycle": lifecycle })),
        ["lifecycle.postStart: FieldValueRequired", "lifecycle.preStop.sleep: FieldValueForbidden"]
    );
}

#[test]
fn a_pause_fits_into_the_grace() {
    let pause = |seconds: i64, grace: i64| {
        let app = with(json!({"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}));
        spec(json!({"containers": [app], "terminationGracePeriodSeconds": grace})).len()
    };
    assert_eq!([pause(0, 30), pause(30, 30), pause(31, 30), pause(-1, 30), pause(1, 0)], [0, 0, 1, 1, 1]);
    assert_eq!([pause(1, -7), pause(2, -7)], [0, 1], "a negative grace counts as one second");
}

#[test]
fn a_stop_signal_needs_its_operating_system() {
    let signal = |signal: &str, os: Value| {
        let app = with(json!({"lifecycle": {"stopSignal": signal}}));
        strip("spec.containers[0].lifecycle.", spec(json!({"containers": [app], "os": os})))
    };
    assert_eq!(signal("SIGUSR1", Value::Null), ["stopSignal: FieldValueForbidden"]);
    assert_eq!(signal("SIGRTMIN+15", json!({"name": "linux"})), NONE);
    assert_eq!(signal("SIGUSR1", json!({"name": "windows"})), ["stopSignal: FieldValueNotSupported"]);
    assert_eq!(signal("SIGUSR1", json!({"name": "plan9"})), ["spec.os: FieldValueNotSupported"]);
    assert_eq!(signal("SIGUSR1", json!({})), ["spec.os.name: FieldValueRequired"]);
}
