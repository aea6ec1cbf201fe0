//! Components of the kubelet below the pod worker, for one Pod: everything that a sync works with.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    allocation_manager::AllocationManager,
    api_pod::ApiPod,
    back_offs::CrashLoopKey,
    container_gc::{self, ContainerGc},
    pleg::{Pleg, PlegEvent},
    prober_manager::ProberManager,
    runtime_manager::RuntimeManager,
    sink::Step,
    status_manager::{StatusContext, StatusManager},
    status_view::StatusView,
    sync_loop_queue::{Message, SyncLoopQueue},
    timers::{Jitter, LivelockGuard, SHORTEST_PERIOD},
    volume_manager::VolumeManager,
};
use crate::{
    config::{FeatureGate, KubeletChange, KubeletConfig, NodeInfo},
    rule::started_and_ready::KubeletStart,
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{InstanceId, RuntimeStatus},
    time::Timestamp,
};

/// Period of the kubelet's housekeeping (`housekeepingPeriod`).
const HOUSEKEEPING_PERIOD: Duration = Duration::from_secs(2);

/// Period in which the status manager writes again what the API does not show (`syncPeriod`).
const STATUS_SYNC_PERIOD: Duration = Duration::from_secs(10);

/// Components of the kubelet below the pod worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kubelet {
    #[serde(skip)]
    pub(super) config: Arc<KubeletConfig>,

    // --- The API's side ---
    /// Object as the sync loop has seen it.
    pub(super) object: Arc<ApiPod>,
    /// Spec that the last sync used.
    pub(super) spec: Arc<PodSpec>,

    // --- Components ---
    pub(super) queue: SyncLoopQueue,
    pub(super) pleg: Pleg,
    pub(super) runtime_manager: RuntimeManager,
    pub(super) prober_manager: ProberManager,
    pub(super) status_manager: StatusManager,
    /// `None` where the kubelet does not know its node, or resizes nothing.
    pub(super) allocation: Option<Box<AllocationManager>>,
    pub(super) jitter: Jitter,
    /// Boxed, since most Pods never need it.
    cold: Option<Box<ColdState>>,
}

/// State that few Pods need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ColdState {
    /// When the kubelet restarted, if it has since it got the Pod.
    #[serde(with = "crate::time::exact")]
    pub(super) kubelet_restarted_at: Option<Timestamp>,
    /// True if the first full sync of statuses since then has been made.
    #[serde(default)]
    pub(super) has_synced_status: bool,
    /// When the active deadline was last found to have passed.
    #[serde(with = "crate::time::exact")]
    pub(super) deadline_met_at: Option<Timestamp>,
    /// Node's network since it changed, with its message if it is not ready; `None`: as configured.
    pub(super) network: Option<Network>,
    /// Node that has changed since the kubelet was configured.
    pub(super) node: Option<Arc<NodeInfo>>,
    pub(super) gc: ContainerGc,
    /// Limits syncs that a status read back requests: they would request one another for ever.
    pub(super) reconcile_guard: LivelockGuard,
    /// Volume manager of a Pod with volumes, if the configuration switches it on.
    #[serde(default)]
    pub(super) volume_manager: Option<Box<VolumeManager>>,
}

/// Node's network, as the runtime reports it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Network {
    Ready,
    /// With the message of the runtime.
    NotReady(Box<str>),
}

impl ColdState {
    const EMPTY: &ColdState = &ColdState {
        kubelet_restarted_at: None,
        has_synced_status: false,
        deadline_met_at: None,
        network: None,
        node: None,
        gc: ContainerGc::NEW,
        reconcile_guard: LivelockGuard::NEW,
        volume_manager: None,
    };
}

impl Kubelet {
    /// Creates the components for a Pod that the kubelet gets now.
    pub(super) fn new(
        object: Arc<ApiPod>,
        runtime: RuntimeStatus,
        config: Arc<KubeletConfig>,
        now: Timestamp,
    ) -> Kubelet {
        let spec = object.spec.clone();
        Kubelet {
            pleg: Pleg::new(runtime, config.timing, config.is_new, now),
            runtime_manager: RuntimeManager::new(&spec),
            prober_manager: ProberManager::new(&spec),
            status_manager: StatusManager::new(),
            queue: SyncLoopQueue::default(),
            allocation: AllocationManager::new(&spec, &config),
            jitter: Jitter::default(),
            object,
            spec,
            config,
            cold: None,
        }
    }

    /// Returns the state that few Pods need.
    pub(super) fn cold(&self) -> &ColdState {
        self.cold.as_deref().unwrap_or(ColdState::EMPTY)
    }

    /// Returns the state that few Pods need, for a change; allocates it at first.
    pub(super) fn cold_mut(&mut self) -> &mut ColdState {
        self.cold.get_or_insert_default()
    }

    // --- Network ---

    /// Sets the node's network: its message if it is not ready.
    pub(super) fn set_network(&mut self, not_ready: Option<Box<str>>) {
        let network = not_ready.map_or(Network::Ready, Network::NotReady);
        self.cold_mut().network = Some(network);
    }

    /// Returns the message of the runtime if the node's network is not ready.
    ///
    /// Answers to `networkErrors` in `pkg/kubelet/runtime.go`.
    pub(super) fn network_not_ready(&self) -> Option<&str> {
        match &self.cold().network {
            None => self.config.network_not_ready.as_deref(),
            Some(Network::Ready) => None,
            Some(Network::NotReady(message)) => Some(message),
        }
    }

    // --- Volumes ---

    /// Creates the volume manager of a kubelet that sees the Pod for the first time now.
    pub(super) fn start_volume_manager(&mut self, now: Timestamp) {
        if self.config.volume_manager
            && let Some(volume_manager) = VolumeManager::new(&self.object.spec, now)
        {
            self.cold_mut().volume_manager = Some(volume_manager);
        }
    }

    /// Returns the volume manager, if the Pod has one.
    pub(super) fn volume_manager(&self) -> Option<&VolumeManager> {
        self.cold.as_ref()?.volume_manager.as_deref()
    }

    /// Returns the volume manager, if the Pod has one, for a change.
    pub(super) fn volume_manager_mut(&mut self) -> Option<&mut VolumeManager> {
        self.cold.as_mut()?.volume_manager.as_deref_mut()
    }

    /// True if a Pod that exceeds the node's limit of attached volumes is rejected.
    pub(super) fn has_attachment_limit(&self) -> bool {
        self.config.kubernetes.is_enabled(FeatureGate::MutableCSINodeAllocatableCount)
    }

    // --- Object and spec ---

    /// Returns the newest object, handled by the sync loop or not.
    pub(super) fn newest_object(&self) -> &Arc<ApiPod> {
        self.queue.newest_object().unwrap_or(&self.object)
    }

    /// Queues an object that the watch delivered.
    pub(super) fn post_object(&mut self, object: ApiPod) {
        self.queue.post(Message::Object(Arc::new(object)));
    }

    /// Uses this spec from now on: instances with another image are marked for their restart.
    pub(super) fn adopt_spec(&mut self, new: &Arc<PodSpec>) {
        if Arc::ptr_eq(&self.spec, new) {
            return;
        }
        let old = core::mem::replace(&mut self.spec, new.clone());
        // An equal spec at another address is no change.
        if old == *new {
            return;
        }
        for ((index, old), (_, new)) in old.containers().zip(new.containers()) {
            if old.image() != new.image() {
                let instances = self.known_instances(index);
                self.runtime_manager.record_former_images(index, old.image(), &instances);
            }
        }
        self.runtime_manager.fit(new);
        self.status_manager.fit(new);
        let (manager, spec) = (&self.runtime_manager, &self.spec);
        self.pleg.update_instances(|instance| {
            let Some(index) = instance.container else { return };
            let Some(container) = spec.container(index) else { return };
            instance.spec_changed = manager.has_other_image(index, instance.id, container);
        });
    }

    /// Returns a container's instances in the runtime and in the cache, and the one in the status.
    fn known_instances(&self, container: ContainerIndex) -> Vec<InstanceId> {
        let reported = self.status_manager.container_status(container).and_then(|status| status.instance);
        let runtime = self.pleg.runtime().instances_of(container);
        let cached = self.pleg.cache().instances_of(container);
        // The status may still name an instance that the runtime has removed.
        runtime.chain(cached).map(|instance| instance.id).chain(reported).collect()
    }

    // --- Back-offs ---

    /// Returns the key of a container's crash-loop back-off.
    pub(super) fn crash_loop_key<'a>(&self, container: &'a ContainerSpec) -> CrashLoopKey<'a> {
        let counts = self.config.kubernetes.has(KubeletChange::BackOffByResources);
        let resources = Some(container.resources()).filter(|resources| counts && !resources.is_empty());
        CrashLoopKey { image: container.image(), resources }
    }

    // --- The node ---

    /// Returns the node that admits the Pod; `None` if the embedder decides about admission.
    pub(super) fn node(&self) -> Option<&Arc<NodeInfo>> {
        self.cold().node.as_ref().or(self.config.node.as_ref())
    }

    /// True if the kubelet knows which containers earlier Pods have left behind.
    ///
    /// Answers to `podsSynced` in `pkg/kubelet/pod_workers.go`, which the first housekeeping sets.
    pub(super) fn has_synced_pods(&self, now: Timestamp) -> bool {
        self.housekeeping_at().is_none_or(|at| at <= now)
    }

    /// Returns the time of the first housekeeping after a restart of the kubelet.
    pub(super) fn housekeeping_at(&self) -> Option<Timestamp> {
        self.cold().kubelet_restarted_at.map(|at| at + HOUSEKEEPING_PERIOD)
    }

    /// Returns the time of the first full sync of statuses after a restart of the kubelet.
    pub(super) fn status_sync_at(&self) -> Option<Timestamp> {
        let cold = self.cold();
        cold.kubelet_restarted_at.filter(|_| !cold.has_synced_status).map(|at| at + STATUS_SYNC_PERIOD)
    }

    // --- PLEG ---

    /// Posts a change of the runtime at once under ideal timing; otherwise the next relist finds it.
    pub(super) fn post_pleg_event(&mut self, event: PlegEvent) {
        if self.pleg.is_ideal() {
            self.inspect_pod();
            self.queue.post(Message::Pleg(event));
        }
    }

    /// Takes the containers' resources into the PLEG's cache, as each look at the Pod does.
    pub(super) fn inspect_pod(&mut self) {
        let hides_resources = self.config.runtime_hides_resources;
        if let Some(manager) = &mut self.allocation {
            manager.inspect(hides_resources);
        }
    }

    /// Looks at the Pod again if a resize has requested it, and posts the sync that follows.
    pub(super) fn inspect_after_resize(&mut self) {
        if self.allocation.as_ref().is_some_and(|manager| manager.inspection_at().is_some()) {
            self.post_pleg_event(PlegEvent::Inspected);
        }
    }

    // --- Probes ---

    /// Returns when the kubelet started and whether the Pod was ready then (KEP-4781).
    pub(super) fn kubelet_start(&self) -> KubeletStart {
        // Where readiness does not survive a restart, every container is as new as the kubelet.
        let restarted_at = self.cold().kubelet_restarted_at.filter(|_| self.config.kubernetes.keeps_readiness());
        KubeletStart {
            // A kubelet that has not restarted is older than every container of the Pod.
            at: restarted_at.unwrap_or(Timestamp::BEGINNING),
            pod_was_ready: self.status_manager.record().conditions.ready.is_true(),
        }
    }

    /// Creates missing probe workers; true if any was created.
    pub(super) fn add_probe_workers(&mut self, object: &ApiPod, now: Timestamp) -> bool {
        let restarted_at = self.cold().kubelet_restarted_at;
        let Kubelet { prober_manager, jitter, config, spec, .. } = self;
        prober_manager.add_pod(&object.spec, object.is_deleting(), now, |period| {
            // A kubelet that started less than a period ago spreads the first probes of its Pods over one period.
            let is_young = restarted_at.is_some_and(|start| now.since(start) < period);
            if is_young { jitter.initial_probe_delay(config.timing, spec.uid(), period) } else { Duration::ZERO }
        })
    }

    // --- Status ---

    /// Returns the status manager with the other components that it works with.
    pub(super) fn status_manager<'a, 'out>(
        &'a mut self,
        step: &'a mut Step<'out>,
    ) -> (&'a mut StatusManager, StatusContext<'a, 'out>) {
        let kubernetes = self.config.kubernetes;
        let shows_generation = kubernetes.is_enabled(FeatureGate::PodObservedGenerationTracking);
        let write_time = self.config.write_time();
        let is_removed_with_status = self.object.is_deleting() && self.volume_manager().is_none();
        let Kubelet { status_manager, spec, object, queue, runtime_manager, allocation, .. } = self;
        let allocation = allocation.as_deref_mut();
        (
            status_manager,
            StatusContext {
                spec,
                object,
                queue,
                runtime_manager,
                allocation,
                shows_generation,
                kubernetes,
                write_time,
                is_removed_with_status,
                step,
            },
        )
    }

    /// Returns what is published.
    pub(super) fn status_view(&self) -> StatusView<'_> {
        self.status_manager.view(&self.spec, &self.object, &self.runtime_manager)
    }

    /// True if the published status shows that the Pod had initialized.
    pub(super) fn shows_initialized(&self) -> bool {
        self.status_manager.shows_initialized(&self.spec)
    }

    // --- Timers ---

    /// Returns how long a timer of `wait` really takes.
    pub(super) fn jittered(&mut self, wait: Duration) -> Duration {
        self.jitter.delay(self.config.timing, self.spec.uid(), wait)
    }

    /// Returns the period of syncs that nothing requests.
    pub(super) fn resync_period(&self) -> Duration {
        self.config.resync_period.max(SHORTEST_PERIOD)
    }

    // --- Garbage collection ---

    /// Plans the removal of all dead containers.
    pub(super) fn plan_removal_of_dead_containers(&mut self, now: Timestamp) {
        self.cold.get_or_insert_default().gc.plan_dead_containers(&self.pleg, now);
    }

    /// Removes the dead containers of the plan.
    pub(super) fn remove_dead_containers(&mut self, step: &mut Step<'_>) {
        self.cold.get_or_insert_default().gc.remove_dead_containers(&mut self.pleg, step);
    }

    /// Removes the older dead instances of a container whose death was noticed, or plans their removal.
    pub(super) fn remove_older_dead(&mut self, container: ContainerIndex, is_syncing: bool, step: &mut Step<'_>) {
        // The kubelet removes them beside the sync, whose view is the PLEG's cache of before. Without the gate `lastState`
        // comes from that view alone, so the order shows; with it the order makes no difference.
        let carries_over = self.config.kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits);
        if carries_over || is_syncing || !self.pleg.is_ideal() {
            container_gc::remove_older_dead(&mut self.pleg, container, step);
        } else {
            self.cold_mut().gc.plan_older_dead(container);
        }
    }

    /// Removes what was planned for the moment when a sync has taken its view of the runtime.
    pub(super) fn remove_planned_older_dead(&mut self, step: &mut Step<'_>) {
        if let Some(cold) = &mut self.cold {
            cold.gc.remove_planned_older_dead(&mut self.pleg, step);
        }
    }

    /// Plans the removal of dead sandboxes, if there are any.
    pub(super) fn plan_removal_of_sandboxes(&mut self, now: Timestamp) {
        // The period runs from the first dead sandbox that a sync notices.
        let is_planned = self.cold().gc.sandboxes_at().is_some();
        if !is_planned && container_gc::dead_sandboxes(self.pleg.runtime()).next().is_some() {
            let period = self.config.garbage_collection_period;
            self.cold_mut().gc.plan_sandboxes(period, now);
        }
    }

    /// Removes the dead sandboxes that hold no instance, except the newest.
    pub(super) fn remove_sandboxes(&mut self, step: &mut Step<'_>) {
        self.cold.get_or_insert_default().gc.remove_sandboxes(&mut self.pleg, step);
    }
}
