//! Pod worker: runs one sync after another, and moves the Pod from syncing to terminating, terminated and finished.
//!
//! Answers to `pkg/kubelet/pod_workers.go`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    api_pod::ApiPod,
    status_view::{Disruption, StatusReason},
    sync_state::{Dequeued, Request, Sync},
};
use crate::{
    action::SyncKind,
    api::named,
    config::{KnownBug, Kubernetes},
    rule::{grace, phase::KillCause, pod_status::PodRecord},
    time::Timestamp,
};

// --- State ---

named! {
    /// State of a Pod's worker. A worker never returns to an earlier state.
    pub enum WorkerState {
        /// The node did not admit the Pod, so it has no worker until its object changes, its deadline passes or its kubelet
        /// restarts.
        Rejected = "Rejected",
        /// SyncPod: the worker reconciles the Pod to its spec.
        Syncing = "Syncing",
        /// SyncTerminatingPod: all containers are being stopped.
        Terminating = "Terminating",
        /// SyncTerminatedPod: all containers have stopped, and the last status is left to publish.
        Terminated = "Terminated",
        /// The kubelet is done with the Pod.
        Finished = "Finished",
    }
}

/// Transitions of a pod worker; it refuses every other.
///
/// ```
/// use pod_lifecycle::{WORKER_MOVES, WorkerState};
///
/// let next = |from| WORKER_MOVES.iter().filter(move |(it, _)| *it == from).map(|(_, to)| *to);
/// let from_the_start: Vec<_> = next(WorkerState::Syncing).collect();
/// assert_eq!(from_the_start, [WorkerState::Terminating]);
/// ```
pub const WORKER_MOVES: &[(WorkerState, WorkerState)] = &[
    (WorkerState::Rejected, WorkerState::Syncing),
    (WorkerState::Rejected, WorkerState::Terminating),
    (WorkerState::Rejected, WorkerState::Terminated),
    (WorkerState::Syncing, WorkerState::Terminating),
    (WorkerState::Terminating, WorkerState::Terminated),
    (WorkerState::Terminated, WorkerState::Finished),
];

/// Grace of a Pod that only the runtime knows (`PodTerminationGracePeriodSecondsOverride` of 1).
const RUNTIME_KILL_GRACE: Duration = Duration::from_secs(1);

// --- Worker ---

/// Worker of one Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodWorker {
    state: WorkerState,

    // --- Requests ---
    /// Request for another sync; of several during one sync the last is kept.
    pending: Option<Request>,
    /// Dequeued request, blocked until the PLEG has relisted.
    dequeued: Option<Box<Dequeued>>,
    /// Time of the next sync without any other reason: a resync, or the retry of a failed sync.
    #[serde(with = "crate::time::exact")]
    retry_at: Option<Timestamp>,
    /// True if the kubelet restarts after the sync under way.
    restarts_next: bool,

    // --- Work ---
    /// Sync under way; it may be suspended at a call.
    sync: Option<Box<Sync>>,
    /// Termination of the Pod, once one was requested.
    termination: Option<Box<Termination>>,
}

/// Termination of a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Termination {
    /// Grace that overrides the containers' own; it only gets shorter.
    #[serde(with = "crate::time::seconds::option")]
    grace: Option<Duration>,
    /// True if an eviction or a preemption began it: dead containers are removed as they are noticed.
    is_eviction: bool,
    /// Override of the status by the last eviction, preemption or shutdown before the terminating sync starts.
    status_override: Option<Arc<StatusOverride>>,
    /// Timeouts of the callers of `killPodNow`.
    #[serde(with = "crate::time::exact")]
    kill_timeouts: Vec<Timestamp>,
}

/// Override of a generated status: phase, reason and condition that an eviction, a preemption or a node shutdown forces
/// upon the Pod.
///
/// Answers to the `PodStatusFunc` of `KillPodOptions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusOverride {
    pub(super) reason: Arc<StatusReason>,
    /// Message of the `DisruptionTarget` condition, if the Pod gets one.
    pub(super) disruption: Option<Disruption>,
    /// Cause of the termination, which decides the phase.
    pub(super) cause: KillCause,
}

impl StatusOverride {
    /// Overrides phase and reason of a generated status; returns the message of its `DisruptionTarget` condition.
    pub(super) fn apply(&self, status: &mut PodRecord, reason: &mut Option<Arc<StatusReason>>) -> Option<Disruption> {
        status.phase = self.cause.phase(status.phase);
        *reason = Some(self.reason.clone());
        self.disruption.clone()
    }
}

impl PodWorker {
    /// Creates the worker of a Pod that is new to the kubelet.
    pub(super) fn new() -> PodWorker {
        PodWorker::in_state(WorkerState::Syncing)
    }

    /// Creates the worker of a Pod whose containers had all terminated before the kubelet started.
    pub(super) fn of_terminated_pod() -> PodWorker {
        PodWorker::in_state(WorkerState::Terminated)
    }

    /// Creates the entry of a Pod that its node did not admit, which has no worker yet.
    pub(super) fn of_rejected_pod() -> PodWorker {
        PodWorker::in_state(WorkerState::Rejected)
    }

    fn in_state(state: WorkerState) -> PodWorker {
        PodWorker {
            state,
            pending: None,
            dequeued: None,
            retry_at: None,
            restarts_next: false,
            sync: None,
            termination: None,
        }
    }

    // --- State ---

    /// Returns the state of the worker.
    pub(super) fn state(&self) -> WorkerState {
        self.state
    }

    /// Moves to another state if [`WORKER_MOVES`] allows it, and refuses otherwise.
    fn transition(&mut self, to: WorkerState) -> bool {
        let is_legal = WORKER_MOVES.contains(&(self.state, to));
        if is_legal {
            self.state = to;
        }
        is_legal
    }

    /// True if no sync is under way or requested.
    pub(super) fn is_idle(&self) -> bool {
        self.sync.is_none() && self.dequeued.is_none() && self.pending.is_none()
    }

    /// True if the sync under way waits for nothing slow, so that it has the next turn.
    pub(super) fn has_turn(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| !sync.is_blocked())
    }

    /// True if containers may run, so that a terminal phase is held back.
    ///
    /// Answers to `CouldHaveRunningContainers`.
    pub(super) fn could_have_running_containers(&self) -> bool {
        matches!(self.state, WorkerState::Syncing | WorkerState::Terminating)
    }

    /// True if all dead containers are to be removed, not only the older ones of each name.
    ///
    /// Answers to `ShouldPodContentBeRemoved`.
    pub(super) fn should_remove_content(&self, is_deleting: bool, kubernetes: Kubernetes) -> bool {
        let is_evicted = self.termination.as_ref().is_some_and(|termination| termination.is_eviction);
        let is_over = matches!(self.state, WorkerState::Terminated | WorkerState::Finished);
        // An eviction counts from its request on, a deletion only once the Pod has terminated.
        let counts_at_once = kubernetes.has_bug(KnownBug::ExitLostAtEviction);
        is_evicted && (counts_at_once || is_over) || is_over && is_deleting
    }

    // --- Requests ---

    /// Requests a sync. An object that is being deleted or has a terminal phase starts the termination, and each
    /// request during a termination settles its grace.
    ///
    /// Answers to `UpdatePod`.
    pub(super) fn request(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        if self.state == WorkerState::Syncing && (object.is_deleting() || object.api_terminal_phase.is_some()) {
            self.transition(WorkerState::Terminating);
        }
        match self.state {
            // UpdatePod drops what comes after the worker has finished.
            WorkerState::Finished => return,
            WorkerState::Terminating => self.settle_grace(object, None),
            WorkerState::Rejected | WorkerState::Syncing | WorkerState::Terminated => {}
        }
        // UpdatePod settles PodTerminationGracePeriodSecondsOverride only while the Pod is terminating.
        let overrides_grace = self.state == WorkerState::Terminating;
        self.pending = Some(Request { object: object.clone(), shows_initialized, overrides_grace });
    }

    /// Requests a sync at `latest` or earlier, unless the worker has finished.
    pub(super) fn request_by(&mut self, latest: Timestamp) {
        if self.state != WorkerState::Finished {
            self.retry_at = Some(self.retry_at.map_or(latest, |at| at.min(latest)));
        }
    }

    /// Requests the termination of the Pod with at most this grace.
    pub(super) fn terminate(&mut self, object: &Arc<ApiPod>, shows_initialized: bool, grace: Option<Duration>) {
        if matches!(self.state, WorkerState::Syncing | WorkerState::Terminating) {
            self.transition(WorkerState::Terminating);
            self.settle_grace(object, grace);
            self.request(object, shows_initialized);
        }
    }

    /// Settles the grace of the termination, which only gets shorter: `rule::grace::effective_grace`.
    fn settle_grace(&mut self, object: &ApiPod, by_node: Option<Duration>) {
        let termination = self.termination.get_or_insert_default();
        let (in_force, by_deletion) = (termination.grace, object.deletion_grace());
        termination.grace = Some(grace::effective_grace(&object.spec, in_force, by_deletion, by_node));
    }

    /// Requests the next sync of the termination with the object of the last sync, unless a newer request waits.
    ///
    /// Answers to `requeueLastPodUpdate`.
    fn requeue_last(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        let again = || Request { object: object.clone(), shows_initialized, overrides_grace: false };
        // A waiting request is newer than the last sync, so it stays.
        self.pending.get_or_insert_with(again);
    }

    /// Requests a restart of the kubelet after the sync under way.
    pub(super) fn request_kubelet_restart(&mut self) {
        self.restarts_next = true;
    }

    /// True if the kubelet restarts next.
    pub(super) fn is_kubelet_restart_requested(&self) -> bool {
        self.restarts_next
    }

    /// Removes the request to restart the kubelet; true if there was one.
    pub(super) fn take_kubelet_restart(&mut self) -> bool {
        core::mem::take(&mut self.restarts_next)
    }

    // --- Kill ---

    /// Records a caller of `killPodNow`, who waits for the termination until `timeout`. The last override before the
    /// terminating sync counts.
    pub(super) fn record_kill(&mut self, status_override: StatusOverride, begins_eviction: bool, timeout: Timestamp) {
        let termination = self.termination.get_or_insert_default();
        // A later kill does not undo an eviction.
        termination.is_eviction |= begins_eviction;
        // acknowledgeTerminating uses the last PodStatusFunc of several.
        termination.status_override = Some(Arc::new(status_override));
        // Callers wait side by side: each has its own timeout.
        termination.kill_timeouts.push(timeout);
    }

    /// Returns the override of the status by an eviction, preemption or shutdown.
    pub(super) fn status_override(&self) -> Option<&Arc<StatusOverride>> {
        self.termination.as_ref()?.status_override.as_ref()
    }

    /// Returns the timeouts of the callers of `killPodNow`.
    pub(super) fn kill_timeouts(&self) -> &[Timestamp] {
        self.termination.as_ref().map_or(&[], |termination| &termination.kill_timeouts)
    }

    /// Removes the callers of `killPodNow` that have timed out, and returns their number.
    pub(super) fn remove_timed_out_kills(&mut self, now: Timestamp) -> usize {
        let Some(termination) = &mut self.termination else { return 0 };
        let before = termination.kill_timeouts.len();
        termination.kill_timeouts.retain(|timeout| *timeout > now);
        before.saturating_sub(termination.kill_timeouts.len())
    }

    // --- Syncs ---

    /// Returns the sync under way.
    pub(super) fn sync(&self) -> Option<&Sync> {
        self.sync.as_deref()
    }

    /// Returns the sync under way, for an answer that it waits for.
    pub(super) fn sync_mut(&mut self) -> Option<&mut Sync> {
        self.sync.as_deref_mut()
    }

    /// Removes the sync under way.
    pub(super) fn take_sync(&mut self) -> Option<Box<Sync>> {
        self.sync.take()
    }

    /// Keeps a sync that waits for something.
    pub(super) fn suspend(&mut self, sync: Box<Sync>) {
        self.sync = Some(sync);
    }

    /// Removes the next request; the kind of its sync is decided now.
    pub(super) fn dequeue(&mut self) -> Option<Dequeued> {
        if let Some(dequeued) = self.dequeued.take() {
            return Some(*dequeued);
        }
        self.dequeue_pending()
    }

    fn dequeue_pending(&mut self) -> Option<Dequeued> {
        let kind = match self.state {
            WorkerState::Syncing => SyncKind::Sync,
            WorkerState::Terminating => SyncKind::Terminating,
            WorkerState::Terminated => SyncKind::Terminated,
            // A request waits for the end of SyncTerminatingRuntimePod, after which the Pod gets its worker.
            WorkerState::Rejected | WorkerState::Finished => return None,
        };
        let request = self.pending.take()?;
        let grace = self.termination.as_ref().and_then(|termination| termination.grace);
        let grace = grace.filter(|_| request.overrides_grace || kind == SyncKind::Terminated);
        Some(Dequeued { kind, request, grace })
    }

    /// Requests the kill of what runs of a rejected Pod, with the shortest grace, before anything else.
    ///
    /// Answers to the `RunningPod` of `UpdatePodOptions`, which `HandlePodCleanups` passes.
    pub(super) fn kill_running(&mut self, object: &Arc<ApiPod>) {
        let request = Request { object: object.clone(), shows_initialized: false, overrides_grace: true };
        let (kind, grace) = (SyncKind::TerminatingRuntime, Some(RUNTIME_KILL_GRACE));
        self.dequeued = Some(Box::new(Dequeued { kind, request, grace }));
    }

    /// Drops what was requested, since the kubelet stops.
    pub(super) fn drop_requests(&mut self) {
        (self.pending, self.dequeued) = (None, None);
    }

    /// Blocks a dequeued request until the next relist.
    pub(super) fn block(&mut self, dequeued: Dequeued) {
        self.dequeued = Some(Box::new(dequeued));
    }

    /// Dequeues the pending request before anything else happens, and blocks it until the next relist.
    pub(super) fn dequeue_early(&mut self) {
        self.dequeued = self.dequeue_pending().map(Box::new);
    }

    /// True if a dequeued request is blocked until the next relist.
    pub(super) fn is_blocked_by_relist(&self) -> bool {
        self.dequeued.is_some()
    }

    /// True if a request waits, dequeued or not.
    pub(super) fn is_sync_requested(&self) -> bool {
        self.dequeued.is_some() || self.pending.is_some()
    }

    /// Returns when the worker syncs without any other reason.
    pub(super) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// Sets when the worker syncs without any other reason.
    pub(super) fn set_retry_at(&mut self, at: Option<Timestamp>) {
        self.retry_at = at;
    }

    /// Starts the termination of a Pod whose sync has found a terminal phase.
    pub(super) fn complete_sync(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        self.transition(WorkerState::Terminating);
        self.requeue_last(object, shows_initialized);
    }

    /// Ends SyncTerminatingPod: all containers have stopped, so no caller of `killPodNow` waits any longer.
    ///
    /// Answers to `completeTerminating`.
    pub(super) fn complete_terminating(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        self.transition(WorkerState::Terminated);
        // Closes notifyPostTerminating.
        if let Some(termination) = &mut self.termination {
            termination.kill_timeouts.clear();
        }
        self.requeue_last(object, shows_initialized);
    }

    /// Ends SyncTerminatedPod: the kubelet is done with the Pod.
    ///
    /// Answers to `completeTerminated`.
    pub(super) fn complete_terminated(&mut self) {
        self.transition(WorkerState::Finished);
        self.retry_at = None;
        self.pending = None;
    }

    // --- Snapshots ---

    /// Returns every object that waits or is in use, with its place in a snapshot.
    #[cfg(feature = "snapshot")]
    pub(super) fn objects(&self) -> impl Iterator<Item = (&'static str, &Arc<ApiPod>)> {
        let pending = self.pending.as_ref().map(|request| ("worker.pending", &request.object));
        let dequeued = self.dequeued.as_ref().map(|dequeued| ("worker.dequeued", &dequeued.request.object));
        let sync = self.sync.as_ref().map(|sync| ("worker.sync", sync.object()));
        [pending, dequeued, sync].into_iter().flatten()
    }

    /// Returns the objects of the requests, for changes that keep their value.
    #[cfg(feature = "snapshot")]
    pub(super) fn requested_objects_mut(&mut self) -> impl Iterator<Item = &mut Arc<ApiPod>> {
        let pending = self.pending.as_mut().map(|request| &mut request.object);
        let dequeued = self.dequeued.as_mut().map(|dequeued| &mut dequeued.request.object);
        [pending, dequeued].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::PodManifest, config::Kubernetes, kubelet::api_pod::Deletion, spec::PodSpec};

    fn object() -> ApiPod {
        let manifest: PodManifest = serde_json::from_str(
            r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [{"name": "app", "image": "nginx"}]}}"#,
        )
        .unwrap();
        ApiPod::new(Arc::new(PodSpec::from_admitted(&manifest).unwrap()), Kubernetes::default())
    }

    fn deleted(grace_seconds: u64) -> Arc<ApiPod> {
        let deletion = Deletion { requested_at: Timestamp::UNIX_EPOCH, grace: Duration::from_secs(grace_seconds) };
        Arc::new(ApiPod { deletion: Some(deletion), ..object() })
    }

    #[test]
    fn of_several_requests_during_a_sync_one_is_kept() {
        let mut worker = PodWorker::new();
        worker.request(&Arc::new(object()), true);
        worker.request(&Arc::new(object()), true);
        assert_eq!(worker.dequeue().map(|dequeued| dequeued.kind), Some(SyncKind::Sync));
        assert_eq!(worker.dequeue(), None);
    }

    #[test]
    fn the_grace_of_a_termination_only_gets_shorter() {
        let mut worker = PodWorker::new();
        worker.request(&deleted(20), true);
        worker.terminate(&deleted(20), true, Some(Duration::from_secs(5)));
        worker.request(&deleted(10), true);
        let five = Duration::from_secs(5);
        let dequeued = worker.dequeue().map(|dequeued| (dequeued.kind, dequeued.grace));
        assert_eq!(dequeued, Some((SyncKind::Terminating, Some(five))));
    }

    #[test]
    fn a_finished_worker_takes_no_requests() {
        let mut worker = PodWorker::in_state(WorkerState::Finished);
        worker.request(&deleted(0), true);
        worker.request_by(Timestamp::UNIX_EPOCH);
        assert!(worker.is_idle());
        assert_eq!(worker.retry_at, None);
    }

    #[test]
    fn every_transition_that_is_not_in_the_table_is_refused() {
        use crate::api::Name;
        for &from in WorkerState::ALL {
            for &to in WorkerState::ALL {
                let mut worker = PodWorker::in_state(from);
                let is_legal = WORKER_MOVES.contains(&(from, to));
                assert_eq!(worker.transition(to), is_legal);
                assert_eq!(worker.state(), if is_legal { to } else { from });
            }
        }
    }
}
