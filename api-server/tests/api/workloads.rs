//! Workloads, which are stored with their defaults.

use serde_json::json;

use crate::server::{Server, assert_has};

pub(crate) async fn a_deployment_gets_its_defaults_and_its_pods_theirs(server: &Server) {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let web =
        json!({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}});
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", server.namespace);
    let made = server.post(&path, web).await.expect(201);
    assert_has(
        &made["spec"],
        json!({"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"spec": {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
                "containers": [{"name": "c", "imagePullPolicy": "IfNotPresent"}]}}}),
    );
}

pub(crate) async fn a_job_selects_its_pods_by_its_uid(server: &Server) {
    let template = json!({"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}});
    let path = format!("/apis/batch/v1/namespaces/{}/jobs", server.namespace);
    let job = json!({"metadata": {"name": "once"}, "spec": {"template": template}});
    let made = server.post(&path, job).await.expect(201);
    assert_has(
        &made["spec"],
        json!({"completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed",
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": made["metadata"]["uid"]}},
            "template": {"metadata": {"labels": {"job-name": "once"}}}}),
    );
}
