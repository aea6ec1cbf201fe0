//! The scripted world: runtime, registry and processes.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    happening::{EventQueue, SimEvent},
    place::{ContainerSim, Process},
    scenario::Scenario,
    script::seconds,
    stage::{LoweredScript, Playing},
    timeline::{ExitCause, Happened},
};
use crate::{
    action::Action,
    event::{ContainerExit, Failure, HookKind, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    state::{InstanceId, LOST_EXIT_CODE, SandboxId, StartError, TerminationReason},
    time::Timestamp,
};

/// What the node has of the Pod.
#[derive(Clone, Debug)]
pub(super) struct FakeRuntime {
    pub(super) agenda: EventQueue,
    stage: Arc<LoweredScript>,
    /// From which what is left to chance is drawn.
    seed: u64,
    sandbox: Option<(SandboxId, bool)>,
    places: Box<[ContainerSim]>,
    /// How many processes were started.
    starts: u32,
}

/// What an action or a happening leads to: something to write down, and news for the Pod.
pub(super) type Outcomes = (Option<Happened>, Option<RuntimeEvent>);

impl FakeRuntime {
    pub(super) fn new(scenario: &Scenario, spec: &PodSpec, start: Timestamp) -> FakeRuntime {
        let mut world = FakeRuntime::on(LoweredScript::new(scenario, spec, start), scenario.script.seed);
        for &death in &scenario.script.sandbox_deaths {
            world.agenda.plan(start + seconds(death), SimEvent::SandboxDeath);
        }
        for (place, action) in scenario.script.actions.iter().enumerate() {
            world.agenda.plan(start + seconds(action.t), SimEvent::Action(place));
        }
        world
    }

    /// The world of a Pod in which others do nothing.
    pub(super) fn on(stage: Arc<LoweredScript>, seed: u64) -> FakeRuntime {
        let places = (0..stage.len()).map(|_| ContainerSim::default()).collect();
        FakeRuntime { agenda: EventQueue::default(), places, stage, seed, sandbox: None, starts: 0 }
    }

    /// Makes room for the containers of a spec.
    pub(super) fn fit(&mut self, scenario: &Scenario, spec: &PodSpec, start: Timestamp) {
        if self.places.len() < spec.container_count() {
            self.stage = LoweredScript::new(scenario, spec, start);
            let mut places = core::mem::take(&mut self.places).into_vec();
            places.resize_with(self.stage.len(), ContainerSim::default);
            self.places = places.into_boxed_slice();
        }
    }

    /// A container is given another image, or an older one again: the node has it if the script says so.
    pub(super) fn change_image(&mut self, container: &str, image: &str, spec: &PodSpec) {
        let Some(index) = spec.index_of(container) else { return };
        let is_present = self.stage.image(index).present;
        if let Some(it) = self.places.get_mut(index.get()) {
            it.set_image(image, is_present);
        }
    }

    fn playing(&self, container: ContainerIndex, run: u32) -> Playing {
        Playing { container, run, seed: self.seed }
    }

    /// Carries out an action; what takes no time is answered at once.
    pub(super) fn carry_out(&mut self, action: Action, spec: &PodSpec, now: Timestamp) -> Outcomes {
        match action {
            Action::RunPodSandbox { sandbox } => {
                self.sandbox = Some((sandbox, true));
                (None, Some(RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) }))
            }
            Action::StopPodSandbox { sandbox } => {
                if let Some(newest) = self.sandbox.as_mut().filter(|newest| **newest == (sandbox, true)) {
                    newest.1 = false;
                    return (None, Some(RuntimeEvent::SandboxDied { sandbox }));
                }
                (None, None)
            }
            Action::InspectImage { container } => {
                let image = image_of(spec, container);
                let of_script = self.stage.image(container).present;
                let is_there = self.places.get(container.get()).is_some_and(|it| it.has_image(image, of_script));
                (None, Some(RuntimeEvent::ImageInspected { container, result: Ok(is_there) }))
            }
            Action::PullImage { container } => {
                let Some(it) = self.places.get_mut(container.get()) else { return (None, None) };
                it.begin_pull(image_of(spec, container));
                let takes = self.stage.pull_takes(container, self.seed, it.pulls());
                self.agenda.plan(now + takes, SimEvent::PullEnd(container));
                (None, None)
            }
            Action::CreateContainer { container, instance, .. } => {
                let result = if self.sandbox.is_some_and(|(_, is_ready)| is_ready) {
                    Ok(())
                } else {
                    Err(Failure { error: StartError::CreateContainerError, message: "sandbox not ready".into() })
                };
                (None, Some(RuntimeEvent::ContainerCreated { container, instance, result }))
            }
            Action::StartContainer { container, instance } => {
                self.start(container, instance, now);
                (None, Some(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) }))
            }
            Action::StopContainer { container, instance, timeout } => self.stop(container, instance, timeout, now),
            Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => (None, None),
            Action::RunHook { container, instance, hook } => self.run_hook(container, instance, hook, spec, now),
            Action::Probe { container, instance, kind } => match self.ask(container, instance, kind, spec, now) {
                Some(found) => answer(container, instance, kind, found),
                None => (None, None),
            },
        }
    }

    /// Something planned has come; `None` if it has become void.
    pub(super) fn happen(&mut self, happening: SimEvent, spec: &PodSpec, now: Timestamp) -> Option<Outcomes> {
        match happening {
            SimEvent::SandboxDeath => {
                let (sandbox, is_ready) = self.sandbox.as_mut().filter(|(_, is_ready)| *is_ready)?;
                *is_ready = false;
                let sandbox = *sandbox;
                Some((Some(Happened::SandboxDied(sandbox)), Some(RuntimeEvent::SandboxDied { sandbox })))
            }
            SimEvent::OwnExit(container, instance) => {
                let process = self.alive(container, instance)?;
                let run = process.run;
                let code = self.stage.exit_code(self.playing(container, run));
                Some(self.exit(container, code, ExitCause::Itself, now))
            }
            SimEvent::SigtermExit(container, instance) => {
                let process = self.alive(container, instance)?;
                let run = process.run;
                let code = self.stage.run(self.playing(container, run)).sigterm_exit_code.unwrap_or(143);
                Some(self.exit(container, code, ExitCause::Sigterm, now))
            }
            SimEvent::Sigkill(container, instance) => {
                self.alive(container, instance)?;
                Some(self.exit(container, LOST_EXIT_CODE, ExitCause::Sigkill, now))
            }
            SimEvent::StopReturn(container, instance) => {
                Some((None, Some(RuntimeEvent::ContainerStopped { container, instance })))
            }
            SimEvent::PullEnd(container) => self.end_pull(container, now),
            SimEvent::HookEnd(container, instance, hook) => self.end_hook(container, instance, hook, spec, now),
            SimEvent::Answer(container, instance, kind) => Some(self.answer(container, instance, kind, spec, now)),
            SimEvent::Relist
            | SimEvent::KillTimeout
            | SimEvent::Stop(_)
            | SimEvent::Probe(_)
            | SimEvent::Action(_)
            | SimEvent::LateRestart
            | SimEvent::Sync(_) => None,
        }
    }

    /// The processes that a dying sandbox takes along, in the order of their starts.
    pub(super) fn kill_all(&mut self, now: Timestamp) -> Vec<Happened> {
        let alive = self.places.iter().zip((0..).map(ContainerIndex::from)).filter_map(|(it, index)| {
            let process = it.process.as_ref().filter(|process| process.is_alive)?;
            Some((process.nth, index))
        });
        let mut alive: Vec<(u32, ContainerIndex)> = alive.collect();
        alive.sort_unstable();
        let exits = alive.into_iter().map(|(_, index)| self.exit(index, LOST_EXIT_CODE, ExitCause::SandboxDied, now).0);
        exits.flatten().collect()
    }

    /// Reads of each piece of memory that a probe needs; what it says means nothing.
    pub(super) fn fetch(&self) -> u64 {
        self.places.first().and_then(|place| place.process.as_ref()).map_or(0, |process| u64::from(process.run))
    }

    fn alive(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut Process> {
        let process = self.places.get_mut(container.get())?.process.as_mut()?;
        (process.is_alive && process.instance == instance).then_some(process)
    }

    fn start(&mut self, container: ContainerIndex, instance: InstanceId, now: Timestamp) {
        self.starts = self.starts.wrapping_add(1);
        let Some(it) = self.places.get_mut(container.get()) else { return };
        let run = it.begin_run(instance, self.starts, now);
        if let Some(after) = self.stage.exits_after(self.playing(container, run)) {
            self.agenda.plan(now + after, SimEvent::OwnExit(container, instance));
        }
    }

    fn stop(&mut self, container: ContainerIndex, instance: InstanceId, timeout: Duration, now: Timestamp) -> Outcomes {
        let Some(process) = self.alive(container, instance) else {
            return (None, Some(RuntimeEvent::ContainerStopped { container, instance }));
        };
        process.is_being_stopped = true;
        let (is_first, run) = (!core::mem::replace(&mut process.got_sigterm, true), process.run);
        let playing = self.playing(container, run);
        if is_first && !self.stage.run(playing).ignores_sigterm {
            let after = self.stage.sigterm_exits_after(playing);
            self.agenda.plan(now + after, SimEvent::SigtermExit(container, instance));
        }
        self.agenda.plan(now + timeout, SimEvent::Sigkill(container, instance));
        (None, None)
    }

    fn exit(&mut self, container: ContainerIndex, code: i32, cause: ExitCause, now: Timestamp) -> Outcomes {
        let Some(it) = self.places.get_mut(container.get()) else { return (None, None) };
        let Some(process) = it.process.as_mut() else { return (None, None) };
        process.is_alive = false;
        let (instance, run) = (process.instance, process.run);
        if core::mem::take(&mut process.is_being_stopped) {
            self.agenda.plan(now, SimEvent::StopReturn(container, instance));
        }
        for hook in it.hooks_in(instance) {
            self.agenda.plan(now, SimEvent::HookEnd(container, instance, hook));
        }
        let run = self.stage.run(self.playing(container, run));
        let own = cause == ExitCause::Itself;
        let reason = run.reason.as_deref().filter(|_| own).map(TerminationReason::from);
        let exit = ContainerExit {
            code,
            reason: reason.unwrap_or_else(|| TerminationReason::of_exit(code)),
            message: run.message.as_deref().filter(|_| own).map(Box::from),
            ..ContainerExit::with_code(code)
        };
        let happened = Happened::Exit { container, instance, code, cause };
        (Some(happened), Some(RuntimeEvent::ContainerExited { container, instance, exit }))
    }

    fn end_pull(&mut self, container: ContainerIndex, now: Timestamp) -> Option<Outcomes> {
        let it = self.places.get_mut(container.get())?;
        let (pull, image) = it.end_pull();
        let succeeded = self.stage.pull_succeeds(container, self.seed, pull, now);
        if let Some(image) = image.filter(|_| succeeded) {
            it.set_image(&image, true);
        }
        let error = self.stage.image(container).error.as_deref().unwrap_or("registry says no");
        let result =
            if succeeded { Ok(1000) } else { Err(Failure { error: StartError::ErrImagePull, message: error.into() }) };
        let happened = Happened::PullEnd { container, succeeded };
        Some((Some(happened), Some(RuntimeEvent::ImagePulled { container, result })))
    }

    fn run_hook(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Outcomes {
        if self.alive(container, instance).is_none() {
            let result = Err(hook_error(spec, container, hook, "container is not running"));
            return (None, Some(RuntimeEvent::HookFinished { container, instance, hook, result }));
        }
        if let Some(it) = self.places.get_mut(container.get()) {
            let ends_at = now + self.stage.hook(container, hook).0;
            it.begin_hook(instance, hook, ends_at);
            self.agenda.plan(ends_at, SimEvent::HookEnd(container, instance, hook));
        }
        (None, None)
    }

    /// A hook ends in time, or with its container; whichever comes first counts.
    fn end_hook(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<Outcomes> {
        let ends_at = self.places.get_mut(container.get())?.end_hook(instance, hook)?;
        let code = Some(self.stage.hook(container, hook).1).filter(|_| ends_at <= now);
        let result = match code {
            Some(0) => Ok(()),
            Some(code) => Err(hook_error(spec, container, hook, &format!("command terminated with exit code {code}"))),
            None => Err(hook_error(spec, container, hook, "container died during exec")),
        };
        let happened = Happened::HookEnd { container, instance, hook, code };
        Some((Some(happened), Some(RuntimeEvent::HookFinished { container, instance, hook, result })))
    }

    /// A probe is asked: it is answered at once, or takes its time, at most until it is given up; then nothing comes yet.
    pub(super) fn ask(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<Option<ProbeOutcome>> {
        match self.finding(container, instance, kind, now) {
            Some((_, latency)) if !latency.is_zero() => {
                let timeout = timeout_of(spec, container, kind);
                self.agenda.plan(now + latency.min(timeout), SimEvent::Answer(container, instance, kind));
                if let Some(it) = self.places.get_mut(container.get()) {
                    it.ask(kind, now);
                }
                None
            }
            found => Some(found.map(|(outcome, _)| outcome)),
        }
    }

    /// The answer of a probe that has taken its time.
    fn answer(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Outcomes {
        let asked_at = self.places.get(container.get()).and_then(|it| it.asked_at(kind)).unwrap_or(now);
        let is_late = |latency: Duration| latency > timeout_of(spec, container, kind);
        let found = self.finding(container, instance, kind, asked_at);
        let outcome = found.map(|(outcome, latency)| if is_late(latency) { ProbeOutcome::Failure } else { outcome });
        answer(container, instance, kind, outcome)
    }

    /// What a probe finds, and how long it takes; `None` if the container does not run.
    fn finding(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        asked_at: Timestamp,
    ) -> Option<(ProbeOutcome, Duration)> {
        let process = self.alive(container, instance)?;
        let (run, elapsed) = (process.run, asked_at.since(process.started_at));
        Some(self.stage.probe(self.playing(container, run), kind, elapsed))
    }
}

fn timeout_of(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Duration {
    let probe = spec.container(container).and_then(|container| container.probe(kind));
    probe.map_or(Duration::from_secs(1), ProbeSpec::timeout)
}

fn answer(container: ContainerIndex, instance: InstanceId, kind: ProbeKind, outcome: Option<ProbeOutcome>) -> Outcomes {
    let output = output_of(outcome);
    let happened = Happened::Probed { container, instance, kind, outcome };
    let outcome = outcome.unwrap_or(ProbeOutcome::Error);
    let answer = RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: output.into() };
    (Some(happened), Some(answer))
}

/// What a probe prints; `None`: its container does not run.
pub(super) fn output_of(outcome: Option<ProbeOutcome>) -> &'static str {
    match outcome {
        Some(ProbeOutcome::Failure) => "probe said no",
        Some(ProbeOutcome::Error) => "exec broken",
        Some(ProbeOutcome::Success | ProbeOutcome::Warning | ProbeOutcome::Unknown) => "",
        None => "container is not running",
    }
}

fn image_of(spec: &PodSpec, container: ContainerIndex) -> &str {
    spec.container(container).map_or("", |container| container.image())
}

/// What the kubelet says of a hook that failed.
fn hook_error(spec: &PodSpec, container: ContainerIndex, hook: HookKind, error: &str) -> Box<str> {
    let of_container = spec.container(container);
    let hook = of_container.and_then(|container| match hook {
        HookKind::PostStart => container.post_start(),
        HookKind::PreStop => container.pre_stop(),
    });
    let command = match hook {
        Some(LifecycleHook::Run(handler)) => {
            handler.exec.as_ref().map_or_else(String::new, |exec| exec.command.join(" "))
        }
        Some(LifecycleHook::Sleep(_)) | None => String::new(),
    };
    let name = spec.container_name(container);
    let pod = format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid());
    let message = format!(
        "Exec lifecycle hook ([{command}]) for Container {name:?} in Pod {pod:?} failed - error: {error}, message: \"\""
    );
    message.into()
}
