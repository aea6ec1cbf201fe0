//! The world of a Pod that lives already, as its status speaks of it: the node was started anew.

use std::sync::Arc;

use pod_lifecycle::{
    Timestamp,
    api::{ConditionStatus, Name, PodManifest, PodPhase},
    sim::Run,
    spec::{ContainerIndex, PodSpec},
    state::{
        ConditionType, ContainerIds, ContainerRecord, Instance, InstanceId, InstanceState, RecordedState,
        RuntimeStatus, Sandbox, SandboxId, Termination, TerminationReason, observed_records,
    },
};

use super::{FakeRuntime, Process, SimEvent};
use crate::node::behaviour::Behaviour;

/// The sandbox of a Pod that is taken up; how many it has had before, nobody remembers.
const SANDBOX: SandboxId = SandboxId(0);

impl FakeRuntime {
    /// The world that the status of a Pod speaks of, and the runtime as a relist would show it.
    pub(in crate::node) fn take_up(
        pod: &PodManifest,
        spec: &PodSpec,
        behaviour: Arc<Behaviour>,
        ids: &mut ContainerIds,
        (start, now): (Timestamp, Timestamp),
    ) -> (FakeRuntime, RuntimeStatus) {
        let mut world = FakeRuntime::new(behaviour, spec.uid(), start);
        world.agenda.forget_sandbox_deaths(now);
        let mut runtime = RuntimeStatus::default();
        let records = observed_records(spec, pod.status.every_container(), ids);
        for ((index, container), record) in spec.containers().zip(&records) {
            let Some(record) = record else { continue };
            let image = pod.status.every_container().find(|status| *status.name == *container.name());
            let spec_changed = image.is_some_and(|status| status.image != container.image());
            for instance in instances(index, record, spec_changed) {
                world.find(index, &instance, spec);
                runtime.instances.push(instance);
            }
        }
        let is_alive = !world.is_quiet() || has_sandbox(pod) && !has_ended(pod);
        if is_alive || !runtime.instances.is_empty() {
            world.sandbox = Some((SANDBOX, is_alive));
            runtime.sandboxes.push(Sandbox {
                id: SANDBOX,
                attempt: 0,
                is_ready: is_alive,
                uses_host_network: spec.uses_host_network(),
                has_ip: Some(true),
            });
        }
        (world, runtime)
    }

    /// An instance of which the status speaks.
    fn find(&mut self, index: ContainerIndex, instance: &Instance, spec: &PodSpec) {
        if self.processes.get(index.get()).is_some_and(Option::is_some) {
            return;
        }
        let mut process = self.drawn(index, Process::created(instance.id, instance.restart_count.unsigned_abs()), spec);
        if let InstanceState::Running { started_at: Some(started_at) } = instance.state {
            process.is_alive = true;
            process.started_at = Some(started_at);
            let script = spec.container(index).map(|container| self.behaviour.script(container));
            let run: Option<&Run> = script.and_then(|script| process.run(script));
            if let Some(after) = run.and_then(|run| run.exits_after) {
                self.agenda.plan(started_at + after, SimEvent::Exit(index, instance.id));
            }
        }
        self.put(index, process);
    }
}

/// The newest instance of a container, and the one before.
fn instances(index: ContainerIndex, record: &ContainerRecord, spec_changed: bool) -> Vec<Instance> {
    let instance = |id: InstanceId, restart_count: i32, state: InstanceState| Instance {
        id,
        container: Some(index),
        sandbox: SANDBOX,
        restart_count,
        spec_changed,
        state,
    };
    let count = record.restart_count;
    let newest = match (&record.state, record.instance) {
        (Some(RecordedState::Running { started_at }), Some(id)) => {
            Some(instance(id, count, InstanceState::Running { started_at: *started_at }))
        }
        (Some(RecordedState::Terminated(end)), _) => ended(end).map(|(id, state)| instance(id, count, state)),
        (Some(RecordedState::Running { .. } | RecordedState::Waiting(_)) | None, _) => None,
    };
    let Some(RecordedState::Terminated(end)) = &record.last_state else { return newest.into_iter().collect() };
    // What waits is counted as the run before it was.
    let before = if newest.is_some() { count.saturating_sub(1) } else { count };
    let former = ended(end).map(|(id, state)| instance(id, before, state));
    newest.into_iter().chain(former).collect()
}

/// An instance that has ended and is still there; one that was removed to start all containers afresh is not.
fn ended(end: &Arc<Termination>) -> Option<(InstanceId, InstanceState)> {
    let id = end.instance.filter(|_| end.reason != TerminationReason::RestartingAllContainers)?;
    Some((id, InstanceState::Exited(end.clone())))
}

/// Whether the status says that there is a sandbox that lives.
fn has_sandbox(pod: &PodManifest) -> bool {
    let ready = pod.status.condition(ConditionType::PodReadyToStartContainers.name());
    ready.is_some_and(|condition| condition.status.known() == Some(ConditionStatus::True))
}

fn has_ended(pod: &PodManifest) -> bool {
    pod.status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
