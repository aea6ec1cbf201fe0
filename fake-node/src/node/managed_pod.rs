//! One Pod on its node: its machine, its fake runtime, and its object as last seen.

use std::{collections::VecDeque, net::Ipv4Addr, sync::Arc};

use pod_lifecycle::{
    Action, KubernetesEvent, PodMachine, ResumeError, Sink, StatusView, Timestamp,
    api::PodPhase,
    event::{ApiEvent, Event, NodeEvent, RuntimeEvent},
    sim::{FakeRuntime, Script},
    spec::{PodSpec, SpecError},
    state::ContainerIds,
    status::StatusPatch,
};

use super::{
    facts::{self, Facts},
    node_info::NodeInfo,
    recovered_state::recover,
    script,
    watched_pod::{CompactPod, WatchedPod},
    writes::Writes,
};

/// One Pod on its node.
pub(super) struct ManagedPod {
    pub(super) kept: CompactPod,
    pub(super) node_info: Arc<NodeInfo>,
    pub(super) writes: Writes,
    pod: PodMachine,
    runtime: FakeRuntime,
    /// Script by the containers' names: ephemeral containers come later.
    script: Arc<Script>,
    /// Number of containers that the runtime has scripts for.
    scripted: usize,
    /// Events that the node will send, the last one first.
    node_events: Vec<(Timestamp, NodeEvent)>,
    ids: ContainerIds,
    ip: Option<Ipv4Addr>,
    events: Vec<KubernetesEvent>,
}

/// Reason and message of a Pod that the node rejects.
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) message: String,
}

/// Outputs of a machine that are still to be handled.
#[derive(Default)]
struct Outbox {
    actions: VecDeque<Action>,
    events: Vec<KubernetesEvent>,
    has_published: bool,
    may_delete: bool,
}

impl Sink for Outbox {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.actions.push_back(action);
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.events.push(event);
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, _: Timestamp, _: &StatusView<'_>) {
        self.has_published = true;
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.may_delete = true;
    }
}

impl ManagedPod {
    /// Starts a Pod that was just bound to this node.
    pub(super) fn begin(
        seen: WatchedPod,
        node_info: Arc<NodeInfo>,
        script: Arc<Script>,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<ManagedPod, SpecError> {
        let mut out = Outbox::default();
        let pod = PodMachine::from_object(&seen.pod, node_info.config.clone(), now, &mut out)?;
        let runtime = script::runtime(&script, pod.spec(), now, now);
        let node_events = script::node_events(&script, now);
        let parts = ManagedPod::new(&seen, node_info, pod, runtime, script);
        Ok(ManagedPod { node_events, ip, ..parts }.settled(now, out))
    }

    /// Resumes a Pod that ran before this process started.
    pub(super) fn resume(
        seen: WatchedPod,
        node_info: Arc<NodeInfo>,
        script: Arc<Script>,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<ManagedPod, ResumeError> {
        let (spec, mut ids, mut out) = (PodSpec::from_admitted(&seen.pod)?, ContainerIds::default(), Outbox::default());
        let start = seen.pod.status.start_time.unwrap_or(now);
        let recovered = recover(&seen.pod, &spec, &mut ids);
        let runtime = script::runtime(&script, &spec, start, now).adopt(&recovered);
        let pod = PodMachine::resume(&seen.pod, recovered, &mut ids, node_info.config.clone(), now, &mut out)?;
        let node_events = script::node_events(&script, start);
        let parts = ManagedPod::new(&seen, node_info, pod, runtime, script);
        Ok(ManagedPod { node_events, ids, ip, ..parts }.settled(now, out))
    }

    /// Rejects a Pod: it fails at once.
    pub(super) fn refuse(
        seen: WatchedPod,
        node_info: Arc<NodeInfo>,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<ManagedPod, SpecError> {
        let (spec, mut out) = (Arc::new(PodSpec::from_admitted(&seen.pod)?), Outbox::default());
        let Refusal { reason, message } = refusal;
        let pod = PodMachine::rejected(spec, node_info.config.clone(), reason, message, now, &mut out);
        let script = script::healthy();
        let runtime = script::runtime(&script, pod.spec(), now, now);
        Ok(ManagedPod::new(&seen, node_info, pod, runtime, script).settled(now, out))
    }

    fn new(
        seen: &WatchedPod,
        node_info: Arc<NodeInfo>,
        pod: PodMachine,
        runtime: FakeRuntime,
        script: Arc<Script>,
    ) -> ManagedPod {
        let (kept, writes, ids) = (CompactPod::of(seen), Writes::default(), ContainerIds::default());
        let (node_events, events) = (Vec::new(), Vec::new());
        let scripted = pod.spec().container_count();
        ManagedPod { kept, node_info, writes, pod, runtime, script, scripted, node_events, ids, ip: None, events }
    }

    /// Handles the machine's first outputs.
    fn settled(mut self, now: Timestamp, out: Outbox) -> ManagedPod {
        self.writes.is_wanted = true;
        self.settle(now, out);
        self
    }

    /// Applies an object from the watch, unless a newer version was seen before.
    pub(super) fn observe(&mut self, now: Timestamp, seen: &WatchedPod) {
        if seen.version <= self.kept.version {
            return;
        }
        let mut out = Outbox::default();
        if let Err(error) = self.pod.observe(now, &seen.pod, &mut out) {
            tracing::warn!(pod = %self.name(), %error, "change of the object ignored");
        }
        self.kept = CompactPod::of(seen);
        self.writes.is_wanted = true;
        self.settle(now, out);
    }

    /// Handles the removal of the object.
    pub(super) fn remove(&mut self, now: Timestamp) {
        self.writes.stop();
        self.handle(now, Event::Api(ApiEvent::Removed));
    }

    /// Handles all timers that are due.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while let Some(event) = self.pop_due(now) {
            self.handle(now, event);
        }
        let mut out = Outbox::default();
        self.pod.handle_timeout(now, &mut out);
        self.settle(now, out);
        self.writes.wake(now);
    }

    /// Returns the time of the next timer.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let node_event = self.node_events.last().map(|(at, _)| *at);
        let timers = [self.pod.poll_timeout(), self.runtime.poll_timeout(), node_event, self.writes.next()];
        timers.into_iter().flatten().min()
    }

    /// Returns the status patch to send; `None` if the API server has everything.
    pub(super) fn patch(&self) -> Option<StatusPatch> {
        let object =
            self.kept.pod().inspect_err(|error| tracing::error!(pod = %self.name(), %error, "unreadable")).ok()?;
        let pod_ip = self.ip.filter(|_| self.runtime.has_sandbox());
        let facts = Facts { object: &object, ids: &self.ids, host_ip: self.node_info.address, pod_ip };
        self.pod.status_patch(&object.status, &facts)
    }

    /// Takes the events recorded since the last call.
    pub(super) fn take_events(&mut self) -> Vec<KubernetesEvent> {
        std::mem::take(&mut self.events)
    }

    /// Returns the spec that the machine follows.
    pub(super) fn spec(&self) -> &Arc<PodSpec> {
        self.pod.spec()
    }

    pub(super) fn phase(&self) -> PodPhase {
        self.pod.phase()
    }

    pub(super) fn ip(&self) -> Option<Ipv4Addr> {
        self.ip
    }

    /// True if the object is gone and nothing runs any more.
    pub(super) fn is_over(&self) -> bool {
        self.pod.is_gone() && !self.runtime.has_running_containers()
    }

    /// `NAMESPACE/NAME`
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.spec().namespace(), self.spec().name())
    }

    /// Removes the next due event of the runtime or the node.
    fn pop_due(&mut self, now: Timestamp) -> Option<Event> {
        let node_at = self.node_events.last().map(|(at, _)| *at).filter(|at| *at <= now);
        // At one instant the runtime comes before the node, as in a simulation.
        let is_runtime_first = node_at.is_none_or(|at| self.runtime.poll_timeout().is_some_and(|due| due <= at));
        if is_runtime_first && let Some(event) = self.runtime.handle_timeout(self.pod.spec(), now) {
            return Some(Event::Runtime(event));
        }
        self.node_events.pop_if(|(at, _)| *at <= now).map(|(_, event)| Event::Node(event))
    }

    fn handle(&mut self, now: Timestamp, event: Event) {
        let mut out = Outbox::default();
        if let Err(error) = self.pod.handle_event(now, event, &mut out) {
            tracing::debug!(pod = %self.name(), %error, "event refused");
        }
        self.settle(now, out);
    }

    /// Carries out actions and passes their immediate answers back, until no action is left.
    fn settle(&mut self, now: Timestamp, mut out: Outbox) {
        loop {
            let mut updates: VecDeque<RuntimeEvent> = VecDeque::new();
            while let Some(action) = out.actions.pop_front() {
                updates.extend(self.carry_out(action, now));
            }
            self.events.append(&mut out.events);
            self.writes.is_wanted |= std::mem::take(&mut out.has_published);
            self.writes.wants_deletion |= std::mem::take(&mut out.may_delete);
            if updates.is_empty() {
                return;
            }
            for event in updates {
                if let Err(error) = self.pod.handle_event(now, Event::Runtime(event), &mut out) {
                    tracing::debug!(pod = %self.name(), %error, "answer refused");
                }
            }
        }
    }

    fn carry_out(&mut self, action: Action, now: Timestamp) -> Option<RuntimeEvent> {
        let spec = self.pod.spec().clone();
        // Ephemeral containers were added, which the first sync with the new spec starts.
        if spec.container_count() > self.scripted {
            self.scripted = spec.container_count();
            self.runtime.set_script(script::lower(&self.script, &spec));
        }
        if let Action::CreateContainer { container, instance, restart_count } = &action
            && let Some(of) = spec.container(*container)
        {
            let id = facts::container_id(&spec, of, *instance, *restart_count);
            self.ids.record(*container, *instance, &id);
            self.ids.record_image(*container, *instance, of.image(), &facts::image_id(of.image()));
        }
        self.runtime.carry_out(action, &spec, now)
    }
}
