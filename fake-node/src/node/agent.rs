//! Event loop of the process: watch events and timers in, status writes out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{Hash, Hasher},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use pod_lifecycle::{
    Clock, Timers, Timestamp,
    api::ResourceList,
    config::AdmittedPod,
    spec::{ContainerIndex, PodSpec},
};
use tokio::{
    sync::{mpsc::Receiver, watch},
    task::JoinSet,
};

use super::{
    admitter::Admitter,
    api::{Api, Written, code},
    events::Events,
    interpreter::{ObjectReader, Objects},
    managed_pod::ManagedPod,
    metrics::Metrics,
    node_info::{Addresses, NodeInfo},
    stable_hash::StableHasher,
    watch::PodUpdate,
    watched_pod::{Uid, WatchedPod},
};

/// Longest wait for writes in flight when the process stops.
const LAST_WRITES: Duration = Duration::from_millis(700);

/// All Pods of all nodes of the process.
pub(super) struct Agent {
    api: Api,
    clock: Arc<dyn Clock + Send + Sync>,
    metrics: Arc<Metrics>,
    admitter: Admitter,
    nodes: BTreeMap<String, NodeState>,
    // Boxed: a B-tree of large values would be half empty.
    pods: BTreeMap<Uid, Box<ManagedPod>>,
    timers: Timers<Uid>,
    /// Pods with a write waiting, first come first served.
    write_queue: VecDeque<Uid>,
    writes: JoinSet<(Uid, Written)>,
    /// Objects that containers name, being read.
    reads: JoinSet<(Uid, ContainerIndex, Objects)>,
    reader: ObjectReader,
    /// Most writes in flight at one time.
    concurrency: usize,
    events: Events,
}

/// One node with its Pods.
struct NodeState {
    node_info: Arc<NodeInfo>,
    addresses: Addresses,
    /// Requests of each Pod; equal ones are shared.
    pods: BTreeMap<Uid, Arc<ResourceList>>,
}

impl Agent {
    pub(super) fn new(
        api: Api,
        clock: Arc<dyn Clock + Send + Sync>,
        metrics: Arc<Metrics>,
        admitter: Admitter,
        nodes_info: &[Arc<NodeInfo>],
        concurrency: usize,
    ) -> Agent {
        let node_state = |node_info: &Arc<NodeInfo>| NodeState {
            node_info: node_info.clone(),
            addresses: Addresses::new(node_info.pod_addresses),
            pods: BTreeMap::new(),
        };
        Agent {
            events: Events::start(&api, &metrics, nodes_info.len()),
            nodes: nodes_info.iter().map(|node_info| (node_info.name.clone(), node_state(node_info))).collect(),
            pods: BTreeMap::new(),
            timers: Timers::new(),
            write_queue: VecDeque::new(),
            writes: JoinSet::new(),
            reads: JoinSet::new(),
            reader: ObjectReader::new(api.clone()),
            concurrency,
            api,
            clock,
            metrics,
            admitter,
        }
    }

    /// Runs until `stop`, then waits a moment for writes in flight.
    pub(super) async fn run(mut self, mut updates: Receiver<PodUpdate>, mut stop: watch::Receiver<bool>) {
        loop {
            let now = self.clock.now();
            let due = self.timers.next().map(|at| at.since(now));
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(written) = self.writes.join_next(), if !self.writes.is_empty() => {
                    if let Ok((uid, written)) = written {
                        self.handle_written(&uid, written);
                    }
                }
                Some(read) = self.reads.join_next(), if !self.reads.is_empty() => {
                    if let Ok((uid, container, objects)) = read {
                        self.handle_objects(&uid, container, &objects);
                    }
                }
                update = updates.recv() => match update {
                    Some(update) => self.handle_update(update),
                    None => break,
                },
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => self.handle_timers(),
            }
        }
        let last_writes = async {
            while let Some(written) = self.writes.join_next().await {
                if let Ok((uid, written)) = written {
                    self.handle_written(&uid, written);
                }
            }
        };
        if tokio::time::timeout(LAST_WRITES, last_writes).await.is_err() {
            tracing::warn!("stopped before every status was written");
        }
    }

    fn handle_update(&mut self, updates: PodUpdate) {
        match updates {
            PodUpdate::Applied(seen) => self.handle_applied(*seen),
            PodUpdate::Deleted(seen) => self.handle_deleted(&Uid::from(&*seen.pod.metadata.uid)),
            PodUpdate::Listed(pods) => {
                let listed: BTreeSet<&str> = pods.iter().map(|seen| &*seen.pod.metadata.uid).collect();
                let gone: Vec<Uid> = self.pods.keys().filter(|uid| !listed.contains(&***uid)).cloned().collect();
                for uid in gone {
                    self.handle_deleted(&uid);
                }
                for seen in pods {
                    self.handle_applied(seen);
                }
            }
        }
    }

    fn handle_applied(&mut self, seen: WatchedPod) {
        let (now, uid) = (self.clock.now(), Uid::from(&*seen.pod.metadata.uid));
        match self.pods.get_mut(&uid) {
            Some(managed) => managed.observe(now, &seen),
            None => self.begin(&uid, seen, now),
        }
        self.after_change(&uid);
    }

    fn handle_deleted(&mut self, uid: &Uid) {
        if let Some(managed) = self.pods.get_mut(uid) {
            managed.remove(self.clock.now());
        }
        self.after_change(uid);
    }

    fn handle_timers(&mut self) {
        let now = self.clock.now();
        while let Some(uid) = self.timers.pop_due(now) {
            if let Some(managed) = self.pods.get_mut(&uid) {
                managed.wake(now);
            }
            self.after_change(&uid);
        }
    }

    /// Creates a container with the objects that it names.
    fn handle_objects(&mut self, uid: &Uid, container: ContainerIndex, objects: &Objects) {
        if let Some(managed) = self.pods.get_mut(uid) {
            managed.create(container, objects, self.clock.now());
        }
        self.after_change(uid);
    }

    fn begin(&mut self, uid: &Uid, seen: WatchedPod, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&seen.pod.spec.node_name) else { return };
        let ip = node.address_for(&seen);
        let admitted = self.admitter.begin(seen, &node.node_info, node.admitted(&self.pods), ip, now);
        let is_addressed = admitted.as_ref().is_ok_and(|managed| managed.ip().is_some());
        if let Some(ip) = ip.filter(|_| !is_addressed) {
            node.addresses.release(ip);
        }
        let managed = match admitted {
            Ok(managed) => managed,
            Err(error) => {
                tracing::error!(%uid, %error, "Pod ignored: its object is invalid");
                return;
            }
        };
        node.add_requests(uid, managed.spec().requests());
        self.metrics.pods.add(1);
        self.pods.insert(uid.clone(), Box::new(managed));
    }

    /// Handles the result of a write.
    fn handle_written(&mut self, uid: &Uid, written: Written) {
        let now = self.clock.now();
        let Some(managed) = self.pods.get_mut(uid) else { return };
        match written {
            Written::Stored(seen) => {
                managed.writes.succeed();
                managed.observe(now, &seen);
            }
            Written::Conflict(seen) => {
                managed.observe(now, &seen);
                managed.writes.retry(now, None);
                self.metrics.status_writes_retried.add(1);
            }
            Written::Deleted => {
                managed.writes.succeed();
                self.metrics.pods_deleted.add(1);
            }
            // The watch reports the removal.
            Written::Gone => managed.writes.stop(),
            Written::Later(after, error) => {
                match code(&error) {
                    Some(401 | 403) => {
                        tracing::warn!(pod = managed.name(), %error, "status write failed; will be retried")
                    }
                    _ => tracing::debug!(pod = managed.name(), %error, "status write failed; will be retried"),
                }
                managed.writes.retry(now, after);
                self.metrics.status_writes_retried.add(1);
            }
            Written::Refused(error) => {
                tracing::error!(pod = managed.name(), %error, "status write refused");
                managed.writes.succeed();
                self.metrics.status_writes_refused.add(1);
            }
        }
        self.after_change(uid);
    }

    /// Records the events of a Pod that changed, queues its next write and sets its timer.
    fn after_change(&mut self, uid: &Uid) {
        let Some(managed) = self.pods.get_mut(uid) else { return };
        for event in managed.take_events() {
            self.events.send(&managed.node_info, managed.spec(), event);
        }
        for (container, wanted) in managed.take_wanted() {
            let (reader, uid) = (self.reader.clone(), uid.clone());
            self.reads.spawn(async move { (uid, container, reader.read(wanted).await) });
        }
        if managed.is_over() {
            self.forget(uid);
        } else {
            if managed.writes.enqueue() {
                self.write_queue.push_back(uid.clone());
            }
            self.timers.set(uid.clone(), managed.next());
        }
        self.write_queued();
    }

    /// Starts queued writes up to the limit; each sends what is newest when its turn comes.
    fn write_queued(&mut self) {
        while self.writes.len() < self.concurrency
            && let Some(uid) = self.write_queue.pop_front()
        {
            self.write(&uid);
        }
        if self.writes.is_empty() {
            self.events.resume();
        }
    }

    fn write(&mut self, uid: &Uid) {
        let Some(managed) = self.pods.get_mut(uid) else { return };
        managed.writes.dequeue();
        if !managed.writes.may_send() {
            return;
        }
        let (api, uid) = (self.api.clone(), uid.clone());
        let (namespace, name) = (managed.spec().namespace().to_owned(), managed.spec().name().to_owned());
        if std::mem::take(&mut managed.writes.is_wanted)
            && let Some(patch) = managed.patch()
        {
            let mut hasher = StableHasher::default();
            patch.hash(&mut hasher);
            if managed.writes.is_repeated(hasher.finish(), managed.kept.version) {
                // The last write did not have its whole effect: repeated only with back-off.
                self.metrics.status_writes_ineffective.add(1);
                managed.writes.retry(self.clock.now(), None);
                self.timers.set(uid, managed.next());
                return;
            }
            managed.writes.begin();
            self.metrics.status_writes.add(1);
            self.events.hold();
            self.writes.spawn(async move {
                let written = api.patch_status(&namespace, &name, &patch).await;
                (uid, written)
            });
        } else if std::mem::take(&mut managed.writes.wants_deletion) {
            managed.writes.begin_deletion();
            self.writes.spawn(async move {
                let written = api.delete_pod(&namespace, &name, &uid).await;
                (uid, written)
            });
        }
    }

    fn forget(&mut self, uid: &Uid) {
        let Some(managed) = self.pods.remove(uid) else { return };
        self.timers.set(uid.clone(), None);
        self.metrics.pods.add(-1);
        if let Some(node) = self.nodes.get_mut(&managed.node_info.name) {
            node.pods.remove(uid);
            if let Some(ip) = managed.ip() {
                node.addresses.release(ip);
            }
        }
    }
}

impl NodeState {
    /// Returns the Pod's present address or a free one; none on the host network.
    fn address_for(&mut self, seen: &WatchedPod) -> Option<Ipv4Addr> {
        if seen.pod.spec.host_network {
            return None;
        }
        match seen.pod.status.pod_ip.parse() {
            Ok(ip) => {
                self.addresses.reserve(ip);
                Some(ip)
            }
            Err(_) => self.addresses.allocate(),
        }
    }

    fn add_requests(&mut self, uid: &Uid, requests: ResourceList) {
        let equal = self.pods.values().find(|known| ***known == requests).cloned();
        self.pods.insert(uid.clone(), equal.unwrap_or_else(|| Arc::new(requests)));
    }

    /// Returns the Pods that the node has admitted and that have not ended.
    fn admitted(&self, pods: &BTreeMap<Uid, Box<ManagedPod>>) -> Vec<AdmittedPod> {
        let active = self.pods.iter().filter_map(|(uid, requests)| Some((pods.get(uid)?, requests)));
        let active = active.filter(|(managed, _)| !managed.phase().is_terminal());
        active.map(|(managed, requests)| admitted(managed.spec(), requests)).collect()
    }
}

/// Returns a Pod as its node has admitted it.
fn admitted(spec: &PodSpec, requests: &ResourceList) -> AdmittedPod {
    let mut pod = AdmittedPod::named(spec.uid());
    pod.requests.clone_from(requests);
    pod.host_ports = spec.host_ports().to_vec();
    pod.priority = spec.priority();
    pod.is_static = spec.is_static();
    pod
}
