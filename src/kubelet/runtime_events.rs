//! What the runtime says, once it has been checked.

use alloc::{boxed::Box, format, sync::Arc, vec::Vec};

use super::{
    PodMachine, Step,
    components::Kubelet,
    kill_container::StopStage,
    prober_manager::{ProbeContext, Repeats},
    status_manager::SandboxNews,
    sync::{PendingCall, Sync},
    sync_loop_queue::{Message, PlegEvent},
};
use crate::{
    action::{EventReason, EventType},
    event::{ContainerExit, HookKind, RuntimeEvent},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
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

impl PodMachine {
    /// Takes in what has been checked.
    pub(super) fn on_runtime_event(&mut self, event: RuntimeEvent, step: &mut Step<'_>) {
        match event {
            RuntimeEvent::SandboxCreated { sandbox, has_ip } => self.add_sandbox(sandbox, has_ip, step),
            RuntimeEvent::SandboxFailed { message, .. } => self.fail_sandbox(&message, step),
            RuntimeEvent::SandboxDied { sandbox } => self.kill_sandbox(sandbox, step),
            RuntimeEvent::ImageInspected { container, result } => {
                self.with_sync(|sync, parts| sync.on_image_inspected(container, result, parts, step));
            }
            RuntimeEvent::ImagePulled { container, result } => {
                self.with_sync(|sync, parts| sync.on_image_pulled(container, result, parts, step));
            }
            RuntimeEvent::ContainerCreated { container, instance, result } => {
                self.with_sync(|sync, parts| sync.on_created(container, instance, result, parts, step));
            }
            RuntimeEvent::ContainerStarted { container, instance, started_at, result } => {
                let at = started_at.unwrap_or(step.now);
                self.with_sync(|sync, parts| sync.on_started(container, instance, at, result, parts, step));
            }
            RuntimeEvent::ContainerExited { container, instance, exit } => {
                self.end_instance(container, instance, exit, step);
            }
            RuntimeEvent::ContainerStopped { container, instance } => {
                self.on_stop_returned(container, instance, step);
            }
            RuntimeEvent::HookFinished { container, instance, hook, result } => {
                self.on_hook_finished(container, instance, hook, result, step);
            }
            RuntimeEvent::ProbeFinished { container, kind, outcome, output, .. } => {
                return self.on_probe_finished(container, kind, outcome, &output, step);
            }
            RuntimeEvent::Relisted(runtime) => self.on_relisted(runtime, step),
        }
        self.settle(step);
    }

    /// What [`RuntimeEvent::ProbeFinished`] says, for those who have it at hand.
    #[cfg(feature = "sim")]
    pub(crate) fn take_probe_answer(
        &mut self,
        answer: ProbeAnswer,
        step: &mut Step<'_>,
    ) -> Result<(), crate::event::EventError> {
        let ProbeAnswer { container, instance, kind, outcome, output } = answer;
        self.check_probe(container, instance, kind)?;
        self.on_probe_finished(container, kind, outcome, output, step);
        Ok(())
    }

    /// Works on the sync under way, if there is one.
    pub(super) fn with_sync(&mut self, work: impl FnOnce(&mut Sync, &mut Kubelet)) {
        if let Some(sync) = &mut self.worker.sync {
            work(sync, &mut self.parts);
        }
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
        self.with_sync(|sync, _| sync.doing = PendingCall::Nothing);
    }

    fn fail_sandbox(&mut self, message: &str, step: &mut Step<'_>) {
        let told = || format!("Failed to create pod sandbox: {message}");
        step.record(EventType::Warning, EventReason::FailedCreatePodSandBox, None, told);
        self.with_sync(|sync, _| {
            sync.has_failed = true;
            sync.todo.clear();
            sync.doing = PendingCall::Nothing;
        });
    }

    /// A sandbox is dead, by itself or because it was told to stop; to stop a dead one again is a success.
    fn kill_sandbox(&mut self, sandbox: SandboxId, step: &mut Step<'_>) {
        let sandboxes = &self.parts.runtime.actual().sandboxes;
        if sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
            let runtime = self.parts.runtime.change(step.now);
            runtime.sandboxes.iter_mut().filter(|known| known.id == sandbox).for_each(|known| known.is_ready = false);
            let in_it = |instance: &&Instance| instance.sandbox == sandbox && instance.is_running();
            let killed = runtime.instances.iter().rev().filter(in_it);
            let killed: Vec<_> = killed.filter_map(|it| Some((it.container?, it.id))).collect();
            for (container, instance) in killed {
                self.end_instance(container, instance, ContainerExit::with_code(LOST_EXIT_CODE), step);
            }
            self.parts.notice(PlegEvent::Died(None));
        }
        self.with_sync(|sync, _| {
            if sync.doing == PendingCall::StoppingSandbox(sandbox) {
                sync.doing = PendingCall::Nothing;
            }
        });
    }

    /// An instance has ended.
    fn end_instance(&mut self, container: ContainerIndex, instance: InstanceId, exit: ContainerExit, step: &Step<'_>) {
        let ContainerExit { code, reason, message, signal, started_at, finished_at } = exit;
        let is_unsaid = reason == TerminationReason::Other("".into());
        if let Some(ended) = self.parts.runtime.change(step.now).instance_mut(container, instance) {
            let known_start = if let InstanceState::Running { started_at } = ended.state { started_at } else { None };
            ended.state = InstanceState::Exited(Arc::new(Termination {
                exit_code: code,
                reason: if is_unsaid { TerminationReason::of_exit(code) } else { reason },
                message,
                signal,
                started_at: started_at.or(known_start),
                finished_at: Some(finished_at.unwrap_or(step.now)),
                instance: Some(instance),
            }));
        }
        self.parts.notice(PlegEvent::Died(Some(container)));
    }

    fn on_stop_returned(&mut self, container: ContainerIndex, instance: InstanceId, step: &mut Step<'_>) {
        self.with_sync(|sync, _| {
            let mut stops = sync.stops.iter_mut();
            let told = stops
                .find(|stop| stop.container == container && stop.instance == instance && stop.stage == StopStage::Told);
            if let Some(stop) = told {
                stop.stage = StopStage::Gone;
            }
            sync.go_on_stopping(step);
        });
    }

    fn on_hook_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        result: Result<(), Box<str>>,
        step: &mut Step<'_>,
    ) {
        match hook {
            HookKind::PostStart => {
                self.with_sync(|sync, parts| sync.on_post_start_finished(container, instance, result, parts, step));
            }
            HookKind::PreStop => {
                self.parts.containers.end_pre_stop(container, instance);
                if result.is_err() {
                    let message = || "PreStopHook failed".into();
                    step.record(EventType::Warning, EventReason::FailedPreStopHook, Some(container), message);
                }
                self.with_sync(|sync, _| sync.on_pre_stop_finished(container, instance, step));
            }
        }
    }

    fn on_probe_finished(
        &mut self,
        container: ContainerIndex,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        output: &str,
        step: &mut Step<'_>,
    ) {
        let kubelet = self.parts.kubelet_start();
        let Kubelet { probers, spec, status, inbox, runtime, .. } = &mut *self.parts;
        let repeats = if runtime.notices_at_once() { Repeats::Once } else { Repeats::Always };
        let around = ProbeContext { spec, status: status.computed(), is_restarting_all: false, kubelet, repeats };
        for verdict in probers.take_answer(container, kind, outcome, output, around, step).into_iter().flatten() {
            inbox.post(Message::ProbeUpdate(verdict));
        }
        self.settle_after_answer(container, kind, step);
    }
}
