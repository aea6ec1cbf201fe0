//! Runtime state of a Pod that ran before this process started, as its status describes it.

use std::sync::Arc;

use pod_lifecycle::{
    api::{ConditionStatus, Name, PodManifest, PodPhase},
    spec::{ContainerIndex, PodSpec},
    state::{
        ConditionType, ContainerIds, ContainerRecord, Instance, InstanceId, InstanceState, RecordedState,
        RuntimeStatus, Sandbox, SandboxId, Termination, TerminationReason, observed_records,
    },
};

/// Sandbox of a recovered Pod. No status contains how many sandboxes the Pod had before.
const SANDBOX: SandboxId = SandboxId(0);

/// Returns the state that a relist of the runtime would show.
pub(super) fn recover(pod: &PodManifest, spec: &PodSpec, ids: &mut ContainerIds) -> RuntimeStatus {
    let mut runtime = RuntimeStatus::default();
    let records = observed_records(spec, pod.status.every_container(), ids);
    for ((index, container), record) in spec.containers().zip(&records) {
        let Some(record) = record else { continue };
        let status = pod.status.every_container().find(|status| *status.name == *container.name());
        let spec_changed = status.is_some_and(|status| status.image != container.image());
        runtime.instances.extend(instances(index, record, spec_changed));
    }
    let runs = |instance: &Instance| matches!(instance.state, InstanceState::Running { started_at: Some(_) });
    let is_ready = runtime.instances.iter().any(runs) || has_sandbox(pod) && !has_ended(pod);
    if is_ready || !runtime.instances.is_empty() {
        runtime.sandboxes.push(Sandbox {
            id: SANDBOX,
            attempt: 0,
            is_ready,
            uses_host_network: spec.uses_host_network(),
            has_ip: Some(true),
        });
    }
    runtime
}

/// Returns the newest instance of a container and the one before.
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
    // A waiting container still has the restart count of its last run.
    let former_count = if newest.is_some() { count.saturating_sub(1) } else { count };
    let former = ended(end).map(|(id, state)| instance(id, former_count, state));
    newest.into_iter().chain(former).collect()
}

/// Returns an exited instance that the runtime still has: not one that was removed to restart all containers.
fn ended(end: &Arc<Termination>) -> Option<(InstanceId, InstanceState)> {
    let id = end.instance.filter(|_| end.reason != TerminationReason::RestartingAllContainers)?;
    Some((id, InstanceState::Exited(end.clone())))
}

/// True if the status reports a ready sandbox.
fn has_sandbox(pod: &PodManifest) -> bool {
    let ready = pod.status.condition(ConditionType::PodReadyToStartContainers.name());
    ready.is_some_and(|condition| condition.status.known() == Some(ConditionStatus::True))
}

fn has_ended(pod: &PodManifest) -> bool {
    pod.status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
