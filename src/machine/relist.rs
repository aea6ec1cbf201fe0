//! The whole runtime status at once: what differs from what was known has happened.

use alloc::{boxed::Box, vec::Vec};

use super::{
    Pod, Step,
    pass::{Doing, Pass},
    stop::StopStage,
};
use crate::{
    event::EventError,
    spec::ContainerIndex,
    state::{Instance, InstanceState, RuntimeStatus},
};

impl Pod {
    /// Takes over what a relist found; whatever the pass was waiting for and the relist shows has come.
    pub(super) fn on_relisted(&mut self, runtime: RuntimeStatus, step: &mut Step<'_>) -> Result<(), EventError> {
        self.check_relist(&runtime)?;
        if runtime == self.runtime {
            return Ok(());
        }
        for instance in &runtime.instances {
            let slot = instance.container.and_then(|container| self.record.slots.get_mut(container.get()));
            if let Some(slot) = slot {
                slot.created = slot.created.max(instance.id.ordinal().saturating_add(1));
            }
        }
        let before = core::mem::replace(&mut self.runtime, runtime);
        self.request_pass_by_runtime(step.now);
        for container in self.newly_dead(&before) {
            self.remove_older_dead(container, step);
        }
        self.with_pass(step, |pod, pass, step| pod.answer_by_relist(pass, step));
        Ok(())
    }

    /// The containers of which an instance has ended since.
    fn newly_dead(&self, before: &RuntimeStatus) -> Vec<ContainerIndex> {
        let was_dead = |ended: &Instance| {
            let mut known = before.instances.iter().filter(|known| known.termination().is_some());
            known.any(|known| (known.container, known.id) == (ended.container, ended.id))
        };
        let dead = self.runtime.instances.iter().filter(|instance| instance.termination().is_some());
        dead.filter(|ended| !was_dead(ended)).filter_map(|ended| ended.container).collect()
    }

    fn check_relist(&self, runtime: &RuntimeStatus) -> Result<(), EventError> {
        for (place, sandbox) in runtime.sandboxes.iter().enumerate() {
            if runtime.sandboxes.iter().take(place).any(|other| other.id == sandbox.id) {
                return Err(EventError::UnknownSandbox { sandbox: sandbox.id });
            }
        }
        for (place, instance) in runtime.instances.iter().enumerate() {
            let Some(container) = instance.container else { continue };
            if self.spec.container(container).is_none() {
                return Err(EventError::NoSuchContainer { container });
            }
            if runtime.sandboxes.iter().all(|sandbox| sandbox.id != instance.sandbox) {
                return Err(EventError::UnknownSandbox { sandbox: instance.sandbox });
            }
            let is_twin = |other: &Instance| other.container == Some(container) && other.id == instance.id;
            if runtime.instances.iter().take(place).any(is_twin) {
                let name: Box<str> = self.spec.container_name(container).into();
                return Err(EventError::IllegalContainerMove { container: name, from: "listed", to: "listed again" });
            }
        }
        Ok(())
    }

    fn answer_by_relist(&mut self, pass: &mut Pass, step: &mut Step<'_>) {
        let state_of = |container, instance| {
            let mut instances = self.runtime.instances_of(container);
            instances.find(|known| known.id == instance).map(|known| known.state.clone())
        };
        match pass.doing {
            Doing::RunningSandbox(sandbox) => {
                if self.runtime.sandboxes.first().is_some_and(|newest| newest.id == sandbox && newest.is_ready) {
                    self.record.node.sandbox_ready_due = true;
                    pass.doing = Doing::Nothing;
                }
            }
            Doing::StoppingSandbox(sandbox) => {
                if !self.runtime.sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                    pass.doing = Doing::Nothing;
                }
            }
            Doing::Creating(container, instance) | Doing::Starting(container, instance) => {
                match state_of(container, instance) {
                    Some(InstanceState::Running { .. } | InstanceState::Exited(_)) => {
                        self.on_running(container, instance, pass, step);
                    }
                    Some(InstanceState::Created | InstanceState::Unknown) | None => {}
                }
            }
            Doing::Stopping | Doing::StoppingFailed(_) => {
                for stop in pass.stops.iter_mut().filter(|stop| stop.stage == StopStage::Told) {
                    let state = state_of(stop.container, stop.instance);
                    if matches!(state, None | Some(InstanceState::Exited(_))) {
                        stop.stage = StopStage::Gone;
                    }
                }
                self.go_on_stopping(pass, step);
            }
            Doing::Nothing | Doing::Inspecting(_) | Doing::Pulling(..) | Doing::PostStart(..) => {}
        }
    }
}
