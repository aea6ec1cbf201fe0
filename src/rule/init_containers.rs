//! How far has the Pod been initialized, and which init container or sidecar is next?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>. Answers to `computeInitContainerActions` in
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go`.

use super::{
    pod_actions::{Kill, KillReason, PodActions, SyncInputs},
    probe::ProbeResult,
    restart,
};
use crate::{
    api::RestartPolicy,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{Instance, InstanceState, TerminationReason},
};

/// Plans the init containers and sidecars; says whether the regular ones may run.
pub(super) fn compute_init_container_actions(inputs: &SyncInputs<'_>, actions: &mut PodActions) -> bool {
    if !inputs.spec.has_init_containers() {
        return true;
    }
    let mut walk = InitWalk { inputs, has_initialized: any_regular_lives(inputs), is_past: false };
    walk.is_past = walk.has_initialized;
    for (index, container) in inputs.spec.init_containers().rev() {
        let newest = inputs.runtime.newest(index);
        let is_sidecar = container.kind() == ContainerKind::Sidecar;
        match newest {
            None if walk.is_past && is_sidecar => actions.start_init.push(index),
            None => {}
            Some(_) if walk.is_past && !is_sidecar => {}
            Some(newest) => {
                if walk.visit(index, container, newest, actions) == Visit::PodIsLost {
                    actions.kill_pod = true;
                    actions.start_init.clear();
                    return false;
                }
                walk.is_past = true;
            }
        }
    }
    if !walk.is_past {
        actions.start_init.push(ContainerIndex::FIRST);
    }
    // The walk went backwards; the starts go forwards.
    actions.start_init.reverse();
    walk.has_initialized
}

/// Whether a regular container is created or running. Exited ones do not count: they may be of an old sandbox.
fn any_regular_lives(inputs: &SyncInputs<'_>) -> bool {
    let mut newest = inputs.spec.regular_containers().filter_map(|(index, _)| inputs.runtime.newest(index));
    newest.any(|instance| matches!(instance.state, InstanceState::Created | InstanceState::Running { .. }))
}

/// The walk from the last init container to the first, in search of the newest that has an instance.
struct InitWalk<'a> {
    inputs: &'a SyncInputs<'a>,
    has_initialized: bool,
    /// Whether a later container has run: this one has had its turn.
    is_past: bool,
}

#[derive(PartialEq, Eq)]
enum Visit {
    GoOn,
    PodIsLost,
}

impl InitWalk<'_> {
    fn visit(
        &mut self,
        index: ContainerIndex,
        container: &ContainerSpec,
        newest: &Instance,
        actions: &mut PodActions,
    ) -> Visit {
        let is_sidecar = container.kind() == ContainerKind::Sidecar;
        match &newest.state {
            InstanceState::Created => actions.start_init.push(index),
            InstanceState::Running { .. } if is_sidecar => {
                self.visit_running_sidecar(index, container, newest, actions)
            }
            InstanceState::Running { .. } => {}
            InstanceState::Exited(_) if is_sidecar => actions.start_init.push(index),
            InstanceState::Exited(end) => {
                let has_failed = end.exit_code != 0 || end.reason == TerminationReason::OomKilled;
                if !has_failed {
                    self.advance_from(index, actions);
                } else if restart::should_restart(container, Some(newest), self.inputs.is_deleting) {
                    actions.start_init.push(index);
                } else {
                    return Visit::PodIsLost;
                }
            }
            InstanceState::Unknown => {
                if !is_sidecar && container.restart().policy() == RestartPolicy::Never {
                    return Visit::PodIsLost;
                }
                replace(index, newest, KillReason::Unknown, actions);
            }
        }
        Visit::GoOn
    }

    fn visit_running_sidecar(
        &mut self,
        index: ContainerIndex,
        container: &ContainerSpec,
        newest: &Instance,
        actions: &mut PodActions,
    ) {
        let facts = self.inputs.probes.get(index.get()).copied().unwrap_or_default();
        if container.probe(ProbeKind::Startup).is_some() && facts.startup != Some(ProbeResult::Success) {
            if facts.startup == Some(ProbeResult::Failure) {
                replace(index, newest, KillReason::StartupProbe, actions);
            }
            return;
        }
        self.advance_from(index, actions);
        if newest.spec_changed {
            replace(index, newest, KillReason::DefinitionChanged, actions);
        } else if container.probe(ProbeKind::Liveness).is_some() && facts.liveness == Some(ProbeResult::Failure) {
            replace(index, newest, KillReason::LivenessProbe, actions);
        }
    }

    /// The container has done its part: the next one is due, or the Pod has initialized.
    fn advance_from(&mut self, index: ContainerIndex, actions: &mut PodActions) {
        let next = ContainerIndex::nth(index.place().saturating_add(1));
        if next.place() == self.inputs.spec.regular_from {
            self.has_initialized = true;
        } else if !self.is_past {
            actions.start_init.push(next);
        }
    }
}

fn replace(index: ContainerIndex, newest: &Instance, reason: KillReason, actions: &mut PodActions) {
    actions.kill.push(Kill { container: index, instance: newest.id, reason, will_restart: true });
    actions.start_init.push(index);
}
