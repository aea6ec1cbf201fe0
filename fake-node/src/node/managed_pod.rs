//! One Pod on its node: its machine, its fake runtime, and its object as last seen.

use std::{
    collections::{BTreeSet, VecDeque},
    net::Ipv4Addr,
    sync::Arc,
};

use pod_lifecycle::{
    Action, KubernetesEvent, PodMachine, ResumeError, Sink, StatusView, Timestamp,
    api::{PodManifest, PodPhase},
    event::{ApiEvent, Event, NodeEvent, RuntimeEvent},
    sim::{FakeRuntime, Script},
    spec::{ContainerIndex, PodSpec, SpecError},
    state::{ContainerIds, InstanceId, InstanceState, RuntimeStatus},
    status::StatusPatch,
};

use super::{
    facts::{self, Facts},
    interpreter::{self, Answer, Creation, Interpreter, Objects, Place, Wanted},
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
    /// Containers that do what their commands say.
    interpreter: Interpreter,
    /// Names of the containers that are interpreted.
    interpreted: BTreeSet<String>,
    /// Objects to be read for the creation of a container.
    wanted: Vec<(ContainerIndex, Wanted)>,
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
        let interpreted = interpreted(&seen.pod, &script);
        let runtime = script::runtime(&script, pod.spec(), now, now, |name| interpreted.contains(name));
        let node_events = script::node_events(&script, now);
        let parts = ManagedPod::new(&seen, node_info, pod, runtime, script, interpreted);
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
        let interpreted = interpreted(&seen.pod, &script);
        let runtime = script::runtime(&script, &spec, start, now, |name| interpreted.contains(name)).adopt(&recovered);
        let running = running(&recovered);
        let pod = PodMachine::resume(&seen.pod, recovered, &mut ids, node_info.config.clone(), now, &mut out)?;
        let node_events = script::node_events(&script, start);
        let mut parts = ManagedPod::new(&seen, node_info, pod, runtime, script, interpreted);
        for (index, instance, started_at) in running {
            if parts.is_interpreted(index)
                && let Some(wanted) = parts.interpreter.begin(&seen.pod, index, instance, Some(started_at), 0)
            {
                parts.wanted.push((index, wanted));
            }
        }
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
        let runtime = script::runtime(&script, pod.spec(), now, now, |_| false);
        Ok(ManagedPod::new(&seen, node_info, pod, runtime, script, BTreeSet::new()).settled(now, out))
    }

    fn new(
        seen: &WatchedPod,
        node_info: Arc<NodeInfo>,
        pod: PodMachine,
        runtime: FakeRuntime,
        script: Arc<Script>,
        interpreted: BTreeSet<String>,
    ) -> ManagedPod {
        let (kept, writes, ids) = (CompactPod::of(seen), Writes::default(), ContainerIds::default());
        let (node_events, events) = (Vec::new(), Vec::new());
        let scripted = pod.spec().container_count();
        let (interpreter, wanted) = (Interpreter::default(), Vec::new());
        ManagedPod {
            kept,
            node_info,
            writes,
            pod,
            runtime,
            interpreter,
            interpreted,
            wanted,
            script,
            scripted,
            node_events,
            ids,
            ip: None,
            events,
        }
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
        let runtime = [self.runtime.poll_timeout(), self.interpreter.next()];
        let timers = [self.pod.poll_timeout(), node_event, self.writes.next()].into_iter().chain(runtime);
        timers.flatten().min()
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
            if let RuntimeEvent::ContainerExited { container, instance, .. } = &event {
                self.interpreter.forget(*container, *instance, self.pod.spec(), now);
            } else if let RuntimeEvent::SandboxDied { .. } = &event {
                self.interpreter.forget_all(self.pod.spec(), now);
            }
            return Some(Event::Runtime(event));
        }
        if let Some(event) = self.interpreter.pop_due(&mut self.runtime, self.pod.spec(), now) {
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
            self.events.extend(self.interpreter.take_events(self.pod.spec(), now));
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
            if let Ok(object) = self.kept.pod() {
                self.interpreted = interpreted(&object, &self.script);
            }
            self.runtime.set_script(script::lower(&self.script, &spec, |name| self.interpreted.contains(name)));
        }
        if let Action::CreateContainer { container, instance, restart_count } = &action
            && let Some(of) = spec.container(*container)
        {
            let id = facts::container_id(&spec, of, *instance, *restart_count);
            self.ids.record(*container, *instance, &id);
            self.ids.record_image(*container, *instance, of.image(), &facts::image_id(of.image()));
        }
        if let Some((container, instance)) =
            instance_of(&action).filter(|(container, _)| self.is_interpreted(*container))
        {
            return self.interpret(action, container, instance, &spec, now);
        }
        let event = self.runtime.carry_out(action, &spec, now);
        if let Some(RuntimeEvent::SandboxDied { .. }) = event {
            self.interpreter.forget_all(&spec, now);
        }
        event
    }

    // --- Interpreted containers ---

    fn is_interpreted(&self, container: ContainerIndex) -> bool {
        self.interpreted.contains(self.spec().container_name(container))
    }

    /// Takes the objects that have to be read, by the containers that need them.
    pub(super) fn take_wanted(&mut self) -> Vec<(ContainerIndex, Wanted)> {
        std::mem::take(&mut self.wanted)
    }

    /// Creates a container whose objects were read.
    pub(super) fn create(&mut self, container: ContainerIndex, objects: &Objects, now: Timestamp) {
        let Ok(object) = self.kept.pod() else { return };
        let (instance, place) = (self.interpreter.waiting(container), Place { node: &self.node_info, ip: self.ip });
        let Some((created, instance)) = self.interpreter.create(&object, container, objects, &place, now).zip(instance)
        else {
            return;
        };
        let spec = self.pod.spec().clone();
        let event = match created {
            Ok(Creation::Resumed) => return,
            Ok(Creation::Created(restart_count)) => {
                self.runtime.carry_out(Action::CreateContainer { container, instance, restart_count }, &spec, now)
            }
            Err(failure) => Some(RuntimeEvent::ContainerCreated { container, instance, result: Err(failure) }),
        };
        if let Some(event) = event {
            self.handle(now, Event::Runtime(event));
        }
    }

    /// Carries out an action on an interpreted container.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the fake runtime carries out every other action")]
    fn interpret(
        &mut self,
        action: Action,
        container: ContainerIndex,
        instance: InstanceId,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        let answer = match &action {
            Action::CreateContainer { restart_count, .. } => {
                let object = self.kept.pod().ok()?;
                let wanted = self.interpreter.begin(&object, container, instance, None, *restart_count)?;
                self.wanted.push((container, wanted));
                return None;
            }
            Action::StartContainer { .. } => match self.interpreter.start(container, instance, now) {
                Ok(()) => Answer::NotTaken,
                Err(error) => Answer::Taken(self.runtime.refuse_start(container, instance, &error.to_string(), now)),
            },
            Action::StopContainer { timeout, .. } => {
                // Without a grace the runtime sends SIGKILL alone.
                let exit = if timeout.is_zero() { None } else { self.interpreter.stop(container, instance, spec, now) };
                let event = self.runtime.carry_out(action, spec, now);
                let Some(exit) = exit else { return event };
                self.interpreter.forget(container, instance, spec, now);
                return self.runtime.end_container(container, instance, exit, now);
            }
            Action::Probe { kind, .. } => self.interpreter.probe(container, instance, *kind, spec, self.ip, now),
            Action::RunHook { hook, .. } => self.interpreter.hook(container, instance, *hook, spec, self.ip, now),
            _ => Answer::NotTaken,
        };
        match answer {
            Answer::Taken(event) => event,
            Answer::NotTaken => self.runtime.carry_out(action, spec, now),
        }
    }
}

/// Returns the names of the containers that no script speaks of, and whose commands can be interpreted.
fn interpreted(pod: &PodManifest, script: &Script) -> BTreeSet<String> {
    let spec = &pod.spec;
    let containers = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
    let unscripted = containers.filter(|container| !script::says_what_runs(script, &container.name));
    unscripted.filter(|container| interpreter::is_readable(container)).map(|container| container.name.clone()).collect()
}

/// Returns the running instances of a Pod that ran before this process started.
fn running(recovered: &RuntimeStatus) -> Vec<(ContainerIndex, InstanceId, Timestamp)> {
    let running = recovered.instances.iter().filter_map(|instance| match instance.state {
        InstanceState::Running { started_at } => Some((instance.container?, instance.id, started_at?)),
        InstanceState::Created | InstanceState::Exited(_) | InstanceState::Unknown => None,
    });
    running.collect()
}

/// Returns the container and the instance that an action is about.
#[expect(clippy::wildcard_enum_match_arm, reason = "the fake runtime carries out every other action")]
fn instance_of(action: &Action) -> Option<(ContainerIndex, InstanceId)> {
    match action {
        Action::CreateContainer { container, instance, .. }
        | Action::StartContainer { container, instance }
        | Action::StopContainer { container, instance, .. }
        | Action::RunHook { container, instance, .. }
        | Action::Probe { container, instance, .. } => Some((*container, *instance)),
        _ => None,
    }
}
