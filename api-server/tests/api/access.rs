//! Access reviews.

use serde_json::json;

use crate::server::{Server, assert_has};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

pub(crate) async fn an_administrator_may_do_everything(server: &Server) {
    let asked = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": server.namespace}}});
    let answer = server.post(&format!("{REVIEWS}/selfsubjectaccessreviews"), asked).await.expect(201);
    assert_has(
        &answer,
        json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": true},
        "spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}}),
    );
    let path = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}});
    let answer = server.post(&format!("{REVIEWS}/selfsubjectaccessreviews"), path).await.expect(201);
    assert_eq!(answer["status"]["allowed"], true);
    let rules = json!({"spec": {"namespace": server.namespace}});
    let rules = server.post(&format!("{REVIEWS}/selfsubjectrulesreviews"), rules).await.expect(201);
    let everything = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    assert!(rules["status"]["resourceRules"].as_array().unwrap().contains(&everything), "{rules:#}");
}

pub(crate) async fn a_review_that_asks_nothing_is_refused(server: &Server) {
    server.post(&format!("{REVIEWS}/selfsubjectaccessreviews"), json!({"spec": {}})).await.refused(
        422,
        "Invalid",
        "SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: \
         exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
    let of_nobody = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/"}}});
    server.post(&format!("{REVIEWS}/subjectaccessreviews"), of_nobody).await.refused(
        422,
        "Invalid",
        "SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": \
         at least one of user or group must be specified",
    );
    server.post(&format!("{REVIEWS}/selfsubjectrulesreviews"), json!({"spec": {}})).await.refused(
        400,
        "BadRequest",
        "no namespace on request",
    );
}

pub(crate) async fn a_review_cannot_be_read(server: &Server) {
    server.get(&format!("{REVIEWS}/subjectaccessreviews")).await.expect(405);
}
