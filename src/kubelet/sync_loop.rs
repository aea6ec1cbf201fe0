//! Sync loop: handles one message after another by priority, and runs the pod worker's syncs.
//!
//! Answers to `syncLoopIteration` in `pkg/kubelet/kubelet.go` and to `podWorkerLoop` in `pkg/kubelet/pod_workers.go`.
//! Wake-ups are handled here, that of the active deadline among them; its rule is `rule::deadline`.

use alloc::{boxed::Box, sync::Arc};

use core::time::Duration;

use super::{
    admission,
    api_pod::ApiPod,
    components::Kubelet,
    fast_path::Caches,
    kill_container, kill_pod_now, kubelet_restart,
    pleg::PlegEvent,
    pod_worker::{PodWorker, WorkerState},
    prober_manager::{ProbeContext, ProbeUpdate, Prober, ProberManager},
    resize_pod,
    sink::Step,
    start_container,
    sync_loop_queue::{Message, SyncLoopQueue},
    sync_pod::{self, Poll, SyncStart},
    sync_state::{Dequeued, PendingCall, Sync},
    timers::{SHORTEST_PERIOD, Wake},
    volume_manager::PodState,
};
use crate::{
    action::{SyncKind, SyncProgress},
    config::{FastPath, KubeletChange, NodeInfo},
    rule::{
        deadline,
        probe::{ProbeOutcome, ProbeResult},
    },
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// Sync loop of one Pod, with the worker and the components that it drives.
pub(super) struct SyncLoop<'a> {
    pub(super) worker: &'a mut PodWorker,
    pub(super) kubelet: &'a mut Kubelet,
    pub(super) caches: &'a mut Caches,
    /// True if the last sync before this input was a no-op.
    pub(super) last_sync_was_no_op: bool,
}

impl SyncLoop<'_> {
    // --- The loop ---

    /// Runs the sync loop until the queue is empty or the worker is blocked.
    pub(super) fn run(&mut self, step: &mut Step<'_>) {
        while !self.is_at_rest() {
            match self.next_message() {
                Some(message) => {
                    let comes_of_relist = matches!(message, Message::Pleg(_)) && !self.kubelet.pleg.is_ideal();
                    self.apply(message, step);
                    // A relist finds several changes at once: the sync that one requests starts before the next is
                    // handled.
                    while comes_of_relist && self.run_worker(step) {}
                }
                // A sync that becomes blocked gives up its turn, so messages may wait afterwards.
                None if self.run_worker(step) || self.has_message() => {}
                None => break,
            }
        }
        self.schedule_volumes(step.now);
        self.update_next_wake();
    }

    /// Runs the sync loop after a probe's answer, which mostly changes nothing but the time of the next probe.
    pub(super) fn run_after_answer(&mut self, container: ContainerIndex, kind: ProbeKind, step: &mut Step<'_>) {
        if self.caches.uses(FastPath::PROBE_ANSWER) && self.is_at_rest() {
            let due = self.kubelet.prober_manager.get(container, kind).and_then(Prober::due);
            let compute = || next_wake(self.worker, self.kubelet);
            self.caches.move_next_wake_ahead(due, Wake::Probe(container, kind), compute);
        } else {
            self.run(step);
        }
    }

    /// True if no message waits and no sync is under way or requested.
    fn is_at_rest(&self) -> bool {
        self.worker.is_idle() && !self.worker.is_kubelet_restart_requested() && !self.kubelet.queue.has_next()
    }

    /// Removes the next message, unless a sync has the next turn.
    fn next_message(&mut self) -> Option<Message> {
        if self.worker_has_turn() { None } else { self.kubelet.queue.pop() }
    }

    fn has_message(&self) -> bool {
        !self.worker_has_turn() && self.kubelet.queue.has_next()
    }

    /// True if a sync goes on before the next message: with real latencies it would long have done so.
    fn worker_has_turn(&self) -> bool {
        !self.kubelet.pleg.is_ideal() && self.worker.has_turn()
    }

    /// Computes and caches the next wake-up.
    pub(super) fn update_next_wake(&mut self) {
        self.caches.update_next_wake(|| next_wake(self.worker, self.kubelet));
    }

    // --- Messages ---

    /// Handles one message, as a branch of `syncLoopIteration` does.
    fn apply(&mut self, message: Message, step: &mut Step<'_>) {
        self.caches.invalidate();
        match message {
            Message::Pleg(event) => self.handle_pleg_event(event, step),
            Message::ProbeUpdate(update) => self.handle_probe_update(update, step),
            Message::Object(object) => self.handle_object(object, step),
            Message::Reconcile => self.handle_reconcile(step),
        }
    }

    /// Requests a sync after a change of the runtime, and removes dead containers.
    ///
    /// Answers to the PLEG's branch of `syncLoopIteration` and to `cleanUpContainersInPod`.
    fn handle_pleg_event(&mut self, event: PlegEvent, step: &mut Step<'_>) {
        // isSyncPodWorthy: a removed container changes nothing of the Pod.
        if event != PlegEvent::Removed {
            self.request_sync();
        }
        // ContainerDied alone cleans up, after the sync was requested.
        if let PlegEvent::Died(container) = event {
            let is_deleting = self.kubelet.object.is_deleting() || self.kubelet.object.is_gone;
            if self.worker.should_remove_content(is_deleting, self.kubelet.config.kubernetes) {
                self.kubelet.plan_removal_of_dead_containers(step.now);
            } else if let Some(container) = container {
                let is_syncing = self.worker.sync().is_some();
                self.kubelet.remove_older_dead(container, is_syncing, step);
            }
        }
    }

    /// Publishes a probe's new result and requests a sync; a successful liveness probe changes nothing.
    fn handle_probe_update(&mut self, update: ProbeUpdate, step: &mut Step<'_>) {
        let ProbeUpdate { container, instance, kind, result } = update;
        let is_success = result == ProbeResult::Success;
        let could_run = self.worker.could_have_running_containers();
        let (status_manager, mut context) = self.kubelet.status_manager(step);
        match kind {
            ProbeKind::Startup => {
                status_manager.set_container_startup(container, instance, is_success, could_run, &mut context);
            }
            ProbeKind::Readiness => {
                status_manager.set_container_readiness(container, instance, is_success, could_run, &mut context);
            }
            // syncLoopIteration handles a liveness result only if it is a failure.
            ProbeKind::Liveness if result != ProbeResult::Failure => return,
            ProbeKind::Liveness => {}
        }
        // handleProbeSync ignores a Pod that the pod manager no longer has.
        if !self.kubelet.object.is_gone {
            self.request_sync();
        }
    }

    /// Handles a changed object: a changed spec and a deletion request a sync, anything else only if `Ready` is
    /// outdated.
    ///
    /// Answers to `HandlePodUpdates`, `HandlePodRemoves` and `HandlePodReconcile`.
    fn handle_object(&mut self, object: Arc<ApiPod>, step: &mut Step<'_>) {
        let before = core::mem::replace(&mut self.kubelet.object, object);
        let after = self.kubelet.object.clone();
        let have_changed = before.conditions != after.conditions;
        self.kubelet.status_manager.record_external_conditions(have_changed);
        // Only the first terminal phase counts: a Pod never leaves it.
        let new_phase = after.api_terminal_phase.filter(|_| before.api_terminal_phase.is_none());
        if let Some(phase) = new_phase {
            let reconcile_at = self.kubelet.config.timing.next_status_sync(step.now);
            let (status_manager, mut context) = self.kubelet.status_manager(step);
            status_manager.adopt_api_phase(phase, reconcile_at, &mut context);
        }
        // HandlePodRemoves: an object removed by force leaves its containers their grace.
        let is_rejected = self.worker.state() == WorkerState::Rejected;
        if after.is_gone && !before.is_gone && !is_rejected {
            let object = self.kubelet.allocated_object().unwrap_or_else(|| self.kubelet.object.clone());
            self.worker.terminate(&object, self.kubelet.shows_initialized(), None);
        } else if after.differs_semantically(&before) || after.is_gone != before.is_gone {
            self.kubelet.runtime_manager.fit(&after.spec);
            self.kubelet.handle_resize(&before, step);
            self.request_sync();
        } else {
            self.handle_reconcile(step);
        }
    }

    /// Handles a status that was read back: evicted Pods lose their dead containers, and an outdated `Ready` requests a
    /// sync.
    fn handle_reconcile(&mut self, step: &mut Step<'_>) {
        let now = step.now;
        // HandlePodReconcile retries after all else; a sync that is requested twice is one.
        if self.kubelet.retry_resize_on_reconcile(step) {
            self.request_sync();
        }
        // HandlePodReconcile keeps no dead container of an evicted Pod.
        if self.kubelet.status_manager.is_evicted() {
            self.kubelet.plan_removal_of_dead_containers(now);
        }
        let (status_manager, object) = (&self.kubelet.status_manager, &self.kubelet.object);
        if !status_manager.needs_to_reconcile_readiness(object, &self.kubelet.spec) {
            return;
        }
        if self.kubelet.cold_mut().reconcile_guard.allows_another(now) {
            self.request_sync();
        } else {
            // Over the limit of this second: the next second takes the request.
            self.worker.request_by(now + SHORTEST_PERIOD);
        }
    }

    /// Requests a sync with the object that the sync loop has seen (`HandlePodSyncs`). A rejected Pod gets its worker by
    /// it.
    fn request_sync(&mut self) {
        if self.worker.state() == WorkerState::Rejected && self.worker.sync().is_none() {
            *self.worker = PodWorker::new();
            return kubelet_restart::adopt(self.worker, self.kubelet);
        }
        let shows_initialized = self.kubelet.shows_initialized();
        match self.kubelet.allocated_object() {
            Some(allocated) => self.worker.request(&allocated, shows_initialized),
            None => self.worker.request(&self.kubelet.object, shows_initialized),
        }
    }

    /// Retries a resize that waits for room, since the node has changed or time has passed.
    pub(super) fn retry_resize(&mut self, step: &mut Step<'_>) {
        if self.kubelet.retry_resize(step) {
            self.request_sync();
        }
    }

    /// Takes a change of the node: the end of another Pod makes room for a resize, a bigger node does so at the next retry.
    ///
    /// Answers to `RetryPendingResizes` in `HandlePodRemoves`.
    pub(super) fn handle_node(&mut self, node: Arc<NodeInfo>, step: &mut Step<'_>) {
        let has_lost_pod = self
            .kubelet
            .node()
            .is_some_and(|before| before.pods.iter().any(|known| node.pods.iter().all(|pod| pod.name != known.name)));
        self.kubelet.cold_mut().node = Some(node);
        if has_lost_pod {
            self.retry_resize(step);
        }
    }

    /// Retries a resize that a restarted kubelet has found in the API.
    pub(super) fn retry_resize_after_restart(&mut self, step: &mut Step<'_>) {
        if self.kubelet.allocation.as_ref().is_some_and(|manager| manager.is_queued()) {
            self.retry_resize(step);
        }
    }

    // --- The pod worker ---

    /// Continues the sync under way or starts the next; false if there is nothing to do.
    fn run_worker(&mut self, step: &mut Step<'_>) -> bool {
        if let Some(mut sync) = self.worker.take_sync() {
            if self.worker.state() != WorkerState::Syncing {
                self.interrupt_wait_of(&mut sync, step);
            }
            return match sync_pod::advance(&mut sync, self.kubelet, step) {
                Poll::Pending => {
                    self.worker.suspend(sync);
                    false
                }
                Poll::Done => {
                    self.finish_sync(&sync, step);
                    true
                }
            };
        }
        // The relist that the last sync requested is a part of that sync.
        if self.kubelet.pleg.awaits_requested_relist() {
            return false;
        }
        let Some(dequeued) = self.worker.dequeue() else {
            // A restart waits until the worker is idle, so it never cuts a sync in two.
            return self.worker.take_kubelet_restart() && self.restart_kubelet(step);
        };
        // podWorkerLoop blocks in GetNewerThan, with the request already dequeued.
        if !self.kubelet.pleg.allows_sync(step.now) {
            self.worker.block(dequeued);
            return false;
        }
        self.start_sync(dequeued, step);
        true
    }

    /// Interrupts the wait of a sync for mounts, if it has one: the Pod is to be terminated, or the kubelet stops. Nothing
    /// else does: even an active deadline passes unnoticed.
    fn interrupt_wait_of(&mut self, sync: &mut Sync, step: &mut Step<'_>) {
        if sync.kind() == SyncKind::Sync && sync.pending_call == PendingCall::WaitingForVolumes {
            sync_pod::interrupt_wait(sync, self.kubelet, step);
        }
    }

    /// Ends the sync of a kubelet that stops, if that waits for mounts; what was requested meanwhile is lost.
    pub(super) fn interrupt_wait(&mut self, step: &mut Step<'_>) {
        let Some(mut sync) = self.worker.take_sync() else { return };
        let waits = sync.kind() == SyncKind::Sync && sync.pending_call == PendingCall::WaitingForVolumes;
        if waits {
            self.interrupt_wait_of(&mut sync, step);
            if sync_pod::advance(&mut sync, self.kubelet, step) == Poll::Done {
                self.finish_sync(&sync, step);
                self.worker.drop_requests();
                return self.update_next_wake();
            }
        }
        self.worker.suspend(sync);
        self.update_next_wake();
    }

    /// Keeps a sync that waits for something.
    fn suspend(&mut self, sync: Box<Sync>, step: &mut Step<'_>) {
        // The sync loop notices the deaths of this instant once the terminated Pod waits for its volumes.
        let waits_for_unmount = sync.kind() == SyncKind::Terminated;
        self.worker.suspend(sync);
        if !waits_for_unmount {
            return;
        }
        // A preemption waits for the end of the containers, not for that of the volumes.
        self.kubelet.queue.block_until(None);
        if self.kubelet.object.is_deleting() || self.kubelet.object.is_gone {
            self.kubelet.plan_removal_of_dead_containers(step.now);
            self.kubelet.remove_dead_containers(step);
        }
    }

    /// Starts the sync of a request and carries it as far as its first call.
    fn start_sync(&mut self, dequeued: Dequeued, step: &mut Step<'_>) {
        let status_override = self.worker.status_override().cloned();
        match sync_pod::start_sync(dequeued, status_override.as_deref(), self.kubelet, step) {
            SyncStart::IsNoOp(sync) => {
                self.end_sync(&sync, step);
                self.caches.revalidate(true);
            }
            SyncStart::Started(mut sync) => match sync_pod::advance(&mut sync, self.kubelet, step) {
                Poll::Pending => self.suspend(Box::new(sync), step),
                Poll::Done => self.finish_sync(&sync, step),
            },
            SyncStart::FoundTerminalPhase(sync) => self.complete_sync(&sync, step),
        }
    }

    /// Ends a sync that has nothing left to do.
    fn finish_sync(&mut self, sync: &Sync, step: &mut Step<'_>) {
        if sync.is_rejected() { self.complete_sync(sync, step) } else { self.end_sync(sync, step) }
    }

    /// Ends a sync that has found a terminal phase: SyncPod has returned isTerminal.
    ///
    /// Answers to `completeSync`.
    fn complete_sync(&mut self, sync: &Sync, step: &mut Step<'_>) {
        self.kubelet.remove_planned_older_dead(step);
        step.out.sync(step.now, SyncProgress::Ended { kind: SyncKind::Sync, failed: false });
        self.kubelet.pleg.record_sync_end(false, step.now);
        self.worker.complete_sync(sync.object(), sync.shows_initialized());
    }

    /// Ends a sync: sets the retry time, moves the worker on and lets it take the next request.
    ///
    /// Answers to the end of `podWorkerLoop`.
    fn end_sync(&mut self, sync: &Sync, step: &mut Step<'_>) {
        self.kubelet.remove_planned_older_dead(step);
        sync_pod::publish_sandbox(sync, self.kubelet, step);
        resize_pod::end(sync, self.kubelet, step);
        let (kind, failed) = (sync.kind(), sync.has_failed());
        step.out.sync(step.now, SyncProgress::Ended { kind, failed });
        // SyncPod's postSync: RequestPodRelist, if any action was taken and none failed (PLEGOnDemandRelist).
        let requests_relist = kind == SyncKind::Sync && sync.has_acted() && !failed;
        let relists_now = self.kubelet.pleg.record_sync_end(requests_relist, step.now);
        // Until the requested relist the sync counts as under way, and keeps its old retry time.
        if !self.kubelet.pleg.awaits_requested_relist() {
            let retry_at = self.retry_time(sync, step.now);
            self.worker.set_retry_at(Some(retry_at));
        }
        match kind {
            // All instances are removed; the next sync starts their containers from the beginning.
            SyncKind::Sync if sync.restarts_all() && !failed => self.request_sync(),
            // The retry stops everything once more.
            SyncKind::Terminating if failed => {}
            SyncKind::Terminating => {
                self.worker.complete_terminating(sync.object(), sync.shows_initialized());
                // completeTerminating answers the preemption, whose admission goes on; under ideal timing it is
                // answered when the last status is published.
                if !self.kubelet.pleg.is_ideal() {
                    self.kubelet.queue.block_until(None);
                }
            }
            // Volumes that are still mounted are waited for once more.
            SyncKind::Terminated if failed => self.kubelet.queue.block_until(None),
            SyncKind::Terminated => {
                self.kubelet.queue.block_until(None);
                self.worker.complete_terminated();
                // A finished worker has nothing left to wait for.
                let (status_manager, mut context) = self.kubelet.status_manager(step);
                status_manager.finish_writes(false, &mut context);
                self.delete_object_if_done(step);
            }
            SyncKind::Sync => {}
            // What was requested meanwhile, an exit at the least, gives the Pod its worker.
            SyncKind::TerminatingRuntime if self.worker.is_sync_requested() => {
                *self.worker = PodWorker::new();
                kubelet_restart::adopt(self.worker, self.kubelet);
            }
            SyncKind::TerminatingRuntime => self.worker.set_retry_at(None),
        }
        if !self.kubelet.pleg.is_ideal() && !self.kubelet.pleg.awaits_requested_relist() {
            // The worker's goroutine dequeues at once what was requested during the sync.
            self.worker.dequeue_early();
        }
        if relists_now {
            self.relist(step.now);
        }
        self.kubelet.plan_removal_of_sandboxes(step.now);
    }

    /// Returns when the sync is repeated: at the end of the earliest back-off, soon after a failure, else much later.
    ///
    /// Answers to `completeWork`.
    fn retry_time(&mut self, sync: &Sync, now: Timestamp) -> Timestamp {
        let resync = self.kubelet.resync_period();
        let config = &self.kubelet.config;
        let retry = config.retry_period.max(SHORTEST_PERIOD);
        let wait = if sync.lacks_network() {
            // backOffOnTransientErrorPeriod: "network might be ready soon".
            SHORTEST_PERIOD
        } else if config.kubernetes.has(KubeletChange::RetryWhenBackOffExpires) {
            // A back-off longer than the resync period is looked at again with the resync.
            match sync.earliest_release() {
                Some(release) => release.since(now),
                None if sync.has_failed() => retry,
                None => resync,
            }
            .min(resync)
        } else if sync.has_failed() {
            retry
        } else {
            resync
        };
        now + self.kubelet.jittered(wait)
    }

    /// Relists the runtime; a sync that was waiting for the relist has ended well.
    fn relist(&mut self, now: Timestamp) {
        let is_awaited = self.kubelet.pleg.awaits_requested_relist();
        let events = self.kubelet.pleg.relist(now);
        if !events.is_empty() {
            self.kubelet.inspect_pod();
        }
        for event in events {
            self.kubelet.queue.post(Message::Pleg(event));
        }
        // The sync ends with its relist, so its retry time counts from here.
        if is_awaited && !self.kubelet.pleg.awaits_requested_relist() {
            let resync = self.kubelet.resync_period();
            self.worker.set_retry_at(Some(now + self.kubelet.jittered(resync)));
        }
    }

    /// Skips a resync that is known to be a no-op: only its start and its end are emitted.
    fn skip_resync(&mut self, step: &mut Step<'_>) -> bool {
        let kubelet = &mut *self.kubelet;
        let is_free = self.worker.state() == WorkerState::Syncing
            && self.worker.is_idle()
            && !self.worker.is_kubelet_restart_requested();
        // A deadline passes, a relist finds something and a young kubelet grows old without any message.
        let is_untimed = kubelet.object.spec.active_deadline().is_none()
            && kubelet.cold().kubelet_restarted_at.is_none()
            && kubelet.pleg.is_ideal();
        if !is_free || !is_untimed || !self.last_sync_was_no_op || kubelet.queue != SyncLoopQueue::default() {
            return false;
        }
        self.caches.revalidate(true);
        let kind = SyncKind::Sync;
        step.out.sync(step.now, SyncProgress::Began { kind, grace: None });
        step.out.sync(step.now, SyncProgress::Ended { kind, failed: false });
        let resync = kubelet.resync_period();
        self.worker.set_retry_at(Some(step.now + kubelet.jittered(resync)));
        kubelet.plan_removal_of_sandboxes(step.now);
        true
    }

    /// Requests the deletion of the object once the Pod has finished and its last status is published.
    ///
    /// Answers to `canBeDeleted`.
    pub(super) fn delete_object_if_done(&mut self, step: &mut Step<'_>) {
        let is_terminal = self.kubelet.status_manager.is_published_terminal();
        let object = &self.kubelet.object;
        if self.worker.state() == WorkerState::Finished && object.is_deleting() && !object.is_gone && is_terminal {
            step.out.delete_object(step.now);
        }
    }

    /// Writes the status again: the API shows another one.
    pub(super) fn rewrite_status(&mut self, step: &mut Step<'_>) {
        let could_run = self.worker.could_have_running_containers();
        let (status_manager, mut context) = self.kubelet.status_manager(step);
        status_manager.rewrite(could_run, &mut context);
        self.run(step);
    }

    // --- Probes ---

    #[inline]
    fn probe_context(kubelet: &mut Kubelet, is_restarting_all: bool) -> (ProbeContext<'_>, &mut ProberManager) {
        let start = kubelet.kubelet_start();
        let kubernetes = kubelet.config.kubernetes;
        let Kubelet { prober_manager, spec, status_manager, pleg, .. } = kubelet;
        let repeats_dead_failures = !pleg.is_ideal();
        let status = status_manager.generated();
        let context =
            ProbeContext { kubernetes, spec, status, is_restarting_all, kubelet: start, repeats_dead_failures };
        (context, prober_manager)
    }

    /// Runs the tick of a probe worker and queues its result if that has changed.
    #[inline]
    fn tick_probe(&mut self, container: ContainerIndex, kind: ProbeKind, step: &mut Step<'_>) {
        let is_restarting_all = self.kubelet.status_manager.is_restarting_all(&self.kubelet.spec);
        let (context, prober_manager) = SyncLoop::probe_context(self.kubelet, is_restarting_all);
        let ticked = prober_manager.tick(container, kind, context, step);
        self.caches.revalidate(self.last_sync_was_no_op && !ticked.changes_status);
        if let Some(update) = ticked.update {
            self.kubelet.queue.post(Message::ProbeUpdate(update));
        }
    }

    /// Handles the answer of a probe.
    pub(super) fn handle_probe_answer(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        output: &str,
        step: &mut Step<'_>,
    ) {
        let (context, prober_manager) = SyncLoop::probe_context(self.kubelet, false);
        let answered = prober_manager.handle_answer(container, kind, outcome, output, context, step);
        self.caches.revalidate(self.last_sync_was_no_op && !answered.changes_status);
        for update in answered.updates.into_iter().flatten() {
            self.kubelet.queue.post(Message::ProbeUpdate(update));
        }
        self.run_after_answer(container, kind, step);
    }

    // --- Wake-ups ---

    /// Handles one wake-up that is due.
    pub(super) fn handle_wake(&mut self, wake: Wake, step: &mut Step<'_>) {
        match wake {
            Wake::StatusWrite => {
                let could_run = self.worker.could_have_running_containers();
                let (status_manager, mut context) = self.kubelet.status_manager(step);
                status_manager.finish_write(could_run, &mut context);
            }
            Wake::Relist => {
                self.relist(step.now);
                if self.kubelet.pleg.is_ideal() {
                    self.kubelet.inspect_after_resize();
                }
                // A sync that waits for this relist starts before its findings are handled.
                while self.run_worker(step) {}
            }
            // One wake-up continues every stop that is due, not only the first.
            Wake::Stop(_) => {
                if let Some(sync) = self.worker.sync_mut() {
                    kill_container::continue_stops(sync, step);
                }
            }
            Wake::VolumeWait => {
                if let Some(sync) = self.worker.sync_mut() {
                    sync_pod::poll_volumes(sync, self.kubelet, step);
                }
            }
            Wake::PopulateVolumes | Wake::ReconcileVolumes => self.tick_volumes(wake, step),
            Wake::HookSlept(_) => {
                if let Some(sync) = self.worker.sync_mut()
                    && let PendingCall::PostStart(container, instance, _) = sync.pending_call
                {
                    let result = Ok(());
                    start_container::handle_post_start_finished(sync, container, instance, result, self.kubelet, step);
                }
            }
            Wake::Probe(container, kind) => self.tick_probe(container, kind, step),
            Wake::KillTimeout => kill_pod_now::handle_kill_timeout(self.worker, self.kubelet, step),
            Wake::Retry => {
                self.worker.set_retry_at(None);
                if !self.skip_resync(step) {
                    self.request_sync();
                }
            }
            Wake::Deadline => {
                self.kubelet.cold_mut().deadline_met_at = Some(step.now.whole_seconds());
                self.request_sync();
            }
            Wake::ResizeRetry => self.retry_resize(step),
            Wake::GarbageCollection => self.kubelet.remove_sandboxes(step),
            Wake::RemoveDead => self.kubelet.remove_dead_containers(step),
            Wake::Housekeeping => self.worker.kill_running(&self.kubelet.object),
            Wake::StatusSync => admission::sync_status(self.worker, self.kubelet, step),
        }
        self.run(step);
    }

    // --- Volumes ---

    /// Returns the state of the Pod for the loops of the volume manager.
    fn pod_state(&self) -> PodState {
        let (is_terminating, is_terminated) = match self.worker.state() {
            WorkerState::Syncing => (false, false),
            WorkerState::Terminating => (true, false),
            WorkerState::Terminated | WorkerState::Finished | WorkerState::Rejected => (true, true),
        };
        PodState { is_terminating, is_terminated, exists: !self.kubelet.object.is_gone }
    }

    /// Runs a tick of the populator or of the reconciler.
    fn tick_volumes(&mut self, wake: Wake, step: &mut Step<'_>) {
        let (spec, pod) = (self.kubelet.object.spec.clone(), self.pod_state());
        let Some(volume_manager) = self.kubelet.volume_manager_mut() else { return };
        if wake == Wake::PopulateVolumes {
            volume_manager.populate(&spec, pod, step);
        } else {
            volume_manager.reconcile(step);
        }
    }

    /// Computes the next ticks of the volume manager's loops.
    fn schedule_volumes(&mut self, now: Timestamp) {
        // Most Pods have none.
        if self.kubelet.volume_manager().is_none() {
            return;
        }
        let (spec, pod) = (&self.kubelet.object.clone().spec, self.pod_state());
        if let Some(volume_manager) = self.kubelet.volume_manager_mut() {
            volume_manager.schedule(spec, pod, now);
        }
    }

    // --- Restart of the kubelet ---

    /// Restarts the kubelet between two syncs; false if the Pod has finished, and nothing is left to do.
    pub(super) fn restart_kubelet(&mut self, step: &mut Step<'_>) -> bool {
        if self.worker.state() == WorkerState::Finished {
            return false;
        }
        self.caches.invalidate();
        // The new kubelet lists the objects: it knows the newest before its worker starts.
        if let Some(newest) = self.kubelet.queue.newest_object().cloned() {
            self.handle_object(newest, step);
        }
        kubelet_restart::restart(self.worker, self.kubelet, step);
        self.retry_resize_after_restart(step);
        true
    }
}

// --- Next wake-up ---

/// Period in which a deadline that has passed is checked again, until it is acted upon: a resync tick of the kubelet.
const DEADLINE_CHECK_PERIOD: Duration = Duration::from_secs(1);

/// Returns the next wake-up; of several at one instant the first by [`Wake`].
pub(super) fn next_wake(worker: &PodWorker, kubelet: &Kubelet) -> Option<(Timestamp, Wake)> {
    let mut first = First(None);
    if let Some(sync) = worker.sync() {
        sync.stops.iter().for_each(|stop| first.add(stop.due(), Wake::Stop(stop.container)));
        if let PendingCall::PostStart(container, _, until) = sync.pending_call {
            first.add(until, Wake::HookSlept(container));
        }
    }
    if let Some(volume_manager) = kubelet.volume_manager() {
        first.add(volume_manager.polls_at(), Wake::VolumeWait);
        first.add(volume_manager.populates_at(), Wake::PopulateVolumes);
        first.add(volume_manager.reconciles_at(), Wake::ReconcileVolumes);
    }
    let probers = kubelet.prober_manager.iter();
    probers.for_each(|prober| first.add(prober.due(), Wake::Probe(prober.container, prober.kind)));
    // An object that is gone shows no status, so nothing is compared with it once the kubelet is done.
    if let Some(due) = kubelet.status_manager.write_due()
        && (worker.state() != WorkerState::Finished || !kubelet.newest_object().is_gone)
    {
        first.add(Some(due), Wake::StatusWrite);
    }
    // No relist makes a difference to a finished Pod.
    if worker.state() != WorkerState::Finished || !worker.is_idle() {
        first.add(kubelet.pleg.next_relist(worker.is_blocked_by_relist()), Wake::Relist);
    }
    if let Some(manager) = &kubelet.allocation {
        let is_finished = worker.state() == WorkerState::Finished;
        let inspects = kubelet.pleg.is_ideal() && !is_finished;
        first.add(manager.inspection_at().filter(|_| inspects), Wake::Relist);
        // A Pod whose object is gone is not resized any more.
        first.add(manager.retry_at().filter(|_| !is_finished && !kubelet.object.is_gone), Wake::ResizeRetry);
    }
    first.add(worker.kill_timeouts().iter().min().copied(), Wake::KillTimeout);
    // A blocked sync loop does not tick either.
    if !kubelet.queue.is_blocked() {
        first.add(worker.retry_at(), Wake::Retry);
        first.add(next_deadline_check(worker, kubelet), Wake::Deadline);
    }
    let gc = &kubelet.cold().gc;
    first.add(gc.sandboxes_at(), Wake::GarbageCollection);
    first.add(gc.dead_containers_at(), Wake::RemoveDead);
    if worker.state() == WorkerState::Rejected {
        first.add(admission::housekeeping_at(worker, kubelet), Wake::Housekeeping);
        first.add(admission::status_sync_at(worker, kubelet), Wake::StatusSync);
    }
    // Timestamps saturate: a wake-up at the last instant would be due for ever.
    first.0.filter(|(at, _)| *at < Timestamp::END)
}

/// Returns when the active deadline is checked next.
fn next_deadline_check(worker: &PodWorker, kubelet: &Kubelet) -> Option<Timestamp> {
    // The active deadline handler asks about every Pod that the kubelet has, rejected ones too.
    if !matches!(worker.state(), WorkerState::Syncing | WorkerState::Rejected)
        || worker.sync().is_some_and(is_runtime_kill)
    {
        return None;
    }
    // The kubelet asks at each tick (ShouldSync of the active deadline handler); the machine wakes when it passes.
    let deadline = deadline::expires_at(&kubelet.object.spec, kubelet.status_manager.start_time()?)?;
    let met_at = kubelet.cold().deadline_met_at;
    Some(met_at.map_or(deadline, |met_at| deadline.max(met_at + DEADLINE_CHECK_PERIOD)))
}

fn is_runtime_kill(sync: &Sync) -> bool {
    sync.kind() == SyncKind::TerminatingRuntime
}

/// Earliest of several wake-ups.
struct First(Option<(Timestamp, Wake)>);

impl First {
    fn add(&mut self, at: Option<Timestamp>, wake: Wake) {
        if let Some(at) = at
            && self.0.is_none_or(|first| (at, wake) < first)
        {
            self.0 = Some((at, wake));
        }
    }
}
