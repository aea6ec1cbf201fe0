//! Creating objects.

use serde_json::json;

use crate::server::{Server, assert_has, pod};

pub(crate) async fn a_new_pod_gets_its_defaults_and_what_only_the_server_knows(server: &Server) {
    let created = server.create_pod("web").await;
    assert_has(
        &created,
        json!({
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": "web", "namespace": server.namespace, "generation": 1, "labels": {"app": "web"}},
            "spec": {
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                "schedulerName": "default-scheduler", "securityContext": {}, "enableServiceLinks": true, "priority": 0,
                "preemptionPolicy": "PreemptLowerPriority",
                "containers": [{
                    "name": "app", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent", "resources": {},
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                }],
                "tolerations": [
                    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                        "tolerationSeconds": 300},
                    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                        "tolerationSeconds": 300}
                ]
            },
            "status": {"phase": "Pending", "qosClass": "BestEffort"}
        }),
    );
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        assert!(created["metadata"][field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert_eq!(created["status"].as_object().unwrap().len(), 2);
    let mut stored = server.get(&server.path("pods/web")).await.expect(200);
    let mut created = created;
    for pod in [&mut stored, &mut created] {
        pod["metadata"].as_object_mut().unwrap().remove("managedFields");
    }
    assert_eq!(stored, created);
}

pub(crate) async fn a_status_that_the_creator_writes_is_dropped(server: &Server) {
    let mut written = pod("web", json!({}));
    written["status"] = json!({"phase": "Running", "message": "I have always been here"});
    let created = server.post(&server.path("pods"), written).await.expect(201);
    assert_eq!(created["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
}

pub(crate) async fn a_name_is_made_from_its_prefix(server: &Server) {
    let mut unnamed = pod("", json!({}));
    unnamed["metadata"] = json!({"generateName": "web-"});
    let mut names = Vec::new();
    for _ in 0..2 {
        let created = server.post(&server.path("pods"), unnamed.clone()).await.expect(201);
        assert_eq!(created["metadata"]["generateName"], "web-");
        names.push(created["metadata"]["name"].as_str().unwrap().to_owned());
    }
    assert!(names.iter().all(|name| name.starts_with("web-") && name.len() == 9), "{names:?}");
    assert_ne!(names[0], names[1]);
}

pub(crate) async fn what_is_there_is_not_made_again(server: &Server) {
    server.create_pod("web").await;
    let again = server.post(&server.path("pods"), pod("web", json!({}))).await;
    let status = again.refused(409, "AlreadyExists", "pods \"web\" already exists");
    assert_eq!(status["details"], json!({"name": "web", "kind": "pods"}));
}

pub(crate) async fn a_namespace_has_to_exist(server: &Server) {
    let nowhere = server.post("/api/v1/namespaces/nowhere/pods", pod("web", json!({}))).await;
    nowhere.refused(404, "NotFound", "namespaces \"nowhere\" not found");
}

pub(crate) async fn an_object_of_another_kind_or_namespace_is_refused(server: &Server) {
    let pods = server.path("pods");
    let service = json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web"}});
    let refused = server.post(&pods, service).await.expect(400);
    let message = refused["message"].as_str().unwrap();
    assert!(message.starts_with("Service in version \"v1\" cannot be handled as a Pod"), "{message}");

    let mut elsewhere = pod("web", json!({}));
    elsewhere["metadata"]["namespace"] = "elsewhere".into();
    server.post(&pods, elsewhere).await.refused(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    );

    let many = server.post(&pods, pod("web", json!({"containers": "many"}))).await.expect(400);
    let message = many["message"].as_str().unwrap();
    assert!(message.starts_with("Pod in version \"v1\" cannot be handled as a Pod: "), "{message}");

    let mut versioned = pod("web", json!({}));
    versioned["metadata"]["resourceVersion"] = "1".into();
    let message = "resourceVersion should not be set on objects to be created";
    server.post(&pods, versioned).await.refused(500, "", message);
}

pub(crate) async fn an_invalid_pod_is_refused_field_by_field(server: &Server) {
    let containers = json!([{"name": "app"}, {"name": "app", "image": "nginx", "imagePullPolicy": "Sometimes"}]);
    let spec = json!({"containers": containers, "restartPolicy": "Perhaps", "activeDeadlineSeconds": 0});
    let refused = server.post(&server.path("pods"), pod("web", spec)).await.expect(422);
    assert_has(&refused, json!({"reason": "Invalid", "details": {"name": "web", "kind": "Pod"}}));
    let message = refused["message"].as_str().unwrap();
    assert!(message.starts_with("Pod \"web\" is invalid: ["), "{message}");
    let mut causes: Vec<(String, String)> = refused["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| (cause["field"].as_str().unwrap().into(), cause["reason"].as_str().unwrap().into()))
        .collect();
    causes.sort();
    let expected = [
        ("spec.activeDeadlineSeconds", "FieldValueInvalid"),
        ("spec.containers[0].image", "FieldValueRequired"),
        ("spec.containers[1].imagePullPolicy", "FieldValueNotSupported"),
        ("spec.containers[1].name", "FieldValueDuplicate"),
        ("spec.restartPolicy", "FieldValueNotSupported"),
    ];
    assert_eq!(causes, expected.map(|(field, reason)| (field.to_string(), reason.to_string())));
}

pub(crate) async fn what_is_no_json_is_refused(server: &Server) {
    let pods = server.path("pods");
    let nonsense = server.send("POST", &pods, "application/json", "nonsense".into()).await.expect(400);
    let message = nonsense["message"].as_str().unwrap();
    assert!(message.starts_with("the object provided is unrecognized"), "{message}");
    let text = server.send("POST", &pods, "text/plain", pod("web", json!({})).to_string()).await.expect(415);
    let message = text["message"].as_str().unwrap();
    assert!(message.starts_with("the body of the request was in an unknown format"), "{message}");
}

pub(crate) async fn a_dry_run_leaves_nothing(server: &Server) {
    let created = server.post(&server.path("pods?dryRun=All"), pod("web", json!({}))).await.expect(201);
    assert_eq!(created["status"]["phase"], "Pending");
    server.get(&server.path("pods/web")).await.expect(404);
    let refused = server.post(&server.path("pods?dryRun=Perhaps"), pod("web", json!({}))).await.expect(422);
    assert_eq!(refused["details"]["causes"][0]["field"], "dryRun");
}

pub(crate) async fn a_gated_pod_is_told_that_it_waits(server: &Server) {
    let created = server.create_pod_with("web", json!({"schedulingGates": [{"name": "example.com/quota"}]})).await;
    assert_has(
        &created["status"]["conditions"],
        json!([{
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates"
        }]),
    );
}

pub(crate) async fn the_quality_of_service_follows_from_the_resources(server: &Server) {
    for (name, resources, class) in [
        ("best", json!({}), "BestEffort"),
        ("more", json!({"requests": {"cpu": "100m"}}), "Burstable"),
        ("most", json!({"limits": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
    ] {
        let containers = json!([{"name": "app", "image": "nginx", "resources": resources}]);
        let created = server.create_pod_with(name, json!({"containers": containers})).await;
        assert_eq!(created["status"]["qosClass"], class);
        if let Some(limits) = resources.get("limits") {
            assert_eq!(&created["spec"]["containers"][0]["resources"]["requests"], limits);
        }
    }
}
