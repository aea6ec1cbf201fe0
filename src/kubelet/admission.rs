//! Admission of the Pod by its node, at its first sight and after each restart of the kubelet; rejected Pods.
//!
//! Answers to `HandlePodAdditions`, `rejectPod` and `HandlePodCleanups` in `pkg/kubelet`. Whether the node admits the Pod
//! is the rule `rule::admission`.

use alloc::{borrow::Cow, format, sync::Arc, vec::Vec};

use super::{
    components::Kubelet,
    pod_worker::{PodWorker, WorkerState},
    sink::Step,
    status_view::StatusReason,
};
use crate::{
    action::{EventType, KubernetesEvent},
    rule::admission,
    state::Instance,
    time::Timestamp,
};

/// Admits the Pod, or rejects it; true if it was admitted. Without a node the embedder has decided already.
///
/// Answers to `HandlePodAdditions`: a Pod with a terminal phase is not judged again, one that is being deleted is.
pub(super) fn admit(worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) -> bool {
    let Some(node) = kubelet.node().cloned() else { return true };
    if kubelet.object.is_gone || kubelet.object.api_terminal_phase.is_some() {
        return true;
    }
    // A Pod that was here before the restart is judged by what it was given, not by a resize that waits.
    let spec = kubelet.allocated_object().map_or_else(|| kubelet.object.spec.clone(), |object| object.spec.clone());
    match admission::admit(&spec, &kubelet.config.node_name, &node) {
        // The Pods that a critical one preempts are killed before it starts; they are other machines.
        Ok(_) => true,
        Err(rejection) => {
            reject(&rejection.reason, &rejection.message, worker, kubelet, step);
            false
        }
    }
}

/// Rejects the Pod: it fails at once, unless its containers may still run from before a restart of the kubelet.
///
/// Answers to `rejectPod`.
pub(super) fn reject(reason: &str, message: &str, worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    *worker = PodWorker::of_rejected_pod();
    // CouldHaveRunningContainers: without a worker, only a kubelet that has not yet looked is unsure.
    let could_run = !kubelet.has_synced_pods(step.now);
    if let Some(manager) = kubelet.allocation.as_deref_mut().filter(|_| !could_run) {
        manager.reject();
    }
    publish_rejection(reason, message, could_run, kubelet, step);
    record_published_phase(kubelet);
}

/// Rejects a Pod that its worker syncs already: the phase is held back until its containers have stopped.
pub(super) fn reject_active(reason: &str, message: &str, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    publish_rejection(reason, message, true, kubelet, step);
}

fn publish_rejection(reason: &str, message: &str, could_run: bool, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    if step.out.wants_events() {
        // Admission handlers choose the reason, so it is not among the kubelet's own.
        let event_reason = Cow::Owned(reason.into());
        let (at, type_, message) = (step.now, EventType::Warning, message.into());
        step.out.event(KubernetesEvent { at, type_, reason: event_reason, container: None, message });
    }
    let reason = StatusReason::new(reason, &format!("Pod was rejected: {message}"));
    let (status_manager, mut context) = kubelet.status_manager(step);
    status_manager.reject(reason, could_run, &mut context);
    // The published status has no condition left, not even the scheduler's: its time is lost.
    Arc::make_mut(&mut kubelet.object).scheduled_at = None;
}

/// Records a terminal phase that the API shows of a rejected Pod: its worker then has nothing to start.
fn record_published_phase(kubelet: &mut Kubelet) {
    if kubelet.status_manager.is_published_terminal() {
        Arc::make_mut(&mut kubelet.object).api_terminal_phase = kubelet.status_manager.published_phase();
    }
}

/// Returns when the first housekeeping after a restart of the kubelet kills what is left of a rejected Pod.
pub(super) fn housekeeping_at(worker: &PodWorker, kubelet: &Kubelet) -> Option<Timestamp> {
    let is_left = worker.state() == WorkerState::Rejected
        && worker.sync().is_none()
        && !worker.is_sync_requested()
        && kubelet.pleg.runtime().instances.iter().any(Instance::is_running);
    kubelet.housekeeping_at().filter(|_| is_left)
}

/// Returns when the status of a rejected Pod is published that was held back at the start of the kubelet.
pub(super) fn status_sync_at(worker: &PodWorker, kubelet: &Kubelet) -> Option<Timestamp> {
    let is_held_back = worker.state() == WorkerState::Rejected && !kubelet.status_manager.is_published_terminal();
    kubelet.status_sync_at().filter(|_| is_held_back)
}

/// Publishes the status of a rejected Pod that was held back.
///
/// Answers to `syncBatch` in `pkg/kubelet/status`.
pub(super) fn sync_status(worker: &PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    // Once: a status that cannot be written, since its object is gone, must not be due for ever.
    kubelet.cold_mut().has_synced_status = true;
    let (status_manager, mut context) = kubelet.status_manager(step);
    // PodCouldHaveRunningContainers: the worker that housekeeping has given to what runs has not stopped it yet.
    let could_run = worker.sync().is_some() || worker.is_sync_requested();
    status_manager.publish_rejection(could_run, &mut context);
    record_published_phase(kubelet);
}

/// Returns the sandboxes that hold a running instance: those of the Pod as the runtime alone knows it.
pub(super) fn running_sandboxes(instances: &[Instance]) -> Vec<crate::state::SandboxId> {
    let mut sandboxes: Vec<_> = instances.iter().filter(|it| it.is_running()).map(|it| it.sandbox).collect();
    sandboxes.dedup();
    sandboxes
}
