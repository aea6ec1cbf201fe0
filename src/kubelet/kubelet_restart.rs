//! Restart of the kubelet: resets its memory, and adopts a Pod from the API and the runtime.
//!
//! Answers to what a restarted kubelet does: the first `UpdatePod` in `pkg/kubelet/pod_workers.go`, and
//! `setReadyStateOnKubeletRestart` in `pkg/kubelet/prober`.

use alloc::{sync::Arc, vec::Vec};

use super::{
    admission,
    api_pod::ApiPod,
    components::{ColdState, Kubelet},
    pleg::Pleg,
    pod_worker::PodWorker,
    sink::Step,
    status_manager::FoundStatus,
    status_view::{Generations, StatusReason, TransitionTimes},
};
use crate::{
    api::{ContainerStatus, Name, PodPhase, PodStatus},
    config::KubeletConfig,
    event::EventError,
    rule::pod_status::{PhaseReason, PodRecord},
    spec::SpecError,
    state::{
        Condition, ConditionType, ContainerIds, ContainerRecord, PodConditions, RuntimeStatus, Termination,
        TerminationReason, observed_records,
    },
    time::Timestamp,
};

/// Error of [`PodMachine::resume`](crate::PodMachine::resume).
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, ResumeError, Timestamp, config::KubeletConfig, event::EventError, api::PodManifest,
///     state::{ContainerIds, Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
/// };
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let astray = Instance {
///     id: InstanceId::nth(0), container: Some(0.into()), sandbox: SandboxId(3), restart_count: 0, spec_changed: false,
///     state: InstanceState::Running { started_at: None },
/// };
/// let runtime = RuntimeStatus { sandboxes: Vec::new(), instances: vec![astray] };
/// let (config, now) = (Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH);
/// let refused = PodMachine::resume(&object, runtime, &mut ContainerIds::default(), config, now, &mut NoSink);
/// assert_eq!(refused, Err(ResumeError::Runtime(EventError::UnknownSandbox { sandbox: SandboxId(3) })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The object is invalid.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The list of the runtime is impossible: something is listed twice, or belongs to what is not listed.
    #[error("the runtime's list: {0}")]
    Runtime(#[source] EventError),
}

/// Restarts the kubelet between two syncs: runtime and API keep what they have, and the kubelet's memory is lost.
pub(super) fn restart(worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    kubelet.prober_manager.reset();
    kubelet.runtime_manager.reset();
    kubelet.status_manager.reset();
    kubelet.queue.reset();
    // Node and network are as they were.
    let ColdState { gc, node, network, .. } = kubelet.cold();
    let (gc, node, network) = (gc.after_restart(), node.clone(), network.clone());
    *kubelet.cold_mut() = ColdState { kubelet_restarted_at: Some(step.now), node, network, gc, ..ColdState::default() };
    // The new kubelet reads its own last status from the API, so a terminal phase counts as the API's.
    if kubelet.status_manager.record().phase.is_terminal() {
        Arc::make_mut(&mut kubelet.object).api_terminal_phase = kubelet.status_manager.published_phase();
    }
    // What was mounted before is set up once more: volumes are not reconstructed from the disk.
    kubelet.start_volume_manager(step.now);
    *worker = PodWorker::new();
    kubelet.restart_resizes(step.now);
    if admission::admit(worker, kubelet, step) {
        adopt(worker, kubelet);
    }
}

/// Adopts a Pod that the kubelet sees for the first time since it started: one that is being deleted is terminated, and
/// of one that is over, and of which nothing runs, only the last status is published.
///
/// Answers to the first `UpdatePod`.
pub(super) fn adopt(worker: &mut PodWorker, kubelet: &Kubelet) {
    let (object, shows_initialized) = (kubelet.allocated_object(), kubelet.shows_initialized());
    let object = object.as_ref().unwrap_or(&kubelet.object);
    let is_over = object.api_terminal_phase.is_some();
    // UpdatePod: a terminal Pod of which the cache shows nothing running is terminated at once.
    if is_over && kubelet.pleg.runtime().is_quiet() {
        *worker = PodWorker::of_terminated_pod();
    } else if object.is_deleting() || object.is_gone || is_over {
        worker.terminate(object, shows_initialized, None);
    }
    worker.request(object, shows_initialized);
}

/// Creates the components of a kubelet that finds a Pod with this status in the API, and with this in its runtime.
pub(super) fn resume(
    object: ApiPod,
    status: &PodStatus,
    runtime: RuntimeStatus,
    ids: &mut ContainerIds,
    config: Arc<KubeletConfig>,
    now: Timestamp,
) -> Kubelet {
    // The first relist comes before the first Pod, so the cache knows the runtime already.
    let pleg = Pleg::after_restart(runtime, config.timing, now);
    let mut kubelet = Kubelet::new(Arc::new(object), RuntimeStatus::default(), config, now);
    kubelet.pleg = pleg;
    kubelet.cold_mut().kubelet_restarted_at = Some(now);
    find_published(&mut kubelet, status, ids);
    let spec = kubelet.spec.clone();
    if let Some(manager) = &mut kubelet.allocation {
        manager.adopt_published(&spec, status, ids);
    }
    kubelet.restart_resizes(now);
    kubelet
}

// --- The published status ---

/// Adopts the published status, with the instances that it names.
fn find_published(kubelet: &mut Kubelet, status: &PodStatus, ids: &mut ContainerIds) {
    let records = observed_records(&kubelet.spec, status.every_container(), ids);
    record_instances(kubelet, ids);
    for container in status.every_container() {
        record_former_image(kubelet, container, ids);
    }
    let spec = kubelet.spec.clone();
    for ((index, _), record) in spec.containers().zip(&records) {
        if let Some(count) = restart_count_of_logs(record) {
            kubelet.runtime_manager.record_logs(index, count);
        }
    }
    if is_reported(status) {
        let found = found_status(status, records, &kubelet.status_manager.record().conditions);
        kubelet.status_manager.adopt_published(found);
    }
}

/// Records all known instances, so that no later one gets the id of a former one.
fn record_instances(kubelet: &mut Kubelet, ids: &ContainerIds) {
    let spec = kubelet.spec.clone();
    for (index, _) in spec.containers() {
        let listed = kubelet.pleg.runtime().instances_of(index).map(|instance| instance.id);
        for instance in listed.chain(ids.last(index)) {
            kubelet.runtime_manager.record_instance(index, instance);
        }
    }
}

/// Records the published image of an instance that was created for another image than the spec has now.
fn record_former_image(kubelet: &mut Kubelet, status: &ContainerStatus, ids: &mut ContainerIds) {
    let Some(index) = kubelet.spec.index_of(&status.name) else { return };
    let Some(instance) = ids.instance(index, &status.container_id) else { return };
    let mut listed = kubelet.pleg.runtime().instances_of(index);
    if listed.any(|listed| listed.id == instance && listed.spec_changed) {
        kubelet.runtime_manager.record_former_image(index, instance, &status.image);
    }
}

fn found_status(status: &PodStatus, records: Vec<Option<ContainerRecord>>, unset: &PodConditions) -> FoundStatus {
    let phase = status.phase.as_ref().and_then(|phase| phase.known());
    let has_reason = !status.reason.is_empty() || !status.message.is_empty();
    let condition = |which: ConditionType| status.condition(which.name());
    let mut transition_times = TransitionTimes::default();
    for which in ConditionType::ALL {
        transition_times.set(*which, condition(*which).and_then(|condition| condition.last_transition_time));
    }
    let readiness = condition(ConditionType::Ready).map_or(0, |ready| ready.observed_generation);
    FoundStatus {
        record: PodRecord {
            records,
            phase: phase.unwrap_or(PodPhase::Pending),
            phase_reason: PhaseReason::Kept,
            conditions: published_conditions(status, unset),
            resources: None,
        },
        reason: has_reason.then(|| StatusReason::new(&status.reason, &status.message)),
        phase,
        start_time: status.start_time,
        shows_pod_ips: !status.pod_ip.is_empty(),
        generations: Generations { status: status.observed_generation, readiness },
        transition_times,
    }
}

/// True if a kubelet, or another writer that has ended the Pod, has set anything in the status.
fn is_reported(status: &PodStatus) -> bool {
    let phase = status.phase.as_ref().and_then(|phase| phase.known());
    status.start_time.is_some()
        || status.every_container().next().is_some()
        || status.condition(ConditionType::Ready.name()).is_some()
        || phase.is_some_and(PodPhase::is_terminal)
}

/// Returns the kubelet's conditions as they were published; those that were not stay `unset`.
fn published_conditions(status: &PodStatus, unset: &PodConditions) -> PodConditions {
    let of = |which: ConditionType| status.condition(which.name()).map(Condition::from);
    let or = |which: ConditionType, unset: &Condition| of(which).unwrap_or_else(|| unset.clone());
    PodConditions {
        ready_to_start_containers: of(ConditionType::PodReadyToStartContainers),
        initialized: or(ConditionType::Initialized, &unset.initialized),
        ready: or(ConditionType::Ready, &unset.ready),
        containers_ready: or(ConditionType::ContainersReady, &unset.containers_ready),
        all_containers_restarting: of(ConditionType::AllContainersRestarting),
    }
}

/// Returns the restart count that the logs of a removed instance show, if all containers were restarting in place.
fn restart_count_of_logs(record: &Option<ContainerRecord>) -> Option<i32> {
    let record = record.as_ref()?;
    let is_reset = |end: &Arc<Termination>| end.reason == TerminationReason::RestartingAllContainers;
    let was_reset = record.is_waiting() && record.last_termination().is_some_and(is_reset);
    // The count in the status is already that of the next instance.
    record.restart_count.checked_sub(1).filter(|count| was_reset && *count >= 0)
}
