//! What the runtime says: checked against what is known, then taken in.

use alloc::{boxed::Box, format, sync::Arc, vec::Vec};

use super::{
    Pod, Step,
    inbox::{Message, PlegEvent},
    parts::Parts,
    probers::{Repeats, Surroundings},
    status_manager::SandboxNews,
    stop::StopStage,
    sync::{Doing, Sync},
};
use crate::{
    action::{EventReason, EventType},
    event::{ContainerExit, EventError, HookKind, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, ProbeKind},
    state::{Instance, InstanceId, InstanceState, LOST_EXIT_CODE, Sandbox, SandboxId, Termination, TerminationReason},
};

/// What a probe has found.
#[cfg(feature = "sim")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeAnswer {
    pub(crate) container: ContainerIndex,
    pub(crate) instance: InstanceId,
    pub(crate) kind: ProbeKind,
    pub(crate) outcome: ProbeOutcome,
    pub(crate) output: &'static str,
}

impl Pod {
    pub(super) fn on_runtime_event(&mut self, event: RuntimeEvent, step: &mut Step<'_>) -> Result<(), EventError> {
        match event {
            RuntimeEvent::SandboxCreated { sandbox, has_ip } => {
                self.expect(None, "a created sandbox", |doing| doing == Doing::RunningSandbox(sandbox))?;
                self.add_sandbox(sandbox, has_ip, step);
            }
            RuntimeEvent::SandboxFailed { sandbox, message } => {
                self.expect(None, "a failed sandbox", |doing| doing == Doing::RunningSandbox(sandbox))?;
                self.fail_sandbox(&message, step);
            }
            RuntimeEvent::SandboxDied { sandbox } => self.kill_sandbox(sandbox, step)?,
            RuntimeEvent::ImageInspected { container, result } => {
                self.expect(Some(container), "an inspected image", |doing| doing == Doing::Inspecting(container))?;
                self.with_sync(|sync, parts| sync.on_image_inspected(container, result, parts, step));
            }
            RuntimeEvent::ImagePulled { container, result } => {
                let is_asked = |doing| matches!(doing, Doing::Pulling(pulling, _) if pulling == container);
                self.expect(Some(container), "a pulled image", is_asked)?;
                self.with_sync(|sync, parts| sync.on_image_pulled(container, result, parts, step));
            }
            RuntimeEvent::ContainerCreated { container, instance, result } => {
                let is_asked = |doing| doing == Doing::Creating(container, instance);
                self.expect(Some(container), "a created container", is_asked)?;
                self.with_sync(|sync, parts| sync.on_created(container, instance, result, parts, step));
            }
            RuntimeEvent::ContainerStarted { container, instance, started_at, result } => {
                let is_asked = |doing| doing == Doing::Starting(container, instance);
                self.expect(Some(container), "a started container", is_asked)?;
                let at = started_at.unwrap_or(step.now);
                self.with_sync(|sync, parts| sync.on_started(container, instance, at, result, parts, step));
            }
            RuntimeEvent::ContainerExited { container, instance, exit } => {
                self.end_instance(container, instance, exit, step)?;
            }
            RuntimeEvent::ContainerStopped { container, instance } => {
                self.on_stop_returned(container, instance, step)?;
            }
            RuntimeEvent::HookFinished { container, instance, hook, result } => {
                self.on_hook_finished(container, instance, hook, result, step)?;
            }
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output } => {
                self.on_probe_finished(container, instance, kind, outcome, &output, step)?;
            }
            RuntimeEvent::Relisted(runtime) => self.on_relisted(runtime, step)?,
        }
        self.settle(step);
        Ok(())
    }

    /// What [`RuntimeEvent::ProbeFinished`] says, for those who have it at hand.
    #[cfg(feature = "sim")]
    pub(crate) fn take_probe_answer(&mut self, answer: ProbeAnswer, step: &mut Step<'_>) -> Result<(), EventError> {
        let ProbeAnswer { container, instance, kind, outcome, output } = answer;
        self.on_probe_finished(container, instance, kind, outcome, output, step)?;
        self.settle(step);
        Ok(())
    }

    /// Works on the sync under way, if there is one.
    pub(super) fn with_sync(&mut self, work: impl FnOnce(&mut Sync, &mut Parts)) {
        if let Some(sync) = &mut self.worker.sync {
            work(sync, &mut self.parts);
        }
    }

    /// Refuses an answer that nobody asked for.
    fn expect(
        &self,
        container: Option<ContainerIndex>,
        what: &'static str,
        is_asked: impl FnOnce(Doing) -> bool,
    ) -> Result<(), EventError> {
        let name = container.map(|container| self.known(container).map(|it| Box::from(it.name()))).transpose()?;
        match &self.worker.sync {
            Some(sync) if is_asked(sync.doing) => Ok(()),
            Some(_) | None => Err(EventError::Unasked { what, container: name }),
        }
    }

    pub(super) fn known(&self, container: ContainerIndex) -> Result<&ContainerSpec, EventError> {
        self.parts.spec.container(container).ok_or(EventError::NoSuchContainer { container })
    }

    fn add_sandbox(&mut self, sandbox: SandboxId, has_ip: Option<bool>, step: &mut Step<'_>) {
        let parts = &mut self.parts;
        let uses_host_network = parts.spec.uses_host_network();
        let made = Sandbox { id: sandbox, attempt: sandbox.0, is_ready: true, uses_host_network, has_ip };
        // A relist may have shown it before.
        if parts.runtime.actual().sandboxes.iter().all(|known| known.id != sandbox) {
            let sandboxes = &mut parts.runtime.change(step.now).sandboxes;
            // There is seldom another.
            sandboxes.reserve_exact(1);
            sandboxes.insert(0, made);
            parts.notice(PlegEvent::Started);
        }
        parts.status.sandbox_news = SandboxNews::Ready;
        self.with_sync(|sync, _| sync.doing = Doing::Nothing);
    }

    fn fail_sandbox(&mut self, message: &str, step: &mut Step<'_>) {
        let told = || format!("Failed to create pod sandbox: {message}");
        step.record(EventType::Warning, EventReason::FailedCreatePodSandBox, None, told);
        self.with_sync(|sync, _| {
            sync.has_failed = true;
            sync.todo.clear();
            sync.doing = Doing::Nothing;
        });
    }

    /// A sandbox is dead, by itself or because it was told to stop; to stop a dead one again is a success.
    fn kill_sandbox(&mut self, sandbox: SandboxId, step: &mut Step<'_>) -> Result<(), EventError> {
        let sandboxes = &self.parts.runtime.actual().sandboxes;
        if sandboxes.iter().all(|known| known.attempt < sandbox.0) {
            return Err(EventError::UnknownSandbox { sandbox });
        }
        if sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
            let runtime = self.parts.runtime.change(step.now);
            runtime.sandboxes.iter_mut().filter(|known| known.id == sandbox).for_each(|known| known.is_ready = false);
            let in_it = |instance: &&Instance| instance.sandbox == sandbox && instance.is_running();
            let killed = runtime.instances.iter().rev().filter(in_it);
            let killed: Vec<_> = killed.filter_map(|it| Some((it.container?, it.id))).collect();
            for (container, instance) in killed {
                self.end_instance(container, instance, ContainerExit::with_code(LOST_EXIT_CODE), step)?;
            }
            self.parts.notice(PlegEvent::Died(None));
        }
        self.with_sync(|sync, _| {
            if sync.doing == Doing::StoppingSandbox(sandbox) {
                sync.doing = Doing::Nothing;
            }
        });
        Ok(())
    }

    /// An instance has ended.
    fn end_instance(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        exit: ContainerExit,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let name: Box<str> = self.known(container)?.name().into();
        let known = self.parts.runtime.actual().instances_of(container).find(|known| known.id == instance);
        let Some(known) = known else {
            return Err(EventError::UnknownInstance { container: name, instance });
        };
        let known_start = match &known.state {
            InstanceState::Running { started_at } => *started_at,
            InstanceState::Created | InstanceState::Unknown => None,
            InstanceState::Exited(_) => {
                return Err(EventError::IllegalContainerMove { container: name, from: "exited", to: "exited" });
            }
        };
        let ContainerExit { code, reason, message, signal, started_at, finished_at } = exit;
        let is_unsaid = reason == TerminationReason::Other("".into());
        let end = Termination {
            exit_code: code,
            reason: if is_unsaid { TerminationReason::of_exit(code) } else { reason },
            message,
            signal,
            started_at: started_at.or(known_start),
            finished_at: Some(finished_at.unwrap_or(step.now)),
            instance: Some(instance),
        };
        if let Some(ended) = self.parts.runtime.change(step.now).instance_mut(container, instance) {
            ended.state = InstanceState::Exited(Arc::new(end));
        }
        self.parts.notice(PlegEvent::Died(Some(container)));
        Ok(())
    }

    fn on_stop_returned(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let name: Box<str> = self.known(container)?.name().into();
        let stop = self.worker.sync.as_mut().and_then(|sync| {
            let mut stops = sync.stops.iter_mut();
            stops.find(|stop| stop.container == container && stop.instance == instance && stop.stage == StopStage::Told)
        });
        let Some(stop) = stop else {
            return Err(EventError::Unasked { what: "a stopped container", container: Some(name) });
        };
        stop.stage = StopStage::Gone;
        self.with_sync(|sync, _| sync.go_on_stopping(step));
        Ok(())
    }

    fn on_hook_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        result: Result<(), Box<str>>,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let spec = self.known(container)?;
        match hook {
            HookKind::PostStart => {
                let runs = matches!(spec.post_start(), Some(LifecycleHook::Run(_)));
                let is_asked = |doing| runs && doing == Doing::PostStart(container, instance, None);
                self.expect(Some(container), "a finished postStart hook", is_asked)?;
                self.with_sync(|sync, parts| sync.on_post_start_finished(container, instance, result, parts, step));
            }
            HookKind::PreStop => {
                if !self.parts.containers.runs_pre_stop(container, instance) {
                    let container = Some(spec.name().into());
                    return Err(EventError::Unasked { what: "a finished preStop hook", container });
                }
                self.parts.containers.end_pre_stop(container, instance);
                if result.is_err() {
                    let message = || "PreStopHook failed".into();
                    step.record(EventType::Warning, EventReason::FailedPreStopHook, Some(container), message);
                }
                self.with_sync(|sync, _| sync.on_pre_stop_finished(container, instance, step));
            }
        }
        Ok(())
    }

    fn on_probe_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        output: &str,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let name = self.known(container)?.name();
        if !self.parts.probers.is_asking(container, instance, kind) {
            return Err(EventError::Unasked { what: "an answered probe", container: Some(name.into()) });
        }
        let kubelet = self.parts.kubelet_start();
        let Parts { probers, spec, status, inbox, runtime, .. } = &mut *self.parts;
        let repeats = if runtime.notices_at_once() { Repeats::Once } else { Repeats::Always };
        let around = Surroundings { spec, status: status.computed(), is_restarting_all: false, kubelet, repeats };
        for verdict in probers.take_answer(container, kind, outcome, output, around, step).into_iter().flatten() {
            inbox.post(Message::Verdict(verdict));
        }
        Ok(())
    }
}
