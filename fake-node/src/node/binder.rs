//! Binder: a small scheduler for control planes that have none (pkg/scheduler).
//!
//! A Pod goes to the node with the fewest Pods of those that fit: by name, taints, selector and required node affinity,
//! host ports and requests, judged by the kubelet's own [admission]. Affinity between Pods, topology spread constraints,
//! volumes, resource claims and preemption are not considered.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use http::Method;
use kube::Client;
use pod_lifecycle::{
    Clock, SystemClock, Timestamp,
    api::{PodManifest, PodPhase, Taint, Toleration},
    config::{AdmittedPod, NodeInfo},
    rule::admission,
    spec::{PodSpec, SpecError},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{self, Receiver},
    task::JoinHandle,
};

use super::{
    api::{Api, Kind, code},
    metrics::Metrics,
    watch::{PodUpdate, Watcher},
    watched_pod::{Uid, WatchedPod},
};

/// Name of the scheduler whose Pods are bound, and which reports the events.
const SCHEDULER: &str = "default-scheduler";

/// Watch events that may wait.
const UPDATE_BUFFER: usize = 1_000;

/// Delay before Pods that fit nowhere are tried again: a node may have changed, which is not watched.
const RETRY: Duration = Duration::from_secs(1);

/// Builder of a binder, [started](Binder::start) in this process.
///
/// ```
/// use fake_node::{Binder, Node, api_server::ApiServer};
/// use k8s_openapi::api::core::v1::Pod;
/// use kube::{Api, runtime::wait::{await_condition, conditions::is_pod_running}};
/// use serde_json::json;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// let server = ApiServer::new();
/// let _nodes = Node::new(server.client()).replicas("fake-", 3).start().await?;
/// let _binder = Binder::new(server.client()).start();
/// let pods: Api<Pod> = Api::default_namespaced(server.client());
/// pods.create(&Default::default(), &serde_json::from_value(json!({
///     "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}
/// }))?).await?;
/// await_condition(pods, "web", is_pod_running()).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Binder {
    client: Client,
    clock: Arc<dyn Clock + Send + Sync>,
}

/// Running binder, until dropped.
#[must_use = "the binder stops when this is dropped"]
#[derive(Debug)]
pub struct RunningBinder {
    tasks: [JoinHandle<()>; 2],
}

impl fmt::Debug for Binder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binder").finish_non_exhaustive()
    }
}

impl Binder {
    /// Returns a binder with the system's clock, which stamps events and conditions.
    #[must_use]
    pub fn new(client: Client) -> Binder {
        Binder { client, clock: Arc::new(SystemClock) }
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Binder {
        self.clock = Arc::new(clock);
        self
    }

    /// Binds Pods in background tasks.
    pub fn start(self) -> RunningBinder {
        let api = Api { client: self.client };
        let (updates, received) = mpsc::channel(UPDATE_BUFFER);
        let watcher =
            Watcher { api: api.clone(), field_selector: String::new(), metrics: Arc::new(Metrics::default()) };
        let queue =
            Queue { api, clock: self.clock, waiting: BTreeMap::new(), bound: BTreeMap::new(), placed: BTreeMap::new() };
        RunningBinder { tasks: [tokio::spawn(watcher.run(updates)), tokio::spawn(queue.run(received))] }
    }
}

impl Drop for RunningBinder {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Pods that run or wait.
struct Queue {
    api: Api,
    clock: Arc<dyn Clock + Send + Sync>,
    waiting: BTreeMap<Uid, Waiting>,
    /// Pods on nodes.
    bound: BTreeMap<Uid, Placement>,
    /// What the bound Pods take of each node.
    placed: BTreeMap<String, Vec<AdmittedPod>>,
}

/// Node of a Pod, and its name among the Pods there.
struct Placement {
    node: String,
    name: Box<str>,
}

/// Pod without a node.
struct Waiting {
    pod: PodManifest,
    wants: Wants,
    /// Message of the last failure; each is reported once.
    failure: Option<String>,
}

/// Demands of a Pod on its node.
struct Wants {
    all: PodSpec,
    /// The same Pod without requests.
    constraints: PodSpec,
    tolerations: Vec<Toleration>,
}

/// Node as the binder judges by it.
struct Candidate {
    name: String,
    is_unschedulable: bool,
    /// Room and labels; the taints are apart, since admission refuses for `NoExecute` alone.
    info: NodeInfo,
    taints: Vec<Taint>,
}

#[derive(Deserialize)]
struct NodeList {
    items: Vec<NodeObject>,
}

#[derive(Deserialize)]
struct NodeObject {
    metadata: NodeMeta,
    #[serde(default)]
    spec: NodeSpec,
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Deserialize)]
struct NodeMeta {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    unschedulable: bool,
    taints: Vec<Taint>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus {
    allocatable: BTreeMap<String, String>,
}

impl Queue {
    async fn run(mut self, mut updates: Receiver<PodUpdate>) {
        loop {
            let retries = !self.waiting.is_empty();
            tokio::select! {
                update = updates.recv() => match update {
                    Some(update) => self.apply(update),
                    None => return,
                },
                () = tokio::time::sleep(RETRY), if retries => {}
            }
            while let Ok(update) = updates.try_recv() {
                self.apply(update);
            }
            if let Err(error) = self.schedule().await {
                tracing::warn!(%error, "the Pods could not be bound; will be tried again");
            }
        }
    }

    fn apply(&mut self, update: PodUpdate) {
        match update {
            PodUpdate::Listed(pods) => {
                self.waiting.clear();
                self.bound.clear();
                self.placed.clear();
                pods.into_iter().for_each(|pod| self.note(pod));
            }
            PodUpdate::Applied(pod) => self.note(*pod),
            PodUpdate::Deleted(pod) => self.forget(&Uid::from(&*pod.pod.metadata.uid)),
        }
    }

    /// Takes in a Pod as the watch delivers it.
    fn note(&mut self, seen: WatchedPod) {
        let pod = seen.pod;
        let uid = Uid::from(&*pod.metadata.uid);
        let phase = pod.status.phase.as_ref().and_then(|phase| phase.known());
        if phase.is_some_and(PodPhase::is_terminal) {
            self.forget(&uid);
            return;
        }
        let node = pod.spec.node_name.clone();
        if node.is_empty() {
            // An event from before the binding: the watch is behind.
            if self.bound.contains_key(&uid) {
                return;
            }
            if !is_ours(&pod) {
                self.forget(&uid);
                return;
            }
        }
        match Wants::of(&pod) {
            Ok(wants) if node.is_empty() => {
                let failure = self.waiting.remove(&uid).and_then(|waiting| waiting.failure);
                self.waiting.insert(uid, Waiting { pod, wants, failure });
            }
            Ok(wants) => {
                self.forget(&uid);
                self.place(uid, node, admitted(&pod, &wants.all));
            }
            Err(error) => tracing::warn!(pod = %pod.metadata.name, %error, "the Pod cannot be read"),
        }
    }

    /// Records that a Pod takes room of a node.
    fn place(&mut self, uid: Uid, node: String, pod: AdmittedPod) {
        self.bound.insert(uid, Placement { node: node.clone(), name: pod.name.clone() });
        self.placed.entry(node).or_default().push(pod);
    }

    /// Drops a Pod and the room that it takes.
    fn forget(&mut self, uid: &Uid) {
        self.waiting.remove(uid);
        let Some(Placement { node, name }) = self.bound.remove(uid) else { return };
        if let Some(pods) = self.placed.get_mut(&node) {
            pods.retain(|pod| pod.name != name);
        }
    }

    /// Binds every Pod that waits and fits, the oldest and then the first by name first.
    async fn schedule(&mut self) -> kube::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut waiting: Vec<_> = self.waiting.iter().collect();
        waiting.sort_by_key(|(_, it)| (it.pod.metadata.creation_timestamp, &it.pod.metadata.name));
        let waiting: Vec<Uid> = waiting.into_iter().map(|(uid, _)| uid.clone()).collect();
        let mut nodes = self.candidates().await?;
        let bound = self.bind_all(waiting, &mut nodes).await;
        for node in nodes {
            self.placed.insert(node.name, node.info.pods);
        }
        bound
    }

    /// Binds the Pods that fit; the nodes have the Pods that were placed before.
    async fn bind_all(&mut self, waiting: Vec<Uid>, nodes: &mut [Candidate]) -> kube::Result<()> {
        for uid in waiting {
            let Some(mut it) = self.waiting.remove(&uid) else { continue };
            match choose(&it.wants, nodes) {
                Ok(index) => {
                    let Some(node) = nodes.get_mut(index) else { continue };
                    match self.bind(&it.pod, &node.name).await {
                        Ok(()) => {
                            let pod = admitted(&it.pod, &it.wants.all);
                            let name = pod.name.clone();
                            node.info.pods.push(pod);
                            self.bound.insert(uid, Placement { node: node.name.clone(), name });
                        }
                        // Deleted or bound by another scheduler: the watch says which.
                        Err(error) if matches!(code(&error), Some(404 | 409)) => {}
                        Err(error) => {
                            self.waiting.insert(uid, it);
                            return Err(error);
                        }
                    }
                }
                Err(message) => {
                    if it.failure.as_ref() != Some(&message) {
                        self.report_failure(&it.pod, &message).await;
                        it.failure = Some(message);
                    }
                    self.waiting.insert(uid, it);
                }
            }
        }
        Ok(())
    }

    /// Returns the nodes with the Pods that they have, which are moved into them.
    async fn candidates(&mut self) -> kube::Result<Vec<Candidate>> {
        let list: NodeList = self.api.get("/api/v1/nodes").await?;
        let mut nodes: Vec<Candidate> = list.items.into_iter().map(Candidate::of).collect();
        for node in &mut nodes {
            node.info.pods = self.placed.remove(&node.name).unwrap_or_default();
        }
        Ok(nodes)
    }

    /// Answers to `DefaultBinder.Bind`.
    async fn bind(&self, pod: &PodManifest, node: &str) -> kube::Result<()> {
        let meta = &pod.metadata;
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        let path = format!("/api/v1/namespaces/{}/pods/{}/binding", meta.namespace, meta.name);
        let _: IgnoredAny = self.api.send(Method::POST, &path, Kind::Json, &binding).await?;
        let message = format!("Successfully assigned {}/{} to {node}", meta.namespace, meta.name);
        self.record(pod, "Normal", "Scheduled", &message).await;
        Ok(())
    }

    /// Sets the condition `PodScheduled` and records the event.
    ///
    /// Answers to `handleSchedulingFailure`.
    async fn report_failure(&self, pod: &PodManifest, message: &str) {
        let meta = &pod.metadata;
        let patch = json!({"status": {"conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastProbeTime": Value::Null, "lastTransitionTime": self.now(),
        }]}});
        let path = format!("/api/v1/namespaces/{}/pods/{}/status", meta.namespace, meta.name);
        if let Err(error) = self.api.send::<IgnoredAny>(Method::PATCH, &path, Kind::Strategic, &patch).await {
            tracing::debug!(%error, pod = %meta.name, "condition not written");
        }
        self.record(pod, "Warning", "FailedScheduling", message).await;
    }

    async fn record(&self, pod: &PodManifest, kind: &str, reason: &str, message: &str) {
        let (meta, now) = (&pod.metadata, self.now());
        let event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"generateName": format!("{}-", meta.name), "namespace": meta.namespace},
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "name": meta.name, "namespace": meta.namespace, "uid": meta.uid,
            },
            "type": kind, "reason": reason, "message": message, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": SCHEDULER}, "reportingComponent": SCHEDULER, "reportingInstance": "",
        });
        let path = format!("/api/v1/namespaces/{}/events", meta.namespace);
        if let Err(error) = self.api.send::<IgnoredAny>(Method::POST, &path, Kind::Json, &event).await {
            tracing::debug!(%error, pod = %meta.name, "event not recorded");
        }
    }

    /// Returns the time in whole seconds, as `metav1.Time` has it.
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.clock.now().unix_seconds())
    }
}

impl Wants {
    fn of(pod: &PodManifest) -> Result<Wants, SpecError> {
        let mut pod = pod.clone();
        let tolerations = pod.spec.other.get("tolerations").cloned().unwrap_or_default();
        let tolerations = serde_json::from_value::<Option<_>>(tolerations).ok().flatten().unwrap_or_default();
        // Of a critical Pod admission returns what to preempt; a binder without preemption needs the reason.
        pod.spec.other.remove("priority");
        let all = PodSpec::from_admitted(&pod)?;
        for container in pod.spec.containers.iter_mut().chain(&mut pod.spec.init_containers) {
            container.resources = Default::default();
        }
        pod.spec.other.remove("resources");
        pod.spec.other.remove("overhead");
        Ok(Wants { all, constraints: PodSpec::from_admitted(&pod)?, tolerations })
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    }
}

impl Candidate {
    fn of(node: NodeObject) -> Candidate {
        let mut info = NodeInfo::default();
        let amounts = node.status.allocatable.into_iter();
        info.allocatable = amounts.filter_map(|(name, amount)| Some((name, amount.parse().ok()?))).collect();
        info.labels = node.metadata.labels;
        Candidate {
            name: node.metadata.name,
            is_unschedulable: node.spec.unschedulable,
            info,
            taints: node.spec.taints,
        }
    }

    /// Returns why a Pod cannot run here, in the scheduler's words and the order of its filters.
    fn unfit(&self, pod: &Wants) -> Option<String> {
        let unschedulable = Taint::new("node.kubernetes.io/unschedulable", "", "NoSchedule");
        if self.is_unschedulable && !pod.tolerates(&unschedulable) {
            return Some("node(s) were unschedulable".into());
        }
        let is_hard = |taint: &&Taint| matches!(&*taint.effect, "NoSchedule" | "NoExecute");
        if self.taints.iter().filter(is_hard).any(|taint| !pod.tolerates(taint)) {
            return Some("node(s) had untolerated taint(s)".into());
        }
        let refused = admission::admit(&pod.all, &self.name, &self.info).err()?;
        // Selector, affinity and ports come before room.
        let mut roomy = self.info.clone();
        roomy.allocatable = "1E".parse().ok().map(|most| ("pods".into(), most)).into_iter().collect();
        let rejected = admission::admit(&pod.constraints, &self.name, &roomy).err().unwrap_or(refused);
        Some(match &*rejected.reason {
            "OutOfpods" => "Too many pods".into(),
            "NodeAffinity" => "node(s) didn't match Pod's node affinity/selector".into(),
            "NodePorts" => "node(s) didn't have free ports for the requested pod ports".into(),
            reason => match reason.strip_prefix("OutOf") {
                Some(resource) => format!("Insufficient {resource}"),
                None => rejected.message.into(),
            },
        })
    }

    /// Returns the number of taints that a Pod had better avoid.
    fn avoidable(&self, pod: &Wants) -> usize {
        self.taints.iter().filter(|taint| taint.effect == "PreferNoSchedule" && !pod.tolerates(taint)).count()
    }
}

/// Returns the index of the node with the fewest Pods of those that fit.
///
/// # Errors
///
/// The scheduler's message: how many nodes are unfit for which reason (`FitError.Error`).
fn choose(pod: &Wants, nodes: &[Candidate]) -> Result<usize, String> {
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".into());
    }
    // The best of those that fit is the first that fits in the order of preference.
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|index| nodes.get(*index).map(|node| (node.avoidable(pod), node.info.pods.len(), &node.name)));
    let mut reasons = BTreeMap::<String, usize>::new();
    for index in order {
        match nodes.get(index).map(|node| node.unfit(pod)) {
            Some(Some(reason)) => {
                let count = reasons.entry(reason).or_default();
                *count = count.saturating_add(1);
            }
            Some(None) => return Ok(index),
            None => {}
        }
    }
    // Sorted as text, as in Go, so 10 comes before 2.
    let mut reasons: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    reasons.sort();
    Err(format!("0/{} nodes are available: {}.", nodes.len(), reasons.join(", ")))
}

/// True if the Pod waits for this scheduler.
fn is_ours(pod: &PodManifest) -> bool {
    let scheduler = pod.spec.other.get("schedulerName").and_then(Value::as_str).unwrap_or(SCHEDULER);
    scheduler == SCHEDULER && pod.spec.scheduling_gates.is_empty() && pod.metadata.deletion_timestamp.is_none()
}

/// Returns what a Pod takes of its node; names are unique only within a namespace.
fn admitted(pod: &PodManifest, spec: &PodSpec) -> AdmittedPod {
    let mut admitted = AdmittedPod::of(spec);
    admitted.name = format!("{}/{}", pod.metadata.namespace, pod.metadata.name).into();
    admitted
}
