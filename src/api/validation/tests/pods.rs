//! The Pod itself: metadata, policies, gates, volumes.

use alloc::{format, string::ToString, vec, vec::Vec};

use serde_json::{Value, json};

use super::{NONE, container, problems_of, spec, strip, with};
use crate::api::{PodManifest, validate};

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
