//! A Pod that says much of what a Pod can say, and parts of it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A Pod with a status. Some of its fields are ours by name, others are kept as they stand; none is its type's zero.
pub(crate) fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-0", "generateName": "web-", "namespace": "shop", "uid": "5f0c", "generation": 3,
            "creationTimestamp": "2026-03-01T12:00:00Z", "deletionTimestamp": "2026-03-01T13:00:30Z",
            "deletionGracePeriodSeconds": 30, "finalizers": ["batch.kubernetes.io/job-tracking"],
            "labels": {"app": "web"}, "annotations": {"kubernetes.io/config.source": "api"},
        },
        "spec": spec(),
        "status": status(),
    })
}

fn spec() -> Value {
    json!({
        "initContainers": [
            {"name": "setup", "image": "busybox:1.36", "command": ["sh", "-c"], "args": ["true"]},
            {"name": "proxy", "image": "envoy:1.30", "restartPolicy": "Always", "startupProbe": probe()},
        ],
        "containers": [container()],
        "ephemeralContainers": [
            {"name": "debug", "image": "busybox", "targetContainerName": "app", "stdin": true, "tty": true},
        ],
        "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 12, "activeDeadlineSeconds": 600,
        "nodeName": "node-1", "hostNetwork": true,
        "readinessGates": [{"conditionType": "example.com/load-balancer"}],
        "schedulingGates": [{"name": "example.com/hold"}],
        "serviceAccountName": "web", "serviceAccount": "web", "automountServiceAccountToken": false,
        "os": {"name": "linux"},
        "volumes": [
            {"name": "cache", "emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}},
            {"name": "secrets", "secret": {"secretName": "tls", "optional": true, "defaultMode": 256,
                "items": [{"key": "crt", "path": "tls.crt", "mode": 288}]}},
            {"name": "token", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607, "audience": "vault"}},
                {"configMap": {"name": "root-ca", "optional": true, "items": [{"key": "ca", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "ns", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
                {"secret": {"name": "more"}},
            ]}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}},
        ],
        // What has no name here.
        "hostname": "web-0", "subdomain": "web", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300}],
        "securityContext": {"runAsUser": 1000, "fsGroup": 2000, "sysctls": [{"name": "kernel.shm", "value": "1"}]},
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}},
        ]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "overhead": {"cpu": "10m"}, "resources": {"limits": {"cpu": "2"}}, "priority": 100,
        "priorityClassName": "high", "preemptionPolicy": "Never", "enableServiceLinks": true,
        "imagePullSecrets": [{"name": "registry"}], "resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu-0"}],
    })
}

fn container() -> Value {
    json!({
        "name": "app", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent", "command": ["serve"],
        "args": ["--port", "$(PORT)"], "workingDir": "/srv",
        "env": [
            {"name": "PORT", "value": "8080"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ],
        "envFrom": [{"prefix": "CFG_", "configMapRef": {"name": "settings", "optional": true}}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "claims": [{"name": "gpu"}]},
        "securityContext": {"readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
        "ports": [{"name": "http", "containerPort": 8080, "hostPort": 80, "hostIP": "10.0.0.1", "protocol": "TCP"}],
        "restartPolicy": "Never",
        "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42, 43]}}],
        "livenessProbe": probe(),
        "readinessProbe": {"grpc": {"port": 9090, "service": "ready"}, "periodSeconds": 1},
        "startupProbe": {"tcpSocket": {"port": "http", "host": "localhost"}, "failureThreshold": 30},
        "lifecycle": {
            "postStart": {"exec": {"command": ["warm-up"]}}, "preStop": {"sleep": {"seconds": 5}},
            "stopSignal": "SIGUSR1",
        },
        "terminationMessagePath": "/dev/words", "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "cache", "mountPath": "/cache", "readOnly": true, "subPath": "web"}],
        // What has no name here.
        "stdin": true, "stdinOnce": true, "tty": true, "volumeDevices": [{"name": "data", "devicePath": "/dev/x"}],
        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
    })
}

fn probe() -> Value {
    json!({
        "httpGet": {
            "path": "/healthz", "port": 8080, "host": "127.0.0.1", "scheme": "HTTPS",
            "httpHeaders": [{"name": "X-Probe", "value": "yes"}],
        },
        "initialDelaySeconds": 1, "timeoutSeconds": 2, "periodSeconds": 3, "successThreshold": 1,
        "failureThreshold": 4, "terminationGracePeriodSeconds": 5,
    })
}

/// Its status.
pub(crate) fn status() -> Value {
    json!({
        "observedGeneration": 3, "phase": "Running", "message": "The node was low on memory.", "reason": "Evicted",
        "hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
        "podIP": "10.244.1.7", "podIPs": [{"ip": "10.244.1.7"}, {"ip": "fd01::7"}],
        "startTime": "2026-03-01T12:00:01Z", "qosClass": "Burstable",
        "conditions": [
            {"type": "Ready", "status": "False", "observedGeneration": 3, "reason": "ContainersNotReady",
                "message": "containers with unready status: [app]", "lastProbeTime": "2026-03-01T12:00:02Z",
                "lastTransitionTime": "2026-03-01T12:00:03Z"},
            {"type": "example.com/load-balancer", "status": "True"},
        ],
        "initContainerStatuses": [container_status("setup", &json!({"terminated": terminated()}))],
        "containerStatuses": [container_status("app", &json!({"running": {"startedAt": "2026-03-01T12:00:04Z"}}))],
        "ephemeralContainerStatuses": [
            container_status("debug", &json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}})),
        ],
        // What has no name here.
        "nominatedNodeName": "node-2", "resize": "Deferred",
        "resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "gpu-0"}],
    })
}

fn container_status(name: &str, state: &Value) -> Value {
    json!({
        "name": name, "state": state, "lastState": {"terminated": terminated()}, "ready": true, "restartCount": 2,
        "image": "docker.io/library/nginx:1.27", "imageID": "sha256:1f", "containerID": "containerd://7c", "started": true,
        "allocatedResources": {"cpu": "100m"}, "resources": {"requests": {"cpu": "100m"}},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache", "readOnly": true, "recursiveReadOnly": "Enabled"}],
        "user": {"linux": {"uid": 1000, "gid": 1000, "supplementalGroups": [1000, 2000]}},
        // What has no name here.
        "stopSignal": "SIGTERM", "allocatedResourcesStatus": [{"name": "example.com/gpu", "resources": [{"resourceID": "0"}]}],
    })
}

fn terminated() -> Value {
    json!({
        "exitCode": 137, "signal": 9, "reason": "OOMKilled", "message": "words", "containerID": "containerd://6b",
        "startedAt": "2026-03-01T11:00:00Z", "finishedAt": "2026-03-01T11:30:00Z",
    })
}

/// Parts of a value: without some of its fields, and of theirs, and without the ends of lists. What both sides always
/// write, whatever was written to them, stays.
pub(crate) fn parts_of(whole: Value) -> impl Strategy<Value = Value> {
    proptest::collection::vec(prop::bool::weighted(0.8), 512).prop_map(move |picks| {
        let mut picks = picks.into_iter();
        let mut part = part_of(&whole, &mut picks);
        // A status that says nothing is no status.
        if part["status"] == json!({}) {
            part.as_object_mut().map(|pod| pod.remove("status"));
        }
        part
    })
}

/// Fields that are required, and so written even if empty.
const ALWAYS_WRITTEN: [&str; 28] = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "containers",
    "name",
    "type",
    "status",
    "port",
    "containerPort",
    "mountPath",
    "conditionType",
    "exitCode",
    "ready",
    "restartCount",
    "image",
    "imageID",
    "state",
    "lastState",
    "ip",
    "value",
    "path",
    "key",
    "action",
    "operator",
    "sources",
    "seconds",
    "fieldPath",
];

/// Fields that are kept as they stand, and maps of any names: they are there as a whole, or not at all.
const WHOLE: [&str; 14] = [
    "affinity",
    "allocatedResourcesStatus",
    "annotations",
    "envFrom",
    "imagePullSecrets",
    "labels",
    "persistentVolumeClaim",
    "resizePolicy",
    "resourceClaims",
    "resourceClaimStatuses",
    "tolerations",
    "topologySpreadConstraints",
    "user",
    "volumeDevices",
];

fn part_of(whole: &Value, picks: &mut impl Iterator<Item = bool>) -> Value {
    let mut is_kept = |name: &str| picks.next().unwrap_or(true) || ALWAYS_WRITTEN.contains(&name);
    match whole {
        Value::Object(fields) => {
            let kept: Vec<_> = fields.iter().filter(|(name, _)| is_kept(name)).collect();
            let part = kept.into_iter().map(|(name, value)| {
                let is_whole = WHOLE.contains(&name.as_str());
                (name.clone(), if is_whole { value.clone() } else { part_of(value, picks) })
            });
            Value::Object(part.collect::<Map<_, _>>())
        }
        Value::Array(values) => {
            let kept = values.iter().take_while(|_| is_kept("")).count().max(1);
            Value::Array(values[..kept].iter().map(|value| part_of(value, picks)).collect())
        }
        scalar => scalar.clone(),
    }
}
