//! The parts of the kubelet that a sync works with.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    Published,
    api_pod::ApiPod,
    fast_path::ResyncCache,
    pleg::RuntimeCache,
    prober_manager::Probers,
    rare::ColdState,
    runtime_manager::Containers,
    status_manager::StatusManager,
    sync_loop_queue::{Message, SyncLoopQueue},
    timers::Wake,
};
use crate::{
    config::KubeletConfig,
    rule::{readiness::KubeletStart, terminate_pod},
    spec::{ContainerIndex, PodSpec},
    state::{InstanceId, RuntimeStatus},
    time::Timestamp,
};

/// Everything of the kubelet but the Pod's worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kubelet {
    #[serde(skip)]
    pub(super) config: Arc<KubeletConfig>,
    /// The object as the main loop has heard of it.
    pub(super) object: Arc<ApiPod>,
    /// The spec that the last sync acted upon.
    pub(super) spec: Arc<PodSpec>,
    pub(super) runtime: RuntimeCache,
    pub(super) containers: Containers,
    pub(super) probers: Probers,
    pub(super) status: StatusManager,
    pub(super) inbox: SyncLoopQueue,
    /// What few Pods need.
    rare: Option<Box<ColdState>>,
    /// How many random numbers were drawn.
    pub(super) draws: u32,
    /// When the Pod next wakes, and for what.
    #[serde(skip)]
    pub(super) wake: Option<(Timestamp, Wake)>,
    /// Whether the next sync is known to find nothing.
    #[serde(skip)]
    pub(super) quiet: ResyncCache,
}

impl Kubelet {
    pub(crate) fn new(
        object: Arc<ApiPod>,
        runtime: RuntimeStatus,
        config: Arc<KubeletConfig>,
        now: Timestamp,
    ) -> Kubelet {
        let spec = object.spec.clone();
        Kubelet {
            runtime: RuntimeCache::new(runtime, config.timing, now),
            containers: Containers::new(&spec),
            probers: Probers::new(&spec),
            status: StatusManager::new(),
            inbox: SyncLoopQueue::default(),
            object,
            spec,
            config,
            rare: None,
            draws: 0,
            wake: None,
            quiet: ResyncCache::default(),
        }
    }

    /// What few Pods need: of most, nothing.
    pub(crate) fn rare(&self) -> &ColdState {
        self.rare.as_deref().unwrap_or(ColdState::NOTHING)
    }

    pub(crate) fn rare_mut(&mut self) -> &mut ColdState {
        self.rare.get_or_insert_default()
    }

    /// The newest object, heard of or not.
    pub(crate) fn newest_object(&self) -> &Arc<ApiPod> {
        self.inbox.newest_object().unwrap_or(&self.object)
    }

    /// Has the main loop hear of a changed object.
    pub(crate) fn post_object(&mut self, change: impl FnOnce(&mut ApiPod)) {
        let mut object = ApiPod::clone(self.newest_object());
        change(&mut object);
        self.inbox.post(Message::Object(Arc::new(object)));
    }

    /// What is published, as an observer may see it.
    pub(crate) fn published(&self) -> Published<'_> {
        Published::of(self)
    }

    /// Whether the published status shows that the Pod had initialized.
    pub(crate) fn shows_initialized(&self) -> bool {
        terminate_pod::has_pod_initialized(&self.spec, &self.status.record.records)
    }

    /// The kubelet's start, as far as readiness is concerned.
    pub(crate) fn kubelet_start(&self) -> KubeletStart {
        KubeletStart {
            at: self.rare().kubelet_start.unwrap_or(Timestamp::BEGINNING),
            pod_was_ready: self.status.record.conditions.ready.is_true(),
        }
    }

    /// From now on this is what the Pod ought to be: instances of another image are to be replaced.
    pub(crate) fn take_spec(&mut self, new: &Arc<PodSpec>) {
        if Arc::ptr_eq(&self.spec, new) {
            return;
        }
        let old = core::mem::replace(&mut self.spec, new.clone());
        if old == *new {
            // Told once more: it is no other spec for being elsewhere in memory.
            return;
        }
        for ((index, old), (_, new)) in old.containers().zip(new.containers()) {
            if old.image() != new.image() {
                let instances = self.known_instances(index);
                self.containers.note_old_image(index, old.image(), &instances);
            }
        }
        self.containers.fit(new);
        self.status.fit(new);
        let (containers, spec) = (&self.containers, &self.spec);
        self.runtime.mark(|instance| {
            let Some(index) = instance.container else { return };
            let Some(container) = spec.container(index) else { return };
            instance.spec_changed = containers.has_other_image(index, instance.id, container);
        });
    }

    /// The instances of a container in the runtime, and the one that is reported.
    fn known_instances(&self, container: ContainerIndex) -> Vec<InstanceId> {
        let reported = self.status.reported(container).and_then(|record| record.instance);
        let actual = self.runtime.actual().instances_of(container);
        let seen = self.runtime.seen().instances_of(container);
        actual.chain(seen).map(|instance| instance.id).chain(reported).collect()
    }
}
