//! A Pod's world: sandbox, images and processes that are nowhere but here.

mod agenda;
mod hooks;
mod images;
mod process;
mod take_up;

use std::{hash::Hasher, sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, Timestamp,
    event::{Event, Failure, RuntimeEvent},
    rule::probe::ProbeOutcome,
    sim::ContainerScript,
    spec::{ContainerIndex, PodSpec, ProbeKind},
    state::{InstanceId, SandboxId, StartError},
};

use super::{
    behaviour::{Behaviour, Deed},
    stable_hash::StableHasher,
};
use agenda::{EventQueue, SimEvent};
use hooks::Hooks;
use images::Images;
use process::{Ending, Process};

/// What the node has of a Pod.
#[derive(Debug)]
pub(super) struct FakeRuntime {
    behaviour: Arc<Behaviour>,
    /// What is left to chance is drawn from it.
    seed: u64,
    /// When the Pod's story began, by which outages are reckoned.
    start: Timestamp,
    agenda: EventQueue,
    /// The newest sandbox, and whether it is alive.
    sandbox: Option<(SandboxId, bool)>,
    /// The newest run of each container.
    processes: Vec<Option<Process>>,
    images: Images,
    hooks: Hooks,
}

impl FakeRuntime {
    /// The world of a Pod whose life began at `start`: nothing is there yet.
    pub(super) fn new(behaviour: Arc<Behaviour>, uid: &str, start: Timestamp) -> FakeRuntime {
        let mut agenda = EventQueue::default();
        for (after, deed) in &behaviour.deeds {
            agenda.plan(start + *after, SimEvent::Deed(deed.clone()));
        }
        let (images, hooks) = (Images::default(), Hooks::default());
        let mut hasher = StableHasher::default();
        hasher.write(uid.as_bytes());
        let seed = hasher.finish() ^ behaviour.seed;
        FakeRuntime { behaviour, seed, start, agenda, sandbox: None, processes: Vec::new(), images, hooks }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Whether a sandbox is alive, or was.
    pub(super) fn has_had_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Whether anything runs.
    pub(super) fn is_quiet(&self) -> bool {
        !self.processes.iter().flatten().any(|process| process.is_alive)
    }

    /// Carries an action out; what takes no time is answered at once.
    pub(super) fn carry_out(&mut self, action: Action, spec: &PodSpec, now: Timestamp) -> Option<RuntimeEvent> {
        match action {
            Action::RunPodSandbox { sandbox } => {
                self.sandbox = Some((sandbox, true));
                Some(RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) })
            }
            Action::StopPodSandbox { sandbox } => {
                self.end_sandbox(sandbox, now);
                Some(RuntimeEvent::SandboxDied { sandbox })
            }
            Action::RemovePodSandbox { .. } | Action::RemoveContainer { .. } => None,
            Action::InspectImage { container } => {
                let is_there = self.images.has(image_of(spec, container), self.script(spec, container));
                Some(RuntimeEvent::ImageInspected { container, result: Ok(is_there) })
            }
            Action::PullImage { container } => {
                let pull = self.images.tries(container);
                let (takes, _) = self.script(spec, container).sample_pull(self.seed, container, pull);
                let ends_at = now + takes;
                self.agenda.plan(ends_at, SimEvent::PullEnd(container, image_of(spec, container).into()));
                None
            }
            Action::CreateContainer { container, instance, restart_count } => {
                let process = self.drawn(container, Process::created(instance, restart_count.unsigned_abs()), spec);
                let result = self.create(container, process);
                Some(RuntimeEvent::ContainerCreated { container, instance, result })
            }
            Action::StartContainer { container, instance } => {
                self.start(container, instance, spec, now);
                Some(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) })
            }
            Action::StopContainer { container, instance, timeout } => {
                self.stop(container, instance, timeout, spec, now)
            }
            Action::RunHook { container, instance, hook } => {
                if self.alive(container, instance).is_none() {
                    let result = Err(hooks::error(spec, container, hook, "container is not running"));
                    return Some(RuntimeEvent::HookFinished { container, instance, hook, result });
                }
                let takes = hooks::script(self.script(spec, container), hook).duration;
                self.hooks.begin(container, instance, hook, now + takes);
                self.agenda.plan(now + takes, SimEvent::HookEnd(container, instance, hook));
                None
            }
            Action::Probe { container, instance, kind } => self.probe(container, instance, kind, spec, now),
            // All that there are; a later one is for the node to learn.
            _ => None,
        }
    }

    /// What is due happens, one thing at a time; `None` if nothing more is due.
    pub(super) fn pop_due(&mut self, spec: &PodSpec, now: Timestamp) -> Option<Event> {
        while let Some(happening) = self.agenda.pop_due(now) {
            if let Some(event) = self.happen(happening, spec, now) {
                return Some(event);
            }
        }
        None
    }

    /// `None` if it has become void.
    fn happen(&mut self, happening: SimEvent, spec: &PodSpec, now: Timestamp) -> Option<Event> {
        let event = match happening {
            SimEvent::Exit(container, instance) => self.exit(container, instance, Ending::Own, spec, now)?,
            SimEvent::SigtermExit(container, instance) => self.exit(container, instance, Ending::Sigterm, spec, now)?,
            SimEvent::Sigkill(container, instance) => self.exit(container, instance, Ending::Killed, spec, now)?,
            SimEvent::Stopped(container, instance) => RuntimeEvent::ContainerStopped { container, instance },
            SimEvent::PullEnd(container, image) => {
                let script = self.behaviour.script(spec.container(container)?);
                let result = self.images.pulled(container, &image, script, self.seed, now.since(self.start));
                RuntimeEvent::ImagePulled { container, result }
            }
            SimEvent::HookEnd(container, instance, hook) => {
                let ends_at = self.hooks.end(container, instance, hook)?;
                let in_time = ends_at <= now && self.alive(container, instance).is_some();
                let result = hooks::result(spec, container, hook, self.script(spec, container), in_time);
                RuntimeEvent::HookFinished { container, instance, hook, result }
            }
            SimEvent::Answer(container, instance, kind, outcome) => {
                let outcome = self.alive(container, instance).map(|_| outcome);
                answer(container, instance, kind, outcome)
            }
            SimEvent::Deed(Deed::Node(event)) => return Some(Event::Node(event)),
            SimEvent::Deed(Deed::SandboxDeath) => {
                let (sandbox, _) = self.sandbox.filter(|(_, is_alive)| *is_alive)?;
                self.end_sandbox(sandbox, now);
                RuntimeEvent::SandboxDied { sandbox }
            }
        };
        Some(Event::Runtime(event))
    }

    fn create(&mut self, container: ContainerIndex, process: Process) -> Result<(), Failure> {
        if !self.sandbox.is_some_and(|(_, is_alive)| is_alive) {
            return Err(Failure { error: StartError::CreateContainerError, message: "sandbox not ready".into() });
        }
        self.put(container, process);
        Ok(())
    }

    /// A run of which what is left to chance is drawn.
    fn drawn(&self, container: ContainerIndex, mut process: Process, spec: &PodSpec) -> Process {
        let script = self.script(spec, container);
        if script.random.is_some() {
            process.drawn = Some(Box::new(script.sample_run(self.seed, container, process.number)));
        }
        process
    }

    fn put(&mut self, container: ContainerIndex, process: Process) {
        if self.processes.len() <= container.get() {
            self.processes.resize_with(container.get().saturating_add(1), || None);
        }
        if let Some(place) = self.processes.get_mut(container.get()) {
            *place = Some(process);
        }
    }

    fn start(&mut self, container: ContainerIndex, instance: InstanceId, spec: &PodSpec, now: Timestamp) {
        let behaviour = self.behaviour.clone();
        let Some(of) = spec.container(container) else { return };
        let Some(process) = self.process(container, instance) else { return };
        process.is_alive = true;
        process.started_at = Some(now);
        if let Some(after) = process.run(behaviour.script(of)).and_then(|run| run.exits_after) {
            self.agenda.plan(now + after, SimEvent::Exit(container, instance));
        }
    }

    fn stop(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        timeout: Duration,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        let behaviour = self.behaviour.clone();
        let of = spec.container(container)?;
        let Some(process) = self.alive(container, instance) else {
            return Some(RuntimeEvent::ContainerStopped { container, instance });
        };
        process.is_being_stopped = true;
        let is_first = !std::mem::replace(&mut process.got_sigterm, true);
        let run = process.run(behaviour.script(of));
        if is_first && !run.is_some_and(|run| run.ignores_sigterm) {
            let after = run.map_or(Duration::ZERO, |run| run.sigterm_exit_after);
            self.agenda.plan(now + after, SimEvent::SigtermExit(container, instance));
        }
        self.agenda.plan(now + timeout, SimEvent::Sigkill(container, instance));
        None
    }

    /// A run ends: whoever stops it hears of that, and its hooks end with it.
    fn exit(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        ending: Ending,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        let behaviour = self.behaviour.clone();
        let of = spec.container(container)?;
        let exit = self.alive(container, instance)?.exit(ending, behaviour.script(of));
        self.end_process(container, now);
        Some(RuntimeEvent::ContainerExited { container, instance, exit })
    }

    fn end_process(&mut self, container: ContainerIndex, now: Timestamp) {
        let Some(process) = self.processes.get_mut(container.get()).and_then(Option::as_mut) else { return };
        process.is_alive = false;
        let instance = process.instance;
        if std::mem::take(&mut process.is_being_stopped) {
            self.agenda.plan(now, SimEvent::Stopped(container, instance));
        }
        for hook in self.hooks.of(container, instance) {
            self.agenda.plan(now, SimEvent::HookEnd(container, instance, hook));
        }
    }

    /// A sandbox takes along what runs in it.
    fn end_sandbox(&mut self, sandbox: SandboxId, now: Timestamp) {
        if self.sandbox.is_none_or(|(newest, _)| newest != sandbox) {
            return;
        }
        self.sandbox = Some((sandbox, false));
        let is_alive = |process: &Option<Process>| process.as_ref().is_some_and(|process| process.is_alive);
        let alive: Vec<usize> = (0..).zip(&self.processes).filter(|(_, it)| is_alive(it)).map(|(at, _)| at).collect();
        for index in alive.into_iter().filter_map(|at| u16::try_from(at).ok()) {
            self.end_process(index.into(), now);
        }
    }

    /// A probe is asked: it is answered at once, or takes its time, at most until it is given up.
    fn probe(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        let seed = self.seed;
        let behaviour = self.behaviour.clone();
        let probe = spec.container(container).and_then(|of| Some((behaviour.script(of), of.probe(kind)?)));
        let (Some(process), Some((script, probe))) = (self.alive(container, instance), probe) else {
            return Some(answer(container, instance, kind, None));
        };
        let (outcome, latency) = script.sample_probe(seed, container, process.number, kind, process.elapsed(now));
        let timeout = probe.timeout();
        if latency.is_zero() {
            return Some(answer(container, instance, kind, Some(outcome)));
        }
        let outcome = if latency > timeout { ProbeOutcome::Failure } else { outcome };
        self.agenda.plan(now + latency.min(timeout), SimEvent::Answer(container, instance, kind, outcome));
        None
    }

    fn script(&self, spec: &PodSpec, container: ContainerIndex) -> &ContainerScript {
        static NOTHING: std::sync::LazyLock<ContainerScript> = std::sync::LazyLock::new(ContainerScript::default);
        spec.container(container).map_or(&NOTHING, |of| self.behaviour.script(of))
    }

    fn process(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut Process> {
        let process = self.processes.get_mut(container.get())?.as_mut()?;
        (process.instance == instance).then_some(process)
    }

    fn alive(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut Process> {
        self.process(container, instance).filter(|process| process.is_alive)
    }
}

/// What a probe says; `None`: its container does not run.
fn answer(
    container: ContainerIndex,
    instance: InstanceId,
    kind: ProbeKind,
    outcome: Option<ProbeOutcome>,
) -> RuntimeEvent {
    let output = match outcome {
        Some(ProbeOutcome::Failure | ProbeOutcome::Error) => "the scenario says so",
        Some(ProbeOutcome::Success | ProbeOutcome::Warning | ProbeOutcome::Unknown) => "",
        None => "container is not running",
    };
    let outcome = outcome.unwrap_or(ProbeOutcome::Error);
    RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: output.into() }
}

fn image_of(spec: &PodSpec, container: ContainerIndex) -> &str {
    spec.container(container).map_or("", |container| container.image())
}
