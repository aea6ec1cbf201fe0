//! Names, images, ports, restart rules and what each list of containers allows.

use alloc::vec;

use serde_json::{Value, json};

use super::{NONE, container, init_container, spec, strip, with};

#[test]
fn an_image_has_no_whitespace_around_it() {
    assert_eq!(container(json!({"image": ""})), ["image: FieldValueRequired"]);
    for image in [" i", "i\n", "\u{a0}i", " "] {
        assert_eq!(container(json!({"image": image})), ["image: FieldValueInvalid"]);
    }
    assert_eq!(container(json!({"image": "no/such IMAGE"})), NONE);
}

#[test]
fn names_are_labels_unique_among_all_containers() {
    let app = with(json!({}));
    let lists = json!({"containers": [app, app], "initContainers": [app], "ephemeralContainers": [app]});
    assert_eq!(
        spec(lists),
        [
            "spec.containers[1].name: FieldValueDuplicate",
            "spec.ephemeralContainers: FieldValueForbidden",
            "spec.ephemeralContainers[0].name: FieldValueDuplicate",
            "spec.initContainers[0].name: FieldValueDuplicate",
        ]
    );
    assert_eq!(container(json!({"name": "a.B"})), ["name: FieldValueInvalid"]);
    let nameless = with(json!({"name": ""}));
    assert_eq!(
        spec(json!({"initContainers": [nameless, nameless]})),
        ["spec.initContainers[0].name: FieldValueRequired", "spec.initContainers[1].name: FieldValueRequired"]
    );
}

#[test]
fn ports_are_numbers_with_unique_names() {
    let ports = json!([{"containerPort": 65535, "name": "a"}, {"containerPort": 65536, "name": "a"}, {"hostPort": -1},
        {"containerPort": 1, "name": "--", "protocol": "ICMP"}]);
    assert_eq!(
        container(json!({ "ports": ports })),
        [
            "ports[1].containerPort: FieldValueInvalid",
            "ports[1].name: FieldValueDuplicate",
            "ports[2].containerPort: FieldValueRequired",
            "ports[2].hostPort: FieldValueInvalid",
            "ports[3].name: FieldValueInvalid",
            "ports[3].name: FieldValueInvalid",
            "ports[3].name: FieldValueInvalid",
            "ports[3].protocol: FieldValueNotSupported",
        ]
    );
}

#[test]
fn a_host_port_is_wanted_once_for_each_protocol_and_address() {
    let on = |name: &str, more: Value| {
        let mut port = json!({"containerPort": 1, "hostPort": 80});
        port.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"name": name, "image": "i", "ports": [port]})
    };
    let udp = json!({"protocol": "UDP"});
    let local = json!({"hostIP": "127.0.0.1"});
    assert_eq!(spec(json!({"containers": [on("a", json!({})), on("b", udp), on("c", local)]})), NONE);
    let twice = json!([on("a", json!({})), on("b", json!({}))]);
    assert_eq!(spec(json!({ "containers": twice })), ["spec.containers[1].ports[0].hostPort: FieldValueDuplicate"]);
    assert_eq!(spec(json!({ "initContainers": twice })), NONE);
}

#[test]
fn a_host_port_twice_in_any_init_container_is_reported_at_the_first() {
    let ports = json!([{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 80}]);
    let init = json!([{"name": "a", "image": "i"}, {"name": "b", "image": "i", "ports": ports}]);
    assert_eq!(
        spec(json!({ "initContainers": init })),
        ["spec.initContainers[0].ports[1].hostPort: FieldValueDuplicate"]
    );
}

#[test]
fn on_the_nodes_network_a_host_port_is_the_containers() {
    let differing = with(json!({"ports": [{"containerPort": 1, "hostPort": 2}]}));
    assert_eq!(
        spec(json!({"hostNetwork": true, "containers": [differing]})),
        ["spec.containers[0].ports[0].hostPort: FieldValueInvalid"]
    );
    assert_eq!(spec(json!({"hostNetwork": false, "containers": [differing]})), NONE);
}

#[test]
fn restart_rules_stand_beside_a_policy_and_name_exit_codes() {
    let rules = json!([{"action": "Stop"}, {"action": "Restart", "exitCodes": {"operator": "Is", "values": [1]}},
        {"exitCodes": {"operator": "NotIn", "values": vec![7; 256]}}]);
    let with_policy = [
        "restartPolicyRules[0].action: FieldValueNotSupported",
        "restartPolicyRules[0].exitCodes: FieldValueRequired",
        "restartPolicyRules[1].exitCodes.operator: FieldValueNotSupported",
        "restartPolicyRules[2].action: FieldValueNotSupported",
        "restartPolicyRules[2].exitCodes.values: FieldValueTooMany",
    ];
    assert_eq!(container(json!({"restartPolicy": "Never", "restartPolicyRules": rules})), with_policy);
    assert_eq!(init_container(json!({"restartPolicy": "Always", "restartPolicyRules": rules})), with_policy);

    let without = container(json!({ "restartPolicyRules": rules }));
    assert_eq!((without.len(), without[0].as_str()), (6, "restartPolicy: FieldValueRequired"));
    assert_eq!(init_container(json!({ "restartPolicyRules": rules })), ["restartPolicy: FieldValueRequired"]);
}

#[test]
fn there_are_at_most_twenty_rules_and_exit_codes_may_be_anything() {
    let rule = json!({"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [9, 9, -1, 4711]}});
    let rules =
        |count: usize| container(json!({"restartPolicy": "Always", "restartPolicyRules": vec![rule.clone(); count]}));
    assert_eq!(rules(20), NONE);
    assert_eq!(rules(21), ["restartPolicyRules: FieldValueTooMany"]);
}

#[test]
fn only_a_sidecar_among_the_init_containers_has_hooks_and_probes() {
    let probe = json!({"exec": {"command": ["x"]}});
    let around = json!({"lifecycle": {}, "livenessProbe": probe, "readinessProbe": probe, "startupProbe": {}});
    let policy = |policy: &str| {
        let mut init = around.clone();
        init["restartPolicy"] = policy.into();
        init_container(init)
    };
    assert_eq!(policy("Always"), ["startupProbe: FieldValueRequired"]);
    assert_eq!(
        policy("OnFailure"),
        [
            "lifecycle: FieldValueForbidden",
            "livenessProbe: FieldValueForbidden",
            "readinessProbe: FieldValueForbidden",
            "startupProbe: FieldValueForbidden",
        ]
    );
}

#[test]
fn an_ephemeral_container_only_runs() {
    let debug = json!({"name": "debug", "image": " i", "targetContainerName": "nobody", "ports": [{"containerPort": 1}],
        "restartPolicy": "x", "restartPolicyRules": [{}], "lifecycle": {"preStop": {}}, "livenessProbe": {}});
    assert_eq!(
        strip("spec.ephemeralContainers[0].", spec(json!({"ephemeralContainers": [debug]}))),
        [
            "spec.ephemeralContainers: FieldValueForbidden",
            "image: FieldValueInvalid",
            "lifecycle: FieldValueForbidden",
            "livenessProbe: FieldValueForbidden",
            "ports: FieldValueForbidden",
            "restartPolicy: FieldValueForbidden",
            "restartPolicyRules: FieldValueForbidden",
            "targetContainerName: FieldValueNotFound",
        ]
    );
}
