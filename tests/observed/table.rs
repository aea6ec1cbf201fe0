//! `docs/why.md`: every reason, condition and cause with its sentence, for review by people who know Kubernetes. It is what the
//! code says: `UPDATE_DOCS=1 cargo test --test observed table` writes it.

use std::{env, fmt::Write as _, fs, path::Path};

use pod_lifecycle::{
    api::{Name, PodManifest},
    explain::{Explanation, ObservedPod, Remedy},
    state::{ConditionReason, ConditionType, PodReason, StartError, TerminationReason},
    status::EventObject,
};
use serde_json::{Value, json};

use super::pod;

const NOW: &str = "2026-03-01T12:06:00Z";

fn explained(object: Value, events: &[EventObject]) -> Explanation {
    let manifest: PodManifest = serde_json::from_value(object).unwrap();
    ObservedPod::from_manifest(manifest).unwrap().with_events(events).explain(NOW.parse().unwrap())
}

/// Returns the line of an explanation that begins so, without that.
fn line(explanation: &Explanation, title: &str) -> String {
    let text = explanation.to_string();
    let line =
        if title.is_empty() { text.lines().next() } else { text.lines().find_map(|line| line.strip_prefix(title)) };
    line.unwrap_or_default().replace('|', "\\|")
}

/// Returns state, reason and advice of a Pod, each in a cell.
fn cells(explanation: &Explanation) -> String {
    let state = line(explanation, "");
    let (_, state) = state.split_once(": ").unwrap_or(("", &state));
    let changes = line(explanation, "What would change it: ");
    let changes = if changes.is_empty() { line(explanation, "Stays like this ") } else { changes };
    format!("{state} | {} | {} | {changes}", line(explanation, "Why: "), line(explanation, "Next: "))
}

struct Doc(String);

impl Doc {
    fn section(&mut self, title: &str, words: &str, heading: &str) {
        let columns = heading.matches('|').count() + 1;
        writeln!(self.0, "\n## {title}\n\n{words}\n\n| {heading} |\n|{}", "---|".repeat(columns)).unwrap();
    }

    fn row(&mut self, cells: &str) {
        writeln!(self.0, "| {cells} |").unwrap();
    }
}

/// Returns a Pod whose only container has this state and last state.
fn container(state: Value, last: Value, restarts: i32, spec: Value) -> Value {
    let status = json!({"name": "app", "ready": false, "started": false, "restartCount": restarts, "image": "shop:1",
        "imageID": "", "state": state, "lastState": last});
    let mut app = json!({"name": "app", "image": "shop:1"});
    app.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod(json!({"containers": [app]}), json!({"phase": "Running", "containerStatuses": [status], "conditions": []}))
}

fn ended(code: i32, reason: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": "2026-03-01T12:00:10Z",
        "finishedAt": "2026-03-01T12:05:00Z"}})
}

fn waiting_reasons(doc: &mut Doc) {
    doc.section(
        "Waiting containers",
        "`status.containerStatuses[].state.waiting.reason`, from `pkg/kubelet/images/types.go`, \
         `pkg/kubelet/kuberuntime/kuberuntime_container.go` and `pkg/kubelet/container/sync_result.go`. The container is `app`; \
         its last run ended with code 1 at 12:05:00, and it was restarted twice.",
        "reason | state | why | next | what would change it",
    );
    let early = ["ContainerCreating", "PodInitializing", "AnotherReason"];
    for reason in StartError::KNOWN.iter().map(StartError::as_str).chain(early) {
        let waiting = json!({"waiting": {"reason": reason, "message": "the message of the status"}});
        doc.row(&format!(
            "`{reason}` | {}",
            cells(&explained(container(waiting, ended(1, "Error"), 2, json!({})), &[]))
        ));
    }
}

fn exits(doc: &mut Doc) {
    doc.section(
        "Exits",
        "`lastState.terminated` of a container that waits in `CrashLoopBackOff`; it ran from 12:00:10 to 12:05:00. The reasons are \
         those of the runtime (containerd `internal/cri/server/container_status.go`) and of the kubelet (`kubelet_pods.go`). A \
         probe is only named if the run was long enough for it to fail, and as certain only with the event `Killing`.",
        "exit | state | why | next | what would change it",
    );
    let probe = json!({"livenessProbe": {"tcpSocket": {"port": 80}}});
    let startup = json!({"startupProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 10, "failureThreshold": 27}});
    let limit = json!({"resources": {"limits": {"memory": "64Mi"}}});
    let mut rows: Vec<(String, i32, String, Value)> = Vec::new();
    for reason in TerminationReason::KNOWN.iter().map(TerminationReason::as_str) {
        let code = match reason {
            "Completed" => 0,
            "OOMKilled" | "ContainerStatusUnknown" | "RestartingAllContainers" => 137,
            "StartError" | "ContainerCannotRun" => 128,
            _ => 1,
        };
        rows.push((format!("{code} `{reason}`"), code, reason.into(), json!({})));
    }
    rows.push(("137 `OOMKilled`, memory limit".into(), 137, "OOMKilled".into(), limit));
    rows.push(("255 `Unknown`".into(), 255, "Unknown".into(), json!({})));
    for code in [126, 127, 134, 135, 136, 132, 137, 139, 143] {
        rows.push((format!("{code} `Error`"), code, "Error".into(), json!({})));
    }
    rows.push(("137 `Error`, liveness probe".into(), 137, "Error".into(), probe));
    rows.push((
        "0 `Completed`, liveness probe".into(),
        0,
        "Completed".into(),
        json!({"livenessProbe": {"tcpSocket": {"port": 80}}}),
    ));
    rows.push(("143 `Error`, startup probe".into(), 143, "Error".into(), startup));
    for (name, code, reason, spec) in rows {
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff",
            "message": "back-off 40s restarting failed container=app pod=web_prod(u-1)"}});
        doc.row(&format!("{name} | {}", cells(&explained(container(waiting, ended(code, &reason), 3, spec), &[]))));
    }
}

fn conditions(doc: &mut Doc) {
    doc.section(
        "Conditions",
        "`status.conditions`, with the advice on their reason. The kubelet's are in `pkg/kubelet/status/generate.go`, those of a \
         disruption in `pkg/controller/tainteviction`, `pkg/controller/podgc`, `pkg/scheduler` and the eviction API, those of a \
         resize in `pkg/kubelet/status/status_manager.go`.",
        "condition | reason | advice",
    );
    let advice = |remedies: &[Remedy]| remedies.iter().map(|remedy| remedy.clause(None)).collect::<Vec<_>>().join("; ");
    for condition in ConditionType::ALL.iter().map(|condition| condition.name()) {
        doc.row(&format!("`{condition}` | none | {}", advice(Remedy::for_condition(condition, ""))));
    }
    for reason in ConditionReason::ALL.iter().map(|reason| reason.name()) {
        doc.row(&format!("any | `{reason}` | {}", advice(Remedy::for_condition("Ready", reason))));
    }
    for (condition, reason) in [
        ("PodScheduled", "SchedulerError"),
        ("PodResizePending", "Deferred"),
        ("PodResizePending", "Infeasible"),
        ("PodResizeInProgress", "Error"),
        ("PodResizeInProgress", ""),
    ] {
        let status = json!({"type": condition, "status": "True", "reason": reason, "message": "the message"});
        let ready = json!({"type": "Ready", "status": "True"});
        let about = if reason.is_empty() { "none".into() } else { format!("`{reason}`") };
        let change = match condition {
            "PodScheduled" => advice(Remedy::for_condition(condition, reason)),
            _ => {
                let explanation = explained(pod(json!({}), json!({"conditions": [ready, status]})), &[]);
                format!("{} — {}", line(&explanation, ""), line(&explanation, "What would change it: "))
            }
        };
        doc.row(&format!("`{condition}` | {about} | {change}"));
    }
}

fn pod_reasons(doc: &mut Doc) {
    doc.section(
        "Reasons of a phase",
        "`status.reason` of a Pod that has Failed, from `pkg/kubelet/eviction`, `pkg/kubelet/nodeshutdown`, \
         `pkg/kubelet/lifecycle/predicate.go` and the other admission handlers. Every one ends the Pod: what would change it is \
         for the next one.",
        "reason | advice",
    );
    for reason in PodReason::KNOWN {
        let clauses: Vec<String> = Remedy::for_pod(reason).iter().map(|remedy| remedy.clause(None)).collect();
        doc.row(&format!("`{}` | {}", reason.as_str(), clauses.join("; ")));
    }
}

fn removals(doc: &mut Doc) {
    doc.section(
        "Deletions",
        "A Pod that was deleted and is still there. `BeforeDelete` in the API server's `registry/rest` sets \
         `deletionTimestamp` to the request plus the grace; `killContainer` in `pkg/kubelet/kuberuntime` kills at the end of the \
         grace; `MarkPodsNotReady` in `pkg/controller/util/node` sets `Ready` to False and nothing else; \
         `pkg/kubelet/pod/mirror_client.go` makes mirrors. No forced delete is advised while a finalizer is left.",
        "Pod | state | why | next | what would change it",
    );
    let deleted = |at: &str, grace: i64, finalizers: Value, status: Value| {
        let mut object = pod(json!({}), status);
        object["metadata"]["deletionTimestamp"] = json!(at);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        object["metadata"]["finalizers"] = finalizers;
        object
    };
    let silent =
        json!({"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T12:03:00Z"}]});
    let over = json!({"phase": "Succeeded", "containerStatuses": [], "conditions": []});
    let mut tolerant = pod(
        json!({"tolerations": [{"key": "node.kubernetes.io/unreachable", "operator": "Exists",
        "effect": "NoExecute", "tolerationSeconds": 300}]}),
        silent.clone(),
    );
    tolerant["metadata"]["name"] = json!("web");
    let mut mirror = deleted("2026-03-01T12:06:20Z", 30, json!([]), json!({}));
    mirror["metadata"]["annotations"] =
        json!({"kubernetes.io/config.mirror": "a", "kubernetes.io/config.source": "file"});
    for (name, object) in [
        ("runs, its grace is not over", deleted("2026-03-01T12:06:20Z", 30, json!([]), json!({}))),
        ("runs, its grace is over", deleted("2026-03-01T12:01:00Z", 30, json!([]), json!({}))),
        (
            "runs, its grace is over, finalizer",
            deleted("2026-03-01T12:01:00Z", 30, json!(["example.com/drain"]), json!({})),
        ),
        ("has ended, its kubelet has not confirmed", deleted("2026-03-01T12:01:00Z", 30, json!([]), over.clone())),
        (
            "has ended, `batch.kubernetes.io/job-tracking`",
            deleted("2026-03-01T12:01:00Z", 0, json!(["batch.kubernetes.io/job-tracking"]), over.clone()),
        ),
        (
            "has ended, `foregroundDeletion`",
            deleted("2026-03-01T12:01:00Z", 0, json!(["foregroundDeletion"]), over.clone()),
        ),
        ("has ended, `orphan`", deleted("2026-03-01T12:01:00Z", 0, json!(["orphan"]), over.clone())),
        (
            "has ended, `kueue.x-k8s.io/managed`",
            deleted("2026-03-01T12:01:00Z", 0, json!(["kueue.x-k8s.io/managed"]), over.clone()),
        ),
        (
            "has ended, `workflows.argoproj.io/status`",
            deleted("2026-03-01T12:01:00Z", 0, json!(["workflows.argoproj.io/status"]), over),
        ),
        ("silent node, not deleted yet", tolerant),
        ("silent node, deleted", deleted("2026-03-01T12:04:00Z", 30, json!([]), silent.clone())),
        ("silent node, deleted, finalizer", deleted("2026-03-01T12:04:00Z", 30, json!(["example.com/drain"]), silent)),
        ("mirror of a static Pod", mirror),
    ] {
        doc.row(&format!("{name} | {}", cells(&explained(object, &[]))));
    }
}

fn scheduling(doc: &mut Doc) {
    doc.section(
        "Unschedulable Pods",
        "Reasons in the message of `PodScheduled`, from `FitError.Error` in `pkg/scheduler/framework/types.go` and the plugins in \
         `pkg/scheduler/framework/plugins`.",
        "reason | advice",
    );
    for reason in [
        "3 Insufficient cpu",
        "3 Insufficient example.com/gpu",
        "3 Too many pods",
        "3 node(s) didn't match Pod's node affinity/selector",
        "3 node(s) didn't match scheduler-enforced node affinity",
        "3 node(s) didn't match the requested node name",
        "3 node(s) were unschedulable",
        "3 node(s) had untolerated taint(s)",
        "3 node(s) had untolerated taint {gpu: true}",
        "3 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/unreachable: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/pid-pressure: }",
        "3 node(s) had untolerated taint {node.kubernetes.io/network-unavailable: }",
        "3 node(s) had untolerated taint {node.cloudprovider.kubernetes.io/uninitialized: true}",
        "3 node(s) didn't match pod affinity rules",
        "3 node(s) didn't match pod anti-affinity rules",
        "3 node(s) didn't satisfy existing pods anti-affinity rules",
        "3 node(s) didn't match pod topology spread constraints",
        "3 node(s) didn't match pod topology spread constraints (missing required label)",
        "3 node(s) didn't have free ports for the requested pod ports",
        "3 node(s) didn't find available persistent volumes to bind",
        "3 node(s) didn't match PersistentVolume's node affinity",
        "3 node(s) had no available volume zone",
        "3 node(s) exceed max volume count",
        "3 node(s) did not have enough free storage",
        "3 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
        "3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
        "3 ebs.csi.aws.com CSI driver is not installed on the node",
        "3 cannot allocate all claims",
        "3 node(s) didn't match Pod's required features",
        "pod has unbound immediate PersistentVolumeClaims",
        "persistentvolumeclaim \"data\" not found",
        "persistentvolumeclaim \"data\" is being deleted",
        "waiting for ephemeral volume controller to create the persistentvolumeclaim \"data\"",
        "persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"pv\"",
    ] {
        let message = format!("0/3 nodes are available: {reason}.");
        let condition =
            json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
        let status = json!({"phase": "Pending", "startTime": null, "containerStatuses": [], "conditions": [condition]});
        let explanation = explained(pod(json!({"nodeName": ""}), status), &[]);
        doc.row(&format!("{reason} | {}", explanation.unfit[0].advice));
    }
}

fn pulls(doc: &mut Doc) {
    doc.section(
        "Words of registries",
        "Texts in the message of `ErrImagePull` and `ImagePullBackOff`; the whole message stands in the explanation, too.",
        "message | why | what would change it",
    );
    for message in [
        "shop:1: not found",
        "manifest unknown",
        "pull access denied, repository does not exist or may require authorization",
        "unauthorized: authentication required",
        "403 Forbidden",
        "toomanyrequests: You have reached your pull rate limit",
        "lookup registry.example: no such host",
        "dial tcp 10.0.0.9:443: connect: connection refused",
        "net/http: TLS handshake timeout",
        "context deadline exceeded",
        "x509: certificate signed by unknown authority",
        "http: server gave HTTP response to HTTPS client",
        "no match for platform in manifest",
        "no space left on device",
    ] {
        let waiting = json!({"waiting": {"reason": "ErrImagePull", "message": message}});
        let explanation = explained(container(waiting, json!({}), 0, json!({})), &[]);
        doc.row(&format!(
            "{message} | {} | {}",
            line(&explanation, "Why: "),
            line(&explanation, "What would change it: ")
        ));
    }
}

fn events(doc: &mut Doc) {
    doc.section(
        "Events",
        "Events of a Pod whose container waits in `ContainerCreating`, from `pkg/kubelet`, \
         `pkg/volume/util/operationexecutor` and the attach-detach controller.",
        "event | why | what would change it",
    );
    for (reason, message) in [
        ("FailedMount", "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found"),
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"cfg\" : configmap references non-existent config key: a.yaml",
        ),
        ("FailedMount", "MountVolume.SetUp failed for volume \"cfg\" : secret \"tls\" not found"),
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"cfg\" : hostPath type check failed: /data is not a directory",
        ),
        (
            "FailedMount",
            "MountVolume.MountDevice failed for volume \"pv-1\" : driver name x.example not found in the list of registered CSI drivers",
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data], failed to process volumes=[]: timed out waiting for the condition",
        ),
        (
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pv-1\" Volume is already exclusively attached to one node and can't be attached to another",
        ),
        (
            "FailedAttachVolume",
            "AttachVolume.Attach failed for volume \"pv-1\" : rpc error: code = Internal desc = no such disk",
        ),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: plugin type=\"calico\" failed (add): timeout"),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: no runtime for \"gvisor\" is configured"),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: failed to get sandbox image \"registry.k8s.io/pause:3.10\": failed to pull image",
        ),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: failed to assign an IP address to container"),
        ("NetworkNotReady", "network is not ready: container runtime network not ready"),
        ("FailedPrepareDynamicResources", "Failed to prepare dynamic resources: NodePrepareResources failed"),
    ] {
        let event = serde_json::from_value(json!({"involvedObject": {"kind": "Pod", "name": "web"}, "type": "Warning",
            "reason": reason, "message": message, "count": 3, "firstTimestamp": "2026-03-01T12:00:10Z",
            "lastTimestamp": "2026-03-01T12:05:00Z"}))
        .unwrap();
        let volumes = json!([{"name": "cfg", "configMap": {"name": "settings"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]);
        let mut object = container(json!({"waiting": {"reason": "ContainerCreating"}}), json!({}), 0, json!({}));
        (object["spec"]["volumes"], object["status"]["phase"]) = (volumes, json!("Pending"));
        let explanation = explained(object, &[event]);
        doc.row(&format!(
            "`{reason}`: {message} | {} | {}",
            line(&explanation, "Why: "),
            line(&explanation, "What would change it: ")
        ));
    }
}

#[test]
fn the_table_is_what_the_code_says() {
    let mut doc = Doc(String::from(
        "# What `podlife why` says\n\nEvery reason, condition and cause with its sentences, for review by people who know \
         Kubernetes. The file is made from the code and compared with it by `cargo test --test observed table`; with \
         `UPDATE_DOCS=1` the test writes it. The time of each explanation is 12:06:00, the node is node-1.\n",
    ));
    for part in [waiting_reasons, exits, conditions, pod_reasons, removals, scheduling, pulls, events] {
        part(&mut doc);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/why.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &doc.0).unwrap();
    }
    assert!(!doc.0.contains("force-delete") || doc.0.contains("only if the node is gone for good"));
    assert_eq!(fs::read_to_string(path).unwrap(), doc.0, "UPDATE_DOCS=1 cargo test --test observed table");
}
