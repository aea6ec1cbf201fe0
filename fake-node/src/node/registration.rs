//! Node objects and their leases: <https://kubernetes.io/docs/concepts/architecture/nodes/>.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use http::Method;
use pod_lifecycle::{
    Clock, Timestamp,
    config::{FeatureGate, KubernetesVersion},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    api::{Api, Kind, code},
    metrics::Metrics,
    node_info::NodeInfo,
    settings::Settings,
};

/// Lease duration in seconds.
const LEASE_SECONDS: u64 = 40;

/// Seconds without a renewal after which the control plane may have marked the node lost.
const LOST_SECONDS: u64 = 15;

/// Seconds between lease renewals.
const RENEWAL_SECONDS: u64 = 10;

/// Seconds between node status updates without a change.
const REPORT_SECONDS: u64 = 300;

/// Most requests in flight while registering or renewing.
const AT_ONCE: usize = 16;

/// `status.declaredFeatures`, sorted as the API server demands.
const DECLARED_FEATURES: &[&str] = &["GuaranteedQoSPodCPUResize", "RestartAllContainersOnContainerExits"];

/// Registers nodes and renews their leases.
pub(super) struct Registration {
    pub(super) api: Api,
    pub(super) settings: Arc<Settings>,
    pub(super) nodes_info: Vec<Arc<NodeInfo>>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) metrics: Arc<Metrics>,
}

impl Registration {
    /// Registers all nodes; retries failures that may pass.
    pub(super) async fn register_all(&self) -> kube::Result<()> {
        let mut delay = Duration::from_millis(500);
        let mut left: Vec<&Arc<NodeInfo>> = self.nodes_info.iter().collect();
        loop {
            let results = join_all(left.iter().map(|node_info| self.register(node_info))).await;
            let tried = std::mem::take(&mut left);
            for (node_info, result) in tried.into_iter().zip(results) {
                match result {
                    Ok(()) => self.metrics.nodes.add(1),
                    Err(error) if code(&error).is_some_and(|code| matches!(code, 400 | 401 | 403 | 422)) => {
                        return Err(error);
                    }
                    Err(error) => {
                        tracing::warn!(node = node_info.name, %error, "registration failed; will be retried");
                        left.push(node_info);
                    }
                }
            }
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(delay).await;
            delay = delay.saturating_mul(2).min(Duration::from_secs(10));
        }
    }

    /// Renews each lease when it is due, until `stop`.
    pub(super) async fn keep_alive(self, mut stop: watch::Receiver<bool>) {
        let mut second: u64 = 0;
        let mut unrenewed: BTreeSet<u32> = BTreeSet::new();
        let mut last_good = self.clock.now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            second = second.wrapping_add(1);
            let lapsed = self.clock.now().since(last_good) > Duration::from_secs(LOST_SECONDS);
            let due: BTreeSet<u32> = self.due(second, RENEWAL_SECONDS).map(|node_info| node_info.number).collect();
            // A failed renewal is repeated in the next second, before the node counts as lost.
            let due: Vec<&Arc<NodeInfo>> = self
                .nodes_info
                .iter()
                .filter(|it| due.contains(&it.number) || unrenewed.contains(&it.number))
                .collect();
            let renewed = join_all(due.iter().map(|node_info| self.renew(node_info))).await;
            let failed = due.iter().zip(&renewed).filter(|(_, is_good)| !**is_good);
            unrenewed = failed.map(|(node_info, _)| node_info.number).collect();
            let is_good = !renewed.is_empty() && unrenewed.is_empty();
            if is_good {
                last_good = self.clock.now();
            }
            // The control plane may have marked the nodes lost: they are reported ready again.
            let period = if lapsed && is_good { 1 } else { REPORT_SECONDS };
            join_all(self.due(second, period).map(|node_info| self.report(node_info))).await;
        }
    }

    /// Returns the nodes to renew in this second.
    fn due(&self, second: u64, period: u64) -> impl Iterator<Item = &NodeInfo> {
        let is_due =
            move |node_info: &&Arc<NodeInfo>| second.wrapping_add(node_info.number.into()).is_multiple_of(period);
        self.nodes_info.iter().filter(is_due).map(|node_info| &**node_info)
    }

    async fn register(&self, node_info: &NodeInfo) -> kube::Result<()> {
        let node = self.node(node_info);
        let stored: Value = match self.api.send(Method::POST, "/api/v1/nodes", Kind::Json, &node).await {
            Err(error) if code(&error) == Some(409) => self.update(node_info).await?,
            other => other?,
        };
        let uid = stored.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.create_lease(node_info, uid).await
    }

    /// Updates labels and status of a node that exists.
    async fn update(&self, node_info: &NodeInfo) -> kube::Result<Value> {
        let path = format!("/api/v1/nodes/{}", node_info.name);
        let labels = json!({"metadata": {"labels": node_info.labels}});
        let stored: Value = self.api.send(Method::PATCH, &path, Kind::Strategic, &labels).await?;
        self.patch_status(node_info, &stored).await?;
        Ok(stored)
    }

    /// Writes the node status.
    async fn report(&self, node_info: &NodeInfo) {
        let path = format!("/api/v1/nodes/{}", node_info.name);
        let result = match self.api.get::<Value>(&path).await {
            Ok(stored) => self.patch_status(node_info, &stored).await,
            Err(error) if code(&error) == Some(404) => self.register(node_info).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::warn!(node = node_info.name, %error, "node status not written");
        }
    }

    async fn patch_status(&self, node_info: &NodeInfo, stored: &Value) -> kube::Result<()> {
        let mut status = self.status(node_info);
        keep_transition_times(&mut status, stored);
        let path = format!("/api/v1/nodes/{}/status", node_info.name);
        let patch = json!({"status": status});
        self.api.send::<IgnoredAny>(Method::PATCH, &path, Kind::Strategic, &patch).await.map(|_| ())
    }

    async fn create_lease(&self, node_info: &NodeInfo, node_uid: &str) -> kube::Result<()> {
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": node_info.name, "uid": node_uid});
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": node_info.name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
            "spec": self.lease(node_info),
        });
        match self.api.send::<IgnoredAny>(Method::POST, LEASES, Kind::Json, &lease).await {
            Err(error) if code(&error) == Some(409) => self.patch_lease(node_info).await,
            other => other.map(|_| ()),
        }
    }

    async fn renew(&self, node_info: &NodeInfo) -> bool {
        let result = match self.patch_lease(node_info).await {
            Err(error) if code(&error) == Some(404) => self.register(node_info).await,
            other => other,
        };
        match result {
            Ok(()) => self.metrics.lease_renewals.add(1),
            Err(ref error) => {
                self.metrics.lease_failures.add(1);
                tracing::warn!(node = node_info.name, %error, "lease not renewed");
            }
        }
        result.is_ok()
    }

    async fn patch_lease(&self, node_info: &NodeInfo) -> kube::Result<()> {
        let (path, patch) = (format!("{LEASES}/{}", node_info.name), json!({"spec": self.lease(node_info)}));
        self.api.send::<IgnoredAny>(Method::PATCH, &path, Kind::Merge, &patch).await.map(|_| ())
    }

    fn lease(&self, node_info: &NodeInfo) -> Value {
        let now = micro_time(self.clock.now());
        json!({"holderIdentity": node_info.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now})
    }

    fn node(&self, node_info: &NodeInfo) -> Value {
        let cidr = node_info.pod_addresses.cidr();
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": node_info.name, "labels": node_info.labels, "annotations": self.settings.annotations},
            "spec": {"podCIDR": cidr, "podCIDRs": [cidr], "taints": self.settings.taints},
            "status": self.status(node_info),
        })
    }

    fn status(&self, node_info: &NodeInfo) -> Value {
        let capacity = self.settings.capacity();
        let kubernetes = node_info.config.kubernetes;
        let declares = kubernetes.is_enabled(FeatureGate::NodeDeclaredFeatures);
        json!({
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": conditions(self.clock.now()),
            "addresses": [
                {"type": "InternalIP", "address": node_info.address.to_string()},
                {"type": "Hostname", "address": node_info.name},
            ],
            "declaredFeatures": if declares { DECLARED_FEATURES } else { &[] },
            "nodeInfo": {
                "machineID": node_info.name, "systemUUID": node_info.name, "bootID": node_info.name,
                "kernelVersion": "fake", "osImage": "fake", "operatingSystem": "linux", "architecture": "amd64",
                "containerRuntimeVersion": concat!("fake://", env!("CARGO_PKG_VERSION")),
                "kubeletVersion": kubelet_version(kubernetes.version()), "kubeProxyVersion": "",
            },
        })
    }
}

/// Returns the version that a kubelet reports: with the patch whose lives were recorded, `0` where none were.
fn kubelet_version(version: KubernetesVersion) -> String {
    let patch = match version {
        KubernetesVersion::V1_32 => 6,
        KubernetesVersion::V1_33 | KubernetesVersion::V1_35 | KubernetesVersion::V1_36 => 2,
        KubernetesVersion::V1_34 => 1,
        // None were recorded of these.
        KubernetesVersion::V1_37 | KubernetesVersion::V1_38 | _ => 0,
    };
    format!("v{version}.{patch}")
}

/// Awaits all, [`AT_ONCE`] at a time; results keep their order.
async fn join_all<F: Future>(requests: impl Iterator<Item = F>) -> Vec<F::Output> {
    let requests: Vec<F> = requests.collect();
    stream::iter(requests).buffered(AT_ONCE).collect().await
}

/// Path of the node leases.
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/// Returns the conditions of a healthy node.
fn conditions(now: Timestamp) -> Vec<Value> {
    let all = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    let condition = |(kind, status, reason, message)| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    all.into_iter().map(condition).collect()
}

/// Keeps the transition time of conditions that did not change.
fn keep_transition_times(status: &mut Value, stored: &Value) {
    let former = stored.pointer("/status/conditions").and_then(Value::as_array);
    let new = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in new.into_iter().flatten() {
        let same = |it: &&Value| it.get("type") == condition.get("type") && it.get("status") == condition.get("status");
        let since = former.into_iter().flatten().find(same).and_then(|it| it.get("lastTransitionTime")).cloned();
        if let Some((fields, since)) = condition.as_object_mut().zip(since) {
            fields.insert("lastTransitionTime".into(), since);
        }
    }
}

/// Formats a `v1.MicroTime`: always six digits.
fn micro_time(at: Timestamp) -> String {
    let whole = at.whole_seconds();
    let micros = at.since(whole).subsec_micros();
    format!("{}.{micros:06}Z", whole.to_string().trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_has_six_digits_of_a_second() {
        let at: Timestamp = "2026-03-01T12:00:00.05Z".parse().unwrap();
        assert_eq!(micro_time(at), "2026-03-01T12:00:00.050000Z");
    }

    #[test]
    fn an_unchanged_condition_keeps_its_transition_time() {
        let stored = json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"},
            {"type": "DiskPressure", "status": "Unknown", "lastTransitionTime": "2020-01-01T00:00:00Z"},
        ]}});
        let now = Timestamp::UNIX_EPOCH;
        let mut status = json!({"conditions": conditions(now)});
        keep_transition_times(&mut status, &stored);
        let since: Vec<_> =
            status["conditions"].as_array().unwrap().iter().map(|it| &it["lastTransitionTime"]).collect();
        let epoch = json!(now);
        assert_eq!(since, [&epoch, &epoch, &epoch, &json!("2020-01-01T00:00:00Z")]);
    }
}
