//! A status is lowered to records and printed again without loss.

use pod_lifecycle::{
    api::{ContainerStatus, PodPhase},
    explain::ObservedPod,
    status::container_status,
};
use serde_json::{Value, json};

use super::{observed, pod};

/// Prints the container statuses from their records.
fn printed(pod: &ObservedPod) -> Vec<ContainerStatus> {
    let index = |status: &ContainerStatus| pod.spec().index_of(&status.name).unwrap();
    let statuses = pod.status().every_container().map(|status| {
        let record = pod.records()[index(status).get()].as_ref().unwrap();
        container_status(pod.spec(), index(status), record, pod.ids())
    });
    statuses.collect()
}

#[test]
fn unknown_reasons_are_printed_again_as_they_were() {
    let waits = |reason: &str, message: &str| json!({"waiting": {"reason": reason, "message": message}});
    let states = [
        waits("ProviderFailed", "no quota left"),
        waits("", ""),
        waits("", "who knows"),
        waits("ContainerCreating", ""),
        waits("ContainerCreating", "attaching volumes"),
        waits("PodInitializing", ""),
        waits("RestartingAllContainers", ""),
        waits("RestartingAllContainers", "The container is removed because RestartAllContainers in place"),
        waits("CrashLoopBackOff", "back-off 40s restarting failed container=app pod=web_prod(u-1)"),
        json!({"terminated": {"exitCode": -1, "reason": "Unplugged", "message": "by the cleaner", "containerID": "x://1"}}),
        json!({"terminated": {"exitCode": 0}}),
        json!({"running": {}}),
        json!({}),
    ];
    for state in &states {
        for last_state in &states {
            let status = json!({
                "name": "app", "ready": false, "restartCount": 7, "image": "nginx:1", "imageID": "sha256:0",
                "containerID": "x://2", "state": state, "lastState": last_state,
            });
            let pod = observed(pod(json!({}), json!({"containerStatuses": [status]})));
            assert_eq!(printed(&pod), pod.status().container_statuses, "{status}");
        }
    }
}

#[test]
fn an_object_with_unknown_fields_and_values_is_read() {
    let mut object = pod(
        json!({"resourceClaims": [{"name": "gpu"}], "tolerations": [{"key": "a", "operator": "Exists"}]}),
        json!({
            "hostIP": "10.0.0.1", "qosClass": "Sparkling", "resize": "Proposed", "phase": "Dreaming",
            "conditions": [{"type": "Shiny", "status": "Maybe", "reason": "Polished", "lastProbeTime": null}],
        }),
    );
    object["status"]["containerStatuses"][0]["allocatedResources"] = json!({"cpu": "1"});
    object["metadata"]["managedFields"] = json!([{"manager": "kubelet", "fieldsV1": {"f:status": {}}}]);
    let pod = observed(object);
    assert_eq!(pod.phase(), PodPhase::Running);
    assert_eq!(pod.status().phase.as_ref().unwrap().as_str(), "Dreaming");
    assert_eq!(pod.row("2026-03-01T12:05:00Z".parse().unwrap()).status, "Dreaming");
    assert_eq!(pod.status().conditions[0].reason, "Polished");
}

#[test]
fn an_invalid_spec_is_refused_with_its_field() {
    let object: Value = pod(json!({"restartPolicy": "Sometimes"}), json!({}));
    let error = ObservedPod::from_manifest(serde_json::from_value(object).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "spec.restartPolicy: unknown value \"Sometimes\", expected one of Always, OnFailure, Never"
    );
}

#[test]
fn the_same_ids_in_the_same_order_are_the_same_instances() {
    let read = || observed(pod(json!({}), json!({})));
    assert_eq!(read(), read());
    let instance = read().records()[0].as_ref().unwrap().instance.unwrap();
    assert_eq!((instance.ordinal(), read().ids().id(0.into(), instance)), (0, Some("containerd://app-0")));
}
