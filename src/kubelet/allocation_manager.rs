//! Allocation manager: resources that the kubelet has accepted for a Pod, the resize that waits for room, and what the
//! runtime was given (pkg/kubelet/allocation).
//!
//! A Pod has one where its kubelet knows the node ([`NodeInfo`]) and resizes Pods in place. The checkpoints survive restarts
//! of the kubelet. Also answers to the resize conditions of `pkg/kubelet/status/status_manager.go`, and to the runtime's
//! resources in `pkg/kubelet/kuberuntime`. Decisions are the rules `rule::resize` and `rule::admission`; a sync carries a
//! resize out in [`resize_pod`](super::resize_pod).

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{api_pod::ApiPod, components::Kubelet, sink::Step};
use crate::{
    action::{EventReason, EventType},
    api::{Name, PodPhase, PodStatus, ResourceList, ResourceRequirements},
    config::{FeatureGate, KubeletChange, KubeletConfig, Kubernetes, NodeInfo},
    rule::{
        admission,
        pod_status::PodRecord,
        resize::{self, Actuated, PodCgroup, ReportedResources, ResizeInputs},
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{
        ConditionReason, ConditionType, ContainerIds, ContainerRecord, ContainerResources, InstanceId, LinuxResources,
        ResizeCondition, ResizeConditions, ResourceStatus, RuntimeStatus,
    },
    time::Timestamp,
};

/// Period of the retries of a resize that waits for room (`retryDelay`).
const RETRY_PERIOD: Duration = Duration::from_secs(180);

/// Allocation manager of one Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AllocationManager {
    // --- Checkpoints, which survive restarts of the kubelet ---
    /// Spec whose resources are allocated.
    allocated: Arc<PodSpec>,
    /// True if the node has not admitted the Pod: then nothing is allocated, and any resize is in force at once.
    is_rejected: bool,
    actuated: Actuated,

    // --- The node ---
    /// The Pod's cgroup; `None` before the first sync makes it.
    cgroup: Option<PodCgroup>,
    /// What the runtime was given for the newest instance of each container.
    given: Vec<Option<(InstanceId, LinuxResources)>>,
    /// What the PLEG's cache shows of that.
    reported: Vec<Option<(InstanceId, ReportedResources)>>,
    /// When the PLEG looks at the Pod again, after a resize.
    #[serde(with = "crate::time::exact")]
    inspection_at: Option<Timestamp>,

    // --- The pending resize ---
    /// True if a resize is queued.
    is_queued: bool,
    #[serde(with = "crate::time::exact")]
    retry_at: Option<Timestamp>,
    /// Resources in the status that was written last.
    published: Option<ResourceStatus>,
    /// True if a status that was written retries the queue once it is read back.
    retries_on_reconcile: bool,
    conditions: ResizeConditions,

    // --- Derived ---
    /// Desired spec with the allocated resources, if they differ.
    allocated_spec: Option<Arc<PodSpec>>,
}

/// Feature gates of resizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResizeGates {
    pod_level: bool,
    init_containers: bool,
}

impl ResizeGates {
    pub(super) fn of(kubernetes: Kubernetes) -> ResizeGates {
        ResizeGates {
            pod_level: kubernetes.is_enabled(FeatureGate::InPlacePodLevelResourcesVerticalScaling),
            init_containers: kubernetes.is_enabled(FeatureGate::InPlacePodVerticalScalingInitContainers),
        }
    }

    fn inputs(self, actuated: &Actuated) -> ResizeInputs<'_> {
        ResizeInputs { actuated, resizes_pod_level: self.pod_level, resizes_init_containers: self.init_containers }
    }
}

impl AllocationManager {
    /// Creates the allocation manager of a Pod that is admitted with the resources of its spec; `None` where the kubelet
    /// does not know its node, or resizes nothing.
    pub(super) fn new(spec: &Arc<PodSpec>, config: &KubeletConfig) -> Option<Box<AllocationManager>> {
        let is_on = config.kubernetes.is_enabled(FeatureGate::InPlacePodVerticalScaling);
        // 1.32 had another form of it, behind the same gate.
        let is_on = is_on && config.kubernetes.has(KubeletChange::ProbeErrorNamesUnknownState);
        (is_on && config.node.is_some()).then(|| {
            Box::new(AllocationManager {
                allocated: spec.clone(),
                is_rejected: false,
                actuated: Actuated::default(),
                cgroup: None,
                given: Vec::new(),
                reported: Vec::new(),
                inspection_at: None,
                is_queued: false,
                retry_at: None,
                published: None,
                retries_on_reconcile: false,
                conditions: ResizeConditions::default(),
                allocated_spec: None,
            })
        })
    }

    /// Records that the node has not admitted the Pod.
    pub(super) fn reject(&mut self) {
        self.is_rejected = true;
    }

    // --- Queries ---

    /// Returns the input of the rules of a resize.
    pub(super) fn inputs(&self, gates: ResizeGates) -> ResizeInputs<'_> {
        gates.inputs(&self.actuated)
    }

    /// Returns the Pod's cgroup.
    pub(super) fn cgroup(&self) -> Option<PodCgroup> {
        self.cgroup
    }

    /// True if a resize is queued.
    pub(super) fn is_queued(&self) -> bool {
        self.is_queued
    }

    /// Returns when the queue is retried without any other reason.
    pub(super) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at.filter(|_| self.is_queued)
    }

    /// Returns when the PLEG looks at the Pod again.
    pub(super) fn inspection_at(&self) -> Option<Timestamp> {
        self.inspection_at
    }

    // --- What the runtime has ---

    /// Creates the Pod's cgroup, unless it exists.
    ///
    /// Answers to `EnsureExists` in `SyncPod`, and to `UpdateActuatedPodLevelResources`.
    pub(super) fn ensure_cgroup(&mut self, spec: &PodSpec) {
        if self.cgroup.is_none() {
            self.cgroup = Some(PodCgroup::of(spec));
            self.actuated.pod = Some(spec.resources().clone()).filter(|resources| !resources.is_empty());
        }
    }

    /// Applies what was written to the Pod's cgroup.
    pub(super) fn record_cgroup(&mut self, written: LinuxResources) {
        if let Some(cgroup) = &mut self.cgroup {
            cgroup.apply(written);
        }
    }

    /// Records what an instance is created with.
    pub(super) fn record_creation(
        &mut self,
        spec: &PodSpec,
        container: ContainerIndex,
        instance: InstanceId,
        gates: ResizeGates,
    ) {
        let Some(of_container) = spec.container(container) else { return };
        let resources = resize::given_resources(spec, of_container, gates.pod_level);
        let given = LinuxResources::of_container(&resources.requests, &resources.limits);
        put(&mut self.actuated.containers, container, resources);
        put(&mut self.given, container, (instance, given));
    }

    /// Records what a running instance was given.
    pub(super) fn record_update(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        given: LinuxResources,
        actuated: ResourceRequirements,
    ) {
        put(&mut self.actuated.containers, container, actuated);
        put(&mut self.given, container, (instance, given));
    }

    /// Records that a resource of the Pod as a whole is actuated.
    pub(super) fn record_pod_level(&mut self, spec: &PodSpec, resource: resize::Resizable) {
        resize::actuate_pod_level(&mut self.actuated.pod, spec, resource);
    }

    /// Takes the resources of all containers into the PLEG's cache, as each look at the Pod does.
    pub(super) fn inspect(&mut self, hides_resources: bool) {
        self.inspection_at = None;
        let actuated = &self.actuated;
        let containers = (0..).map(ContainerIndex::from).zip(&self.given);
        self.reported = containers
            .map(|(index, given)| {
                let (instance, given) = (*given)?;
                let shown = Some(given).filter(|_| !hides_resources);
                Some((instance, ReportedResources::new(shown, actuated.container(index))))
            })
            .collect();
    }

    /// Plans the PLEG's next look at the Pod (`RequestPodReinspect`).
    pub(super) fn plan_inspection(&mut self, at: Timestamp) {
        self.inspection_at = Some(self.inspection_at.map_or(at, |planned| planned.min(at)));
    }

    // --- Conditions ---

    /// Sets `PodResizePending`; true if an event is due.
    ///
    /// Answers to `SetPodResizePendingCondition`.
    fn set_pending(&mut self, reason: ConditionReason, message: &str, generation: i64, now: Timestamp) -> bool {
        let before = self.conditions.pending.take();
        let same = |it: &ResizeCondition| it.reason == Some(reason) && it.observed_generation == generation;
        let is_due = !before.as_ref().is_some_and(same);
        self.conditions.pending = Some(updated(before, Some(reason), message.into(), generation, now));
        is_due
    }

    /// Sets `PodResizeInProgress`; returns its generation, and whether reason or message have changed.
    ///
    /// Answers to `SetPodResizeInProgressCondition`.
    pub(super) fn set_in_progress(&mut self, error: Option<&str>, generation: i64, now: Timestamp) -> (i64, bool) {
        let before = self.conditions.in_progress.take();
        // Generation, reason and message stay until the resize is completed or replaced.
        let generation = before.as_ref().map_or(generation, |before| before.observed_generation);
        let (reason, message) = match (error, &before) {
            (Some(error), _) => (Some(ConditionReason::Error), error.into()),
            (None, Some(before)) => (before.reason, before.message.clone()),
            (None, None) => (None, Box::default()),
        };
        let same = |it: &ResizeCondition| it.reason == reason && it.message == message;
        let has_changed = !before.as_ref().is_some_and(same);
        self.conditions.in_progress = Some(updated(before, reason, message, generation, now));
        (generation, has_changed)
    }

    /// Removes `PodResizeInProgress`; returns its generation.
    fn clear_in_progress(&mut self) -> Option<i64> {
        self.conditions.in_progress.take().map(|condition| condition.observed_generation)
    }

    /// Removes both conditions, as the last status of a Pod does.
    ///
    /// Answers to `determinePodResizeStatus`.
    pub(super) fn clear_conditions(&mut self) {
        self.conditions = ResizeConditions::default();
    }

    // --- The object ---

    /// Takes the desired spec of the object, with the allocation in place of its own resources.
    fn follow(&mut self, desired: &PodSpec, gates: ResizeGates) {
        if self.is_rejected {
            self.allocated = Arc::new(desired.clone());
        }
        let inputs = gates.inputs(&self.actuated);
        self.allocated_spec = resize::with_allocation(desired, &self.allocated, inputs).map(Arc::new);
    }

    // --- Status ---

    /// Records that a status is written; true if it retries the queue once it is read back: with a terminal phase, or if
    /// the requests in it have shrunk.
    ///
    /// Answers to the first part of `HandlePodReconcile`.
    pub(super) fn record_write(&mut self, written: Option<&ResourceStatus>, becomes_terminal: bool) -> bool {
        let before = core::mem::replace(&mut self.published, written.cloned());
        let shrinks = || match (&before, written) {
            (Some(before), Some(after)) => resize::requests_shrink(&self.allocated, before, after),
            (None, _) | (_, None) => false,
        };
        self.retries_on_reconcile |= self.is_queued && (becomes_terminal || shrinks());
        self.retries_on_reconcile
    }

    /// Returns the resources of a status.
    fn status(
        &self,
        spec: &PodSpec,
        view: &RuntimeStatus,
        previous: &PodRecord,
        (shows_running, keeps_ends): (bool, bool),
        gates: ResizeGates,
    ) -> ResourceStatus {
        let before = previous.resources.as_deref();
        let containers =
            spec.containers().map(|(index, _)| self.container_status(spec, view, index, previous, keeps_ends));
        let mut status = ResourceStatus {
            containers: containers.collect(),
            conditions: self.conditions.clone(),
            ..ResourceStatus::default()
        };
        if gates.pod_level {
            let was_running = previous.phase == PodPhase::Running;
            let before = before.and_then(|before| before.resources.as_ref()).filter(|_| was_running);
            status.allocated = spec.requests();
            status.resources = Some(match self.cgroup.filter(|_| shows_running) {
                Some(cgroup) => resize::resources_of_cgroup(spec, cgroup, before),
                None => resize::effective_resources(spec),
            });
        }
        status
    }

    /// Returns the resources of a container in a status: those of an instance that the runtime knows, else those of an
    /// end that was seen before.
    fn container_status(
        &self,
        spec: &PodSpec,
        view: &RuntimeStatus,
        index: ContainerIndex,
        previous: &PodRecord,
        keeps_ends: bool,
    ) -> Option<ContainerResources> {
        let of_container = spec.container(index)?;
        let before = previous.resources.as_deref().and_then(|before| before.container(index));
        let status = |of: &PodRecord| of.records.get(index.get()).cloned().flatten();
        let was_terminated = status(previous).is_some_and(|it| it.termination().is_some());
        let Some(newest) = view.newest(index).filter(|_| !(keeps_ends && was_terminated)) else {
            // Without an instance the status of an end stands as it was.
            return before.filter(|_| was_terminated).cloned();
        };
        let allocated = of_container.resources();
        let resources = if newest.is_running() && of_container.kind() != ContainerKind::Ephemeral {
            let is_same = |it: &ContainerRecord| it.is_running() && it.instance == Some(newest.id);
            let before = before.filter(|_| status(previous).as_ref().is_some_and(is_same));
            let reported = self.reported.get(index.get()).copied().flatten();
            let reported = reported.filter(|(instance, _)| *instance == newest.id).map(|(_, it)| it);
            let before = before.map(|before| &before.resources);
            resize::resources_of_running(allocated, &reported.unwrap_or_default(), before)
        } else {
            // A container that does not run shows what it will be given.
            allocated.clone()
        };
        Some(ContainerResources::new(allocated.requests.clone(), resources))
    }

    // --- Restart of the kubelet ---

    /// Forgets what a restart of the kubelet loses: conditions come back from the API, and a resize that differs from the
    /// allocation is queued again.
    ///
    /// Answers to `HandlePodAdditions` and `BackfillPodResizeConditions`.
    pub(super) fn restart(&mut self, desired: &PodSpec, is_over: bool, gates: ResizeGates, now: Timestamp) {
        self.inspection_at = None;
        self.retries_on_reconcile = false;
        self.conditions = self.published.as_ref().map(|published| published.conditions.clone()).unwrap_or_default();
        let now = Some(now.whole_seconds());
        for condition in [&mut self.conditions.pending, &mut self.conditions.in_progress].into_iter().flatten() {
            condition.since = now;
        }
        self.follow(desired, gates);
        self.is_queued = self.allocated_spec.is_some() && !is_over;
    }

    /// Adopts what a status shows of the checkpoints of a kubelet whose memory is lost.
    ///
    /// A real kubelet reads its checkpoint files, which an embedder does not have: the status has the same but for the
    /// limits of a resize that is in progress.
    pub(super) fn adopt_published(&mut self, spec: &PodSpec, status: &PodStatus, ids: &mut ContainerIds) {
        let is_pending = status.condition(ConditionType::PodResizePending.name()).is_some();
        let mut allocated = spec.clone();
        let mut shown = ResourceStatus::default();
        for of_container in status.every_container() {
            let Some(index) = spec.index_of(&of_container.name) else { continue };
            let Some(resources) = read::<ResourceRequirements>(of_container.resources.as_ref()) else { continue };
            let requests: ResourceList = read(of_container.allocated_resources.as_ref()).unwrap_or_default();
            if let Some(instance) = ids.instance(index, &of_container.container_id) {
                let given = LinuxResources::of_container(&resources.requests, &resources.limits);
                put(&mut self.given, index, (instance, given));
            }
            put(&mut self.actuated.containers, index, resources.clone());
            put(&mut shown.containers, index, ContainerResources::new(requests.clone(), resources.clone()));
            let place = allocated.containers.get_mut(index.get()).filter(|_| is_pending);
            if let Some(container) = place {
                container.resources = Some(Box::new(ResourceRequirements::new(requests, resources.limits)));
            }
        }
        shown.allocated = read(status.other.get("allocatedResources")).unwrap_or_default();
        shown.resources = read(status.other.get("resources"));
        for condition in &status.conditions {
            let reason = ConditionReason::ALL.iter().copied().find(|reason| reason.name() == condition.reason);
            let (message, generation) = (condition.message.as_str().into(), condition.observed_generation);
            let of_resize = ResizeCondition::new(reason, message, generation, condition.last_transition_time);
            if condition.type_ == ConditionType::PodResizePending.name() {
                shown.conditions.pending = Some(of_resize);
            } else if condition.type_ == ConditionType::PodResizeInProgress.name() {
                shown.conditions.in_progress = Some(of_resize);
            }
        }
        self.published = Some(shown);
        self.allocated = Arc::new(allocated);
        if status.start_time.is_some() {
            self.ensure_cgroup(&self.allocated.clone());
        }
    }
}

/// Reads a field of a status that the API types keep as it was written.
fn read<T: DeserializeOwned>(value: Option<&serde_json::Value>) -> Option<T> {
    T::deserialize(value?).ok()
}

/// Puts a value at a container's place.
fn put<T: Clone>(list: &mut Vec<Option<T>>, container: ContainerIndex, value: T) {
    if list.len() <= container.get() {
        list.resize(container.get().saturating_add(1), None);
    }
    if let Some(place) = list.get_mut(container.get()) {
        *place = Some(value);
    }
}

/// Returns a condition with other words; its time changes with the reason alone.
///
/// Answers to `updatedPodResizeCondition`.
fn updated(
    before: Option<ResizeCondition>,
    reason: Option<ConditionReason>,
    message: Box<str>,
    observed_generation: i64,
    now: Timestamp,
) -> ResizeCondition {
    let since = before.filter(|before| before.reason == reason).map_or(Some(now.whole_seconds()), |it| it.since);
    ResizeCondition::new(reason, message, observed_generation, since)
}

impl Kubelet {
    // --- The object ---

    /// Returns the object with the allocated resources in place of the desired ones; `None` if they are equal.
    ///
    /// Answers to `UpdatePodFromAllocation`, which each `UpdatePod` calls.
    pub(super) fn allocated_object(&self) -> Option<Arc<ApiPod>> {
        let spec = self.allocation.as_ref()?.allocated_spec.clone()?;
        Some(Arc::new(ApiPod { spec, ..ApiPod::clone(&self.object) }))
    }

    /// Handles an update of the object: one that changes resources is queued, and the queue is retried.
    ///
    /// Answers to the first part of `HandlePodUpdates`.
    pub(super) fn handle_resize(&mut self, before: &ApiPod, step: &mut Step<'_>) {
        let gates = self.resize_gates();
        let desired = self.object.spec.clone();
        let Some(manager) = &mut self.allocation else { return };
        manager.follow(&desired, gates);
        if !resize::is_resize(&before.spec, &desired, manager.inputs(gates)) {
            return;
        }
        if manager.allocated_spec.is_some() {
            manager.is_queued = true;
            self.retry_resize(step);
        } else {
            // A pending resize was taken back.
            manager.conditions.pending = None;
        }
    }

    /// Decides on the queued resize again; true if a sync is due.
    ///
    /// Answers to `retryPendingResizes`.
    pub(super) fn retry_resize(&mut self, step: &mut Step<'_>) -> bool {
        let gates = self.resize_gates();
        let (desired, generation, is_gone) = (self.object.spec.clone(), self.object.generation, self.object.is_gone);
        let (config, node) = (self.config.clone(), self.node().cloned());
        let Some(manager) = &mut self.allocation else { return false };
        // Each retry of any kind starts the period anew.
        manager.retry_at = Some(step.now + RETRY_PERIOD);
        if !core::mem::take(&mut manager.is_queued) || is_gone {
            return false;
        }
        if manager.allocated_spec.is_none() {
            return manager.conditions.pending.take().is_some();
        }
        let refusal = node.and_then(|node| refusal(&desired, &manager.allocated, &node, &config, gates));
        let has_events = config.kubernetes.has(KubeletChange::ResizeEvents);
        let message = |prefix: &str, error| resize_message(prefix, &desired, generation, error);
        match refusal {
            None => {
                manager.allocated = desired.clone();
                manager.allocated_spec = None;
                manager.conditions.pending = None;
                // An error of the resize before goes, and the new one counts from its own generation.
                manager.clear_in_progress();
                manager.set_in_progress(None, generation, step.now);
                if has_events {
                    let text = || message("Pod resize started", "");
                    step.record_event(EventType::Normal, EventReason::ResizeStarted, None, text);
                }
            }
            Some(Refusal { condition, reason, text }) => {
                let is_due = manager.set_pending(condition, &text, generation, step.now);
                // What can never be carried out is not tried again.
                manager.is_queued = condition != ConditionReason::Infeasible;
                let event = if manager.is_queued { EventReason::ResizeDeferred } else { EventReason::ResizeInfeasible };
                if is_due && has_events {
                    let prefix = format!("Pod resize {reason}");
                    step.record_event(EventType::Warning, event, None, || message(&prefix, &text));
                }
            }
        }
        // The conditions always differ from those before: lastProbeTime is now.
        true
    }

    /// Retries the queue if a status that was read back asks for it; true if a sync is due.
    pub(super) fn retry_resize_on_reconcile(&mut self, step: &mut Step<'_>) -> bool {
        let Some(manager) = &mut self.allocation else { return false };
        let is_due = core::mem::take(&mut manager.retries_on_reconcile) && manager.is_queued;
        is_due && self.retry_resize(step)
    }

    /// Takes up resizes after a restart of the kubelet; the queue is retried once the Pod is with its worker.
    pub(super) fn restart_resizes(&mut self, now: Timestamp) {
        let gates = self.resize_gates();
        let (desired, is_over) = (self.object.spec.clone(), self.object.api_terminal_phase.is_some());
        if let Some(manager) = &mut self.allocation {
            manager.restart(&desired, is_over, gates, now);
        }
        self.inspect_pod();
    }

    fn resize_gates(&self) -> ResizeGates {
        ResizeGates::of(self.config.kubernetes)
    }

    // --- Syncs ---

    /// Sets or removes `PodResizeInProgress` at the start of a sync.
    ///
    /// Answers to the beginning of `SyncPod`.
    pub(super) fn check_resize_progress(&mut self, object: &ApiPod, view: &RuntimeStatus, step: &mut Step<'_>) {
        let gates = self.resize_gates();
        let has_events = self.config.kubernetes.has(KubeletChange::ResizeEvents);
        let Some(manager) = &mut self.allocation else { return };
        if resize::is_in_progress(&object.spec, view, manager.inputs(gates)) {
            manager.set_in_progress(None, object.generation, step.now);
        } else if let Some(generation) = manager.clear_in_progress()
            && has_events
        {
            let text = || resize_message("Pod resize completed", &object.spec, generation, "");
            step.record_event(EventType::Normal, EventReason::ResizeCompleted, None, text);
        }
    }

    /// Records the error of a resize at the end of its sync.
    pub(super) fn record_resize_error(&mut self, object: &ApiPod, error: &str, step: &mut Step<'_>) {
        let has_events = self.config.kubernetes.has(KubeletChange::ResizeEvents);
        let Some(manager) = &mut self.allocation else { return };
        let (generation, has_changed) = manager.set_in_progress(Some(error), object.generation, step.now);
        if has_changed && has_events {
            let text = || resize_message("Pod resize error", &object.spec, generation, error);
            step.record_event(EventType::Warning, EventReason::ResizeError, None, text);
        }
    }

    /// Records what an instance is created with.
    pub(super) fn record_given_resources(&mut self, spec: &PodSpec, container: ContainerIndex, instance: InstanceId) {
        let gates = self.resize_gates();
        if let Some(manager) = &mut self.allocation {
            manager.record_creation(spec, container, instance, gates);
        }
    }

    /// Adds resources and resize conditions to a status.
    pub(super) fn add_resources(
        &mut self,
        record: &mut PodRecord,
        object: &ApiPod,
        view: &RuntimeStatus,
        is_terminated: bool,
        shows_running: bool,
    ) {
        let gates = self.resize_gates();

        let Some(manager) = &mut self.allocation else { return };
        if is_terminated {
            manager.clear_conditions();
        }
        let previous = self.status_manager.record();
        // cleanUpContainersInPod has removed what was left of a deleted Pod by then.
        let keeps_ends = is_terminated && object.is_deleting();
        let status = manager.status(&object.spec, view, previous, (shows_running, keeps_ends), gates);
        record.resources = Some(Box::new(status));
    }
}

/// Refusal of a resize.
struct Refusal {
    condition: ConditionReason,
    /// Reason of the handler, which the event names.
    reason: Box<str>,
    text: Box<str>,
}

/// Returns why a resize is not accepted now.
///
/// Answers to `canAdmitPod` in `pkg/kubelet/allocation`, with the handler of resizes first.
fn refusal(
    desired: &PodSpec,
    allocated: &PodSpec,
    node: &NodeInfo,
    config: &KubeletConfig,
    gates: ResizeGates,
) -> Option<Refusal> {
    let infeasible =
        |text: Box<str>| Refusal { condition: ConditionReason::Infeasible, reason: "Infeasible".into(), text };
    let kubernetes = config.kubernetes;
    let policies = (
        node.has_static_cpus && !kubernetes.is_enabled(FeatureGate::InPlacePodVerticalScalingExclusiveCPUs),
        node.has_static_memory && !kubernetes.is_enabled(FeatureGate::InPlacePodVerticalScalingExclusiveMemory),
    );
    if let Some(text) = resize::infeasibility(desired, allocated, gates.init_containers, policies) {
        return Some(infeasible(text.into()));
    }
    if !kubernetes.has(KubeletChange::ResizeBeyondNodeIsDeferred)
        && let Some(text) = resize::exceeds_node(desired, &node.allocatable)
    {
        return Some(infeasible(text.into()));
    }
    let admission::Rejection { reason, message } = admission::room_for(desired, &config.node_name, node)?;
    Some(Refusal { condition: ConditionReason::Deferred, reason, text: message })
}

/// Resources of a container in an event.
#[derive(Serialize)]
struct ContainerAllocation<'a> {
    name: &'a str,
    resources: &'a ResourceRequirements,
}

impl<'a> ContainerAllocation<'a> {
    fn of(container: &'a ContainerSpec) -> ContainerAllocation<'a> {
        ContainerAllocation { name: container.name(), resources: container.resources() }
    }
}

/// Resources of a Pod in an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSummary<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    init_containers: Vec<ContainerAllocation<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<ContainerAllocation<'a>>,
    generation: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

/// Returns the message of a resize's event: the containers' resources as JSON.
///
/// Answers to `podResizeMessage` in `pkg/kubelet/events`.
fn resize_message(prefix: &str, spec: &PodSpec, generation: i64, error: &str) -> String {
    let summary = ResourceSummary {
        init_containers: spec.init_containers().map(|(_, container)| ContainerAllocation::of(container)).collect(),
        containers: spec.regular_containers().map(|(_, container)| ContainerAllocation::of(container)).collect(),
        generation,
        error,
    };
    let Ok(json) = serde_json::to_string(&summary) else { return prefix.into() };
    // Go's encoder escapes what HTML reserves; none of it is a part of JSON itself.
    let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    format!("{prefix}: {json}")
}
