//! The scripted world: runtime, registry and processes.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::{
    happening::{Agenda, Happening},
    scenario::Scenario,
    script::{ContainerScript, ProbeScript, Run, script_of, seconds},
    timeline::{ExitCause, Happened},
};
use crate::{
    action::Action,
    event::{ContainerExit, Failure, HookKind, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, LifecycleHook, PodSpec, ProbeKind},
    state::{InstanceId, LOST_EXIT_CODE, SandboxId, StartError, TerminationReason},
    time::Timestamp,
};

/// What the node has of the Pod.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) agenda: Agenda,
    sandbox: Option<(SandboxId, bool)>,
    containers: Vec<Place>,
    /// Containers in the order of their newest starts.
    started: Vec<ContainerIndex>,
}

/// One container's processes and image.
#[derive(Clone, Debug, Default)]
struct Place {
    script: ContainerScript,
    starts: u32,
    pulls: u32,
    /// The images that the container was given, and whether the node has them.
    images: Vec<(Box<str>, bool)>,
    /// The image that is being pulled.
    pulling: Option<Box<str>>,
    process: Option<Process>,
    /// Hooks that run, in which instance, and until when.
    hooks: Vec<(InstanceId, HookKind, Timestamp)>,
}

/// One process.
#[derive(Clone, Debug)]
struct Process {
    instance: InstanceId,
    run: Run,
    started_at: Timestamp,
    is_alive: bool,
    got_sigterm: bool,
    is_being_stopped: bool,
}

/// What an action or a happening leads to: something to write down, and news for the Pod.
pub(super) type Outcomes = (Option<Happened>, Option<RuntimeEvent>);

impl World {
    pub(super) fn new(scenario: &Scenario, spec: &PodSpec, start: Timestamp) -> World {
        let mut world = World { agenda: Agenda::default(), sandbox: None, containers: Vec::new(), started: Vec::new() };
        world.fit(scenario, spec);
        for &death in &scenario.script.sandbox_deaths {
            world.agenda.plan(start + seconds(death), Happening::SandboxDeath);
        }
        for (place, action) in scenario.script.actions.iter().enumerate() {
            world.agenda.plan(start + seconds(action.t), Happening::Action(place));
        }
        world
    }

    /// Makes room for the containers of a spec.
    pub(super) fn fit(&mut self, scenario: &Scenario, spec: &PodSpec) {
        for (index, container) in spec.containers().skip(self.containers.len()) {
            let script = script_of(scenario, spec, index).cloned().unwrap_or_default();
            let images = Vec::from([(container.image().into(), script.image.present)]);
            self.containers.push(Place { script, images, ..Place::default() });
        }
    }

    /// A container is given another image, or an older one again: the node has it if the script says so.
    pub(super) fn change_image(&mut self, container: &str, image: &str, spec: &PodSpec) {
        let place = spec.index_of(container).and_then(|index| self.containers.get_mut(index.get()));
        if let Some(it) = place {
            it.set_image(image, it.script.image.present);
        }
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
                let is_there = self.containers.get(container.get()).is_some_and(|it| it.has_image(image));
                (None, Some(RuntimeEvent::ImageInspected { container, result: Ok(is_there) }))
            }
            Action::PullImage { container } => {
                let Some(it) = self.containers.get_mut(container.get()) else { return (None, None) };
                it.pulling = Some(image_of(spec, container).into());
                let takes = it.script.image.pull_seconds;
                self.agenda.plan(now + seconds(takes), Happening::PullEnd(container));
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
            Action::Probe { container, instance, kind } => self.probe(container, instance, kind, now),
        }
    }

    /// Something planned has come; `None` if it has become void.
    pub(super) fn happen(&mut self, happening: Happening, spec: &PodSpec, now: Timestamp) -> Option<Outcomes> {
        match happening {
            Happening::SandboxDeath => {
                let (sandbox, is_ready) = self.sandbox.as_mut().filter(|(_, is_ready)| *is_ready)?;
                *is_ready = false;
                let sandbox = *sandbox;
                Some((Some(Happened::SandboxDied(sandbox)), Some(RuntimeEvent::SandboxDied { sandbox })))
            }
            Happening::OwnExit(container, instance) => {
                let process = self.alive(container, instance)?;
                let code = process.run.exit_code;
                Some(self.exit(container, code, ExitCause::Itself, now))
            }
            Happening::SigtermExit(container, instance) => {
                let process = self.alive(container, instance)?;
                let code = process.run.sigterm_exit_code.unwrap_or(143);
                Some(self.exit(container, code, ExitCause::Sigterm, now))
            }
            Happening::Sigkill(container, instance) => {
                self.alive(container, instance)?;
                Some(self.exit(container, LOST_EXIT_CODE, ExitCause::Sigkill, now))
            }
            Happening::StopReturn(container, instance) => {
                Some((None, Some(RuntimeEvent::ContainerStopped { container, instance })))
            }
            Happening::PullEnd(container) => self.end_pull(container),
            Happening::HookEnd(container, instance, hook) => self.end_hook(container, instance, hook, spec, now),
            Happening::Relist
            | Happening::KillTimeout
            | Happening::Stop(_)
            | Happening::Probe(_)
            | Happening::Action(_)
            | Happening::LateRestart
            | Happening::Sync(_) => None,
        }
    }

    /// The processes that a dying sandbox takes along.
    pub(super) fn kill_all(&mut self, now: Timestamp) -> Vec<Happened> {
        let mut exits = Vec::new();
        for index in self.started.clone() {
            let process = self.containers.get(index.get()).and_then(|it| it.process.as_ref());
            if process.is_some_and(|process| process.is_alive) {
                exits.extend(self.exit(index, LOST_EXIT_CODE, ExitCause::SandboxDied, now).0);
            }
        }
        exits
    }

    fn alive(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut Process> {
        let process = self.containers.get_mut(container.get())?.process.as_mut()?;
        (process.is_alive && process.instance == instance).then_some(process)
    }

    fn start(&mut self, container: ContainerIndex, instance: InstanceId, now: Timestamp) {
        self.started.retain(|&other| other != container);
        self.started.push(container);
        let Some(it) = self.containers.get_mut(container.get()) else { return };
        let run = it.script.run_of(it.starts);
        it.starts = it.starts.saturating_add(1);
        if let Some(after) = run.exits_after_seconds {
            self.agenda.plan(now + seconds(after), Happening::OwnExit(container, instance));
        }
        it.process = Some(Process {
            instance,
            run,
            started_at: now,
            is_alive: true,
            got_sigterm: false,
            is_being_stopped: false,
        });
    }

    fn stop(&mut self, container: ContainerIndex, instance: InstanceId, timeout: u32, now: Timestamp) -> Outcomes {
        let Some(process) = self.alive(container, instance) else {
            return (None, Some(RuntimeEvent::ContainerStopped { container, instance }));
        };
        process.is_being_stopped = true;
        let dies = !process.got_sigterm && !process.run.ignores_sigterm;
        let after = process.run.sigterm_exit_after_seconds;
        process.got_sigterm = true;
        if dies {
            self.agenda.plan(now + seconds(after), Happening::SigtermExit(container, instance));
        }
        self.agenda.plan(now + seconds(f64::from(timeout)), Happening::Sigkill(container, instance));
        (None, None)
    }

    fn exit(&mut self, container: ContainerIndex, code: i32, cause: ExitCause, now: Timestamp) -> Outcomes {
        let Some(it) = self.containers.get_mut(container.get()) else { return (None, None) };
        let Some(process) = it.process.as_mut() else { return (None, None) };
        process.is_alive = false;
        let instance = process.instance;
        if core::mem::take(&mut process.is_being_stopped) {
            self.agenda.plan(now, Happening::StopReturn(container, instance));
        }
        for &(_, hook, _) in it.hooks.iter().filter(|(of, ..)| *of == instance) {
            self.agenda.plan(now, Happening::HookEnd(container, instance, hook));
        }
        let own = cause == ExitCause::Itself;
        let reason = process.run.reason.as_deref().filter(|_| own).map(TerminationReason::from);
        let exit = ContainerExit {
            code,
            reason: reason.unwrap_or_else(|| TerminationReason::of_exit(code)),
            message: process.run.message.as_deref().filter(|_| own).map(Box::from),
            ..ContainerExit::with_code(code)
        };
        let happened = Happened::Exit { container, instance, code, cause };
        (Some(happened), Some(RuntimeEvent::ContainerExited { container, instance, exit }))
    }

    fn end_pull(&mut self, container: ContainerIndex) -> Option<Outcomes> {
        let it = self.containers.get_mut(container.get())?;
        let succeeded = it.pulls >= it.script.image.failures_before_success;
        it.pulls = it.pulls.saturating_add(1);
        if let Some(image) = it.pulling.take().filter(|_| succeeded) {
            it.set_image(&image, true);
        }
        let error = it.script.image.error.as_deref().unwrap_or("registry says no");
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
        if let Some(it) = self.containers.get_mut(container.get()) {
            let ends_at = now + seconds(it.script.hook(hook).duration_seconds);
            it.hooks.push((instance, hook, ends_at));
            self.agenda.plan(ends_at, Happening::HookEnd(container, instance, hook));
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
        let it = self.containers.get_mut(container.get())?;
        let place = it.hooks.iter().position(|&(of, kind, _)| (of, kind) == (instance, hook))?;
        let (_, _, ends_at) = it.hooks.remove(place);
        let code = Some(it.script.hook(hook).exit_code).filter(|_| ends_at <= now);
        let result = match code {
            Some(0) => Ok(()),
            Some(code) => Err(hook_error(spec, container, hook, &format!("command terminated with exit code {code}"))),
            None => Err(hook_error(spec, container, hook, "container died during exec")),
        };
        let happened = Happened::HookEnd { container, instance, hook, code };
        Some((Some(happened), Some(RuntimeEvent::HookFinished { container, instance, hook, result })))
    }

    fn probe(&mut self, container: ContainerIndex, instance: InstanceId, kind: ProbeKind, now: Timestamp) -> Outcomes {
        let outcome =
            self.alive(container, instance).map(|process| process.run.probes.at(kind, process.started_at, now));
        let output = match outcome {
            Some(ProbeOutcome::Failure) => "probe said no",
            Some(ProbeOutcome::Error) => "exec broken",
            Some(ProbeOutcome::Success | ProbeOutcome::Warning | ProbeOutcome::Unknown) => "",
            None => "container is not running",
        };
        let happened = Happened::Probed { container, instance, kind, outcome };
        let answer = RuntimeEvent::ProbeFinished {
            container,
            instance,
            kind,
            outcome: outcome.unwrap_or(ProbeOutcome::Error),
            output: output.into(),
        };
        (Some(happened), Some(answer))
    }
}

fn image_of(spec: &PodSpec, container: ContainerIndex) -> &str {
    spec.container(container).map_or("", |container| container.image())
}

impl Place {
    fn has_image(&self, image: &str) -> bool {
        self.images.iter().any(|(known, is_there)| **known == *image && *is_there)
    }

    fn set_image(&mut self, image: &str, is_there: bool) {
        match self.images.iter_mut().find(|(known, _)| **known == *image) {
            Some(known) => known.1 = is_there,
            None => self.images.push((image.into(), is_there)),
        }
    }
}

impl ContainerScript {
    fn hook(&self, hook: HookKind) -> super::script::HookScript {
        match hook {
            HookKind::PostStart => self.post_start,
            HookKind::PreStop => self.pre_stop,
        }
        .unwrap_or_default()
    }
}

impl ProbeScript {
    fn at(&self, kind: ProbeKind, started_at: Timestamp, now: Timestamp) -> ProbeOutcome {
        let steps = match kind {
            ProbeKind::Startup => &self.startup,
            ProbeKind::Readiness => &self.readiness,
            ProbeKind::Liveness => &self.liveness,
        };
        let elapsed = now.since(started_at);
        steps
            .iter()
            .rev()
            .find(|step| seconds(step.from) <= elapsed)
            .map(|step| step.result)
            .unwrap_or(ProbeOutcome::Success)
    }
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
