//! Statuses that people reported, in the folder `reported`: each has the answer that a person needs, and its relatives have it
//! too.

use std::{fs, path::Path};

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    config::KubeletConfig,
    explain::{ExitCause, Explanation, ObservedPod, PodSituation, Urgency},
    status::EventObject,
};
use serde_json::{Value, json};

use super::{observed, pod, running};

fn reported(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/observed/reported/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T12:06:00Z".parse().unwrap()
}

fn explained(object: Value) -> Explanation {
    observed(object).explain(now())
}

fn text(object: Value) -> String {
    explained(object).to_string()
}

/// Asserts that a text has each of these parts.
#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

/// Returns the explanation of a Pod with these events, each with its reason, container and message.
fn with_events(object: Value, events: &[(&str, &str, &str)]) -> String {
    let events: Vec<EventObject> =
        events.iter().map(|(reason, container, message)| event(reason, container, message)).collect();
    let manifest: PodManifest = serde_json::from_value(object).unwrap();
    ObservedPod::from_manifest(manifest).unwrap().with_events(&events).explain(now()).to_string()
}

fn event(reason: &str, container: &str, message: &str) -> EventObject {
    let path = if container.is_empty() { String::new() } else { format!("spec.containers{{{container}}}") };
    serde_json::from_value(json!({
        "involvedObject": {"kind": "Pod", "namespace": "prod", "name": "web", "fieldPath": path},
        "type": "Warning", "reason": reason, "message": message, "count": 9,
        "firstTimestamp": "2026-03-01T12:00:05Z", "lastTimestamp": "2026-03-01T12:05:00Z",
    }))
    .unwrap()
}

// --- A Pod that does not go away ---

#[test]
fn a_pod_that_ended_is_kept_by_its_finalizer() {
    let text = text(reported("terminal-pod-with-finalizer"));
    has(&text, &["has Failed and was deleted at 12:02:21", "its finalizer batch.kubernetes.io/job-tracking keeps it"]);
    has(&text, &["the Job controller", "remove it by hand", "nothing is left to do on the node"]);
    assert!(!text.contains("nothing more happens"), "{text}");
}

#[test]
fn no_forced_delete_removes_what_a_finalizer_keeps() {
    for finalizers in
        [json!(["example.com/drain"]), json!(["foregroundDeletion", "kueue.x-k8s.io/managed"]), json!(["orphan"])]
    {
        for phase in ["Running", "Succeeded", "Failed", "Pending"] {
            for deleted in ["2026-03-01T12:05:50Z", "2026-02-01T12:00:00Z"] {
                for ready_reason in [json!({}), json!({"conditions": [{"type": "Ready", "status": "False"}]})] {
                    let mut status = json!({"phase": phase});
                    status.as_object_mut().unwrap().extend(ready_reason.as_object().unwrap().clone());
                    let mut object = pod(json!({}), status);
                    object["metadata"]["finalizers"] = finalizers.clone();
                    object["metadata"]["deletionTimestamp"] = json!(deleted);
                    object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
                    let text = text(object);
                    assert!(!text.contains("force-delete"), "{text}");
                    has(&text, &[finalizers[0].as_str().unwrap()]);
                }
            }
        }
    }
}

#[test]
fn a_grace_that_is_over_has_its_time_and_what_does_not_act() {
    let text = text(reported("overdue-for-three-days"));
    has(&text, &["over at 2026-02-26 12:00:30, 3 days ago", "does not act", "volume cannot be unmounted"]);
    assert!(!text.contains("once all containers have stopped"), "{text}");
    let recently = observed(reported("overdue-for-three-days")).explain("2026-02-26T12:00:20Z".parse().unwrap());
    assert!(!recently.to_string().contains("does not act"), "{recently}");
    assert_eq!(
        (recently.urgency(), explained(reported("overdue-for-three-days")).urgency()),
        (Urgency::Changing, Urgency::Trouble)
    );
}

#[test]
fn a_pod_whose_containers_have_ended_waits_for_its_kubelet() {
    let mut object = reported("terminal-pod-with-finalizer");
    object["metadata"].as_object_mut().unwrap().remove("finalizers");
    let text = text(object);
    has(&text, &["the kubelet of node node-1 has yet to confirm", "only if the node is gone for good"]);
}

#[test]
fn the_failure_to_kill_a_pod_is_in_its_events() {
    let mut object = pod(json!({}), json!({}));
    object["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:01:00Z");
    object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    let message =
        "error killing pod: failed to \"KillContainer\" for \"app\" with KillContainerError: context deadline exceeded";
    has(&with_events(object, &[("FailedKillPod", "", message)]), &["cannot be stopped", "context deadline exceeded"]);
}

#[test]
fn ready_that_is_false_without_a_reason_is_a_silent_node() {
    let object = reported("silent-node");
    has(
        &text(object.clone()),
        &["node node-1 does not report or is not ready since 12:00:00", "300 s", "due since 12:05:00"],
    );
    assert!(observed(object.clone()).inconsistencies().is_empty());
    let early = observed(object.clone()).explain("2026-03-01T12:01:00Z".parse().unwrap()).to_string();
    has(&early, &["deletes the Pod at 12:05:00, in 4 min, at the earliest"]);
    let mut forever = object.clone();
    forever["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    has(&text(forever), &["tolerates an unreachable node for ever"]);
    // The kubelet always gives a reason.
    let mut unready = object;
    unready["status"]["conditions"][2]["reason"] = json!("ContainersNotReady");
    assert!(!matches!(explained(unready).situation, PodSituation::NodeSilent { .. }));
}

#[test]
fn a_pod_that_the_taint_manager_deleted_stays_until_its_node_is_back_or_gone() {
    let mut object = reported("silent-node");
    object["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:05:31Z");
    object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    let taint = json!({"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint"});
    object["status"]["conditions"].as_array_mut().unwrap().push(taint);
    let text = observed(object).explain("2026-03-01T13:00:00Z".parse().unwrap()).to_string();
    has(
        &text,
        &[
            "was deleted at 12:05:01",
            "54 min 29 s ago",
            "node node-1 does not report",
            "out of service",
            "DeletionByTaintManager",
        ],
    );
}

#[test]
fn the_deletion_of_a_mirror_pod_stops_nothing() {
    let object = reported("mirror-pod");
    let text = text(object.clone());
    has(&text, &["mirror of a static Pod on node m1", "stops nothing on the node", "creates a new one", "manifest"]);
    assert!(!text.contains("leaves the API") && !text.contains("being stopped"), "{text}");
    let mut alive = object;
    alive["metadata"].as_object_mut().unwrap().remove("deletionTimestamp");
    has(&super::reported::text(alive), &["it is the mirror of a static Pod"]);
}

// --- A Pod that does not start ---

/// Returns a Pod that waits for its volumes.
fn creating(volumes: Value) -> Value {
    let app = json!({"name": "app", "ready": false, "started": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"waiting": {"reason": "ContainerCreating"}}});
    let conditions = json!([
        {"type": "PodReadyToStartContainers", "status": "False", "lastTransitionTime": "2026-03-01T12:00:01Z"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]"},
        {"type": "ContainersReady", "status": "False", "reason": "ContainersNotReady",
            "message": "containers with unready status: [app]"},
        {"type": "PodScheduled", "status": "True"},
    ]);
    pod(json!({"volumes": volumes}), json!({"phase": "Pending", "containerStatuses": [app], "conditions": conditions}))
}

#[test]
fn without_events_a_pod_that_waits_has_what_it_needs_and_since_when() {
    let volumes = json!([
        {"name": "cfg", "configMap": {"name": "shop"}},
        {"name": "tls", "secret": {"secretName": "web-tls"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}},
        {"name": "maybe", "configMap": {"name": "extra", "optional": true}},
    ]);
    let text = text(creating(volumes));
    has(&text, &["waited since 12:00:01", "ConfigMap `shop`, Secret `web-tls` and claim `web-data`"]);
    assert!(!text.contains("extra"), "{text}");
}

#[test]
fn events_name_the_volume_and_what_is_missing() {
    let volumes = json!([
        {"name": "cfg", "configMap": {"name": "shop"}}, {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}},
    ]);
    let cases: [(&str, &str, &[&str]); 8] = [
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"cfg\" : configmap \"shop\" not found",
            &[
                "volume `cfg` (ConfigMap `shop`) cannot be mounted",
                "9 times from 12:00:05 to 12:05:00",
                "create the ConfigMap `shop`",
            ],
        ),
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"cfg\" : configmap references non-existent config key: app.yaml",
            &["non-existent config key: app.yaml", "add the key `app.yaml`"],
        ),
        (
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pvc-7f\" Volume is already used by pod(s) web-0",
            &["volume `pvc-7f` (claim `web-data`) cannot be attached", "web-0", "stop the Pod that uses the volume"],
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data], failed to process \
             volumes=[]: timed out waiting for the condition",
            &["volume `data` (claim `web-data`) cannot be mounted", "timed out", "kubectl describe pvc"],
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process \
             volumes=[data]: error processing PVC prod/web-data: failed to fetch PVC from API server: persistentvolumeclaims \
             \"web-data\" not found",
            &["create the claim `web-data`"],
        ),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"9f\": plugin \
             type=\"calico\" failed (add): error getting ClusterInformation: connection is unauthorized",
            &["the Pod's sandbox cannot be created", "calico", "network plugin (CNI)"],
        ),
        (
            "NetworkNotReady",
            "network is not ready: container runtime network not ready: NetworkReady=false",
            &["the network of node node-1 is not ready"],
        ),
        (
            "FailedMount",
            "MountVolume.MountDevice failed for volume \"pvc-7f\" : kubernetes.io/csi: attacher.MountDevice failed to create \
             newCsiDriverClient: driver name ebs.csi.aws.com not found in the list of registered CSI drivers",
            &["claim `web-data`", "get the CSI driver of the volume to run on the node"],
        ),
    ];
    for (reason, message, parts) in cases {
        has(&with_events(creating(volumes.clone()), &[(reason, "", message)]), parts);
    }
}

#[test]
fn a_specific_failure_says_more_than_a_wait_that_timed_out() {
    let volumes =
        json!([{"name": "cfg", "configMap": {"name": "shop"}}, {"name": "tls", "secret": {"secretName": "t"}}]);
    let timed_out = "Unable to attach or mount volumes: unmounted volumes=[cfg tls], unattached volumes=[], failed to process \
                     volumes=[]: timed out waiting for the condition";
    let missing = "MountVolume.SetUp failed for volume \"tls\" : secret \"t\" not found";
    let text = with_events(creating(volumes), &[("FailedMount", "", timed_out), ("FailedMount", "", missing)]);
    has(&text, &["volume `tls` (Secret `t`) cannot be mounted"]);
    assert!(!text.contains("timed out"), "{text}");
}

#[test]
fn events_of_other_pods_are_left_out() {
    let mut other =
        event("FailedMount", "", "MountVolume.SetUp failed for volume \"cfg\" : configmap \"shop\" not found");
    other.involved_object.uid = "u-of-an-earlier-one".into();
    let pod = observed(creating(json!([]))).with_events(&[other]);
    assert_eq!(pod.explain(now()).obstacles, []);
}

/// Returns a Pod whose only container waits for this reason with this message.
fn waiting(reason: &str, message: &str) -> Value {
    let app = json!({"name": "app", "ready": false, "started": false, "restartCount": 0, "image": "nginx:1", "imageID": "",
        "state": {"waiting": {"reason": reason, "message": message}}});
    pod(json!({}), json!({"phase": "Pending", "containerStatuses": [app], "conditions": []}))
}

#[test]
fn the_registrys_words_are_read() {
    for (message, parts) in [
        (
            "failed to resolve reference \"a/b:1\": a/b:1: not found",
            ["does not have this image", "correct the name or the tag"],
        ),
        (
            "pull access denied, repository does not exist or may require authorization",
            ["refuses access", "imagePullSecrets"],
        ),
        ("toomanyrequests: You have reached your pull rate limit", ["limits how often", "wait"]),
        ("dial tcp: lookup regitsry.example: no such host", ["cannot resolve", "name of the registry"]),
        ("x509: certificate signed by unknown authority", ["does not trust", "trust the certificate"]),
        ("no match for platform in manifest: not found", ["architecture", "build the image"]),
    ] {
        let text = text(waiting("ErrImagePull", message));
        has(&text, &[message]);
        has(&text, &parts);
    }
}

#[test]
fn a_pull_back_off_without_words_has_those_of_the_event() {
    let failed =
        "Failed to pull image \"nginx:1\": rpc error: code = NotFound desc = docker.io/library/nginx:1: not found";
    let object = waiting("ImagePullBackOff", "Back-off pulling image \"nginx:1\"");
    has(
        &with_events(object, &[("Failed", "app", failed)]),
        &[
            "does not have this image",
            "nginx:1: not found",
            "9 times",
            "is pulled again at 12:10:00, in 4 min, at the latest",
        ],
    );
}

#[test]
fn what_is_wrong_with_a_configuration_is_named() {
    let advice = |reason, message| text(waiting(reason, message));
    has(
        &advice("CreateContainerConfigError", "secret \"db\" not found"),
        &["create the Secret `db` in namespace prod"],
    );
    has(
        &advice("CreateContainerConfigError", "couldn't find key url in ConfigMap prod/shop"),
        &["add the key `url` to the ConfigMap `shop`"],
    );
    let root =
        advice("CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: \"web\")");
    has(&root, &["a user that is not root"]);
    assert!(!root.contains("create what"), "{root}");
    let mount = advice("RunContainerError", "error mounting \"/a\" to rootfs at \"/b\": not a directory");
    assert!(!mount.contains("a command for"), "{mount}");
}

#[test]
fn the_schedulers_counts_become_changes() {
    let unscheduled = |message: &str| {
        let conditions =
            json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]);
        let status = json!({"phase": "Pending", "startTime": null, "containerStatuses": [], "conditions": conditions});
        text(pod(json!({"nodeName": ""}), status))
    };
    has(
        &unscheduled(
            "0/5 nodes are available: 1 node(s) had untolerated taint {gpu: true}, 1 node(s) were unschedulable, 3 Insufficient \
             memory. preemption: 0/5 nodes are available: 2 Preemption is not helpful for scheduling.",
        ),
        &[
            "for 3 nodes, add a node with enough memory",
            "for 1 node, add a toleration for the taint gpu=true",
            "kubectl uncordon",
        ],
    );
    has(&unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."), &["claims bound"]);
    has(
        &unscheduled("0/3 nodes are available: persistentvolumeclaim \"data\" not found."),
        &["create the claim `data`"],
    );
}

#[test]
fn a_pod_that_no_scheduler_has_looked_at_has_no_advice_on_nodes() {
    let status = json!({"phase": "Pending", "startTime": null, "containerStatuses": [], "conditions": []});
    let text = text(pod(json!({"nodeName": "", "schedulerName": "volcano"}), status));
    has(&text, &["not scheduled to a node yet", "check that the scheduler volcano runs"]);
}

#[test]
fn an_unknown_phase_is_a_lost_node() {
    has(&text(pod(json!({}), json!({"phase": "Unknown"}))), &["its node has not reported", "bring node node-1 back"]);
}

// --- A container that was killed before ---

#[test]
fn a_container_that_runs_again_has_the_exit_before() {
    let text = text(reported("restarted-by-oom"));
    has(&text, &["after 12 restarts", "code 137 (OOMKilled) at 12:05:00", "memory limit", "make it use less"]);
    assert_eq!(explained(reported("restarted-by-oom")).urgency(), Urgency::Restarted);
    let later = observed(reported("restarted-by-oom")).explain("2026-03-02T12:06:00Z".parse().unwrap());
    assert_eq!(later.urgency(), Urgency::Well, "a day later it is history");
}

#[test]
fn a_memory_limit_is_named() {
    let mut object = reported("restarted-by-oom");
    object["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "64Mi"}});
    has(&text(object), &["its limit of 64Mi", "raise the memory limit of `c`"]);
}

#[test]
fn a_container_without_its_last_state_contradicts_nothing() {
    let object = reported("restarts-without-last-state");
    assert!(observed(object.clone()).inconsistencies().is_empty());
    has(&text(object), &["after 4 restarts", "no longer in the status"]);
}

fn cause(object: Value) -> ExitCause {
    explained(object).containers[0].past.clone().unwrap().cause
}

#[test]
fn sigkill_beside_a_liveness_probe_is_most_likely_its_failure() {
    let text = text(reported("killed-by-liveness"));
    has(&text, &["most likely", "liveness probe failed", "Unhealthy"]);
    let mut short = reported("killed-by-liveness");
    short["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = json!("2026-03-01T12:04:55Z");
    assert_eq!(cause(short), ExitCause::Killed { signal: "SIGKILL".into() }, "no probe fails three times in 5 s");
    let mut without = reported("killed-by-liveness");
    without["spec"]["containers"][0].as_object_mut().unwrap().remove("livenessProbe");
    assert_eq!(cause(without), ExitCause::Killed { signal: "SIGKILL".into() });
}

#[test]
fn an_event_makes_a_probes_kill_certain() {
    let mut object = reported("killed-by-liveness");
    object["metadata"]["name"] = json!("web");
    let killing = "Container c failed liveness probe, will be restarted";
    let unhealthy = "Liveness probe failed: HTTP probe failed with statuscode: 500";
    let text = with_events(object, &[("Killing", "c", killing), ("Unhealthy", "c", unhealthy)]);
    has(&text, &["the kubelet killed it because its liveness probe failed", "statuscode: 500"]);
    assert!(!text.contains("most likely"), "{text}");
}

#[test]
fn a_server_that_ends_well_may_have_been_stopped_by_its_probe() {
    let mut object = reported("killed-by-liveness");
    let end = &mut object["status"]["containerStatuses"][0]["lastState"]["terminated"];
    (end["exitCode"], end["reason"]) = (json!(0), json!("Completed"));
    has(&text(object.clone()), &["it ended by itself, or well on SIGTERM after its liveness probe had failed"]);
    object["spec"]["containers"][0].as_object_mut().unwrap().remove("livenessProbe");
    assert_eq!(cause(object), ExitCause::Success);
}

#[test]
fn a_startup_probe_kills_within_its_own_time() {
    let mut object = reported("killed-by-liveness");
    object["spec"]["containers"][0]["startupProbe"] =
        json!({"tcpSocket": {"port": 80}, "periodSeconds": 10, "failureThreshold": 6});
    let end = &mut object["status"]["containerStatuses"][0]["lastState"]["terminated"];
    (end["exitCode"], end["startedAt"]) = (json!(143), json!("2026-03-01T12:04:05Z"));
    has(&text(object), &["its startup probe failed"]);
}

#[test]
fn a_signal_has_its_name() {
    has(&text(reported("signal")), &["exited with code 139", "SIGSEGV", "signal 11"]);
    let mut unnamed = reported("signal");
    let end = &mut unnamed["status"]["containerStatuses"][0]["state"]["terminated"];
    (end["exitCode"], end["signal"]) = (json!(163), json!(35));
    has(&text(unnamed), &["(signal 35)"]);
}

#[test]
fn a_long_run_resets_the_back_off() {
    let mut object = reported("restarted-by-oom");
    let container = &mut object["status"]["containerStatuses"][0];
    container["lastState"]["terminated"]["startedAt"] = json!("2026-03-01T11:30:00Z");
    container["state"]["running"]["startedAt"] = json!("2026-03-01T12:05:02Z");
    has(&text(object.clone()), &["waits up to 10 s"]);
    let container = &mut object["status"]["containerStatuses"][0];
    container["lastState"]["terminated"]["startedAt"] = json!("2026-03-01T11:59:00Z");
    container["lastState"]["terminated"]["finishedAt"] = json!("2026-03-01T11:59:30Z");
    has(&text(object), &["waits up to 5 min"]);
}

#[test]
fn a_start_that_failed_is_a_restart_with_its_policy_and_its_back_off() {
    let object = reported("run-container-error");
    has(
        &text(object.clone()),
        &["executable file not found", "at 12:08:30, in 2 min 30 s, at the latest", "CrashLoopBackOff"],
    );
    let mut never = object;
    never["spec"]["restartPolicy"] = json!("Never");
    let text = text(never);
    has(&text, &["executable file not found", "restartPolicy Never does not restart it"]);
    assert!(!text.contains("tries"), "{text}");
}

// --- The rest ---

#[test]
fn an_ephemeral_container_gets_no_advice_that_the_api_server_refuses() {
    has(&text(reported("ephemeral-remedy")), &["add another ephemeral container under another name"]);
    for reason in
        ["ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RunContainerError", "SignatureValidationFailed"]
    {
        let mut object = reported("ephemeral-remedy");
        object["status"]["ephemeralContainerStatuses"][0]["state"]["waiting"] = json!({"reason": reason});
        let text = text(object);
        has(&text, &["add another ephemeral container"]);
        assert!(!text.contains("another image") && !text.contains("correct the image"), "{text}");
    }
}

#[test]
fn a_resize_that_waits_or_fails_is_said_first() {
    has(
        &text(reported("resize-in-progress")),
        &["resize was accepted and cannot be carried out", "cannot be decreased below usage"],
    );
    has(&text(reported("resize-in-progress")), &["limits.cpu of `c` is 1, wanted is 2"]);
    let with = |condition: &str, reason: &str, message: &str| {
        let mut object = reported("resize-in-progress");
        object["status"]["conditions"][5] =
            json!({"type": condition, "status": "True", "reason": reason, "message": message});
        explained(object)
    };
    let infeasible = with(
        "PodResizePending",
        "Infeasible",
        "Node didn't have enough capacity: cpu, requested: 9000, capacity: 4000",
    );
    has(&infeasible.to_string(), &["can never be granted on its node", "capacity: 4000", "ask for less"]);
    has(
        &with("PodResizePending", "Deferred", "Node didn't have enough resource: cpu").to_string(),
        &["resize waits", "again by itself"],
    );
    let progress = with("PodResizeInProgress", "", "");
    has(&progress.to_string(), &["its resize is in progress"]);
    assert_eq!((progress.urgency(), infeasible.urgency()), (Urgency::Well, Urgency::Trouble));
}

#[test]
fn conditions_of_others_are_shown() {
    let conditions = json!([
        {"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"},
        {"type": "example.com/registered", "status": "False", "reason": "Draining", "message": "5 connections left"},
        {"type": "example.com/quiet", "status": "True"},
    ]);
    let text = text(pod(json!({}), json!({"conditions": conditions})));
    has(&text, &["example.com/registered is False (Draining: 5 connections left)"]);
    assert!(!text.contains("example.com/quiet"), "{text}");
}

#[test]
fn equal_causes_of_different_pods_are_equal() {
    let named = |name: &str, at: &str| {
        let mut object = reported("killed-by-liveness");
        object["metadata"]["name"] = json!(name);
        object["status"]["containerStatuses"][0]["lastState"]["terminated"]["finishedAt"] = json!(at);
        observed(object).explain_on(&KubeletConfig::default(), now()).cause()
    };
    assert_eq!(named("web-1", "2026-03-01T12:05:00Z"), named("web-2", "2026-03-01T12:03:00Z"));
    assert_eq!(named("web-1", "2026-03-01T12:05:00Z"), "container `c` keeps exiting: code 137 (SIGKILL)");
    assert_eq!(explained(pod(json!({}), json!({}))).cause(), "it is ready");
    let _ = running;
}
