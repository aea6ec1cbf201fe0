//! Init containers and sidecars: which one starts next, and which one holds back the rest
//! (`computeInitContainerActions` in pkg/kubelet/kuberuntime/kuberuntime_container.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>: init containers run one after the other, each
//! to its successful end. KEP-753: a sidecar need only have started, and is restarted for as long as the Pod runs.
//!
//! Asked by: [`pod_actions`](super::pod_actions); the explanations, for the container that blocks another.

use super::{
    pod_actions::{Kill, KillReason, PodActions, SyncInputs},
    probe::ProbeResult,
    record_of, resize, restart,
};
use crate::{
    api::RestartPolicy,
    config::KnownBug,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind},
    state::{ContainerRecord, Instance, InstanceState, RuntimeStatus, Termination, TerminationReason},
};

/// True if this end of an init container lets the next one start.
///
/// Answers to `isInitContainerFailed` in `pkg/kubelet/kuberuntime`.
pub(crate) fn has_succeeded(end: &Termination) -> bool {
    // The kubelet counts an OOM kill as a failure whatever the exit code.
    end.exit_code == 0 && end.reason != TerminationReason::OomKilled
}

/// Returns the first init container before `container` that has not done its part, judged by the runtime.
///
/// `startup` returns the cached result of a sidecar's startup probe for an instance.
#[cfg_attr(not(feature = "explain"), allow(dead_code, reason = "asked by explanations only"))]
pub(crate) fn blocking_init_container(
    spec: &PodSpec,
    runtime: &RuntimeStatus,
    container: ContainerIndex,
    startup: impl Fn(ContainerIndex, &Instance) -> Option<ProbeResult>,
) -> Option<ContainerIndex> {
    if is_any_regular_created_or_running(spec, runtime) {
        return None;
    }
    first_blocking(spec, container, |index, init| {
        let newest = runtime.newest(index);
        match init.kind() {
            ContainerKind::Sidecar => {
                let running = newest.filter(|newest| newest.is_running());
                running.is_some_and(|running| has_started_up(init, startup(index, running)))
            }
            ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => {
                newest.and_then(Instance::termination).is_some_and(|end| has_succeeded(end))
            }
        }
    })
}

/// Returns the first init container before `container` that has not done its part, judged by a published status.
#[cfg_attr(not(feature = "explain"), allow(dead_code, reason = "asked by explanations only"))]
pub(crate) fn blocking_init_container_in_status(
    spec: &PodSpec,
    records: &[Option<ContainerRecord>],
    container: ContainerIndex,
) -> Option<ContainerIndex> {
    first_blocking(spec, container, |index, init| {
        let record = record_of(records, index);
        match init.kind() {
            ContainerKind::Sidecar => record.is_some_and(|it| it.is_running() && it.started == Some(true)),
            ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => {
                record.and_then(ContainerRecord::termination).is_some_and(|end| has_succeeded(end))
            }
        }
    })
}

#[cfg_attr(not(feature = "explain"), allow(dead_code, reason = "asked by explanations only"))]
fn first_blocking(
    spec: &PodSpec,
    container: ContainerIndex,
    is_done: impl Fn(ContainerIndex, &ContainerSpec) -> bool,
) -> Option<ContainerIndex> {
    let mut before = spec.init_containers().take_while(|(index, _)| *index < container);
    before.find(|&(index, init)| !is_done(index, init)).map(|(index, _)| index)
}

/// True if a running sidecar counts as started: it has no startup probe, or the probe has succeeded.
fn has_started_up(sidecar: &ContainerSpec, startup: Option<ProbeResult>) -> bool {
    sidecar.probe(ProbeKind::Startup).is_none() || startup == Some(ProbeResult::Success)
}

/// True if a regular container is created or running, which means that the Pod has initialized.
///
/// Answers to `podHasInitialized` in `computeInitContainerActions`.
fn is_any_regular_created_or_running(spec: &PodSpec, runtime: &RuntimeStatus) -> bool {
    spec.regular_containers().filter_map(|(index, _)| runtime.newest(index)).any(shows_progress)
}

/// True if this instance of a regular container shows that the Pod has initialized.
fn shows_progress(instance: &Instance) -> bool {
    // Exited ones do not count: they may be of an old sandbox.
    matches!(instance.state, InstanceState::Created | InstanceState::Running { .. })
}

/// Adds the starts and kills of init containers and sidecars to `actions`. True if regular containers may run.
///
/// Answers to `computeInitContainerActions`.
pub(super) fn compute_init_container_actions(inputs: &SyncInputs<'_>, actions: &mut PodActions) -> bool {
    if !inputs.spec.has_init_containers() {
        return true;
    }
    // computeInitContainerActions asks for the newest instance of any sandbox; those of an old one say nothing of this one.
    let current = actions.sandbox.filter(|_| !inputs.kubernetes.has_bug(KnownBug::InitContainersSkipped));
    let is_current = |instance: &&Instance| current.is_none_or(|current| instance.sandbox == current);
    let newest_of = |index: ContainerIndex| inputs.runtime.instances_of(index).find(is_current);
    let has_initialized =
        inputs.spec.regular_containers().any(|(index, _)| newest_of(index).is_some_and(shows_progress));
    let mut walk = InitWalk { inputs, has_initialized, is_past: has_initialized };
    // From the last to the first: the last one with an instance shows how far the Pod has come. Sidecars before it are
    // kept running; init containers before it are done.
    for (index, container) in inputs.spec.init_containers().rev() {
        let newest = newest_of(index);
        let is_sidecar = container.kind() == ContainerKind::Sidecar;
        match newest {
            None if walk.is_past && is_sidecar => actions.start_init.push(index),
            None => {}
            Some(_) if walk.is_past && !is_sidecar => {}
            Some(newest) => {
                if walk.visit(index, container, newest, actions) == Visit::PodFailed {
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

/// Walk from the last init container to the first, in search of the newest that has an instance.
struct InitWalk<'a> {
    inputs: &'a SyncInputs<'a>,
    has_initialized: bool,
    /// True once a later container was found to have an instance: the ones before it have had their turn.
    is_past: bool,
}

#[derive(PartialEq, Eq)]
enum Visit {
    Continue,
    /// An init container has failed for good, and the Pod with it.
    PodFailed,
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
            // Its creation succeeded and its start failed: it is tried again.
            InstanceState::Created => actions.start_init.push(index),
            InstanceState::Running { .. } if is_sidecar => {
                self.visit_running_sidecar(index, container, newest, actions)
            }
            InstanceState::Running { .. } => {
                // A plain init container is never restarted for its resources, so the answer makes no difference.
                if self.inputs.resize.is_some_and(|resize| resize.resizes_init_containers) {
                    resize::compute_pod_resize_action(self.inputs, index, container, newest, actions);
                }
            }
            InstanceState::Exited(_) if is_sidecar => actions.start_init.push(index),
            InstanceState::Exited(end) => {
                if has_succeeded(end) {
                    self.advance_from(index, actions);
                } else if restart::should_restart(container, Some(newest), self.inputs.is_deleting) {
                    actions.start_init.push(index);
                } else {
                    return Visit::PodFailed;
                }
            }
            InstanceState::Unknown => {
                if !is_sidecar && container.restart().policy() == RestartPolicy::Never {
                    return Visit::PodFailed;
                }
                replace(index, newest, KillReason::Unknown, actions);
            }
        }
        Visit::Continue
    }

    fn visit_running_sidecar(
        &mut self,
        index: ContainerIndex,
        container: &ContainerSpec,
        newest: &Instance,
        actions: &mut PodActions,
    ) {
        let facts = self.inputs.probes.get(index.get()).copied().unwrap_or_default();
        if !has_started_up(container, facts.startup) {
            if facts.startup == Some(ProbeResult::Failure) {
                replace(index, newest, KillReason::StartupProbe, actions);
            }
            return;
        }
        // The next one is due even if this one is about to be replaced: once it has started, a sidecar holds back none.
        self.advance_from(index, actions);
        if newest.spec_changed {
            return replace(index, newest, KillReason::DefinitionChanged, actions);
        }
        match (container.probe(ProbeKind::Liveness), facts.liveness) {
            (Some(_), Some(ProbeResult::Failure)) => replace(index, newest, KillReason::LivenessProbe, actions),
            // A liveness probe without a result holds back a resize.
            (Some(_), None) => {}
            (Some(_), Some(ProbeResult::Success | ProbeResult::Unknown)) | (None, _) => {
                resize::compute_pod_resize_action(self.inputs, index, container, newest, actions);
            }
        }
    }

    /// Starts the init container after one that has done its part, or records that the Pod has initialized.
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
