//! Each rule, through [`validate`].

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use serde_json::{Value, json};

use super::validate;
use crate::api::PodManifest;

/// The problems of a Pod that is otherwise in order, after defaults: `field: type`.
fn problems_of(pod: &Value) -> Vec<String> {
    let pod: PodManifest = serde_json::from_value(pod.clone()).unwrap();
    let Err(invalid) = validate(&pod.with_defaults()) else { return Vec::new() };
    invalid.errors().iter().map(|error| format!("{}: {}", error.field, error.kind)).collect()
}

/// The problems of a spec whose containers are in order.
fn spec(more: Value) -> Vec<String> {
    let mut spec = json!({"containers": [{"name": "app", "image": "i"}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    problems_of(&json!({"metadata": {"name": "web"}, "spec": spec}))
}

fn with(more: Value) -> Value {
    let mut container = json!({"name": "app", "image": "i"});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

/// The problems of one regular container, without the way to it.
fn container(more: Value) -> Vec<String> {
    strip("spec.containers[0].", spec(json!({"containers": [with(more)]})))
}

/// The problems of one init container, without the way to it.
fn init_container(more: Value) -> Vec<String> {
    let mut init = json!({"name": "init"});
    init.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    strip("spec.initContainers[0].", spec(json!({"initContainers": [with(init)]})))
}

fn strip(prefix: &str, problems: Vec<String>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.strip_prefix(prefix).unwrap_or(&problem).into()).collect()
}

const NONE: [&str; 0] = [];

// --- The Pod itself: metadata, policies, gates, volumes ---

#[test]
fn an_empty_manifest_lacks_a_name_and_containers() {
    assert_eq!(problems_of(&json!({})), ["metadata.name: FieldValueRequired", "spec.containers: FieldValueRequired"]);
}

#[test]
fn what_defaults_would_fill_in_is_missed_without_them() {
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [
        {"name": "app", "image": "i", "ports": [{"containerPort": 1}], "livenessProbe": {"httpGet": {"port": 1}}}]}});
    let invalid = validate(&serde_json::from_value(pod).unwrap()).unwrap_err();
    let fields: Vec<&str> = invalid.errors().iter().map(|error| error.field.as_str()).collect();
    assert_eq!(
        strip("spec.containers[0].", fields.iter().map(ToString::to_string).collect()),
        [
            "metadata.namespace",
            "imagePullPolicy",
            "livenessProbe.httpGet.path",
            "livenessProbe.httpGet.scheme",
            "livenessProbe.successThreshold",
            "ports[0].protocol",
            "terminationMessagePolicy",
            "spec.restartPolicy",
            "spec.terminationGracePeriodSeconds"
        ]
    );
}

#[test]
fn a_prefix_will_do_for_a_name() {
    let named =
        |metadata: Value| problems_of(&json!({"metadata": metadata, "spec": {"containers": [with(json!({}))]}}));
    assert_eq!(named(json!({"generateName": "web-"})), NONE);
    assert_eq!(named(json!({"generateName": "Web-"})), ["metadata.generateName: FieldValueInvalid"]);
    assert_eq!(named(json!({"name": "a.b"})), NONE);
    assert_eq!(
        named(json!({"name": "a_b", "namespace": "a.b"})),
        ["metadata.name: FieldValueInvalid", "metadata.namespace: FieldValueInvalid"]
    );
}

#[test]
fn labels_and_annotations_have_names_and_limits() {
    let large = "x".repeat(256 * 1024 + 1);
    let metadata = json!({"name": "web", "generation": -1, "labels": {"a/b/c": "-"}, "annotations": {"": large}});
    let pod = json!({"metadata": metadata, "spec": {"containers": [with(json!({}))]}});
    assert_eq!(
        problems_of(&pod),
        [
            "metadata.annotations: FieldValueInvalid",
            "metadata.annotations: FieldValueInvalid",
            "metadata.annotations: FieldValueTooLong",
            "metadata.generation: FieldValueInvalid",
            "metadata.labels: FieldValueInvalid",
            "metadata.labels: FieldValueInvalid",
        ]
    );
}

#[test]
fn a_mirror_pod_has_a_node() {
    let mirror = |spec: Value| {
        let annotations = json!({"kubernetes.io/config.mirror": "x"});
        problems_of(&json!({"metadata": {"name": "web", "annotations": annotations}, "spec": spec}))
    };
    let path = "metadata.annotations[kubernetes.io/config.mirror]: FieldValueInvalid";
    assert_eq!(mirror(json!({"containers": [with(json!({}))]})), [path]);
    assert_eq!(mirror(json!({"containers": [with(json!({}))], "nodeName": "n"})), NONE);
}

#[test]
fn an_unknown_word_is_not_supported_and_the_supported_are_listed() {
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [with(json!({"imagePullPolicy": "Often"}))]}});
    let pod: PodManifest = serde_json::from_value(pod).unwrap();
    let error = validate(&pod.with_defaults()).unwrap_err().errors()[0].to_string();
    assert_eq!(
        error,
        r#"spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never""#
    );
    for (field, word) in [("restartPolicy", ""), ("terminationMessagePolicy", "x")] {
        assert_eq!(container(json!({ field: word })), [format!("{field}: FieldValueNotSupported")]);
    }
    assert_eq!(spec(json!({"restartPolicy": "always"})), ["spec.restartPolicy: FieldValueNotSupported"]);
}

#[test]
fn the_active_deadline_is_a_positive_number_of_32_bits() {
    for (seconds, problems) in [(0, 1), (1, 0), (-1, 1), (i64::from(i32::MAX), 0), (i64::from(i32::MAX) + 1, 1)] {
        let found = spec(json!({ "activeDeadlineSeconds": seconds }));
        assert_eq!(found, vec!["spec.activeDeadlineSeconds: FieldValueInvalid"; problems]);
    }
}

#[test]
fn gates_have_qualified_names_and_a_gated_pod_has_no_node() {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/Up"}, {"conditionType": "a b"}],
        "schedulingGates": [{"name": "a"}, {"name": "a"}, {"name": ""}], "nodeName": "Node"});
    assert_eq!(
        spec(gates),
        [
            "spec.nodeName: FieldValueForbidden",
            "spec.nodeName: FieldValueInvalid",
            "spec.readinessGates[1].conditionType: FieldValueInvalid",
            "spec.schedulingGates[1]: FieldValueDuplicate",
            "spec.schedulingGates[2]: FieldValueInvalid",
            "spec.schedulingGates[2]: FieldValueInvalid",
        ]
    );
}

#[test]
fn mounts_are_of_volumes_that_are_there_at_paths_of_their_own() {
    let mounts = json!([{"name": "v", "mountPath": "/a"}, {"name": "w", "mountPath": "/a"}, {}]);
    let volumes = json!([{"name": "v"}, {"name": "v"}, {"name": ""}, {"name": "t", "secret": {}}]);
    let app = with(json!({ "volumeMounts": mounts }));
    assert_eq!(
        spec(json!({"containers": [app], "volumes": volumes})),
        [
            "spec.containers[0].volumeMounts[1].mountPath: FieldValueInvalid",
            "spec.containers[0].volumeMounts[1].name: FieldValueNotFound",
            "spec.containers[0].volumeMounts[2].mountPath: FieldValueRequired",
            "spec.containers[0].volumeMounts[2].name: FieldValueNotFound",
            "spec.containers[0].volumeMounts[2].name: FieldValueRequired",
            "spec.volumes[1].name: FieldValueDuplicate",
            "spec.volumes[2].name: FieldValueRequired",
            "spec.volumes[3].secret.secretName: FieldValueRequired",
        ]
    );
}

#[test]
fn a_projected_token_needs_an_account_a_file_and_ten_minutes() {
    let token = json!({"name": "t", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 599}}]}});
    let problems = [
        "spec.volumes[0].projected.path: FieldValueRequired",
        "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: FieldValueInvalid",
    ];
    assert_eq!(spec(json!({"volumes": [token], "serviceAccountName": "builder"})), problems);
    let found = spec(json!({"volumes": [token]}));
    assert_eq!(found[1], "spec.volumes[0].projected.sources[0].serviceAccountToken: FieldValueForbidden");
    assert_eq!(spec(json!({"serviceAccountName": "A"})), ["spec.serviceAccountName: FieldValueInvalid"]);
}

#[test]
fn a_projected_token_lives_from_ten_minutes_to_two_to_the_thirty_second_seconds() {
    let problems = |seconds: i64| {
        let token = json!({"serviceAccountToken": {"path": "token", "expirationSeconds": seconds}});
        let volume = json!({"name": "t", "projected": {"sources": [token]}});
        spec(json!({"volumes": [volume], "serviceAccountName": "builder"})).len()
    };
    assert_eq!([599, 600, 1 << 32, (1 << 32) + 1].map(problems), [1, 0, 0, 1]);
}

#[test]
fn strange_and_huge_input_is_only_invalid() {
    let odd = "\u{0}\u{202e}é\u{1f980}-";
    let rules: Vec<Value> = (0..5_000).map(|code| json!({"action": odd, "exitCodes": {"values": [code]}})).collect();
    let app = json!({"name": odd, "image": odd, "restartPolicy": odd, "restartPolicyRules": rules,
        "ports": vec![json!({"name": odd, "containerPort": i32::MIN, "hostPort": i32::MAX}); 2_000],
        "livenessProbe": {"httpGet": {"port": odd, "httpHeaders": vec![json!({"name": odd}); 100]},
            "periodSeconds": i32::MIN, "terminationGracePeriodSeconds": i64::MIN}});
    let spec = json!({"containers": vec![app; 3], "activeDeadlineSeconds": i64::MIN, "nodeName": odd.repeat(1_000),
        "terminationGracePeriodSeconds": i64::MIN, "schedulingGates": vec![json!({"name": "/".repeat(1_000)}); 1_000]});
    let metadata = json!({"generateName": odd, "namespace": odd, "annotations": {odd: odd}});
    assert!(problems_of(&json!({"metadata": metadata, "spec": spec})).len() > 10_000);
}

// --- Containers: names, images, ports, restart rules ---

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
    let debug = json!({"name": "debug", "image": " i", "targetContainerName": "absent", "ports": [{"containerPort": 1}],
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

// --- Probes and hooks ---

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
