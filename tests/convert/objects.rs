//! Objects beside Pods, and parts of Pods.

use k8s_openapi::{
    api::{apps::v1 as apps, batch::v1 as batch, core::v1},
    apimachinery::pkg::apis::meta::v1 as meta,
};
use pod_lifecycle::{
    api::{
        Container, ContainerState, ContainerStatus, Handler, Lifecycle, ObjectMeta, PodCondition, PodManifestSpec,
        PodTemplateSpec, Probe, Volume, Workload, WorkloadKind,
    },
    status::{EventObject, ObjectReference},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::full;

/// Theirs and ours, each made of the other, write what was written.
fn agree<Ours, Theirs>(written: &Value)
where
    Ours: Serialize + DeserializeOwned + for<'a> TryFrom<&'a Theirs, Error: std::fmt::Debug>,
    Theirs: Serialize + DeserializeOwned + for<'a> TryFrom<&'a Ours, Error: std::fmt::Debug>,
{
    let ours: Ours = serde_json::from_value(written.clone()).unwrap();
    let theirs: Theirs = serde_json::from_value(written.clone()).unwrap();
    let (of_ours, of_theirs) = (Theirs::try_from(&ours).unwrap(), Ours::try_from(&theirs).unwrap());
    assert_eq!(serde_json::to_value(of_ours).unwrap(), *written);
    assert_eq!(serde_json::to_value(of_theirs).unwrap(), *written);
}

#[test]
fn the_parts_of_a_pod_are_converted_by_themselves() {
    let pod = full::pod();
    agree::<ObjectMeta, meta::ObjectMeta>(&pod["metadata"]);
    agree::<PodManifestSpec, v1::PodSpec>(&pod["spec"]);
    agree::<Container, v1::Container>(&pod["spec"]["containers"][0]);
    agree::<Container, v1::EphemeralContainer>(&pod["spec"]["ephemeralContainers"][0]);
    agree::<Lifecycle, v1::Lifecycle>(&pod["spec"]["containers"][0]["lifecycle"]);
    agree::<Handler, v1::LifecycleHandler>(&pod["spec"]["containers"][0]["lifecycle"]["postStart"]);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        agree::<Probe, v1::Probe>(&pod["spec"]["containers"][0][probe]);
    }
    for volume in pod["spec"]["volumes"].as_array().unwrap() {
        agree::<Volume, v1::Volume>(volume);
    }
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod["spec"]});
    agree::<PodTemplateSpec, v1::PodTemplateSpec>(&template);
}

#[test]
fn the_parts_of_a_status_are_converted_by_themselves() {
    let status = full::status();
    for condition in status["conditions"].as_array().unwrap() {
        agree::<PodCondition, v1::PodCondition>(condition);
    }
    for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
        agree::<ContainerStatus, v1::ContainerStatus>(&status[list][0]);
        agree::<ContainerState, v1::ContainerState>(&status[list][0]["state"]);
    }
}

#[test]
fn workloads_of_theirs_make_pods_of_ours() {
    let template =
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}});
    let selector = json!({"matchLabels": {"app": "web"}});
    let workload = |api_version: &str, kind: WorkloadKind, spec: Value| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"}, "spec": spec});
    let apps = json!({"selector": selector, "template": template, "minReadySeconds": 5});
    agree::<Workload, apps::Deployment>(&workload("apps/v1", WorkloadKind::Deployment, apps.clone()));
    agree::<Workload, apps::ReplicaSet>(&workload("apps/v1", WorkloadKind::ReplicaSet, apps.clone()));
    agree::<Workload, apps::DaemonSet>(&workload("apps/v1", WorkloadKind::DaemonSet, apps));
    let stateful = json!({"selector": selector, "template": template, "serviceName": "web", "ordinals": {"start": 3}});
    agree::<Workload, apps::StatefulSet>(&workload("apps/v1", WorkloadKind::StatefulSet, stateful));
    let job = json!({"template": template, "backoffLimit": 3, "completionMode": "Indexed"});
    agree::<Workload, batch::Job>(&workload("batch/v1", WorkloadKind::Job, job.clone()));
    let cron = json!({"schedule": "* * * * *", "jobTemplate": {"spec": job}});
    agree::<Workload, batch::CronJob>(&workload("batch/v1", WorkloadKind::CronJob, cron));
}

#[test]
fn events_are_converted_with_their_references() {
    let reference = json!({
        "kind": "Pod", "namespace": "default", "name": "web", "uid": "5f0c", "apiVersion": "v1",
        "resourceVersion": "17", "fieldPath": "spec.containers{app}",
    });
    agree::<ObjectReference, v1::ObjectReference>(&reference);
    agree::<EventObject, v1::Event>(&json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "web.17c3", "namespace": "default"},
        "involvedObject": reference, "reason": "Started", "message": "Started container app",
        "source": {"component": "kubelet", "host": "node-1"}, "firstTimestamp": "2026-03-01T12:00:00Z",
        "lastTimestamp": "2026-03-01T12:05:00Z", "count": 7, "type": "Normal", "reportingComponent": "kubelet",
        "reportingInstance": "node-1",
    }));
}
