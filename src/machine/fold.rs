//! What the runtime says: checked against what is known, then taken in.

use alloc::{boxed::Box, sync::Arc};

use super::{
    Pod, Step,
    pass::{Doing, Pass},
    stop::StopStage,
};
use crate::{
    action::{EventReason, EventType},
    event::{ContainerExit, EventError, HookKind, RuntimeEvent},
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, ProbeKind},
    state::{InstanceId, InstanceState, Sandbox, SandboxId, Termination, TerminationReason},
};

use super::prober::ProberStage;

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
                self.with_pass(step, |pod, pass, step| pod.on_image_inspected(container, result, pass, step));
            }
            RuntimeEvent::ImagePulled { container, result } => {
                let is_asked = |doing| matches!(doing, Doing::Pulling(pulling, _) if pulling == container);
                self.expect(Some(container), "a pulled image", is_asked)?;
                self.with_pass(step, |pod, pass, step| {
                    if let Doing::Pulling(_, since) = pass.doing {
                        pod.on_image_pulled(container, since, result, pass, step);
                    }
                });
            }
            RuntimeEvent::ContainerCreated { container, instance, result } => {
                let is_asked = |doing| doing == Doing::Creating(container, instance);
                self.expect(Some(container), "a created container", is_asked)?;
                self.with_pass(step, |pod, pass, step| pod.on_created(container, instance, result, pass, step));
            }
            RuntimeEvent::ContainerStarted { container, instance, result } => {
                let is_asked = |doing| doing == Doing::Starting(container, instance);
                self.expect(Some(container), "a started container", is_asked)?;
                self.with_pass(step, |pod, pass, step| pod.on_started(container, instance, result, pass, step));
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
                let place = self.asking(container, instance, kind)?;
                self.on_probe_finished(place, outcome, &output, step);
            }
            RuntimeEvent::Relisted(runtime) => self.on_relisted(runtime, step)?,
        }
        self.settle(step);
        Ok(())
    }

    /// Works on the pass under way, if there is one.
    pub(super) fn with_pass(&mut self, step: &mut Step<'_>, work: impl FnOnce(&mut Pod, &mut Pass, &mut Step<'_>)) {
        if let Some(mut pass) = self.worker.pass.take() {
            work(self, &mut pass, step);
            self.worker.pass = Some(pass);
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
        match &self.worker.pass {
            Some(pass) if is_asked(pass.doing) => Ok(()),
            Some(_) | None => Err(EventError::Unasked { what, container: name }),
        }
    }

    fn known(&self, container: ContainerIndex) -> Result<&ContainerSpec, EventError> {
        self.spec.container(container).ok_or(EventError::NoSuchContainer { container })
    }

    fn add_sandbox(&mut self, sandbox: SandboxId, has_ip: Option<bool>, step: &mut Step<'_>) {
        let uses_host_network = self.spec.uses_host_network();
        let made = Sandbox { id: sandbox, attempt: sandbox.0, is_ready: true, uses_host_network, has_ip };
        self.runtime.sandboxes.insert(0, made);
        self.record.node.sandbox_ready_due = true;
        self.request_pass_by_runtime(step.now);
        self.with_pass(step, |_, pass, _| pass.doing = Doing::Nothing);
    }

    fn fail_sandbox(&mut self, message: &str, step: &mut Step<'_>) {
        let told = || alloc::format!("Failed to create pod sandbox: {message}");
        self.tell(step, EventType::Warning, EventReason::FailedCreatePodSandBox, None, told);
        self.with_pass(step, |_, pass, _| {
            pass.has_failed = true;
            pass.todo.clear();
            pass.doing = Doing::Nothing;
        });
    }

    fn kill_sandbox(&mut self, sandbox: SandboxId, step: &mut Step<'_>) -> Result<(), EventError> {
        let known = self.runtime.sandboxes.iter_mut().find(|known| known.id == sandbox && known.is_ready);
        known.ok_or(EventError::UnknownSandbox { sandbox })?.is_ready = false;
        let killed = |instance: &&crate::state::Instance| instance.sandbox == sandbox && instance.is_running();
        let killed = self.runtime.instances.iter().rev().filter(killed);
        let killed: alloc::vec::Vec<_> = killed.filter_map(|it| Some((it.container?, it.id))).collect();
        for (container, instance) in killed {
            self.end_instance(container, instance, ContainerExit::with_code(crate::state::LOST_EXIT_CODE), step)?;
        }
        self.request_pass_by_runtime(step.now);
        self.with_pass(step, |_, pass, _| {
            if pass.doing == Doing::StoppingSandbox(sandbox) {
                pass.doing = Doing::Nothing;
            }
        });
        Ok(())
    }

    /// An instance has ended; older dead instances of its container are removed.
    fn end_instance(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        exit: ContainerExit,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let name = || Box::from(self.spec.container_name(container));
        self.known(container)?;
        let Some(ended) = self.runtime.instance_mut(container, instance) else {
            return Err(EventError::UnknownInstance { container: name(), instance });
        };
        let started_at = match &ended.state {
            InstanceState::Running { started_at } => *started_at,
            InstanceState::Created | InstanceState::Unknown => None,
            InstanceState::Exited(_) => {
                let container = name();
                return Err(EventError::IllegalContainerMove { container, from: "exited", to: "exited" });
            }
        };
        let ContainerExit { code, reason, message } = exit;
        let finished_at = Some(step.now);
        let reason =
            if reason == TerminationReason::Other("".into()) { TerminationReason::of_exit(code) } else { reason };
        let instance = Some(instance);
        let end = Termination { exit_code: code, reason, message, started_at, finished_at, instance };
        ended.state = InstanceState::Exited(Arc::new(end));
        self.request_pass_by_runtime(step.now);
        self.remove_older_dead(container, step);
        Ok(())
    }

    /// Answers to `deleteContainersInPod`: the newest dead instance of a container is kept.
    pub(super) fn remove_older_dead(&mut self, container: ContainerIndex, step: &mut Step<'_>) {
        let dead = self.runtime.instances_of(container).filter(|instance| instance.termination().is_some());
        let older: alloc::vec::Vec<InstanceId> = dead.skip(1).map(|instance| instance.id).collect();
        for instance in older {
            self.remove_instance(container, instance, step);
        }
    }

    fn on_stop_returned(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        step: &mut Step<'_>,
    ) -> Result<(), EventError> {
        let name: Box<str> = self.known(container)?.name().into();
        let pass = self.worker.pass.as_mut();
        let stop = pass.and_then(|pass| {
            let mut stops = pass.stops.iter_mut();
            stops.find(|stop| stop.container == container && stop.instance == instance && stop.stage == StopStage::Told)
        });
        let Some(stop) = stop else {
            return Err(EventError::Unasked { what: "a stopped container", container: Some(name) });
        };
        stop.stage = StopStage::Gone;
        self.with_pass(step, |pod, pass, step| pod.go_on_stopping(pass, step));
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
        let name: Box<str> = spec.name().into();
        match hook {
            HookKind::PostStart => {
                let runs = matches!(spec.post_start(), Some(LifecycleHook::Run(_)));
                let is_asked = |doing| runs && doing == Doing::PostStart(container, instance, None);
                self.expect(Some(container), "a finished postStart hook", is_asked)?;
                self.with_pass(step, |pod, pass, step| {
                    pod.on_post_start_finished(container, instance, result, pass, step);
                });
            }
            HookKind::PreStop => {
                let slot = self.record.slots.get_mut(container.get());
                let Some(slot) = slot.filter(|slot| slot.pre_stop == Some(instance)) else {
                    return Err(EventError::Unasked { what: "a finished preStop hook", container: Some(name) });
                };
                slot.pre_stop = None;
                self.on_pre_stop_finished(container, instance, &result, step);
            }
        }
        Ok(())
    }

    fn asking(&self, container: ContainerIndex, instance: InstanceId, kind: ProbeKind) -> Result<usize, EventError> {
        self.known(container)?;
        let is_asking = |prober: &super::prober::Prober| {
            prober.container == container
                && prober.kind == kind
                && prober.worker.instance == Some(instance)
                && matches!(prober.stage, ProberStage::Asking(_))
        };
        let place = self.probers.iter().position(is_asking);
        let name = || Some(self.spec.container_name(container).into());
        place.ok_or_else(|| EventError::Unasked { what: "an answered probe", container: name() })
    }
}
