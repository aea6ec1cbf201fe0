//! The whole runtime status at once: what differs from what was known has happened.

use alloc::boxed::Box;

use super::{
    PodMachine, Step,
    components::Kubelet,
    kill_container::StopStage,
    status_manager::SandboxNews,
    sync::{PendingCall, Sync},
    sync_loop_queue::PlegEvent,
};
use crate::{
    event::EventError,
    spec::PodSpec,
    state::{Instance, RuntimeStatus},
};

impl PodMachine {
    /// Takes over what a relist found; whatever the sync was waiting for and the relist shows has come.
    pub(super) fn on_relisted(&mut self, runtime: RuntimeStatus, step: &mut Step<'_>) {
        let parts = &mut self.parts;
        if runtime == *parts.runtime.actual() {
            return;
        }
        for instance in &runtime.instances {
            if let Some(container) = instance.container {
                parts.containers.note_instance(container, instance.id);
            }
        }
        let before = core::mem::replace(parts.runtime.change(step.now), runtime);
        parts.notice(PlegEvent::Started);
        parts.notice_deaths_since(&before);
        self.with_sync(|sync, parts| sync.answer_by_relist(parts, step));
    }
}

/// Whether a runtime can have this of a Pod.
pub(super) fn check_listing(spec: &PodSpec, runtime: &RuntimeStatus) -> Result<(), EventError> {
    for (place, sandbox) in runtime.sandboxes.iter().enumerate() {
        if runtime.sandboxes.iter().take(place).any(|other| other.id == sandbox.id) {
            return Err(EventError::ListedTwice { container: None });
        }
    }
    for (place, instance) in runtime.instances.iter().enumerate() {
        let Some(container) = instance.container else { continue };
        let name = spec.container(container).ok_or(EventError::NoSuchContainer { container })?.name();
        if runtime.sandboxes.iter().all(|sandbox| sandbox.id != instance.sandbox) {
            return Err(EventError::UnknownSandbox { sandbox: instance.sandbox });
        }
        let is_twin = |other: &Instance| other.container == Some(container) && other.id == instance.id;
        if runtime.instances.iter().take(place).any(is_twin) {
            return Err(EventError::ListedTwice { container: Some(Box::from(name)) });
        }
    }
    Ok(())
}

impl Kubelet {
    /// Instances that have ended since are noticed as dead.
    fn notice_deaths_since(&mut self, before: &RuntimeStatus) {
        let was_dead = |ended: &Instance| {
            let mut known = before.instances.iter().filter(|known| known.termination().is_some());
            known.any(|known| (known.container, known.id) == (ended.container, ended.id))
        };
        let dead = self.runtime.actual().instances.iter().filter(|instance| instance.termination().is_some());
        let died: alloc::vec::Vec<_> =
            dead.filter(|ended| !was_dead(ended)).filter_map(|ended| ended.container).collect();
        for container in died {
            self.notice(PlegEvent::Died(Some(container)));
        }
    }
}

impl Sync {
    fn answer_by_relist(&mut self, parts: &mut Kubelet, step: &mut Step<'_>) {
        let runtime = parts.runtime.actual();
        match self.doing {
            PendingCall::RunningSandbox(sandbox) => {
                if runtime.sandboxes.first().is_some_and(|newest| newest.id == sandbox && newest.is_ready) {
                    parts.status.sandbox_news = SandboxNews::Ready;
                    self.doing = PendingCall::Nothing;
                }
            }
            PendingCall::StoppingSandbox(sandbox) => {
                if !runtime.sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                    self.doing = PendingCall::Nothing;
                }
            }
            PendingCall::Creating(container, instance) | PendingCall::Starting(container, instance) => {
                let has_run = |known: &Instance| known.is_running() || known.termination().is_some();
                let has_come = runtime.instances_of(container).any(|it| it.id == instance && has_run(it));
                if has_come {
                    self.on_running(container, instance, parts, step);
                }
            }
            PendingCall::Stopping | PendingCall::StoppingFailed(_) => {
                for stop in self.stops.iter_mut().filter(|stop| stop.stage == StopStage::Told) {
                    let mut known = runtime.instances_of(stop.container);
                    let lives = known.any(|known| known.id == stop.instance && known.termination().is_none());
                    if !lives {
                        stop.stage = StopStage::Gone;
                    }
                }
                self.go_on_stopping(step);
            }
            PendingCall::Nothing
            | PendingCall::Inspecting(_)
            | PendingCall::Pulling(..)
            | PendingCall::PostStart(..) => {}
        }
    }
}
