//! Node objects and their leases: <https://kubernetes.io/docs/concepts/architecture/nodes/>.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use http::Method;
use pod_lifecycle::{Clock, Timestamp};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    api::{Api, Kind, code},
    metrics::Metrics,
    place::Place,
    settings::Settings,
};

/// How long a lease holds, in seconds.
const LEASE_SECONDS: u64 = 40;

/// After how many seconds without a renewal a node may have been taken for lost.
const LOST_SECONDS: u64 = 15;

/// How often a lease is renewed, in seconds.
const RENEWAL_SECONDS: u64 = 10;

/// How often a node says how it is, whether or not that has changed, in seconds.
const REPORT_SECONDS: u64 = 300;

/// How many nodes are registered or renewed at once.
const AT_ONCE: usize = 16;

/// What a node can do that a scheduler has to know, in the order that the API server demands.
const DECLARED_FEATURES: &[&str] = &["GuaranteedQoSPodCPUResize", "RestartAllContainersOnContainerExits"];

/// The Kubernetes release whose kubelet the nodes are like.
const KUBELET_VERSION: &str = "v1.36.2";

/// Registers nodes, and keeps them so.
pub(super) struct Registration {
    pub(super) api: Api,
    pub(super) settings: Arc<Settings>,
    pub(super) places: Vec<Arc<Place>>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) metrics: Arc<Metrics>,
}

impl Registration {
    /// Registers all nodes; what fails is tried again, unless it cannot succeed.
    pub(super) async fn register_all(&self) -> kube::Result<()> {
        let mut delay = Duration::from_millis(500);
        let mut left: Vec<&Arc<Place>> = self.places.iter().collect();
        loop {
            let results = at_once(left.iter().map(|place| self.register(place))).await;
            let tried = std::mem::take(&mut left);
            for (place, result) in tried.into_iter().zip(results) {
                match result {
                    Ok(()) => self.metrics.nodes.add(1),
                    Err(error) if code(&error).is_some_and(|code| matches!(code, 400 | 401 | 403 | 422)) => {
                        return Err(error);
                    }
                    Err(error) => {
                        tracing::warn!(node = place.name, %error, "the node is not registered yet");
                        left.push(place);
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

    /// Renews the leases, each when it is due, until told to stop.
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
            let due: BTreeSet<u32> = self.due(second, RENEWAL_SECONDS).map(|place| place.number).collect();
            // What failed does not wait for its next turn: it would be taken for lost.
            let due: Vec<&Arc<Place>> =
                self.places.iter().filter(|it| due.contains(&it.number) || unrenewed.contains(&it.number)).collect();
            let renewed = at_once(due.iter().map(|place| self.renew(place))).await;
            let failed = due.iter().zip(&renewed).filter(|(_, is_good)| !**is_good);
            unrenewed = failed.map(|(place, _)| place.number).collect();
            let is_good = !renewed.is_empty() && unrenewed.is_empty();
            if is_good {
                last_good = self.clock.now();
            }
            // A node that was lost is told to be well again.
            let period = if lapsed && is_good { 1 } else { REPORT_SECONDS };
            at_once(self.due(second, period).map(|place| self.report(place))).await;
        }
    }

    /// The nodes whose turn it is in this second.
    fn due(&self, second: u64, period: u64) -> impl Iterator<Item = &Place> {
        let is_due = move |place: &&Arc<Place>| second.wrapping_add(place.number.into()).is_multiple_of(period);
        self.places.iter().filter(is_due).map(|place| &**place)
    }

    async fn register(&self, place: &Place) -> kube::Result<()> {
        let node = self.node(place);
        let stored: Value = match self.api.send(Method::POST, "/api/v1/nodes", Kind::Json, &node).await {
            Err(error) if code(&error) == Some(409) => self.register_again(place).await?,
            other => other?,
        };
        let uid = stored.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.take_lease(place, uid).await
    }

    /// The node is there already: labels and status are brought up to date.
    async fn register_again(&self, place: &Place) -> kube::Result<Value> {
        let path = format!("/api/v1/nodes/{}", place.name);
        let labels = json!({"metadata": {"labels": place.labels}});
        let stored: Value = self.api.send(Method::PATCH, &path, Kind::Strategic, &labels).await?;
        self.report_over(place, &stored).await?;
        Ok(stored)
    }

    /// Says how the node is.
    async fn report(&self, place: &Place) {
        let path = format!("/api/v1/nodes/{}", place.name);
        let result = match self.api.get::<Value>(&path).await {
            Ok(stored) => self.report_over(place, &stored).await,
            Err(error) if code(&error) == Some(404) => self.register(place).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::warn!(node = place.name, %error, "the node could not say how it is");
        }
    }

    async fn report_over(&self, place: &Place, stored: &Value) -> kube::Result<()> {
        let mut status = self.status(place);
        keep_transition_times(&mut status, stored);
        let path = format!("/api/v1/nodes/{}/status", place.name);
        let patch = json!({"status": status});
        self.api.send::<IgnoredAny>(Method::PATCH, &path, Kind::Strategic, &patch).await.map(|_| ())
    }

    async fn take_lease(&self, place: &Place, node_uid: &str) -> kube::Result<()> {
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": place.name, "uid": node_uid});
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": place.name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
            "spec": self.lease(place),
        });
        match self.api.send::<IgnoredAny>(Method::POST, LEASES, Kind::Json, &lease).await {
            Err(error) if code(&error) == Some(409) => self.patch_lease(place).await,
            other => other.map(|_| ()),
        }
    }

    async fn renew(&self, place: &Place) -> bool {
        let result = match self.patch_lease(place).await {
            Err(error) if code(&error) == Some(404) => self.register(place).await,
            other => other,
        };
        match result {
            Ok(()) => self.metrics.lease_renewals.add(1),
            Err(ref error) => {
                self.metrics.lease_failures.add(1);
                tracing::warn!(node = place.name, %error, "the lease is not renewed");
            }
        }
        result.is_ok()
    }

    async fn patch_lease(&self, place: &Place) -> kube::Result<()> {
        let (path, patch) = (format!("{LEASES}/{}", place.name), json!({"spec": self.lease(place)}));
        self.api.send::<IgnoredAny>(Method::PATCH, &path, Kind::Merge, &patch).await.map(|_| ())
    }

    fn lease(&self, place: &Place) -> Value {
        let now = micro_time(self.clock.now());
        json!({"holderIdentity": place.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now})
    }

    fn node(&self, place: &Place) -> Value {
        let cidr = place.pod_addresses.cidr();
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": place.name, "labels": place.labels, "annotations": self.settings.annotations},
            "spec": {"podCIDR": cidr, "podCIDRs": [cidr], "taints": self.settings.taints},
            "status": self.status(place),
        })
    }

    fn status(&self, place: &Place) -> Value {
        let capacity = self.settings.capacity();
        json!({
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": conditions(self.clock.now()),
            "addresses": [
                {"type": "InternalIP", "address": place.address.to_string()},
                {"type": "Hostname", "address": place.name},
            ],
            "declaredFeatures": DECLARED_FEATURES,
            "nodeInfo": {
                "machineID": place.name, "systemUUID": place.name, "bootID": place.name,
                "kernelVersion": "fake", "osImage": "fake", "operatingSystem": "linux", "architecture": "amd64",
                "containerRuntimeVersion": concat!("fake://", env!("CARGO_PKG_VERSION")),
                "kubeletVersion": KUBELET_VERSION, "kubeProxyVersion": "",
            },
        })
    }
}

/// Waits for all, some at a time; the results are in order.
async fn at_once<F: Future>(requests: impl Iterator<Item = F>) -> Vec<F::Output> {
    let requests: Vec<F> = requests.collect();
    stream::iter(requests).buffered(AT_ONCE).collect().await
}

/// Where the leases of nodes are.
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/// The conditions of a node that is well.
fn conditions(now: Timestamp) -> Vec<Value> {
    let told = [
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
    told.into_iter().map(condition).collect()
}

/// A condition that is as it was has been so since then.
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

/// `v1.MicroTime`: six digits, always.
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
    fn a_condition_that_is_as_it_was_keeps_its_time() {
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
