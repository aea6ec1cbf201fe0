//! The kubelet's main loop: it hears one message after another, and has the worker make its syncs.
//!
//! Answers to `syncLoopIteration` in `pkg/kubelet/kubelet.go`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    PodMachine, Sink, Step,
    api_pod::ApiPod,
    components::Kubelet,
    pleg::RelistRequest,
    pod_worker::Dequeued,
    prober_manager::{ProbeContext, Repeats},
    rare::Removal,
    sync::{Poll, Sync, SyncStart},
    sync_loop_queue::{Message, PlegEvent, ProbeUpdate},
    transitions::WorkerState,
    write::{CouldRun, Write},
};
use crate::{
    action::{Action, SyncKind, SyncProgress},
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// No period is shorter: a Pod always gets on.
pub(super) const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

impl PodMachine {
    /// Hears what waits and goes on with syncs, until something has to be waited for.
    pub(super) fn settle(&mut self, step: &mut Step<'_>) {
        while !self.is_at_rest() {
            match self.next_message() {
                Some(message) => {
                    let comes_of_poll = matches!(message, Message::Runtime(_)) && !self.parts.runtime.notices_at_once();
                    self.hear(message, step);
                    while comes_of_poll && self.work(step) {}
                }
                // A sync that has come to something that takes time gives up its turn.
                None if self.work(step) || self.has_message() => {}
                None => break,
            }
        }
        self.note_next_wake();
    }

    /// The same after the answer of a probe: mostly it has changed nothing but when its worker probes next.
    pub(super) fn settle_after_answer(&mut self, container: ContainerIndex, kind: ProbeKind, step: &mut Step<'_>) {
        if self.is_at_rest() { self.note_wake_for_probe(container, kind) } else { self.settle(step) }
    }

    /// The next message. A poll finds several changes at once: the sync that one asks for has its turn, up to what takes
    /// time in principle, before the next is heard.
    fn next_message(&mut self) -> Option<Message> {
        if self.worker_has_turn() { None } else { self.parts.inbox.next() }
    }

    /// Whether nothing waits, and nothing is under way: as after most ticks and answers of probes.
    fn is_at_rest(&self) -> bool {
        self.worker.is_idle() && !self.worker.restarts_next && !self.parts.inbox.has_next()
    }

    fn has_message(&self) -> bool {
        !self.worker_has_turn() && self.parts.inbox.has_next()
    }

    fn worker_has_turn(&self) -> bool {
        !self.parts.runtime.notices_at_once() && self.worker.is_at_work()
    }

    fn hear(&mut self, message: Message, step: &mut Step<'_>) {
        self.parts.quiet.forget();
        match message {
            Message::Runtime(event) => self.hear_runtime(event, step),
            Message::ProbeUpdate(verdict) => self.hear_verdict(verdict, step),
            Message::Object(object) => self.hear_object(object, step),
            Message::Reconcile => self.hear_read_back(step.now),
        }
    }

    /// Answers to the PLEG's branch of the main loop, and to `cleanUpContainersInPod`.
    fn hear_runtime(&mut self, event: PlegEvent, step: &mut Step<'_>) {
        if event != PlegEvent::Removed {
            self.request_sync();
        }
        if let PlegEvent::Died(container) = event {
            let is_deleting = self.parts.object.is_deleting() || self.parts.object.is_gone;
            if self.worker.removes_all_dead(is_deleting) {
                self.parts.plan_removal_of_dead(step.now);
            } else if let Some(container) = container {
                self.parts.remove_older_dead(container, step);
            }
        }
    }

    fn hear_verdict(&mut self, verdict: ProbeUpdate, step: &mut Step<'_>) {
        let ProbeUpdate { container, instance, kind, result } = verdict;
        let is_success = result == ProbeResult::Success;
        let could_run = self.could_run();
        match kind {
            ProbeKind::Startup => {
                self.parts.set_container_startup(container, instance, is_success, could_run, step);
            }
            ProbeKind::Readiness => {
                self.parts.set_container_readiness(container, instance, is_success, could_run, step);
            }
            ProbeKind::Liveness if result != ProbeResult::Failure => return,
            ProbeKind::Liveness => {}
        }
        if !self.parts.object.is_gone {
            self.request_sync();
        }
    }

    /// A changed spec and a deletion ask for a sync; the rest only if `Ready` ought to be otherwise.
    ///
    /// Answers to `HandlePodUpdates`, `HandlePodRemoves` and `HandlePodReconcile`.
    pub(super) fn hear_object(&mut self, object: Arc<ApiPod>, step: &mut Step<'_>) {
        let before = core::mem::replace(&mut self.parts.object, object);
        let after = self.parts.object.clone();
        self.parts.status.published.foreign_changed |= before.conditions != after.conditions;
        let has_ended = after.ended.is_some() && before.ended.is_none();
        if let Some(phase) = after.ended.filter(|_| has_ended) {
            self.parts.take_phase_of_api(phase, step);
        }
        if after.is_gone && !before.is_gone {
            self.terminate(None);
        } else if after.differs_semantically(&before) || has_ended {
            self.parts.containers.fit(&after.spec.clone());
            self.request_sync();
        } else {
            self.hear_read_back(step.now);
        }
    }

    /// A published status that is read back may ask for a sync. No more than a few do within a second: reading a status
    /// back takes time on any node, so the rest waits.
    fn hear_read_back(&mut self, now: Timestamp) {
        self.remove_evicted(now);
        if !self.parts.needs_to_reconcile_readiness() {
            return;
        }
        if self.parts.rare_mut().read_back.allows_another(now) {
            self.request_sync();
        } else {
            self.worker.request_by(now + SHORTEST_PERIOD);
        }
    }

    /// The dead containers of a Pod that is published as evicted are removed.
    fn remove_evicted(&mut self, now: Timestamp) {
        let published = &self.parts.status.published;
        let is_evicted = published.why.as_ref().is_some_and(|why| &*why.reason == "Evicted");
        if is_evicted && published.phase.is_some_and(|phase| phase.is_terminal()) {
            self.parts.plan_removal_of_dead(now);
        }
    }

    /// Asks for a sync.
    pub(super) fn request_sync(&mut self) {
        let shows_initialized = self.parts.shows_initialized();
        self.worker.request(&self.parts.object, shows_initialized);
    }

    /// Ends the Pod by order of somebody.
    pub(super) fn terminate(&mut self, grace: Option<Duration>) {
        let shows_initialized = self.parts.shows_initialized();
        self.worker.terminate(&self.parts.object, shows_initialized, grace);
    }

    pub(super) fn could_run(&self) -> CouldRun {
        if self.worker.could_have_running_containers() { CouldRun::Yes } else { CouldRun::No }
    }

    /// Goes on with the sync under way, or begins the next; says whether there was anything to do.
    pub(super) fn work(&mut self, step: &mut Step<'_>) -> bool {
        if let Some(mut sync) = self.worker.sync.take() {
            return match sync.advance(&mut self.parts, step) {
                Poll::Waits => {
                    self.worker.sync = Some(sync);
                    false
                }
                Poll::Ends => {
                    self.end_sync(*sync, step);
                    true
                }
            };
        }
        if self.parts.runtime.awaits_requested_relist() {
            return false;
        }
        let taken = self.worker.taken.take().map(|taken| *taken);
        let Some(taken) = taken.or_else(|| self.worker.take()) else {
            return core::mem::take(&mut self.worker.restarts_next) && self.restart_kubelet(step);
        };
        if !self.parts.runtime.allows_sync(step.now) {
            self.worker.taken = Some(Box::new(taken));
            return false;
        }
        self.begin_sync(taken, step);
        true
    }

    fn begin_sync(&mut self, taken: Dequeued, step: &mut Step<'_>) {
        let kill = self.worker.termination.as_ref().and_then(|termination| termination.kill.clone());
        match Sync::begin(taken, kill.as_deref(), &mut self.parts, step) {
            SyncStart::Goes(mut sync) => match sync.advance(&mut self.parts, step) {
                Poll::Waits => self.worker.sync = Some(Box::new(sync)),
                Poll::Ends => self.end_sync(sync, step),
            },
            SyncStart::FoundTerminal(sync) => {
                step.out.sync(step.now, SyncProgress::Ended { kind: SyncKind::Sync, failed: false });
                self.parts.runtime.note_sync_end(false, step.now);
                if self.worker.state == WorkerState::Syncing {
                    self.worker.state = WorkerState::Terminating;
                }
                let shows_initialized = self.parts.shows_initialized();
                self.worker.request_again(&sync.object, shows_initialized);
            }
        }
    }

    fn end_sync(&mut self, sync: Sync, step: &mut Step<'_>) {
        self.parts.publish_sandbox(&sync.object, sync.could_run(), step);
        step.out.sync(step.now, SyncProgress::Ended { kind: sync.kind, failed: sync.has_failed });
        self.parts.quiet = sync.quiet;
        let asks_for_relist = sync.kind == SyncKind::Sync && sync.has_acted && !sync.has_failed;
        let relist = self.parts.runtime.note_sync_end(asks_for_relist, step.now);
        // A worker that waits for the relist is not done: what is due meanwhile still comes.
        if !self.parts.runtime.awaits_requested_relist() {
            self.worker.retry_at = Some(self.retry_time(&sync, step.now));
        }
        match sync.kind {
            SyncKind::Sync if sync.has_reset && !sync.has_failed => self.request_sync(),
            SyncKind::Terminating if sync.has_failed => {}
            SyncKind::Terminating => {
                self.worker.state = WorkerState::Terminated;
                self.end_waits();
                let shows_initialized = self.parts.shows_initialized();
                self.worker.request_again(&sync.object, shows_initialized);
            }
            SyncKind::Terminated => {
                self.parts.inbox.set_busy_until(None);
                self.finish(step);
            }
            SyncKind::Sync => {}
        }
        if !self.parts.runtime.notices_at_once() && !self.parts.runtime.awaits_requested_relist() {
            // What was asked for meanwhile is taken up before anything else is heard.
            self.worker.taken = self.worker.take().map(Box::new);
        }
        if relist == RelistRequest::Now {
            self.relist(step.now);
        }
        self.parts.plan_garbage_collection(step.now);
    }

    /// The runtime is looked at. A worker that has waited for it is done with its sync, which went well.
    pub(super) fn relist(&mut self, now: Timestamp) {
        let is_waited_for = self.parts.runtime.awaits_requested_relist();
        for event in self.parts.runtime.relist(now) {
            self.parts.inbox.post(Message::Runtime(event));
        }
        if is_waited_for && !self.parts.runtime.awaits_requested_relist() {
            self.worker.retry_at = Some(now + self.parts.late(self.resync_period()));
        }
    }

    fn resync_period(&self) -> Duration {
        self.parts.config.resync_period.max(SHORTEST_PERIOD)
    }

    /// When the sync is repeated: at the end of the earliest back-off, after a while if it failed, else much later.
    fn retry_time(&mut self, sync: &Sync, now: Timestamp) -> Timestamp {
        let resync = self.resync_period();
        let wait = match sync.earliest_release {
            Some(release) => release.since(now),
            None if sync.has_failed => self.parts.config.retry_period.max(SHORTEST_PERIOD),
            None => resync,
        };
        now + self.parts.late(wait.min(resync))
    }

    /// The kubelet is done with the Pod; an object that is being deleted may go for good.
    fn finish(&mut self, step: &mut Step<'_>) {
        self.worker.state = WorkerState::Finished;
        self.worker.retry_at = None;
        self.worker.pending = None;
        self.let_object_go(step);
    }

    /// The object of a Pod that is being deleted may go when its last status is published.
    ///
    /// Answers to `canBeDeleted`.
    pub(super) fn let_object_go(&mut self, step: &mut Step<'_>) {
        let is_terminal = self.parts.status.published.phase.is_some_and(|phase| phase.is_terminal());
        let object = &self.parts.object;
        if self.worker.state == WorkerState::Finished && object.is_deleting() && !object.is_gone && is_terminal {
            step.out.delete_object(step.now);
        }
    }

    /// The published status is not what the kubelet says: it is written again.
    pub(crate) fn write_again(&mut self, now: Timestamp, out: &mut dyn Sink) {
        let step = &mut Step { now, out };
        let could_run = self.could_run();
        self.parts.publish(Write::Changed, could_run, step);
        self.settle(step);
    }

    /// How many statuses were written.
    pub(crate) fn writes(&self) -> u32 {
        self.parts.status.published.writes
    }

    /// Whether a status was written, and the main loop can see that it was written over.
    pub(crate) fn has_published(&self) -> bool {
        self.writes() > 0 && !self.parts.inbox.is_busy()
    }

    /// What the probe workers need to know.
    pub(super) fn tick_prober(&mut self, container: ContainerIndex, kind: ProbeKind, step: &mut Step<'_>) {
        let is_restarting_all = self.parts.is_restarting_all();
        let kubelet = self.parts.kubelet_start();
        let Kubelet { probers, spec, status, inbox, runtime, .. } = &mut *self.parts;
        let repeats = if runtime.notices_at_once() { Repeats::Once } else { Repeats::Always };
        let around = ProbeContext { spec, status: status.computed(), is_restarting_all, kubelet, repeats };
        if let Some(verdict) = probers.tick(container, kind, around, step) {
            inbox.post(Message::ProbeUpdate(verdict));
        }
    }
}

impl Kubelet {
    /// Something in the runtime has changed: it is noticed at once, unless a poll will.
    pub(super) fn notice(&mut self, event: PlegEvent) {
        if self.runtime.notices_at_once() {
            self.inbox.post(Message::Runtime(event));
        }
    }

    /// Makes the probe workers that are missing.
    pub(super) fn make_probers(&mut self, object: &ApiPod, now: Timestamp) {
        let kubelet_start = self.rare().kubelet_start;
        let mut probers = core::mem::take(&mut self.probers);
        probers.add_pod(&object.spec, object.is_deleting(), now, |period| {
            let is_young = kubelet_start.is_some_and(|start| now.since(start) < period);
            if is_young { self.part_of(period) } else { Duration::ZERO }
        });
        self.probers = probers;
    }

    /// The newest dead instance of a container is kept, older ones are removed.
    ///
    /// Answers to `deleteContainersInPod`.
    pub(super) fn remove_older_dead(&mut self, container: ContainerIndex, step: &mut Step<'_>) {
        let dead = self.runtime.seen().instances_of(container).filter(|instance| instance.termination().is_some());
        let older: Vec<InstanceId> = dead.skip(1).map(|instance| instance.id).collect();
        for instance in older {
            self.remove_instance(container, instance, step);
        }
    }

    /// All dead instances will be removed, the newest first, once all else that happens now has happened: those of a Pod
    /// that was evicted, or that is deleted and over.
    fn plan_removal_of_dead(&mut self, now: Timestamp) {
        let dead = self.runtime.seen().instances.iter().filter(|instance| instance.termination().is_some());
        let dead: Vec<_> = dead.filter_map(|instance| Some((instance.container?, instance.id))).collect();
        let removal = self.rare_mut().removal.get_or_insert_with(|| Removal { at: now, instances: Vec::new() });
        for instance in dead {
            if !removal.instances.contains(&instance) {
                removal.instances.push(instance);
            }
        }
    }

    /// Removes the dead instances that are to be removed.
    pub(super) fn remove_dead(&mut self, step: &mut Step<'_>) {
        let Some(removal) = self.rare_mut().removal.take() else { return };
        for (container, instance) in removal.instances {
            self.remove_instance(container, instance, step);
        }
    }

    /// Forgets an instance and tells the runtime to; to remove what is gone is a success, and nothing to be done.
    pub(super) fn remove_instance(&mut self, container: ContainerIndex, instance: InstanceId, step: &mut Step<'_>) {
        if self.runtime.actual().instances_of(container).any(|known| known.id == instance) {
            step.out.action(step.now, Action::RemoveContainer { container, instance });
            let known = &mut self.runtime.change(step.now).instances;
            known.retain(|known| known.container != Some(container) || known.id != instance);
        }
    }
}
