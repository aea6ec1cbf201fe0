//! Status manager: the kubelet's status of a Pod, and what of it the API shows (pkg/kubelet/status/status_manager.go).
//!
//! Answers to `SetPodStatus`, `SetContainerReadiness`, `SetContainerStartup`, `TerminatePod` and `syncPod`.
//! `observedGeneration` is kept here; exit code 137 at the end of a Pod is `rule::final_statuses`, and the patch of the
//! status `status::patch`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    allocation_manager::AllocationManager,
    api_pod::ApiPod,
    runtime_manager::RuntimeManager,
    sink::Step,
    status_view::{Disruption, Generations, StatusReason, StatusView, TransitionTimes, has_conditions},
    sync_loop_queue::{Message, SyncLoopQueue},
};
use crate::{
    action::{Change, ContainerStateKind, Transition},
    api::{ConditionStatus, Name, PodCondition, PodPhase},
    config::{KnownBug, Kubernetes},
    rule::{
        conditions, final_statuses,
        pod_status::{PhaseReason, PodRecord, PreviousStatus},
        restart,
    },
    spec::{ContainerIndex, PodSpec},
    state::{
        Condition, ConditionReason, ConditionType, ContainerRecord, InstanceId, PodConditions, RecordedState,
        RuntimeStatus, is_owned_by_kubelet,
    },
    time::Timestamp,
};

/// Status of one Pod as the kubelet has computed it, and what of it stands in the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusManager {
    // --- The kubelet's status ---
    /// Shared by Pods with equal statuses; see the interner of the fast path.
    record: Arc<PodRecord>,
    reason: Option<Arc<StatusReason>>,
    /// Message of the kubelet's own `DisruptionTarget`, which is published with the terminal phase.
    disruption: Option<Disruption>,
    transition_times: TransitionTimes,
    /// Statuses of the readiness gates' conditions at the last computation.
    gates: Box<[Option<ConditionStatus>]>,
    #[serde(with = "crate::time::exact")]
    start_time: Option<Timestamp>,
    generations: Generations,
    source: StatusSource,
    /// True if a sandbox is ready whose condition is published when the sync that created it waits or ends.
    has_unpublished_sandbox: bool,
    /// True if the status shows the Pod's addresses.
    shows_pod_ips: bool,

    // --- The API ---
    published: Published,
    /// What the API shows while a newer status is being written; boxed, since a write without latency never needs it.
    unwritten: Option<Box<Unwritten>>,
}

/// Status at a moment, without phase and reason as far as the API shows others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TakenStatus {
    record: Arc<PodRecord>,
    reason: Option<Arc<StatusReason>>,
    disruption: Option<Disruption>,
    transition_times: TransitionTimes,
    #[serde(with = "crate::time::exact")]
    start_time: Option<Timestamp>,
    generations: Generations,
    shows_pod_ips: bool,
}

/// Write of a status that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PendingWrite {
    /// Status of the batch; `None` until it is taken.
    status: Option<TakenStatus>,
    /// When the status is taken; once it is, when it is in the API.
    #[serde(with = "crate::time::exact")]
    due: Timestamp,
}

/// Status that is being written while the API still shows a former one.
///
/// Answers to `syncBatch` and `syncPod`: a batch takes the statuses first, then reads each object and writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unwritten {
    /// Status that the API shows.
    shown: TakenStatus,
    /// Write under way; `None` while nothing has asked for one.
    write: Option<PendingWrite>,
    /// True if a newer status waits for the end of the write under way.
    has_newer: bool,
    /// True if the status is written even if it equals the shown one: another writer has overwritten it.
    is_overwritten: bool,
}

/// Source of the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum StatusSource {
    /// There is no status.
    None,
    /// The API: it was published before the kubelet started.
    Api,
    /// The kubelet has generated one since it started.
    Kubelet,
}

/// Part of the published status that may differ from the kubelet's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    /// `None` before the first write.
    phase: Option<PodPhase>,
    reason: Option<Arc<StatusReason>>,
    /// True if the status written when everything had stopped, once read back, triggers the write of the terminal
    /// phase.
    holds_back_terminal_phase: bool,
    /// Number of writes to the API; it wraps around.
    writes: u32,
    /// True if conditions of other owners have changed since the last write.
    external_conditions_changed: bool,
    /// True if another writer has set the phase.
    is_phase_of_others: bool,
    /// When the API's phase, which another writer has set, is written over.
    #[serde(with = "crate::time::exact")]
    reconcile_at: Option<Timestamp>,
}

/// Status from before the kubelet started.
pub(super) struct FoundStatus {
    pub(super) record: PodRecord,
    pub(super) reason: Option<Arc<StatusReason>>,
    /// `None` if the object shows no known phase.
    pub(super) phase: Option<PodPhase>,
    pub(super) start_time: Option<Timestamp>,
    pub(super) generations: Generations,
    pub(super) transition_times: TransitionTimes,
    pub(super) shows_pod_ips: bool,
}

/// New status of a Pod, with the circumstances of its publication.
pub(super) struct NewStatus<'a> {
    pub(super) record: PodRecord,
    pub(super) reason: Option<Arc<StatusReason>>,
    pub(super) disruption: Option<Disruption>,
    /// Object that it was generated for.
    pub(super) object: &'a ApiPod,
    pub(super) could_have_running_containers: bool,
    /// Reason to write even an unchanged status.
    pub(super) write: Write,
}

/// Reason to write a status to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// The status has changed.
    Changed,
    /// The Pod is being deleted or terminated: anything that the API does not show yet is written.
    Forced,
    /// None, unless a terminal phase was held back.
    Unchanged,
}

/// Other components that the status manager works with.
pub(super) struct StatusContext<'a, 'out> {
    /// Spec that the last sync used.
    pub(super) spec: &'a PodSpec,
    /// Object as the sync loop has seen it; the status manager keeps its `DisruptionTarget` there.
    pub(super) object: &'a mut Arc<ApiPod>,
    pub(super) queue: &'a mut SyncLoopQueue,
    pub(super) runtime_manager: &'a RuntimeManager,
    pub(super) allocation: Option<&'a mut AllocationManager>,
    /// True if statuses and conditions show the generation that they were made for.
    pub(super) shows_generation: bool,
    pub(super) kubernetes: Kubernetes,
    /// Time that a write takes.
    pub(super) write_time: Duration,
    /// True if the object of a Pod that has ended is removed at once, since it is being deleted and has no volumes.
    pub(super) is_removed_with_status: bool,
    pub(super) step: &'a mut Step<'out>,
}

impl StatusContext<'_, '_> {
    /// Returns the generation that a status of this object shows; 0 is left out.
    fn shown_generation(&self, object: &ApiPod) -> i64 {
        if self.shows_generation { object.generation } else { 0 }
    }

    fn is_object_gone(&self) -> bool {
        self.queue.newest_object().unwrap_or(self.object).is_gone
    }

    /// True if a status is in the API as soon as it is computed.
    fn writes_at_once(&self) -> bool {
        self.write_time.is_zero()
    }

    /// Emits a change of the published status, unless the object is gone and nothing can be published.
    fn emit(&mut self, change: Change) {
        if !self.is_object_gone() {
            self.step.out.transition(Transition { at: self.step.now, change });
        }
    }
}

impl StatusManager {
    /// Creates the status of a new Pod.
    pub(super) fn new() -> StatusManager {
        let unset = || Condition { status: ConditionStatus::Unknown, ..Condition::plain(false) };
        StatusManager {
            record: Arc::new(PodRecord {
                records: Vec::new(),
                phase: PodPhase::Pending,
                phase_reason: PhaseReason::Cleared,
                conditions: PodConditions {
                    ready_to_start_containers: None,
                    initialized: unset(),
                    ready: unset(),
                    containers_ready: unset(),
                    all_containers_restarting: None,
                },
                resources: None,
            }),
            reason: None,
            disruption: None,
            transition_times: TransitionTimes::default(),
            gates: Box::default(),
            start_time: None,
            generations: Generations::default(),
            source: StatusSource::None,
            has_unpublished_sandbox: false,
            shows_pod_ips: false,
            published: Published::default(),
            unwritten: None,
        }
    }

    // --- The kubelet's status ---

    /// Returns the newest status, from any source.
    pub(super) fn record(&self) -> &Arc<PodRecord> {
        &self.record
    }

    /// Returns the newest status for the interner, which keeps its value.
    #[cfg(feature = "sim")]
    pub(super) fn record_mut(&mut self) -> &mut Arc<PodRecord> {
        &mut self.record
    }

    /// Returns the status that the kubelet has generated since it started.
    pub(super) fn generated(&self) -> Option<&PodRecord> {
        self.is_generated().then_some(&self.record)
    }

    fn is_generated(&self) -> bool {
        self.source == StatusSource::Kubelet
    }

    /// True if there is a status, generated or published before the kubelet started.
    pub(super) fn is_known(&self) -> bool {
        self.source != StatusSource::None
    }

    /// Returns the newest status of a container.
    pub(super) fn container_status(&self, container: ContainerIndex) -> Option<&ContainerRecord> {
        self.record.records.get(container.get()).and_then(Option::as_ref)
    }

    /// Returns reason and message of the newest status.
    pub(super) fn reason(&self) -> Option<&Arc<StatusReason>> {
        self.reason.as_ref()
    }

    /// Returns the message of the kubelet's own `DisruptionTarget`.
    pub(super) fn disruption(&self) -> Option<&Disruption> {
        self.disruption.as_ref()
    }

    /// Returns `status.startTime`, in whole seconds.
    pub(super) fn start_time(&self) -> Option<Timestamp> {
        self.start_time
    }

    /// Returns the gates' statuses at the last computation.
    pub(super) fn gates(&self) -> &[Option<ConditionStatus>] {
        &self.gates
    }

    /// Sets the gates' statuses for the next computation.
    pub(super) fn set_gates(&mut self, gates: Vec<Option<ConditionStatus>>) {
        self.gates = gates.into();
    }

    /// Returns the status that the next computation starts from.
    pub(super) fn previous(&self) -> PreviousStatus<'_> {
        PreviousStatus {
            records: &self.record.records,
            phase: Some(self.record.phase),
            was_initialized: self.record.conditions.initialized.is_true(),
            was_restarting_all: self.shows_restart_of_all(),
        }
    }

    /// True if the API's status shows that the Pod had initialized.
    pub(super) fn shows_initialized(&self, spec: &PodSpec) -> bool {
        let shown = self.unwritten.as_ref().map_or(&self.record, |unwritten| &unwritten.shown.record);
        final_statuses::has_pod_initialized(spec, &shown.records)
    }

    /// True if the condition `AllContainersRestarting` is true.
    pub(super) fn shows_restart_of_all(&self) -> bool {
        self.record.conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
    }

    /// True if all containers are being restarted, or are about to be, as far as the status shows.
    pub(super) fn is_restarting_all(&self, spec: &PodSpec) -> bool {
        restart::should_restart_all_containers(spec, None, &self.record.records, self.shows_restart_of_all())
    }

    /// Adds entries for ephemeral containers that were added.
    pub(super) fn fit(&mut self, spec: &PodSpec) {
        if self.is_generated() && self.record.records.len() < spec.container_count() {
            Arc::make_mut(&mut self.record).records.resize_with(spec.container_count(), || None);
        }
    }

    /// Records whether the status shows the Pod's addresses, by the sandboxes in the view of a sync.
    ///
    /// Answers to `getPodIPs` in `pkg/kubelet/pleg`: those of the newest sandbox while it is ready, and the last known ones
    /// once none is.
    pub(super) fn record_pod_ips(&mut self, view: &RuntimeStatus) {
        match view.sandboxes.first() {
            Some(newest) if newest.is_ready => self.shows_pod_ips = newest.has_ip != Some(false),
            _ if view.sandboxes.iter().any(|sandbox| sandbox.is_ready) => self.shows_pod_ips = false,
            Some(_) | None => {}
        }
    }

    /// Records that a sandbox is ready; its condition is published when the sync waits or ends.
    pub(super) fn record_sandbox(&mut self) {
        self.has_unpublished_sandbox = true;
    }

    /// True if a ready sandbox is not published yet.
    pub(super) fn has_unpublished_sandbox(&self) -> bool {
        self.has_unpublished_sandbox
    }

    // --- The API ---

    /// Returns the published phase; `None` before the first write.
    pub(super) fn published_phase(&self) -> Option<PodPhase> {
        self.published.phase
    }

    /// Returns the published reason and message.
    pub(super) fn published_reason(&self) -> Option<&Arc<StatusReason>> {
        self.published.reason.as_ref()
    }

    /// True if the published phase is terminal.
    pub(super) fn is_published_terminal(&self) -> bool {
        self.published.phase.is_some_and(PodPhase::is_terminal)
    }

    fn is_published_evicted(&self) -> bool {
        self.published.reason.as_ref().is_some_and(|reason| &*reason.reason == "Evicted")
    }

    /// True if the Pod is published as evicted, with a terminal phase.
    pub(super) fn is_evicted(&self) -> bool {
        self.is_published_evicted() && self.is_published_terminal()
    }

    /// Returns the number of writes.
    pub(super) fn writes(&self) -> u32 {
        self.published.writes
    }

    /// Returns what is published.
    pub(super) fn view<'a>(
        &'a self,
        spec: &'a PodSpec,
        object: &'a ApiPod,
        runtime_manager: &'a RuntimeManager,
    ) -> StatusView<'a> {
        let newest = self.newest_view(spec, object, runtime_manager);
        let Some(Unwritten { shown, .. }) = self.unwritten.as_deref() else { return newest };
        StatusView {
            record: &shown.record,
            transition_times: &shown.transition_times,
            start_time: shown.start_time,
            generations: shown.generations,
            shows_pod_ips: shown.shows_pod_ips,
            ..newest
        }
    }

    /// Returns the newest status, whose write may be under way, with the published phase and reason.
    pub(super) fn newest_view<'a>(
        &'a self,
        spec: &'a PodSpec,
        object: &'a ApiPod,
        runtime_manager: &'a RuntimeManager,
    ) -> StatusView<'a> {
        StatusView {
            spec,
            phase: self.published.phase.unwrap_or(PodPhase::Pending),
            reason: self.published.reason.as_deref(),
            record: &self.record,
            transition_times: &self.transition_times,
            start_time: self.start_time,
            generations: self.generations,
            shows_pod_ips: self.shows_pod_ips,
            external_conditions: &object.conditions,
            runtime_manager,
        }
    }

    // --- Changes, in the order of a sync ---

    /// Keeps and publishes a new status; true if it equals the former one in everything. A status that would revive a
    /// container that has terminated for good is refused as a whole.
    pub(super) fn set_pod_status(&mut self, new: NewStatus<'_>, context: &mut StatusContext<'_, '_>) -> bool {
        // checkContainerStateTransition: the kubelet logs the error and drops the update.
        let run_again = !context.kubernetes.has_bug(KnownBug::StatusFrozenByInitContainers);
        let (before, after) = (&self.record.records, &new.record.records);
        if !final_statuses::allows_transition_in(&new.object.spec, before, after, run_again) {
            return false;
        }
        self.keep_shown(context);
        // startTime is set once and never changes.
        self.start_time.get_or_insert(context.step.now.whole_seconds());
        // A status from before the kubelet started counts as the former one.
        let is_first = !self.is_known();
        let before = core::mem::replace(&mut self.record, Arc::new(new.record));
        for (which, condition) in self.record.conditions.iter() {
            let old = before.conditions.get(which).filter(|_| !is_first);
            record_condition_change(&mut self.transition_times, which, old, condition, context);
        }
        if context.writes_at_once() {
            emit_container_changes(&before.records, &self.record.records, context);
        }
        let generation = context.shown_generation(new.object);
        let has_observed = generation > self.generations.status;
        self.generations.status = generation.max(self.generations.status);
        // Between two syncs a probe may have set it by an object that this sync does not know yet.
        self.generations.readiness = generation;
        // The first status after a restart is compared by the patch that it makes, in which times count, too.
        let has_new_times = self.source != StatusSource::Kubelet && before.resources != self.record.resources;
        let has_changed =
            is_first || has_observed || has_new_times || self.reason != new.reason || !before.is_same(&self.record);
        let is_unchanged = !has_changed && before == self.record;
        if is_unchanged {
            // Keeps the allocation that other Pods may share.
            self.record = before;
        }
        self.reason = new.reason;
        self.disruption = new.disruption;
        let was_generated = core::mem::replace(&mut self.source, StatusSource::Kubelet) == StatusSource::Kubelet;
        let write = if has_changed { Write::Changed } else { new.write };
        self.publish(write, new.could_have_running_containers, context);
        if !was_generated {
            self.post_reconcile(context);
        }
        is_unchanged
    }

    /// Publishes a probe's readiness at once, with `Ready` and `ContainersReady` by what the last sync knew.
    pub(super) fn set_container_readiness(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        ready: bool,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        let Some(status) = self.container_status_mut(container, instance, context) else { return };
        if is_late(status, ready, context.kubernetes) || is_early(status, ready, context.kubernetes) {
            return;
        }
        // SetContainerReadiness leaves an unchanged status alone, its conditions too.
        if status.ready == ready {
            return;
        }
        self.keep_shown(context);
        if let Some(status) = self.container_status_mut(container, instance, context) {
            status.ready = ready;
        }
        let record = &self.record;
        let containers_ready = conditions::containers_ready(context.spec, Some(&record.records), record.phase);
        let is_ready = self.ready_given(context.spec, &containers_ready, &self.gates);
        let conditions = &mut Arc::make_mut(&mut self.record).conditions;
        let was_ready = core::mem::replace(&mut conditions.ready, is_ready.clone());
        let were_ready = core::mem::replace(&mut conditions.containers_ready, containers_ready.clone());
        let (ready, times) = (ConditionType::Ready, &mut self.transition_times);
        record_condition_change(times, ready, Some(&was_ready), &is_ready, context);
        let containers = ConditionType::ContainersReady;
        record_condition_change(times, containers, Some(&were_ready), &containers_ready, context);
        self.generations.readiness = context.shown_generation(context.object);
        self.publish(Write::Changed, could_have_running_containers, context);
    }

    /// Publishes a startup probe's result at once; the kubelet computes no condition here.
    pub(super) fn set_container_startup(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        started: bool,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        let Some(status) = self.container_status_mut(container, instance, context) else { return };
        if is_late(status, started, context.kubernetes) {
            return;
        }
        let has_changed = status.started != Some(started);
        let is_no_longer_ready = !started && status.ready && !context.kubernetes.has_bug(KnownBug::ReadyWithoutStarted);
        if has_changed {
            self.keep_shown(context);
            if let Some(status) = self.container_status_mut(container, instance, context) {
                status.started = Some(started);
            }
        }
        // SetContainerStartup sets nothing but `started`: a container that was ready stays so until the next sync.
        if is_no_longer_ready {
            self.set_container_readiness(container, instance, false, could_have_running_containers, context);
        } else if has_changed {
            self.publish(Write::Changed, could_have_running_containers, context);
        }
    }

    /// Returns the status of this instance of a container; `None` for a former instance, or before the first status.
    fn container_status_mut(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        context: &StatusContext<'_, '_>,
    ) -> Option<&mut ContainerRecord> {
        if context.object.is_gone || !self.is_generated() {
            return None;
        }
        let status = Arc::make_mut(&mut self.record).records.get_mut(container.get())?.as_mut()?;
        // findContainerStatus by id: a result of a former instance is dropped.
        (status.instance == Some(instance)).then_some(status)
    }

    /// Publishes a new sandbox when the sync that created it waits or ends.
    pub(super) fn publish_sandbox(
        &mut self,
        object: &ApiPod,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        if !core::mem::take(&mut self.has_unpublished_sandbox) {
            return;
        }
        // Without the feature gate there is nothing new to publish.
        if self.record.conditions.ready_to_start_containers.is_none() {
            return;
        }
        self.keep_shown(context);
        let after = Condition::plain(true);
        let condition = &mut Arc::make_mut(&mut self.record).conditions.ready_to_start_containers;
        let before = condition.replace(after.clone());
        let (which, times) = (ConditionType::PodReadyToStartContainers, &mut self.transition_times);
        record_condition_change(times, which, before.as_ref(), &after, context);
        let otherwise = if object.is_deleting() { Write::Forced } else { Write::Unchanged };
        self.publish(
            if before == Some(after) { otherwise } else { Write::Changed },
            could_have_running_containers,
            context,
        );
    }

    /// Publishes the end of the Pod: containers without a known exit terminate, and the phase becomes terminal.
    ///
    /// Answers to `TerminatePod`.
    pub(super) fn terminate_pod(
        &mut self,
        object: &ApiPod,
        shows_initialized: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        let mut record = PodRecord::clone(&self.record);
        final_statuses::terminate_containers(&object.spec, &mut record.records, shows_initialized);
        if !record.phase.is_terminal() && !object.spec.is_static() {
            record.phase = PodPhase::Failed;
        }
        let (reason, disruption) = (self.reason.clone(), self.disruption.clone());
        let (could_have_running_containers, write) = (false, Write::Forced);
        let new = NewStatus { record, reason, disruption, object, could_have_running_containers, write };
        self.set_pod_status(new, context);
    }

    /// Holds the terminal phase back until the status that was just written is read back.
    pub(super) fn hold_back_terminal_phase(&mut self) {
        self.published.holds_back_terminal_phase = true;
    }

    /// Publishes the status of a Pod that the node rejects: no condition and no container.
    ///
    /// Answers to `rejectPod`.
    pub(super) fn reject(
        &mut self,
        reason: Arc<StatusReason>,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        self.keep_shown(context);
        let (published, unwritten) = (core::mem::take(&mut self.published), self.unwritten.take());
        let start_time = self.start_time;
        *self = StatusManager { published, unwritten, start_time, ..StatusManager::new() };
        self.start_time.get_or_insert(context.step.now.whole_seconds());
        self.generations.status = context.shown_generation(context.object);
        Arc::make_mut(&mut self.record).phase = PodPhase::Failed;
        self.reason = Some(reason);
        self.publish(Write::Changed, could_have_running_containers, context);
    }

    /// Publishes the phase of a rejected Pod, unless its containers may still run.
    pub(super) fn publish_rejection(
        &mut self,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        self.keep_shown(context);
        self.publish(Write::Forced, could_have_running_containers, context);
    }

    // --- Writes ---

    /// Writes the status to the API if the API does not show it yet.
    pub(super) fn publish(
        &mut self,
        write: Write,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        // syncPod finds no object to patch.
        if context.is_object_gone() {
            self.unwritten = None;
            return;
        }
        if !context.writes_at_once() {
            return self.begin_write(write, context);
        }
        let (phase, reason) = self.publishable(could_have_running_containers);
        let published = &self.published;
        let has_moved = published.phase != Some(phase) || published.reason != reason;
        let is_due = match write {
            Write::Changed => true,
            Write::Forced => has_moved || published.external_conditions_changed,
            Write::Unchanged => has_moved && published.holds_back_terminal_phase,
        };
        if is_due {
            let disruption = self.disruption.clone();
            self.write(phase, reason, disruption.as_ref(), could_have_running_containers, context);
        }
    }

    /// Returns the phase and reason that may be published: a terminal phase that the kubelet has published stays, and a
    /// new one is held back while containers may run.
    ///
    /// Answers to `mergePodStatus`.
    fn publishable(&self, could_have_running_containers: bool) -> (PodPhase, Option<Arc<StatusReason>>) {
        self.publishable_of(self.record.phase, self.reason.as_ref(), could_have_running_containers)
    }

    fn publishable_of(
        &self,
        computed: PodPhase,
        reason: Option<&Arc<StatusReason>>,
        could_have_running_containers: bool,
    ) -> (PodPhase, Option<Arc<StatusReason>>) {
        let published = &self.published;
        match published.phase {
            // A Pod never leaves a terminal phase, but that of another writer; its reason changes with a deadline that passes
            // after a rejection.
            Some(phase) if phase.is_terminal() && computed != phase && !published.is_phase_of_others => {
                (phase, published.reason.clone())
            }
            phase if computed.is_terminal() && could_have_running_containers => {
                (phase.unwrap_or(PodPhase::Pending), published.reason.clone())
            }
            _ => (computed, reason.cloned()),
        }
    }

    // --- Writes that take time ---

    /// Keeps what the API shows, before the status changes, until the change is written.
    fn keep_shown(&mut self, context: &StatusContext<'_, '_>) {
        if !context.writes_at_once() && self.unwritten.is_none() {
            let (shown, write) = (self.take_status(), None);
            self.unwritten = Some(Box::new(Unwritten { shown, write, has_newer: false, is_overwritten: false }));
        }
    }

    fn take_status(&self) -> TakenStatus {
        TakenStatus {
            record: self.record.clone(),
            reason: self.reason.clone(),
            disruption: self.disruption.clone(),
            transition_times: self.transition_times.clone(),
            start_time: self.start_time,
            generations: self.generations,
            shows_pod_ips: self.shows_pod_ips,
        }
    }

    /// Begins to write the status, or leaves it to the end of the write under way.
    fn begin_write(&mut self, write: Write, context: &StatusContext<'_, '_>) {
        let Some(unwritten) = self.unwritten.as_deref_mut() else { return };
        // The status manager's goroutine wakes a little later, and so takes what a sync of this moment sets, too.
        let due = context.step.now + taking_time(context.write_time);
        match (&unwritten.write, write) {
            // updateStatusInternal ignores a status that is the same.
            (None, Write::Unchanged) => self.unwritten = None,
            (Some(_), Write::Unchanged) => {}
            (None, Write::Changed | Write::Forced) => unwritten.write = Some(PendingWrite { status: None, due }),
            (Some(_), Write::Changed | Write::Forced) => unwritten.has_newer = true,
        }
    }

    /// Writes the status again at `at` or earlier: another writer has overwritten it.
    pub(super) fn reconcile_by(&mut self, at: Timestamp) {
        self.published.reconcile_at = Some(self.published.reconcile_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// True if the newest status has a terminal phase.
    pub(super) fn is_computed_terminal(&self) -> bool {
        self.record.phase.is_terminal()
    }

    /// Returns when the write under way ends, or when the API's status is written over.
    pub(super) fn write_due(&self) -> Option<Timestamp> {
        let write = self.unwritten.as_ref().and_then(|unwritten| unwritten.write.as_ref()).map(|write| write.due);
        write.into_iter().chain(self.published.reconcile_at).min()
    }

    /// Ends the write that is due, and begins the next.
    pub(super) fn finish_write(&mut self, could_have_running_containers: bool, context: &mut StatusContext<'_, '_>) {
        if self.published.reconcile_at.is_some_and(|at| at <= context.step.now) {
            self.rewrite(could_have_running_containers, context);
        }
        let now = context.step.now;
        let pending = self.unwritten.as_ref().and_then(|unwritten| unwritten.write.as_ref());
        match pending.filter(|write| write.due <= now).map(|write| write.status.is_some()) {
            Some(true) => self.end_write(could_have_running_containers, context),
            Some(false) => {
                self.take_for_write(now + context.write_time.saturating_sub(taking_time(context.write_time)))
            }
            None => {}
        }
    }

    /// Ends every write, of which none is under way afterwards.
    pub(super) fn finish_writes(&mut self, could_have_running_containers: bool, context: &mut StatusContext<'_, '_>) {
        // One under way, and one for what has changed since.
        while self.unwritten.is_some() {
            self.end_write(could_have_running_containers, context);
        }
    }

    /// Takes the status for the write under way, which ends at `due`.
    fn take_for_write(&mut self, due: Timestamp) {
        let status = Some(self.take_status());
        if let Some(unwritten) = self.unwritten.as_deref_mut() {
            unwritten.write = Some(PendingWrite { status, due });
            unwritten.has_newer = false;
        }
    }

    fn end_write(&mut self, could_have_running_containers: bool, context: &mut StatusContext<'_, '_>) {
        let newest = self.take_status();
        let Some(unwritten) = self.unwritten.as_deref_mut() else { return };
        let Some(write) = unwritten.write.take() else {
            self.unwritten = None;
            return;
        };
        let taken = write.status.unwrap_or_else(|| newest.clone());
        let is_overwritten = core::mem::take(&mut unwritten.is_overwritten);
        if core::mem::take(&mut unwritten.has_newer) {
            let due = context.step.now + context.write_time;
            unwritten.write = Some(PendingWrite { status: Some(newest), due });
        }
        let before = core::mem::replace(&mut unwritten.shown, taken.clone());
        let is_last = unwritten.write.is_none();
        // PodCouldHaveRunningContainers is asked after the object was read.
        let (phase, reason) =
            self.publishable_of(taken.record.phase, taken.reason.as_ref(), could_have_running_containers);
        let published = &self.published;
        let has_moved = published.phase != Some(phase) || published.reason != reason;
        let is_changed = before != taken || published.external_conditions_changed || is_overwritten;
        if (has_moved || is_changed) && !context.is_object_gone() {
            for (which, condition) in taken.record.conditions.iter() {
                let old = before.record.conditions.get(which).filter(|old| old.status != ConditionStatus::Unknown);
                emit_condition_change(which, old, condition, context);
            }
            emit_container_changes(&before.record.records, &taken.record.records, context);
            self.write(phase, reason, taken.disruption.as_ref(), could_have_running_containers, context);
        }
        if is_last {
            self.unwritten = None;
        }
    }

    /// Writes the status again: the API shows another one.
    pub(super) fn rewrite(&mut self, could_have_running_containers: bool, context: &mut StatusContext<'_, '_>) {
        self.published.reconcile_at = None;
        self.keep_shown(context);
        if let Some(unwritten) = self.unwritten.as_deref_mut() {
            unwritten.is_overwritten = true;
        }
        self.publish(Write::Changed, could_have_running_containers, context);
    }

    /// Writes the status with this phase and reason to the API.
    fn write(
        &mut self,
        phase: PodPhase,
        reason: Option<Arc<StatusReason>>,
        disruption: Option<&Disruption>,
        could_have_running_containers: bool,
        context: &mut StatusContext<'_, '_>,
    ) {
        let shown = self.published.phase;
        let becomes_terminal = phase.is_terminal() && !shown.is_some_and(PodPhase::is_terminal);
        // mergePodStatus publishes the kubelet's DisruptionTarget only when no container can run any more.
        if becomes_terminal && !could_have_running_containers {
            publish_disruption(disruption, context);
        }
        // This write replaces the phase that another writer has set.
        if !phase.is_terminal() && context.object.api_terminal_phase.is_some() {
            Arc::make_mut(context.object).api_terminal_phase = None;
        }
        if !context.kubernetes.has_bug(KnownBug::OldTransitionTime) {
            self.record_transitions_of_api(context);
        }
        // The API may have set conditions that the kubelet owns; its own replace them with this write.
        if context.object.conditions.iter().any(|condition| is_owned_by_kubelet(&condition.type_)) {
            Arc::make_mut(context.object).conditions.retain(|condition| !is_owned_by_kubelet(&condition.type_));
        }
        let writes = self.published.writes.wrapping_add(1);
        self.published = Published { phase: Some(phase), reason, writes, ..Published::default() };
        let retries_resize = context
            .allocation
            .as_deref_mut()
            .is_some_and(|manager| manager.record_write(self.record.resources.as_deref(), becomes_terminal));
        // The removal of a deleted Pod comes with its last status, unless its volumes are still mounted.
        let retries_resize = retries_resize && !(phase.is_terminal() && context.is_removed_with_status);
        if shown != Some(phase) {
            context.emit(Change::Phase { from: shown, to: phase });
        }
        let now = context.step.now;
        context.step.out.published(now, &self.view(context.spec, context.object, context.runtime_manager));
        self.post_reconcile(context);
        if retries_resize {
            context.queue.post(Message::Reconcile);
        }
    }

    /// Sets the transition time of each condition to which another writer has given another status meanwhile.
    fn record_transitions_of_api(&mut self, context: &StatusContext<'_, '_>) {
        // mergePodStatus reads the object that the API has now, whatever the watch has delivered.
        for theirs in &context.queue.newest_object().unwrap_or(context.object).conditions {
            let mut own = self.record.conditions.iter();
            let ours = own.find(|(which, _)| which.name() == &*theirs.type_);
            if let Some((which, _)) = ours.filter(|(_, ours)| theirs.status.known() != Some(ours.status)) {
                self.transition_times.set(which, Some(context.step.now));
            }
        }
    }

    /// Posts the written status for the sync loop to read back, as far as that matters: to Pods with gates and to
    /// evicted ones.
    fn post_reconcile(&self, context: &mut StatusContext<'_, '_>) {
        let has_gates = !context.spec.readiness_gates().is_empty();
        let is_evicted = self.published.phase == Some(PodPhase::Failed) && self.is_published_evicted();
        if (has_gates || is_evicted) && self.is_generated() {
            context.queue.post(Message::Reconcile);
        }
    }

    // --- What the API shows ---

    /// Records that the watch has delivered other conditions of other owners.
    pub(super) fn record_external_conditions(&mut self, have_changed: bool) {
        self.published.external_conditions_changed |= have_changed;
    }

    /// Adopts the terminal phase that another writer has set, unless a terminal phase is published already. The kubelet's
    /// own is written over it at `reconcile_at`, unless the Pod ends before.
    ///
    /// Answers to `needsReconcile`.
    pub(super) fn adopt_api_phase(
        &mut self,
        to: PodPhase,
        reconcile_at: Timestamp,
        context: &mut StatusContext<'_, '_>,
    ) {
        let from = self.published.phase;
        if !from.is_some_and(PodPhase::is_terminal) {
            self.published.phase = Some(to);
            self.published.is_phase_of_others = true;
            self.published.reconcile_at = Some(reconcile_at).filter(|_| self.is_generated());
            context.emit(Change::Phase { from, to });
        }
    }

    /// Sets the phase that the object shows when the kubelet gets the Pod.
    pub(super) fn set_published_phase(&mut self, phase: Option<PodPhase>) {
        self.published.phase = phase;
    }

    /// True if the published `Ready` is not what gates and regular containers imply.
    ///
    /// Answers to `NeedToReconcilePodReadiness`, which looks at regular containers only.
    pub(super) fn needs_to_reconcile_readiness(&self, object: &ApiPod, synced_spec: &PodSpec) -> bool {
        let spec = &object.spec;
        if spec.readiness_gates().is_empty() || !self.is_generated() {
            return false;
        }
        let of_regular = |(index, record): (ContainerIndex, &Option<ContainerRecord>)| {
            record.clone().filter(|_| spec.is_regular(index))
        };
        let records = spec.containers().map(|(index, _)| index).zip(&self.record.records);
        let regular: Vec<Option<ContainerRecord>> = records.map(of_regular).collect();
        let phase = self.published.phase.unwrap_or(PodPhase::Pending);
        let containers_ready = conditions::containers_ready(spec, Some(&regular), phase);
        let expected = self.ready_given(synced_spec, &containers_ready, &object.gate_statuses());
        let actual = &self.record.conditions.ready;
        actual.status != expected.status || actual.message != expected.message
    }

    /// Returns `Ready` by `ContainersReady` and the statuses of the gates.
    fn ready_given(
        &self,
        spec: &PodSpec,
        containers_ready: &Condition,
        gates: &[Option<ConditionStatus>],
    ) -> Condition {
        conditions::ready(spec, containers_ready, |gate, name| {
            gates.get(gate).copied().flatten().or_else(|| self.own_condition(name))
        })
    }

    /// Returns the status of the kubelet's own condition of this type, which may serve as a readiness gate.
    fn own_condition(&self, name: &str) -> Option<ConditionStatus> {
        let mut own = self.record.conditions.iter();
        own.find(|(which, _)| which.name() == name).map(|(_, condition)| condition.status)
    }

    // --- Restart of the kubelet ---

    /// Adopts the status that was published before the kubelet started.
    pub(super) fn adopt_published(&mut self, found: FoundStatus) {
        self.record = Arc::new(found.record);
        self.reason.clone_from(&found.reason);
        self.transition_times = found.transition_times;
        self.start_time = found.start_time;
        self.shows_pod_ips = found.shows_pod_ips;
        self.generations = found.generations;
        // The last write is in the API, whichever kubelet made it.
        self.published = Published { phase: found.phase, reason: found.reason, writes: 1, ..Published::default() };
        self.source = self.published_source();
    }

    /// Returns the source of a status that only the API has. That of a rejected Pod has no condition: what is computed next
    /// is the first.
    fn published_source(&self) -> StatusSource {
        if has_conditions(&self.record) { StatusSource::Api } else { StatusSource::None }
    }

    /// Forgets what a restart of the kubelet loses: all that is not published.
    pub(super) fn reset(&mut self) {
        // The write under way is lost as well.
        if let Some(unwritten) = self.unwritten.take() {
            let TakenStatus { record, transition_times, start_time, generations, shows_pod_ips, .. } = unwritten.shown;
            (self.record, self.transition_times, self.start_time) = (record, transition_times, start_time);
            (self.generations, self.shows_pod_ips) = (generations, shows_pod_ips);
        }
        self.published.reconcile_at = None;
        // A terminal phase that was held back is not in the API, so it is lost.
        Arc::make_mut(&mut self.record).phase = self.published.phase.unwrap_or(PodPhase::Pending);
        self.reason = self.published.reason.clone();
        self.disruption = None;
        self.source = self.published_source();
        self.published.holds_back_terminal_phase = false;
        self.has_unpublished_sandbox = false;
    }
}

/// True if a readiness probe succeeds in a running container that has not started. The kubelet publishes it nevertheless.
fn is_early(status: &ContainerRecord, is_success: bool, kubernetes: Kubernetes) -> bool {
    is_success
        && status.is_running()
        && status.started == Some(false)
        && !kubernetes.has_bug(KnownBug::ReadyWithoutStarted)
}

/// True if a probe's success comes after its container has ended. The kubelet publishes it nevertheless.
fn is_late(status: &ContainerRecord, is_success: bool, kubernetes: Kubernetes) -> bool {
    is_success && !status.is_running() && !kubernetes.has_bug(KnownBug::LateProbeSuccess)
}

/// Returns the part of a write's time that passes before the status is taken.
fn taking_time(write_time: Duration) -> Duration {
    write_time.checked_div(4).unwrap_or_default()
}

/// Records a condition's change of status, and emits it unless the write takes time.
fn record_condition_change(
    times: &mut TransitionTimes,
    which: ConditionType,
    before: Option<&Condition>,
    after: &Condition,
    context: &mut StatusContext<'_, '_>,
) {
    if before.map(|before| before.status) == Some(after.status) {
        return;
    }
    // The scheduler owns PodScheduled: its time is that of the binding.
    let bound_at = context.object.scheduled_at.filter(|_| which == ConditionType::PodScheduled);
    times.set(which, Some(bound_at.unwrap_or(context.step.now)));
    if context.writes_at_once() {
        emit_condition_change(which, before, after, context);
    }
}

/// Emits a condition's change of status.
fn emit_condition_change(
    which: ConditionType,
    before: Option<&Condition>,
    after: &Condition,
    context: &mut StatusContext<'_, '_>,
) {
    let from = before.map(|before| before.status);
    if from != Some(after.status) {
        context.emit(Change::Condition { condition: which, from, to: after.status, reason: after.reason });
    }
}

/// Emits a transition for each container whose state or running instance has changed.
fn emit_container_changes(
    before: &[Option<ContainerRecord>],
    after: &[Option<ContainerRecord>],
    context: &mut StatusContext<'_, '_>,
) {
    let spec = context.spec;
    for ((index, _), after) in spec.containers().zip(after) {
        let before = before.get(index.get()).and_then(Option::as_ref);
        let (Some(to), instance) = (state_kind(after.as_ref()), after.as_ref().and_then(|after| after.instance)) else {
            continue;
        };
        let from = state_kind(before);
        let same_instance = before.and_then(|before| before.instance) == instance;
        if from != Some(to) || !same_instance && to == ContainerStateKind::Running {
            context.emit(Change::Container { container: index, from, to, instance });
        }
    }
}

/// Publishes the kubelet's own `DisruptionTarget`, which comes with the terminal phase and not before.
fn publish_disruption(message: Option<&Disruption>, context: &mut StatusContext<'_, '_>) {
    let Some(message) = message else { return };
    let (which, reason) = (ConditionType::DisruptionTarget, ConditionReason::TerminationByKubelet);
    let (to, now) = (ConditionStatus::True, context.step.now);
    let condition = PodCondition {
        type_: which.name().into(),
        observed_generation: context.shown_generation(context.object),
        status: to.into(),
        last_probe_time: None,
        last_transition_time: Some(now.whole_seconds()),
        reason: reason.name().into(),
        message: (**message).into(),
    };
    // An unchanged status keeps its transition time.
    let from = PodCondition::put(&mut Arc::make_mut(context.object).conditions, condition);
    if from != Some(to) {
        context.emit(Change::Condition { condition: which, from, to, reason: Some(reason) });
    }
}

fn state_kind(record: Option<&ContainerRecord>) -> Option<ContainerStateKind> {
    Some(match record?.state.as_ref()? {
        RecordedState::Waiting(_) => ContainerStateKind::Waiting,
        RecordedState::Running { .. } => ContainerStateKind::Running,
        RecordedState::Terminated(_) => ContainerStateKind::Terminated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::tests::{at, one_container};

    /// A kubelet that shows `Running` and has computed this last.
    fn computed(phase: PodPhase, reason: &str) -> StatusManager {
        let mut status = StatusManager::new();
        status.published.phase = Some(PodPhase::Running);
        Arc::make_mut(&mut status.record).phase = phase;
        status.reason = Some(StatusReason::new(reason, ""));
        status
    }

    #[test]
    fn a_terminal_phase_and_its_reason_are_held_back_while_containers_may_run() {
        let status = computed(PodPhase::Failed, "DeadlineExceeded");
        assert_eq!(status.publishable(true), (PodPhase::Running, None));
        assert_eq!(status.publishable(false), (PodPhase::Failed, status.reason.clone()));
    }

    #[test]
    fn a_published_terminal_phase_stays_whatever_is_computed_after_it() {
        let mut status = computed(PodPhase::Running, "");
        let evicted = Some(StatusReason::new("Evicted", "The node was low on resource: memory."));
        (status.published.phase, status.published.reason) = (Some(PodPhase::Failed), evicted.clone());
        assert_eq!(status.publishable(true), (PodPhase::Failed, evicted.clone()));
        assert_eq!(status.publishable(false), (PodPhase::Failed, evicted));
    }

    #[test]
    fn transition_times_are_whole_seconds_as_the_api_has_them() {
        let mut status = StatusManager::new();
        status.transition_times.set(ConditionType::Ready, Some(at(1_999)));
        assert_eq!(status.transition_times.get(ConditionType::Ready), Some(at(1_000)));
        assert_eq!(status.transition_times.get(ConditionType::Initialized), None);
    }

    #[test]
    fn a_restarted_kubelet_knows_what_is_published_and_nothing_more() {
        let mut status = computed(PodPhase::Failed, "Evicted");
        status.disruption = Some("The node was low on resource: memory.".into());
        status.reset();
        let known = (status.record.phase, status.reason.clone(), status.disruption.clone());
        assert_eq!(known, (PodPhase::Running, None, None));
        assert!(status.generated().is_none());
    }

    #[test]
    fn a_container_that_is_added_gets_its_place_in_a_generated_status() {
        let spec = one_container();
        let mut status = StatusManager::new();
        status.fit(&spec);
        assert!(status.record.records.is_empty(), "there is no status yet");
        status.source = StatusSource::Kubelet;
        status.fit(&spec);
        assert_eq!(status.record.records.len(), 1);
    }
}
