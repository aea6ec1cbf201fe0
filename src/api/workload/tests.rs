use alloc::{string::ToString, vec::Vec};

use serde_json::{Value, json};

use super::*;
use crate::api::{Name, PodManifest, validate};

fn workload(kind: &str, spec: Value) -> Workload {
    serde_json::from_value(json!({"kind": kind, "metadata": {"name": "web"}, "spec": spec})).unwrap()
}

fn template(restart_policy: &str) -> Value {
    let mut spec = json!({"containers": [{"name": "app", "image": "nginx:1.27"}]});
    if !restart_policy.is_empty() {
        spec["restartPolicy"] = restart_policy.into();
    }
    json!({"metadata": {"labels": {"app": "web"}, "annotations": {"note": "kept"}}, "spec": spec})
}

fn any(kind: WorkloadKind) -> Workload {
    let policy = if matches!(kind, WorkloadKind::Job | WorkloadKind::CronJob) { "Never" } else { "" };
    let mut workload = workload(kind.name(), json!({"template": template(policy)}));
    if kind == WorkloadKind::PodTemplate {
        workload.template = workload.spec.template.take();
    }
    if kind == WorkloadKind::CronJob {
        let spec = core::mem::take(&mut workload.spec);
        workload.spec.job_template = Some(JobTemplateSpec { spec, ..JobTemplateSpec::default() }.into());
    }
    workload
}

fn label<'a>(pod: &'a PodManifest, key: &str) -> Option<&'a str> {
    pod.metadata.labels.get(key).map(String::as_str)
}

#[test]
fn every_kind_makes_a_pod_that_the_api_server_takes() {
    for kind in WorkloadKind::ALL {
        let pod = any(*kind).pod().unwrap();
        assert!(pod.metadata.name.starts_with("web-"), "{kind}: {}", pod.metadata.name);
        assert_eq!((pod.api_version.as_deref(), pod.kind.as_deref()), (Some("v1"), Some("Pod")), "{kind}");
        assert_eq!(label(&pod, "app"), Some("web"), "{kind}");
        assert_eq!(pod.metadata.annotations["note"], "kept", "{kind}");
        validate(&pod.with_defaults()).unwrap();
    }
}

#[test]
fn every_kind_without_a_template_says_where_it_is_missing() {
    for kind in WorkloadKind::ALL {
        let empty = workload(kind.name(), json!({}));
        let expected = format!(r#"{kind} "web": {}: Required value"#, kind.template_field());
        assert_eq!(empty.pod().unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_deployments_pod_is_called_after_its_replica_set() {
    let deployment = any(WorkloadKind::Deployment);
    let pod = deployment.pod().unwrap();
    let parts: Vec<&str> = pod.metadata.name.split('-').collect();
    assert_eq!((parts.len(), parts[0], Some(parts[1])), (3, "web", label(&pod, "pod-template-hash")));
    assert_eq!(deployment.pod().unwrap(), pod);
    let mut changed = deployment;
    changed.spec.template.as_mut().unwrap().spec.containers[0].image = "nginx:1.28".into();
    assert_ne!(label(&changed.pod().unwrap(), "pod-template-hash"), label(&pod, "pod-template-hash"));
}

#[test]
fn a_stateful_sets_first_pod_has_its_number_its_name_and_its_volumes() {
    let mut spec = json!({
        "serviceName": "db", "ordinals": {"start": 3}, "template": template(""),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
    });
    spec["template"]["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    spec["template"]["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}, {"name": "cache", "emptyDir": {}}]);
    let pod = workload("StatefulSet", spec).pod().unwrap();
    assert_eq!((&*pod.metadata.name, &*pod.metadata.generate_name), ("web-3", ""));
    assert_eq!(label(&pod, "apps.kubernetes.io/pod-index"), Some("3"));
    let spec = serde_json::to_value(&pod.spec).unwrap();
    assert_eq!((&spec["hostname"], &spec["subdomain"]), (&json!("web-3"), &json!("db")));
    let claimed = json!({"name": "data", "persistentVolumeClaim": {"claimName": "data-web-3"}});
    assert_eq!(spec["volumes"], json!([claimed, {"name": "cache", "emptyDir": {}}]), "a claim goes before");
    validate(&pod.with_defaults()).unwrap();
}

#[test]
fn a_jobs_pod_is_labelled_with_its_job() {
    let pod = any(WorkloadKind::Job).pod().unwrap();
    assert_eq!(label(&pod, "batch.kubernetes.io/job-name"), Some("web"));
    assert_eq!(label(&pod, "batch.kubernetes.io/controller-uid"), None);
    let indexed = workload("Job", json!({"completionMode": "Indexed", "template": template("Never")})).pod().unwrap();
    assert_eq!(indexed.metadata.generate_name, "web-0-");
    assert_eq!(indexed.metadata.annotations["batch.kubernetes.io/job-completion-index"], "0");
}

#[test]
fn a_cron_jobs_job_is_called_after_its_minute() {
    let mut cron = any(WorkloadKind::CronJob);
    cron.metadata.creation_timestamp = Some("2026-03-01T12:00:30Z".parse().unwrap());
    let pod = cron.pod().unwrap();
    assert_eq!(label(&pod, "job-name"), Some("web-29539440"));
    assert_eq!(pod.metadata.generate_name, "web-29539440-");
}

#[test]
fn a_jobs_pods_do_not_restart_for_ever_and_those_of_others_do() {
    let problem = |kind: &str, spec: Value| workload(kind, spec).pod().unwrap_err().to_string();
    let of_policy = |kind: &str, policy: &str| problem(kind, json!({"template": template(policy)}));
    let prefix = |kind: &str| format!(r#"{kind} "web": spec.template.spec."#);
    assert_eq!(
        of_policy("Job", "Always"),
        prefix("Job") + r#"restartPolicy: Required value: valid values: "OnFailure", "Never""#
    );
    assert_eq!(
        of_policy("Job", "Sometimes"),
        prefix("Job") + r#"restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never""#
    );
    assert_eq!(
        problem("Job", json!({"podFailurePolicy": {"rules": []}, "template": template("OnFailure")})),
        prefix("Job")
            + r#"restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified"#
    );
    assert_eq!(
        of_policy("DaemonSet", "Never"),
        prefix("DaemonSet") + r#"restartPolicy: Unsupported value: "Never": supported values: "Always""#
    );
    let mut late = template("Always");
    late["spec"]["activeDeadlineSeconds"] = 60.into();
    assert_eq!(
        problem("Deployment", json!({"template": late})),
        prefix("Deployment") + "activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"
    );
}

fn documents(values: Value) -> Vec<Document> {
    serde_json::from_value(values).unwrap()
}

fn called(kind: &str, name: &str) -> Value {
    json!({"kind": kind, "metadata": {"name": name}})
}

#[test]
fn a_kind_of_another_api_group_makes_no_pods() {
    let documents =
        documents(json!([{"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "web"}}]));
    let error = documents[0].pod().unwrap_err();
    assert!(matches!(error, WorkloadError::UnknownKind { .. }), "{error}");
    let error = Document::select(&documents, None).unwrap_err();
    assert_eq!(error.to_string(), "no document makes Pods, there is only Deployment/web");
}

#[test]
fn a_list_is_looked_into_and_its_items_need_no_kind() {
    let documents = documents(json!([
        {"kind": "PodList", "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]},
        {"kind": "List", "items": [called("Service", "a"), called("Job", "c")]},
        {"kind": "DeploymentList", "items": [{"metadata": {"name": "d"}}]},
    ]));
    let error = Document::select(&documents, None).unwrap_err();
    assert_eq!(
        error,
        WorkloadError::Ambiguous { there: ["Pod/a", "Pod/b", "Job/c", "Deployment/d"].map(String::from).to_vec() }
    );
    assert!(matches!(Document::select(&documents, Some("a")), Ok(Document::Pod(_))));
    assert!(matches!(Document::select(&documents, Some("d")), Ok(Document::Workload(_))));
}

#[test]
fn two_of_a_name_are_told_apart_by_their_kind() {
    let documents = documents(json!([called("Deployment", "web"), called("Job", "web")]));
    let error = Document::select(&documents, Some("web")).unwrap_err();
    assert!(matches!(error, WorkloadError::Ambiguous { there } if there == ["Deployment/web", "Job/web"]));
    let job = Document::select(&documents, Some("job/web")).unwrap();
    assert!(matches!(job, Document::Workload(workload) if workload.kind == WorkloadKind::Job));
}

#[test]
fn a_document_is_written_as_it_was_read() {
    let written = json!([
        called("ConfigMap", "c"),
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template("Always"),
        }, "status": {"replicas": 2}},
        {"apiVersion": "v1", "kind": "List", "items": [called("Service", "s")]},
    ]);
    assert_eq!(serde_json::to_value(documents(written.clone())).unwrap(), written);
}

#[test]
fn what_is_wrong_in_a_list_is_named_by_its_path() {
    let wrong = json!({"kind": "List", "items": [called("Pod", "a"), {"kind": "Pod", "metadata": {"name": 5}}]});
    let error = serde_json::from_value::<Document>(wrong).unwrap_err();
    assert!(error.to_string().starts_with("items[1].metadata.name: invalid type: integer `5`"), "{error}");
}
